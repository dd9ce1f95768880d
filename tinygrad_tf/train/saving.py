"""Checkpoints: all that a training needs to go on as if it had never stopped, in one safetensors file.

A file holds arrays and JSON, nothing that could run when it is loaded. Its arrays are the model's, under the names of
its ``state_dict()``, and the optimiser's, as ``optimizer:<parameter number>.<name>``. Everything else stands as JSON
under ``tinygrad_tf`` in the header's metadata: the format's version, a SHA-256 digest of the content, the step, the
schedule, the generator and the notes; what is too long for a header stands in an array of bytes. Equal states make
equal files, byte by byte.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from .. import random
from ..arguments import explains
from ..contents import (
    LARGEST_HEADER,
    digest,
    is_marked,
    safetensors_header,
    safetensors_package,
    stored_in,
    write_safetensors,
)
from ..errors import error, found_in, shown
from ..fields import check, is_whole
from ..fields import whole as whole_number
from ..files import check_readable, explained, place_of, write_whole
from ..nn import Module
from ..optim import LRScheduler, Optimizer
from ..optim.loaded import check_alike
from ..signals import whole
from ..wording.texts import encodable
from .checking import check_state, parameter_of, whole_or_not_at_all

Arrays = dict[str, np.ndarray[Any, Any]]

FORMAT = 2  # 1 unless the state is long
_METADATA = "tinygrad_tf"  # one entry only: safetensors writes several in any order
_OPTIMIZER = "optimizer:"
_STATE = "optimizer:state"  # the state as bytes, where it is too long for a header: the losses of a million steps
_LONGEST = LARGEST_HEADER // 10
_STORED = {"BOOL": "?", **{f"{kind}{8 * n}": f"<{kind.lower()}{n}" for kind in "IUF" for n in (1, 2, 4, 8)}}
_TYPES = {np.dtype(kind).str[1:] for kind in _STORED.values() if kind != "<f1"}  # that safetensors has, and we


@dataclass(frozen=True)
class Checkpoint:
    """What a file held, as plain data. Nothing is restored yet.

    Attributes:
        model: the parameters by name.
        optimizer: the optimiser's ``state_dict()`` and, as ``"kind"``, its class; or None. ``schedule`` likewise.
        step: how many steps had been trained.
        random: the generator's state.
        notes: what was passed to :func:`save_checkpoint` as ``notes``.
    """

    model: Arrays
    optimizer: dict[str, Any] | None
    schedule: dict[str, Any] | None
    step: int
    random: dict[str, Any]
    notes: dict[str, Any]

    def restore(self, model: Module, optimizer: Optimizer | None = None, schedule: LRScheduler | None = None) -> None:
        """Put the saved values into the model and, to train on, into the optimiser and its schedule.

        With an optimiser the package's generator goes on from where it was, too, and gradients of a step that was
        begun go: a file has none. Everything is checked before anything
        is changed, and what fails nevertheless leaves optimiser, schedule and generator as they were. Ctrl-C strikes
        before or after, and finds all of the old or all of the new. Raises RuntimeError for names or shapes that differ
        from the model's, ValueError for an optimiser or a schedule that was not saved or is of another class, or from
        whose state it could not go on.
        """
        self.check(model)
        for saved_state, target, what in (
            (self.optimizer, optimizer, "optimizer"),
            (self.schedule, schedule, "schedule"),
        ):
            kind = None if saved_state is None else saved_state["kind"]
            if target is not None and kind != type(target).__name__:
                raise error(
                    ValueError,
                    "Checkpoint.restore",
                    got=f"a {what} of class {type(target).__name__}; the file holds {kind or 'none'}",
                    rule="a training goes on with what it was saved with",
                    cure=f"give a {what} of class {kind}" if kind else f"leave {what} out",
                )
        if optimizer is not None and self.optimizer is not None:
            ours, names = _names(model, optimizer), self.optimizer.get("names") or []  # older files have none
            if len(names) == len(ours) and names != ours:
                raise error(
                    ValueError,
                    "Checkpoint.restore",
                    got="an optimizer whose parameters are others, or in another order",
                    rule="what it knows of a parameter goes to that parameter",
                    cure="give it the parameters in the order in which they were when it was saved",
                )
            for live, saved in zip(optimizer.param_groups, self.optimizer["param_groups"], strict=False):
                check_alike("Checkpoint.restore", "optimizer", {**live, "params": []}, saved)
        if schedule is not None:
            check_alike("Checkpoint.restore", "schedule", schedule.state_dict(), self.schedule)
        self._put_in(model, optimizer, schedule)

    @whole
    def _put_in(self, model: Module, optimizer: Optimizer | None, schedule: LRScheduler | None) -> None:
        before = random.get_state()
        with whole_or_not_at_all(optimizer, schedule):
            try:
                if optimizer is not None and self.optimizer is not None:
                    optimizer.load_state_dict(self.optimizer)
                    random.set_state(self.random)
                if schedule is not None and self.schedule is not None:
                    schedule.load_state_dict(self.schedule)
                model.load_state_dict(self.model)  # checks names and shapes before it changes anything
                if optimizer is not None:
                    optimizer.zero_grad()  # what a stopped step left there is not added to the next one's
            except BaseException:
                random.set_state(before)
                raise

    def check(self, model: Module) -> None:
        """Raise RuntimeError if the parameters of the model are not those that were saved: name, shape, kind."""
        own = {name: (p.shape, _kind(p.array)) for name, p in model.state_dict().items()}
        saved = {name: (array.shape, _kind(array)) for name, array in self.model.items()}
        odd = sorted(name for name in own.keys() | saved.keys() if own.get(name) != saved.get(name))
        if odd:
            name = odd[0]
            mine, theirs = own.get(name, ("missing", "missing")), saved.get(name, ("missing", "missing"))
            differs = int(mine[0] == theirs[0])
            raise error(
                RuntimeError,
                "Checkpoint.restore",
                got=(
                    f"{len(odd)} parameters that differ; {shown(name)} is {theirs[differs]} in the file and "
                    f"{mine[differs]} in the model"
                ),
                rule="file and model have the same parameters",
                cure="build the model from the configuration that was saved with it",
            )
        first: dict[int, str] = {}  # of each parameter: the first of its names
        for name, p in model.state_dict().items():
            other = first.setdefault(id(p.array), name)
            if not _are_equal(self.model[name], self.model[other]):
                raise error(
                    RuntimeError,
                    "Checkpoint.restore",
                    got=f"different values for {shown(other)} and {shown(name)}",
                    rule="in the model they are one parameter, which has one value",
                    cure="build the model from the configuration that was saved with it",
                )


@explains
def save_checkpoint(
    path: str | os.PathLike[str],
    model: Module,
    optimizer: Optimizer | None = None,
    schedule: LRScheduler | None = None,
    step: int = 0,
    notes: Mapping[str, Any] | None = None,
) -> None:
    """Write a checkpoint, whole or not at all: whoever reads ``path`` sees the old file or the new one.

    ``notes`` is any plain data that JSON can hold: the model's configuration, the vocabulary, the history. Folders are
    made as needed. Raises TypeError or ValueError, before anything is written, for what could not be loaded again, and
    FileExistsError where there is a file that is no checkpoint. A checkpoint is replaced, whoever wrote it:
    :class:`CheckpointFile` tells a training's own from others.

    >>> import tempfile
    >>> folder = tempfile.mkdtemp()
    >>> save_checkpoint(f"{folder}/line.safetensors", nn.Linear(2, 1), notes={"inputs": ["x", "y"]})
    >>> load_checkpoint(f"{folder}/line.safetensors").notes
    {'inputs': ['x', 'y']}
    """

    def may_replace() -> None:
        with explained("write", path):
            place_of(Path(path))
            _check_replaceable(path)

    may_replace()
    write_checkpoint(path, model, optimizer, schedule, step, notes, (), may_replace)


def _check_replaceable(path: str | os.PathLike[str]) -> None:
    """Raise FileExistsError where there is a file, not empty, that is no checkpoint."""
    if not os.path.isfile(path) or not os.path.getsize(path):
        return
    with open(path, "rb") as file:
        ours = is_marked(file, _METADATA)
    if not ours:
        raise error(
            FileExistsError,
            "save_checkpoint",
            got=f"{str(path)!r}, where a file is that is no checkpoint",
            rule="it replaces only checkpoints, so that nothing else is lost",
            cure="give another path, or remove what is there first",
        )


def write_checkpoint(
    path: str | os.PathLike[str],
    model: Module,
    optimizer: Optimizer | None = None,
    schedule: LRScheduler | None = None,
    step: int = 0,
    notes: Mapping[str, Any] | None = None,
    kept: Sequence[str | None] = (),
    may_replace: Callable[[], Any] | None = None,
) -> None:
    """:func:`save_checkpoint`, with the digests of the older ones that are ``kept`` beside.

    ``may_replace`` raises if the file that is there by the time all is written has to stay.
    """
    arrays: Arrays = {name: p.array for name, p in model.state_dict().items()}
    _check_arrays(arrays)
    check("save_checkpoint", {"step": step}, {"step": whole_number(0)})
    state: dict[str, Any] = {"step": int(step), "random": random.get_state(), "notes": dict(notes or {})}
    if schedule is not None:
        state["schedule"] = {"kind": type(schedule).__name__, **schedule.state_dict()}
    if optimizer is not None:
        saved = optimizer.state_dict()
        numbers: dict[int, dict[str, Any]] = {}
        for i, entries in saved["state"].items():
            for name, value in entries.items():
                if isinstance(value, np.ndarray):
                    arrays[f"{_OPTIMIZER}{i}.{name}"] = value
                else:
                    numbers.setdefault(i, {})[name] = value
        state["optimizer"] = {"kind": type(optimizer).__name__, "state": numbers, "groups": saved["param_groups"],
                              "names": _names(model, optimizer)}  # fmt: skip
    arrays = {  # safetensors ignores strides, and turns foreign byte orders into the native one
        name: np.array(array, array.dtype.newbyteorder("="), order="C") for name, array in arrays.items()
    }
    try:
        again = json.loads(json.dumps(state))
        is_same = json.dumps(again, ensure_ascii=False) == json.dumps(state, ensure_ascii=False)
        header = {"format": 1, "sha256": digest(arrays, state), "state": state, **({"kept": [*kept]} if kept else {})}
        text = json.dumps(header)
    except (TypeError, ValueError, RecursionError) as problem:
        raise no_notes(f"notes that JSON cannot hold (Python: {problem})") from None
    if not is_same:
        raise no_notes("notes in which JSON makes keys such as 1 and '1', or two halves of a letter, one")
    check_state(again, "save_checkpoint")  # what could not be loaded again does not replace what can
    if len(text) > _LONGEST:
        arrays[_STATE] = np.frombuffer(json.dumps(state).encode(), np.uint8)
        text = json.dumps({**header, "format": 2, "state": {"step": int(step)}})
    safetensors_package()  # without it nobody could read here what is written
    write_whole(Path(path), lambda beside: write_safetensors(arrays, beside, {_METADATA: text}), may_replace)


def no_notes(got: str) -> Exception:
    """The error for notes that could not be written, or not be read again as they are."""
    return error(
        TypeError,
        "save_checkpoint",
        got=got,
        rule="notes are plain data",
        cure="note numbers, texts, lists and dicts; arrays belong into the model",
    )


def _check_arrays(arrays: Arrays) -> None:
    """Raise ValueError for what could be written and not be read again: names that mean something else, types."""
    for name, array in arrays.items():
        taken = name == "__metadata__" or name.startswith(_OPTIMIZER) or name != encodable(name)
        if taken or array.dtype.str[1:] not in _TYPES:
            raise error(
                ValueError,
                "save_checkpoint",
                got=f"the parameter {shown(name)} of {array.dtype}",
                rule=f"names are not __metadata__ and begin not with {_OPTIMIZER}, and numbers have at most 64 bits",
                cure="give it another name, or write model.to('float32')",
            )


@explains
def load_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """Read a checkpoint and check that it is whole. Nothing is executed, and nothing is changed yet.

    It takes as much memory as the arrays, and what the notes take as Python's lists and texts: some twenty times their
    size in the file.

    Raises FileNotFoundError where there is none, ValueError for a file that was cut off or altered, or that
    :func:`save_checkpoint` did not write.
    """
    safetensors_package()
    check_readable("load_checkpoint", path, "give the path that save_checkpoint wrote to, or train first")
    try:
        with explained("load_checkpoint", path, "the file can be read"), open(path, "rb") as file:
            header, arrays = _content(file)
    except (OSError, MemoryError):
        raise
    except Exception as problem:  # of safetensors, json, NumPy: whatever an altered file brings about
        raise _damaged(path, f"it cannot be read as safetensors: {shown(str(problem), 200)}") from None
    found = header.get("format") if isinstance(header, dict) else None
    if found is True or found not in (1, FORMAT):
        raise error(
            ValueError,
            "load_checkpoint",
            got=f"{str(path)!r} of the format {'of others' if found is None else shown(found)}",
            rule=f"tinygrad_tf's format is {FORMAT}",
            cure=(
                "read it with the version of tinygrad_tf that wrote it, or a newer one"
                if found is not None and is_whole(found) and found > FORMAT
                else "for weights of other programs, read the file with the package safetensors and pass the arrays to "
                "model.load_state_dict()"
            ),
        )
    state = header.get("state", {})
    if found == FORMAT and _STATE in arrays:
        with contextlib.suppress(ValueError, RecursionError):  # then the digest does not fit
            state = json.loads(arrays.pop(_STATE).tobytes())
    if header.get("sha256") != digest(arrays, state):
        raise _damaged(path, "its content does not fit the digest that was saved with it")
    with found_in(path):
        check_state(state)
        optimizer = _optimizer_state(state.get("optimizer"), arrays)
    return Checkpoint(
        model={name: array for name, array in arrays.items() if not name.startswith(_OPTIMIZER)},
        optimizer=optimizer,
        schedule=state.get("schedule"),
        step=state["step"],
        random=state["random"],
        notes=state["notes"],
    )


def header_of(file: BinaryIO) -> tuple[Any, dict[str, Any]]:
    """What a safetensors file that is open says of itself in our words, and of its arrays.

    The first is ``{}`` for a file of others.
    """
    entries = safetensors_header(file)
    metadata = entries.pop("__metadata__", None) or {}
    return json.loads(metadata.get(_METADATA, "{}")), entries


def _content(file: BinaryIO) -> tuple[Any, Arrays]:
    """What a file says of itself, and, if it is ours, its arrays."""
    header, entries = header_of(file)
    ours = isinstance(header, dict) and header.get("format") in (1, FORMAT)
    stored = stored_in(file, dict(sorted(entries.items()))) if ours else ()
    return header, {x.name: np.frombuffer(x.content, _STORED[x.kind]).reshape(x.shape) for x in stored}


def _optimizer_state(saved: dict[str, Any] | None, arrays: Arrays) -> dict[str, Any] | None:
    """The optimiser's ``state_dict()`` put together again from its numbers (JSON) and its arrays."""
    if saved is None:
        return None
    states: dict[int, dict[str, Any]] = {int(i): dict(entries) for i, entries in saved["state"].items()}
    for name, array in arrays.items():
        if name.startswith(_OPTIMIZER):
            i, key = parameter_of(name.removeprefix(_OPTIMIZER))
            states.setdefault(i, {})[key] = array
    groups = [  # JSON has no tuples: betas came back as a list
        {key: tuple(value) if isinstance(value, list) and key not in ("params", "param_names") else value
         for key, value in group.items()}
        for group in saved["groups"]
    ]  # fmt: skip
    return {"kind": saved["kind"], "state": states, "param_groups": groups, "names": saved.get("names")}


def _names(model: Module, optimizer: Optimizer) -> list[str | None]:
    """What the parameters of an optimiser are called in the model, in its order; None for those of another."""
    names: dict[int, str] = {}
    for name, p in model.state_dict().items():
        names.setdefault(id(p.array), name)
    return [names.get(id(p.array)) for group in optimizer.param_groups for p in group["params"]]


def _are_equal(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> bool:
    return one is other or np.array_equal(one, other, equal_nan=one.dtype.kind == "f")


def _kind(array: np.ndarray[Any, Any]) -> str:
    """What a number of an array is, in a word; how many bytes it has does not matter."""
    return {"f": "floats", "i": "integers", "u": "integers", "b": "booleans"}.get(array.dtype.kind, str(array.dtype))


def _damaged(path: str | os.PathLike[str], why: str) -> ValueError:
    return error(
        ValueError,
        "load_checkpoint",
        got=f"{str(path)!r}, which is damaged",
        rule=why,
        cure="use an older copy, or train again",
    )
