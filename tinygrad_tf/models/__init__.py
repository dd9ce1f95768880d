"""Whole models, one readable file each."""

from .bert import BERT, BERTConfig
from .gpt2 import GPT2, GPT2Config
from .llama import Llama, LlamaConfig
from .settings import GenerationConfig
from .transformer import Transformer, TransformerConfig

__all__ = [
    "BERT", "GPT2", "BERTConfig", "GPT2Config", "GenerationConfig", "Llama", "LlamaConfig", "Transformer",
    "TransformerConfig",
]  # fmt: skip
