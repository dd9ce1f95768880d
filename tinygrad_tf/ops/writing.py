"""Writing to a Tensor: ``y[index] = v``, and methods that change the Tensor itself, ``y += x`` and ``y.add_(x)``.

Where no gradient flows, the entries of the array are replaced. Where one does, the Tensor becomes the result of an op,
as :mod:`tinygrad_tf.autograd.versions` says: what was computed of it before keeps what it was.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from sys import _getframe
from typing import Any

import numpy as np

from ..autograd.changes import wrote
from ..autograd.operation import op
from ..autograd.places import site_of
from ..autograd.recording import thread
from ..autograd.tensor import Tensor, to_array
from ..autograd.versions import (
    Before,
    before,
    check_may_become,
    first_version,
    read_again,
    take_over,
    write,
    write_back,
)
from ..errors import error
from .choice import only
from .indexing import _INDEX, View, _getitem, is_basic, kept, plain, within

Array = Any


# ---- the op beneath -------------------------------------------------------------------------------------------------


@op(expects=(
    _INDEX[0] + "; what is written there has the shape of X[index], up to broadcasting",
    "give V the shape of X[index], and indices within X",
))  # fmt: skip
def _setitem(X, V, *, index):
    """Y = X with Y[index] = V. Of what is written to one place twice, the last counts."""
    Y = np.array(X)
    Y[plain(index)] = V
    return Y


@_setitem.rule
def d_setitem(dY, Y, X, V, *, index):
    dX = cleared(dY, index)
    dV = last_written(dY, index)
    return dX, dV


def cleared(dY: Array, index) -> Array:
    """dY with zeros at ``index``: what was written over gets no gradient."""
    return _setitem(dY, np.zeros((), dY.dtype), index=index)


def last_written(dY: Array, index) -> Array:
    """dY[index], and zeros for what was written over by a later part of the same write."""
    dV = dY[plain(index)]
    if is_basic(index):  # which names no place twice
        return dV
    order = np.arange(dV.size).reshape(dV.shape)
    place = np.zeros(dY.shape, order.dtype)
    place[plain(index)] = order
    counts = place[plain(index)] == order
    return dV if counts.all() else only(dV, counts)


# ---- y[index] = v ---------------------------------------------------------------------------------------------------


def setitem(self: Tensor, index, value) -> None:
    """``self[index] = value``, for every form of index that NumPy has; ``value`` is broadcast to ``self[index]``.

    Views of the array see the change. With a gradient in ``self`` or ``value``, ``self`` becomes the result of an op.
    A leaf that requires a gradient is written to under ``no_grad()`` only.
    """
    if thread.state.watch is not None:
        thread.state.watch.wrote(self)
    V = value if isinstance(value, Tensor) else Tensor.wrap(to_array(value, None if _is_list(value) else self.dtype))
    is_float = self.dtype.kind == "f"
    tracked = thread.state.recording and is_float and (self.requires_grad or V.requires_grad)
    if _is_written_back(self, index, V):  # y[index] += x has told y
        self.site = site_of(_getframe(1))
        return
    views = viewed(self)
    chain = [self, *[base for base, _ in views]]
    others = _other_views(chain) if tracked else []
    check_may_become("t[index] = value", [*chain, *others], tracked)
    index = kept(index)
    where = plain(index)
    try:
        V = _fitted(V, self.array[where].shape)
        if tracked:
            V = V if V.dtype == self.dtype else V.astype(self.dtype)
            write(self, where, _setitem.op, V, {"index": index})
            self.site = site_of(_getframe(1))
            _tell(views, self, others)
        else:
            self.array[where] = V.array
            wrote(self)
    except (IndexError, TypeError, ValueError) as problem:
        raise _not_written(problem, self, index, V) from None


def viewed(t: Tensor) -> list[tuple[Tensor, Any]]:
    """What ``t`` is a part of, and at which index, and what that is a part of, and so on."""
    found: list[tuple[Tensor, Any]] = []
    while True:
        made = first_version(t)
        if made.op is None and isinstance(made.saved, View) and made.saved.base is not None:
            base, index = made.saved.base, made.saved.index
        elif made.op is _getitem.op and not isinstance(made.inputs[0], Before):
            base, index = made.inputs[0], made.params["index"]
        else:
            return found
        if not _is_same(base.array[within(index)], t.array):
            return found
        found.append((base, index))
        t = base


def _other_views(chain: list[Tensor]) -> list[Tensor]:
    """Constants that are views of a constant of the chain, and not in the chain themselves."""
    kept = chain[-1].saved if chain[-1].op is None else None
    if not isinstance(kept, View):
        return []
    known = set(map(id, chain))
    return sorted((t for t in kept.views if id(t) not in known), key=lambda t: t.number)


def _tell(views: list[tuple[Tensor, Any]], t: Tensor, others: list[Tensor]) -> None:
    """Let what ``t`` is a part of know that it has become another, and then the ``others``, constants until now."""
    for base, index in views:
        write_back(base, plain(index), _setitem.op, t, {"index": index})
        base.site, t = t.site, base
    for view in others:  # a view of a view comes after it
        made = view.saved
        if isinstance(made, View) and made.base is not None and made.base.requires_grad:
            read_again(view, _getitem.op, made.base, {"index": made.index})


def _is_written_back(t: Tensor, index, V: Tensor) -> bool:
    """Whether ``t[index]`` has been V ever since V, a part of it, was changed in place."""
    if t.op is not _setitem.op or t.inputs[1] is not V or not is_basic(plain(index)):
        return False
    return _is_same(t.array[within(index)], V.array)


def _is_same(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> bool:
    """Whether two arrays are the same piece of memory."""
    start = a.__array_interface__["data"] == b.__array_interface__["data"]
    return bool(start and a.strides == b.strides and a.shape == b.shape)


def _fitted(V: Tensor, shape: tuple[int, ...]) -> Tensor:
    """V without leading axes of size 1 that the place it is written to has not."""
    if V.ndim > len(shape) and set(V.shape[: V.ndim - len(shape)]) == {1}:
        return V.reshape(V.shape[V.ndim - len(shape) :])
    np.broadcast_to(V.array, shape)  # raises where it does not fit
    return V


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple, np.ndarray))


def _not_written(problem: Exception, t: Tensor, index: Any, V: Tensor) -> Exception:
    kind = next(k for k in (IndexError, TypeError, ValueError) if isinstance(problem, k))
    rule, cure = _setitem.op.expects or ("", "")
    return error(
        kind,
        "t[index] = value",
        got={"self": t, "index": index, "value": V},
        rule=f"{rule} (NumPy: {str(problem).strip()})",
        cure=cure,
    )


# ---- methods that change the Tensor ---------------------------------------------------------------------------------


def in_place(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The method ``name`` that leaves in the Tensor what ``function`` makes of it, and returns the Tensor."""

    @functools.wraps(function)
    def call(self: Tensor, *args: Any, **params: Any) -> Tensor:
        recording, watch = thread.state.recording, thread.state.watch
        if watch is not None:
            watch.wrote(self)
        views = viewed(self)
        chain = [self, *[base for base, _ in views]]
        check_may_become(name, chain, False)
        old = before(self)
        args = tuple([old if a is self else a for a in args])
        Y = function(old, *args, **{name: old if a is self else a for name, a in params.items()})
        if Y is NotImplemented:
            return Y
        whole = Y.dtype.kind in "iu" and self.dtype.kind in "iu"
        if Y.shape != self.shape or not (whole or np.can_cast(Y.dtype, self.dtype, "same_kind")):
            raise error(
                RuntimeError,
                name,
                got={"self": self, "the result": Y},
                rule="what is changed in place keeps its shape and kind",
                cure=f"bring the other operand to it first, e.g. g.sum(axis=0) or g.astype('{self.dtype}')",
            )
        if Y.dtype != self.dtype:
            Y = Y.astype(self.dtype)
        if Y.requires_grad:
            others = _other_views(chain)
            check_may_become(name, [*chain, *others], True, others=1)  # old
            take_over(self, old, Y)
            self.site = site_of(_getframe(1))
            _tell(views, self, others)
        elif recording and self.requires_grad:  # what has no gradient takes the place of what had one
            setitem(self, ..., Y)
        else:
            self.array[...] = Y.array
            wrote(self)
        return self

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"Leave in the Tensor what :func:`{function.__name__}` makes of it, and return it."
    return call
