"""Whose turn it is: one thread at a time changes or saves a training, and one training at a time changes a model."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator

from ..errors import error

#: Held while a training changes, and while it is saved. Not of an object, which may be copied.
one_by_one = threading.RLock()

if hasattr(os, "register_at_fork"):  # a child that is forked while another thread saves would wait for it for ever
    os.register_at_fork(
        before=one_by_one.acquire, after_in_parent=one_by_one.release, after_in_child=one_by_one.release
    )

_in_use: set[int] = set()  # ids of what in_use() was told of


@contextlib.contextmanager
def in_use(op: str, *objects: object) -> Iterator[None]:
    """A context manager in which these objects are this call's alone, of all that are told by it.

    Raises RuntimeError, in the name of ``op``, if one of them is in use.
    """
    ours = {id(each) for each in objects}
    if ours & _in_use:
        raise error(
            RuntimeError,
            op,
            got="a model, or an optimizer, that another training is changing at this moment",
            rule="one training at a time changes a model",
            cure="wait for the other, or train a copy: copy.deepcopy(model)",
        )
    _in_use.update(ours)
    try:
        yield
    finally:
        _in_use.difference_update(ours)
