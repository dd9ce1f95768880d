"""The names of an MPI library's shared memory in /dev/shm, which a job that is killed would leave behind."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

#: How the files of MPICH, Open MPI and UCX, which both of them use, begin.
_KINDS = ("mpich_shm_", "mpich_shar_tmp", "sm_segment.", "vader_segment.", "osc_sm.", "ucx_shm_posix_")

_MEMORY = Path("/dev/shm")

#: The seconds after which a file that no process has mapped is not of a job that is just starting.
_OLD = 600.0


def remove_names(comm: Any) -> None:
    """Remove the names of the files that all ranks of this machine have mapped, and of what killed jobs have left.

    Memory outlives its name until the last process has ended, however it ends. The ranks have found each other, so
    nobody needs the name any more. All ranks call it, right after they joined.
    """
    from mpi4py import MPI

    comm.Barrier()  # what is made at the first message is there
    here = comm.Split_type(MPI.COMM_TYPE_SHARED)
    mapped = here.allgather(_mapped("self"))
    if here.rank == 0:
        for name in set.intersection(*mapped):
            (_MEMORY / name).unlink(missing_ok=True)
        remove_leftovers()
    here.Barrier()
    here.Free()


def remove_leftovers() -> list[str]:
    """Remove the MPI files of this user that no process has mapped and that are older than ten minutes.

    Such a job was killed before its ranks had joined, or did not join at all. A job that has started finds its memory
    without the name, so even one that cannot be seen from here loses nothing. Returns the names.
    """
    if not _MEMORY.is_dir() or not hasattr(os, "geteuid"):
        return []
    old = [path for path in _MEMORY.iterdir() if path.name.startswith(_KINDS) and _is_old(path)]
    if not old:
        return []
    mapped = set().union(*(_mapped(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()))
    left = [path for path in old if path.name not in mapped]
    for path in left:
        path.unlink(missing_ok=True)
    return sorted(path.name for path in left)


def _is_old(path: Path) -> bool:
    try:
        about = path.lstat()
    except OSError:  # its owner was quicker
        return False
    return about.st_uid == os.geteuid() and time.time() - max(about.st_mtime, about.st_ctime) > _OLD


def _mapped(pid: str) -> set[str]:
    """The names in /dev/shm of the MPI files that a process has mapped."""
    try:
        lines = Path(f"/proc/{pid}/maps").read_text(errors="replace").splitlines()
    except OSError:  # it has ended, or is another user's, or the system has no /proc
        return set()
    names = [line.partition(f"{_MEMORY}/")[2] for line in lines]
    return {name for name in names if name.startswith(_KINDS) and not name.endswith(" (deleted)")}
