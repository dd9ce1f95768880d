"""Every model can be drawn and explained like any other graph, its parts under their own names."""

import re

import numpy as np
import pytest

from tinygrad_tf.graph import draw, explain
from tinygrad_tf.graph.capture import capture
from tinygrad_tf.models import BERT, GPT2, BERTConfig, GPT2Config, Llama, LlamaConfig

MODELS = {
    "GPT-2": (GPT2(GPT2Config(9, 8, 4, 1, 2)), "transformer.h.0.attn.c_attn.weight"),
    "Llama": (Llama(LlamaConfig(9, 8, 6, 1, 4, 2)), "model.layers.0.self_attn.k_proj.weight"),
    "BERT": (
        BERT(BERTConfig(9, 4, 1, 2, 6, max_position_embeddings=8)),
        "bert.encoder.layer.0.attention.self.key.weight",
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_drawn_and_explained(name):
    model, path = MODELS[name]
    ids = np.array([[3, 4, 5]])
    loss = model.loss(ids, labels=ids)
    weight = dict(model.named_parameters())[path]
    text = str(explain(loss, weight))
    assert "softmax(" in text
    assert re.search(r"\b\w+ · \w+ᵀ / √", text)
    assert f"d {path} = " in text
    names = {node.name for node in capture(loss).nodes if node.kind == "parameter"}
    assert names <= {name for name, _ in model.named_parameters()}
    source = draw(loss, path_to=weight).source
    assert "attention" in source
    assert path.split(".")[-2] in source
