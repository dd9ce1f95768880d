"""summary(): parameters, shapes and FLOPs by hand, memory as the interpreter measures it; nothing is left behind."""

import gc
import tracemalloc

import numpy as np
import pytest

from tinygrad_tf import Tensor, einsum, manual_seed, models, nn
from tinygrad_tf.nn import summary
from tinygrad_tf.random import get_state


def ones(*shape):
    return Tensor(np.ones(shape, np.float32))


class Product(nn.Module):
    """A model that is one function."""

    def __init__(self, function):
        self.function = function

    def forward(self, *Xs):
        return self.function(*Xs)


def small_gpt2(**changes):
    return models.GPT2(models.GPT2Config(vocab_size=50, n_positions=16, n_embd=8, n_layer=3, n_head=2, **changes))


# ---- by hand --------------------------------------------------------------------------------------------------------

FLOPS = [
    ("linear", nn.Linear(4, 8), (ones(3, 4),), 2 * 3 * 4 * 8),
    ("linear of a batch, no bias", nn.Linear(4, 8, bias=False), (ones(2, 3, 4),), 2 * 6 * 4 * 8),
    ("linear of a vector", nn.Linear(4, 8), (ones(4),), 2 * 4 * 8),
    ("matrices that broadcast", Product(lambda X, W: X @ W), (ones(5, 2, 3), ones(3, 4)), 2 * 5 * 2 * 3 * 4),
    ("einsum", Product(lambda X, W: einsum("bij,jk->bik", X, W)), (ones(5, 2, 3), ones(3, 4)), 2 * 5 * 2 * 3 * 4),
    ("einsum without a sum", Product(lambda X, W: einsum("i,j->ij", X, W)), (ones(3), ones(4)), 3 * 4),
    ("no product", nn.Sequential(nn.LayerNorm(4), nn.GELU(), nn.Softmax(dim=-1)), (ones(3, 4),), 0),
    # Q, K and V: 3 · 2·L·E·E; scores and their product with V: 2 · 2·L·S·E; out_proj: 2·L·E·E
    ("attention", nn.MultiheadAttention(8, 2, batch_first=True), (ones(1, 5, 8),) * 3, 8 * 5 * 64 + 4 * 25 * 8),
    ("attention without weights", nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), (ones(2, 5, 8),),
     2 * (8 * 5 * 64 + 4 * 25 * 8 + 2 * 2 * 5 * 8 * 16)),
    # per block c_attn, c_proj, attention and the MLP; then lm_head
    ("GPT-2", small_gpt2(), (np.arange(6)[None],),
     3 * (2 * 6 * 8 * 24 + 2 * 6 * 8 * 8 + 4 * 36 * 8 + 4 * 6 * 8 * 32) + 2 * 6 * 8 * 50),
]  # fmt: skip


@pytest.mark.parametrize(("model", "inputs", "flops"), [row[1:] for row in FLOPS], ids=[row[0] for row in FLOPS])
def test_flops(model, inputs, flops):
    assert summary(model, *inputs).flops == flops


def test_gpt2_small_has_124_million_parameters(unfilled):
    found = summary(models.GPT2(models.GPT2Config()), np.arange(4)[None])
    assert (found.parameters, found.bytes) == (124_439_808, 4 * 124_439_808)
    T, D = 4, 768
    blocks = 12 * (2 * T * D * 3 * D + 2 * T * D * D + 2 * 2 * T * D * 4 * D + 4 * T * T * D)
    assert found.flops == blocks + 2 * T * D * 50257
    assert found.top.output == (1, 4, 50257)


def rows(found):
    return {(depth, c.name): c for depth, c in found.top.walk()}


def test_neighbours_that_are_alike_share_a_row_with_their_sum():
    row = rows(summary(small_gpt2(), np.arange(6)[None]))[1, "transformer.h.0-2"]
    block = 4 * 8 + (8 * 24 + 24) + (8 * 8 + 8) + (8 * 32 + 32) + (32 * 8 + 8)
    assert (row.kind, row.count, row.parameters) == ("Block", 3, 3 * block)
    assert {part.name: part.parameters for part in row.parts}["ln_1"] == 3 * 16


def test_rows_add_up_to_the_whole():
    found = summary(small_gpt2(), np.arange(6)[None])
    assert sum(part.flops for part in found.top.parts) == found.flops == found.top.flops
    assert sum(part.parameters for part in found.top.parts) == found.parameters == found.top.parameters
    assert sum(part.memory for part in found.top.parts) <= found.top.memory == found.memory


def test_a_tied_weight_is_counted_where_it_is_first_used():
    by_name = rows(summary(small_gpt2(), np.arange(6)[None]))
    assert (by_name[1, "transformer.wte"].parameters, by_name[1, "lm_head"].parameters) == (50 * 8, 0)


def test_a_module_that_is_called_twice_is_two_rows_and_is_counted_once():
    layer = nn.Linear(3, 3)
    found = summary(nn.Sequential(layer, nn.ReLU(), layer), ones(2, 3))
    called = [(c.kind, c.parameters, c.flops) for c in found.top.parts]
    assert called == [("Linear", 12, 36), ("ReLU", 0, 0), ("Linear", 0, 36)]
    assert found.parameters == 12


def test_neighbours_of_other_shapes_keep_their_rows():
    found = summary(nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3), nn.Linear(3, 4)), ones(2, 3))
    assert [(c.name, c.count) for c in found.top.parts] == [("0-1", 2), ("2", 1)]


# ---- memory ---------------------------------------------------------------------------------------------------------

MEMORY = [
    ("layers", nn.Sequential(nn.Linear(64, 256), nn.GELU(), nn.Linear(256, 64), nn.LayerNorm(64)), (ones(200, 64),)),
    ("attention", nn.MultiheadAttention(64, 4, 0.1, batch_first=True), (ones(4, 128, 64),) * 3),
    ("transformer", nn.Transformer(64, 4, 2, 2, 256, batch_first=True), (ones(8, 40, 64), ones(8, 30, 64))),
    ("GPT-2", small_gpt2(), (np.zeros((256, 16), int),)),
]


@pytest.mark.parametrize(("model", "inputs"), [row[1:] for row in MEMORY], ids=[row[0] for row in MEMORY])
def test_memory_is_what_the_interpreter_measures(model, inputs):
    model(*inputs)  # what is made once and kept
    gc.collect()
    tracemalloc.start()
    output = model(*inputs)
    gc.collect()
    measured = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    del output
    assert 0.9 * measured < summary(model, *inputs).memory < 1.01 * measured


# ---- it only looks --------------------------------------------------------------------------------------------------


def test_nothing_is_left_behind():
    manual_seed(0)
    model = small_gpt2()
    model.lm_head.requires_grad_(False)
    learns, random, x = [p.requires_grad for p in model.parameters()], get_state(), np.arange(6)[None]
    before = model(x).array
    manual_seed(0)
    small_gpt2()
    assert get_state() == random
    found = summary(model, x)
    assert get_state() == random
    assert [p.requires_grad for p in model.parameters()] == learns
    assert [p.grad for p in model.parameters()] == [None] * len(learns)
    assert (model(x).array == before).all()
    assert (found.parameters - found.trainable, model.training) == (400, True)


def test_it_cleans_up_after_a_model_that_fails():
    model = nn.Sequential(nn.Linear(3, 2), nn.Linear(3, 2))
    model[0].requires_grad_(False)
    with pytest.raises(ValueError, match="linear"):
        summary(model, ones(1, 3))
    assert [p.requires_grad for p in model.parameters()] == [False, False, True, True]
    seen = []
    handle = model[0].register_forward_hook(lambda *args: seen.append(args))
    model[0](ones(1, 3))
    handle.remove()
    assert len(seen) == 1
    assert (model[0]._hooks.before, model[0]._hooks.after) == ([], [])


def test_an_input_that_requires_a_gradient_gets_none():
    x = Tensor(np.ones((2, 4), "float32"), requires_grad=True)
    summary(nn.Linear(4, 3), x)
    assert x.grad is None


def test_one_input_given_twice_is_one_input():
    given = []
    x = ones(2, 3)
    summary(Product(lambda a, b, c: given.extend([a is b, a is c]) or a @ b.T + c), x, x, ones(2, 2))
    assert given == [True, False]


def test_a_frozen_model_costs_the_same():
    assert summary(nn.Linear(4, 8).requires_grad_(False), ones(3, 4)).flops == 192


# ---- as a table -----------------------------------------------------------------------------------------------------


def test_the_table_names_layers_by_place_and_class():
    lines = str(summary(small_gpt2(), np.arange(6)[None])).splitlines()
    assert lines[0].split() == ["Layer", "Output", "Parameters", "FLOPs", "Memory"]
    assert [line for line in lines if line.startswith("  transformer.h.0-2 3 × Block  (1, 6, 8)  ")]
    assert any(line.startswith("      c_fc 3 × Linear") for line in lines)


def test_the_table_shows_itself_in_a_notebook():
    found = summary(nn.Linear(4, 8), ones(3, 4))
    assert ">Linear</td>" in found._repr_html_()
    assert found._repr_html_().count("<tr>") == 1 + len(found.rows())
