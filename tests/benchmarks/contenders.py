"""Who takes part: each contender, the workloads it does, the numbers of threads or ranks it is measured at."""

from __future__ import annotations

import functools
import importlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from .workloads import Workload

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
TRAINING = ("seq2seq", "gpt")
EVERYTHING = ("chain", *TRAINING, "attention", "decode")
DEFAULT = 0  # as many threads as the library takes if nobody says


@dataclass(frozen=True)
class Contender:
    """A library, or one way of using it.

    ``build(kind, sizes)`` makes a step: a callable that does the work once and returns a number of it, the loss where
    there is one. Nothing of the library is imported before. ``threads``: the counts that it is measured at; for ranks,
    the number of processes, with one thread each.
    """

    name: str
    library: str
    kinds: tuple[str, ...]
    threads: tuple[int, ...]
    build: Callable[[str, dict[str, int]], Callable[[], float]]
    missing: Callable[[], str] = lambda: ""
    ranks: bool = False
    leaves_out: tuple[str, ...] = ()  # workloads that would take it minutes

    def takes(self, workload: Workload) -> bool:
        return workload.kind in self.kinds and workload.name not in self.leaves_out

    def absent(self) -> str:
        """Why it cannot take part; empty if it can."""
        found = find_spec(self.library)
        if found is None or found.origin is None:  # a folder of the library's name, as tests/autograd, is no library
            return f"{self.library} is not installed"
        return self.missing()


def up_to(*counts: int) -> tuple[int, ...]:
    return tuple(sorted({min(n, CORES) for n in counts}))


def of(module: str, name: str = "{kind}", **settings: Any) -> Callable[[str, dict[str, int]], Callable[[], float]]:
    """The builder ``name`` in one of the files beside this one, imported when it is called."""

    def build(kind: str, sizes: dict[str, int]) -> Callable[[], float]:
        found = importlib.import_module(f".{module}", __package__)
        return getattr(found, name.format(kind=kind))(sizes, **settings)

    return build


def program(kind: str, sizes: dict[str, int]) -> Callable[[], float]:
    return of("ours", program=True)(kind, sizes)


def compiled(kind: str, sizes: dict[str, int]) -> Callable[[], float]:
    importlib.import_module(".ours", __package__).use_compiled_kernels()
    return program(kind, sizes) if kind in ("chain", *TRAINING) else of("ours")(kind, sizes)


def no_programs() -> str:
    return "" if find_spec("tinygrad_tf.program.compiling") else "this version has no compile()"


@functools.cache
def job() -> tuple[Any, Any]:
    """The place of this process in the MPI job, entered once and kept until the worker is ended."""
    place = importlib.import_module("tinygrad_tf.parallel").join()
    return place, place.__enter__()


def ranks(kind: str, sizes: dict[str, int]) -> Callable[[], float]:
    """In each of the processes that mpiexec started; with compiled kernels where there are some."""
    ours = importlib.import_module(".ours", __package__)
    if not no_compiled_kernels():
        ours.use_compiled_kernels()
    return ours.by_ranks(job()[1], getattr(ours, f"{kind}_training")(sizes))


def no_ranks() -> str:
    if find_spec("tinygrad_tf.parallel") is None:
        return "this version has no ranks"
    return "" if find_spec("mpi4py") else "mpi4py is not installed"


def functional(library: str) -> Callable[[str, dict[str, int]], Callable[[], float]]:
    def build(kind: str, sizes: dict[str, int]) -> Callable[[], float]:
        found = importlib.import_module(".others", __package__)
        if kind == "chain":
            return getattr(found, f"{library}_chain")(sizes)
        return getattr(found, f"{library}_training")(kind, sizes)

    return build


def no_compiled_kernels() -> str:
    if not hasattr(importlib.import_module("tinygrad_tf.kernels"), "use"):
        return "this version has no compiled kernels"
    return "numba is not installed" if find_spec("numba") is None else ""


def no_compiler() -> str:
    return "" if any(map(shutil.which, ("g++", "c++", "clang++"))) else "there is no C++ compiler"


ALL = up_to(1, 2, CORES)
OURS, PROGRAM = "tinygrad_tf", "tinygrad_tf, compile()"
COMPILED, RANKS = "tinygrad_tf, compile() and Numba", "tinygrad_tf, ranks"
TORCH, TORCH_COMPILE = "PyTorch", "torch.compile"
CONTENDERS = {c.name: c for c in [
    Contender(OURS, "tinygrad_tf", EVERYTHING, ALL, of("ours")),
    Contender(PROGRAM, "tinygrad_tf", ("chain", *TRAINING), ALL, program, no_programs),
    Contender(COMPILED, "tinygrad_tf", EVERYTHING, ALL, compiled, no_compiled_kernels),
    Contender(RANKS, "tinygrad_tf", TRAINING, up_to(2, 3, CORES), ranks, no_ranks, ranks=True),
    Contender(TORCH, "torch", EVERYTHING, ALL, of("pytorch")),
    Contender(TORCH_COMPILE, "torch", ("gpt",), ALL, of("pytorch", compiled=True), no_compiler),
    Contender("JAX jit", "jax", ("chain", *TRAINING), (DEFAULT,), functional("jax"), leaves_out=("base",)),
    Contender("HIPS autograd", "autograd", ("chain", *TRAINING), (1,), functional("autograd"), leaves_out=("base",)),
    Contender("micrograd", "micrograd", ("chain",), (1,), of("others", "micrograd_{kind}")),
]}  # fmt: skip
