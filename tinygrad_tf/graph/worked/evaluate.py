"""Computes a formula: the tree that a rule was read as, with arrays for its letters."""

from __future__ import annotations

import inspect
import operator
import types
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ...formula import Expr

Array = np.ndarray[Any, Any]


class Unknown(Exception):
    """Something in a formula that is not computed here."""


def _softmax(X: Array, axis: int = -1) -> Array:
    E = np.exp(X - X.max(axis=axis, keepdims=True))
    result: Array = E / E.sum(axis=axis, keepdims=True)
    return result


_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt, ">": operator.gt, "≤": operator.le, "≥": operator.ge, "=": operator.eq, "≠": operator.ne,
    "∧": np.logical_and, "∨": np.logical_or,
}  # fmt: skip
#: Calls that give an entry for each entry.
ENTRYWISE: dict[str, Callable[..., Any]] = {
    "exp": np.exp, "log": np.log, "tanh": np.tanh, "sin": np.sin, "cos": np.cos, "sign": np.sign, "log1p": np.log1p,
    "expm1": np.expm1,
}  # fmt: skip
_CALLS: dict[str, Callable[..., Any]] = {
    **ENTRYWISE, "softmax": _softmax, "reshape": np.reshape, "swapaxes": np.swapaxes,
    "isnan": np.isnan, "zeros_like": np.zeros_like, "flip": np.flip, "cumsum": np.cumsum, "einsum": np.einsum,
    "tri": lambda n, m, k: np.tri(n, m, k, dtype=bool),
}  # fmt: skip
_REDUCED: dict[str, Callable[..., Any]] = {"mean": np.mean, "max": np.max, "min": np.min}


class Evaluator:
    """``values`` and ``gradients`` are the arrays of symbols (``X``) and of gradients (``dX``) by their letters.

    ``functions`` is where a call of another function is looked up: the names that the rule itself knows.
    """

    def __init__(self, values: Mapping[str, Any], gradients: Mapping[str, Any], functions: Mapping[str, Any]) -> None:
        self.values, self.gradients, self.functions = {"π": np.pi, **values}, dict(gradients), functions
        self.shape: tuple[int, ...] = ()  # of the left side, which broadcast(dY) and reshape(dY) do not say

    def __call__(self, e: Expr) -> Any:
        """The array or number that ``e`` stands for. Raises Unknown for what is not known here."""
        method = getattr(self, f"_{e.kind}", None)
        if method is None:
            raise Unknown(e.kind)
        with np.errstate(all="ignore"):
            return method(e, *e.parts)

    def _symbol(self, e: Expr, name: str) -> Any:
        if name not in self.values:
            raise Unknown(name)
        return self.values[name]

    def _gradient(self, e: Expr, name: str) -> Any:
        if name not in self.gradients:
            raise Unknown(name)
        return self.gradients[name]

    def _value(self, e: Expr, x: Any) -> Any:
        return x

    def _plus(self, e: Expr, a: Expr, b: Expr) -> Any:
        return self(a) + self(b)

    def _minus(self, e: Expr, a: Expr, b: Expr) -> Any:
        return self(a) - self(b)

    def _negative(self, e: Expr, a: Expr) -> Any:
        return -self(a)

    def _quotient(self, e: Expr, a: Expr, b: Expr) -> Any:
        return np.true_divide(self(a), self(b))

    def _power(self, e: Expr, a: Expr, b: Expr) -> Any:
        return self(a) ** self(b)

    def _times(self, e: Expr, *factors: Expr) -> Any:
        found = self(factors[0])
        for f in factors[1:]:
            found = found * self(f)
        return found

    def _matmul(self, e: Expr, *factors: Expr) -> Any:
        found = self(factors[0])
        for f in factors[1:]:
            found = found @ self(f)
        return found

    def _root(self, e: Expr, a: Expr) -> Any:
        return np.sqrt(self(a))

    def _bars(self, e: Expr, a: Expr) -> Any:
        return np.abs(self(a))

    def _transpose(self, e: Expr, a: Expr) -> Any:
        x = np.asarray(self(a))
        return np.swapaxes(x, -1, -2) if x.ndim > 1 else x

    def _compare(self, e: Expr, a: Expr, sign: str, b: Expr) -> Any:
        if sign not in _COMPARE:
            raise Unknown(sign)
        return _COMPARE[sign](self(a), self(b))

    _logic = _compare

    def _negation(self, e: Expr, a: Expr) -> Any:
        return np.logical_not(self(a))

    def _either(self, e: Expr, a: Expr, word: str, b: Expr) -> Any:
        return (self(a) or self(b)) if word == "or" else (self(a) and self(b))

    def _cases(self, e: Expr, condition: Expr, a: Expr, b: Expr) -> Any:
        return np.where(self(condition), self(a), self(b))

    def _sequence(self, e: Expr, *items: Expr) -> Any:
        return tuple(self(i) for i in items)

    def _total(self, e: Expr, a: Expr, axis: Expr) -> Any:
        return _reduced(np.sum, self(a), self(axis), e.shape)

    def _index(self, e: Expr, a: Expr, at: Expr) -> Any:
        return np.asarray(self(a))[_plain_index(self(at))]

    def _scatter(self, e: Expr, a: Expr, at: Expr) -> Any:
        found = np.zeros(e.shape if e.shape is not None else self.shape)
        np.add.at(found, _plain_index(self(at)), self(a))
        return found

    def _put(self, e: Expr, a: Expr, at: Expr, b: Expr) -> Any:
        found = np.array(self(a))
        found[_plain_index(self(at))] = self(b)
        return found

    def _call(self, e: Expr, name: str, *given: Expr) -> Any:
        inputs = [self(x) for x in given if x.kind != "named"]
        params = {x.parts[0]: self(x.parts[1]) for x in given if x.kind == "named"}
        if name in _REDUCED and len(inputs) == 1:
            return _reduced(_REDUCED[name], inputs[0], params.get("axis"), e.shape)
        if name in ("max", "min") and len(inputs) == 2:
            return (np.maximum if name == "max" else np.minimum)(*inputs)
        if name == "broadcast" or (name == "reshape" and len(inputs) == 1):
            shape = e.shape if e.shape is not None else self.shape
            return (np.broadcast_to if name == "broadcast" else np.reshape)(inputs[0], shape)
        function = _CALLS.get(name) or self.functions.get(name)
        if function is None:
            raise Unknown(name)
        return function(*inputs, **_left_out(function, inputs, params), **params)


def _left_out(function: Callable[..., Any], inputs: list[Any], params: Mapping[str, Any]) -> dict[str, None]:
    """What is None in a call: a formula does not say it."""
    if not isinstance(function, types.FunctionType):
        return {}
    wanted = list(inspect.signature(function).parameters.values())[len(inputs) :]
    return {p.name: None for p in wanted if p.default is p.empty and p.name not in params}


def _plain_index(at: Any) -> Any:
    """Arrays for Tensors among the indices."""
    return tuple([getattr(i, "array", i) for i in at]) if isinstance(at, tuple) else getattr(at, "array", at)


def _reduced(function: Callable[..., Any], x: Any, axis: Any, shape: tuple[int, ...] | None) -> Any:
    """The sum or the like; whether the axes stay, with one entry each, the formula's shape says where it is known."""
    found = function(x, axis=axis, keepdims=True)
    return found if shape is None else np.reshape(found, shape)
