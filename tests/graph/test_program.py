"""program(): the text computes what backward() computes, by itself, and reads as a person would have written it."""

import ast
import enum
import html
import io
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from cases import CASES

import tinygrad_tf
from tinygrad_tf import Function, Tensor, checkpoint, gradcheck, graph, manual_seed, models, nn
from tinygrad_tf import nn as layers
from tinygrad_tf.autograd.operation import op
from tinygrad_tf.files import write_whole
from tinygrad_tf.graph import program
from tinygrad_tf.nn import functional as F


def leaf(*values, **traits):
    return Tensor(np.array(values), requires_grad=True, **traits)


def weighted(outputs):
    """One number of all outputs, each entry with a weight of its own."""
    rng = np.random.default_rng(0)
    loss, *more = [(y * rng.standard_normal(y.shape).astype(y.dtype)).sum() for y in outputs]
    for other in more:
        loss = loss + other
    return loss


def same(written, right, exact):
    """Whether two arrays are equal: to the bit, or to the rounding that a kernel differs by."""
    if np.asarray(written).dtype != right.dtype:
        return False
    if exact:
        return np.array_equal(written, right, equal_nan=True)
    size = np.abs(right[np.isfinite(right)]).max(initial=1e-3)
    close = 1e-9 if np.asarray(right).dtype == np.float64 else 2e-5
    return np.allclose(written, right, rtol=close, atol=close * size, equal_nan=True)


def assert_equal(loss, step, leaves):
    """What the program gives is what backward() gives."""
    exact = not any(t.op is not None and t.op.kernel for t in graph.capture.capture(loss).tensors)
    made, gradients = step.run()
    assert same(np.asarray(made), loss.array, exact)
    loss.backward()
    for name, x in leaves.items():
        if x.grad is not None:
            assert same(gradients[name], x.grad.array, exact), name


# ---- the rows of all ops --------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", CASES, ids=lambda c: c.id)
def test_a_row_is_computed_to_the_bit(case, dtype):
    inputs, outputs = case.run(dtype)
    outputs = [y for y in outputs if y.dtype.kind == "f" and y.requires_grad and y.op is not None]
    leaves = {f"x{i}": x for i, x in enumerate(x for x in inputs if x.requires_grad)}
    if not outputs or not leaves:
        pytest.skip("nothing of it has a gradient")
    for name, x in leaves.items():
        x.name = name
    loss = weighted(outputs)
    assert_equal(loss, program(loss), leaves)


# ---- models ---------------------------------------------------------------------------------------------------------

IDS = np.random.default_rng(0).integers(1, 12, (2, 5))


def words(logits, ids):
    return F.cross_entropy(logits.reshape(-1, logits.shape[-1]), ids.reshape(-1))


def gpt2():
    model = models.GPT2(models.GPT2Config(12, n_embd=8, n_layer=2, n_head=2, n_positions=6))
    return model, lambda: words(model(IDS[:, :-1]), IDS[:, 1:])


def llama():
    config = models.LlamaConfig(12, hidden_size=8, intermediate_size=16, num_hidden_layers=1, num_attention_heads=4,
                                num_key_value_heads=2)  # fmt: skip
    model = models.Llama(config)
    return model, lambda: words(model(IDS[:, :-1]), IDS[:, 1:])


def bert():
    config = models.BERTConfig(12, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
                               max_position_embeddings=6)  # fmt: skip
    model = models.BERT(config)
    return model, lambda: words(model(IDS, attention_mask=IDS > 2), IDS)


def paper():
    config = models.TransformerConfig(12, d_model=8, n_heads=2, n_layers=1, d_ff=16, dropout=0.1)
    model = models.Transformer(config)
    return model, lambda: words(model(IDS, IDS[:, :-1]), IDS[:, 1:])


def pytorch():
    model = nn.Transformer(8, 2, 1, 1, 16, batch_first=True)
    x = Tensor(np.random.default_rng(0).standard_normal((2, 3, 8)).astype("f4"))
    mask = np.triu(np.ones((3, 3), bool), 1)
    return model, lambda: weighted([model(x, x, tgt_mask=mask)])


def twice():
    """A module that is called twice, and a weight that two layers share."""
    model = nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 3))
    model[2].weight = model[0].weight
    x = Tensor(np.random.default_rng(0).standard_normal((4, 3)).astype("f4"))
    return model, lambda: (model(model(x)) ** 2).sum()


def recurrent():
    model = nn.Linear(3, 3)

    def loss():
        h = Tensor(np.ones((2, 3), "f4"))
        for _ in range(4):
            h = (model(h) + h).tanh()
        return h.sum()

    return model, loss


MODELS = {
    "GPT-2": gpt2,
    "Llama": llama,
    "BERT": bert,
    "paper": paper,
    "nn.Transformer": pytorch,
    "twice": twice,
    "RNN": recurrent,
}


@pytest.mark.parametrize("build", MODELS.values(), ids=MODELS)
def test_a_model_is_computed(build):
    manual_seed(0)
    model, compute = build()
    loss = compute()
    assert_equal(loss, program(loss), {p.name: p for p in model.parameters()})


@pytest.mark.parametrize("build", [recurrent, twice, gpt2], ids=["RNN", "twice", "GPT-2"])
def test_the_script_runs_where_the_package_is_not(build, tmp_path):
    (tmp_path / "tinygrad_tf.py").write_text("raise ImportError", encoding="utf-8")
    loss = build()[1]()
    path = program(loss).save(tmp_path / "step.py")
    run = subprocess.run([sys.executable, path], capture_output=True, text=True, check=True, cwd=tmp_path)
    said, *norms = run.stdout.splitlines()
    assert float(said.removeprefix("loss ")) == pytest.approx(loss.item(), rel=1e-5)
    assert len(norms) == len([t for t in graph.capture.capture(loss).tensors if t.op is None and t.requires_grad])


@pytest.mark.parametrize("name", ["file", "allow_pickle", "arr_0", "data", "np", "step", "self", "of program", "../x"])
def test_a_script_with_data_of_any_name_runs(name, tmp_path):
    path = program((leaf(1.0, 2.0, name=name) ** 2.0).sum()).save(tmp_path / "step.py")
    run = subprocess.run([sys.executable, path], capture_output=True, text=True, check=True)
    assert run.stdout.startswith("loss 5")


def test_a_script_takes_no_data_of_another(tmp_path):
    """As a save that was stopped between its two files leaves them."""
    first, second = (program((leaf(*values, name="x") ** 2.0).sum()) for values in ((1.0, 2.0), (3.0, 4.0, 5.0)))
    path = first.save(tmp_path / "step.py")
    script = path.read_text("utf-8")
    second.save(path)
    path.write_text(script, "utf-8")
    run = subprocess.run([sys.executable, path], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (1, "the data beside are of another program: save both again\n")


def test_a_script_that_cannot_be_replaced_keeps_its_data(tmp_path):
    first, second = (program((leaf(*values, name="x") ** 2.0).sum()) for values in ((1.0, 2.0), (3.0, 4.0, 5.0)))
    path = first.save(tmp_path / "step.py")
    path.chmod(0o444)
    with pytest.raises(PermissionError, match="read-only"):
        second.save(path)
    run = subprocess.run([sys.executable, path], capture_output=True, text=True, check=True)
    assert run.stdout.startswith("loss 5")


def of_a_later_zip():
    """An archive that says that a version of zip wrote it which Python does not read."""
    np.savez(file := io.BytesIO(), x=np.ones(2))
    content = bytearray(file.getvalue())
    content[content.index(b"PK\1\2") + 6] = 255
    return content


OTHERS = pytest.mark.parametrize("name, make", [
    ("step.npz", lambda p: p.write_text("mine")), ("step.npz", lambda p: np.savez(p, x=np.ones(2))),
    ("step.npz", lambda p: p.write_bytes(of_a_later_zip())),
    ("step.py", lambda p: p.write_text("from tinygrad_tf.graph import program  # the script that saves one")),
], ids=["text", "arrays", "later zip", "script"])  # fmt: skip


@OTHERS
def test_what_comes_while_a_script_is_written_is_not_replaced(name, make, tmp_path, monkeypatch):
    def slowly(path, write, *check):
        write_whole(path, lambda beside: (write(beside), path.name == name and make(path)), *check)

    monkeypatch.setattr("tinygrad_tf.graph.source.write_whole", slowly)
    with pytest.raises(FileExistsError, match="no program wrote"):
        program(leaf(1.0, name="x").sum()).save(tmp_path / "step.py")
    now = (tmp_path / name).read_bytes()
    make(tmp_path / name)
    assert (tmp_path / name).read_bytes() == now


@OTHERS
def test_a_script_replaces_no_file_that_no_program_wrote(name, make, tmp_path):
    make(tmp_path / name)
    before = (tmp_path / name).read_bytes()
    with pytest.raises(FileExistsError, match="no program wrote"):
        program(leaf(1.0, name="x").sum()).save(tmp_path / "step.py")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [(name, before)]


def test_what_a_checkpoint_holds_is_written_out():
    manual_seed(0)
    layer = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Dropout(0.5), nn.Linear(4, 3))
    x = leaf([1.0, 2.0, 3.0], name="x")
    loss = (checkpoint(layer, x.float()) * x).sum()
    assert_equal(loss, program(loss), {"x": x, **{p.name: p for p in layer.parameters()}})


def test_a_checkpoint_reads_what_needs_no_gradient():
    """What nothing else in the graph reads, and what two of them read."""
    X, W = Tensor(np.array([[1.0, 2.0]]), name="X"), leaf([1.0, 2.0], name="W")
    h = checkpoint(lambda x: (x * W).tanh(), X)
    loss = checkpoint(lambda h: (h * X * W).tanh(), h).sum()
    step = program(loss)
    assert list(step.data) == ["W", "X"]
    assert_equal(loss, step, {"W": W})


def test_with_path_to_nothing_else_is_computed():
    model, compute = twice()
    loss = compute()
    bias = model[2].bias
    whole, part = program(loss), program(loss, path_to=bias)
    assert len(str(part)) < len(str(whole))
    assert list(part.run()[1]) == [bias.name]
    np.testing.assert_array_equal(part.run()[1][bias.name], whole.run()[1][bias.name])


def test_other_arrays_give_other_numbers():
    W = leaf([3.0], [4.0], name="W")
    X = Tensor(np.array([[1.0, 2.0]]), name="X")
    step = program((X @ W).sum())
    assert step.run(X=np.array([[5.0, 6.0]]))[1]["W"].tolist() == [[5.0], [6.0]]
    assert step.run()[1]["W"].tolist() == [[1.0], [2.0]]
    with pytest.raises(TypeError, match=r"run got Z .*\n  rule: step takes"):
        step.run(Z=1)
    with pytest.raises(ValueError, match=r"run got X \(3, 2\)[\s\S]*has the shape \(1, 2\)"):
        step.run(X=np.ones((3, 2)))
    with pytest.raises((TypeError, ValueError), match="rule: "):
        step.run(X="two numbers")


def test_a_step_takes_no_array_of_which_something_would_be_lost():
    table = leaf([1.0], [2.0], [3.0], name="table")
    step = program(table[Tensor(np.array([0, 2]), name="ids")].sum())
    ids = next(name for name in step.data if name != "table")
    assert step.run(**{ids: np.array([1, 1], np.uint8)})[0] == 4.0
    with pytest.raises(TypeError, match=r"is int64 in the recorded step"):
        step.run(**{ids: [0.9, 1.9]})


@pytest.mark.parametrize("name", ["numpy", "math", "datetime"])
def test_a_script_is_not_called_as_a_module_that_it_needs(name, tmp_path):
    with pytest.raises(ValueError, match=f"where {name}.py would be found in place of its own module"):
        program(leaf(1.0, name="x").sum()).save(tmp_path / f"{name}.py")
    assert list(tmp_path.iterdir()) == []


def test_a_loss_is_one_number_and_a_name_may_have_dots(tmp_path):
    x = leaf(1.0, 2.0, name="x")
    with pytest.raises(RuntimeError, match="starts at one number"):
        program(x * 2)
    path = program((x * x).sum(keepdims=True)).save(tmp_path / "run_1.2")
    assert path.name == "run_1.2.py"
    run = subprocess.run([sys.executable, path], capture_output=True, text=True, check=True)
    assert run.stdout.startswith("loss 5")


def test_a_notebook_shows_it():
    shown = program((leaf(1.0, name="x") * 2).sum())._repr_html_()
    assert "<details>" not in shown
    assert "def" in shown
    assert "step" in shown


def test_it_has_a_colour_for_light_and_one_for_dark():
    pytest.importorskip("pygments")
    shown = program((leaf(1.0, name="x") * 2).sum())._repr_html_()
    pairs = re.findall(r"light-dark\((#\w{6}),(#\w{6})\)", shown)
    assert len(pairs) > 5
    assert all(light != dark for light, dark in pairs)
    assert set(re.findall(r"#\w{6}", re.sub(r"light-dark\(.*?\)", "", shown))) == set()


def test_a_long_one_is_folded_by_layer_and_nothing_is_lost():
    _, loss = gpt2()
    long = program(loss())
    shown = long._repr_html_()
    titles = re.findall(r"<summary>(.*?)</summary>", shown)
    assert any(re.match(r"\d+ functions: layer_norm", title) for title in titles)
    assert sum(title.startswith("transformer.h.1 (") for title in titles) == 2  # forward and backward
    said = html.unescape(re.sub(r"<summary>.*?</summary>|<[^>]*>", "", shown))
    written, shown_lines = (list(filter(str.strip, text.splitlines())) for text in (str(long), said))
    assert shown_lines == written


# ---- ops of one's own -----------------------------------------------------------------------------------------------


def steep(X, k):
    with np.errstate(over="ignore"):
        E = np.exp(-k * X)
    return E / (1 + E) / E


@op(types="float")
def swish(X, *, k: float = 1.0):
    """X · σ(k · X)."""
    return X * steep(X, k)


@swish.rule
def d_swish(dY, Y, X, *, k):
    G = steep(X, k)
    dX = dY * (G + k * X * G * (1 - G))
    return dX


class Cube(Function):
    def forward(X):
        return X**3

    def backward(dY, Y, X):
        return 3 * dY * X * X


TABLE = np.array([1.0, 2.0])


@op
def looked_up(X):
    return X * TABLE


@looked_up.rule
def d_looked_up(dY, Y, X):
    return dY * TABLE


def test_ops_of_ones_own_are_written_with_what_they_use():
    x = leaf(1.0, -2.0, name="x")
    assert gradcheck(lambda x: swish(x, k=2.0), x)
    loss = (swish(x, k=2.0) * Cube.apply(x)).sum()
    step = program(loss)
    assert "def steep(X" in str(step)
    assert_equal(loss, step, {"x": x})


class Place(enum.IntEnum):
    FIRST, LAST = 0, -1


class Count(int):
    def __repr__(self):
        return "exit(3)"


NUMBERS = {
    "a number below 0 to a power": lambda W: (-2.0) ** W,
    "an index that is an Enum": lambda W: W[Place.LAST],
    "an axis that is an Enum": lambda W: W.softmax(axis=Place.LAST) * W,
    "a size that shows itself as code": lambda W: W.reshape(Count(1), Count(2)),
    "to the power of infinity": lambda W: W**np.inf,
    "to the power of what is no number": lambda W: W**np.nan,
    "to a huge power": lambda W: W**1e308,
    "a number to a power": lambda W: 2.7**W,
    "beside a number in a function of the rule's": lambda W: tinygrad_tf.logaddexp(W, 0.3),
    "softplus": lambda W: F.softplus(W, 0.7, 2.0),
    "numbers alone": lambda W: tinygrad_tf.where(W > 3.0, 0.3, 0.7) * W,
    "the root of a number": lambda W: Tensor(np.float32(0.3)).sqrt() * W,
    "the smaller of a number and another": lambda W: tinygrad_tf.minimum(Tensor(np.float32(0.3)), 0.4) * W,
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("compute", NUMBERS.values(), ids=NUMBERS)
@pytest.mark.filterwarnings("ignore")
def test_a_number_is_written_as_what_it_is(compute, dtype):
    W = Tensor(np.array([2.1, 4.3], dtype), requires_grad=True, name="W")
    loss = compute(W).sum()
    assert len(graph.explore(loss, W).html()) > len(graph.draw(loss, W).source)
    assert_equal(loss, program(loss), {"W": W})


@pytest.mark.parametrize(("compute", "forward", "backward"), [
    (lambda X: X**2.0, "X ** 2", "dA * 2 * X"),
    (lambda X: X**3, "X ** 3", "dA * 3 * X ** 2"),
    (lambda X: X**-1, "X ** -1", "dA * -1 * X ** -2"),
    (lambda X: X**1.5, "X ** 1.5", "dA * 1.5 * X ** 0.5"),
    (lambda X: 4.0 / X, "4 / X", None),
    (lambda X: X - 1e9, "X - 1000000000.0", "dA"),
    (lambda X: X * -0.0, "X * -0.0", "dA * -0.0"),
])  # fmt: skip
def test_a_number_is_written_as_one_would_write_it(compute, forward, backward):
    X = leaf(2.0, 3.0, name="X")
    A = compute(X)
    A.name = "A"
    loss = (A * Tensor([1.0, 2.0], name="G")).sum()
    made = program(loss)
    lines = [line.split("  #")[0].strip() for line in str(made).splitlines()]
    assert f"A = {forward}" in lines
    assert backward is None or f"dX = {backward}" in lines
    loss.backward()
    assert made.run()[1]["X"].tolist() == X.grad.tolist()


def test_the_sign_of_a_number_is_no_operation_for_which_a_function_is_written():
    loss = (leaf(1.0, 2.0, name="S").softmax(axis=-1) * leaf(3.0, 4.0, name="V")).sum()
    assert "dS = A1 * (dA1 - np.sum(dA1 * A1, axis=-1, keepdims=True))" in str(program(loss))


def test_a_long_line_is_broken_without_becoming_a_tuple():
    long = Tensor(np.ones((2, 3)), requires_grad=True, name="a.name.that.is.long.enough.to.break.the.line")
    weights = F.softmax(long)
    weights.name = "the.weights.with.a.name.that.is.just.as.long"
    gradient = program((weights**2).sum()).run()[1][long.name]
    assert gradient.shape == (2, 3)


def test_what_has_no_form_in_numpy_is_refused():
    x = leaf(1.0, -2.0, name="x")
    with pytest.raises(RuntimeError, match=r"program got the array TABLE[\s\S]*of Tensors and settings alone"):
        program(looked_up(x).sum())
    with pytest.raises(RuntimeError, match=r"program got a line that does not run here: E = .*zero-size"):
        program(F.softmax(leaf([], name="x")).sum())
    with pytest.raises(RuntimeError, match=r"program got floor_divide, which has no gradient rule"):
        program((x // 2.0).sum())


def test_a_variable_may_be_called_as_a_function_is():
    X = Tensor(np.random.default_rng(0).standard_normal((2, 3)), requires_grad=True, name="X")
    softmax = X.softmax(-1)
    d_softmax = softmax.softmax(-1)
    step = (d_softmax * d_softmax).sum()
    assert_equal(step, program(step), {"X": X})


# ---- how it reads ---------------------------------------------------------------------------------------------------


class Head(layers.Module):
    def __init__(self):
        self.W_q, self.W_k, self.W_v = (nn.Parameter(np.ones((4, 3)) / 3) for _ in range(3))

    def forward(self, X):
        Q, K, V = X @ self.W_q, X @ self.W_k, X @ self.W_v
        S = Q @ K.mT / 3**0.5
        P = S.softmax(-1)
        return P @ V


def test_an_attention_head_reads_as_one_would_write_it():
    X = Tensor(np.random.default_rng(0).standard_normal((5, 4)), name="X")
    Y = Head()(X)
    L = (Y * Y).sum()
    lines = [line.strip().split("  #")[0] for line in str(program(L)).splitlines()]
    for line in ("Q = X @ W_q", "P = softmax(S)", "Y = P @ V", "dP = dY @ V.mT", "dV = P.mT @ dY", "dQ = dA5 @ A4.mT",
                 "dW_q = X.mT @ dQ", "dY = dY + dA6 * Y"):  # fmt: skip
        assert line in lines or line.translate(str.maketrans("0123456789", "?" * 10)) in [
            x.translate(str.maketrans("0123456789", "?" * 10)) for x in lines
        ], line


def names_of_functions(tree):
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


CUTS = {
    "pieces of a concatenation": (lambda X: F.relu(tinygrad_tf.concatenate([X, 2 * X, X])), "[2:4]"),
    "pieces of a stack, of its second axis": (lambda X: tinygrad_tf.stack([X * 2, X * 3], 1) ** 2, "[:, 1:2]"),
    "an index beside a slice": (lambda X: X[:, [0, 0, 1]] ** 2, "np.s_[:, "),
    "indices around a slice": (lambda X: X[[0, 1], None, 1:] ** 2, "np.s_["),
}


@pytest.mark.parametrize(("function", "said"), CUTS.values(), ids=CUTS)
def test_what_is_cut_is_written_in_brackets(function, said):
    X = leaf([1.0, 2.0, 3.0], [4.0, 5.0, 6.0], name="X")
    loss = function(X).sum()
    text = str(program(loss))
    assert said in text
    assert "slice(" not in text
    assert_equal(loss, program(loss), {"X": X})


#: How A (4, 6) is cut and used, and how often its gradient is put together from that of its pieces.
PIECES = {
    "along the last axis": (lambda A: A[:, :2].sum() + (A[:, 2:] * 2).sum(), 1),
    "in another order": (lambda A: (A[..., 4:] * 3).sum() + (A[:, :4] * 2).sum(), 1),
    "along the first axis": (lambda A: (A[2:] @ A[:2].mT).sum(), 1),
    "by chunk": (lambda A: (A.chunk(3, 1)[0] * A.chunk(3, 1)[1]).sum() + A.chunk(3, 1)[2].sum(), 1),
    "one is left out": (lambda A: A[:, :2].sum() + (A[:, 3:] * 2).sum(), 0),
    "they overlap": (lambda A: A[:, :4].sum() + (A[:, 3:] * 2).sum(), 0),
    "along both axes": (lambda A: A[:2, :3].sum() + (A[2:, :3] * 2).sum() + (A[:, 3:] * 3).sum(), 0),
    "row by row, without the axis": (lambda A: (A[0] * A[1] + A[2] * A[3]).sum(), 0),
    "backward": (lambda A: A[:, 2::-1].sum() + (A[:, 3:] * 2).sum(), 0),
    "the whole is used, too, before": (lambda A: (A * 5).sum() + A[:, :2].sum() + (A[:, 2:] * 2).sum(), 1),
    "the whole is used, too, after": (lambda A: A[:, :2].sum() + (A[:, 2:] * 2).sum() + (A * 5).sum(), 0),
    "the whole is used, too, between": (lambda A: A[:, :2].sum() + (A * 5).sum() + (A[:, 2:] * 2).sum(), 0),
}


@pytest.mark.parametrize(("use", "times"), PIECES.values(), ids=PIECES)
def test_the_gradients_of_pieces_are_put_together(use, times):
    X = leaf(*np.random.default_rng(0).standard_normal((4, 6)), name="X")
    loss = use(X * X)
    made = program(loss)
    assert str(made).count("np.concatenate(") == times
    loss.backward()
    np.testing.assert_array_equal(made.run()[1]["X"], X.grad.array)


def test_many_pieces_need_no_function_each():
    X = leaf(1.0, 2.0, name="X")
    text = str(program(tinygrad_tf.stack([X * k for k in range(2, 22)]).sum()))
    assert text.count("def ") == 1


@pytest.mark.parametrize("build", MODELS.values(), ids=MODELS)
def test_it_is_well_written(build, tmp_path):
    manual_seed(0)
    text = str(program(build()[1]()))
    assert max(map(len, text.splitlines())) <= 120
    for function in names_of_functions(ast.parse(text)):
        read = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        given = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        assert given <= read, given - read
        assert {a.arg for a in function.args.args} <= read
    ruff = shutil.which("ruff")
    if ruff:
        (tmp_path / "step.py").write_text(text, encoding="utf-8")
        run = subprocess.run([ruff, "check", "--isolated", "--line-length=120", "--select=E,W,F", tmp_path / "step.py"],
                             capture_output=True, text=True)  # fmt: skip
        assert run.returncode == 0, run.stdout


def test_a_program_says_what_it_is_in_the_chosen_language():
    loss = (leaf([1.0, 2.0], name="X") * 2.0).sum()
    with tinygrad_tf.language("zh"):
        chinese = program(loss)
    said = re.findall('"""(.*)"""|# ---- (.*?) -', str(chinese))
    assert all(re.search("[\u3400-\u9fff]", "".join(words)) for words in said)
    assert len(said) == len(re.findall('"""(.*)"""|# ---- (.*?) -', str(program(loss)))) == 3
    assert chinese.run()[0] == loss.item()
