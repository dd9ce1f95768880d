"""Whole models, one readable file each."""

from .bert import BERT, BERTConfig
from .gpt2 import GPT2, GPT2Config
from .llama import Llama, LlamaConfig
from .transformer import Transformer, TransformerConfig

__all__ = ["BERT", "GPT2", "BERTConfig", "GPT2Config", "Llama", "LlamaConfig", "Transformer", "TransformerConfig"]
