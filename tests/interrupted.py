"""Ctrl-C at every line that runs in the package, one after the other."""

import ast
import dis
import functools
import os
import signal
import sys
from pathlib import Path

import tinygrad_tf

PACKAGE = str(Path(tinygrad_tf.__file__).parent) + os.sep


class Struck(BaseException):
    """What is raised, as KeyboardInterrupt is: no ``except Exception`` catches it."""


def strike():
    raise Struck


def ctrl_c():
    signal.raise_signal(signal.SIGINT)


_struck = [""]


def at_every_line(run, check, act=strike, most=None):
    """Call ``run()`` again and again, each time with ``act()`` at the next line of the package.

    After each ``check(came, where)`` is called: whether the exception came out, and which line was struck. With
    ``most`` only so many lines are struck, evenly spread. Returns how many were.
    """
    total = run_struck(run)
    assert total > 0
    chosen = range(total) if most is None or total <= most else range(0, total, -(-total // most))
    for line in chosen:
        came = False
        try:
            run_struck(run, line, act)
        except (Struck, KeyboardInterrupt):
            came = True
        check(came, _struck[0])
    return len(chosen)


@functools.cache
def withs(file):
    """The ``with`` statements of a file: from which line to which, by the line."""
    nodes = [node for node in ast.walk(ast.parse(Path(file).read_text("utf-8"))) if isinstance(node, ast.With)]
    return {node.lineno: (node.body[0].lineno, node.end_lineno) for node in nodes}


def leaves(frame, last):
    """Whether a line is that of a ``with`` which is being left: Python looks for signals at the start of functions,
    after calls and before loops begin again, so it is never interrupted there, and it could not be put right.
    """
    start, end = withs(frame.f_code.co_filename).get(frame.f_lineno, (0, -1))
    return start <= last <= end


def goes_round(frame, last):
    """Whether a comprehension within one line begins again: since Python 3.12 it has no frame of its own.

    What a tracer raises there passes over the function's ``finally``; what a signal raises does not.
    """
    step = dis.opname[frame.f_code.co_code[frame.f_lasti]]
    return sys.version_info >= (3, 12) and last == frame.f_lineno and step in ("FOR_ITER", "JUMP_BACKWARD")


def run_struck(run, at=None, act=None):
    """Run it with ``act()`` before line number ``at`` of all that run in the package; returns how many did."""
    count = 0

    def traced():
        last = 0

        def local(frame, event, argument):
            nonlocal count, last
            if event == "line":
                before, last = last, frame.f_lineno
                if not leaves(frame, before) and not goes_round(frame, before):
                    count += 1
                    if count - 1 == at:
                        _struck[0] = f"{frame.f_code.co_filename.removeprefix(PACKAGE)}:{frame.f_lineno}"
                        act()
            return local

        return local

    def start(frame, event, argument):
        ours = frame.f_code.co_filename.startswith(PACKAGE)
        return (frame.f_trace or traced()) if ours else None  # a generator that goes on has one already

    before = sys.gettrace()
    sys.settrace(start)
    try:
        run()
    finally:
        sys.settrace(before)
    return count
