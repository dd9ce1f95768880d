"""The training loop: steps with a progress bar, evaluation, checkpoints, and going on from them."""

from __future__ import annotations

import contextlib
import math
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..arguments import explained_constructor, explains
from ..autograd.recording import no_grad
from ..autograd.tensor import Tensor
from ..errors import error, found_in
from ..fields import check
from ..fields import whole as whole_number
from ..files import shown
from ..models import Transformer
from ..ops.fused import cross_entropy
from ..optim import AdamW, WarmupCosineLR
from ..parallel import Alone, Ranks, Shared, share
from ..random import generator, get_state, replayed, set_state
from ..signals import interruptible, whole
from ..tasks import Batch, Task, Vocabulary, exact_match, pad
from ..wording.languages import translated
from .finite import bad_parameter, first_bad, not_finite
from .keeping import CheckpointFile
from .noted import check_same, described, history_of, identity
from .progress import Progress
from .saving import Checkpoint, load_checkpoint
from .settings import History, TrainConfig
from .turns import check_no_other_trains, in_use, one_by_one


class Trainer:
    """Trains a :class:`~tinygrad_tf.models.Transformer` on a task. All random numbers are the package's generator's.

    Args:
        model: what is trained; its ``vocab_size`` is that of the task's vocabulary.
        task: what it learns, one of :mod:`tinygrad_tf.tasks`.
        config: how long and how fast it learns.
        path: where checkpoints are written. Without it there are none.
        ranks: the processes that train together (see :mod:`tinygrad_tf.parallel`), by default this one alone. Call
            every method on all of them. Rank 0 draws the progress bar and writes; any number can resume what it wrote.
        overwrite: whether a file that is at ``path`` already may be replaced without resuming it.
        keep: how many checkpoints are kept; older ones lie beside the newest, as ``NAME.step200.safetensors``. While it
            saves there is one more.

    Attributes:
        stopped: the number of the signal that ended the last :meth:`fit` early, 0 if none did.
        drawn_from: the generator's state from which the last batch was drawn.

    >>> from tinygrad_tf.models import TransformerConfig
    >>> from tinygrad_tf.tasks import reverse
    >>> task = reverse()
    >>> model = Transformer(TransformerConfig(len(task.vocabulary), d_model=16, n_heads=2, n_layers=1, d_ff=32))
    >>> history = Trainer(model, task, TrainConfig(steps=2, batch_size=4, eval_pairs=10)).fit(progress=False)
    >>> len(history.loss), list(history.accuracy)
    (2, [2])
    """

    @explained_constructor
    def __init__(self, model: Transformer, task: Task, config: TrainConfig,
                 path: str | os.PathLike[str] | None = None, ranks: Ranks | None = None,
                 *, overwrite: bool = False, keep: int = 1) -> None:  # fmt: skip
        if model.config.vocab_size != len(task.vocabulary):
            raise error(
                ValueError,
                "Trainer",
                got=f"a model for {model.config.vocab_size} tokens and a task with {len(task.vocabulary)}",
                rule="the model has an embedding for each token of the task",
                cure="build it with TransformerConfig(vocab_size=len(task.vocabulary))",
            )
        self.model, self.task, self.config = model, task, config
        self.optimizer = AdamW(model.parameters(), lr=config.lr, betas=(0.9, 0.98))  # the paper's β₂, section 5.3
        self.schedule = WarmupCosineLR(self.optimizer, config.warmup, config.steps)
        self.ranks = ranks or Ranks()
        self.shared: Alone | Shared = Alone(self.optimizer)
        self.file = None if path is None else CheckpointFile(path, overwrite, keep)
        self.step = self.stopped = 0
        self._identity()  # what cannot be noted is told now, and not by the first save
        self.drawn_from: dict[str, Any] | None = None
        self._begun: int | None = None  # how many steps were done when the one began that is under way
        self.history = History()

    @property
    def path(self) -> Path | None:
        """Where the newest checkpoint is; None without checkpoints."""
        return None if self.file is None else self.file.path

    def fit(self, progress: bool = True) -> History:
        """Train up to ``config.steps``.

        Ctrl-C, SIGTERM, SIGHUP or SIGXCPU end it after the current step, with a checkpoint, and ``stopped`` says which;
        a second Ctrl-C ends it at once. Raises, before the first step, FileExistsError where ``path`` has a file that
        this Trainer neither wrote nor resumed, BlockingIOError if another training writes there, another OSError where
        nobody can, and RuntimeError while another ``fit`` trains the same model. A save that fails later is a warning,
        and the next one tries again; the last one raises. Raises FloatingPointError at the first NaN or infinity,
        before it reaches the weights or the file. Other threads may save, and measure a copy of the model. Two Trainers
        that train one model in turn go on from each other's weights; each file holds what its own Trainer left.
        """
        with in_use("Trainer.fit", self.model, self.optimizer):
            self._fit(progress)
        return self.history

    def _fit(self, progress: bool) -> None:
        c = self.config
        self.model.train()
        self.shared.close()  # of an earlier call
        with self._file_open(), interruptible() as interrupted:  # in this order: who sees the bar can stop it
            self.shared = share(self.model, self.optimizer, self.ranks)
            with Progress(self.step, c.steps) if progress and self.ranks.first else contextlib.nullcontext() as bar:
                start, tokens = time.perf_counter(), 0
                while not self._ends(interrupted()):
                    batch = self._next_step()
                    tokens += int(batch.source_mask.sum() + batch.target_mask.sum()) * self.ranks.size  # about
                    if bar is not None:
                        bar.step(_status(self.history, tokens / max(time.perf_counter() - start, 1e-9)))
                self._note_stop(interrupted())  # while the end was measured and saved
                if self.stopped and bar is not None:
                    kept = (
                        f"saved in {shown(self.file.path)}; resume() and fit() go on"
                        if self.file
                        else "not saved: no path"
                    )
                    bar.say(
                        translated(f"stopped by {signal.Signals(self.stopped).name} after step {self.step}, {kept}")
                    )

    def _next_step(self) -> Batch:
        """Train on a batch that is drawn anew. What fails, or is interrupted, draws the same one when it goes on."""
        done = self.step
        with one_by_one:
            self.drawn_from, self._begun = get_state(), done
        try:
            pairs = self.task.sample(generator(), self.config.batch_size)  # the same on all ranks
            batch = self.task.batch(self.ranks.part(pairs))
            loss = float(self.train_step(batch))
            with one_by_one:
                self.history.loss[done:] = [loss]  # also that of a train_step() of one's own
        except FloatingPointError:
            raise  # with the same batch it would come again
        except BaseException:
            if self.step == done:
                set_state(self.drawn_from)
            raise
        finally:
            self._begun = None
        return batch

    def _ends(self, interrupted: int) -> bool:
        """Between two steps: whether the training ends here. What is due is done before: the score, and the file."""
        self._note_stop(interrupted)
        last = self.step >= self.config.steps
        due = (last or self.step % self.config.eval_every == 0) and self.step not in {0, *self.history.accuracy}
        if due or self.stopped:
            self._check_parameters()
            if due and not self.stopped:  # who has to stop does not measure first: it is made up for when it goes on
                self._save(CheckpointFile.try_save)  # before: it takes its time, and may fail
                score = float(self.evaluate(None if last else self.config.eval_pairs))
                with one_by_one:
                    self.history.accuracy[self.step] = score
                self.model.train()  # one's own way to measure may leave it in evaluation
            if last or self.stopped:
                self.save()
        return last or self.stopped > 0

    def _note_stop(self, interrupted: int) -> None:
        self.stopped = int(self.ranks.table([interrupted])[:, 0].max())  # all ranks decide alike

    def train_step(self, batch: Batch) -> float:
        """One step of gradient descent on this rank's part of a batch; returns the whole batch's loss."""
        before = get_state()
        with self.ranks.own_random():
            loss = self._loss(batch)
        mean = self.shared.backward(loss, weight=int(batch.target_mask.sum()))
        del loss
        norm = self.shared.clip_grad_norm_(self.config.max_norm)
        if not (math.isfinite(mean) and math.isfinite(norm)):
            got = f"a loss of {mean}" if not math.isfinite(mean) else f"gradients of norm {norm}"
            raise self._not_finite(f"{got} at step {self.step + 1}", lambda: self._again(batch, before))
        self._advance(mean)
        return mean

    @whole
    def _advance(self, loss: float) -> None:
        with one_by_one:
            self.shared.step()
            self.schedule.step()
            self.step += 1
            self.history.loss.append(float(loss))

    def evaluate(self, n: int | None = None) -> float:
        """The exact-match score on the first ``n`` held-out pairs, by default on all."""
        pairs = self.task.held_out[:n]
        longest = max(len(target) for _, target in pairs)
        mine = self.ranks.part(pairs)
        outputs = translate(self.model, self.task.vocabulary, [source for source, _ in mine], longest + 1)
        return self.ranks.mean(exact_match(outputs, mine) if mine else 0.0, weight=len(mine))

    def save(self) -> None:
        """Write the checkpoint, if there is a ``path``. Raises as :meth:`fit` does where it may not or cannot.

        It may be called at any moment, by hooks, handlers of signals and other threads: a step that is under way is
        saved as not yet begun.
        """
        self._save(CheckpointFile.save)

    def _save(self, write: Callable[..., Any]) -> None:
        self.shared.collect()
        problem = None
        if self.file is not None and self.ranks.first:
            try:
                with self.file, one_by_one, self._as_it_began():
                    notes = {**self._identity(), "history": asdict(self.history)}
                    write(self.file, self.model, self.optimizer, self.schedule, self.step, notes)
            except Exception as failed:
                problem = failed
        self._raise_on_all(problem)

    def _raise_on_all(self, problem: Exception | None) -> None:
        """Raise what rank 0 met on all ranks: who catches it there and goes on needs the others."""
        problem = self.ranks.from_first(problem)
        if problem is not None:
            raise problem

    def _as_it_began(self) -> contextlib.AbstractContextManager[Any]:
        """With the generator from which the step under way will draw its batch again."""
        return replayed(self.drawn_from) if self._begun == self.step and self.drawn_from else contextlib.nullcontext()

    @contextlib.contextmanager
    def _file_open(self) -> Iterator[None]:
        """The file is this training's alone."""
        with contextlib.ExitStack() as stack:
            problem = None
            if self.file is not None and self.ranks.first:
                try:
                    stack.enter_context(self.file)
                    self.file.check_room(3 * sum(p.array.nbytes for p in self.model.parameters()))
                except Exception as refused:
                    problem = refused
            self._raise_on_all(problem)
            yield

    # ---- numbers that are none --------------------------------------------------------------------------------------

    def _loss(self, batch: Batch) -> Tensor | None:
        return batch_loss(self.model, batch) if len(batch.source) else None

    def _again(self, batch: Batch, start: dict[str, Any]) -> Tensor | None:
        """The loss once more, with the same dropout."""
        with replayed(start), self.ranks.own_random(step=0):
            return self._loss(batch)

    def _not_finite(self, got: str, loss: Callable[[], Tensor | None]) -> FloatingPointError:
        where = first_bad(self.model, loss)
        found = self.ranks.from_first(self.ranks.to_first(where))
        first = next((f"{each}{f', on rank {i}' if i else ''}" for i, each in enumerate(found) if each), None)
        good = ""
        if self.file is not None and self.file.step is not None:
            good = f"go on from the last good one, of step {self.file.step} in {shown(self.file.path)}; "
        drawn = f"draw the batch again after random.set_state({self.drawn_from})"
        return not_finite(got, first, good + drawn)

    def _check_parameters(self) -> None:
        where = bad_parameter(self.model)
        if self.ranks.any(where is not None):  # each machine has parameters of its own
            raise self._not_finite(f"weights that are no numbers after step {self.step}", lambda: None)

    def resume(self) -> None:
        """Go on from the checkpoint at ``path``, with the same bits as if the training had not stopped.

        With another number of ranks it goes on to rounding, and dropout draws other masks: each rank has its own. With
        other kernels, threads of OpenBLAS or another machine it goes on to rounding, too.
        Raises ValueError, before anything is changed, if it belongs to another task, model or :class:`TrainConfig`, and
        RuntimeError within :meth:`fit`, where a hook, a handler of a signal or another thread may call it.
        """
        if self.file is None:
            raise error(
                ValueError,
                "Trainer.resume",
                got="no path",
                rule="a training goes on from its checkpoint",
                cure="write Trainer(…, path=…)",
            )
        with in_use("Trainer.resume", self.model, self.optimizer):  # half of two steps would be neither
            saved = self.ranks.from_first(self.file.load() if self.ranks.first else None)
            check_same(saved.notes, self._identity())
            with found_in(self.file.path):
                check("Trainer.resume", {"step": saved.step}, {"step": whole_number(0, self.config.steps)})
                history = History(*history_of(saved))
            self._go_on_from(self.file, saved, history)

    @whole
    def _go_on_from(self, file: CheckpointFile, saved: Checkpoint, history: History) -> None:
        with one_by_one:
            saved.restore(self.model, self.optimizer, self.schedule)
            self.step, self.history = saved.step, history
            file.adopt(saved)

    def _identity(self) -> dict[str, Any]:
        return identity(self.task, self.model, self.config)


@explains
def batch_loss(model: Transformer, batch: Batch) -> Tensor:
    """The mean cross-entropy over all target tokens of a batch. Padding does not count."""
    logits = model(batch.source, batch.target_in)  # (B, T, V)
    return cross_entropy(
        logits.reshape(-1, logits.shape[-1]), batch.target_out.reshape(-1), ignore_index=Vocabulary.pad
    )


@no_grad()
@explains
def translate(model: Transformer, vocabulary: Vocabulary, texts: Sequence[str], max_length: int = 32) -> list[str]:
    """What the model makes of each text, always by the likeliest token, at most ``max_length`` tokens long.

    Raises ValueError for an empty text or one with an unknown character, RuntimeError for a model that a Trainer of
    another thread is training.
    """
    check_no_other_trains("translate", model)
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


@explains
def load_model(path: str | os.PathLike[str]) -> tuple[Transformer, Vocabulary]:
    """The model and the vocabulary of a checkpoint that a :class:`Trainer` wrote. It draws no random numbers."""
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
    with replayed(get_state()):  # a training goes on to the same bits, whatever is looked at meanwhile
        model = Transformer(config)
    saved.restore(model)
    return model.eval(), vocabulary


def _status(history: History, tokens_per_second: float) -> dict[str, str]:
    status = {"loss": f"{history.loss[-1]:.4f}", "tokens/s": f"{tokens_per_second:,.0f}"}
    if history.accuracy:
        status["held-out"] = f"{[*history.accuracy.values()][-1]:.1%}"
    return status
