"""Rows of entries by their place along an axis, or by a condition."""

import functools

import numpy as np

from .case import Case, bools, constant, distinct, form, given, ints, normal, row

TABLE = normal(3, 4)
ALONG_0, ALONG_1 = ints(3, 2, 4), ints(4, 3, 2)


def _places(k: int, *shape: int):
    """Indices along the last axis of which none occurs twice in a row."""
    return given(np.random.default_rng(0).permuted(np.tile(np.arange(k), (*shape[:-1], 1)), axis=-1)[..., : shape[-1]])


def _put(index, t, x, v):
    y = x * 1
    y[index] = v
    return y


GATHERED = [
    form("gather", "function", lambda t, x, i: t.gather(x, 1, i), TABLE, ALONG_1),
    form("gather", "dim 0", lambda t, x, i: t.gather(x, dim=0, index=i), TABLE, ALONG_0),
    form("gather", "method, from the back", lambda t, x, i: x.gather(-1, i), TABLE, ALONG_1),
    form("gather", "one place many times", lambda t, x, i: x.gather(1, i), TABLE, given([[2, 2, 2]] * 3)),
    form("gather", "a smaller index", lambda t, x, i: x.gather(1, i), TABLE, ints(4, 2, 3)),
    form("gather", "three axes", lambda t, x, i: x.gather(1, i), normal(2, 3, 2), ints(3, 2, 4, 2)),
    form("gather", "the log-probability of a class", lambda t, x, i: x.log_softmax(1).gather(1, i[:, None]), TABLE,
         ints(4, 3)),
    form("take_along_axis", "take_along_dim", lambda t, x, i: t.take_along_dim(x, i, dim=1), TABLE, ALONG_1),
    form("take_along_axis", "stretched", lambda t, x, i: t.take_along_dim(x, i, 1), TABLE, ints(4, 1, 2)),
    form("take_along_axis", "x stretched", lambda t, x, i: t.take_along_dim(x, i, 1), normal(1, 4), ints(4, 3, 2)),
    form("take_along_axis", "flattened", lambda t, x, i: t.take_along_dim(x, i), TABLE, ints(12, 5)),
    form("take_along_axis", "by argsort", lambda t, x: t.take_along_dim(x, t.argsort(x, dim=1), 1), TABLE),
    form("index_select", "function", lambda t, x, i: t.index_select(x, 0, i), TABLE, given([2, 0, 2])),
    form("index_select", "method", lambda t, x, i: x.index_select(-1, i), TABLE, given([3, 3])),
    form("index_select", "by keywords", lambda t, x, i: t.index_select(x, dim=1, index=i), TABLE, given([1])),
    form("take", "flat", lambda t, x, i: t.take(x, i), TABLE, ints(12, 2, 3)),
    form("take", "method", lambda t, x, i: x.take(i), TABLE, given([0, 0, 11])),
]  # fmt: skip

SCATTERED = [
    form("scatter_add", "method", lambda t, x, i, s: x.scatter_add(1, i, s), TABLE, ALONG_1, normal(3, 2)),
    form("scatter_add", "function", lambda t, x, i, s: t.scatter_add(x, 0, i, s), TABLE, ALONG_0, normal(2, 4)),
    form("scatter_add", "a larger source", lambda t, x, i, s: x.scatter_add(1, i, s), TABLE, ints(4, 2, 2),
         constant(normal(3, 4))),  # whose gradient PyTorch gets wrong
    form("scatter_add", "all to one place", lambda t, x, i, s: x.scatter_add(0, i, s), normal(2), given([1, 1, 1]),
         normal(3)),
    form("scatter_add", "to a batch", lambda t, x, i, s: x.scatter_add(-1, i, s), normal(2, 2, 3), ints(3, 2, 2, 4),
         normal(2, 2, 4)),
    form("scatter", "method", lambda t, x, i, s: x.scatter(1, i, s), TABLE, _places(4, 3, 2), normal(3, 2)),
    form("scatter", "function", lambda t, x, i, s: t.scatter(x, 1, i, s), TABLE, _places(4, 3, 2), normal(3, 2)),
    form("scatter", "a number", lambda t, x, i: x.scatter(1, i, 9.0), TABLE, _places(4, 3, 2)),
    form("scatter", "by keyword", lambda t, x, i: t.scatter(x, dim=1, index=i, value=9.0), TABLE, _places(4, 3, 1)),
    form("scatter", "a 1 at the class", lambda t, x, i: x * 0 + t.zeros(3, 4).scatter(1, i, 1.0), TABLE, ints(4, 3, 1)),
    form("scatter", "adding", lambda t, x, i: x.scatter(1, i, 9.0, reduce="add"), constant(TABLE), ALONG_1),
    form("scatter", "multiplying", lambda t, x, i: t.scatter(x, 0, i, 3.0, reduce="multiply"), constant(TABLE),
         ALONG_0),
    row("scatter", "adding entries", lambda x, i, s: x.scatter(1, i, s, reduce="add"), TABLE, ALONG_1, normal(3, 2),
        theirs=lambda x, i, s: x.scatter_add(1, i, s)),  # PyTorch cannot differentiate its own
    row("scatter", "multiplying by entries", lambda x, i, s: x.scatter(1, i, s, reduce="multiply"), TABLE, ALONG_1,
        normal(3, 2), theirs=lambda x, i, s: x.scatter_reduce(1, i, s, "prod")),
    *[form("scatter_reduce", f"{how}, {'with' if own else 'without'} its own",
           lambda t, x, i, s, how=how, own=own: x.scatter_reduce(1, i, s, how, include_self=own), TABLE, ints(4, 3, 3),
           distinct(3, 3)) for how in ("sum", "prod", "mean", "amax", "amin") for own in (True, False)],
    *[form("scatter_reduce", f"{how}, ties and zeros",
           lambda t, x, i, s, how=how: t.scatter_reduce(x, 0, i, s, reduce=how), given([0.0, 2.0, 3.0, 1.0]),
           given([0, 1, 1, 3, 3]), given([0.0, 2.0, 2.0, 0.0, 0.0]), order=0)
      for how in ("prod", "mean", "amax", "amin")],
    *[form("scatter_reduce", f"{how}, integers", lambda t, k, i, s, how=how: k.scatter_reduce(0, i, s, how),
           ints(9, 3), ints(3, 4), ints(9, 4)) for how in ("sum", "prod", "mean", "amax", "amin")],
    *[form("scatter_reduce", f"{how}, booleans", lambda t, x, i, s, how=how: (x > 1).scatter_reduce(0, i, s > 1, how),
           constant(distinct(3)), ints(3, 5), constant(distinct(5))) for how in ("sum", "prod", "amax", "amin")],
    form("scatter_reduce", "from the back, a smaller index", lambda t, x, i, s: x.scatter_reduce(-2, i, s, "amax"),
         distinct(2, 3, 2), ints(3, 1, 2, 2), given([[[0.05, 1.12], [2.05, -1.0]]])),
    form("scatter_reduce", "a larger source", lambda t, x, i, s: x.scatter_reduce(0, i, s, "prod"),
         constant(normal(2, 2)), ints(2, 1, 2), constant(normal(2, 2))),
    form("scatter_reduce", "an index without entries",
         lambda t, x, i: x.scatter_reduce(0, i, x[:0], "amax") * x, normal(3), given(np.zeros(0, int))),
    form("index_add", "function", lambda t, x, i, s: t.index_add(x, 0, i, s), TABLE, given([2, 0, 2]), TABLE),
    form("index_add", "method", lambda t, x, i, s: x.index_add(-1, i, s, alpha=0.5), TABLE, given([3]), normal(3, 1)),
    form("index_copy", "function", lambda t, x, i, s: t.index_copy(x, 0, i, s), TABLE, given([2, 0]), normal(2, 4)),
    form("index_copy", "method", lambda t, x, i, s: x.index_copy(1, i, s), TABLE, given([1]), normal(3, 1)),
    form("index_fill", "function", lambda t, x, i: t.index_fill(x, 0, i, 7.0), TABLE, given([2, 0, 2])),
    form("index_fill", "method", lambda t, x, i: x.index_fill(-1, i, -1.0), TABLE, given([3])),
    *[form("setitem", name, functools.partial(_put, index), TABLE, value)
      for name, index, value in [
          ("a row", 0, normal(4)), ("an entry", (1, -1), normal()),
          ("a slice", (slice(None), slice(1, 3)), normal(3, 2)),
          ("steps", (..., slice(None, None, 2)), normal(3, 1)), ("all", ..., normal(4)), ("rows", [2, 0], normal(2, 4)),
          ("entries", ([2, 0], [1, 1]), normal(2)), ("a new axis", (None, 1), normal(1, 1, 4)),
          ("a mask", np.eye(3, 4) > 0, normal(3)), ("nothing", slice(0, 0), normal(4)),
      ]],
    form("masked_select", "function", lambda t, x, m: t.masked_select(x, m), TABLE, bools(3, 4)),
    form("masked_select", "method, stretched", lambda t, x, m: x.masked_select(m), TABLE,
         given([True, False, True, True])),
    form("masked_select", "x stretched", lambda t, x, m: t.masked_select(x, m), normal(4),
         given([[True, False, True, True], [False, False, True, False]])),
    form("masked_select", "a comparison", lambda t, x: x.masked_select(x > 0), normal(9)),
    form("nonzero", "function", lambda t, k: t.nonzero(k), ints(2, 3, 4)),
    form("nonzero", "method", lambda t, k: k.nonzero(), given([0, 3, 0])),
    form("nonzero", "as a tuple", lambda t, k: t.nonzero(k, as_tuple=True), ints(2, 3, 4)),
    form("nonzero", "none", lambda t, k: k.nonzero(), given([0, 0])),
    form("one_hot", "function", lambda t, k: t.nn.functional.one_hot(k, 5), ints(5, 2, 3)),
    form("one_hot", "as many as needed", lambda t, k: t.nn.functional.one_hot(k), given([1, 3, 0])),
    form("one_hot", "by keyword", lambda t, k: t.nn.functional.one_hot(k, num_classes=3), given(2)),
    form("one_hot", "none", lambda t, k: t.nn.functional.one_hot(k, 3), given(np.zeros((2, 0), int))),
]  # fmt: skip

INDEXED = [
    form("getitem", "a slice from the back", lambda t, x: x[-2:, ::3], TABLE),
    form("getitem", "a Tensor of no axes", lambda t, x, i: x[i], TABLE, given(2)),
    form("getitem", "a boolean of no axes", lambda t, x: x[True] * 1, TABLE),
    form("getitem", "an empty list", lambda t, x: x[[]].sum() + x.sum(), TABLE),
    form("getitem", "a mask beside None", lambda t, x, m: x[None, m], TABLE, given([True, False, True])),
    form("getitem", "a list beside Ellipsis", lambda t, x: x[..., [0, 0, 3]], TABLE),
    form("getitem", "a list of booleans", lambda t, x: x[[True, False, True]], TABLE),
    form(
        "getitem",
        "two masks",
        lambda t, x: x[t.tensor([True, False, True]), t.tensor([True, True, False, False])],
        TABLE,
    ),
    form("getitem", "an array between slices", lambda t, x: x[:, t.tensor([[0, 1], [1, 1]]), 1:], normal(2, 2, 3)),
    form("getitem", "chained", lambda t, x: x[1:][0][2], TABLE),
    form("getitem", "unpacked", lambda t, x: (lambda a, b, c: a * b + c)(*x), TABLE),
]

CASES: list[Case] = [*GATHERED, *SCATTERED, *INDEXED]
