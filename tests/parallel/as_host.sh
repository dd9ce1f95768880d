#!/bin/sh
# In the place of ssh: as_host.sh HOST COMMAND …: runs the command on one of the hosts that hosts.sh made, which has
# addresses, a name, processes and shared memory of its own.
while [ "${1#-}" != "$1" ]; do shift; done
host=$1
shift
exec ip netns exec "$host" unshare --uts --mount --ipc --pid --fork --kill-child sh -eu -c '
hostname "$1"
mount -t tmpfs tmpfs /dev/shm
mount -t proc proc /proc
shift
exec sh -c "$*"' host "$host" "$@"
