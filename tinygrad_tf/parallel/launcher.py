"""Starting a script as an MPI job on this machine, and finding out whether it runs as one."""

from __future__ import annotations

import importlib.util
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from ..errors import error
from .watch import at_most

#: Where launchers tell the processes that they start how many there are: MPICH and its relatives, Open MPI.
_SIZES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE")
_MARKS = (*_SIZES, "PMI_RANK", "PMIX_RANK")

#: Numbers of threads, one for each rank. They are read when NumPy is loaded.
_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")

#: Without these Open MPI does not run as root, nor more ranks than cores; MPICH does.
_ALLOWED = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
            "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe"}  # fmt: skip


def launched() -> bool:
    """Whether an MPI launcher started this process."""
    return any(mark in os.environ for mark in _MARKS)


def announced() -> int | None:
    """How many processes the launcher says that it started; None if it says nothing."""
    return next((int(os.environ[name]) for name in _SIZES if name in os.environ), None)


def launch(ranks: int) -> None:
    """Start the running script anew as that many ranks on this machine, and leave with their exit status.

    It returns at once in a process that is a rank already, and for ``ranks=1``. Ctrl-C and SIGTERM reach the ranks; on
    Linux SIGHUP, of which MPICH's launcher would die, and the launcher's own end reach them as SIGTERM. Raises
    ImportError without mpi4py.
    """
    if ranks < 1:
        raise error(
            ValueError, "launch", got={"ranks": ranks}, rule="a job has at least one rank", cure="write launch(4)"
        )
    if launched() or ranks == 1:
        return
    if importlib.util.find_spec("mpi4py") is None:  # to import it would make this process an MPI job of its own
        raise no_mpi()
    env = {**dict.fromkeys(_THREADS, "1"), **os.environ, **_ALLOWED}
    command = [mpiexec(), "-n", str(ranks), sys.executable, *sys.orig_argv[1:]]
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "nt":  # there exec returns to the shell before the job has ended
        raise SystemExit(subprocess.call(command, env=env))
    command = passing_signals(command)
    os.execve(command[0], command, env)


def passing_signals(command: list[str]) -> list[str]:
    """A command by which a closed terminal asks the ranks to stop, and does not kill them; the same but on Linux."""
    if not sys.platform.startswith("linux"):
        return command
    return [sys.executable, "-I", "-S", str(Path(__file__).with_name("passing.py")), *command]


def mpiexec() -> str:
    """The launcher of the MPI library that was installed beside Python, or else the system's."""
    beside = Path(sys.executable).parent
    found = shutil.which("mpiexec", path=str(beside)) or shutil.which("mpiexec")
    if found is None:
        raise error(
            FileNotFoundError,
            "launch",
            got=f"no mpiexec in {beside} or on the PATH",
            rule="it starts the ranks",
            cure='pip install "tinygrad_tf[mpi]"',
        )
    return found


def mpi(limit: float = math.inf) -> Any:
    """The module ``mpi4py.MPI``; importing it joins the job, and waits at most ``limit`` seconds until all have."""

    def until_all_processes_of_the_job_have_come() -> Any:  # the name is what the stack shows when they do not
        from mpi4py import MPI

        return MPI

    try:
        with at_most(limit):
            return until_all_processes_of_the_job_have_come()
    except ImportError:
        raise no_mpi() from None


def no_mpi() -> ImportError:
    return error(
        ImportError,
        "parallel",
        got="no package mpi4py",
        rule="ranks speak to each other through it",
        cure='pip install "tinygrad_tf[mpi]"',
    )
