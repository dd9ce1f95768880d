"""What config.json files say, and what a folder holds: other names, activations, positions, heads, prefixes, ties."""

import json
import warnings

import numpy as np
import pytest
from hugging_face import torch, transformers
from test_pretrained import arrays, config, rewrite

from tinygrad_tf import Tensor
from tinygrad_tf.models import BERT, GPT2, BERTConfig, GPT2Config, Llama, LlamaConfig
from tinygrad_tf.models.configs import ACTIVATIONS, family

IDS = np.array([[3, 4, 5, 6, 7], [9, 8, 7, 6, 5]])
SMALL = {
    "gpt2": {"vocab_size": 20, "n_positions": 16, "n_embd": 8, "n_layer": 1, "n_head": 2},
    "llama": {"vocab_size": 20, "hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 2,
              "num_attention_heads": 2},
    "bert": {"vocab_size": 20, "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2,
             "intermediate_size": 12, "max_position_embeddings": 16},
}  # fmt: skip
OURS = {"gpt2": (GPT2, GPT2Config), "llama": (Llama, LlamaConfig), "bert": (BERT, BERTConfig)}
every_family = pytest.mark.parametrize("kind", SMALL)


def theirs(kind, name, **settings):
    """A model of transformers, by the name of its class, with random weights."""
    cls = getattr(transformers, name)
    model = cls(cls.config_class(**{**SMALL[kind], **settings})).eval()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for p in model.parameters():
            p.normal_(0, 0.3, generator=generator)
    return model


def close(x, y):
    y = y.detach().numpy()
    np.testing.assert_allclose(x.array, y, rtol=0, atol=1e-5 * np.abs(y).max())


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_is_transformers(name):
    x = np.linspace(-12, 12, 97, dtype=np.float32)
    expected = transformers.activations.ACT2FN[name](torch.tensor(x)).numpy()
    np.testing.assert_allclose(ACTIVATIONS[name](Tensor(x)).array, expected, rtol=1e-5, atol=1e-6)


# ---- config.json ----------------------------------------------------------------------------------------------------


@every_family
def test_a_folder_that_does_not_say_its_kind(kind, tmp_path):
    model = OURS[kind][0](OURS[kind][1].from_dict(SMALL[kind])).eval()
    model.save_pretrained(tmp_path)
    settings = json.loads((tmp_path / "config.json").read_text())
    for absent in (["model_type"], ["model_type", "architectures"]):
        (tmp_path / "config.json").write_text(json.dumps({k: v for k, v in settings.items() if k not in absent}))
        again = type(model).from_pretrained(tmp_path)
        np.testing.assert_array_equal(again(IDS).array, model(IDS).array)


@pytest.mark.parametrize(("settings", "expected"), [
    ({"model_type": "t5", "architectures": ["BertModel"]}, "t5"),
    ({"architectures": ["BertForMaskedLM"]}, "bert"),
    ({"architectures": ["BertLMHeadModel"]}, "bert"),
    ({"architectures": ["GPT2LMHeadModel"]}, "gpt2"),
    ({"architectures": ["LlamaForCausalLM"]}, "llama"),
    ({"architectures": ["BertGenerationEncoder"]}, "BertGenerationEncoder"),
    ({"architectures": None}, None),
    ({}, None),
])  # fmt: skip
def test_the_kind_of_a_folder(settings, expected):
    assert family(settings) == expected


def test_gpt2_with_the_names_of_others(tmp_path):
    other = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "max_position_embeddings": 16,
             "vocab_size": 20}  # fmt: skip
    assert GPT2Config.from_dict(other) == GPT2Config(**SMALL["gpt2"])
    assert transformers.GPT2Config(**other).n_embd == 8
    GPT2(GPT2Config(**SMALL["gpt2"])).save_pretrained(tmp_path)
    settings = json.loads((tmp_path / "config.json").read_text())
    own = dict(GPT2Config.aliases)
    (tmp_path / "config.json").write_text(json.dumps(
        {{v: k for k, v in own.items()}.get(name, name): value for name, value in settings.items()}))  # fmt: skip
    assert GPT2.from_pretrained(tmp_path)(IDS).shape == (2, 5, 20)


LLAMA3 = {"rope_type": "llama3", "factor": 4.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
ROPE = {
    "llama3 of the whole context": {"rope_scaling": LLAMA3, "max_position_embeddings": 64},
    "llama3 of a context beside it": {"rope_scaling": LLAMA3, "original_max_position_embeddings": 32},
    "llama3 of two contexts": {"rope_scaling": {**LLAMA3, "original_max_position_embeddings": 128},
                               "original_max_position_embeddings": 32},
    "both ways": {"rope_scaling": {"type": "linear", "factor": 4.0},
                  "rope_parameters": {"rope_type": "default", "rope_theta": 500.0}},
    "both ways, and a base": {"rope_scaling": {"type": "linear", "factor": 4.0}, "rope_theta": 700.0,
                              "rope_parameters": {"rope_type": "default", "rope_theta": 500.0}},
    "both ways, alike": {"rope_scaling": {"type": "linear", "factor": 4.0, "rope_theta": 500.0},
                         "rope_parameters": {"rope_type": "linear", "factor": 4.0, "rope_theta": 500.0}},
    "one of them empty": {"rope_scaling": None, "rope_parameters": {"rope_type": "linear", "factor": 4.0}},
    "two names of the kind": {"rope_scaling": {"type": "linear", "rope_type": "default", "factor": 4.0}},
    "yarn": {"rope_scaling": {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32}},
    "yarn of the whole context": {"rope_scaling": {"type": "yarn", "factor": 4.0}, "max_position_embeddings": 32},
    "yarn, all settings": {"rope_scaling": {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32,
        "beta_fast": 8, "beta_slow": 2, "attention_factor": 1.5, "truncate": False}},
    "yarn, scales": {"rope_scaling": {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32,
        "mscale": 0.7, "mscale_all_dim": 0.3}},
    "yarn by the ratio": {"rope_scaling": {"type": "yarn", "factor": None, "original_max_position_embeddings": 32},
                          "max_position_embeddings": 64},
    "yarn that stretches nothing": {"rope_scaling": {"type": "yarn", "factor": 1.0,
                                                     "original_max_position_embeddings": 32}},
    "dynamic": {"rope_scaling": {"type": "dynamic", "factor": 2.0}, "max_position_embeddings": 4},
    "dynamic, not yet": {"rope_scaling": {"type": "dynamic", "factor": 2.0}, "max_position_embeddings": 8},
}  # fmt: skip


@pytest.mark.parametrize("case", ROPE)
@pytest.mark.filterwarnings("ignore:LlamaConfig")
def test_positions_of_a_file_are_transformers(case, tmp_path):
    settings = {**SMALL["llama"], "hidden_size": 32}
    model = theirs("llama", "LlamaForCausalLM", hidden_size=32)
    model.save_pretrained(tmp_path)
    written = json.loads((tmp_path / "config.json").read_text())
    del written["rope_parameters"]
    (tmp_path / "config.json").write_text(json.dumps({**written, **ROPE[case]}))
    reread = transformers.LlamaForCausalLM.from_pretrained(tmp_path).eval()
    with torch.no_grad():
        close(Llama.from_pretrained(tmp_path)(IDS), reread(torch.tensor(IDS)).logits)
    again = LlamaConfig.from_dict({**settings, **ROPE[case]})
    assert LlamaConfig.from_dict(again.to_dict()) == again


def test_what_is_said_twice_or_not_read_is_warned_of():
    with pytest.warns(UserWarning, match="rope_scaling .* counts, and not rope_parameters"):
        LlamaConfig.from_dict(ROPE["both ways"])
    with pytest.warns(UserWarning, match="'linear' does not read beta_fast, finetuned"):
        LlamaConfig(rope_parameters={"rope_type": "linear", "factor": 2.0, "beta_fast": 3, "finetuned": True})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for case in ("both ways, alike", "one of them empty", "yarn, all settings", "dynamic"):
            LlamaConfig.from_dict(ROPE[case])


@pytest.mark.parametrize("rope", [
    {"rope_type": "linear"}, {"rope_type": "linear", "factor": 0}, {"rope_type": "linear", "factor": "two"},
    {"rope_type": "llama3", "factor": 2.0, "low_freq_factor": 1.0}, {"rope_type": "dynamic"},
    {"rope_theta": -1.0}, {"rope_type": "default", "partial_rotary_factor": 0.5},
])  # fmt: skip
def test_positions_that_cannot_be_are_refused(rope):
    with pytest.raises(ValueError, match=r"LlamaConfig got rope_parameters (?s:.*)cure:"):
        LlamaConfig(rope_parameters=rope)


# ---- what the files hold --------------------------------------------------------------------------------------------

BARE = {"bert": "BertModel", "llama": "LlamaModel", "gpt2": "GPT2Model"}


@every_family
def test_a_bare_model_gives_what_an_output_layer_would_read(kind, tmp_path):
    untied = {"tie_word_embeddings": False} if kind == "gpt2" else {}
    bare = theirs(kind, BARE[kind], **untied)
    bare.save_pretrained(tmp_path / "theirs")
    model = OURS[kind][0].from_pretrained(tmp_path / "theirs")
    with torch.no_grad():
        expected = bare(torch.tensor(IDS), attention_mask=torch.tensor(IDS > 3)).last_hidden_state
    close(model.hidden(IDS, attention_mask=IDS > 3), expected)
    for call in (model, model.loss) if kind != "bert" else (model,):
        with pytest.raises(RuntimeError, match=BARE[kind]):
            call(IDS)
    if kind != "bert":
        with pytest.raises(RuntimeError, match=BARE[kind]):
            model.generate(IDS)
    model.save_pretrained(tmp_path / "ours")
    again = type(model).from_pretrained(tmp_path / "ours")
    np.testing.assert_array_equal(again.hidden(IDS).array, model.hidden(IDS).array)
    reread, report = type(bare).from_pretrained(tmp_path / "ours", output_loading_info=True)
    assert not report["unexpected_keys"]
    assert all("pooler" in name for name in report["missing_keys"])
    with torch.no_grad():
        close(model.hidden(IDS), reread(torch.tensor(IDS)).last_hidden_state)
    assert "None" not in repr(model)


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
def test_a_bare_model_whose_head_is_tied_has_it(kind, tmp_path):
    bare = theirs(kind, BARE[kind], tie_word_embeddings=True)
    bare.save_pretrained(tmp_path)
    whole = {"gpt2": transformers.GPT2LMHeadModel, "llama": transformers.LlamaForCausalLM}[kind]
    with torch.no_grad():
        expected = whole.from_pretrained(tmp_path).eval()(torch.tensor(IDS)).logits
    close(OURS[kind][0].from_pretrained(tmp_path)(IDS), expected)


@every_family
@pytest.mark.parametrize("prefix", ["_orig_mod.", "module.", "module._orig_mod."])
def test_names_as_a_wrapper_makes_them(kind, prefix, tmp_path):
    model = OURS[kind][0](OURS[kind][1].from_dict(SMALL[kind])).eval()
    model.save_pretrained(tmp_path)

    def wrap(a):
        for name in list(a):
            a[prefix + name] = a.pop(name)
        if kind == "gpt2":
            a[f"{prefix}transformer.h.0.attn.bias"] = np.ones((1, 1), np.float32)

    rewrite(tmp_path, wrap)
    np.testing.assert_array_equal(type(model).from_pretrained(tmp_path)(IDS).array, model(IDS).array)


HEADS = {"gpt2": ("GPT2LMHeadModel", "lm_head.weight"), "llama": ("LlamaForCausalLM", "lm_head.weight"),
         "bert": ("BertForMaskedLM", "cls.predictions.decoder.weight")}  # fmt: skip


@every_family
@pytest.mark.filterwarnings("ignore:BERT.from_pretrained")  # BERT's output layer has a bias beside its weight
def test_a_head_of_its_own_in_the_files_of_a_tied_model_is_kept(kind, tmp_path):
    name, head = HEADS[kind]
    theirs(kind, name, tie_word_embeddings=False).save_pretrained(tmp_path)
    config(tmp_path, tie_word_embeddings=True)
    both = getattr(transformers, name).from_pretrained(tmp_path).eval()
    with pytest.warns(UserWarning, match=f"ties {head} to .*, but the files hold different"):
        model = OURS[kind][0].from_pretrained(tmp_path)
    with torch.no_grad():
        close(model(IDS), both(torch.tensor(IDS)).logits)
    model.save_pretrained(tmp_path / "again")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = type(model).from_pretrained(tmp_path / "again")
    np.testing.assert_array_equal(again(IDS).array, model(IDS).array)


@every_family
def test_a_head_that_is_the_same_stays_tied(kind, tmp_path):
    model = OURS[kind][0](OURS[kind][1].from_dict({**SMALL[kind], "tie_word_embeddings": True}))
    model.save_pretrained(tmp_path)
    _, head = HEADS[kind]
    embedding = next(iter(dict(model.named_parameters())))
    rewrite(tmp_path, lambda a: a.update({head: a[embedding].copy()}))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = type(model).from_pretrained(tmp_path)
    assert len(list(again.parameters())) == len(list(model.parameters()))
    assert head in arrays(tmp_path)
