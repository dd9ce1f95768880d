"""Mistakes made with language models and generation; rows as in mistakes."""

import numpy as np

from tinygrad_tf.models import BERT, GPT2, BERTConfig, GPT2Config, Llama, LlamaConfig, TransformerConfig

from .mistakes import ones


def gpt2(**settings):
    return GPT2(GPT2Config(**{"vocab_size": 5, "n_positions": 4, "n_embd": 4, "n_layer": 1, "n_head": 2, **settings}))


def llama(**settings):
    return Llama(LlamaConfig(**{"vocab_size": 5, "hidden_size": 4, "intermediate_size": 4, "num_hidden_layers": 1,
                                "num_attention_heads": 2, **settings}))  # fmt: skip


def bert(**settings):
    return BERT(BERTConfig(**{"vocab_size": 5, "hidden_size": 4, "num_hidden_layers": 1, "num_attention_heads": 2,
                              "intermediate_size": 4, **settings}))  # fmt: skip


def broken():
    model = llama()
    model.model["norm"].weight.array[...] = np.nan
    return model


def bare():
    """As a folder of transformers' LlamaModel gives it."""
    model = llama()
    model.drop_head()
    return model


LANGUAGE_MODELS = [
    ("ids of a language model without a batch", lambda: gpt2()([1, 2]), ValueError,
     "model got input_ids ids (2,) int64", "(batch, length)", "ids[None, :]"),
    ("more tokens than positions", lambda: gpt2()([[1, 2, 3, 4, 1]]), ValueError,
     "model got input_ids ids (1, 5) int64", "4 positions", "cut the sequence"),
    ("a mask of another length", lambda: llama()([[1, 2]], attention_mask=ones(1, 3)), ValueError,
     "model got input_ids ids (1, 2) int64, attention_mask (1, 3) bool", "one for each token", "ids != pad_id"),
    ("GPT-2 with heads that do not divide", lambda: gpt2(n_head=3), ValueError,
     "GPT2Config got n_embd 4, n_head 3", "a multiple of n_head", "n_embd=768, n_head=12"),
    ("GPT-2 with a number of heads that is none", lambda: gpt2(n_head=2.0), ValueError,
     "GPT2Config got n_head 2.0", "n_head is a whole number, 1 … 1000000", "n_head=12"),
    ("a size that is no number", lambda: gpt2(layer_norm_epsilon=float("nan")), ValueError,
     "GPT2Config got layer_norm_epsilon nan", "a finite number within 0 … 1", "layer_norm_epsilon=1e-05"),
    ("GPT-2 with an unknown activation", lambda: gpt2(activation_function="prelu"), ValueError,
     "GPT2Config got activation_function 'prelu'", "gelu_new", 'activation_function="gelu_new"'),
    ("BERT with heads that do not divide", lambda: bert(num_attention_heads=3), ValueError,
     "BERTConfig got hidden_size 4, num_attention_heads 3", "a multiple", "num_attention_heads=12"),
    ("BERT with an unknown activation", lambda: bert(hidden_act="prelu"), ValueError,
     "BERTConfig got hidden_act 'prelu'", "gelu", 'hidden_act="gelu"'),
    ("BERT's loss of nothing masked", lambda: bert().loss([[1, 2]]), ValueError,
     "BERT.loss got no labels", "known to the caller alone", "−100 elsewhere"),
    ("Llama with keys for part of the heads", lambda: llama(num_attention_heads=4, num_key_value_heads=3), ValueError,
     "LlamaConfig got num_attention_heads 4, num_key_value_heads 3", "the same number", "num_key_value_heads=8"),
    ("Llama with positions stretched in another way", lambda: llama(rope_parameters={"rope_type": "longrope"}),
     ValueError, "LlamaConfig got rope_type 'longrope'", "llama3", "one of these"),
    ("positions stretched by nothing", lambda: llama(rope_parameters={"rope_type": "yarn"}), ValueError,
     "LlamaConfig got rope_parameters with factor None", "'yarn' needs a positive number for factor", "published"),
    ("positions whose factors are the wrong way round",
     lambda: llama(rope_parameters={"rope_type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 1}),
     ValueError, "LlamaConfig got rope_parameters", "below high_freq_factor", "low_freq_factor=1.0"),
    ("positions that grow in the smallest heads",
     lambda: llama(rope_parameters={"rope_type": "dynamic", "factor": 2.0}), ValueError,
     "LlamaConfig got head_dim 2", "divides by head_dim", "head_dim=4"),
    ("a configuration with two sizes for one", lambda: GPT2Config.from_dict({"n_embd": 8, "hidden_size": 16}),
     ValueError, "GPT2Config got n_embd 8, hidden_size 16", "another name for n_embd", "config.json"),
    ("a setting that changes what is computed", lambda: GPT2Config.from_dict({"scale_attn_weights": False}), ValueError,
     "GPT2Config got scale_attn_weights=False", "nothing else is computed", "scale_attn_weights=True"),
    ("a configuration with an unknown field", lambda: TransformerConfig.from_dict({"vocab_size": 5, "d_modle": 4}),
     ValueError, "TransformerConfig got an unknown 'd_modle'", "d_model", "dataclasses.asdict"),
    ("logits of a bare model", lambda: bare()([[1]]), RuntimeError,
     "Llama got a call for logits, and no output layer", "LlamaModel", "model.hidden(ids)"),
]  # fmt: skip

GENERATION = [
    ("a prompt without a batch", lambda: gpt2().generate([1, 2]), ValueError,
     "generate got input_ids (2,) int64", "(batch, length)", "ids[None, :]"),
    ("padding on the right", lambda: gpt2().generate([[1, 2, 0]], [[1, 1, 0]]), ValueError,
     "generate got input_ids (1, 3) int64, attention_mask (1, 3) bool", "on the left", "attention_mask 0 there"),
    ("a setting that does not exist", lambda: gpt2().generate([[1]], max_tokens=3), TypeError,
     "generate got an unknown 'max_tokens'", "max_new_tokens", "max_new_tokens=20"),
    ("settings in a dict", lambda: gpt2().generate([[1]], generation_config={"max_length": 5}), TypeError,
     "generate got settings of class dict", "a GenerationConfig", "generate(ids, max_new_tokens=50)"),
    ("a setting that transformers alone computes", lambda: gpt2().generate([[1]], guidance_scale=1.5), ValueError,
     "generate got guidance_scale=1.5", "not computed here", "leave guidance_scale out"),
    ("a setting that makes no sense", lambda: gpt2().generate([[1]], do_sample=True, temperature=-1.0), ValueError,
     "generate got temperature -1.0", "positive, or 0", "temperature=1.0"),
    ("a number of tokens that is not whole", lambda: gpt2().generate([[1]], max_new_tokens=2.5), ValueError,
     "generate got max_new_tokens 2.5", "max_new_tokens is a whole number", "max_new_tokens=20"),
    ("a setting that is a text", lambda: gpt2().generate([[1]], eos_token_id="end"), ValueError,
     "generate got eos_token_id 'end'", "a whole number", "eos_token_id=2"),
    ("more new tokens than positions", lambda: gpt2().generate([[1, 2]], max_new_tokens=4), ValueError,
     "generate got prompt (1, 2) int64, max_new_tokens 4", "4 positions", "max_new_tokens=3 or less"),
    ("no new token", lambda: gpt2().generate([[1, 2]], max_length=2), ValueError,
     "generate got prompt (1, 2) int64, at most 2", "longer than its prompt", "max_length=3 or more"),
    ("an id that is no token", lambda: gpt2().generate([[1]], suppress_tokens=[5]), ValueError,
     "generate got suppress_tokens with the id 5", "0 … 4", "the tokenizer that belongs"),
    ("no token allowed", lambda: gpt2().generate([[1]], suppress_tokens=[0, 1, 2, 3, 4]), ValueError,
     "generate got for new token 1 of row 0 no token", "leave a token", "loosen one"),
    ("fewer sequences than asked for",
     lambda: gpt2().generate([[1]], max_new_tokens=1, num_beams=3, num_return_sequences=3, suppress_tokens=[1, 2, 3]),
     ValueError, "generate got 2 sequences of 3 for prompt 0", "are possible", "num_return_sequences=1"),
    ("weights that are no numbers", lambda: broken().generate([[1]]), ValueError,
     "generate got for new token 1 logits of row 0 that are up to nan", "without NaN", "with debug()"),
    ("a stop string without a tokenizer", lambda: gpt2().generate([[1]], stop_strings="end"), ValueError,
     "generate got stop_strings='end' and no tokenizer", "decode(ids", "tokenizer=tokenizer"),
    ("a stream of beams", lambda: gpt2().stream([[1]], num_beams=2), ValueError,
     "stream got num_beams 2", "only at the end", "num_beams=1"),
    ("a BERT that should go on", lambda: bert().generate([[1]]), ValueError,
     "BERT.generate got is_decoder False", "does not go on", "is_decoder=True"),
]  # fmt: skip

TABLES = {"language models": LANGUAGE_MODELS, "generation": GENERATION}
