"""Folders in Hugging Face's format, also those that are missing, truncated, altered, hostile or of something else."""

import json
import struct
import sys

import numpy as np
import pytest

from tinygrad_tf.models import BERT, GPT2, BERTConfig, GPT2Config, Llama, LlamaConfig

pytest.importorskip("safetensors", reason="models are safetensors files")
import safetensors.numpy

SMALL = {"vocab_size": 20, "n_positions": 16, "n_embd": 8, "n_layer": 1, "n_head": 2}


@pytest.fixture
def folder(tmp_path):
    """What GPT2.save_pretrained wrote."""
    GPT2(GPT2Config(**SMALL)).save_pretrained(tmp_path)
    return tmp_path


def arrays(folder):
    return safetensors.numpy.load_file(folder / "model.safetensors")


def rewrite(folder, change):
    """The weights file again, after ``change(arrays)``."""
    content = arrays(folder)
    change(content)
    safetensors.numpy.save_file(content, folder / "model.safetensors", {"format": "pt"})


def config(folder, **changes):
    settings = json.loads((folder / "config.json").read_text()) | changes
    (folder / "config.json").write_text(json.dumps(settings))


def index(folder, weight_map):
    (folder / "model.safetensors").rename(folder / "part.safetensors")
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))


def header(folder, text):
    text = text.encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + b"\0" * 64)


def all_in(folder, file):
    return dict.fromkeys(arrays(folder), file)


WTE = "transformer.wte.weight"
DAMAGE = {
    "no config": (lambda f: (f / "config.json").unlink(), FileNotFoundError, ["config.json"]),
    "config is no JSON": (lambda f: (f / "config.json").write_text("{"), ValueError, ["config.json", "JSON"]),
    "config is no text": (lambda f: (f / "config.json").write_bytes(b"\xff\xfe\x00"), ValueError, ["config.json"]),
    "config is a list": (lambda f: (f / "config.json").write_text("[]"), ValueError, ["config.json", "object"]),
    "config is nested without end": (lambda f: (f / "config.json").write_text("[" * 10**6), ValueError, ["config"]),
    "another kind": (lambda f: config(f, model_type="t5"), ValueError, ["'t5'", "'gpt2'"]),
    "a setting that is not computed": (lambda f: config(f, scale_attn_by_inverse_layer_idx=True), ValueError,
        ["scale_attn_by_inverse_layer_idx"]),
    "an unknown activation": (lambda f: config(f, activation_function="prelu"), ValueError, ["prelu", "gelu_new"]),
    "two sizes for one": (lambda f: config(f, hidden_size=16), ValueError, ["n_embd 8, hidden_size 16"]),
    "no kind, and a class of another": (lambda f: config(f, model_type=None, architectures=["T5Model"]), ValueError,
        ["'T5Model'", "'gpt2'"]),
    "no head, and a class that has one": (lambda f: (config(f, tie_word_embeddings=False)), RuntimeError,
        ["missing: lm_head.weight"]),
    "a name and the same with a prefix": (lambda f: rewrite(f, lambda a: a.update({f"module.{WTE}": a[WTE]})),
        RuntimeError, ["unexpected", "module."]),
    "heads that do not divide": (lambda f: config(f, n_head=3), ValueError, ["n_embd", "multiple"]),
    "no weights": (lambda f: (f / "model.safetensors").unlink(), FileNotFoundError, ["pickles"]),
    "empty file": (lambda f: (f / "model.safetensors").write_bytes(b""), ValueError, ["damaged"]),
    "truncated": (lambda f: (f / "model.safetensors").write_bytes((f / "model.safetensors").read_bytes()[:-4]),
        ValueError, ["model.safetensors", "damaged"]),
    "header longer than the file": (lambda f: (f / "model.safetensors").write_bytes(struct.pack("<Q", 2**60)),
        ValueError, ["damaged"]),
    "offsets outside the file": (lambda f: header(f, json.dumps({WTE: {"dtype": "F32", "shape": [20, 8],
        "data_offsets": [0, 10**12]}})), ValueError, ["damaged"]),
    "offsets that do not fit the shape": (lambda f: header(f, json.dumps({WTE: {"dtype": "F32", "shape": [20, 8],
        "data_offsets": [0, 4]}})), ValueError, ["damaged"]),
    "not safetensors": (lambda f: (f / "model.safetensors").write_bytes(b"\x80\x04cos\nsystem\n."), ValueError,
        ["damaged"]),
    "a tensor is missing": (lambda f: rewrite(f, lambda a: a.pop(WTE)), RuntimeError, ["missing", WTE]),
    "a tensor too many": (lambda f: rewrite(f, lambda a: a.update(more=a[WTE])), RuntimeError, ["unexpected", "more"]),
    "a tensor of another shape": (lambda f: rewrite(f, lambda a: a.update({WTE: a[WTE][1:].copy()})), RuntimeError,
        ["mis-shaped", WTE, "(19, 8)", "(20, 8)"]),
    "a layer more than said": (lambda f: config(f, n_layer=2), RuntimeError, ["missing", "h.1"]),
    "quantised": (lambda f: rewrite(f, lambda a: a.update({WTE: a[WTE].astype(np.int8)})), ValueError, ["I8", WTE]),
    "index without a map": (lambda f: index(f, None), ValueError, ["weight_map"]),
    "index out of the folder": (lambda f: index(f, {WTE: "../secret.safetensors"}), ValueError, ["same folder"]),
    "index to an absolute path": (lambda f: index(f, {WTE: "/etc/passwd"}), ValueError, ["same folder"]),
    "a shard is missing": (lambda f: index(f, all_in(f, "gone.safetensors")), FileNotFoundError, ["gone.safetensors"]),
    "a shard lacks what the index says": (lambda f: index(f, all_in(f, "part.safetensors") | {"h": "part.safetensors"}),
        ValueError, ["'h'"]),
}  # fmt: skip


@pytest.mark.parametrize("case", DAMAGE)
def test_damage_is_explained(case, folder):
    damage, kind, words = DAMAGE[case]
    damage(folder)
    with pytest.raises(kind) as caught:
        GPT2.from_pretrained(folder)
    for word in ["from_pretrained" if kind is not ValueError else "", "rule:", "cure:", *words]:
        assert word in str(caught.value)


def test_weights_that_do_not_fit_leave_the_model_as_it_was(folder):
    from tinygrad_tf.models.folders import Folder

    rewrite(folder, lambda a: a.update({WTE: a[WTE][1:].copy()}))
    model = GPT2(GPT2Config(**SMALL))
    before = {name: p.array.copy() for name, p in model.named_parameters()}
    with pytest.raises(RuntimeError, match="mis-shaped"):
        model._load(Folder(folder).entries())
    for name, p in model.named_parameters():
        np.testing.assert_array_equal(p.array, before[name])


def test_files_of_the_bare_model_and_with_old_buffers(folder):
    expected = arrays(folder)

    def older(a):
        for name in list(a):
            a[name.removeprefix("transformer.")] = a.pop(name)
        a["h.0.attn.bias"], a["h.0.attn.masked_bias"] = np.ones((1, 1, 16, 16), np.float32), np.float32([-1e4])

    rewrite(folder, older)
    model = GPT2.from_pretrained(folder)
    np.testing.assert_array_equal(model.state_dict()[WTE].array, expected[WTE])


def test_names_of_the_first_bert(tmp_path):
    model = BERT(BERTConfig(20, 8, 1, 2, 16, max_position_embeddings=9))
    model.save_pretrained(tmp_path)

    def older(a):
        for name in list(a):
            new = name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
            a[new] = a.pop(name)
        a["bert.pooler.dense.weight"] = a["cls.seq_relationship.weight"] = np.ones((8, 8), np.float32)

    rewrite(tmp_path, older)
    again = BERT.from_pretrained(tmp_path)
    ids = np.array([[3, 4, 5]])
    np.testing.assert_array_equal(model.eval()(ids).array, again(ids).array)


@pytest.mark.parametrize("tied", [True, False])
def test_tied_weights_are_one_and_written_once(tied, tmp_path):
    model = GPT2(GPT2Config(**SMALL, tie_word_embeddings=tied))
    model.save_pretrained(tmp_path)
    assert ("lm_head.weight" in arrays(tmp_path)) != tied
    again = GPT2.from_pretrained(tmp_path)
    assert (again.lm_head.weight is again.transformer["wte"].weight) == tied


def tied_by_hand(model):
    model.lm_head.weight = model.transformer["wte"].weight


def with_a_shared_layer(model):
    model.transformer["h"][1] = model.transformer["h"][0]


@pytest.mark.parametrize("share", [tied_by_hand, with_a_shared_layer])
def test_what_config_json_does_not_tie_is_written_under_each_name(share, tmp_path):
    model = GPT2(GPT2Config(**{**SMALL, "n_layer": 2}, tie_word_embeddings=False)).eval()
    share(model)
    model.save_pretrained(tmp_path)
    ids = np.array([[1, 2, 3]])
    np.testing.assert_array_equal(GPT2.from_pretrained(tmp_path)(ids).array, model(ids).array)


def test_linear_weights_lie_the_other_way_round_in_gpt2_files(folder):
    model, files = GPT2.from_pretrained(folder), arrays(folder)
    for name in ("attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj"):
        key = f"transformer.h.0.{name}.weight"
        np.testing.assert_array_equal(model.state_dict()[key].array, files[key].T)


def test_a_save_over_shards_leaves_no_stale_index(folder):
    model = GPT2.from_pretrained(folder)
    model.save_pretrained(folder, max_shard_size=500)
    assert not (folder / "model.safetensors").exists()
    model.save_pretrained(folder)
    assert not (folder / "model.safetensors.index.json").exists()
    GPT2.from_pretrained(folder)


def test_parameters_of_the_published_sizes():
    assert sum(p.size for p in GPT2(GPT2Config(97, 32, 48, 2, 4)).parameters()) == 62_832
    with pytest.raises(ValueError, match="num_key_value_heads"):
        LlamaConfig(num_attention_heads=4, num_key_value_heads=3)


@pytest.mark.parametrize("settings", [
    {"rope_theta": 500.0}, {"rope_theta": 500.0, "rope_scaling": {"type": "linear", "factor": 2.0}},
    {"rope_scaling": {"rope_type": "linear", "factor": 2.0}, "rope_theta": 500.0},
], ids=["theta", "type", "rope_type"])  # fmt: skip
def test_older_files_of_llama_keep_the_positions_apart(settings):
    c = LlamaConfig.from_dict(settings)
    assert c.rope_parameters["rope_theta"] == 500
    assert c.rope_parameters["rope_type"] == ("linear" if "rope_scaling" in settings else "default")


def test_positions_stretched_in_another_way_are_refused():
    with pytest.raises(ValueError, match="longrope"):
        Llama(LlamaConfig(20, 8, 8, 1, 2, rope_parameters={"rope_type": "longrope"}))


def test_defaults_of_generation_are_read_and_kept(folder, tmp_path):
    given = {"do_sample": True, "top_k": 5, "temperature": 0.7, "eos_token_id": [3, 4], "pad_token_id": None,
             "transformers_version": "5", "max_length": 20}  # fmt: skip
    (folder / "generation_config.json").write_text(json.dumps(given))
    model = GPT2.from_pretrained(folder)
    g = model.generation
    assert (g.do_sample, g.top_k, g.temperature, g.eos) == (True, 5, 0.7, [3, 4])
    model.save_pretrained(tmp_path / "again")
    assert GPT2.from_pretrained(tmp_path / "again").generation == g


# ---- names on the hub -----------------------------------------------------------------------------------------------


def test_a_name_needs_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ImportError, match=r"tinygrad_tf\[hub\]"):
        GPT2.from_pretrained("openai-community/gpt2")


@pytest.mark.parametrize("path", ["no/such/folder/anywhere", "../gone", "a b", ""])
def test_what_is_neither_folder_nor_name(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)  # and it is not even asked
    if path == "":
        path = "nothing here/"
    with pytest.raises(FileNotFoundError, match="the path of a folder"):
        GPT2.from_pretrained(path)


def test_a_name_that_cannot_be_fetched(monkeypatch):
    class Hub:
        @staticmethod
        def snapshot_download(name, allow_patterns):
            assert name == "openai-community/gpt2"
            assert not any("bin" in pattern or pattern == "*" for pattern in allow_patterns)
            raise OSError("no network")

    monkeypatch.setitem(sys.modules, "huggingface_hub", Hub)
    with pytest.raises(FileNotFoundError, match="no network"):
        GPT2.from_pretrained("openai-community/gpt2")


def test_a_name_is_fetched_once(folder, monkeypatch):
    fetched = []

    class Hub:
        @staticmethod
        def snapshot_download(name, allow_patterns):
            fetched.append(name)
            return str(folder)

    monkeypatch.setitem(sys.modules, "huggingface_hub", Hub)
    assert GPT2.from_pretrained("someone/gpt2").config.n_embd == 8
    assert fetched == ["someone/gpt2"]
