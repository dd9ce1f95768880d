"""Steps in figures: each equation is true to the rule that ran, and its pieces give its entries."""

import math

import numpy as np
import pytest
from graphs import GRAPHS, classifier, dates, encoder, head, leaf

import tinygrad_tf as tg
from tinygrad_tf import Tensor
from tinygrad_tf.formula import gradient_formula
from tinygrad_tf.graph.capture import capture
from tinygrad_tf.graph.flow import record
from tinygrad_tf.graph.page.data import explored
from tinygrad_tf.graph.worked import worked_step
from tinygrad_tf.graph.worked.equation import picked
from tinygrad_tf.ops.fused import cross_entropy, gelu_tanh


def worked(loss):
    """Each equation with the op of its step."""
    graph = capture(loss)
    found = []

    def watch(node, dY, along):
        Y = graph.tensor(node)
        rules = {e: (gradient_formula(Y, graph.edge(e).position, graph.names), dX) for e, dX in along.items()}
        found.extend((Y.op.name, q, along.get(q.edge)) for q in worked_step(Y, np.asarray(dY), rules) if Y.op)

    record(graph, watch)
    return found


def entry_of(equation, i, j):
    """What its pieces give for the entry in row i, column j, as far as all terms are shown; else None."""

    def at(operand, r, c):
        p = operand.picked
        r, c = 0 if p.shape[0] == 1 else r, 0 if p.shape[1] == 1 else c
        return p.entries[p.rows.index(r) * len(p.columns) + p.columns.index(c)]

    operands = equation.operands
    text = ""
    for piece in equation.entry:
        if isinstance(piece, str):
            text += piece
        elif piece >= 0:
            text += f"({at(operands[piece], i, j)!r})"
        elif len(equation.product) == 1:
            a = operands[equation.product[0]]
            if len(a.picked.rows) < a.picked.shape[0]:
                return None
            row = a.picked.shape[1] > equation.result.shape[1]
            text += repr(sum(at(a, i, k) for k in a.picked.columns) if row else sum(at(a, k, j) for k in a.picked.rows))
        else:
            a, b = (operands[n] for n in equation.product)
            if len(a.picked.columns) < a.picked.shape[1]:
                return None
            text += repr(sum(at(a, i, k) * at(b, k, j) for k in a.picked.columns))
    if "{" in text or "^" in text:
        return None
    text = text.replace("·", "*").replace("−", "-").replace("√(", "math.sqrt(").replace("exp(", "math.exp(")
    text = text.replace("√4", "2.0").replace("²", "**2")
    return eval(text, {"math": math, "nan": math.nan, "inf": math.inf})


def check_pieces(loss):
    """How many entries its pieces give, and that they are right."""
    tried = 0
    for _op, q, _ in worked(loss):
        if not q.entry:
            continue
        terms = [abs(x) for i in q.product for x in q.operands[i].picked.entries]  # which may cancel out
        largest = max(map(abs, [*q.result.entries, *[0.05 * x for x in terms]]))
        for a, i in enumerate(q.result.rows):
            for b, j in enumerate(q.result.columns):
                value = entry_of(q, i, j)
                if value is not None:
                    shown = q.result.entries[a * len(q.result.columns) + b]
                    assert value == pytest.approx(shown, rel=0.02, abs=0.01 * largest + 1e-9), (q.left, q.right)
                    tried += 1
    return tried


@pytest.mark.parametrize("make", [head, classifier, encoder], ids=["head", "classifier", "encoder"])
def test_the_pieces_of_each_entry_give_the_entry(make):
    assert check_pieces(make()[0]) > 8


WRITTEN = {  # of X and W (3, 4)
    "a product with a transpose": lambda X, W: X @ W.mT,
    "a function of a transpose": lambda X, W: tg.softmax((X @ W.mT).mT, -1),
    "an entropy of a transpose": lambda X, W: tg.cross_entropy((X @ W.mT).mT, [0, 2, 1]),
    "the sum of an axis": lambda X, W: (X * W).sum(-1),
    "the mean of an axis": lambda X, W: (X * W).mean(-1),
    "the sum of a row, kept": lambda X, W: X / W.sum(-1, keepdims=True),
    "the gradient of what is stretched": lambda X, W: X * W[:, 1:2],
    "the largest of an axis": lambda X, W: (X * W).max(-1).values,
    "GELU, with its π": lambda X, W: tg.gelu(X * W),
    "letters": lambda X, W: tg.einsum("ik,jk->ij", X, W),
    "sums so far": lambda X, W: (X * W).cumsum(1),
    "steps": lambda X, W: tg.sign(X) * W,
}


@pytest.mark.parametrize("written", WRITTEN)
def test_every_step_has_its_numbers(written):
    loss = (WRITTEN[written](leaf(3, 4, name="X"), leaf(3, 4, name="W", seed=1)) ** 2).sum()
    check_pieces(loss)
    edges = {e for step in record(capture(loss)).steps for e in step.sent}
    assert {q.edge for _, q, _ in worked(loss)} - {None} == edges


def test_a_row_that_is_summed_is_written_out():
    X, W = leaf(3, 4, name="X"), leaf(3, 1, name="W")
    [q] = [q for _, q, _ in worked(((X * W) ** 2).sum()) if q.left == "dW"]
    assert (q.right, q.entry, q.product) == ("Σ(dA₁ ⊙ X, axis=1)", (-1,), (0,))
    assert q.operands[0].picked.shape == (3, 4)


@pytest.mark.parametrize("name", GRAPHS)
def test_results_are_what_went_along_the_edges(name):
    for _, q, dX in worked(GRAPHS[name]()[0]):
        if q.edge is not None:
            assert q.result == picked(dX, 6)


@pytest.mark.parametrize("op", ["softmax", "layer_norm", "attention", "cross_entropy", "linear", "matmul", "dropout"])
def test_every_kind_of_layer_is_worked_out(op):
    found = [q for make in (head, encoder, dates) for name, q, _ in worked(make()[0]) if name == op]
    assert found
    assert all(q.entry for q in found if q.operands)


def test_a_product_with_a_transpose_that_has_no_name_is_worked_out():
    Q, K = leaf(2, 3, name="Q"), leaf(4, 3, name="K")
    found = [q for name, q, _ in worked((Q @ K.T).sum()) if name == "matmul"]
    assert [(q.right, bool(q.entry)) for q in found] == [("dA₂ · K", True), ("Qᵀ · dA₂", True)]


def test_a_formula_with_pi_is_worked_out():
    dX = [q for name, q, _ in worked(gelu_tanh(leaf(2, 3, name="X")).sum()) if name == "gelu_tanh"][-1]
    assert (dX.left, dX.entry != ()) == ("dX", True)


def test_a_product_over_a_batch_is_one_product_of_all_its_rows():
    [q] = [q for name, q, _ in worked(encoder()[0]) if name == "linear" and "ᵀ · " in q.right][:1]
    a, b = q.operands
    assert a.picked.shape[1] == b.picked.shape[0] == 6  # 2 × 3 rows
    assert q.product == (0, 1)


def test_cross_entropy_of_classes_is_softmax_minus_one_hot_over_n():
    loss = classifier()[0]
    logits = capture(loss).names[loss.inputs[0].number]
    P, dX = [q for name, q, _ in worked(loss) if name == "cross_entropy"]
    assert (P.left, P.right) == ("P", f"softmax({logits})")
    assert (dX.right, dX.entry) == ("(P − one-hot) / 2", ("(", 0, " − ", 1, ") / 2"))


@pytest.mark.parametrize("how", [{"ignore_index": 3}, {"label_smoothing": 0.1}, {"reduction": "sum"}])
def test_another_cross_entropy_is_worked_out_by_its_rule(how):
    loss = cross_entropy(leaf(3, 4, name="X"), Tensor(np.array([0, 3, 1])), **how)
    found = [q for name, q, _ in worked(loss) if name == "cross_entropy"]
    assert found
    assert "one-hot" not in found[-1].right
    assert found[-1].entry


def test_what_only_moves_entries_shows_them_before():
    X = leaf(3, 4, name="X")
    [q] = [q for name, q, _ in worked(X[1:].reshape(8).sum()) if name == "getitem"]
    assert q.entry == ()
    assert [o.text for o in q.operands] == ["dA₁"]


def test_of_large_matrices_the_corners_are_shown():
    p = picked(np.arange(100.0).reshape(10, 10), 5)
    assert p.rows == p.columns == (0, 1, 2, 9)
    assert p.entries[-1] == 99.0
    assert picked(np.zeros((2, 3, 4, 5)), 6).batch == (2, 3)


def test_a_formula_that_says_something_else_is_left_out():
    X, W = Tensor([[1.0, 2.0]], name="X"), leaf(2, 1, name="W")
    Y = X @ W
    rule = gradient_formula(Y, 1)
    assert worked_step(Y, np.ones((1, 1)), {"e1": (rule, np.array([[1.0], [2.0]]))})
    assert not worked_step(Y, np.ones((1, 1)), {"e1": (rule, np.array([[1.0], [2.1]]))})


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_what_is_broken_is_worked_out_without_a_warning(broken):
    X, W = Tensor(np.array([[1.0, broken]]), name="X"), leaf(2, 1, name="W")
    Y = X @ W
    rule = gradient_formula(Y, 1)
    [q] = worked_step(Y, np.ones((1, 1)), {"e1": (rule, np.array([[1.0], [broken]]))})
    assert q.result.entries[0] == 1.0
    assert not worked_step(Y, np.ones((1, 1)), {"e1": (rule, np.array([[1.1], [broken]]))})


def test_the_page_has_them_unless_it_keeps_no_values():
    graph = capture(head()[0])
    assert sum(1 for n in explored(graph).nodes if n.worked) > 8
    assert not any(n.worked for n in explored(graph, values="stats").nodes)
