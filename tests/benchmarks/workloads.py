"""The work that is measured: shapes, data, initial weights, and the matrix products that nobody can do without."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

Sizes = dict[str, int]


class Product(NamedTuple):
    """``count`` products (m, k) · (k, n), with ``distinct`` right-hand sides; ``batched``: those come in one call."""

    count: int
    distinct: int
    m: int
    k: int
    n: int
    batched: bool = False

    @property
    def flops(self) -> int:
        return 2 * self.count * self.m * self.k * self.n


@dataclass(frozen=True)
class Workload:
    """One row of the table: what is done, at which sizes, and the goal for our time over PyTorch's best.

    ``tiny`` are the sizes at which the tests run it.
    """

    name: str
    what: str
    kind: str
    sizes: Sizes
    tiny: Sizes
    goal: float

    def at(self, sizes: Sizes) -> Workload:
        return Workload(self.name, self.what, self.kind, {**self.sizes, **sizes}, self.tiny, self.goal)


WORKLOADS = {w.name: w for w in [
    Workload("tiny ops", "a chain of 200 operations on 8 numbers, forward and backward", "chain",
             {"ops": 200, "numbers": 8}, {"ops": 8}, 0.25),
    Workload("toy", "encoder–decoder step: d 32, 4 heads, 2+2 layers, ff 128, batch 32, lengths 12/12, vocabulary 32, "
             "AdamW", "seq2seq",
             {"d": 32, "heads": 4, "layers": 2, "ff": 128, "batch": 32, "source": 12, "target": 12, "vocabulary": 32},
             {"d": 8, "heads": 2, "layers": 1, "ff": 16, "batch": 2, "source": 5, "target": 4}, 0.5),
    Workload("char GPT", "nanoGPT's CPU configuration, one step: 4 layers, 4 heads, d 128, block 64, batch 12, "
             "vocabulary 65, no bias, AdamW, clip 1.0", "gpt",
             {"d": 128, "heads": 4, "layers": 4, "batch": 12, "length": 64, "vocabulary": 65},
             {"d": 8, "heads": 2, "layers": 2, "batch": 2, "length": 6}, 0.8),
    Workload("base", "encoder–decoder step: d 512, 8 heads, 6+6 layers, ff 2048, batch 8, lengths 64/64, vocabulary "
             "8192, AdamW", "seq2seq",
             {"d": 512, "heads": 8, "layers": 6, "ff": 2048, "batch": 8, "source": 64, "target": 64,
              "vocabulary": 8192},
             {"d": 8, "heads": 2, "layers": 2, "ff": 16, "batch": 2, "source": 5, "target": 4, "vocabulary": 20}, 0.95),
    Workload("long attention", "forward and backward, 8 heads of 64, length 4096", "attention",
             {"heads": 8, "d": 64, "length": 4096}, {"heads": 2, "d": 4, "length": 400}, 1.0),
    Workload("decode", "GPT-2 small's shape, 64 tokens after a prompt of 64, with cache", "decode",
             {"d": 768, "heads": 12, "layers": 12, "vocabulary": 50257, "positions": 1024, "prompt": 64, "new": 64},
             {"d": 8, "heads": 2, "layers": 1, "vocabulary": 20, "positions": 16, "prompt": 4, "new": 5}, 0.65),
]}  # fmt: skip


# ---- data and weights: the same for every library -------------------------------------------------------------------


def tokens(s: Sizes, *shape: int) -> np.ndarray:
    """Token ids, none of them 0, which is padding."""
    return np.random.default_rng(len(shape) + shape[-1]).integers(1, s["vocabulary"], shape)


def normal(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


def initial(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """What a weight starts from, by its name in the state dict: libraries that agree on names agree on weights."""
    if len(shape) == 1:
        return np.full(shape, 0.0 if name.endswith("bias") else 1.0, np.float32)
    return normal(zlib.crc32(name.encode()), *shape) / np.float32(math.sqrt(shape[-1]))


def sinusoids(length: int, d: int) -> np.ndarray:
    """PE (length, d): sin and cos of the position over 10000^(2i / d) (Vaswani et al. 2017, section 3.5)."""
    angles = np.arange(length)[:, None] / 10000 ** (np.arange(0, d, 2) / d)
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(length, d).astype(np.float32)


# ---- the floor ------------------------------------------------------------------------------------------------------


def products(w: Workload) -> list[Product]:
    """The matrix products of one step's forward pass; a training step has three times as many (:func:`passes`)."""
    s = w.sizes
    if w.kind == "gpt":
        return stack(s["layers"], s["batch"] * s["length"], s["d"], 4 * s["d"]) + [
            *scores(s["layers"], s["batch"] * s["heads"], s["length"], s["length"], s["d"] // s["heads"]),
            Product(1, 1, s["batch"] * s["length"], s["d"], s["vocabulary"]),
        ]
    if w.kind == "seq2seq":
        return _seq2seq(s)
    if w.kind == "attention":  # in blocks of 512, as nobody holds all scores at once
        size = min(512, s["length"])
        return scores(1, s["heads"] * math.ceil(s["length"] / size) ** 2, size, size, s["d"])
    if w.kind == "decode":
        n, h, d, L = s["layers"], s["heads"], s["d"] // s["heads"], s["prompt"]
        once, steps = stack(n, L, s["d"], 4 * s["d"]), s["new"] - 1  # the prompt gives the first new token
        each = [Product(steps * p.count, p.distinct, 1, p.k, p.n) for p in once]
        logits = Product(s["new"], 1, 1, s["d"], s["vocabulary"])
        seen = [Product(steps * p.count, *p[1:]) for p in scores(n, h, 1, L + s["new"] // 2, d)]
        return [*once, *scores(n, h, L, L, d), *each, logits, *seen]
    return []


def passes(w: Workload) -> int:
    """Products for each product of the forward pass: with a gradient for each of its factors, three."""
    return 1 if w.kind == "decode" else 3


def stack(layers: int, rows: int, d: int, ff: int) -> list[Product]:
    """The products with weights of ``layers`` decoder layers over ``rows`` tokens."""
    return [Product(layers, layers, rows, k, n) for k, n in [(d, 3 * d), (d, d), (d, ff), (ff, d)]]


def scores(layers: int, heads: int, queries: int, keys: int, d: int) -> list[Product]:
    """Q · Kᵀ and P · V of all heads."""
    return [Product(layers * heads, heads, queries, k, n, True) for k, n in [(d, keys), (keys, d)]]


def _seq2seq(s: Sizes) -> list[Product]:
    n, d, ff, heads = s["layers"], s["d"], s["ff"], s["batch"] * s["heads"]
    S, T = s["source"], s["target"]
    read, write, each = s["batch"] * S, s["batch"] * T, d // s["heads"]
    return [
        *stack(n, read, d, ff), *scores(n, heads, S, S, each),
        *stack(n, write, d, ff), *scores(n, heads, T, T, each),
        Product(2 * n, 2 * n, write, d, d), Product(n, n, read, d, 2 * d), *scores(n, heads, T, S, each),
        Product(1, 1, write, d, s["vocabulary"]),
    ]  # fmt: skip
