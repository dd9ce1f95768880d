"""From samples to a batch: what lies at the same place in each sample is stacked."""

from __future__ import annotations

import copy
from collections.abc import Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

import numpy as np

from ....autograd import Tensor
from ....errors import error
from ....ops.join import stack


def default_collate(batch: Sequence[Any]) -> Any:
    """A list of samples as one batch, part by part, with the first sample as the pattern.

    Tensors and arrays of one shape are stacked along a new first axis. Numbers become a Tensor: whole ones int64,
    Python's floats float64 (as in PyTorch), NumPy's in their own type. Texts and bytes stay as they are. Dicts give a
    dict, named tuples a named tuple, other sequences a list, of what their entries give.

    Raises RuntimeError for shapes or lengths that differ, TypeError for samples of another kind.

    >>> batch = default_collate([{"x": Tensor([1.0, 2.0]), "y": 3}, {"x": Tensor([4.0, 5.0]), "y": 6}])
    >>> batch["x"].shape, batch["y"].tolist()
    ((2, 2), [3, 6])
    """
    if len(batch) == 0:
        raise error(
            IndexError,
            "default_collate",
            got="no samples",
            rule="a batch has a first sample, whose parts say what is stacked",
            cure="leave empty batches out of the batch_sampler",
        )
    first = batch[0]
    if isinstance(first, (Tensor, np.ndarray, np.generic, float, int)) and not isinstance(first, (str, bytes)):
        return _stacked(batch)
    if isinstance(first, (str, bytes)):
        return batch
    if isinstance(first, Mapping):
        return _alike(first, {key: default_collate([sample[key] for sample in batch]) for key in first})
    if isinstance(first, Sequence):
        parts = _transposed(batch)
        if isinstance(first, tuple) and hasattr(first, "_fields"):
            return type(first)(*(default_collate(part) for part in parts))
        content = [default_collate(part) for part in parts]
        return content if isinstance(first, tuple) else _alike(first, content)
    raise _no_part(first)


def default_convert(data: Any) -> Any:
    """Arrays and NumPy's numbers as Tensors, at any depth; all else as it is. What a loader without batches does.

    >>> default_convert({"x": np.ones(2), "name": "a"})["x"].shape
    (2,)
    """
    if isinstance(data, (np.ndarray, np.generic)) and data.dtype.kind in "biuf":
        return Tensor.wrap(np.asarray(data))
    if isinstance(data, Mapping):
        return _alike(data, {key: default_convert(value) for key, value in data.items()})
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*(default_convert(value) for value in data))
    if isinstance(data, tuple):
        return [default_convert(value) for value in data]
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        return _alike(data, [default_convert(value) for value in data])
    return data


def _stacked(batch: Sequence[Any]) -> Tensor:
    """Numbers, arrays or Tensors as one Tensor."""
    first = batch[0]
    if isinstance(first, (Tensor, np.ndarray)):
        shapes = [np.shape(x.array if isinstance(x, Tensor) else x) for x in batch]
        other = next((i for i, shape in enumerate(shapes) if shape != shapes[0]), None)
        if other is not None:
            raise error(
                RuntimeError,
                "default_collate",
                got=f"samples of shapes {shapes[0]} and, at {other}, {shapes[other]}",
                rule="what is stacked has one shape",
                cure="pad the samples to one length, or give the DataLoader a collate_fn=… that does",
            )
        if isinstance(first, Tensor) and all(isinstance(x, Tensor) for x in batch):
            return stack(batch)
    if isinstance(first, Tensor) or any(isinstance(x, (str, bytes)) or x is None for x in batch):
        raise error(
            TypeError,
            "default_collate",
            got=f"samples of {', '.join(dict.fromkeys(type(x).__name__ for x in batch))}",
            rule="samples are of one kind",
            cure="let the data set give the same kind for every index",
        )
    # the first sample says the type: Python's floats are float64, whole numbers int64, unless floats are among them
    dtype = np.float64 if type(first) is float else None
    array = np.asarray([x.array if isinstance(x, Tensor) else x for x in batch], dtype)
    if isinstance(first, int) and array.dtype == np.float64:
        array = array.astype(np.float32)
    if array.dtype.kind not in "biuf":
        raise _no_part(first)
    return Tensor.wrap(array)


def _transposed(batch: Sequence[Any]) -> list[tuple[Any, ...]]:
    """The first entries of all samples, the second ones, and so on."""
    lengths = [len(sample) for sample in batch]
    if len(set(lengths)) > 1:
        raise error(
            RuntimeError,
            "default_collate",
            got=f"samples of {min(lengths)} and of {max(lengths)} entries",
            rule="lists and tuples in a batch are of one length",
            cure="pad the samples to one length, or give the DataLoader a collate_fn=… that does",
        )
    return list(zip(*batch, strict=True))


def _alike(pattern: Any, content: Any) -> Any:
    """``content`` in a container of the pattern's own class, or a plain one where that cannot be made."""
    if type(pattern) in (dict, list):
        return content
    try:
        if isinstance(pattern, MutableMapping):
            made: Any = copy.copy(pattern)  # a defaultdict keeps its factory
            made.update(content)
        elif isinstance(pattern, MutableSequence):
            made = copy.copy(pattern)
            made[:] = content
        else:
            made = type(pattern)(content)
        return made
    except TypeError:  # a class that is made in another way, as range
        return content


def _no_part(value: Any) -> TypeError:
    kind = f"an array of {value.dtype}" if isinstance(value, (np.ndarray, np.generic)) else f"a {type(value).__name__}"
    return error(
        TypeError,
        "default_collate",
        got=kind,
        rule="samples are Tensors, arrays, numbers, texts, or dicts, lists and tuples of them",
        cure="give the DataLoader a collate_fn=… that makes a batch of a list of samples",
    )
