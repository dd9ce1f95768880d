"""The training loop: steps with a progress bar, evaluation, checkpoints, and going on from them."""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ..autograd.recording import no_grad
from ..autograd.tensor import Tensor
from ..errors import error, found_in
from ..models import Transformer
from ..ops.fused import cross_entropy
from ..optim import AdamW, WarmupCosineLR
from ..parallel import Alone, Ranks, Shared, share
from ..random import generator
from ..tasks import Batch, Task, Vocabulary, exact_match, pad
from .noted import described, history_of
from .saving import load_checkpoint, save_checkpoint


@dataclass(frozen=True)
class TrainConfig:
    """How to train. AdamW's rate warms up to ``lr`` and falls along a cosine; a batch is drawn anew for every step.

    ``max_norm`` bounds the gradients' norm. Every ``eval_every`` steps the score is measured on ``eval_pairs`` held-out
    pairs, at the end on all of them, and the checkpoint is written.
    """

    steps: int = 1000
    batch_size: int = 64
    lr: float = 5e-3
    warmup: int = 100
    max_norm: float = 1.0
    eval_every: int = 200
    eval_pairs: int = 200

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size", "eval_every", "eval_pairs"):
            if getattr(self, name) < 1:
                raise error(
                    ValueError,
                    "TrainConfig",
                    got={name: getattr(self, name)},
                    rule=f"{name} is at least 1",
                    cure=f"write for example {name}={getattr(type(self), name)}",
                )


@dataclass
class History:
    """The loss of every step, and the exact-match score by the step at which it was measured."""

    loss: list[float] = field(default_factory=list)
    accuracy: dict[int, float] = field(default_factory=dict)


class Trainer:
    """Trains a :class:`~tinygrad_tf.models.Transformer` on a task. All random numbers are the package's generator's.

    Args:
        model: what is trained; its ``vocab_size`` is that of the task's vocabulary.
        task: what it learns, one of :mod:`tinygrad_tf.tasks`.
        config: how long and how fast it learns.
        path: where checkpoints are written. Without it there are none.
        ranks: the processes that train together (see :mod:`tinygrad_tf.parallel`), by default this one alone. Call
            every method on all of them. Rank 0 draws the progress bar and writes; any number can resume what it wrote.

    >>> from tinygrad_tf.models import TransformerConfig
    >>> from tinygrad_tf.tasks import reverse
    >>> task = reverse()
    >>> model = Transformer(TransformerConfig(len(task.vocabulary), d_model=16, n_heads=2, n_layers=1, d_ff=32))
    >>> history = Trainer(model, task, TrainConfig(steps=2, batch_size=4, eval_pairs=10)).fit(progress=False)
    >>> len(history.loss), list(history.accuracy)
    (2, [2])
    """

    def __init__(self, model: Transformer, task: Task, config: TrainConfig,
                 path: str | os.PathLike[str] | None = None, ranks: Ranks | None = None) -> None:  # fmt: skip
        if model.config.vocab_size != len(task.vocabulary):
            raise error(
                ValueError,
                "Trainer",
                got=f"a model for {model.config.vocab_size} tokens and a task with {len(task.vocabulary)}",
                rule="the model has an embedding for each token of the task",
                cure="build it with TransformerConfig(vocab_size=len(task.vocabulary))",
            )
        self.model, self.task, self.config, self.path = model, task, config, path
        self.optimizer = AdamW(model.parameters(), lr=config.lr, betas=(0.9, 0.98))  # the paper's β₂, section 5.3
        self.schedule = WarmupCosineLR(self.optimizer, config.warmup, config.steps)
        self.ranks = ranks or Ranks()
        self.shared: Alone | Shared = Alone(self.optimizer)
        self.step = 0
        self.history = History()

    def fit(self, progress: bool = True) -> History:
        """Train up to ``config.steps``. Ctrl-C ends it after the current step, with a checkpoint; twice, at once."""
        c = self.config
        self.model.train()
        self.shared.close()  # of an earlier call
        self.shared = share(self.model, self.optimizer, self.ranks)
        shown = functools.partial(_bar, self.step, c.steps) if progress and self.ranks.first else contextlib.nullcontext
        with interruptible() as interrupted, shown() as bar:  # in this order: who sees the bar can stop it
            start, tokens, stop = time.perf_counter(), 0, False
            while self.step < c.steps and not (stop := self.ranks.any(interrupted())):
                pairs = self.task.sample(generator(), c.batch_size)  # the same on all ranks
                batch = self.task.batch(self.ranks.part(pairs))
                self.history.loss.append(self.train_step(batch))
                tokens += int(batch.source_mask.sum() + batch.target_mask.sum()) * self.ranks.size  # about
                if self.step % c.eval_every == 0 or self.step == c.steps:
                    self.history.accuracy[self.step] = self.evaluate(None if self.step == c.steps else c.eval_pairs)
                    self.save()
                if bar is not None:
                    bar.set_postfix(_status(self.history, tokens / (time.perf_counter() - start)), refresh=False)
                    bar.update()
            if stop:
                self.save()
        return self.history

    def train_step(self, batch: Batch) -> float:
        """One step of gradient descent on this rank's part of a batch; returns the whole batch's loss."""
        with self.ranks.own_random():
            loss = batch_loss(self.model, batch) if len(batch.source) else None
        mean = self.shared.backward(loss, weight=int(batch.target_mask.sum()))
        self.shared.clip_grad_norm_(self.config.max_norm)
        self.shared.step()
        self.schedule.step()
        self.step += 1
        return mean

    def evaluate(self, n: int | None = None) -> float:
        """The exact-match score on the first ``n`` held-out pairs, by default on all."""
        pairs = self.task.held_out[:n]
        longest = max(len(target) for _, target in pairs)
        mine = self.ranks.part(pairs)
        outputs = translate(self.model, self.task.vocabulary, [source for source, _ in mine], longest + 1)
        return self.ranks.mean(exact_match(outputs, mine) if mine else 0.0, weight=len(mine))

    def save(self) -> None:
        """Write the checkpoint, if there is a ``path``."""
        self.shared.collect()
        if self.path is not None and self.ranks.first:
            notes = {**self._identity(), "history": asdict(self.history)}
            save_checkpoint(self.path, self.model, self.optimizer, self.schedule, self.step, notes)

    def resume(self) -> None:
        """Go on from the checkpoint at ``path``, with the same bits as if the training had not stopped.

        Raises ValueError, before anything is changed, if it belongs to another task, model or :class:`TrainConfig`.
        """
        if self.path is None:
            raise error(
                ValueError,
                "Trainer.resume",
                got="no path",
                rule="a training goes on from its checkpoint",
                cure="write Trainer(…, path=…)",
            )
        saved = self.ranks.from_first(load_checkpoint(self.path) if self.ranks.first else None)
        for what, ours in self._identity().items():
            if saved.notes.get(what) != ours:
                raise error(
                    ValueError,
                    "Trainer.resume",
                    got=f"a checkpoint whose {what} is {saved.notes.get(what)!r}",
                    rule=f"this training's {what} is {ours!r}",
                    cure="resume with the settings of the first run, or begin anew without resuming",
                )
        with found_in(self.path):
            loss, accuracy = history_of(saved)
        saved.restore(self.model, self.optimizer, self.schedule)
        self.step, self.history = saved.step, History(loss, accuracy)

    def _identity(self) -> dict[str, Any]:
        """What must not change between two parts of one training."""
        return {"task": self.task.name, "vocabulary": self.task.vocabulary.characters,
                "model": asdict(self.model.config), "training": asdict(self.config)}  # fmt: skip


def batch_loss(model: Transformer, batch: Batch) -> Tensor:
    """The mean cross-entropy over all target tokens of a batch. Padding does not count."""
    logits = model(batch.source, batch.target_in)  # (B, T, V)
    return cross_entropy(
        logits.reshape(-1, logits.shape[-1]), batch.target_out.reshape(-1), ignore_index=Vocabulary.pad
    )


@no_grad()
def translate(model: Transformer, vocabulary: Vocabulary, texts: Sequence[str], max_length: int = 32) -> list[str]:
    """What the model makes of each text, always by the likeliest token, at most ``max_length`` tokens long.

    Raises ValueError for an empty text or one with an unknown character.
    """
    if not all(texts):
        raise error(
            ValueError,
            "translate",
            got="an empty text",
            rule="there is something to translate",
            cure="give texts of at least one character",
        )
    outputs: list[str] = []
    for i in range(0, len(texts), 256):  # so many at once; memory grows with the batch
        source, _ = pad([vocabulary.encode(text) for text in texts[i : i + 256]])  # (B, S)
        rows = model.generate(
            source, decoder_start_token_id=vocabulary.start, eos_token_id=vocabulary.end, max_new_tokens=max_length
        )
        outputs += [vocabulary.decode(row) for row in rows.tolist()]
    return outputs


def load_model(path: str | os.PathLike[str]) -> tuple[Transformer, Vocabulary]:
    """The model and the vocabulary of a checkpoint that a :class:`Trainer` wrote."""
    saved = load_checkpoint(path)
    if not {"model", "vocabulary"} <= saved.notes.keys():
        raise error(
            ValueError,
            "load_model",
            got=f"{str(path)!r} with notes on {sorted(saved.notes)}",
            rule="a Trainer notes model and vocabulary in its checkpoint",
            cure="build the model yourself and write load_checkpoint(path).restore(model)",
        )
    with found_in(path):
        config, vocabulary = described(saved)
    model = Transformer(config)
    saved.restore(model)
    return model.eval(), vocabulary


@contextlib.contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """A context manager in which the first Ctrl-C is only noted, for the loop to ask about. A second one stops at once.

    Otherwise Ctrl-C could strike in the middle of the optimiser's step and leave half of the weights changed.
    """
    noted: list[int] = []

    def note(number: int, frame: Any) -> None:
        if noted:
            signal.default_int_handler(number, frame)
        noted.append(number)

    if threading.current_thread() is not threading.main_thread():  # Python delivers signals to the main thread only
        yield lambda: False
        return
    before = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: bool(noted)
    finally:
        signal.signal(signal.SIGINT, before)


def _bar(done: int, total: int) -> Any:
    try:
        from tqdm import tqdm
    except ImportError:
        raise error(
            ImportError,
            "Trainer.fit",
            got="no package tqdm",
            rule="it draws the progress bar",
            cure='pip install "tinygrad_tf[train]", or write fit(progress=False)',
        ) from None
    # A terminal or a notebook rewrites the line; in a log file every update would be a line of its own.
    live = sys.stderr.isatty() or "ipykernel" in sys.modules
    seconds = 0.1 if live else 10
    return tqdm(total=total, initial=done, unit="step", dynamic_ncols=True, mininterval=seconds)


def _status(history: History, tokens_per_second: float) -> dict[str, str]:
    status = {"loss": f"{history.loss[-1]:.4f}", "tokens/s": f"{tokens_per_second:,.0f}"}
    if history.accuracy:
        status["held-out"] = f"{[*history.accuracy.values()][-1]:.1%}"
    return status
