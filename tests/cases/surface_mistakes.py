"""Mistakes with the functions of the wide surface; the rows are read as those of :mod:`.mistakes`."""

import numpy as np

import tinygrad_tf as t
from tinygrad_tf import Tensor
from tinygrad_tf.nn import functional as F

from .mistakes import ids, ones, x

SHAPES = [
    ("flip", lambda: x(2, 3).flip(2), IndexError, "flip got X x (2, 3) float64, axis 2", "-2 … 1", "look at .shape"),
    ("flip twice", lambda: x(2, 3).flip(0, -2), ValueError, "flip got X x (2, 3)", "named twice", "once"),
    ("flip along a float", lambda: x(2).flip(0.5), TypeError,
     "flip got X x (2,) float64, axis 0.5", "an integer", "help()"),
    ("roll", lambda: t.roll(x(2, 3), (1, 2), 0), ValueError,
     "roll got X x (2, 3) float64, shifts (1, 2), axis 0", "a shift for each axis", "as many"),
    ("roll a number", lambda: t.roll(x(), 1, 0), IndexError,
     "roll got X x ()", "an axis to roll along", "leave axis out"),
    ("pad", lambda: F.pad(x(2), (1, 2, 3)), ValueError,
     "pad got X x (2,) float64, pad (1, 2, 3)", "two widths", "(left, right)"),
    ("pad more axes", lambda: F.pad(x(2), (1, 1, 1, 1)), ValueError,
     "pad got X x (2,)", "two widths for each axis", "(left"),
    ("pad by reflection", lambda: F.pad(x(2), (1, 1), "reflect"), NotImplementedError,
     "pad got mode 'reflect'", "only a constant border", "by indexing"),
    ("np.pad by reflection", lambda: np.pad(x(2), 1, mode="edge"), NotImplementedError,
     "pad got mode 'edge'", "only a constant border", "by indexing"),
    ("tril", lambda: t.tril(x(3)), RuntimeError, "tril got X x (3,) float64", "X is a matrix", "x[None]"),
    ("triu", lambda: x(3).triu(), RuntimeError, "triu got X x (3,)", "X is a matrix", "x[None]"),
    ("diagonal", lambda: x(3).diagonal(), IndexError, "moveaxis got X x (3,)", "-1 … 0", "look at .shape"),
    ("diag", lambda: t.diag(x(2, 2, 2)), ValueError, "diag got X x (2, 2, 2)", "a vector or a matrix", "diagonal()"),
    ("unfold", lambda: x(3).unfold(0, 4, 1), RuntimeError,
     "unfold got X x (3,) float64, size 4, step 1", "fits into the axis", "smaller"),
    ("unfold on the spot", lambda: x(3).unfold(0, 1, 0), RuntimeError, "step 0", "at least 1", "size"),
    ("unflatten", lambda: x(6).unflatten(0, (4, 2)), ValueError,
     "reshape got X x (6,)", "number of entries", "multiply"),
    ("moveaxis", lambda: t.moveaxis(x(2, 3), 0, 2), IndexError,
     "moveaxis got X x (2, 3) float64, axis 2", "-2 … 1", ".shape"),
    ("moveaxis of two", lambda: t.moveaxis(x(2, 3), (0, 1), 0), ValueError,
     "moveaxis got X x (2, 3) float64, source (0, 1), destination 0", "has a destination", "both"),
    ("transpose", lambda: x(2, 3).transpose(0, 2), IndexError, "swapaxes got X x (2, 3)", "-2 … 1", "look at"),
    ("np.squeeze", lambda: np.squeeze(x(2, 3), 0), ValueError,
     "np.squeeze got X x (2, 3) float64, axis 0", "axes of size 1 only", "x.squeeze(axis)"),
    ("unsqueeze several", lambda: np.expand_dims(x(2), (0, 0)), ValueError, "unsqueeze got", "named twice", "once"),
    ("stack", lambda: t.stack([x(2), x(2)], 5), IndexError,
     "unsqueeze got X x (2,) float64, axis 5", "-2 … 1", ".shape"),
    ("split a number", lambda: x().split(1), IndexError, "split got X x ()", "an axis to cut", "reshape"),
    ("chunk", lambda: x(4).chunk(0), ValueError, "chunk got X x (4,) float64, chunks 0", "at least one piece", "more"),
    ("np.split", lambda: np.split(x(5), 2), ValueError,
     "np.split got X x (5,) float64, sections 2", "equal", "array_split"),
    ("repeat_interleave", lambda: x(3).repeat_interleave([1, 2], 0), ValueError,
     "repeat_interleave got X x (3,) float64, repeats (2,) int64, axis 0", "one for each of the 3", "sizes"),
    ("tile", lambda: x(3).tile(-1), ValueError, "tile got X x (3,) float64, reps (-1,)", "fewer than 0", "from 0"),
    ("add 2", lambda: t.maximum(x(2), x(3)), ValueError,
     "maximum got X x (2,) float64, W x (3,)", "aligned", "reshape"),
    ("lerp", lambda: t.lerp(x(2), x(3), 0.5), ValueError, "subtract got X x (3,)", "aligned", "reshape"),
    ("logical_and", lambda: t.logical_and(ids(1, 2), ids(1, 2, 3)), ValueError,
     "logical_and got", "aligned", "reshape"),
    ("isclose", lambda: t.isclose(x(2), x(3)), ValueError, "isclose got", "aligned", "reshape"),
    ("remainder", lambda: x(2) % x(3), ValueError, "fmod got X x (2,)", "aligned", "reshape"),
    ("matmul of vectors", lambda: t.dot(x(2), x(3)), ValueError, "matmul got X", "the last axis of X", "transpose"),
]  # fmt: skip

PLACES = [
    ("gather", lambda: x(2, 3).gather(1, ids(0, 1)), RuntimeError,
     "gather got X x (2, 3) float64, index (2,) int64", "as many axes as X", "unsqueeze"),
    ("gather beyond", lambda: x(2, 3).gather(1, ids([3], [0])), IndexError,
     "gather got X x (2, 3) float64, index (2, 1) int64, dim 1", "0 … 2", "look at .shape"),
    ("gather too wide", lambda: x(2, 3).gather(1, ids([0], [0], [0])), RuntimeError,
     "gather got X x (2, 3) float64, index (3, 1)", "no larger than X", "look at"),
    ("gather by floats", lambda: x(2).gather(0, Tensor([0.0])), RuntimeError,
     "index (1,) float32", "integers", "take"),
    ("gather along no axis", lambda: x(2).gather(1, ids(0)), IndexError,
     "gather got X x (2,) float64, axis 1", "-1 … 0", ".shape"),
    ("scatter", lambda: x(3).scatter(0, ids(3), 1.0), IndexError, "scatter got X x (3,)", "0 … 2", "look at"),
    ("scatter from too few", lambda: x(3).scatter(0, ids(0, 1), x(1)), RuntimeError,
     "scatter got index (2,) int64, src x (1,)", "an entry for each", "compare"),
    ("scatter_add", lambda: x(3).scatter_add(1, ids(0), x(1)), IndexError,
     "scatter_add got X x (3,) float64, axis 1", "-1 … 0", ".shape"),
    ("take_along_axis", lambda: np.take_along_axis(x(2, 3), ids(0), 1), ValueError,
     "take_along_axis got X x (2, 3) float64, indices (1,) int64", "the same axes", "unsqueeze"),
    ("take_along_axis, other sizes", lambda: np.take_along_axis(x(2, 3), ids([0], [0], [0]), 1), ValueError,
     "take_along_axis got X x (2, 3) float64, indices (3, 1)", "equal, or one of them is 1", "unsqueeze"),
    ("take", lambda: x(3).take(ids(3)), IndexError, "getitem got X (3,)", "ints lie in", "look at"),
    ("index_select", lambda: x(3).index_select(0, ids(5)), IndexError,
     "getitem got X x (3,)", "ints lie in", "look at"),
    ("masked_select", lambda: x(3).masked_select(ids(0, 1, 0)), TypeError,
     "masked_select got X x (3,) float64, mask (3,) int64", "booleans", "bool()"),
    ("masked_select, other sizes", lambda: x(3).masked_select(ones(2)), ValueError,
     "masked_select got X x (3,) float64, mask (2,) bool", "aligned", "compare"),
    ("topk", lambda: x(3).topk(4), RuntimeError, "topk got X x (3,) float64, k 4", "0 … 3", "smaller"),
    ("sort", lambda: x(3).sort(1), IndexError, "sort got X x (3,) float64, axis 1", "-1 … 0", ".shape"),
    ("cumsum", lambda: x(3).cumsum(1), IndexError, "cumsum got X x (3,) float64, axis 1", "-1 … 0", ".shape"),
    ("prod", lambda: x(3).prod(1), IndexError, "prod got X x (3,) float64, axis 1", "-1 … 0", ".shape"),
    ("logsumexp", lambda: x(3).logsumexp(1), IndexError, "logsumexp got X x (3,) float64, axis 1", "-1 … 0", ".shape"),
    ("max along no axis", lambda: x(3).max(dim=1), IndexError, "max got X x (3,) float64, axis 1", "-1 … 0", ".shape"),
    ("max of no rows", lambda: x(0, 3).max(dim=0), ValueError, "argmax got X (0, 3)", "no largest", "look at .shape"),
    ("norm", lambda: x(3).norm(2, 1), IndexError, "sum got X (3,) float64, axis 1", "-ndim", ".shape"),
    ("std", lambda: x(3).std(1), IndexError, "mean got X x (3,) float64, axis 1", "-ndim", ".shape"),
]  # fmt: skip

TYPES = [
    ("one_hot of floats", lambda: F.one_hot(Tensor([1.0])), RuntimeError,
     "one_hot got ids (1,) float32", "integers", "long()"),
    ("one_hot beyond", lambda: F.one_hot(ids(3), 3), RuntimeError, "num_classes 3", "0 … num_classes - 1", "larger"),
    ("one_hot of none", lambda: F.one_hot(Tensor(np.zeros(0, int))), RuntimeError,
     "one_hot got ids (0,)", "at least one id", "larger"),
    ("bits of floats", lambda: x(2) & x(2), TypeError,
     "bitwise_and got X x (2,) float64", "the types of the inputs", "convert"),
    ("bits of a float", lambda: ~x(2), TypeError, "invert got X x (2,) float64", "the types", "convert"),
    ("a shift by floats", lambda: ids(1, 2) << 0.5, TypeError, "left_shift got X (2,) int64", "the types", "convert"),
    ("to a device", lambda: x(2).to("cuda"), ValueError, "to got device 'cuda'", "on the CPU", "leave the device out"),
    ("to text", lambda: x(2).to("str"), TypeError, "astype got X", "booleans, integers or floats", "'int64'"),
    ("probabilities", lambda: F.binary_cross_entropy(x(2) + 1, x(2)), RuntimeError,
     "binary_cross_entropy got input (2,)", "0 … 1", "with_logits"),
    ("nll_loss of floats", lambda: F.nll_loss(x(2, 3), Tensor([0.0, 1.0])), TypeError,
     "nll_loss got input x (2, 3) float64, target (2,) float32", "class indices", "long()"),
    ("nll_loss beyond", lambda: F.nll_loss(x(2, 3), ids(0, 3)), IndexError,
     "nll_loss got target (2,) int64, the class 3", "0 … 2", "labels"),
    ("nll_loss of other rows", lambda: F.nll_loss(x(2, 3), ids(0)), ValueError,
     "nll_loss got input x (2, 3)", "class axis", "flatten"),
    ("nll_loss weights", lambda: F.nll_loss(x(2, 3), ids(0, 1), weight=[1.0]), ValueError,
     "nll_loss got weight (1,)", "one entry per class, (3,)", "each class"),
    ("cross_entropy without classes", lambda: F.cross_entropy(x(2, 0), ids(0, 0)), ValueError,
     "(2, 0)", "at least one class", "shape"),
]  # fmt: skip

LOSSES = [
    (name, lambda name=name: getattr(F, name)(x(2), x(2, 1)), ValueError,
     f"{name} got input x (2,) float64, target x (2, 1) float64", "the same shape", "reshape the target")
    for name in ("mse_loss", "l1_loss", "huber_loss", "smooth_l1_loss", "binary_cross_entropy_with_logits")
]  # fmt: skip
REDUCTIONS = [
    (f"{name}, reduction", lambda name=name: getattr(F, name)(x(2), x(2), reduction="avg"), ValueError,
     f"{name} got reduction 'avg'", '"mean", "sum" or "none"', "one of the three")
    for name in ("mse_loss", "l1_loss", "huber_loss", "kl_div", "binary_cross_entropy_with_logits")
]  # fmt: skip

ARGUMENTS = [
    ("clip without bounds", lambda: x(2).clip(), ValueError,
     "clip got X x (2,) float64, min None, max None", "at least one bound", "min=0"),
    ("einsum without text", lambda: t.einsum(x(2), x(2)), TypeError,
     "einsum got equation x (2,)", "as text", "'bhld,bhsd->bhls'"),
    ("einsum, another number", lambda: t.einsum("ij,jk->ik", x(2, 2)), ValueError,
     "einsum got equation ij,jk->ik, number of arrays 1", "one group of letters", "write"),
    ("einsum, other axes", lambda: t.einsum("ij->ji", x(2)), ValueError,
     "einsum got equation ij->ji, X x (2,)", "'ij' names every axis", "..."),
    ("einsum, other sizes", lambda: t.einsum("ij,jk->ik", x(2, 3), x(2, 3)), ValueError,
     "einsum got", "one size", "write"),
    ("einsum, no square", lambda: t.einsum("ii->i", x(2, 3)), ValueError,
     "einsum got X x (2, 3) float64, letters ii", "one size", "write"),
    ("einsum, an unknown letter", lambda: t.einsum("ij->ik", x(2, 3)), ValueError,
     "einsum got", "occur on the left", "write"),
    ("np.linalg.norm", lambda: np.linalg.norm(x(2, 3), 2), NotImplementedError,
     "np.linalg.norm got X x (2, 3) float64, ord 2", "Frobenius", "norm(x, p)"),
    ("sum, a type", lambda: x(2).sum(dtype="float64"), TypeError, "sum got an unknown 'dtype'", "X, axis", "help()"),
    ("glu", lambda: F.glu(x(3)), ValueError, "glu got input x (3,) float64, dim -1", "even", "twice the width"),
    ("rms_norm", lambda: F.rms_norm(x(2, 3), 4), ValueError,
     "rms_norm got input x (2, 3) float64, normalized_shape (4,)", "the last axes", "last axis"),
    ("a maker", lambda: t.zeros(2, device="cuda"), ValueError, "zeros got device 'cuda'", "on the CPU", "leave"),
]  # fmt: skip

TABLES = {"surface, shapes": SHAPES, "surface, places": PLACES, "surface, types": TYPES, "losses": LOSSES + REDUCTIONS,
          "surface, arguments": ARGUMENTS}  # fmt: skip
SURFACE_MISTAKES = [(f"{kind}: {name}", *rest) for kind, rows in TABLES.items() for name, *rest in rows]
