"""One backward step in numbers: the helper lines of its rule, and what goes along each of its edges."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...autograd.tensor import Tensor
from ...formula import Expr, Formula
from .equation import Equation, Parts
from .evaluate import Array, Evaluator, Unknown

_MOST_WORK = 200_000  # entries of a step that are computed; of larger ones only products of known matrices are shown
_TOLERANCE, _LOST = 2e-3, 1e-6


def worked_step(Y: Tensor, dY: Array, along: Mapping[str, tuple[Formula, Array]], most: int = 6) -> list[Equation]:
    """The equations of the step that sends ``dY`` on: ``along`` has the rule and the result for each edge.

    What a formula gives is compared with what the rule computed; an equation that disagrees is left out.

    >>> from tinygrad_tf.formula import gradient_formula
    >>> X, W = Tensor([[1.0, 2.0]], name="X"), Tensor([[3.0], [4.0]], requires_grad=True, name="W")
    >>> Y = X @ W
    >>> dW = np.array([[0.5], [1.0]], np.float32)
    >>> [equation] = worked_step(Y, np.array([[0.5]], np.float32), {"e1": (gradient_formula(Y, 1), dW)})
    >>> equation.entry, equation.product, equation.result.entries
    ((-1,), (0, 1), (0.5, 1.0))
    """
    if Y.op is None or Y.op.backward is None or not along:
        return []
    helpers: dict[str, Equation] = {}
    found: list[Equation] = []
    small = Y.size + sum(x.size for x in Y.inputs) <= _MOST_WORK
    for edge, (rule, dX) in along.items():
        try:
            evaluate = _evaluator(Y, dY, rule)
            evaluate.shape = dX.shape
            right, where = _plainly(Y, rule, dY, evaluate) or (rule.right, rule.where)
            if not small and (where or not _is_given(right)):
                continue
            lines = [_helper(evaluate, left, e, most) for left, e in where]
            if small and not _agrees(evaluate(right), dX, dY):
                continue
            found.append(Parts(evaluate, most).equation(str(rule.left), right, dX, edge))
            helpers.update({f"{line.left} {line.right}": line for line in lines if line})
        except (Unknown, TypeError, ValueError, IndexError, KeyError, AttributeError, ZeroDivisionError):
            continue  # a formula that says less than its code
    return [*helpers.values(), *found]


def _evaluator(Y: Tensor, dY: Array, rule: Formula) -> Evaluator:
    """The arrays by the letters of a rule, which stand in the order of its parameters in ``rule.called``."""
    assert Y.op is not None
    assert Y.op.backward is not None
    _, gradient, own, *inputs = rule.called.parts
    values: dict[str, Any] = {"π": math.pi}
    values |= {name: getattr(x, "array", x) for name, x in Y.params.items()}
    values |= {x.name: x.array for x in Y.params.values() if isinstance(x, Tensor) and x.name}
    values[own.parts[0]], dY = _with_summed_axes(Y, Y.array), _with_summed_axes(Y, dY)
    letters = [e for given in inputs for e in (given.parts if given.kind == "sequence" else (given,))]
    for e, x in zip(letters, Y.inputs, strict=False):
        while e.kind == "transpose":  # Kᵀ stands for a Tensor without a name: K is what that was made of
            e, x = e.parts[0], x.inputs[0]
        if e.kind == "symbol":
            values[e.parts[0]] = x.array
    return Evaluator(values, {gradient.parts[0]: dY}, Y.op.backward.function.__globals__)


def _with_summed_axes(Y: Tensor, x: Array) -> Array:
    """``x``, shaped like ``Y``, with an axis of 1 for each that was summed over: a formula leaves that out."""
    axis = Y.params.get("axis")
    if axis is None or not Y.inputs or Y.ndim >= Y.inputs[0].ndim:
        return x
    return np.expand_dims(x, axis) if np.ndim(x) == Y.ndim else x


def _helper(evaluate: Evaluator, left: Expr, right: Expr, most: int) -> Equation | None:
    """The line ``left = right``, which is known from then on; None where there is no matrix to show."""
    result = evaluate(right)
    if left.kind == "sequence":
        evaluate.values.update(zip([name.parts[0] for name in left.parts], result, strict=True))
        return None
    name = str(left)
    line = Parts(evaluate, most).equation(name, right, np.asarray(result)) if np.ndim(result) else None
    evaluate.values[left.parts[0]] = result
    return line


def _is_given(e: Expr) -> bool:
    """Whether it needs no computing to be taken apart: sums and products of what is there."""
    if e.kind in ("total", "transpose"):
        return _is_given(e.parts[0])
    return e.kind == "gradient" or (e.kind == "matmul" and all(_is_leaf(part) for part in e.parts))


def _is_leaf(e: Expr) -> bool:
    return e.kind in ("symbol", "gradient") or (e.kind == "transpose" and _is_leaf(e.parts[0]))


def _agrees(a: Any, dX: Array, dY: Array) -> bool:
    """Whether the formula gives what the rule computed, up to what is lost where all of ``dY`` nearly cancels out."""
    a = np.asarray(a, np.float64)
    largest = float(np.max(np.abs(dX), initial=0.0, where=np.isfinite(dX)))
    whole = float(np.sum(np.abs(dY), dtype=np.float64, where=np.isfinite(dY)))
    try:
        a = np.broadcast_to(a, dX.shape) if a.size <= dX.size else a.reshape(dX.shape)
    except ValueError:
        return False
    return bool(np.allclose(a, dX, rtol=_TOLERANCE, atol=_TOLERANCE * largest + _LOST * whole, equal_nan=True))


_Where = tuple[tuple[Expr, Expr], ...]


def _plainly(Y: Tensor, rule: Formula, dY: Array, evaluate: Evaluator) -> tuple[Expr, _Where] | None:
    """Of a cross-entropy of plain classes what everybody knows it as: (softmax − one-hot) / n. None for all else."""
    plain = {"label_smoothing": 0.0, "reduction": "mean"}
    assert Y.op is not None
    if Y.op.name != "cross_entropy" or any(Y.params.get(k) != v for k, v in plain.items()) or len(Y.inputs) != 2:
        return None
    X, t = (x.array for x in Y.inputs)
    if X.ndim != 2 or t.dtype.kind not in "iu" or t.min(initial=0) < 0 or float(dY) != 1:
        return None
    if (t == Y.params.get("ignore_index")).any():
        return None
    letters = rule.called.parts[3:5]
    one_hot = Expr("symbol", ("one-hot",), X.shape)
    evaluate.values["one-hot"] = (np.arange(X.shape[1]) == t[:, None]).astype(np.float64)
    P = Expr("symbol", ("P",), X.shape)
    softmax = Expr("call", ("softmax", letters[0]), X.shape)
    right = Expr("quotient", (Expr("minus", (P, one_hot), X.shape), Expr("value", (len(t),), ())), X.shape)
    return right, ((P, softmax),)
