"""The same model here and in transformers: configurations, and both models with the same random weights."""

from __future__ import annotations

import functools
import os
import tempfile
from typing import Any

import numpy as np
import pytest

os.environ["HF_HUB_OFFLINE"] = "1"  # models are made from configurations; nothing is looked up
torch = pytest.importorskip("torch", reason="PyTorch is the oracle of the parity tests")
transformers = pytest.importorskip("transformers", reason="transformers is the oracle of the models' parity tests")
transformers.logging.set_verbosity_error()

from tinygrad_tf.models import BERT, GPT2, Llama  # noqa: E402

GPT2_CONFIGS = {
    "two layers": {"vocab_size": 97, "n_positions": 32, "n_embd": 48, "n_layer": 2, "n_head": 4},
    "one head, own width, exact gelu": {"vocab_size": 31, "n_positions": 40, "n_embd": 12, "n_layer": 1, "n_head": 1,
        "n_inner": 20, "activation_function": "gelu", "layer_norm_epsilon": 1e-3},
    "untied, deep": {"vocab_size": 50, "n_positions": 24, "n_embd": 16, "n_layer": 5, "n_head": 8,
        "tie_word_embeddings": False},
}  # fmt: skip
LLAMA_CONFIGS = {
    "one key for each query": {"vocab_size": 97, "hidden_size": 48, "intermediate_size": 80, "num_hidden_layers": 2,
        "num_attention_heads": 4},
    "grouped queries, tied": {"vocab_size": 50, "hidden_size": 32, "intermediate_size": 40, "num_hidden_layers": 3,
        "num_attention_heads": 8, "num_key_value_heads": 2, "tie_word_embeddings": True, "rms_norm_eps": 1e-5},
    "one key for all, biases, wide heads": {"vocab_size": 31, "hidden_size": 12, "intermediate_size": 20,
        "num_hidden_layers": 1, "num_attention_heads": 3, "num_key_value_heads": 1, "head_dim": 8,
        "attention_bias": True, "mlp_bias": True},
    "Llama 3's stretched positions": {"vocab_size": 40, "hidden_size": 64, "intermediate_size": 40,
        "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1, "rope_parameters": {
            "rope_type": "llama3", "rope_theta": 100.0, "factor": 4.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
            "original_max_position_embeddings": 64}},
    "linearly stretched positions": {"vocab_size": 40, "hidden_size": 16, "intermediate_size": 40,
        "num_hidden_layers": 1, "num_attention_heads": 2,
        "rope_parameters": {"rope_type": "linear", "rope_theta": 10000.0, "factor": 2.0}},
    "positions that grow with the length, another activation": {"vocab_size": 40, "hidden_size": 24,
        "intermediate_size": 40, "num_hidden_layers": 2, "num_attention_heads": 2, "max_position_embeddings": 8,
        "hidden_act": "gelu_fast", "rope_parameters": {"rope_type": "dynamic", "rope_theta": 100.0, "factor": 3.0}},
    "positions stretched by YaRN": {"vocab_size": 40, "hidden_size": 64, "intermediate_size": 40,
        "num_hidden_layers": 2, "num_attention_heads": 2, "rope_parameters": {"rope_type": "yarn", "rope_theta": 100.0,
            "factor": 4.0, "original_max_position_embeddings": 64}},
}  # fmt: skip
BERT_CONFIGS = {
    "two layers": {"vocab_size": 97, "hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4,
        "intermediate_size": 64, "max_position_embeddings": 32},
    "one head, tanh form, untied": {"vocab_size": 31, "hidden_size": 12, "num_hidden_layers": 1,
        "num_attention_heads": 1, "intermediate_size": 20, "max_position_embeddings": 40, "hidden_act": "gelu_new",
        "tie_word_embeddings": False, "type_vocab_size": 3},
    "decoder": {"vocab_size": 50, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 8,
        "intermediate_size": 24, "max_position_embeddings": 40, "is_decoder": True, "hidden_act": "relu"},
}  # fmt: skip
MODELS: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    **{f"GPT-2: {k}": (GPT2, transformers.GPT2LMHeadModel, c) for k, c in GPT2_CONFIGS.items()},
    **{f"Llama: {k}": (Llama, transformers.LlamaForCausalLM, c) for k, c in LLAMA_CONFIGS.items()},
    **{f"BERT: {k}": (BERT, transformers.BertLMHeadModel if "is_decoder" in c else transformers.BertForMaskedLM, c)
       for k, c in BERT_CONFIGS.items()},
}  # fmt: skip
every_model = pytest.mark.parametrize("name", MODELS)


def theirs_of(name: str, scale: float = 0.1) -> Any:
    """Transformers' model, in evaluation, with random weights; biases and norms are not left at 0 and 1."""
    _, kind, settings = MODELS[name]
    model = kind(kind.config_class(**settings)).eval()
    rng = np.random.default_rng(0)
    with torch.no_grad():
        for key, p in model.named_parameters():
            one = p.ndim == 1 and key.endswith("weight")
            p.copy_(torch.from_numpy(one + scale * rng.standard_normal(p.shape)))
    return model


@functools.cache
def twins(name: str, scale: float = 0.1) -> tuple[Any, Any]:
    """Our model, read from what transformers' wrote, and transformers' own. Nobody changes their weights."""
    theirs = theirs_of(name, scale)
    with tempfile.TemporaryDirectory() as folder:
        theirs.save_pretrained(folder)
        return MODELS[name][0].from_pretrained(folder), theirs


def tokens(ours: Any, shape: tuple[int, int], seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(3, ours.config.vocab_size, shape)
