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

_in_use: dict[int, int] = {}  # the ids of what in_use() was told of, and the threads that were


@contextlib.contextmanager
def in_use(op: str, *objects: object) -> Iterator[None]:
    """A context manager in which these objects are this call's alone, of all that are told by it.

    Raises RuntimeError, in the name of ``op``, if one of them is in use.
    """
    ours = {id(each) for each in objects}
    if ours & _in_use.keys():
        raise error(
            RuntimeError,
            op,
            got="a model, or an optimizer, that another training is changing at this moment",
            rule="one training at a time changes a model",
            cure="wait for the other, or train a copy: copy.deepcopy(model)",
        )
    _in_use.update(dict.fromkeys(ours, threading.get_ident()))
    try:
        yield
    finally:
        for each in ours:
            _in_use.pop(each, None)


def check_no_other_trains(op: str, model: object) -> None:
    """Raise RuntimeError, in the name of ``op``, if another thread trains the model at this moment."""
    if _in_use.get(id(model), threading.get_ident()) != threading.get_ident():
        raise error(
            RuntimeError,
            op,
            got="a model that another thread is training at this moment",
            rule="who writes with a model puts it into evaluation, and its training would go on without dropout",
            cure="give it a copy: copy.deepcopy(model)",
        )
