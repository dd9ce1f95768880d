#!/bin/sh
# hosts.sh N COMMAND …: runs the command beside N hosts 10.77.0.1 … N, in namespaces that end with it, also when it
# is killed. It needs root.
exec unshare --net --mount --pid --fork --kill-child --mount-proc sh -eu -c '
n=$1
shift
mount -t tmpfs tmpfs /run
ip link set lo up
ip link add br0 type bridge
ip addr add 10.77.0.254/24 dev br0
ip link set br0 up
for i in $(seq "$n"); do
  ip netns add "10.77.0.$i"
  ip link add "v$i" type veth peer name eth0 netns "10.77.0.$i"
  ip link set "v$i" master br0 up
  ip -n "10.77.0.$i" addr add "10.77.0.$i/24" dev eth0
  ip -n "10.77.0.$i" link set eth0 up
  ip -n "10.77.0.$i" link set lo up
done
exec "$@"' hosts "$@"
