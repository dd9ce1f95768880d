"""Writing to a Tensor while calls are recorded: it becomes what was made, and what it was stays in the graph.

``y[0] = v`` writes into the array, as in NumPy, so every view of the array sees it. If a gradient flows through ``y``
or ``v``, the object ``y`` is from then on the result of an op, with a new number, and a Tensor that only the graph
knows stands for what it was before. Whatever was computed of ``y`` earlier has an older number than ``y`` itself: this
is how the walk notices, and it goes on from the version that was the latest then (:func:`settle`).
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import mistakes
from .changes import last_write_to, other_write, owner_of, wrote_at, wrote_between
from .recording import thread
from .tensor import NO_PARAMS, Tensor, keep, made_by

Array = np.ndarray[Any, Any]

#: The number of the last Tensor that became something else.
last_version = [-1]
#: What the Tensor of a number was before it became that.
_before: weakref.WeakValueDictionary[int, Before] = weakref.WeakValueDictionary()
#: The last write to an array, by the array's id, as long as somebody may want to know what was there.
_last_write: weakref.WeakValueDictionary[int, _Write] = weakref.WeakValueDictionary()
_SLOT: Any = Tensor.__dict__["array"]


def _memory(x: Tensor) -> Array:
    found: Array = _SLOT.__get__(x)
    return found


class _Write:
    """A write to an array: what stood at ``index``, and the write that came after it."""

    __slots__ = ("__weakref__", "entries", "index", "next", "number", "undone")

    def __init__(self, index: Any, entries: Any) -> None:
        self.index, self.entries = index, entries
        self.number = -1
        self.next: _Write | None = None
        self.undone: Any = lambda: None  # the array without this write and all after it, if it is there


class Before(Tensor):
    """A Tensor as it was before it became another. An array that was written to is put together when it is asked for.

    So a loop that fills an array row by row keeps the rows that it wrote over, and no copy of the whole for each.
    """

    __slots__ = ("first", "write")
    first: weakref.ref[Tensor]  # what the Tensor was when it was made
    write: _Write | None

    @property
    def array(self) -> Array:
        if self.write is not None:
            self.array = self._restored(self.write)
        return self.memory

    @array.setter
    def array(self, array: Array) -> None:
        self.write = None
        _SLOT.__set__(self, array)

    @property
    def memory(self) -> Array:
        """The array with what stands in it now."""
        return _memory(self)

    def _restored(self, write: _Write) -> Array:
        array, writes, after = self.memory, [write], write.next
        while after is not None:
            if (known := after.undone()) is not None:  # a version after this one has been put together
                array = known
                break
            writes.append(after)
            after = after.next
        array = array.copy()
        for each in reversed(writes):
            array[each.index] = each.entries
        write.undone = weakref.ref(array)
        known = {each.number for each in writes}
        others = other_write(self.memory, self.number, sys.maxsize if after is None else after.number, known)
        others = others or (None if after is None else last_write_to(after.undone()))
        if others is not None:  # what those wrote over is not known: whoever reads the value is told
            wrote_at(others, array)
        return array


def before(t: Tensor, write: _Write | None = None) -> Before:
    """A Tensor that stands for what ``t`` is now, in the graph, when ``t`` becomes something else."""
    memory = _memory(t)
    old = object.__new__(Before)
    old.array = memory
    for name in ("op", "inputs", "params", "saved", "scope", "site", "requires_grad", "name", "number"):
        setattr(old, name, getattr(t, name))
    old.hooks = old.grad = None
    earlier = _before.get(t.number)
    old.first = weakref.ref(old) if earlier is None else earlier.first
    if write is not None:
        old.write = _linked(write, memory)
    return old


def _linked(write: _Write, memory: Array) -> _Write:
    """The write, as the one that comes after the last to this array."""
    last = _last_write.get(id(memory))
    if last is not None:
        last.next = write
    _last_write[id(memory)] = write
    return write


def become(t: Tensor, old: Before, Y: Tensor, array: Array) -> None:
    """Make ``t`` what the op of ``Y`` made of ``old``, around ``array``."""
    keeps, old.hooks = t.retains_grad, t.hooks  # the list itself: what registered a hook removes it from there
    if keeps and old.hooks is not None:
        old.hooks.remove(keep)
    t.hooks = [keep] if keeps else None
    t.array, t.op = array, Y.op
    t.inputs, t.params, t.saved = Y.inputs, Y.params, Y.saved
    t.scope, t.site, t.requires_grad = Y.scope, Y.site, True
    t.number = last_version[0] = Y.number
    _before[t.number] = old


def take_over(t: Tensor, old: Before, Y: Tensor) -> None:
    """Make ``t`` the Tensor ``Y`` that was computed of ``old``, which stands for ``t`` in the graph.

    An array that nobody else holds is left to ``old``. Another is written to, so that views of it see the change.
    """
    if _are_alone([t], 1):
        become(t, old, Y, Y.array)
        return
    array = t.array
    old.array = entries = array.copy()
    array[...] = Y.array
    become(t, old, Y, array)
    undo = _linked(_Write(..., entries), array)  # for versions before that, whose arrays are not put together yet
    undo.number = Y.number
    wrote_at(Y.number, array, becoming=True)


def write(t: Tensor, index: Any, op: Any, V: Tensor, params: dict[str, Any]) -> None:
    """``t[index] = V`` with a gradient: ``t`` becomes the result of ``op``, whose forward makes the same of a copy."""
    array = t.array
    there = array[index]
    undo = _Write(index, np.array(there))
    array[index] = V.array
    old = before(t, undo)
    Y = made_by(op, array, (old, old if V is t else V), params, None, thread.state.scope, True)
    become(t, old, Y, array)
    undo.number = Y.number
    wrote_at(Y.number, there if np.may_share_memory(there, array) else array, becoming=True)
    if thread.state.watch is not None:
        thread.state.watch.made(op, Y.inputs, params, t)


def write_back(base: Tensor, index: Any, op: Any, t: Tensor, params: dict[str, Any]) -> None:
    """Tell ``base`` that ``t``, a view of it at ``index``, became another by a write: so does ``base``."""
    was = _before[t.number]
    undo = _Write(index, was.array)
    old = before(base, undo)
    Y = made_by(op, _memory(base), (old, t), params, None, thread.state.scope, True)
    become(base, old, Y, _memory(base))
    undo.number = t.number


def read_again(t: Tensor, op: Any, base: Tensor, params: dict[str, Any]) -> None:
    """Make ``t``, until now a constant, what ``op`` reads of ``base``, which has a gradient now."""
    old = before(t)
    become(t, old, made_by(op, _memory(t), (base,), params, None, thread.state.scope, True), _memory(t))
    t.saved = old  # nothing else holds it


def first_version(t: Tensor) -> Tensor:
    """What ``t`` was when it was made."""
    old = _before.get(t.number)
    first = None if old is None else old.first()
    return t if first is None else first


def check_may_become(name: str, chain: Sequence[Tensor], tracked: bool, others: int = 0) -> None:
    """Raise before a write from which a gradient would be lost, or a leaf would no longer be one.

    ``chain`` is the Tensor, the one it is a view of, and so on. ``others``: how many else may hold its array.
    """
    t = chain[0]
    if not _memory(t).flags.writeable:
        raise mistakes.closed_to_writes(name, t)
    if not thread.state.recording:
        return
    x = first_version(t)
    while x.op is not None and x.inputs and np.may_share_memory(_memory(x), _memory(x.inputs[0])):
        x = first_version(x.inputs[0])
    if x.op is None and x.requires_grad:
        raise mistakes.leaf_written_to(name, t, x)
    for x in chain:
        if x.requires_grad and wrote_between(_memory(x), x.number, sys.maxsize):
            raise mistakes.written_through_another(x, name)
    if tracked and not t.requires_grad and not _held() and not _are_alone(chain, others):
        raise mistakes.memory_is_shared(name, t)


def _held() -> bool:
    """Whether somebody who watches holds all arrays, so that counts of references say nothing."""
    watch = thread.state.watch
    while watch is not None and not watch.holds_arrays:
        watch = watch.outer
    return watch is not None


def _are_alone(chain: Sequence[Tensor], others: int) -> bool:
    """Whether no view, no other Tensor and no variable holds their memory, but for so many ``others`` the first array.

    Counts of references differ between versions of Python: they are compared with those of a Tensor that is alone.
    """
    owner = owner_of(_memory(chain[0]))
    if owner.base is not None:  # the memory is no array's
        return False
    expected = others if _memory(chain[0]) is owner else 0
    for x in chain:
        expected += (_memory(x) is owner) + (_memory(x).base is owner)
        if _memory(x) is not owner and _references(x) > (others if x is chain[0] else 0):
            return False
    del owner
    return _owner_references(chain[0]) <= expected


def _references(t: Tensor) -> int:
    """How many hold the array of ``t`` beside it."""
    return sys.getrefcount(_memory(t)) - _COUNTS[0]


def _owner_references(t: Tensor) -> int:
    """How many hold the array that the array of ``t`` is a view of, or this itself."""
    return sys.getrefcount(owner_of(_memory(t))) - _COUNTS[1] + 1


_COUNTS = [0, 0]
_alone = Tensor.wrap(np.zeros(1))
_COUNTS[:] = _references(_alone), _owner_references(_alone) - 1


def cut_off(t: Tensor) -> None:
    """Make ``t`` a leaf that requires no gradient. What was computed of it keeps what it was."""
    old = before(t)
    become(t, old, Tensor.wrap(_memory(t)), _memory(t))
    t.op, t.inputs, t.params, t.hooks = None, (), NO_PARAMS, None
    t.requires_grad = False
    t.saved = old  # nothing else holds it


# ---- the walk -------------------------------------------------------------------------------------------------------


def settle(outputs: Sequence[Tensor]) -> None:
    """Give each node of the graph below ``outputs`` its inputs as they were when it was made.

    Raises RuntimeError where a Tensor was used after its memory had been written to through another Tensor.
    """
    seen: set[int] = set()
    stack, last = list(outputs), last_version[0]
    for Y in outputs:
        if Y.requires_grad and wrote_between(_memory(Y), Y.number, sys.maxsize):
            raise mistakes.written_through_another(Y, "the gradient")
    while stack:
        Y = stack.pop()
        if Y.number < last and any(x.number > Y.number for x in Y.inputs):
            Y.inputs = tuple([_as_of(x, Y.number) for x in Y.inputs])
        for x in Y.inputs:
            if not x.requires_grad:
                continue
            known = _before.get(Y.number) is x  # the write itself has looked at what it writes over
            if x.number < last and not known and wrote_between(_memory(x), x.number, Y.number):
                raise mistakes.written_through_another(x, f"the gradient of {Y.op.name if Y.op else 'a Tensor'}")
            if x.number not in seen:
                seen.add(x.number)
                stack.append(x)


def _as_of(x: Tensor, number: int) -> Tensor:
    """The version of ``x`` that was the latest when the Tensor ``number`` was made."""
    while x.number > number:
        older = _before.get(x.number)
        if older is None:
            raise mistakes.freed(x)
        x = older
    return x
