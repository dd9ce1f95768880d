"""The short way through ops of one or two inputs: the same Tensors as by calling the op, in a third of the time.

Nothing depends on this file but the time. Tensor's operators and methods are bound to it once ``ops`` is loaded.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from .op import Op, state
from .tensor import FUNCTIONS, NO_PARAMS, Tensor, made_by


def quick(op: Op) -> Callable[..., Any]:
    """A function like an ``op`` without params, short where nothing is unusual.

    Usual are Tensors of one float dtype, and Python's floats beside one, while calls are recorded and nobody watches.
    All else goes to the op itself, mistakes too: it says what is wrong.
    """
    forward = op.forward

    def one(X: Tensor, *inputs: Any, **params: Any) -> Any:
        x = X.data
        if inputs or params or x.dtype.kind != "f" or state.make is not made_by or not state.recording:
            return op(X, *inputs, **params)
        try:
            y = forward(x)
        except (IndexError, TypeError, ValueError):
            return op(X)
        return _made(op, y if type(y) is np.ndarray else np.asarray(y), (X,), X.requires_grad)

    def two(X: Any, W: Any) -> Any:
        x = (
            X.data
            if isinstance(X, Tensor)
            else np.array(X, W.data.dtype)
            if type(X) is float and W.data.dtype.kind == "f"
            else None
        )
        w = (
            W.data
            if isinstance(W, Tensor)
            else np.array(W, X.data.dtype)
            if type(W) is float and X.data.dtype.kind == "f"
            else None
        )
        if x is None or w is None or x.dtype is not w.dtype or x.dtype.kind != "f":
            return op(X, W)
        if state.make is not made_by or not state.recording:
            return op(X, W)
        try:
            y = forward(x, w)
        except (IndexError, TypeError, ValueError):
            return op(X, W)
        if type(X) is float:
            X = Tensor.wrap(x)
        elif type(W) is float:
            W = Tensor.wrap(w)
        return _made(op, y if type(y) is np.ndarray else np.asarray(y), (X, W), X.requires_grad or W.requires_grad)

    return one if op.n_inputs == 1 else two


def _made(op: Op, y: Any, inputs: tuple[Tensor, ...], requires_grad: bool) -> Tensor:
    if requires_grad:
        return made_by(op, y, inputs, NO_PARAMS, None, state.scope, True)
    return made_by(None, y, (), NO_PARAMS, None, "", False)


def reflected(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda self, other: function(other, self)


def bind_methods() -> None:
    """Let Tensor's operators and methods be the short ways of the ops that they stand for."""
    for attribute, method in list(vars(Tensor).items()):
        name, is_reflected = getattr(method, "calls", ("", False))
        op = FUNCTIONS.get(name)
        if isinstance(op, Op) and op.backward and not op.kernel and not op.defaults and op.n_inputs in (1, 2):
            short = quick(op)
            setattr(Tensor, attribute, functools.wraps(method)(reflected(short) if is_reflected else short))
