"""PyTorch's own files, as ``torch.save`` writes them: Tensors and plain containers, and nothing that could run.

Such a file is a zip archive. ``data.pkl`` describes the object, each ``data/N`` holds the numbers of one storage, as
they are, not compressed. Tensors are views into storages; those that share one there share it here.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from ..autograd import Tensor
from ..nn import Parameter
from .pickles import Known, Machine
from .pytorch_names import DATA, NUMPYS, PLAIN, Kind

_CHUNK = 1 << 20
_STORED = {"bfloat16": "u2", "bool": "u1"}  # as what is read that NumPy has not, or that could be any byte


class OtherType(Exception):
    """A Tensor is of a type that this package does not compute with."""


class TorchScript(Exception):
    """The archive holds a program, not only data."""


class Storage(NamedTuple):
    """A storage that has not been read: its entry, its type and how many numbers of it there are."""

    key: str
    dtype: str | None
    length: int


def read_pytorch(file: BinaryIO) -> Any:
    """The object that a file of ``torch.save`` holds. Raises UnknownName, OtherType, TorchScript, and for damage other
    errors.
    """
    file.seek(0, 2)
    size = file.tell()
    with zipfile.ZipFile(file) as archive:
        pickles = [name for name in archive.namelist() if name.count("/") == 1 and name.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise ValueError(f"it has {len(pickles)} entries data.pkl")
        root = pickles[0].removesuffix("data.pkl")
        if f"{root}constants.pkl" in archive.NameToInfo:
            raise TorchScript
        reader = _Reader(archive, root, size)
        pickle = reader.content("data.pkl")
        reader.described = len(pickle)
        return Machine(pickle, reader.names(), reader.storage).run()


class _Reader:
    """What the names in a pickle stand for, and the storages of an archive, each read once, when it is first used."""

    def __init__(self, archive: zipfile.ZipFile, root: str, size: int) -> None:
        self.archive, self.root, self.left = archive, root, size
        self.arrays: dict[str, tuple[str, np.ndarray[Any, Any]]] = {}
        self.tensors, self.described = 0, 0  # how many were made, and the size of what describes them
        found = f"{root}byteorder" in archive.NameToInfo
        self.order = self.content("byteorder") if found else b"little"
        if self.order not in (b"little", b"big"):
            raise ValueError("its byte order is neither little nor big")

    # ---- entries ----------------------------------------------------------------------------------------------------

    def entry(self, name: str) -> zipfile.ZipInfo:
        """An entry that is stored as it is. All that are read together are no larger than the file."""
        info = self.archive.getinfo(self.root + name)
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1 or info.file_size != info.compress_size:
            raise ValueError(f"its entry {name} is compressed or encrypted, as PyTorch never writes it")
        self.left -= info.file_size
        if self.left < 0:
            raise ValueError("its entries are larger than the file")
        return info

    def content(self, name: str) -> bytes:
        """An entry as bytes; its check sum is compared."""
        return self.archive.read(self.entry(name))

    def array(self, storage: Storage, dtype: str) -> np.ndarray[Any, Any]:
        """A storage as an array with one axis. What bfloat16 holds becomes float32."""
        if dtype not in NUMPYS - {"complex64", "complex128"} and dtype != "bfloat16":
            raise OtherType(dtype)
        if storage.key in self.arrays:
            known, array = self.arrays[storage.key]
            if known != dtype:
                raise ValueError(f"storage {storage.key} is of {known} and of {dtype}")
            return array
        width = np.dtype(_STORED.get(dtype, dtype)).itemsize
        info = self.entry(f"data/{storage.key}")
        count = storage.length if storage.dtype else storage.length // width
        if info.file_size != count * width:
            raise ValueError(f"storage {storage.key} has {info.file_size} bytes, not {count} × {width}")
        array = self.filled(info, dtype)
        self.arrays[storage.key] = dtype, array
        return array

    def filled(self, info: zipfile.ZipInfo, dtype: str) -> np.ndarray[Any, Any]:
        """The numbers of an entry, read piece by piece, so that the memory is taken once."""
        short, stored = dtype == "bfloat16", np.dtype(_STORED.get(dtype, dtype))
        array = np.empty(info.file_size // stored.itemsize, np.uint32 if short else dtype)
        at = 0
        with self.archive.open(info) as content:
            while part := content.read(_CHUNK):  # at the end its check sum is compared
                piece = np.frombuffer(part, stored.newbyteorder("<" if self.order == b"little" else ">"))
                array[at : at + len(piece)] = piece != 0 if dtype == "bool" else piece
                at += len(piece)
        if at != len(array):
            raise ValueError(f"its entry {info.filename} ends early")
        if short:
            array <<= np.uint32(16)  # bfloat16 is the upper half of a float32
        return array.view(np.float32) if short else array

    # ---- what the names of a pickle stand for -----------------------------------------------------------------------

    def storage(self, pid: Any) -> Storage:
        """The storage that a persistent id names; nothing is read yet."""
        word, kind, key, _, count = pid if type(pid) is tuple else (None,) * 5
        if (
            type(word) is not str
            or word != "storage"
            or type(kind) is not Kind
            or type(key) is not str
            or type(count) is not int
            or count < 0
        ):
            raise ValueError("its pickle refers to what is no storage")
        return Storage(key, kind.dtype, count)

    def tensor(
        self, storage: Any, offset: Any, size: Any, stride: Any, requires_grad: Any = False, hooks: Any = None,
        dtype: Any = None,
    ) -> Tensor:  # fmt: skip
        """A Tensor that views a storage, after its sizes were checked against it."""
        if type(storage) is not Storage or type(size) is not tuple or type(stride) is not tuple:
            raise TypeError("its pickle makes a Tensor of what is no storage")
        self.tensors += 1
        if self.tensors * 40 > self.described:  # each takes more to describe
            raise ValueError("its pickle makes more Tensors than it describes")
        numbers = (offset, *size, *stride)
        if len(size) != len(stride) or len(size) > 32 or not all(type(n) is int and 0 <= n < 2**62 for n in numbers):
            raise ValueError("a Tensor has impossible sizes")
        kind = storage.dtype or (dtype.name if isinstance(dtype, np.dtype) else str(dtype))
        last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
        flat = self.array(storage, kind)
        if (0 not in size and last >= len(flat)) or offset > len(flat):
            raise ValueError(f"a Tensor reaches entry {last} of a storage of {len(flat)}")
        width = flat.dtype.itemsize
        if 0 in size:
            view: Any = np.empty(size, flat.dtype)
        else:
            view = np.ndarray(size, flat.dtype, flat, offset * width, [step * width for step in stride])
        t = Tensor.wrap(view)
        if requires_grad:
            t.requires_grad_()
        return t

    def parameter(self, data: Any, requires_grad: Any = True, *_: Any) -> Parameter:
        """A Parameter around the array of a Tensor."""
        if not isinstance(data, Tensor):
            raise TypeError("its pickle makes a Parameter of what is no Tensor")
        return parameter_around(data.array, bool(requires_grad))

    def typed(self, make: Any, kind: Any, args: Any, state: Any) -> Any:
        """A Tensor to which attributes were given, which are left out."""
        made = make.function(*args) if type(make) is Known and type(args) is tuple else None
        if not isinstance(made, Tensor) or not (kind is Tensor or kind is Parameter):
            raise TypeError("its pickle makes a Tensor of another class")
        return self.parameter(made, made.requires_grad) if kind is Parameter else made

    def names(self) -> dict[str, Any]:
        """By the name that a pickle gives, all that it may name."""
        known: dict[str, Callable[..., Any]] = {
            "torch._utils._rebuild_tensor": self.tensor,
            "torch._utils._rebuild_tensor_v2": lambda *args: self.tensor(*_without_metadata(args, 6)),
            "torch._utils._rebuild_tensor_v3": lambda *args: self.tensor(*_without_metadata(args, 7)),
            "torch._utils._rebuild_parameter": self.parameter,
            "torch._utils._rebuild_parameter_with_state": self.parameter,
            "torch._tensor._rebuild_from_type_v2": self.typed,
            **PLAIN,
        }
        return {**{name: Known(function) for name, function in known.items()}, **DATA}


def parameter_around(array: np.ndarray[Any, Any], requires_grad: bool) -> Parameter:
    """A Parameter around ``array`` itself, not a copy."""
    p = Parameter(np.empty(0, array.dtype), requires_grad)
    p.array = array
    return p


def _without_metadata(args: tuple[Any, ...], n: int) -> tuple[Any, ...]:
    """The first ``n`` arguments. What comes behind says how a Tensor is to be read: negated or conjugated."""
    if any(type(marks) is not dict or any(marks.values()) for marks in args[n:] if marks is not None):
        raise ValueError("a Tensor is kept negated or conjugated")
    return args[:n]
