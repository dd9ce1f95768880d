"""The settings of generation: what a file says, what counts before what, and that they come back as they were saved."""

import json

import numpy as np
import pytest

from tinygrad_tf.models import BERT, GPT2, BERTConfig, GenerationConfig, GPT2Config, Llama, LlamaConfig

pytest.importorskip("safetensors", reason="models are safetensors files")
SMALL = {"vocab_size": 20, "n_positions": 16, "n_embd": 8, "n_layer": 1, "n_head": 2}


@pytest.fixture
def folder(tmp_path):
    """A model whose config.json has the end 7, and no generation_config.json."""
    GPT2(GPT2Config(**SMALL, eos_token_id=7, pad_token_id=1)).save_pretrained(tmp_path)
    (tmp_path / "generation_config.json").unlink()
    return tmp_path


def say(folder, file="generation_config.json", **settings):
    path = folder / file
    before = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(before | settings))


def loaded(folder):
    return GPT2.from_pretrained(folder).generation


#: Settings of a file that change nothing, because they are transformers' way to say nothing, or of another mode.
IDLE = {
    "a temperature where nothing is drawn": {"temperature": 0.0},
    "a share of nothing": {"top_p": 0},
    "all tokens, as others say it": {"top_k": -1},
    "min_p where nothing is drawn": {"min_p": 7, "do_sample": False},
    "beams' settings without beams": {"early_stopping": "soon", "length_penalty": 2.0, "num_beam_groups": 3},
    "typical tokens where nothing is drawn": {"typical_p": 0.5, "epsilon_cutoff": 0.1, "top_h": 0.3},
    "what is the default": {"typical_p": 1.0, "guidance_scale": 1, "encoder_repetition_penalty": 1.0, "top_h": None,
        "diversity_penalty": 0.0, "num_beam_groups": 1, "renormalize_logits": False, "sequence_bias": None,
        "exponential_decay_length_penalty": None, "remove_invalid_values": False, "watermarking_config": None,
        "do_sample": True, "num_beams": 3},
    "what is returned beside": {"output_scores": True, "output_attentions": False, "return_dict_in_generate": False},
    "how it is computed": {"cache_implementation": "static", "disable_compile": True, "prompt_lookup_num_tokens": 3},
    "who wrote it": {"transformers_version": "5.23.0", "_from_model_config": True, "bos_token_id": 3},
}  # fmt: skip


@pytest.mark.parametrize("settings", IDLE.values(), ids=IDLE)
def test_what_does_not_matter_does_not_keep_a_model_from_being_loaded(settings, folder):
    plain = GPT2.from_pretrained(folder)
    say(folder, **settings)
    model = GPT2.from_pretrained(folder)
    given = {} if model.generation.do_sample else {"num_beams": 1}
    if not model.generation.do_sample:
        expected = plain.generate([[3, 4]], max_new_tokens=5)
        assert model.generate([[3, 4]], max_new_tokens=5, **given).tolist() == expected.tolist()


#: Settings of a file that would change the tokens, and what is said of them.
REFUSED = {
    "a negative temperature": ({"do_sample": True, "temperature": -1}, ["temperature -1"]),
    "a probability above 1": ({"do_sample": True, "top_p": 1.5}, ["top_p 1.5"]),
    "a number below 0": ({"do_sample": True, "top_k": -1}, ["top_k -1", "0 for all"]),
    "no tokens": ({"max_new_tokens": 0}, ["max_new_tokens 0"]),
    "words in place of a number": ({"num_beams": "many"}, ["num_beams 'many'"]),
    "more beams than memory has": ({"num_beams": 10**9}, ["num_beams 1000000000", "1 … 10,000"]),
    "more sequences than memory has": ({"do_sample": True, "num_return_sequences": 10**9}, ["num_return_sequences"]),
    "a power that no number holds": ({"num_beams": 2, "length_penalty": 1e300}, ["length_penalty 1e+300"]),
    "a power that is nothing": ({"num_beams": 2, "length_penalty": -1e300}, ["length_penalty -1e+300"]),
    "guidance": ({"guidance_scale": 1.5}, ["guidance_scale=1.5", "not computed here"]),
    "typical tokens": ({"do_sample": True, "typical_p": 0.9}, ["typical_p=0.9"]),
    "groups of beams": ({"num_beams": 4, "num_beam_groups": 2}, ["num_beam_groups=2"]),
    "a watermark": ({"watermarking_config": {"bias": 2.0}}, ["watermarking_config"]),
    "biases": ({"sequence_bias": [[[3], 1.0]]}, ["sequence_bias"]),
    "a first token": ({"forced_bos_token_id": 3}, ["forced_bos_token_id=3"]),
    "contrastive search": ({"penalty_alpha": 0.6, "top_k": 4}, ["penalty_alpha=0.6"]),
    "what nobody knows": ({"max_tokens": 3}, ["unknown 'max_tokens'", "max_new_tokens"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_change_the_tokens_is_refused_by_name_and_file(case, folder):
    settings, words = REFUSED[case]
    say(folder, **settings)
    with pytest.raises(ValueError, match=r"generation_config\.json") as caught:
        GPT2.from_pretrained(folder)
    for word in ["from_pretrained", "rule:", "cure:", "generation_config=GenerationConfig()", *words]:
        assert word in str(caught.value)


def test_settings_that_are_given_stand_in_for_a_file_that_is_refused(folder):
    say(folder, guidance_scale=2.0, eos_token_id=4)
    model = GPT2.from_pretrained(folder, generation_config=GenerationConfig(max_new_tokens=3))
    assert model.generation.max_new_tokens == 3
    assert model.generation.eos_token_id == 7  # the file is not read


def test_an_older_folder_has_its_settings_in_its_config(folder):
    say(folder, "config.json", do_sample=True, top_k=5, no_repeat_ngram_size=3, task_specific_params={"top_k": 9})
    g = loaded(folder)
    assert (g.do_sample, g.top_k, g.no_repeat_ngram_size, g.eos) == (True, 5, 3, [7])
    say(folder, temperature=0.5)  # a file of its own counts alone
    g = loaded(folder)
    assert (g.do_sample, g.top_k, g.no_repeat_ngram_size, g.eos) == (False, 50, 0, [7])
    say(folder, "config.json", diversity_penalty=0.5, num_beams=2)
    (folder / "generation_config.json").unlink()
    with pytest.raises(ValueError, match=r"diversity_penalty=0\.5 in .*config\.json"):
        loaded(folder)


# ---- what counts before what ----------------------------------------------------------------------------------------


def test_an_argument_counts_before_the_file_before_the_config(folder, monkeypatch):
    seen = []
    generation = "tinygrad_tf.models.generation"
    monkeypatch.setattr(f"{generation}.Ends", lambda config, tokenizer: seen.append(config) or (lambda t: t[:, -1] < 0))
    model = GPT2.from_pretrained(folder)
    model.generate([[3]], max_new_tokens=1)
    assert seen[-1].eos == [7]  # config.json
    say(folder, eos_token_id=[4, 5], top_k=9)
    model = GPT2.from_pretrained(folder)
    model.generate([[3]], max_new_tokens=1)
    assert seen[-1].eos == [4, 5]
    model.generate([[3]], max_new_tokens=1, eos_token_id=6)
    assert seen[-1].eos == [6]
    model.generate([[3]], max_new_tokens=1, eos_token_id=None)
    assert seen[-1].eos == []
    model.generate([[3]], generation_config=GenerationConfig(max_new_tokens=1))
    assert (seen[-1].eos, seen[-1].top_k) == ([4, 5], 50)  # the settings that are given, and where they are silent …
    model.generate([[3]], generation_config=GenerationConfig(max_new_tokens=1, eos_token_id=6))
    assert seen[-1].eos == [6]
    model.generate([[3]], generation_config=GenerationConfig(max_new_tokens=1, eos_token_id=6), eos_token_id=8)
    assert seen[-1].eos == [8]


def test_an_end_that_the_file_takes_away_is_none(folder):
    say(folder, eos_token_id=None)
    assert loaded(folder).eos_token_id is None


@pytest.mark.parametrize("name", ["temperature", "top_p", "repetition_penalty", "num_beams", "do_sample", "use_cache"])
def test_none_is_the_default(name, folder):
    say(folder, **{name: None})
    assert getattr(loaded(folder), name) == getattr(GenerationConfig(), name)
    assert getattr(GenerationConfig(**{name: None}), name) == getattr(GenerationConfig(), name)
    assert getattr(GenerationConfig().but(**{name: None}), name) == getattr(GenerationConfig(), name)


# ---- round trips ----------------------------------------------------------------------------------------------------

SAVED = {
    "the defaults": {},
    "no end, no padding": {"eos_token_id": None, "pad_token_id": None, "bos_token_id": None},
    "other ends": {"eos_token_id": [3, 4], "pad_token_id": 5, "bos_token_id": 6},
    "all tokens": {"top_k": None, "do_sample": True},
    "all tokens, as 0": {"top_k": 0, "do_sample": True},
    "lengths": {"max_length": 12, "min_length": 3},
    "new lengths": {"max_new_tokens": 5, "min_new_tokens": 2},
    "lists": {"bad_words_ids": [[3], [4, 5]], "suppress_tokens": [6], "begin_suppress_tokens": [7, 8],
              "forced_eos_token_id": [9], "stop_strings": ["end", "\n"]},
    "beams": {"num_beams": 4, "num_return_sequences": 2, "early_stopping": "never", "length_penalty": 0.5},
    "drawing": {"do_sample": True, "temperature": 0.0, "top_p": 0.0, "min_p": 0.05, "num_return_sequences": 3},
    "no cache": {"use_cache": False},
}  # fmt: skip


@pytest.mark.parametrize("settings", SAVED.values(), ids=SAVED)
def test_settings_come_back_as_they_were_saved(settings, folder):
    model = GPT2.from_pretrained(folder)
    model.generation = model.generation.but(**settings)
    model.save_pretrained(folder)
    assert loaded(folder) == model.generation


@pytest.mark.parametrize("settings", SAVED.values(), ids=SAVED)
def test_transformers_reads_what_was_saved(settings, folder):
    transformers = pytest.importorskip("transformers", reason="transformers is the oracle")
    model = GPT2.from_pretrained(folder)
    model.generation = model.generation.but(**settings)
    model.save_pretrained(folder)
    theirs = transformers.GenerationConfig.from_pretrained(folder)
    for name, value in vars(model.generation).items():
        default = getattr(GenerationConfig(), name)
        assert getattr(theirs, name) == value or (getattr(theirs, name) is None and value == default), name


@pytest.mark.parametrize("make", [
    lambda: BERT(BERTConfig(20, 8, 1, 2, 16, max_position_embeddings=9, is_decoder=True)),
    lambda: Llama(LlamaConfig(20, 8, 8, 1, 2, eos_token_id=[4, 5])),
], ids=["BERT", "Llama"])  # fmt: skip
def test_those_of_the_other_families_come_back_too(make, tmp_path):
    model = make()
    model.save_pretrained(tmp_path)
    assert type(model).from_pretrained(tmp_path).generation == model.generation
    model.generation = model.generation.but(eos_token_id=None, min_new_tokens=np.int64(3).item())
    model.save_pretrained(tmp_path)
    assert type(model).from_pretrained(tmp_path).generation == model.generation
