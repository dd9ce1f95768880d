"""share(): gradients summed over the ranks, and the optimiser's work divided among them."""

from __future__ import annotations

import math
import zlib
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .. import random
from ..autograd.changes import wrote
from ..autograd.tensor import Tensor
from ..errors import error
from ..nn import Module
from ..optim import Optimizer, clip_grad_norm_
from ..signals import whole
from ..sums import squares
from .apart import Apart, no_longer_shared
from .exchange import Exchange
from .flat import Flat
from .memory import STEPS, Node
from .ranks import Ranks, check_weights
from .watch import at_most


def share(model: Module, optimizer: Optimizer, ranks: Ranks, node_size: int | None = None) -> Alone | Shared:
    """Let the ranks train ``model`` together, from rank 0's parameters, optimiser state and random numbers.

    Call it on every rank, after the model and the optimiser were built and, when a training goes on, restored. From
    then on a model's parameters are one array for all ranks of a machine: change them with ``step()`` alone. Parameters
    may be float16, float32 and float64, each summed in its own type, float16 in float32. The step itself is float16
    for these, where the eps of Adam, 1e-8, is 0: a gradient of 0 gives NaN, as without ranks and as in PyTorch. Raises
    TypeError for others, and RuntimeError if the ranks' models or optimisers are not alike.

    Args:
        node_size: how many neighbouring ranks share memory; None: all those on one machine.

    >>> line = nn.Linear(2, 1)
    >>> with join() as ranks:
    ...     shared = share(line, optim.SGD(line.parameters(), lr=0.1), ranks)
    ...     loss = shared.backward(line(Tensor([[0.0, 0.0]])).sum(), weight=1)
    ...     norm = shared.clip_grad_norm_(0.5)
    ...     shared.step()
    >>> norm.item()  # of the bias, whose gradient is 1
    1.0
    """
    return Alone(optimizer) if ranks.size == 1 else Shared(model, optimizer, ranks, node_size)


class Alone:
    """What :func:`share` returns to a process alone: the optimiser, with the methods of :class:`Shared`."""

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer = optimizer
        self._weight = self._mean = 0.0  # of the passes since the last step

    def backward(self, loss: Tensor | None, weight: float = 1.0, more: bool = False) -> float:
        check_weights("backward", [weight])
        before, mean = self._weight, self._mean
        self._weight = self._mean = 0.0  # what fails leaves nothing for the next step
        counts = loss is not None and bool(weight)
        if not (before or counts or more):
            raise _nothing_counts()
        if not before:
            self.optimizer.zero_grad()
        total = before
        if loss is not None and counts:
            total += weight
            for p in (p for group in self.optimizer.param_groups for p in group["params"]):
                if before and p.grad is not None:  # a mean of what came before and of what comes now
                    p.grad.array *= p.grad.dtype.type(before / total)
            try:
                loss.backward(np.full_like(loss.array, weight / total) if before else None)
            except BaseException:
                self.optimizer.zero_grad()  # half a gradient is none
                raise
            mean += (float(loss.item()) - mean) * (weight / total)
        if more:
            self._weight, self._mean = total, mean
        return mean if total else math.nan

    def clip_grad_norm_(self, max_norm: float) -> float:
        return clip_grad_norm_([p for group in self.optimizer.param_groups for p in group["params"]], max_norm)

    def step(self) -> None:
        _all_summed(self._weight)
        self.optimizer.step()

    def collect(self) -> None:
        pass

    def close(self) -> None:
        pass


class Shared:
    """A model and its optimiser, shared by several ranks. Made by :func:`share`."""

    def __init__(self, model: Module, optimizer: Optimizer, ranks: Ranks, node_size: int | None) -> None:
        self.optimizer, self.ranks = optimizer, ranks
        numbered = list(enumerate((p, group) for group in optimizer.param_groups for p in group["params"]))
        params = [(index, p, group) for index, (p, group) in numbered]
        by_type: dict[np.dtype[Any], list[Any]] = {}
        for entry in sorted(params, key=lambda entry: -entry[1].number):  # newest first
            by_type.setdefault(entry[1].dtype, []).append(entry)
        if not by_type.keys() <= {np.dtype(name) for name in ("float16", "float32", "float64")}:
            raise error(
                TypeError,
                "share",
                got=f"parameters of the types {sorted(map(str, by_type))}",
                rule="gradients are summed in float32 or float64",
                cure='write model.to("float32")',
            )
        self._send_first(model, params, node_size)
        node = self.node = Node(ranks, node_size, 3 * sum(p.array.nbytes for _, p, _ in params))
        uncut = not optimizer.elementwise  # the formula needs the whole matrix, as Muon's does
        with at_most(ranks.watch.limit):
            self.flats = [Flat(node, entries, dtype, uncut) for dtype, entries in by_type.items()]
        self.places = {place.p.number: (flat, place) for flat in self.flats for place in flat.layout.places}
        self.views: list[tuple[Tensor, Any]] = []
        self.state: defaultdict[Tensor, dict[str, Any]]
        self._take_over()
        self.factor, self.touched = 1.0, [False] * len(params)
        self._under_way = ""  # the method that is being run, or that an error left half-way
        self._begin()

    def _begin(self) -> None:
        """Nothing of the next step has come yet."""
        self.arrived = [False] * len(self.places)
        self._weight = self._value = 0.0
        self._wrong: float | None = None
        self._more = False

    def _send_first(self, model: Module, params: list[Any], node_size: int | None) -> None:
        """Rank 0's random numbers, optimiser and what the optimiser does not have, once the ranks' models are alike."""
        ranks, optimizer = self.ranks, self.optimizer
        ranks.note(f"share() with {type(optimizer).__name__}", node_size)
        for index, p, _ in sorted(params, key=lambda entry: -entry[1].number):
            ranks.note(f"share() with parameter {index}, {p.shape} {p.dtype}", p.requires_grad)
        inside = {p.number for _, p, _ in params}
        others = {name: p for name, p in model.state_dict().items() if p.number not in inside}
        ranks.note(f"share() with {len(others)} more arrays", [(k, p.shape, str(p.dtype)) for k, p in others.items()])
        random.set_state(ranks.from_first(random.get_state()))
        optimizer.load_state_dict(ranks.from_first(optimizer.state_dict()))
        for name, array in ranks.from_first({name: p.array for name, p in others.items()}).items():
            others[name].array[...] = array

    def _take_over(self) -> None:
        """Parameters become views of the shared array, with rank 0's values; each piece takes its state."""
        for flat, place in self.places.values():
            view, values = flat.view(place, flat.parameters), self.ranks.from_first(place.p.array)
            if self.node.rank == 0:
                view[...] = values
            place.p.array, place.p.grad = view, None
            self.views.append((place.p, view))
        for flat in self.flats:
            for piece in (piece for bucket in flat.pieces for piece in bucket):
                for key, value in self.optimizer.state.get(piece.place.p, {}).items():
                    of_all = isinstance(value, np.ndarray) and value.shape == piece.place.p.shape
                    piece.state[key] = flat.state(piece, value) if of_all else value
        self._part()
        self.ranks.meet()

    def _part(self) -> None:
        """From now on the optimiser's own state is in parts."""
        parts = any(piece.state for flat in self.flats for bucket in flat.pieces for piece in bucket)
        self.state = self.optimizer.state = Apart(parts)

    @contextmanager
    def _whole(self, name: str) -> Iterator[None]:
        """For what is done by all ranks or not at all: after an error in it nothing is done any more."""
        self._check_done(name)
        self._still(name)
        self._under_way = name
        yield
        self._under_way = ""

    def _check_done(self, name: str) -> None:
        """Raise if what was begun is not done: a hook calls, or an error has been caught."""
        if self._under_way:
            raise error(
                RuntimeError,
                name,
                got=f"ranks of which this one is within {self._under_way}(), or left it with an error",
                rule="the ranks make every pass and every step together: half of one is in the memory that they share",
                cure="call it between two steps; let an error end the process, and go on from the last checkpoint",
            )

    def _still(self, name: str) -> None:
        """Raise if the parameters or the optimiser's state are others than those that are shared."""
        optimizer = self.optimizer
        n = sum(len(group["params"]) for group in optimizer.param_groups)
        odd = [p for p, view in self.views if p.array is not view]
        if n != len(self.views):
            raise no_longer_shared(name, f"{n} parameters, of which {len(self.views)} are shared")
        if odd:
            raise no_longer_shared(name, f"a parameter {odd[0].shape} that has another array than the shared one")
        if optimizer.state is not self.state:
            raise no_longer_shared(name, "a state that was loaded into the optimiser")

    # ---- one step ---------------------------------------------------------------------------------------------------

    def backward(self, loss: Tensor | None, weight: float = 1.0, more: bool = False) -> float:
        """The gradient of the mean loss of all ranks, each of which counts by its ``weight``; returns that mean.

        ``loss`` is the mean over this rank's rows and ``weight`` how much went into it, e.g. the number of tokens that
        are not padding. A rank without any gives the weight 0 and any loss, or None. Gradients go into the shared
        arrays, not into ``.grad``; each call starts them anew. Raises ValueError on all ranks, with
        nothing changed, if all weights are 0, or one is less than 0, NaN or infinite. After an error on the way back,
        such as a hook's, nothing more can be done with this object: all methods raise RuntimeError.

        A batch that is too large for one pass takes several (gradient accumulation): ``more=True`` in all but the last.
        Their gradients wait on this rank, and the mean over all of them is exchanged once, in the last call; the calls
        before it return the mean so far of this rank alone. Ranks may make different numbers of calls with ``more``.

        >>> line = nn.Linear(2, 1, bias=False)
        >>> with join() as ranks:
        ...     shared = share(line, optim.SGD(line.parameters(), lr=0.1), ranks)
        ...     for i, x in enumerate(([[1.0, 0.0]], [[0.0, 1.0]], [[0.0, 1.0]])):
        ...         mean = shared.backward(line(Tensor(x)).sum(), weight=1, more=i < 2)
        >>> print(line.weight.grad.numpy().round(3))
        [[0.333 0.667]]
        """
        if not 0 <= weight < math.inf:  # which all ranks are told together
            self._wrong = weight
        counts = bool(loss is not None and weight) and self._wrong is None
        if weight and (loss is None or not loss.requires_grad or loss.array.size != 1):
            got = "no loss" if loss is None else {"loss": loss}
            raise error(
                RuntimeError,
                "backward",
                got=got,
                rule="a rank whose rows count has a loss: one number, made from parameters",
                cure="write backward(None, weight=0) on a rank without rows",
            )
        with self._whole("backward"):
            exchange = Exchange(self.flats, self.places, self.node, self.arrived, last=not more)
            if loss is not None and counts:
                exchange.walk(loss, weight)
                self._weight, self._value = self._weight + weight, self._value + weight * float(loss.item())
            if more:
                self._more = True
                return self._value / self._weight if self._weight else math.nan
            exchange.finish(self.ranks)
            mine, arrived = [self._weight if self._wrong is None else self._wrong, self._value], self.arrived
            self._begin()
            self.touched = [False] * len(arrived)  # if nothing counts
            flags = zlib.crc32(bytes(arrived))
            table = self.ranks.table([*mine, flags], "backward()")  # all walks are done when all rows are here
            if (table[:, 2] != flags).any():  # mostly the ranks' losses reach the same parameters
                arrived = [bool(flags.any()) for flags in self.ranks.table(arrived, "backward()").T]
        weights, values = check_weights("backward", table[:, 0]), table[:, 1].sum()
        if not weights:
            raise _nothing_counts()
        self.factor, self.touched = float(1.0 / weights), arrived
        return float(values / weights)

    def clip_grad_norm_(self, max_norm: float) -> float:
        """Scale the gradients so that their norm over all ranks is at most ``max_norm``. Returns the norm before."""
        _all_summed(self._more)
        self._check_done("clip_grad_norm_")
        mine = [(flat, piece) for flat in self.flats for bucket in flat.pieces for piece in bucket]
        squared = sum(squares(flat.total[piece.start : piece.stop]) for flat, piece in mine)
        norm = math.sqrt(self.ranks.table([squared], f"clip_grad_norm_({max_norm:g})")[:, 0].sum()) * self.factor
        self.factor *= min(1.0, max_norm / (norm + 1e-6))
        return norm

    @whole
    def step(self) -> None:
        """Change every parameter that got a gradient on some rank. Each rank changes its pieces, for all.

        Ctrl-C does not stop it half-way: it strikes when all ranks are here, or when one did not come within the limit.
        """
        _all_summed(self._more)
        with self._whole("step"):
            settings = [{k: v for k, v in group.items() if k != "params"} for group in self.optimizer.param_groups]
            self.ranks.note(f"step() with lr {', '.join(str(group.get('lr')) for group in settings)}", settings)
            requests = []
            for flat in self.flats:
                for bucket, cuts in zip(flat.pieces, flat.layout.cuts, strict=True):
                    for piece in bucket:
                        if self.touched[piece.place.index]:
                            g = flat.gradient(piece, self.factor)
                            self.optimizer._change(flat.value(piece), g, piece.state, piece.place.group)
                    requests += self.node.gather(flat.parameters, cuts)
            self.factor = 1.0  # the gradients have been multiplied by it
            self._part()
            self.ranks.wait(lambda: all(request.Test() for request in requests), "step()")
            self.node.tick(STEPS)
            self.ranks.watch.wait(lambda: self.node.reached(STEPS, self.node.ticks[STEPS]))
            wrote(*[place.p for _, place in self.places.values()])

    def collect(self) -> None:
        """Bring the optimiser's state, of which each rank has a part, together on rank 0, to be saved there.

        All ranks call it; afterwards ``optimizer.state_dict()`` is whole on rank 0. Raises RuntimeError if the machines
        do not have the same parameters, because somebody has changed them without ``step()``.
        """
        self._check_done("collect")
        own = [(piece.place.index, piece.start - piece.place.start, piece.state)
               for flat in self.flats for bucket in flat.pieces for piece in bucket]  # fmt: skip
        if self.node.n_nodes > 1:
            for flat in self.flats:
                self.ranks.note("the parameters at collect()", zlib.crc32(flat.parameters.data))
        everything = self.ranks.to_first(own)
        params = {place.index: place.p for _, place in self.places.values()}
        self.state = self.optimizer.state = defaultdict(dict)
        for index, start, state in (part for parts in everything or () for part in parts):
            p = params[index]
            for key, value in state.items():
                if isinstance(value, np.ndarray) and value.ndim:
                    array = self.optimizer.state.setdefault(p, {}).setdefault(key, np.empty(p.shape, value.dtype))
                    array.reshape(-1)[start : start + value.size] = value.reshape(-1)
                else:
                    self.optimizer.state.setdefault(p, {})[key] = value

    def close(self) -> None:
        """End the sharing: each rank has its model to itself again, and the shared memory is given back.

        All ranks call it, after :meth:`collect` if the optimiser is to go on. This object is of no use afterwards.
        Memory is kept as long as somebody holds an array of it, such as one from ``state_dict()``.
        """
        self.ranks.meet()
        for p in [place.p for _, place in self.places.values()]:  # no name may hold an array of what is given back
            p.array = p.array.copy()
        if isinstance(self.state, Apart) and not self.state.parts:
            self.optimizer.state = defaultdict(dict)
        self.views.clear()
        self.places.clear()
        self.flats.clear()
        with at_most(self.ranks.watch.limit):
            self.node.close()


def _all_summed(more: float) -> None:
    if more:
        raise error(
            RuntimeError,
            "step",
            got="gradients of which more were announced, by backward(…, more=True)",
            rule="they are exchanged in the last pass of a step",
            cure="leave out more=True in the last call of backward()",
        )


def _nothing_counts() -> ValueError:
    return error(
        ValueError,
        "backward",
        got="a batch in which nothing counts",
        rule="the mean loss is over at least one token",
        cure="skip the batch on all ranks, and do not call backward() for it",
    )
