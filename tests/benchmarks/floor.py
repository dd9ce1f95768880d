"""The floor: how long a step's matrix products would take alone, at the best rate that any library reaches here."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from .workloads import Product, Workload, passes, products

MOST = 2**26  # numbers in the right-hand sides of one product: enough that they come from memory if they do in the step


def seconds_of_products(library: str, workload: Workload) -> list[float]:
    """The best time of one product (m, k) · (k, n) for each line of :func:`products`."""
    multiply = pytorch if library == "torch" else numpy
    return [best(multiply(p)) / min(p.distinct, copies(p)) for p in products(workload)]


def copies(p: Product) -> int:
    return max(1, min(p.distinct, MOST // max(p.k * p.n, p.m * p.n)))


def numpy(p: Product) -> Callable[[], Any]:
    X, W, Y = (np.ones((copies(p), *shape), np.float32) for shape in [(p.m, p.k), (p.k, p.n), (p.m, p.n)])
    if p.batched:
        return lambda: np.matmul(X, W, out=Y)
    return lambda: [np.matmul(X[0], w, out=Y[0]) for w in W]


def pytorch(p: Product) -> Callable[[], Any]:
    import torch

    X, W, Y = (torch.ones((copies(p), *shape)) for shape in [(p.m, p.k), (p.k, p.n), (p.m, p.n)])
    if p.batched:
        return lambda: torch.bmm(X, W, out=Y)
    return lambda: [torch.mm(X[0], w, out=Y[0]) for w in W]


def best(run: Callable[[], Any], seconds: float = 0.05, least: int = 3) -> float:
    run()
    took: list[float] = []
    began = time.perf_counter()
    while len(took) < least or time.perf_counter() - began < seconds:
        before = time.perf_counter()
        run()
        took.append(time.perf_counter() - before)
    return min(took)


def floor(workload: Workload, measured: list[list[float]]) -> dict[str, float]:
    """The floor in seconds from several measurements, and the operations per second of the fastest product."""
    lines = products(workload)
    fastest = [min(column) for column in zip(*measured, strict=True)]
    return {
        "flops": passes(workload) * sum(p.flops for p in lines),
        "seconds": passes(workload) * sum(p.count * t for p, t in zip(lines, fastest, strict=True)),
        "rate": max(p.flops / p.count / t for p, t in zip(lines, fastest, strict=True)),
    }
