"""The training steps as functions of arrays, in the NumPy that JAX and HIPS autograd both speak."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .workloads import Sizes, initial, sinusoids, tokens

Weights = dict[str, Any]


class Network:
    """Layers over a dict of weights; ``xp`` is the library's NumPy, ``erf`` its error function."""

    def __init__(self, xp: Any, erf: Callable[[Any], Any], heads: int) -> None:
        self.xp, self.erf, self.heads = xp, erf, heads

    def norm(self, p: Weights, name: str, x: Any) -> Any:
        x = x - self.xp.mean(x, axis=-1, keepdims=True)
        y = x / self.xp.sqrt(self.xp.mean(x * x, axis=-1, keepdims=True) + 1e-5) * p[f"{name}.weight"]
        return y + p[f"{name}.bias"] if f"{name}.bias" in p else y

    def linear(self, p: Weights, name: str, x: Any) -> Any:
        y = x @ p[f"{name}.weight"].T
        return y + p[f"{name}.bias"] if f"{name}.bias" in p else y

    def split(self, x: Any) -> Any:
        B, L, D = x.shape
        return self.xp.swapaxes(x.reshape(B, L, self.heads, D // self.heads), 1, 2)

    def attend(self, q: Any, k: Any, v: Any, causal: bool) -> Any:
        q, k, v = self.split(q), self.split(k), self.split(v)
        S = q @ self.xp.swapaxes(k, -1, -2) * (1 / math.sqrt(q.shape[-1]))
        if causal:
            S = S + np.triu(np.full(S.shape[-2:], -np.inf, np.float32), 1)
        P = self.xp.exp(S - self.xp.max(S, axis=-1, keepdims=True))
        Y = self.xp.swapaxes(P / self.xp.sum(P, axis=-1, keepdims=True) @ v, 1, 2)
        return Y.reshape(*Y.shape[:2], -1)

    def loss(self, logits: Any, labels: np.ndarray) -> Any:
        z = logits.reshape(-1, logits.shape[-1])
        z = z - self.xp.max(z, axis=-1, keepdims=True)
        chosen = z[np.arange(labels.size), labels.reshape(-1)]
        return self.xp.mean(self.xp.log(self.xp.sum(self.xp.exp(z), axis=-1)) - chosen)

    def gpt(self, p: Weights, s: Sizes, windows: np.ndarray) -> Any:
        x = p["transformer.wte.weight"][windows[:, :-1]] + p["transformer.wpe.weight"]
        for i in range(s["layers"]):
            h = f"transformer.h.{i}"
            qkv = self.linear(p, f"{h}.attn.c_attn", self.norm(p, f"{h}.ln_1", x))
            d = s["d"]
            y = self.attend(qkv[..., :d], qkv[..., d : 2 * d], qkv[..., 2 * d :], True)
            x = x + self.linear(p, f"{h}.attn.c_proj", y)
            y = self.linear(p, f"{h}.mlp.c_fc", self.norm(p, f"{h}.ln_2", x))
            y = y * (1 + self.erf(y * (1 / math.sqrt(2)))) * 0.5
            x = x + self.linear(p, f"{h}.mlp.c_proj", y)
        return self.loss(self.norm(p, "transformer.ln_f", x) @ p["transformer.wte.weight"].T, windows[:, 1:])

    def sublayer(self, p: Weights, name: str, x: Any, memory: Any, causal: bool) -> Any:
        W, b, d = p[f"{name}.in_proj_weight"], p[f"{name}.in_proj_bias"], x.shape[-1]
        q, k, v = (y @ W[i * d : (i + 1) * d].T + b[i * d : (i + 1) * d] for i, y in enumerate((x, memory, memory)))
        return self.linear(p, f"{name}.out_proj", self.attend(q, k, v, causal))

    def feed_forward(self, p: Weights, name: str, x: Any) -> Any:
        return self.linear(p, f"{name}.linear2", self.xp.maximum(self.linear(p, f"{name}.linear1", x), 0))

    def seq2seq(self, p: Weights, s: Sizes, source: np.ndarray, target: np.ndarray) -> Any:
        E = p["source_embedding.weight"]
        x, y = (E[ids] * math.sqrt(s["d"]) + sinusoids(ids.shape[1], s["d"]) for ids in (source, target[:, :-1]))
        for i in range(s["layers"]):
            name = f"encoder.layers.{i}"
            x = self.norm(p, f"{name}.norm1", x + self.sublayer(p, f"{name}.self_attn", x, x, False))
            x = self.norm(p, f"{name}.norm2", x + self.feed_forward(p, name, x))
        for i in range(s["layers"]):
            name = f"decoder.layers.{i}"
            y = self.norm(p, f"{name}.norm1", y + self.sublayer(p, f"{name}.self_attn", y, y, True))
            y = self.norm(p, f"{name}.norm2", y + self.sublayer(p, f"{name}.multihead_attn", y, x, False))
            y = self.norm(p, f"{name}.norm3", y + self.feed_forward(p, name, y))
        return self.loss(y @ E.T, target[:, 1:])


def gpt_weights(s: Sizes) -> Weights:
    d = s["d"]
    shapes = {"transformer.wte.weight": (s["vocabulary"], d), "transformer.wpe.weight": (s["length"], d)}
    for i in range(s["layers"]):
        shapes |= {
            f"transformer.h.{i}.{name}.weight": shape
            for name, shape in [("ln_1", (d,)), ("attn.c_attn", (3 * d, d)), ("attn.c_proj", (d, d)),
                                ("ln_2", (d,)), ("mlp.c_fc", (4 * d, d)), ("mlp.c_proj", (d, 4 * d))]
        }  # fmt: skip
    return {name: initial(name, shape) for name, shape in {**shapes, "transformer.ln_f.weight": (d,)}.items()}


def seq2seq_weights(s: Sizes) -> Weights:
    d, ff = s["d"], s["ff"]
    shapes: dict[str, tuple[int, ...]] = {"source_embedding.weight": (s["vocabulary"], d)}
    for stack, attentions in [("encoder", ["self_attn"]), ("decoder", ["self_attn", "multihead_attn"])]:
        for i in range(s["layers"]):
            of = {f"{a}.{name}": shape for a in attentions for name, shape in [
                ("in_proj_weight", (3 * d, d)), ("in_proj_bias", (3 * d,)),
                ("out_proj.weight", (d, d)), ("out_proj.bias", (d,)),
            ]}  # fmt: skip
            of |= {"linear1.weight": (ff, d), "linear1.bias": (ff,), "linear2.weight": (d, ff), "linear2.bias": (d,)}
            of |= {f"norm{n + 1}.{name}": (d,) for n in range(len(attentions) + 1) for name in ("weight", "bias")}
            shapes |= {f"{stack}.layers.{i}.{name}": shape for name, shape in of.items()}
    return {name: initial(name, shape) for name, shape in shapes.items()}


def training(kind: str, s: Sizes, network: Network) -> tuple[Weights, Callable[[Weights], Any], Callable[..., Any]]:
    """The initial weights, the loss of weights, and ``update(p, g, m, v, t) -> p, m, v`` of the workload's AdamW."""
    xp = network.xp
    if kind == "gpt":
        windows = tokens(s, s["batch"], s["length"] + 1)
        weights, loss = gpt_weights(s), lambda p: network.gpt(p, s, windows)
    else:
        source, target = tokens(s, s["batch"], s["source"]), tokens(s, s["batch"], s["target"] + 1)
        weights, loss = seq2seq_weights(s), lambda p: network.seq2seq(p, s, source, target)
    beta2, lr, clip = (0.99 if kind == "gpt" else 0.999), 1e-3, kind == "gpt"
    decay = {k: 0.01 if kind != "gpt" else 0.1 if w.ndim > 1 else 0.0 for k, w in weights.items()}

    def update(p: Weights, g: Weights, m: Weights, v: Weights, t: Any) -> tuple[Weights, Weights, Weights]:
        if clip:
            norm = xp.sqrt(sum(xp.sum(x * x) for x in g.values()))
            g = {k: x * xp.minimum(1.0, 1.0 / (norm + 1e-6)) for k, x in g.items()}
        m = {k: 0.9 * m[k] + 0.1 * g[k] for k in p}
        v = {k: beta2 * v[k] + (1 - beta2) * g[k] * g[k] for k in p}
        rate, root = lr / (1 - 0.9**t), xp.sqrt(1 - beta2**t)
        p = {k: p[k] * (1 - lr * decay[k]) - rate * m[k] / (xp.sqrt(v[k]) / root + 1e-8) for k in p}
        return p, m, v

    return weights, loss, update
