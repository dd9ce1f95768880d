"""Rows of what scripts written for PyTorch use besides: by name, one after the other, sampling included."""

from .case import Case, away, bools, constant, distinct, form, given, ints, normal, positive

X, BYTES = normal(2, 3), given([3, 0, 200, 3], "uint8")
GAPS = given([float("nan"), float("inf"), 1.5, float("-inf")])

SHAPES = [
    form("t", "function and method", lambda t, x: t.t(x) @ x.t().t(), X),
    form("t", "a vector", lambda t, x: x.t() * 2, normal(3)),
    form("Tensor.expand_as", "method", lambda t, x, y: x.expand_as(y), normal(3), constant(X)),
    form("Tensor.view_as", "method", lambda t, x, y: x.view_as(y), normal(6), constant(X)),
    form("unbind", "method", lambda t, x: x.unbind(), X),
    form("unbind", "dim", lambda t, x: t.unbind(x, dim=-1), X),
    form("narrow", "method", lambda t, x: x.narrow(1, 1, 2), X),
    form("narrow", "from the back", lambda t, x: t.narrow(x, -1, -2, 1), X),
    form("narrow", "nothing", lambda t, x: x.narrow(0, 2, 0).sum() + x.sum(), X),
    form("vstack", "vectors", lambda t, x, y: t.vstack([x, y]), normal(3), normal(3)),
    form("vstack", "matrices", lambda t, x, y: t.vstack((x, y)), X, normal(1, 3)),
    form("hstack", "vectors", lambda t, x, y: t.hstack([x, y]), normal(3), normal(2)),
    form("hstack", "matrices", lambda t, x, y: t.hstack((x, y)), X, normal(2, 1)),
    form("hstack", "numbers", lambda t, x, y: t.hstack((x, y)), normal(), normal()),
    form("concatenate", "by keywords", lambda t, x, y: t.cat(tensors=(x, y), dim=1), X, normal(2, 1)),
    form("stack", "by keywords", lambda t, x, y: t.stack(tensors=[x, y], dim=1), X, normal(2, 3)),
    form("split", "by keyword", lambda t, x: x.split(split_size=2, dim=1), X),
    form("meshgrid", "ij", lambda t, x, y: t.meshgrid(x, y, indexing="ij"), normal(2), normal(3)),
    form("meshgrid", "xy", lambda t, x, y: t.meshgrid([x, y], indexing="xy"), normal(2), normal(3)),
    form("meshgrid", "three", lambda t, x, y, z: t.meshgrid(x, y, z, indexing="xy"), normal(2), normal(3), normal(2)),
    form("pad", "reflect", lambda t, x: t.nn.functional.pad(x, (2, 1), "reflect"), normal(2, 3)),
    form("pad", "replicate", lambda t, x: t.nn.functional.pad(x, (2, 1), mode="replicate"), normal(2, 3)),
    form("pad", "circular", lambda t, x: t.nn.functional.pad(x, (1, 2, 1, 0), mode="circular"), normal(1, 2, 3)),
]  # fmt: skip

TYPES = [
    form("Tensor.type_as", "method", lambda t, x, y: x.type_as(y.float()) * 2, X, constant(X), order=0),
    form("astype", "half", lambda t, x: x.half().float() * 2, constant(given([0.5, 1.25]))),
]

ENTRIES = [
    form("Tensor.where", "method", lambda t, x, m, y: x.where(m, y) + x.where(m, 0.0), X, bools(3), normal(2, 1)),
    form("arctan2", "functions", lambda t, y, x: t.atan2(y, x) + t.arctan2(x, y), away(2, 3), away(3)),
    form("arctan2", "method, on the axes", lambda t, y, x: y.atan2(x), given([0.0, 2.0, -2.0]), given([1.5, 0.0, 0.0])),
    form("nan_to_num", "function", lambda t, x: t.nan_to_num(x) / 1e30, GAPS, order=0),
    form("nan_to_num", "given", lambda t, x: x.nan_to_num(nan=1.0, posinf=2.0, neginf=3.0) * 2, GAPS, order=0),
    form("nan_to_num", "integers", lambda t, k: t.nan_to_num(k), ints(5, 3)),
    form("diff", "function", lambda t, x: t.diff(x), X),
    form("diff", "twice along dim", lambda t, x: x.diff(n=2, dim=0), normal(4, 2)),
    form("cummin", "dim", lambda t, x: t.cummin(x, dim=1), distinct(2, 3)),
    form("cummin", "bytes", lambda t, k: k.cummin(0), BYTES),
    form("cummin", "ties", lambda t, x: x.cummin(0), given([1.0, 1.0, 2.0, 0.0, 0.0]), order=0),
    form("var_mean", "all", lambda t, x: t.var_mean(x), X),
    form("var_mean", "dim, kept", lambda t, x: t.var_mean(x, dim=1, keepdim=True, correction=0), X),
    form("tensordot", "two axes", lambda t, x, w: t.tensordot(x, w), normal(2, 3, 2), normal(3, 2, 4)),
    form("tensordot", "one axis", lambda t, x, w: t.tensordot(x, w, dims=1), X, normal(3, 2)),
    form("tensordot", "named axes", lambda t, x, w: t.tensordot(x, w, dims=([0, 2], [-1, 0])), normal(2, 3, 4),
         normal(4, 3, 2)),
    form("tensordot", "no axes", lambda t, x, w: t.tensordot(x, w, dims=0), X, normal(2)),
]  # fmt: skip

COUNTED = [
    form("count_nonzero", "all", lambda t, k: t.count_nonzero(k), ints(2, 3, 4)),
    form("count_nonzero", "dim", lambda t, k: k.count_nonzero(dim=1), ints(2, 3, 4)),
    form("histogram", "function", lambda t, x: list(t.histogram(x.detach(), bins=4)), normal(20)),
    form("histogram", "density", lambda t, x: list(x.detach().histogram(5, range=(-1.0, 2.0), density=True)),
         normal(4, 5)),
    form("histogram", "limits and weights", lambda t, x, b, w: list(t.histogram(x.detach(), b, weight=w.detach())),
         normal(9), constant(given([-1.0, 0.0, 0.5, 2.0])), positive(9)),
    form("bincount", "function", lambda t, k: t.bincount(k), ints(5, 9)),
    form("bincount", "as many as needed", lambda t, k: k.bincount(minlength=4), given([1, 0], "uint8")),
    form("bincount", "weights", lambda t, k, w: t.bincount(k, weights=w.detach()), ints(5, 4), positive(4)),
    form("unique", "function", lambda t, k: t.unique(k), ints(4, 2, 5)),
    form("unique", "everything", lambda t, k: t.unique(k, return_inverse=True, return_counts=True), ints(4, 2, 5)),
    form("unique", "counts along dim", lambda t, k: k.unique(dim=0, return_counts=True),
         given([[1, 2], [0, 1], [1, 2]])),
    form("isin", "function", lambda t, k: t.isin(k, t.tensor([1, 3])), ints(5, 2, 3)),
    form("isin", "a number, inverted", lambda t, k: t.isin(k, 2, invert=True), ints(3, 4)),
]  # fmt: skip

CERTAIN = [  # drawn at random, but of one result alone
    form("multinomial", "rows", lambda t, p: t.multinomial(p, num_samples=1), given([[0.0, 2.0], [1.0, 0.0]])),
    form("multinomial", "replacement", lambda t, p: p.multinomial(3, replacement=True), given([0.0, 0.5, 0.0])),
    form("multinomial", "rows, replacement", lambda t, p: t.multinomial(p, 2, True), given([[0.0, 2.0], [1.0, 0.0]])),
    form("bernoulli", "function", lambda t, p: t.bernoulli(p.detach()), given([0.0, 1.0])),
    form("bernoulli", "p", lambda t, p: p.detach().bernoulli(1.0), X),
]

CASES: list[Case] = [*SHAPES, *TYPES, *ENTRIES, *COUNTED, *CERTAIN]
