"""Formulas: what they say is what ran, and they say it in the user's names."""

import numpy as np
import pytest
from cases import CASES
from numbers_of import Numbers

import tinygrad_tf
from tinygrad_tf import Tensor
from tinygrad_tf.autograd.operation import op
from tinygrad_tf.autograd.walk import steps
from tinygrad_tf.formula import forward_formula, gradient_formula, rules
from tinygrad_tf.graph.capture import capture
from tinygrad_tf.graph.flow import record
from tinygrad_tf.kernels.keep import Keep
from tinygrad_tf.ops import fused


def leaf(*shape, name=None):
    return Tensor(np.random.default_rng(0).uniform(0.5, 1, shape), requires_grad=True, name=name)


def formulas(Y):
    """The gradient formulas of a Tensor's op, one for each input that requires a gradient."""
    return [str(gradient_formula(Y, i)) for i, x in enumerate(Y.inputs) if x.requires_grad]


X, W, b, rows = leaf(4, 3, name="X"), leaf(3, 5, name="W_q"), leaf(3, name="b"), np.array([1, 0])
ids = Tensor(np.array([1, 0, 1]), name="ids")
Q, K, V = leaf(2, 4, 8, name="Q"), leaf(2, 4, 8, name="K"), leaf(2, 4, 8, name="V")

TEXTS = {
    "matmul": (lambda: X @ W, "Y = X · W_q", ["dX = dY · W_qᵀ", "dW_q = Xᵀ · dY"]),
    "matmul, batch": (lambda: leaf(2, 4, 3) @ W, "Y = X · W_q", ["dX = dY · W_qᵀ", "dW_q = Σ(Xᵀ · dY, axis=0)"]),
    "add, broadcast": (lambda: X + b, "Y = X + b", ["dX = dY", "db = Σ(dY, axis=0)"]),
    "subtract": (lambda: X - b, "Y = X − b", ["dX = dY", "db = Σ(−dY, axis=0)"]),
    "add, no name": (lambda: X + leaf(4, 3), "Y = X + Z", ["dX = dY", "dZ = dY"]),
    "subtract, no name": (lambda: X - leaf(4, 3), "Y = X − Z", ["dX = dY", "dZ = −dY"]),
    "multiply": (lambda: X * leaf(4, 3), "Y = X ⊙ W", ["dX = dY ⊙ W", "dW = dY ⊙ X"]),
    "multiply, number": (lambda: X * 0.5, "Y = 0.5 · X", ["dX = 0.5 · dY"]),
    "multiply, itself": (lambda: X * X, "Y = X ⊙ X", ["dX = dY ⊙ X", "dX = dY ⊙ X"]),
    "divide": (lambda: X / 2, "Y = X / 2", ["dX = dY / 2"]),
    "divide, below": (lambda: 1 / X, "Y = 1 / X", ["dX = −dY ⊙ (Y / X)"]),
    "power": (lambda: X**3, "Y = X³", ["dX = 3 · dY ⊙ X²"]),
    "power, below 0": (lambda: X**-1, "Y = X⁻¹", ["dX = −dY ⊙ X⁻²"]),
    "power, root": (lambda: X**0.5, "Y = √X", ["dX = 0.5 · dY ⊙ X^(−0.5)"]),
    "negative": (lambda: -X, "Y = −X", ["dX = −dY"]),
    "absolute": (lambda: abs(X), "Y = |X|", ["dX = dY ⊙ sign(X)"]),
    "exp": (lambda: X.exp(), "Y = exp(X)", ["dX = dY ⊙ Y"]),
    "log": (lambda: X.log(), "Y = log(X)", ["dX = dY / X"]),
    "sqrt": (lambda: X.sqrt(), "Y = √X", ["dX = dY / (2 · Y)"]),
    "tanh": (lambda: X.tanh(), "Y = tanh(X)", ["dX = dY ⊙ (1 − Y ⊙ Y)"]),
    "sigmoid": (lambda: X.sigmoid(), "Y = {1 if X ≥ 0, else E} / (1 + E)", ["dX = dY ⊙ Y ⊙ (1 − Y)"]),
    "logaddexp": (
        lambda: X.logaddexp(leaf(4, 3)), "Y = logaddexp(X, W)",
        ["dX = dY ⊙ sigmoid(X − W)", "dW = dY ⊙ sigmoid(W − X)"]),
    "hypot": (lambda: X.hypot(4.0), "Y = hypot(X, 4)", ["dX = dY ⊙ (X / Y)"]),
    "arccosh": (lambda: (X + 1).acosh(), "Y = arccosh(X)", ["dX = dY / √((X − 1) ⊙ (X + 1))"]),
    "relu": (lambda: X.relu(), "Y = max(X, 0)", ["dX = {dY if X > 0, else 0}"]),
    "maximum": (lambda: tinygrad_tf.maximum(X, 1.0), "Y = max(X, 1)", ["dX = {0 if X < 1, else shared}"]),
    "where": (lambda: tinygrad_tf.where(X.array > 1, X, 0.0), "Y = {X if C, else 0}", ["dX = {dY if C, else 0}"]),
    "sum": (lambda: X.sum(), "Y = Σ(X)", ["dX = broadcast(dY)"]),
    "sum, axis": (lambda: X.sum(axis=1), "Y = Σ(X, axis=1)", ["dX = broadcast(dY)"]),
    "mean": (lambda: X.mean(), "Y = mean(X)", ["dX = broadcast(dY / 12)"]),
    "mean, axis": (lambda: X.mean(axis=0), "Y = mean(X, axis=0)", ["dX = broadcast(dY / 4)"]),
    "max": (lambda: X.max(axis=1), "Y = max(X, axis=1)", ["dX = {dY / Σ(ties, axis=1) if ties, else 0}"]),
    "reshape": (lambda: X.reshape(3, 4), "Y = reshape(X)", ["dX = reshape(dY)"]),
    "transpose": (lambda: X.T, "Y = Xᵀ", ["dX = dYᵀ"]),
    "swap of the last axes": (lambda: K.mT, "Y = Kᵀ", ["dK = dYᵀ"]),
    "permute": (lambda: K.permute(1, 2, 0), "Y = permute(K, (1, 2, 0))", ["dK = permute(dY, (2, 0, 1))"]),
    "broadcast_to": (lambda: leaf(3, 1).expand(3, 4), "Y = broadcast(X)", ["dX = Σ(dY, axis=1)"]),
    "getitem": (lambda: X[:, 1:3], "Y = X[:, 1:3]", ["dX = scatter(dY at [:, 1:3])"]),
    "getitem, one": (lambda: X[0], "Y = X[0]", ["dX = scatter(dY at [0])"]),
    "getitem, Tensor": (lambda: X[ids], "Y = X[ids]", ["dX = scatter(dY at [ids])"]),
    "getitem, list": (lambda: X[[1, 0]], "Y = X[[1, 0]]", ["dX = scatter(dY at [[1, 0]])"]),
    "concatenate": (
        lambda: tinygrad_tf.concatenate([X, leaf(2, 3)]), "Y = concatenate(X, X2, axis=0)",
        ["dX = dY[0:4]", "dX2 = dY[4:6]"]),
    "softmax": (lambda: X.softmax(), "Y = E / Σ(E, axis=-1)", ["dX = Y ⊙ (dY − Σ(dY ⊙ Y, axis=-1))"]),
    "log_softmax": (
        lambda: X.log_softmax(), "Y = Z − log(Σ(exp(Z), axis=-1))", ["dX = dY − exp(Y) ⊙ Σ(dY, axis=-1)"]),
    "gelu": (lambda: fused.gelu(X), "Y = X ⊙ (1 + erf(X / √2)) / 2", ["dX = dY ⊙ (Φ + X ⊙ φ)"]),
    "layer_norm": (
        lambda: fused.layer_norm(X, 3, leaf(3), b), "Y = (Z / √(mean(Z ⊙ Z, axis=-1) + 1e-05)) ⊙ W + b",
        ["dX = (dXhat − mean(dXhat, axis=-1) − along) / std", "dW = Σ(dY ⊙ Xhat, axis=0)", "db = Σ(dY, axis=0)"]),
    "linear": (
        lambda: fused.linear(X, leaf(5, 3), leaf(5)), "Y = X · Wᵀ + b",
        ["dX = dY · W", "dW = dYᵀ · X", "db = Σ(dY, axis=0)"]),
    "linear, no bias": (lambda: fused.linear(X, leaf(5, 3)), "Y = X · Wᵀ", ["dX = dY · W", "dW = dYᵀ · X"]),
    "embedding": (lambda: fused.embedding(ids, W), "Y = W_q[ids]", ["dW_q = scatter(dY at [ids])"]),
    "dropout": (
        lambda: fused.dropout(X, 0.1), "Y = {X / 0.9 if keep, else 0}", ["dX = {dY / 0.9 if keep, else 0}"]),
    "attention": (
        lambda: fused.attention(Q, K, V), "Y = softmax(Q · Kᵀ / √8) · V",
        ["dQ = dS · K / √8", "dK = dSᵀ · Q / √8", "dV = Pᵀ · dY"]),
}  # fmt: skip


@pytest.mark.parametrize("case", TEXTS.values(), ids=TEXTS)
def test_text(case):
    make, forward, gradients = case
    Y = make()
    assert str(forward_formula(Y)) == forward
    assert formulas(Y) == gradients


@pytest.mark.parametrize(
    ("make", "i", "lines"),
    [
        (lambda: fused.gelu(X), 0, ["Φ = (1 + erf(X / √2)) / 2", "φ = exp(−X ⊙ X / 2) / √(2 · π)"]),
        (lambda: fused.attention(Q, K, V), 0,
         ["P = softmax(Q · Kᵀ / √8)", "dP = dY · Vᵀ", "dS = P ⊙ (dP − Σ(dP ⊙ P, axis=-1))"]),
        (lambda: fused.attention(Q, K, V), 2, ["P = softmax(Q · Kᵀ / √8)"]),
        (lambda: fused.layer_norm(X, 3), 0,
         ["Z = X − mean(X, axis=-1)", "std = √(mean(Z ⊙ Z, axis=-1) + 1e-05)", "Xhat = Z / std",
          "along = Xhat ⊙ mean(dY ⊙ Xhat, axis=-1)"]),
        (lambda: tinygrad_tf.maximum(X, 1.0), 0, ["shared = {dY / 2 if X = 1, else dY}"]),
    ],
)  # fmt: skip
def test_helper_lines_are_those_that_the_gradient_needs(make, i, lines):
    assert gradient_formula(make(), i).where_lines() == lines


#: A formula leaves out what keeps a rule from NaN: 0 · 0⁻¹ counts as 0.
EXCEPT = {"power: 0 ** 0"}


@pytest.mark.parametrize("case", [c for c in CASES if c.differentiable and c.id not in EXCEPT], ids=lambda c: c.id)
def test_every_rule_computes_what_its_formula_says(case):
    _, outputs = case.run()
    seeds = [np.random.default_rng(1).standard_normal(y.shape) for y in outputs]
    checked = 0
    for Y, dY, sent in steps(outputs, seeds):
        arrived = iter(sent)
        for i, x in enumerate(Y.inputs):
            if Y.op is None or not x.requires_grad:
                continue
            names = {t.number: f"t{t.number}" for t in (*Y.inputs, Y) if t.ndim or t.requires_grad}
            known = {name: t.array for t in (*Y.inputs, Y) if (name := names.get(t.number))}
            known |= {k: np.asarray(v) for k, v in Y.params.items() if isinstance(v, (np.ndarray, Keep))}
            known[f"d{names[Y.number]}"] = dY
            known |= {k: v.array for k, v in Y.params.items() if isinstance(v, Tensor)}
            f = gradient_formula(Y, i, names)
            assert not f.note
            assert str(f.left) == f"d{names[x.number]}"
            with np.errstate(all="ignore"):
                said = np.asarray(Numbers(known).formula(f)).reshape(x.shape)
            close = 1e-9 if Y.dtype == np.float64 else 1e-6
            np.testing.assert_allclose(said, next(arrived)[1], rtol=close, atol=close)
            checked += 1
    assert checked


#: A formula leaves out what keeps a rule from NaN: 0 · 0⁻¹ counts as 0.
EXCEPT = {"power: 0 ** 0"}


@pytest.mark.parametrize("case", [c for c in CASES if c.differentiable], ids=lambda c: c.id)
def test_every_forward_computes_what_its_formula_says(case):
    _, outputs = case.run()
    for Y, _, _ in steps(outputs, [np.ones(y.shape) for y in outputs]):
        if Y.op is None:
            continue
        names = {t.number: f"t{t.number}" for t in (*Y.inputs, Y) if t.ndim or t.requires_grad}
        known = {name: t.array for t in Y.inputs if (name := names.get(t.number))}
        known |= {k: getattr(v, "data", v) if isinstance(v, Tensor) else v for k, v in Y.params.items()}
        f = forward_formula(Y, names)
        assert not f.note
        with np.errstate(all="ignore"):
            said = np.asarray(Numbers(known).formula(f)).reshape(Y.shape)
        np.testing.assert_allclose(said, Y.array, rtol=1e-6, atol=1e-9)


# ---- names ----------------------------------------------------------------------------------------------------------


def test_the_output_goes_by_its_name():
    Y = X @ W
    Y.name = "Q"
    assert formulas(Y) == ["dX = dQ · W_qᵀ", "dW_q = Xᵀ · dQ"]


@pytest.mark.parametrize(
    ("name", "shown", "gradient"),
    [
        ("layers.0.weight", "layers.0.weight", "d layers.0.weight"),
        ("two words", "two words", "d two words"),
        ("a_name_that_is_much_too_long", "a_name_that_is_much_too_long", "da_name_that_is_much_too_long"),
        ("", "W", "dW"),
    ],
)
def test_a_name_is_used_as_it_is(name, shown, gradient):
    assert formulas(X @ leaf(3, 5, name=name)) == [f"dX = dY · {shown}ᵀ", f"{gradient} = Xᵀ · dY"]


def test_a_letter_that_is_a_name_gets_a_number():
    assert formulas(leaf(2, 3, name="Y") @ leaf(3, 2)) == ["dY = dY2 · Wᵀ", "dW = Yᵀ · dY2"]


def test_with_the_names_of_a_graph_no_letter_of_a_rule_stands_in_for_a_tensor():
    Y = X @ W
    assert str(gradient_formula(Y, 0, {X.number: "X", W.number: "W_q", Y.number: "A₁", -1: "Y"})) == "dX = dA₁ · W_qᵀ"


def test_a_helper_line_that_is_called_like_a_tensor_elsewhere_in_the_graph_is_written_out():
    Y = fused.attention(Q, K, V)
    names = {Q.number: "Q", K.number: "K", V.number: "V", Y.number: "Y"}
    assert [line[:2] for line in gradient_formula(Y, 0, names).where_lines()] == ["P ", "dP", "dS"]
    assert [line[:2] for line in gradient_formula(Y, 0, {**names, -1: "S"}).where_lines()] == ["P ", "dP"]


def test_a_name_that_occurs_twice_gets_a_number():
    Y = leaf(3, name="h").relu()
    Y.name = "h"
    assert formulas(Y) == ["dh = {dh2 if h > 0, else 0}"]


def test_a_helper_line_that_is_called_like_a_tensor_is_written_out():
    f = gradient_formula(fused.attention(leaf(2, 4, 8, name="P"), K, V), 0)
    assert str(f) == "dP = dS · K / √8"
    assert f.where_lines() == ["dS = softmax(P · Kᵀ / √8) ⊙ (dY · Vᵀ − Σ((dY · Vᵀ) ⊙ softmax(P · Kᵀ / √8), axis=-1))"]


def test_chinese_names():
    assert formulas(leaf(2, 3, name="输入") @ leaf(3, 2, name="权重")) == ["d输入 = dY · 权重ᵀ", "d权重 = 输入ᵀ · dY"]


# ---- ops that users make --------------------------------------------------------------------------------------------


def slope(Z, beta):
    s = 1 / (1 + np.exp(-beta * Z))
    return s + beta * Z * s * (1 - s)


@op
def swish(Z, *, beta=1.0):
    """Y = Z · sigmoid(βZ)."""
    return Z / (1 + np.exp(-beta * Z))


@swish.rule
def d_swish(dY, Y, Z, *, beta):
    dZ = dY * slope(Z, beta)
    return dZ


def test_an_op_of_the_user_and_its_helper_function():
    Y = swish(leaf(3, name="h"), beta=1.5)
    f = gradient_formula(Y, 0)
    assert str(forward_formula(Y)) == "Y = h / (1 + exp(−1.5 · h))"
    assert [str(f), *f.where_lines()] == [
        "dh = dY ⊙ (s + 1.5 · h ⊙ s ⊙ (1 − s))",
        "s = 1 / (1 + exp(−1.5 · h))",
    ]


def test_params_that_make_a_factor_1_leave_it_out():
    assert gradient_formula(swish(leaf(3, name="h")), 0).where_lines() == ["s = 1 / (1 + exp(−h))"]


@op
def scaled(A, B):
    return A * B


@scaled.rule
def d_scaled(g, out, first, second):
    return g * second, g * first


def test_the_parameters_of_a_rule_may_have_any_names():
    assert formulas(scaled(leaf(3), leaf(3))) == ["dfirst = dout ⊙ second", "dsecond = dout ⊙ first"]


@op
def weighed(X, *, n=3, sign=-1):
    return X * n * sign


@weighed.rule
def d_weighed(dY, Y, X, *, n, sign):
    if sign < 0:
        g = -dY
    else:
        g = dY
    g *= n
    return g


def test_choices_that_hang_on_params_are_made():
    assert formulas(weighed(leaf(2))) == ["dX = −3 · dY"]
    assert formulas(weighed(leaf(2), sign=1)) == ["dX = 3 · dY"]


@op
def repeated(X, *, n):
    return X * n


@repeated.rule
def d_repeated(dY, Y, X, *, n):
    dX = dY * 0
    for _ in range(n):
        dX = dX + dY
    return dX


def test_what_a_formula_cannot_say_is_shown_as_code():
    f = gradient_formula(repeated(leaf(2), n=2), 0)
    assert str(f) == "dX = d_repeated(dY, Y, X)"
    assert "for _ in range(n):" in f.note


def without_source(code):
    space = {"op": op}
    exec(code, space)
    return space["f"]


@pytest.mark.parametrize(
    "f",
    [
        without_source("@op\ndef f(X): return X * 2\n@f.rule\ndef d_f(dY, Y, X): return dY * 2"),
        without_source("@op\ndef f(X): return X * 2\nf.rule(lambda dY, Y, X: dY * 2)"),
    ],
    ids=["generated", "lambda"],
)
def test_a_rule_without_source_says_so(f):
    formula = gradient_formula(f(leaf(2)), 0)
    assert str(formula).startswith("dX = ")
    assert "cannot be read" in formula.note


@op
def matmul(P, Q):
    while True:  # which no formula can say
        return P.dot(Q)


@matmul.rule
def d_matmul(dY, Y, P, Q):
    dP = dY @ Q.mT
    dQ = P.mT @ dY
    return dP, dQ


def test_an_op_of_the_user_s_that_bears_the_name_of_one_of_ours_has_its_own_formula():
    P, W = Tensor(np.ones((2, 3)), name="P"), Tensor(np.ones((3, 2)), name="W", requires_grad=True)
    assert str(forward_formula(matmul(P, W))) == "Y = matmul(P, W)"


def test_the_rule_of_an_op_with_many_inputs_is_read_once_in_a_graph(monkeypatch):
    asked, lines = [], rules._lines
    monkeypatch.setattr(rules, "_lines", lambda rule, needs: asked.append(needs) or lines(rule, needs))
    xs = [Tensor([1.0 * k], requires_grad=True) for k in range(20)]
    flow = record(capture(tinygrad_tf.concatenate(xs).sum()))
    assert [str(f.right) for f in flow.rules.values()][:3] == ["dA₂₀[0:1]", "dA₂₀[1:2]", "dA₂₀[2:3]"]
    assert len(asked) == 2


def test_of_many_inputs_one_may_be_readable_where_another_is_not():
    @op(name="of_many")
    def of_many(*Xs):
        return Xs[0] * 2 + Xs[1]

    @of_many.rule
    def d_of_many(dY, Y, *Xs):
        dX1 = np.array([g for g in dY])  # noqa: C416 — no formula
        return 2 * dY, dX1

    Y = of_many(leaf(2, name="A"), leaf(2, name="B"))
    assert str(gradient_formula(Y, 0)) == "dA = 2 · dY"
    assert "as code" in gradient_formula(Y, 1).note
