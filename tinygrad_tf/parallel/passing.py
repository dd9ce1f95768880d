"""Starting a program and passing signals on to it. Linux's ``launch`` becomes this script, which starts mpiexec.

MPICH's mpiexec ends at SIGHUP, when a terminal is closed, and its ranks with it. It passes SIGTERM on to them, and so
they get that instead: time to save. And it ends with status 0 when a rank leaves by ``os._exit(0)``, in the middle of a
training; so the ranks note here that they began, and that they came to their end. It is run as a file, without the
package and NumPy, whose threads would take the signals away from it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys

_PARENT_ENDS = 1  # PR_SET_PDEATHSIG


def run(command: list[str]) -> int:
    """Run a command to its end; returns its status as a shell does."""
    asked = {n for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if signal.getsignal(n) is not signal.SIG_IGN}
    heard = {*asked, signal.SIGCHLD}
    prctl = ctypes.CDLL(None).prctl
    marks = os.memfd_create("ends")
    os.environ["TINYGRAD_TF_ENDS"] = f"/proc/{os.getpid()}/fd/{marks}"

    def in_child() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        prctl(_PARENT_ENDS, signal.SIGTERM)  # so that it does not run on alone when this process is killed
        signal.pthread_sigmask(signal.SIG_UNBLOCK, heard)

    signal.pthread_sigmask(signal.SIG_BLOCK, heard)
    job = subprocess.Popen(command, preexec_fn=in_child)
    while job.poll() is None:
        came = signal.sigwaitinfo(heard)
        by_terminal = came.si_signo == signal.SIGINT and came.si_code > 0  # which sent it to all of the group
        if came.si_signo != signal.SIGCHLD and not by_terminal:
            job.send_signal(signal.SIGTERM if came.si_signo == signal.SIGHUP else came.si_signo)
    if job.returncode == 0:
        noted = os.pread(marks, 1 << 20, 0)
        began, ended = noted.count(b"+"), noted.count(b"-")
        if began > ended:
            sys.stderr.write(f"\n{began - ended} of {began} ranks did not come to the end of their process, although "
                             "the job ended with status 0: one of them left by os._exit(0)\n")  # fmt: skip
            return 1
    return job.returncode if job.returncode >= 0 else 128 - job.returncode


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
