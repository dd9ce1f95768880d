"""A fused op is written three times: definition, rule and kernel. They are one function, in any layout of arrays."""

import importlib
import math

import numpy as np
import pytest
from cases import engine_ops
from cases.fused import CASES

from tinygrad_tf import Tensor, gelu, grad, kernels
from tinygrad_tf.autograd.operation import fit
from tinygrad_tf.autograd.walk import reachable
from tinygrad_tf.kernels.erf import erf
from tinygrad_tf.sums import column_sums, row_sums

ROWS = [c for c in CASES if c.note not in ("evaluation", "everything")]  # dropout that drops nothing, or all
#: float64's atol is for gelu far below 0: there x · (1 + erf(x/√2)) keeps what NumPy's erf is off, 2e-14, times x.
#: Numba's erfc loses nothing; everything else is within 1e-13.
CLOSE = {np.float32: {"rtol": 2e-5, "atol": 2e-6}, np.float64: {"rtol": 1e-11, "atol": 1e-12}}


@pytest.fixture(params=["numpy", "compiled", "compiled and shared"])
def kernel_set(request, monkeypatch):
    """One of the sets of kernels, the compiled ones in one thread or cut into pieces."""
    if request.param == "numpy":
        yield request.param
        return
    pytest.importorskip("numba", reason='the compiled kernels need Numba: pip install "tinygrad_tf[fast]"')
    team = importlib.import_module("tinygrad_tf.kernels.compiled.team")
    monkeypatch.setattr(team, "WORTH", 0 if request.param == "compiled and shared" else 10**12)
    monkeypatch.setattr(team, "pieces", lambda work: 2 if work > team.WORTH else 1)
    with kernels.use("compiled"):
        yield request.param


FLOATS = {dtype.__name__: dtype for dtype in CLOSE}
# The code that cuts work into pieces is the same for both types, and slow to compile.
SETS = {f"{name}-{dtype}": (name, FLOATS[dtype]) for name in ("numpy", "compiled", "compiled and shared")
        for dtype in FLOATS if (name, dtype) != ("compiled and shared", "float64")}  # fmt: skip
every_set = pytest.mark.parametrize("kernel_set, dtype", SETS.values(), ids=SETS, indirect=["kernel_set"])
every_row = pytest.mark.parametrize("case", ROWS, ids=lambda c: c.id)
every_float = pytest.mark.parametrize("dtype", CLOSE, ids=lambda d: d.__name__)


def strided(a):
    """The same entries at other places in memory: every second of a larger array, from the back."""
    room = np.full([2 * n + 1 for n in a.shape], 7, a.dtype)
    view = room[(..., *[slice(2 * n, 0, -2) for n in a.shape])]
    view[...] = a
    return view


def stretched(a):
    """One number of it, stretched to the same shape without memory of its own."""
    return np.broadcast_to(a.reshape(-1)[:1].reshape((1,) * a.ndim), a.shape)


#: How arrays may lie in memory otherwise than in order.
LAYOUTS = {
    "columns first": lambda a: np.array(a, order="F"),
    "strided": strided,
    "stretched": stretched,
    "bytes the other way round": lambda a: a.astype(a.dtype.newbyteorder()),
}
#: Rows that together reach every line of both sets of kernels, whichever way their arrays lie.
IN_ANY_LAYOUT = {
    "softmax": ["last axis", "first axis"],
    "log_softmax": ["last axis", "no axes", "far out"],
    "layer_norm": ["weight and bias", "plain", "two axes, eps"],
    "rms_norm": ["weight", "plain"],
    "silu": ["both signs", "no axes"],
    "gelu": ["exact", "no axes"],
    "gelu_tanh": ["by gelu", "no axes"],
    "linear": ["weight and bias", "a batch"],
    "embedding": ["padding"],
    "dropout": ["training"],
    "attention": [
        "boolean mask",
        "heads of a batch",
        "float mask with a gradient",
        "causal with a float mask",
        "heads of eight columns, causal",
    ],
    "scaled_dot_product_attention": ["dropout", "everything dropped", "dropout, eight columns"],
    "cross_entropy": ["none", "all at once, sum", "one row, none", "positions"],
}
FEW_ROWS = [c for c in ROWS if c.note in IN_ANY_LAYOUT.get(c.op, ())]
few_rows = pytest.mark.parametrize("case", FEW_ROWS, ids=lambda c: c.id)


class Node:
    """One fused node of a row, its arrays in some layout, none of which may be written to."""

    def __init__(self, Y: Tensor, layout=np.copy) -> None:
        self.op, self.params = Y.op, Y.params
        self.arrays = [frozen(layout(x.array)) for x in Y.inputs]
        self.needs = tuple(x.requires_grad for x in Y.inputs)
        self.dY = frozen(layout(np.asarray(np.random.default_rng(4).standard_normal(Y.shape), Y.dtype)))
        self.Y, self.saved = (frozen(made) for made in self.op.kernel.forward(*self.arrays, **self.params))

    def by_kernel(self, needs=None):
        needs = needs or self.needs
        return self.fitted(
            self.op.kernel.backward(self.dY, self.Y, self.saved, needs, *self.arrays, **self.params), needs
        )

    def by_rule(self, kind=np.asarray):
        dY, Y, *inputs = (kind(a) for a in (self.dY, self.Y, *self.arrays))
        return self.fitted(self.op.backward.slice(self.needs)(dY, Y, *inputs, **self.params), self.needs)

    def by_definition(self):
        xs = [Tensor(a, requires_grad=need) for a, need in zip(self.arrays, self.needs, strict=True)]
        dxs = grad(self.op.forward(*xs, **self.params), [x for x in xs if x.requires_grad], self.dY)
        return [dx.array for dx in dxs]

    def fitted(self, gradients, needs):
        """What the engine makes of the gradients, of those inputs that want one."""
        triples = list(zip(gradients, self.arrays, needs, strict=False))
        assert all(need or dX is None for dX, _, need in triples)
        sent = [fit(dX, Tensor.wrap(x), self.op) for dX, x, need in triples if need]
        return [dX.array if isinstance(dX, Tensor) else np.asarray(dX) for dX in sent]


def frozen(made):
    """The same array, or the arrays of the same tuple, closed to writing."""
    if isinstance(made, tuple):
        return tuple(frozen(part) for part in made)
    if not isinstance(made, (np.ndarray, np.generic)):
        return made
    made = np.asarray(made).view()
    made.flags.writeable = False
    return made


def fused_nodes(case, dtype, layout=np.copy):
    found = [Node(Y, layout) for Y in reachable(case.run(dtype)[1]) if Y.op is not None and Y.op.kernel is not None]
    assert found
    return found


def assert_same(ours, expected, dtype, layout=""):
    """Numbers, shapes and types; where bytes lie the other way round, what is made of them may have either order."""
    for dX, other in zip(ours, expected, strict=True):
        np.testing.assert_allclose(dX, other, **CLOSE[dtype], err_msg=layout, strict="bytes" not in layout)


def assert_any_layout(case, dtype):
    """In every layout the kernels give the value of the definition and the gradient of the rule."""
    for name, layout in LAYOUTS.items():
        for node in fused_nodes(case, dtype, layout):
            assert_same([node.Y], [by_definition(node)], dtype, name)
            assert_same(node.by_kernel(), node.by_rule(), dtype, name)


def by_definition(node):
    with np.errstate(invalid="ignore"):  # the mean of no rows
        return np.asarray(node.op.forward(*node.arrays, **node.params))


def test_every_op_with_a_kernel_has_a_row():
    fused = {o for o in engine_ops() if o.kernel is not None}
    for rows in (ROWS, FEW_ROWS):
        assert {node.op for case in rows for node in fused_nodes(case, np.float64)} == fused
    assert len(FEW_ROWS) == sum(map(len, IN_ANY_LAYOUT.values()))


@every_row
@every_set
def test_kernel_has_the_value_of_the_definition(case, dtype, kernel_set):
    for node in fused_nodes(case, dtype):
        assert_same([node.Y], [by_definition(node)], dtype)


@every_row
@every_set
def test_kernel_has_the_gradient_of_the_rule(case, dtype, kernel_set):
    for node in fused_nodes(case, dtype):
        assert_same(node.by_kernel(), node.by_rule(), dtype)


@few_rows
@every_set
def test_kernel_takes_arrays_in_any_layout(case, dtype, kernel_set):
    assert_any_layout(case, dtype)


@every_row
@every_float
def test_rule_is_the_same_on_tensors(case, dtype):
    for node in fused_nodes(case, dtype):
        assert_same(node.by_rule(Tensor), node.by_rule(), dtype)


@pytest.mark.parametrize("case", [c for c in ROWS if c.order], ids=lambda c: c.id)
@every_float
def test_definition_differentiated_gives_the_rule(case, dtype):
    for node in fused_nodes(case, dtype):
        assert_same(node.by_rule(), node.by_definition(), dtype)


@few_rows
def test_kernel_gives_the_same_twice(case, kernel_set):
    for node in fused_nodes(case, np.float64):
        for first, second in zip(node.by_kernel(), node.by_kernel(), strict=True):
            np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("case", [c for c in ROWS if sum(x.requires_grad for x in c.tensors()) > 1], ids=lambda c: c.id)
def test_kernel_computes_only_what_is_needed(case, kernel_set):
    # a float mask's own gradient takes attention to NumPy's kernel, which adds up in another order: 5e-15
    assert_only_what_is_needed(case, kernel_set, {"rtol": 1e-14})


def assert_only_what_is_needed(case, kernel_set, close):
    """A gradient that is asked for alone is that of all together, ``close`` in float64; the others are not made."""
    shared = kernel_set == "compiled and shared"  # in float32, for which it is compiled anyway
    for node in fused_nodes(case, np.float32 if shared else np.float64):
        wanted = [i for i, need in enumerate(node.needs) if need]
        for i, whole in zip(wanted, node.by_kernel(), strict=True):
            alone = node.by_kernel(tuple(i == j for j in range(len(node.needs))))
            np.testing.assert_allclose(alone, [whole], **(CLOSE[np.float32] if shared else close))


@pytest.mark.parametrize("dtype, off", [(np.float64, 2e-14), (np.float32, 3e-7)], ids=["float64", "float32"])
def test_erf_is_as_exact_as_it_says(dtype, off):
    x = np.concatenate([np.linspace(-8, 8, 4001), [0.0, 1e-300, -1e-20, 1e10, np.inf, -np.inf]]).astype(dtype)
    y = erf(x)
    assert y.dtype == dtype
    assert np.abs(y - np.array([math.erf(v) for v in x.tolist()])).max() <= off
    assert np.isnan(erf(np.array([np.nan], dtype)))


@every_float
def test_erf_stays_within_1_so_that_gelu_ends_at_0(dtype, kernel_set):
    x = np.concatenate([np.linspace(-60, 60, 4001), [-np.inf, np.inf]]).astype(dtype)
    assert (abs(erf(x)) <= 1).all()
    y = gelu(Tensor(x[:2000])).array
    assert ((y <= 0) & (y >= -0.17)).all()
    assert (abs(y[x[:2000] < -20]) <= 1e-80).all()


@pytest.mark.parametrize("sums, axis", [(row_sums, 1), (column_sums, 0)])
def test_sums_by_product_give_nan_without_a_warning(sums, axis):
    X = np.array([[np.inf, 1, 2], [-np.inf, np.nan, 3], [np.inf, 4, -5]], np.float32)
    with np.errstate(all="raise"):
        found = sums(X if axis == 0 else X.T)
    np.testing.assert_array_equal(found.ravel(), [np.nan, np.nan, 0])
