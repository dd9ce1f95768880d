"""The workloads on this package. Each builder returns a step; a step does the work once and returns a number of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import tinygrad_tf
from tinygrad_tf import Tensor, kernels, models, nn, optim

from .workloads import Sizes, initial, normal, tokens

Step = Callable[[], float]


def use_compiled_kernels() -> None:
    kernels.use("compiled")


def chain(s: Sizes, program: bool = False) -> Step:
    x, w, b, c = (Tensor(np.full(s["numbers"], v, np.float32), requires_grad=True) for v in (1.0, 0.9, 0.3, 0.1))

    def forward_and_backward() -> Tensor:
        for leaf in (x, w, b, c):
            leaf.grad = None
        y = x
        for _ in range(s["ops"] // 4):
            y = ((y * w) + b).relu() - c
        loss = y.sum()
        loss.backward()
        return loss

    run = as_program(forward_and_backward) if program else forward_and_backward
    return lambda: run().item() + float(w.grad.array[0])


def as_program(function: Callable[..., Any]) -> Callable[..., Any]:
    return tinygrad_tf.compile(function, fullgraph=True)


class Training(NamedTuple):
    """A model, its optimiser, a batch, the loss of some rows of it, and the norm that gradients are clipped to."""

    model: Any
    optimizer: optim.Optimizer
    batch: list[np.ndarray]
    loss: Callable[..., Tensor]
    clip: float | None = None

    def update(self, *batch: Any) -> Tensor:
        loss = self.loss(*batch)
        self.optimizer.zero_grad()
        loss.backward()
        if self.clip is not None:
            optim.clip_grad_norm_(self.model.parameters(), self.clip)
        self.optimizer.step()
        return loss

    def step(self) -> float:
        return float(self.update(*self.batch).item())

    def steps(self, program: bool) -> Step:
        if not program:
            return self.step
        run = as_program(self.update)
        return lambda: float(run(*self.batch).item())


def seq2seq(s: Sizes, program: bool = False) -> Step:
    return seq2seq_training(s).steps(program)


def gpt(s: Sizes, program: bool = False) -> Step:
    return gpt_training(s).steps(program)


def by_ranks(ranks: Any, training: Training) -> Step:
    """The step divided among the ranks of an MPI job."""
    from tinygrad_tf import parallel

    shared = parallel.share(training.model, training.optimizer, ranks)
    rows = [ranks.part(array) for array in training.batch]

    def step() -> float:
        mean = shared.backward(training.loss(*rows), weight=len(rows[0]))
        if training.clip is not None:
            shared.clip_grad_norm_(training.clip)
        shared.step()
        return mean

    return step


def seq2seq_training(s: Sizes) -> Training:
    model = with_initial_weights(models.Transformer(models.TransformerConfig(
        s["vocabulary"], d_model=s["d"], n_heads=s["heads"], n_layers=s["layers"], d_ff=s["ff"], dropout=0.0,
    )))  # fmt: skip
    optimizer = optim.AdamW(model.parameters(), lr=1e-3)

    def loss(source: np.ndarray, target: np.ndarray) -> Tensor:
        logits = model(source, target[:, :-1])
        return nn.functional.cross_entropy(logits.reshape(-1, s["vocabulary"]), target[:, 1:].reshape(-1))

    batch = [tokens(s, s["batch"], s["source"]), tokens(s, s["batch"], s["target"] + 1)]
    return Training(model, optimizer, batch, loss)


def gpt_model(s: Sizes, **settings: Any) -> models.GPT2:
    return with_initial_weights(models.GPT2(models.GPT2Config(
        s["vocabulary"], n_embd=s["d"], n_layer=s["layers"], n_head=s["heads"],
        resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, bos_token_id=None, eos_token_id=None, **settings,
    )))  # fmt: skip


def gpt_training(s: Sizes) -> Training:
    model = gpt_model(s, n_positions=s["length"], bias=False, activation_function="gelu")
    parameters = list(model.parameters())
    optimizer = optim.AdamW([
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": 0.1},
        {"params": [p for p in parameters if p.ndim == 1], "weight_decay": 0.0},
    ], lr=1e-3, betas=(0.9, 0.99))  # fmt: skip

    def loss(windows: np.ndarray) -> Tensor:
        logits = model(windows[:, :-1])
        return nn.functional.cross_entropy(logits.reshape(-1, s["vocabulary"]), windows[:, 1:].reshape(-1))

    return Training(model, optimizer, [tokens(s, s["batch"], s["length"] + 1)], loss, clip=1.0)


def attention(s: Sizes) -> Step:
    shape = (1, s["heads"], s["length"], s["d"])
    Q, K, V = (Tensor(normal(seed, *shape), requires_grad=True) for seed in range(3))
    dY = Tensor(normal(3, *shape))

    def step() -> float:
        for X in (Q, K, V):
            X.grad = None
        Y = tinygrad_tf.scaled_dot_product_attention(Q, K, V)
        Y.backward(dY)
        return float(sum(np.vdot(X, X) for X in (Y.array, Q.grad.array, K.grad.array, V.grad.array)))

    return step


def decode(s: Sizes) -> Step:
    model = gpt_model(s, n_positions=s["positions"], activation_function="gelu_new")
    model.eval()
    prompt = tokens(s, 1, s["prompt"])

    def step() -> float:
        return float(model.generate(prompt, max_new_tokens=s["new"]).sum())

    return step


def with_initial_weights(model: Any) -> Any:
    for name, p in model.named_parameters():
        p.array[...] = initial(name, p.shape)
    return model
