"""The table that every op goes through: one row per op and way of calling it. To add an op is to add a row.

A row is put through value, dtype and gradient against PyTorch, difference quotients to second order, and a search for
writes to what was given (test_ops); its fused nodes through the comparison of definition, rule and kernel
(test_kernels). Each rule, made wrong by a thousandth, goes through the checker in one of its rows (test_checker).
"""

from . import (
    activation,
    arrange,
    curves,
    elementwise,
    functional,
    fused,
    logic,
    losses,
    places,
    products,
    reduction,
    shapes,
    snippets,
)
from .case import Case, as_list, engine_ops, failures, functions

CASES: list[Case] = [
    *elementwise.CASES, *curves.CASES, *activation.CASES, *logic.CASES, *arrange.CASES, *shapes.CASES, *places.CASES,
    *reduction.CASES, *products.CASES, *losses.CASES, *fused.CASES, *functional.CASES, *snippets.CASES,
]  # fmt: skip

__all__ = ["CASES", "Case", "as_list", "engine_ops", "failures", "functions"]
