"""from_torch(): modules of PyTorch run here, with its values and gradients, its names and its modules."""

import copy
import dataclasses
import sys
import warnings
from typing import NamedTuple

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch records what runs here")

from nano_gpt import GPT  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from tinygrad_tf import Tensor, graph  # noqa: E402
from tinygrad_tf.graph.capture import capture  # noqa: E402
from tinygrad_tf.graph.pytorch.comparing import TOLERANCES  # noqa: E402

IDS = torch.tensor([[1, 5, 2, 7, 0], [3, 3, 12, 9, 4]])


def square(y):
    return (y * torch.linspace(-1, 1, y.shape[-1])).square().mean()


def normal(*shape):
    return torch.from_numpy(np.random.default_rng(0).standard_normal(shape, np.float32))


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def check(module, *inputs, loss=None, **named):
    """The loss, which from_torch compares; here once more, from outside: its gradients against PyTorch's backward."""
    made = graph.from_torch(module, *inputs, loss=loss, **named)
    if not module.training:
        module.zero_grad()
        loss(module(*inputs, **named)).backward()
        made.backward(retain_graph=True)
        leaves = graph.leaves(made)
        for name, p in module.named_parameters():
            if p.grad is not None:
                np.testing.assert_allclose(leaves[name].grad.array, p.grad.numpy(), rtol=1e-3, atol=2e-6, err_msg=name)
    return made


# ---- models ---------------------------------------------------------------------------------------------------------

modes = pytest.mark.parametrize("training", [False, True], ids=["eval", "train"])
first = pytest.mark.parametrize("batch_first", [False, True], ids=["length first", "batch first"])


@modes
@first
@pytest.mark.filterwarnings("ignore:enable_nested_tensor")
def test_the_transformer(training, batch_first):
    model = nn.Transformer(8, 2, 1, 2, 16, batch_first=batch_first).train(training)
    source, target = normal(3, 5, 8), normal(3, 5, 8)
    batch, length = (3, 5) if batch_first else (5, 3)
    padding = torch.zeros(batch, length, dtype=torch.bool)
    padding[0, -1] = True
    mask = nn.Transformer.generate_square_subsequent_mask(length)
    L = check(model, source, target, tgt_mask=mask, src_key_padding_mask=padding, loss=square)
    assert set(dict(model.named_parameters())) <= set(graph.leaves(L))


@modes
@first
@pytest.mark.parametrize("norm_first", [False, True])
def test_an_encoder_layer(training, batch_first, norm_first):
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=batch_first, norm_first=norm_first, activation="gelu")
    check(layer.train(training), normal(3, 5, 8), loss=square)


@modes
@pytest.mark.parametrize("weights", [False, True])
def test_attention_of_a_value_to_itself_and_to_others(training, weights):
    attention = nn.MultiheadAttention(8, 2, dropout=0.3, batch_first=True).train(training)
    x, y = normal(2, 4, 8), normal(2, 3, 8)
    check(attention, x, x, x, need_weights=weights, loss=lambda made: square(made[0]))
    check(attention, x, y, y, need_weights=weights, loss=lambda made: square(made[0]))


@modes
def test_a_gpt_of_own_writing(training):
    L = check(GPT().train(training), IDS, IDS, loss=lambda made: made[1])
    assert ("keep" in {key for t in capture(L).tensors for key in t.params}) == training


class LoRA(nn.Module):
    """y = W · x + B · A · x · scale, with W frozen."""

    def __init__(self, d, rank):
        super().__init__()
        self.base = nn.Linear(d, d).requires_grad_(False)
        self.A = nn.Parameter(torch.randn(rank, d))
        self.B = nn.Parameter(torch.randn(d, rank))

    def forward(self, x):
        return self.base(x) + (x @ self.A.T @ self.B.T) * 2.0


def test_a_low_rank_layer_of_own_writing():
    model = nn.Sequential(nn.Linear(4, 4), LoRA(4, 2)).eval()
    L = check(model, normal(3, 4), loss=square)
    kinds = {node.name: node.kind for node in capture(L).nodes}
    assert (kinds["1.A"], kinds["1.base.weight"]) == ("parameter", "frozen")


@pytest.mark.parametrize("activation", [nn.GELU("tanh"), nn.Tanh(), nn.SiLU(), nn.ReLU(), nn.Softplus(), nn.Mish()])
def test_a_perceptron(activation):
    check(nn.Sequential(nn.Linear(4, 8), activation, nn.RMSNorm(8), nn.Linear(8, 2)).eval(), normal(5, 4), loss=square)


def hugging_face(kind, **settings):
    transformers = pytest.importorskip("transformers", reason="its models are tried")
    transformers.logging.set_verbosity_error()
    model = getattr(transformers, kind)
    return model(model.config_class(vocab_size=13, **settings))


MODELS = {
    "GPT2LMHeadModel": {"n_positions": 16, "n_embd": 8, "n_layer": 2, "n_head": 2},
    "BertForMaskedLM": {"hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16},
    "LlamaForCausalLM": {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4,
                         "num_key_value_heads": 2, "intermediate_size": 16},
    "T5ForConditionalGeneration": {"d_model": 8, "num_layers": 2, "num_heads": 2, "d_kv": 4, "d_ff": 16,
                                   "decoder_start_token_id": 0},
}  # fmt: skip


@modes
@pytest.mark.parametrize("kind", MODELS)
def test_a_model_of_transformers(kind, training):
    model = hugging_face(kind, **MODELS[kind]).train(training)
    mask = torch.ones_like(IDS)
    mask[0, 3:] = 0
    check(model, input_ids=IDS, attention_mask=mask, labels=IDS, loss=lambda made: made.loss)


def test_a_model_output_is_a_dict_without_its_cache():
    made = graph.from_torch(hugging_face("GPT2LMHeadModel", **MODELS["GPT2LMHeadModel"]).eval(), IDS)
    assert {key: t.shape for key, t in made.items()} == {"logits": (2, 5, 13)}


# ---- what it returns ------------------------------------------------------------------------------------------------


class Pair(NamedTuple):
    y: object
    n: int


@dataclasses.dataclass
class Made:
    y: object
    none: object = None


class Gives(nn.Module):
    def __init__(self, form):
        super().__init__()
        self.w = nn.Parameter(torch.ones(2))
        self.form = form

    def forward(self, x):
        return self.form(x * self.w)


@pytest.mark.parametrize("form", [lambda y: (y, [2, y]), lambda y: Pair(y, 3), lambda y: {"a": {"b": y}, "c": "text"},
                                  lambda y: y.sum()])  # fmt: skip
def test_what_the_module_returns_comes_with_tensors_in_it(form):
    made = graph.from_torch(Gives(form), torch.ones(3, 2))
    wanted = form(Tensor(np.ones((3, 2), np.float32)))
    assert repr(made).replace(", op=multiply", "").replace(", op=sum", "") == repr(wanted)


def test_a_dataclass_is_a_dict_and_what_is_neither_is_left_out():
    assert list(graph.from_torch(Gives(lambda y: Made(y)), torch.ones(2))) == ["y", "none"]
    made = graph.from_torch(Gives(lambda y: (y, object(), {"z": object()})), torch.ones(2))
    assert made[1:] == (None, {})


def test_names_of_inputs_and_of_what_the_loss_uses():
    labels = torch.tensor([0, 1, 0])
    x = normal(3, 2).requires_grad_()
    L = graph.from_torch(nn.Linear(2, 2), x, loss=lambda y: F.cross_entropy(y, labels))
    assert list(graph.leaves(L)) == ["weight", "bias", "labels", "input"]
    assert graph.leaves(L)["input"].requires_grad


def test_tied_weights_are_one_tensor_under_both_names():
    leaves = graph.leaves(graph.from_torch(GPT().eval(), IDS, IDS, loss=lambda made: made[1]))
    assert leaves["wte.weight"] is leaves["head.weight"]


def test_inputs_may_be_arrays_tensors_of_this_package_lists_and_plain_values():
    class Adds(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(torch.ones(2))

        def forward(self, pair, times, *rest, **more):
            return (pair[0] + pair[1] * self.w + rest[0] + more["z"]) * times

    one = np.ones(2, np.float32)
    made = graph.from_torch(Adds(), [torch.ones(2), one], 3, Tensor(one, requires_grad=True), z=one)
    assert made.tolist() == [12.0, 12.0]
    assert {name for name, t in graph.leaves(made).items() if t.requires_grad} == {"w", "rest_0"}


# ---- the picture ----------------------------------------------------------------------------------------------------


def test_values_are_called_as_in_the_users_code_and_modules_are_boxes():
    found = capture(graph.from_torch(GPT().eval(), IDS, IDS.clone(), loss=lambda made: made[1]))
    names = {node.name for node in found.nodes}
    assert {"loss", "logits", "blocks.0.weights", "blocks.1.mixed", "ids", "targets", "positions"} <= names
    calls = {call.path: call.kind for call in found.calls}
    assert calls["blocks.0.attn"] == "Attention"
    assert calls["blocks.1.mlp.0"] == "Linear"
    places = {node.name: node.path for node in found.nodes}
    assert places["blocks.0.weights"] == "blocks.0.attn"
    assert places["blocks.1.attn.c_attn.weight"] == "blocks.1.attn.c_attn"


def test_results_of_pytorchs_own_modules_are_called_as_the_user_calls_them():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.attend = nn.MultiheadAttention(4, 2, batch_first=True)
            self.wide = nn.Linear(4, 8)

        def forward(self, x):
            context, weights = self.attend(x, x, x)
            h = self.wide(context)
            up, down = h.chunk(2, dim=-1)
            return (up * down).sum() + weights.sum()

    names = {node.name for node in capture(graph.from_torch(Net(), normal(2, 3, 4))).nodes}
    assert {"context", "weights", "h", "up", "down"} <= names


def test_a_module_that_runs_twice_is_two_calls():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(nn.Linear(2, 2), nn.Tanh())

        def forward(self, x):
            return self.net(self.net(x)).sum()

    calls = capture(graph.from_torch(Twice(), normal(3, 2))).calls
    assert [call.path for call in calls if call.kind == "Linear"] == ["net.0", "net.0"]


def test_the_picture_and_the_words(svg_of):
    L = graph.from_torch(GPT().eval(), IDS, IDS, loss=lambda made: made[1])
    words = svg_of(graph.draw(L))
    for text in ("blocks.1", "attn", "Attention", "wte.weight", "loss"):
        assert text in words
    told = str(graph.explain(L, graph.leaves(L)["blocks.0.attn.c_proj.weight"]))
    assert "blocks.0.mixed" in told


def test_the_page_opens(browser, tmp_path):
    L = graph.from_torch(GPT().eval(), IDS, IDS, loss=lambda made: made[1])
    path = tmp_path / "gpt.html"
    graph.explore(L).save(path)
    page = browser.new_context(offline=True).new_page()
    said = []
    page.on("console", lambda m: said.append(m.text))
    page.on("pageerror", lambda e: said.append(str(e)))
    page.goto(path.as_uri())
    page.wait_for_selector("body[data-ready]")
    assert "blocks.0" in page.content()
    page.close()
    assert said == []


def test_the_program_computes_the_same():
    L = graph.from_torch(GPT().eval(), IDS, IDS, loss=lambda made: made[1])
    loss, gradients = graph.program(L).run()
    L.backward(retain_graph=True)
    np.testing.assert_allclose(loss, L.item(), rtol=1e-5)
    weight = graph.leaves(L)["blocks.0.mlp.0.weight"]
    np.testing.assert_allclose(gradients["blocks.0.mlp.0.weight"], weight.grad.array, rtol=1e-3, atol=1e-6)


# ---- what stays, and what is computed how ---------------------------------------------------------------------------


def test_the_module_and_pytorchs_random_state_stay_as_they_were():
    class Counts(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5))
            self.register_buffer("calls", torch.zeros(()))

        def forward(self, x):
            self.calls += 1
            return self.inner(x).sum() * self.calls

    model = Counts()
    model.inner[0].weight.grad = torch.ones(2, 2)
    before, state, hooks = copy.deepcopy(model.state_dict()), torch.get_rng_state(), len(model._forward_hooks)
    x = normal(3, 2)
    L = graph.from_torch(model, x)
    graph.leaves(L)["inner.0.weight"].array[:] = 7
    assert all(torch.equal(t, model.state_dict()[name]) for name, t in before.items())
    assert torch.equal(model.inner[0].weight.grad, torch.ones(2, 2))
    assert torch.equal(torch.get_rng_state(), state)
    assert (model.training, len(model._forward_hooks), x.requires_grad) == (True, hooks, False)


def test_writes_in_place_are_values_of_their_own():
    class Writes(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(torch.tensor([1.0, 2.0, 3.0]))

        def forward(self, x):
            y = x * self.w
            z = y.exp()
            y[1] = 0
            y[0].mul_(3)
            y += z
            y.clamp_(max=20.0)
            return y.sum()

    L = check(Writes().eval(), torch.tensor([1.0, 1.0, 0.5]), loss=lambda y: y)
    np.testing.assert_allclose(L.item(), 3 + np.e + np.e**2 + 1.5 + np.exp(1.5), rtol=1e-6)


def test_what_is_decided_by_values_runs_as_it_ran_in_pytorch():
    class Decides(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(torch.ones(2))

        def forward(self, x):
            y = x * self.w
            if y.sum() > 0:
                y = y * 2
            for _ in range(int(x.abs().sum())):
                y = y + 1
            return y.sum() * x.max().item()

    assert graph.from_torch(Decides(), torch.tensor([1.0, 2.0])).item() == (6 + 6) * 2
    assert graph.from_torch(Decides(), torch.tensor([-1.0, 0.0])).item() == 0


def test_what_no_gradient_flows_through_is_a_constant():
    class Noise(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(torch.ones(3))

        def forward(self, x):
            noise = torch.randn_like(x)
            with torch.no_grad():
                scale = self.w.sum()
            return ((x + noise) * self.w * scale).sum()

    kinds = {node.name: node.kind for node in capture(graph.from_torch(Noise(), torch.ones(3))).nodes}
    assert (kinds["w"], list(kinds.values()).count("parameter")) == ("parameter", 1)


@pytest.mark.parametrize("dtype", ["float64", "float16", "bfloat16"])
def test_types(dtype):
    kind = getattr(torch, dtype)
    model = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.LayerNorm(3)).to(kind)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        made = graph.from_torch(model, normal(5, 4).to(kind))
    assert made.dtype == ("float32" if dtype == "bfloat16" else dtype)
    assert any("bfloat16 is computed in float32" in str(w.message) for w in said) == (dtype == "bfloat16")
    assert model[0].weight.dtype == kind


@modes
def test_what_float32_rounds_is_no_difference(training, monkeypatch):
    monkeypatch.setitem(TOLERANCES, "float32", 1e-13)
    model = nn.Sequential(nn.Linear(64, 64), nn.Dropout(0.1), nn.GELU(), nn.Linear(64, 2)).train(training)
    assert graph.from_torch(model, normal(8, 64), loss=square).dtype == np.float32
    monkeypatch.setitem(TOLERANCES, "float64", 1e-20)
    with pytest.raises(RuntimeError, match="apart by"):
        graph.from_torch(model, normal(8, 64), loss=square)


# ---- what is refused ------------------------------------------------------------------------------------------------


class Adds(nn.Module):
    def __init__(self, line):
        super().__init__()
        self.l = nn.Linear(4, 4)
        self.line = line

    def forward(self, x):
        return self.line(self.l(x))


@pytest.mark.parametrize(
    "module, inputs, loss, kind, text",
    [
        (nn.Sequential(nn.Conv1d(3, 4, 2)), [normal(2, 3, 5)], None, NotImplementedError,
         r"aten\.conv1d\.default.*conv\.py.*module 0.*\n.*no convolutions"),
        (nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4)).eval(), [normal(2, 3)], None, NotImplementedError,
         r"batch_norm.*batchnorm\.py.*module 1"),
        (Adds(lambda y: F.conv1d(y[None], y[None])), [normal(4, 4)], None, NotImplementedError,
         r"aten\.conv1d.*F\.conv1d.*test_from_torch\.py, line \d+"),
        (Adds(lambda y: torch.erfinv(y)), [normal(2, 4)], None, NotImplementedError,
         r"aten\.erfinv\.default in .*erfinv\(y\).*\n.*such as aten\.erf\.default(.|\n)*ATEN\['aten\.erfinv"),
        (Adds(lambda y: y.to(torch.bfloat16)), [normal(2, 4)], None, TypeError, r"torch\.bfloat16 in .*y\.to"),
        (nn.Linear(2, 2).requires_grad_(False), [normal(2, 2)], None, ValueError, "depend on nothing that requires"),
        (nn.Linear(2, 2), [normal(2, 2)], lambda y: y, ValueError, r"loss\(…\) \(2, 2\)"),
        (nn.Linear(2, 2), [normal(2, 2)], lambda y: 3, TypeError, r"loss\(…\) int"),
        (nn.Linear(2, 2), [normal(2, 2)], 3, TypeError, "loss int"),
        (nn.Linear(2, 2), [normal(2, 2), 1], None, TypeError, "Linear does not take: too many"),
        (torch.tanh, [normal(2, 2)], None, TypeError, r"takes a torch\.nn\.Module"),
    ],
)  # fmt: skip
def test_what_is_refused_is_named(module, inputs, loss, kind, text):
    with pytest.raises(kind, match=text):
        graph.from_torch(module, *inputs, loss=loss)


def test_a_loss_that_uses_weights_from_outside_is_refused():
    model = nn.Linear(2, 2)
    with pytest.raises(ValueError, match=r"uses weight from outside"):
        graph.from_torch(model, normal(2, 2), loss=lambda y: y.mean() + model.weight.square().sum())


def test_a_module_that_answers_otherwise_each_time_is_found():
    class Other(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(torch.ones(2))

        def forward(self, x):
            return x * self.w * (2 if torch.compiler.is_compiling() else 3)

    with pytest.raises(RuntimeError, match=r"output 0: .* here, .* in PyTorch"):
        graph.from_torch(Other(), torch.ones(2))


@pytest.mark.parametrize(
    "line",
    [
        lambda y: F.cosine_similarity(y[0], y[1], dim=-1),
        lambda y: torch.kron(y, y).tile(2).movedim((0, 1), (1, 0)),
        lambda y: F.group_norm(y, 2),
        lambda y: torch.tensordot(y, y, dims=([1], [1])) + F.softsign(y).sum(),
        lambda y: F.kl_div(F.log_softmax(y, -1), F.softmax(y.detach() + 1, -1), reduction="batchmean"),  # all is 0
    ],
)
def test_what_the_table_lacks_is_taken_apart(line):
    assert graph.from_torch(Adds(line), normal(2, 4)).op is not None


def test_a_recurrent_layer_is_taken_apart_into_its_steps():
    L = check(nn.GRU(3, 4).eval(), normal(5, 2, 3), loss=lambda made: square(made[0]))
    assert "weight_hh_l0" in graph.leaves(L)


def test_an_op_that_is_added_to_the_table_runs(monkeypatch):
    monkeypatch.setitem(graph.pytorch.ATEN, "aten.sinc.default", lambda X: X.sinc())
    graph.from_torch(Adds(lambda y: torch.sinc(y)), normal(2, 4))


def test_without_pytorch_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match=r"tinygrad_tf\[torch\]"):
        graph.from_torch(None)
