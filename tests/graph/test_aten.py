"""The table of ATen ops: each, recorded from one line of PyTorch, has PyTorch's value and gradients, in float64."""

import pytest

torch = pytest.importorskip("torch", reason="PyTorch records what runs here")

from tinygrad_tf import graph  # noqa: E402
from tinygrad_tf.graph.pytorch import ATEN  # noqa: E402

I = torch.tensor
IDS = I([[0, 2], [1, 2]])
MASK = I([[True, False, True], [False, False, True]])
M, V, S = (2, 3), (3,), ()
SHAPES = {  # an op, the shapes of its parameters (numbers in (0.2, 0.9)), and how it is called
    "linear.default": ([(2, 4), (3, 4), (3,)], lambda op, x, w, b: op(x, w, b)),
    "matmul.default": ([(2, 2, 3), (3, 4)], lambda op, x, w: op(x, w)),
    "mm.default": ([(2, 3), (3, 4)], lambda op, x, w: op(x, w)),
    "bmm.default": ([(2, 2, 3), (2, 3, 4)], lambda op, x, w: op(x, w)),
    "mv.default": ([M, V], lambda op, x, w: op(x, w)),
    "dot.default": ([V, V], lambda op, x, w: op(x, w)),
    "outer.default": ([V, V], lambda op, x, w: op(x, w)),
    "addmm.default": ([(4,), (2, 3), (3, 4)], lambda op, b, x, w: op(b, x, w, beta=2, alpha=3) + op(b, x, w)),
    "baddbmm.default": ([(2, 2, 4), (2, 2, 3), (2, 3, 4)], lambda op, b, x, w: op(b, x, w, beta=0.5, alpha=2)),
    "einsum.default": ([M, (3, 4)], lambda op, x, w: op("ij,jk->ki", [x, w])),
    "add.Tensor": ([M, V], lambda op, x, w: op(x, w, alpha=2) + op(x, 3)),
    "add.Scalar": ([M], lambda op, x: op(x, 2, 3)),
    "sub.Tensor": ([M, V], lambda op, x, w: op(x, w, alpha=2)),
    "sub.Scalar": ([M], lambda op, x: op(x, 2, 3) * x),
    "rsub.Scalar": ([M], lambda op, x: op(x, 2, 3)),
    "rsub.Tensor": ([M, V], lambda op, x, w: op(x, w, alpha=2)),
    "mul.Tensor": ([M, V], lambda op, x, w: op(op(x, w), 2)),
    "mul.Scalar": ([M], lambda op, x: op(x, 2)),
    "div.Tensor": ([M, V], lambda op, x, w: op(x, w)),
    "div.Scalar": ([M], lambda op, x: op(x, 3)),
    "addcmul.default": ([M, V, M], lambda op, x, a, b: op(x, a, b, value=2)),
    "addcdiv.default": ([M, V, M], lambda op, x, a, b: op(x, a, b, value=2)),
    "lerp.Scalar": ([M, M], lambda op, x, y: op(x, y, 0.3)),
    "lerp.Tensor": ([M, M, M], lambda op, x, y, w: op(x, y, w)),
    "pow.Tensor_Scalar": ([M], lambda op, x: op(x, 3)),
    "pow.Tensor_Tensor": ([M, V], lambda op, x, n: op(x, n)),
    "pow.Scalar": ([M], lambda op, x: op(2, x)),
    "cumsum.default": ([M], lambda op, x: op(x, 1)),
    "cumprod.default": ([M], lambda op, x: op(x, -1)),
    "remainder.Scalar": ([M], lambda op, x: op(x, 0.5)),
    "fmod.Scalar": ([M], lambda op, x: op(x, 0.5)),
    "atan2.default": ([M, V], lambda op, x, y: op(x, y)),
    "cummax.default": ([M], lambda op, x: op(x, 1)[0]),
    "cummin.default": ([M], lambda op, x: op(x, 1)[0]),
    "logcumsumexp.default": ([M], lambda op, x: op(x, 1)),
    "nan_to_num.default": ([M], lambda op, x: op(x)),
    "unfold.default": ([(2, 5)], lambda op, x: op(x, 1, 3, 2)),
    "index_add.default": ([M, (2, 2)], lambda op, x, y: op(x, 1, I([2, 2]), y, alpha=2)),
    "gelu.default": ([M], lambda op, x: op(x - 0.5) + op(x, approximate="tanh")),
    "elu.default": ([M], lambda op, x: op(x - 0.5, 0.7)),
    "celu.default": ([M], lambda op, x: op(x - 0.5, 0.7)),
    "leaky_relu.default": ([M], lambda op, x: op(x - 0.5, 0.2)),
    "prelu.default": ([(2, 3, 2), (3,)], lambda op, x, w: op(x - 0.5, w)),
    "softplus.default": ([M], lambda op, x: op(x, 2, 1)),
    "hardtanh.default": ([M], lambda op, x: op(x, 0.3, 0.6)),
    "glu.default": ([(2, 4)], lambda op, x: op(x)),
    "softmax.int": ([M], lambda op, x: op(x, 0)),
    "log_softmax.int": ([M], lambda op, x: op(x, 1)),
    "_softmax.default": ([M], lambda op, x: op(x, 1, False)),
    "_log_softmax.default": ([M], lambda op, x: op(x, 0, False)),
    "embedding.default": ([(3, 2)], lambda op, w: op(w, IDS) + op(w, IDS, 2)),
    "layer_norm.default": ([M, V, V], lambda op, x, w, b: op(x, [3], w, b, 1e-3) + op(x, [3])),
    "native_layer_norm.default": ([M, V, V], lambda op, x, w, b: op(x, [3], w, b, 1e-3)[0]),
    "rms_norm.default": ([M, V], lambda op, x, w: op(x, [3], w, 1e-3) + op(x, [3])),
    "dropout.default": ([(20, 20)], lambda op, x: op(x, 0.3, True) + op(x, 0.3, False) + op(x, 1.0, True)),
    "native_dropout.default": ([(20, 20)], lambda op, x: op(x, 0.3, True)[0]),
    "scaled_dot_product_attention.default": (
        [(2, 4, 3, 2), (2, 4, 3, 2), (2, 4, 3, 2), (3, 3)],
        lambda op, q, k, v, m: (
            op(q, k, v, m)
            + op(q, k, v, None, 0.0, True, scale=0.5)
            + op(q, k, v, I([[True, False, True], [True, True, True], [False, False, False]]))
            + op(q, k[:, :2], v[:, :2], None, 0.0, False, enable_gqa=True)
            + op(q, k, v, m, 0.4)
            + op(q, k, v, None, 0.4, True)
            + op(q, k[:, :2], v[:, :2], MASK[:1], 0.4, False, enable_gqa=True)
        ),
    ),
    "where.self": ([M, V], lambda op, x, y: op(MASK, x, y)),
    "where.ScalarOther": ([M], lambda op, x: op(MASK, x, 2.0)),
    "where.ScalarSelf": ([M], lambda op, x: op(MASK, 2.0, x)),
    "masked_fill.Scalar": ([M], lambda op, x: op(x, MASK, 5)),
    "masked_fill.Tensor": ([M, S], lambda op, x, c: op(x, MASK, c)),
    "masked_select.default": ([M], lambda op, x: op(x, MASK)),
    "clamp.default": ([M], lambda op, x: op(x, 0.4, 0.6) * op(x, None, 0.5)),
    "clamp.Tensor": ([M, V], lambda op, x, w: op(x, w)),
    "clamp_min.default": ([M], lambda op, x: op(x, 0.5)),
    "clamp_max.default": ([M], lambda op, x: op(x, 0.5)),
    "maximum.default": ([M, M], lambda op, x, y: op(x, y)),
    "minimum.default": ([M, M], lambda op, x, y: op(x, y)),
    "tril.default": ([(3, 3)], lambda op, x: op(x, -1) + op(x)),
    "triu.default": ([(3, 3)], lambda op, x: op(x, 1)),
    "view.default": ([M], lambda op, x: op(x, [3, -1]) * op(op(x, [2, 3]), [3, 2])),
    "reshape.default": ([M], lambda op, x: op(x, [-1])),
    "_unsafe_view.default": ([M], lambda op, x: op(x, [6])),
    "view_as.default": ([M], lambda op, x: op(x, torch.zeros(3, 2))),
    "flatten.using_ints": ([(2, 3, 2)], lambda op, x: op(x, 1)),
    "unflatten.int": ([(2, 6)], lambda op, x: op(x, -1, [2, 3])),
    "transpose.int": ([(2, 3, 4)], lambda op, x: op(x, 0, -1)),
    "t.default": ([M, V], lambda op, x, v: op(x) * op(v)[:, None]),
    "numpy_T.default": ([M], lambda op, x: op(x)),
    "mT.default": ([(2, 2, 3)], lambda op, x: op(x)),
    "permute.default": ([(2, 3, 4)], lambda op, x: op(x, [2, 0, 1])),
    "movedim.int": ([(2, 3, 4)], lambda op, x: op(x, 0, -1)),
    "squeeze.default": ([(2, 1, 3, 1)], lambda op, x: op(x)),
    "squeeze.dim": ([(2, 1, 3)], lambda op, x: op(x, 1) * op(x, 0)[:, 0]),
    "squeeze.dims": ([(2, 1, 3, 1)], lambda op, x: op(x, [0, 1, 3])),
    "unsqueeze.default": ([M], lambda op, x: op(x, -1)),
    "expand.default": ([(2, 1)], lambda op, x: op(x, [4, -1, 3])),
    "expand_as.default": ([(2, 1)], lambda op, x: op(x, torch.zeros(4, 2, 3))),
    "broadcast_to.default": ([(2, 1)], lambda op, x: op(x, [4, 2, 3])),
    "repeat.default": ([M], lambda op, x: op(x, [2, 1, 2])),
    "repeat_interleave.self_int": ([M], lambda op, x: op(x, 2, 1)),
    "flip.default": ([M], lambda op, x: op(x, [1])),
    "roll.default": ([M], lambda op, x: op(x, [1, 1], [0, 1]) + op(x, [2])),
    "diagonal.default": ([(3, 3)], lambda op, x: op(x, 1)),
    "constant_pad_nd.default": ([M], lambda op, x: op(x, [1, 2, 0, 1], 3.0)),
    "pad.default": ([M], lambda op, x: op(x, [1, 2])),
    "select.int": ([(2, 3, 2)], lambda op, x: op(x, 1, -1)),
    "slice.Tensor": ([(5, 2)], lambda op, x: op(x, 0, 1, 9223372036854775807, 2) * op(op(x, 1), 0, 1, 3)),
    "narrow.default": ([(5, 2)], lambda op, x: op(x, 0, 1, 3)),
    "index.Tensor": ([(3, 4)], lambda op, x: op(x, [None, I([0, 0, 3])]) + op(x, [I([1, 2, 1])])[:, :3]),
    "index_select.default": ([M], lambda op, x: op(x, 1, I([2, 0, 2]))),
    "gather.default": ([M], lambda op, x: op(x, 1, IDS)),
    "split.Tensor": ([(2, 5)], lambda op, x: (lambda a, b, c: a * b + c)(*op(x, 2, 1))),
    "split_with_sizes.default": ([(2, 5)], lambda op, x: op(x, [1, 4], -1)[1]),
    "split.sizes": ([(2, 5)], lambda op, x: op(x, [1, 4], -1)[1]),
    "chunk.default": ([(2, 4)], lambda op, x: (lambda a, b: a * b)(*op(x, 2, 1))),
    "unbind.int": ([M], lambda op, x: (lambda a, b, c: a * b - c)(*op(x, 1))),
    "cat.default": ([M, (2, 1)], lambda op, x, y: op([x, y], 1)),
    "stack.default": ([M, M], lambda op, x, y: op([x, y], 1)),
    "fill.Scalar": ([M], lambda op, x: x + op(x * 2, 3)),
    "fill.Tensor": ([M, S], lambda op, x, c: op(x, c)),
    "copy.default": ([M, V], lambda op, x, v: (x * 2).copy_(v) * x),
    "select_scatter.default": ([M, (2,)], lambda op, x, y: op(x, y, 1, -1)),
    "slice_scatter.default": ([(5, 2), (2, 2)], lambda op, x, y: op(x, y, 0, 1, None, 2)),
    "index_put.default": ([M, (2,)], lambda op, x, y: op(x, [I([0, 1]), I([2, 2])], y)
        * op(x, [I([0, 0])], y[:, None], True)),
    "scatter.src": ([M, (2, 2)], lambda op, x, y: op(x, 1, IDS, y)),
    "scatter.value": ([M], lambda op, x: op(x, 1, IDS, 3.0)),
    "scatter_add.default": ([M, (2, 2)], lambda op, x, y: op(x, 1, IDS, y)),
    "sum.dim_IntList": ([(2, 3, 4)], lambda op, x: op(x, [0, -1]) + op(x, [1], True).sum()),
    "mean.dim": ([(2, 3, 4)], lambda op, x: op(x, [0, -1]) + op(x, None)),
    "prod.dim_int": ([M], lambda op, x: op(x, 1, True)),
    "max.dim": ([M], lambda op, x: op(x, 1)[0]),
    "min.dim": ([M], lambda op, x: op(x, 0, True)[0]),
    "amax.default": ([M], lambda op, x: op(x, [1]) + op(x)),
    "amin.default": ([M], lambda op, x: op(x, [0], True)),
    "var.default": ([M], lambda op, x: op(x) + op(x, False)),
    "var.dim": ([M], lambda op, x: op(x, [1], False, True)),
    "var.correction": ([M], lambda op, x: op(x, [1]) + op(x, [1], correction=0) + op(x)),
    "std.default": ([M], lambda op, x: op(x)),
    "std.dim": ([M], lambda op, x: op(x, [1])),
    "std.correction": ([M], lambda op, x: op(x, [1], correction=0, keepdim=True)),
    "var_mean.correction": ([M], lambda op, x: (lambda v, m: v * m)(*op(x, [1], correction=0))),
    "logsumexp.default": ([M], lambda op, x: op(x, [1], True)),
    "norm.ScalarOpt_dim": ([M], lambda op, x: op(x, 2, [1], True)),
    "linalg_vector_norm.default": ([M], lambda op, x: op(x, 3, [1]) + op(x)),
    "sort.default": ([M], lambda op, x: op(x, 1, True)[0]),
    "topk.default": ([M], lambda op, x: op(x, 2)[0]),
    "cross_entropy_loss.default": (
        [(2, 3, 2), V], lambda op, x, w: op(x, IDS) + op(x, IDS, w.detach(), 2, 1, 0.1) + op(x, IDS, None, 0).sum()),
    "nll_loss_nd.default": ([(2, 3, 2)], lambda op, x: op(x.log(), IDS) + op(x, IDS, None, 2, 1)),
    "mse_loss.default": ([M, M], lambda op, x, y: op(x, y) + op(x, y, 2) + op(x, y, 0)),
    "l1_loss.default": ([M, M], lambda op, x, y: op(x, y, 0)),
    "smooth_l1_loss.default": ([M, M], lambda op, x, y: op(x, y, 2, 0.1)),
    "huber_loss.default": ([M, M], lambda op, x, y: op(x, y, 2, 0.1)),
    "binary_cross_entropy.default": ([M], lambda op, x: op(x, MASK.double())),
    "binary_cross_entropy_with_logits.default": ([M], lambda op, x: op(x, MASK.double(), None, I([1.0, 2.0, 3.0]), 2)),
    "kl_div.default": ([M, M], lambda op, x, y: op(x.log(), y.detach(), 2) + op(x, y.detach(), 1, log_target=True)),
    "to.dtype": ([M], lambda op, x: op(op(x, torch.float32), torch.float64)),
    "to.dtype_layout": ([M], lambda op, x: op(x, dtype=torch.float32, layout=torch.strided)),
    "to.device": ([M], lambda op, x: op(x, "cpu", torch.float32)),
    "to.other": ([M], lambda op, x: op(x, torch.zeros(2))),
    "type_as.default": ([M], lambda op, x: op(x, torch.zeros(2))),
    "_to_copy.default": ([M], lambda op, x: op(x, dtype=torch.float32)),
}  # fmt: skip
ONE = [  # of one input, entry by entry, or without arguments
    "neg", "abs", "reciprocal", "square", "sqrt", "rsqrt", "exp", "exp2", "expm1", "log", "log1p", "log2", "log10",
    "floor", "ceil", "trunc", "round", "sign", "erf", "sin", "cos", "tan", "sinh", "cosh", "atan", "relu", "silu",
    "tanh", "sigmoid", "selu", "relu6", "mish",
    "hardswish", "hardsigmoid", "log_sigmoid", "sum", "mean", "prod", "max", "min", "contiguous", "clone", "alias",
    "lift_fresh_copy",
]  # fmt: skip
ROWS = {**{f"{name}.default": ([M], lambda op, x: op(x - 0.1) + x.sum()) for name in ONE}, **SHAPES}


class Line(torch.nn.Module):
    def __init__(self, shapes, write):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        made = [0.2 + 0.7 * torch.rand(shape, generator=generator, dtype=torch.float64) for shape in shapes]
        self.weights = torch.nn.ParameterList(made)
        self.write = write

    def forward(self):
        return self.write(*self.weights)


def test_every_op_has_a_row():
    assert {f"aten.{name}" for name in ROWS} == set(ATEN)


@pytest.mark.parametrize("name", ROWS)
def test_an_op_has_pytorchs_value_and_gradients(name, monkeypatch):
    calls, ours = [], ATEN[f"aten.{name}"]
    monkeypatch.setitem(ATEN, f"aten.{name}", lambda *args, **kwargs: calls.append(name) or ours(*args, **kwargs))
    short, overload = name.split(".")
    op = getattr(getattr(torch.ops.aten, short), overload)
    shapes, write = ROWS[name]
    graph.from_torch(Line(shapes, lambda *weights: write(op, *weights)))  # which compares
    assert calls, f"{name} was recorded as something else"


@pytest.mark.parametrize("wrong", [lambda Y: Y * (1 + 1e-6), lambda Y: Y.astype("float32"), lambda Y: Y[:1]],
                         ids=["entry", "type", "shape"])  # fmt: skip
def test_a_wrong_row_is_found(wrong, monkeypatch):
    tanh = ATEN["aten.tanh.default"]
    monkeypatch.setitem(ATEN, "aten.tanh.default", lambda X: wrong(tanh(X)))
    with pytest.raises(RuntimeError, match=r"aten\.tanh\.default in .*torch.tanh\(x\).*\(test_aten.py, line \d+\)"):
        graph.from_torch(Line([M], lambda x: torch.tanh(x)))


def test_a_wrong_gradient_is_found(monkeypatch):
    monkeypatch.setitem(ATEN, "aten.tanh.default", lambda X: X.tanh() + (X - X.detach()) * 1e-5)
    with pytest.raises(RuntimeError, match=r"the gradient of weights\.0: .* here, .* in PyTorch, apart by "):
        graph.from_torch(Line([M], lambda x: torch.tanh(x)))
