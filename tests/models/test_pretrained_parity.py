"""GPT-2, Llama and BERT held to transformers: logits, loss, all gradients, and folders that go both ways."""

import re

import numpy as np
import pytest
from hugging_face import MODELS, every_model, theirs_of, tokens, torch, twins

MASK = np.array([[1] * 9, [0] * 3 + [1] * 6, [1] * 7 + [0] * 2])


def assert_close(x, y, name=""):
    """Equal to 1e-5 of the largest entry."""
    off, scale = np.abs(np.asarray(x) - np.asarray(y)).max(), np.abs(np.asarray(y)).max()
    assert off <= 1e-5 * scale, f"{name} is off by {off / scale:.1e} of its scale"


@every_model
def test_logits(name):
    ours, theirs = twins(name)
    ids = tokens(ours, (3, 9))
    with torch.no_grad():
        assert_close(ours(ids).array, theirs(torch.tensor(ids)).logits)


@every_model
def test_logits_of_real_tokens_beside_padding(name):
    ours, theirs = twins(name)
    ids = tokens(ours, (3, 9))
    with torch.no_grad():
        expected = theirs(torch.tensor(ids), attention_mask=torch.tensor(MASK)).logits.numpy()
    real = MASK.astype(bool)
    assert_close(ours(ids, attention_mask=MASK).array[real], expected[real])


@every_model
def test_loss_and_all_gradients(name):
    ours, theirs = twins(name)
    ids = tokens(ours, (3, 9))
    labels = np.where(np.random.default_rng(2).random(ids.shape) < 0.3, -100, ids)
    ours.zero_grad()
    theirs.zero_grad()
    loss, expected = ours.loss(ids, labels), theirs(torch.tensor(ids), labels=torch.tensor(labels)).loss
    assert_close(loss.array, expected.detach())
    loss.backward()
    expected.backward()
    grads = {key: p.grad for key, p in theirs.named_parameters()}
    for key, p in ours.named_parameters():
        grad = grads.pop(key)
        if grad is None:  # an untied BERT has a bias that nothing reads
            assert p.grad is None
            continue
        grad = grad.numpy()
        if key.endswith("key.bias"):  # it shifts all scores of a query alike, so both are 0 but for rounding
            assert max(np.abs(p.grad.array).max(), np.abs(grad).max()) < 1e-8
            continue
        assert_close(p.grad.array, grad.T if re.search(ours.transposed, key) else grad, key)
    assert not grads


def test_the_second_of_two_texts():
    ours, theirs = twins("BERT: two layers")
    ids, types = tokens(ours, (2, 6)), np.array([[0, 0, 0, 1, 1, 1], [0, 1, 1, 1, 1, 1]])
    with torch.no_grad():
        expected = theirs(torch.tensor(ids), token_type_ids=torch.tensor(types)).logits
    assert_close(ours(ids, token_type_ids=types).array, expected)


@every_model
@pytest.mark.parametrize("shard", [10**9, 5000], ids=["one file", "shards"])
def test_transformers_loads_what_is_saved(name, shard, tmp_path):
    ours, theirs = twins(name)
    ours.save_pretrained(tmp_path / "ours", max_shard_size=shard)
    assert (len(list((tmp_path / "ours").glob("*.safetensors"))) > 1) == (shard == 5000)
    again, report = MODELS[name][1].from_pretrained(tmp_path / "ours", output_loading_info=True)
    assert not report["missing_keys"]
    assert not report["unexpected_keys"]
    expected = theirs.state_dict()
    assert again.state_dict().keys() == expected.keys()
    for key, tensor in again.state_dict().items():
        assert torch.equal(tensor, expected[key]), key


@every_model
def test_shards_of_transformers(name, tmp_path):
    whole, theirs = twins(name)
    theirs.save_pretrained(tmp_path / "shards", max_shard_size="5KB")
    assert len(list((tmp_path / "shards").glob("*.safetensors"))) > 1
    shards = MODELS[name][0].from_pretrained(tmp_path / "shards")
    for (key, p), (_, q) in zip(whole.named_parameters(), shards.named_parameters(), strict=True):
        np.testing.assert_array_equal(p.array, q.array, key)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_other_float_types_become_float32(dtype, tmp_path):
    theirs = theirs_of("Llama: grouped queries, tied")
    theirs.to(getattr(torch, dtype)).save_pretrained(tmp_path / dtype)
    ours = MODELS["Llama: grouped queries, tied"][0].from_pretrained(tmp_path / dtype)
    for key, p in ours.named_parameters():
        assert p.dtype == np.float32
        np.testing.assert_array_equal(p.array, theirs.state_dict()[key].float().numpy())


@every_model
def test_it_comes_back_from_its_own_folder(name, tmp_path):
    ours, _ = twins(name)
    ours.save_pretrained(tmp_path / "ours")
    again = type(ours).from_pretrained(tmp_path / "ours")
    assert again.config == ours.config
    for (key, p), (_, q) in zip(ours.named_parameters(), again.named_parameters(), strict=True):
        np.testing.assert_array_equal(p.array, q.array, key)
