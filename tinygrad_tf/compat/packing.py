"""Nested plain data as arrays by name and a description in JSON, and back: what ``save`` writes and ``load`` reads.

The description is a flat list of nodes. A value is a text, a whole number, a float, True, False or None as it is, or
``[i]``: node i, which is a Tensor, an array, a container or another thing that JSON has not. A node refers only to
nodes before it, so reading is one loop, what is met twice stays one, and nothing can hold itself.
"""

from __future__ import annotations

import base64
import enum
import math
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.array_utils import byte_bounds

from ..autograd import Tensor
from ..errors import describe, error
from ..nn import Parameter
from .devices import device
from .plain import DEEPEST, check_plain, checked_key
from .pytorch_files import parameter_around

Arrays = dict[str, np.ndarray[Any, Any]]
_SEQUENCES: dict[str, Any] = {"list": list, "tuple": tuple, "set": set}
_MAPPINGS: dict[str, Any] = {"dict": dict, "OrderedDict": OrderedDict}
_NUMPYS = {
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64"
}  # fmt: skip


class Leaf(NamedTuple):
    """An array to be stored: its node, which will say where it lies, and the name it is to have."""

    node: dict[str, Any]
    array: np.ndarray[Any, Any]
    name: str


def pack(obj: Any) -> tuple[dict[str, Any], Arrays]:
    """The description of an object and its arrays. Raises TypeError for what cannot be saved, with its place.

    >>> description, arrays = pack({"w": Tensor([1.0, 2.0]), "step": 3})
    >>> list(arrays), description["top"]
    (['w'], [1])
    """
    packing = _Packing()
    top = packing.value(obj, "obj", (), ())
    return {"top": top, "nodes": packing.nodes}, _stored(packing.leaves)


class _Packing:
    """Walks through an object and notes its nodes, what lies inside before what it lies in."""

    def __init__(self) -> None:
        self.nodes: list[dict[str, Any]] = []
        self.leaves: list[Leaf] = []
        self.places: dict[int, int] = {}  # of each thing by its id: its node
        self.held: list[Any] = []  # those things: one that is made on the way would leave its id to the next

    def value(self, x: Any, path: str, name: tuple[str, ...], around: tuple[int, ...]) -> Any:
        """``x`` as JSON. ``path`` is its place as Python writes it, ``around`` the ids of what it lies in."""
        if x is None or type(x) in (bool, str) or (type(x) is float and math.isfinite(x)):
            return x
        if type(x) is int and x.bit_length() < 10_000:
            return x
        if id(x) in around or len(around) > DEEPEST:
            raise error(
                ValueError,
                "save",
                got=f"{path[:200]}, which holds itself"
                if id(x) in around
                else f"{path[:200]}, which is nested {len(around)} deep",
                rule=f"what is saved is nested at most {DEEPEST} deep",
                cure="save what lies inside by itself, under a name of its own",
            )
        if id(x) not in self.places:
            node = self.node(x, path, name, (*around, id(x)))
            self.places[id(x)] = len(self.nodes)
            self.held.append(x)
            self.nodes.append(node)
        return [self.places[id(x)]]

    def node(self, x: Any, path: str, name: tuple[str, ...], around: tuple[int, ...]) -> dict[str, Any]:
        """What describes ``x``, after what lies inside."""
        kind = type(x)
        node: dict[str, Any] = {"kind": kind.__name__}
        array = x.array if kind in (Tensor, Parameter) else x if kind is np.ndarray else None
        if array is not None and array.dtype.name in _NUMPYS:
            node |= {"requires_grad": x.requires_grad, "name": x.name} if array is not x else {}
            self.leaves.append(Leaf(node, array, ".".join(name)))
            return node
        if isinstance(x, np.generic) and x.dtype.name in _NUMPYS:
            return {"kind": "number", "dtype": x.dtype.name, "value": self.value(x.item(), path, name, around)}
        if kind is float:
            return {"kind": "float", "value": repr(x)}
        if isinstance(x, np.dtype) and x.name in _NUMPYS:
            return {"kind": "dtype", "value": x.name}
        if kind is device:
            return {"kind": "device", "value": str(x)}
        if kind is bytes:
            return {"kind": "bytes", "value": base64.b64encode(x).decode()}
        if kind in _MAPPINGS.values():
            inside = ((k, v, f"{path}[{k!r:.60}]", (*name, str(k))) for k, v in x.items())
            return {**node, "value": [[self.key(k, path), self.value(v, at, to, around)] for k, v, at, to in inside]}
        if kind in _SEQUENCES.values():
            if kind is set:  # which has another order in each process
                return {**node, "value": [self.key(v, path) for v in sorted(x, key=repr)]}
            return {**node, "value": [self.value(v, f"{path}[{i}]", (*name, str(i)), around) for i, v in enumerate(x)]}
        raise _unsaved(x, path)

    def key(self, x: Any, path: str) -> Any:
        """A key of a dict, or an entry of a set, as JSON."""
        try:
            return self.value(checked_key(x), f"the key {x!r:.60} of {path}", (), ())
        except ValueError:
            raise error(
                TypeError,
                "save",
                got=f"{path} with {describe(x)} as a key",
                rule="keys of dicts and entries of sets are texts, numbers, None, bytes, or short tuples of them",
                cure="use a text or a number as the key",
            ) from None


def _unsaved(x: Any, path: str) -> TypeError:
    """The error for what cannot be saved, and what to save in its place."""
    kind = type(x).__name__
    if hasattr(x, "state_dict") and not isinstance(x, type):
        what, cure = f"an object of class {kind}", f"save its state: {path}.state_dict()"
    elif isinstance(x, type):
        what, cure = f"the class {x.__name__}", "save its name, as a text"
    elif callable(x):
        what, cure = "a function", "leave it out, or save its name, as a text"
    elif isinstance(x, enum.Enum):
        what, cure = f"a {kind}", f"save {path}.value"
    elif isinstance(x, (np.ndarray, np.generic, Tensor)):
        what, cure = f"a {kind} of {x.dtype}", f"save numbers: {path}.astype(np.float32), or .tolist()"
    elif isinstance(x, tuple) and hasattr(x, "_asdict"):
        what, cure = f"a {kind}", f"save {path}._asdict(), or tuple({path})"
    else:
        bases: dict[type[Any], str] = {dict: "dict", list: "list", tuple: "tuple", set: "set", frozenset: "set",
                                       str: "str", float: "float", int: "int", object: "str"}  # fmt: skip
        plain = next(name for base, name in bases.items() if isinstance(x, base))
        plain = "vars" if plain == "str" and hasattr(x, "__dict__") else plain
        what, cure = f"an object of class {kind}", f"save it as plain data: {plain}({path})"
    return error(
        TypeError,
        "save",
        got=f"{path}, which is {what}",
        rule="a file holds Tensors, arrays, numbers, texts, None, and dicts, lists, tuples and sets of them; no code",
        cure=cure,
    )


# ---- arrays that share memory ---------------------------------------------------------------------------------------


def _stored(leaves: list[Leaf]) -> Arrays:
    """The arrays by the names that they get. Those that lie in the same memory become one, and views into it."""
    arrays: Arrays = {}
    for group in _overlapping(leaves):
        first = group[0]
        same = all(_place(leaf.array) == _place(first.array) for leaf in group)
        low, high = _bounds(group)
        whole = [x for x in group if x.array.nbytes == high - low and x.array.flags.c_contiguous]
        owner = first if same and first.array.nbytes <= high - low else whole[0] if whole else None
        name = _unused(owner.name if owner else first.name, arrays)
        arrays[name] = np.ascontiguousarray(owner.array).reshape(owner.array.shape) if owner else _copied(group)
        for leaf in group:
            a = leaf.array
            leaf.node["stored"] = name
            if owner is None or (not same and _place(a) != _place(owner.array)):
                leaf.node["view"] = [a.dtype.name, a.shape, _address(a) - low, a.strides]
    return arrays


def _overlapping(leaves: list[Leaf]) -> Iterable[list[Leaf]]:
    """The leaves in groups, those whose memory overlaps in one; in the order of their addresses."""
    native = [x._replace(array=x.array.astype(x.array.dtype.newbyteorder("="), copy=False)) for x in leaves]
    yield from ([leaf] for leaf in native if leaf.array.size == 0)
    group: list[Leaf] = []
    end = 0
    for leaf in sorted((x for x in native if x.array.size), key=lambda leaf: byte_bounds(leaf.array)[0]):
        low, high = byte_bounds(leaf.array)
        if group and low >= end:
            yield group
            group, end = [], 0
        group.append(leaf)
        end = max(end, high)
    if group:
        yield group


def _bounds(group: list[Leaf]) -> tuple[int, int]:
    bounds = [byte_bounds(leaf.array) for leaf in group]
    return min(low for low, _ in bounds), max(high for _, high in bounds)


def _address(array: np.ndarray[Any, Any]) -> int:
    return int(array.__array_interface__["data"][0])


def _place(array: np.ndarray[Any, Any]) -> tuple[Any, ...]:
    """What says which numbers an array holds: equal for two that are the same piece of memory."""
    return _address(array), array.shape, array.strides, array.dtype


def _copied(group: list[Leaf]) -> np.ndarray[Any, Any]:
    """The memory in which the arrays of a group lie, as a row of bytes. Between them are zeros."""
    low, high = _bounds(group)
    memory = np.zeros(high - low, np.uint8)
    for leaf in group:
        a = leaf.array
        np.ndarray(a.shape, a.dtype, memory, _address(a) - low, a.strides)[...] = a
    return memory


def _unused(name: str, used: Arrays) -> str:
    """A name that no other array has. One of safetensors' own and what is not Unicode are avoided."""
    name = name.encode("utf-8", "replace").decode() or "value"
    found, i = name, 1
    while found in used or found == "__metadata__":
        found, i = f"{name}.{i}", i + 1
    return found


# ---- and back -------------------------------------------------------------------------------------------------------


def unpack(description: Any, arrays: Arrays) -> Any:
    """The object that :func:`pack` described. Raises ValueError, TypeError, KeyError or IndexError for damage.

    >>> unpack(*pack({1: [np.arange(3), (float("inf"), "a")]}))
    {1: [array([0, 1, 2]), (inf, 'a')]}
    """
    made: list[Any] = []

    def value(x: Any) -> Any:
        if type(x) is list:
            (i,) = x
            if type(i) is not int or i < 0:
                raise ValueError("it refers to what is no part")
            return made[i]
        if type(x) is dict:
            raise ValueError("it holds a part that is not described")
        return x

    for node in description["nodes"]:
        kind, content = node["kind"], node.get("value")
        if kind in _MAPPINGS:
            made.append(_MAPPINGS[kind]((checked_key(value(k)), value(v)) for k, v in content))
        elif kind == "set":
            made.append({checked_key(value(v)) for v in content})
        elif kind in _SEQUENCES:
            made.append(_SEQUENCES[kind](value(v) for v in content))
        elif kind == "number":
            made.append(_dtype(node["dtype"]).type(value(content)))
        else:
            made.append(_SINGLE[kind](node, arrays))
    top = value(description["top"])
    check_plain([top])
    return top


def _dtype(name: Any) -> np.dtype[Any]:
    if name not in _NUMPYS:
        raise ValueError("it holds numbers of another type")
    return np.dtype(name)


def _array(node: dict[str, Any], arrays: Arrays) -> np.ndarray[Any, Any]:
    array = arrays[node["stored"]]
    if "view" in node:
        dtype, shape, offset, strides = node["view"]
        array = np.ndarray(tuple(shape), _dtype(dtype), array, offset, strides)  # which checks that it lies within
    return array


def _tensor(node: dict[str, Any], arrays: Arrays) -> Tensor:
    array, name = _array(node, arrays), node["name"]
    if (node["requires_grad"] is True and array.dtype.kind != "f") or type(name) not in (str, type(None)):
        raise ValueError("it holds an impossible Tensor")
    if node["kind"] == "Parameter":
        made: Tensor = parameter_around(array, node["requires_grad"] is True)
        made.name = name
    else:
        made = Tensor.wrap(array, name)
        made.requires_grad = node["requires_grad"] is True
    return made


_SINGLE: dict[str, Any] = {
    "Tensor": _tensor,
    "Parameter": _tensor,
    "ndarray": _array,
    "float": lambda node, _: float(node["value"]),
    "dtype": lambda node, _: _dtype(node["value"]),
    "device": lambda node, _: device(node["value"]),
    "bytes": lambda node, _: base64.b64decode(node["value"], validate=True),
}
