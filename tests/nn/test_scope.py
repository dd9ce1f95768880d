"""Every Tensor knows the module that made it, by its dotted path; every parameter bears the name of its place."""

import copy
import gc
import threading
import weakref

import numpy as np
import pytest

from tinygrad_tf import Tensor, nn, no_grad
from tinygrad_tf.autograd.recording import thread
from tinygrad_tf.models import Transformer, TransformerConfig

CONFIG = TransformerConfig(vocab_size=7, d_model=4, n_heads=2, n_layers=1, d_ff=6, dropout=0.0)
SOURCE, TARGET = np.array([[3, 4, 5]]), np.array([[1, 5]])


class Net(nn.Module):
    def __init__(self):
        self.layers = [nn.Linear(2, 2), nn.Linear(2, 2)]
        self.parts = {"act": nn.Tanh()}

    def forward(self, x):
        for layer in self.layers:
            x = self.parts["act"](layer(x))
        return x * 2

    @nn.scoped
    def half(self, x):
        return self.layers[0](x) / 2

    def fail(self):
        raise RuntimeError("on purpose")


def scopes(output):
    """The scope of each op's Tensor that ``output`` was made of, oldest first, without repeats in a row."""
    found, stack = {}, [output]
    while stack:
        t = stack.pop()
        if t.op is not None and t.number not in found:
            found[t.number] = t.scope
            stack.extend(t.inputs)
    ordered = [found[n] for n in sorted(found)]
    return [s for i, s in enumerate(ordered) if i == 0 or s != ordered[i - 1]]


x = Tensor([[1.0, 2.0]])


def test_nodes_carry_the_path_of_the_module_that_made_them():
    assert scopes(Net()(x)) == ["layers.0", "parts.act", "layers.1", "parts.act", ""]


def test_a_method_with_scoped_does_as_a_call():
    net = Net()
    assert scopes(net.half(x)) == ["layers.0", ""]
    assert scopes(nn.Sequential(net)(x))[0] == "0.layers.0"


def test_a_scoped_method_of_a_part_knows_its_part():
    class Outer(nn.Module):
        def __init__(self):
            self.net = Net()

        def forward(self, x):
            return self.net.half(x) + 1

    assert scopes(Outer()(x)) == ["net.layers.0", "net", ""]


def test_nothing_is_noted_outside_of_modules():
    Net()(x)
    assert (x + Tensor([1.0], requires_grad=True)).scope == ""


def test_encode_and_decode_called_directly_carry_the_paths_of_forward():
    model = Transformer(CONFIG)
    whole = set(scopes(model(SOURCE, TARGET)))
    memory = model.encode(SOURCE)
    logits = model.decode(TARGET, memory, SOURCE)
    assert set(scopes(memory)) | set(scopes(logits)) == whole
    assert "encoder.layers.0.self_attn" in scopes(memory)
    assert "decoder.layers.0.multihead_attn.out_proj" in scopes(logits)
    assert not any(scope.startswith("decoder") for scope in scopes(memory))


def test_the_loss_of_a_model_outside_of_it_has_no_scope():
    logits = Transformer(CONFIG)(SOURCE, TARGET)
    assert logits.sum().scope == ""


@pytest.mark.parametrize("wrap", [lambda net: net, nn.Sequential], ids=["root", "part"])
def test_an_exception_leaves_no_scope_behind(wrap):
    class Failing(Net):
        def forward(self, x):
            self.layers[0](x)
            self.fail()

    with pytest.raises(RuntimeError, match="on purpose"):
        wrap(Failing())(x)
    assert (thread.state.root, thread.state.scope) == (None, "")
    assert scopes(Net()(x))[0] == "layers.0"


def test_the_part_that_fails_does_not_spoil_the_one_that_catches():
    class Failing(nn.Module):
        def forward(self, x):
            raise RuntimeError("on purpose")

    class Catching(nn.Module):
        def __init__(self):
            self.failing, self.linear = Failing(), nn.Linear(2, 2)

        def forward(self, x):
            try:
                return self.failing(x)
            except RuntimeError:
                return self.linear(x) + 1

    assert scopes(Catching()(x)) == ["linear", ""]


def test_scopes_are_per_thread():
    """Each thread stops in the middle of a part until the other is in the middle of its own."""
    barrier = threading.Barrier(2, timeout=60)
    found = {}

    class Waiting(nn.Module):
        def __init__(self, name):
            setattr(self, name, nn.Sequential(nn.Linear(2, 2)))
            self.name = name

        def forward(self, x):
            barrier.wait()
            y = getattr(self, self.name)(x)
            barrier.wait()
            return y * 2

    def run(name):
        found[name] = scopes(Waiting(name)(x))

    threads = [threading.Thread(target=run, args=(name,)) for name in ("one", "two")]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found == {"one": ["one.0", ""], "two": ["two.0", ""]}


def test_one_model_may_run_in_several_threads():
    net, found = Net(), []
    threads = [threading.Thread(target=lambda: found.append(scopes(net(x)))) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found == [["layers.0", "parts.act", "layers.1", "parts.act", ""]] * 8


def test_a_part_put_in_after_the_first_call_is_known_by_its_place():
    net = Net()
    net(x)
    net.layers.append(nn.Linear(2, 2))
    assert "layers.2" in scopes(net(x))
    assert net.layers[2].weight.name == "layers.2.weight"


def test_a_module_made_for_one_call_is_named_after_its_class_and_not_kept():
    made = []

    class Net(nn.Module):
        def __init__(self):
            self.inner = nn.Identity()

        def forward(self, x):
            made.append(nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)))
            return made[-1](x)

    net = Net()
    assert scopes(net(x)) == ["Sequential.0", "Sequential.1"]
    alive = weakref.ref(made.pop())
    gc.collect()
    assert alive() is None


def test_a_copy_knows_its_own_parts():
    net = Net()
    net(x)
    twin = copy.deepcopy(net)
    assert scopes(twin(x)) == scopes(net(x))


# ---- names of parameters --------------------------------------------------------------------------------------------


def names(module):
    return [p.name for p in module.parameters()]


def test_the_first_call_names_parameters_after_their_place():
    net = Net()
    net(x)
    assert names(net) == ["layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"]


def test_the_longest_path_wins():
    net = Net()
    net.layers[0](x)
    assert net.layers[0].weight.name == "weight"
    nn.Sequential(net)(x)
    assert names(net)[0] == "0.layers.0.weight"
    net(x)
    assert names(net)[0] == "0.layers.0.weight"


def test_a_name_that_the_user_gave_stays():
    net = Net()
    net.layers[0].weight.name = "W_q"
    net(x)
    assert names(net)[:2] == ["W_q", "layers.0.bias"]


def test_a_copied_layer_is_named_after_its_new_place():
    net = Net()
    net(x)
    net.layers[1] = copy.deepcopy(net.layers[0])
    net(x)
    assert names(net) == ["layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"]


@pytest.mark.parametrize("need_weights", [True, False])
def test_attention_names_what_the_paper_names(need_weights):
    attend = nn.MultiheadAttention(4, 2, batch_first=True)
    q = Tensor(np.ones((1, 3, 4), "float32"))
    y, _ = attend(q, q, q, need_weights=need_weights)
    found, stack = set(), [y]
    while stack:
        t = stack.pop()
        found.add(t.name)
        stack.extend(t.inputs)
    assert {"Q", "K", "V", "W_q", "W_k", "W_v", "b_q", "in_proj_weight", "out_proj.weight"} <= found


def test_without_recording_nothing_is_noted():
    with no_grad():
        assert Net()(x).op is None
    assert (thread.state.root, thread.state.scope) == (None, "")
