"""share(): gradients summed over the ranks, and the optimiser's work divided among them."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np

from .. import random
from ..autograd.changes import wrote
from ..autograd.tensor import Tensor
from ..autograd.walk import AGAIN, reachable, steps
from ..errors import error
from ..nn import Module
from ..optim import Optimizer, clip_grad_norm_
from ..sums import squares
from .layout import Layout, Place
from .memory import Node
from .ranks import Ranks, wait

#: A bucket's least size in bytes, and the number of buckets that a large model is cut into at most.
BUCKET, MOST_BUCKETS = 1 << 20, 32


def share(model: Module, optimizer: Optimizer, ranks: Ranks, node_size: int | None = None) -> Alone | Shared:
    """Let the ranks train ``model`` together, from rank 0's parameters, optimiser state and random numbers.

    Call it on every rank, after the model and the optimiser were built and, when a training goes on, restored. From
    then on a model's parameters are one array for all ranks of a machine: change them with ``step()`` alone.

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

    def backward(self, loss: Tensor | None, weight: float = 1.0) -> float:
        if loss is None or not weight:
            raise _nothing_counts()
        self.optimizer.zero_grad()
        loss.backward()
        return float(loss.item())

    def clip_grad_norm_(self, max_norm: float) -> float:
        return clip_grad_norm_([p for group in self.optimizer.param_groups for p in group["params"]], max_norm)

    def step(self) -> None:
        self.optimizer.step()

    def collect(self) -> None:
        pass

    def close(self) -> None:
        pass


class Shared:
    """A model and its optimiser, shared by several ranks. Made by :func:`share`."""

    def __init__(self, model: Module, optimizer: Optimizer, ranks: Ranks, node_size: int | None) -> None:
        self.optimizer, self.ranks = optimizer, ranks
        params = [p for group in optimizer.param_groups for p in group["params"]]
        dtypes = {p.dtype for p in params}
        if len(dtypes) > 1 or not dtypes <= {np.dtype("float32"), np.dtype("float64")}:
            raise error(
                TypeError,
                "share",
                got=f"parameters of the types {sorted(map(str, dtypes))}",
                rule="the gradients of all are summed in one array, float32 or float64",
                cure='write model.to("float32")',
            )
        random.set_state(ranks.from_first(random.get_state()))
        optimizer.load_state_dict(ranks.from_first(optimizer.state_dict()))
        inside = {p.number for p in params}
        others = {name: p for name, p in model.state_dict().items() if p.number not in inside}
        for name, array in ranks.from_first({name: p.array for name, p in others.items()}).items():
            others[name].array[...] = array

        dtype, total = params[0].dtype, sum(p.array.nbytes for p in params)
        self.node = node = Node(ranks.comm, node_size, 2 * total)
        n_bucket = max(BUCKET, total // MOST_BUCKETS) // dtype.itemsize
        whole = not optimizer.elementwise  # the formula needs the whole matrix, as Muon's does
        self.layout = layout = Layout(optimizer.param_groups, node.lanes * node.n_nodes, n_bucket, whole)
        self.parameters = node.arrays(layout.size, dtype, only_first=True)[0]
        self.gradients = node.arrays(layout.size, dtype)
        self.own = self.gradients[node.rank]
        self.sums = np.empty(layout.size, dtype)  # over this machine; only the parts of this lane are ever written
        self.total = self.sums if node.n_nodes == 1 else np.empty_like(self.sums)  # over all; only this rank's pieces
        self.own[:] = 0
        self.places = {place.p.number: place for place in layout.places}
        self.pieces = layout.pieces(node.owner) if node.owner is not None else [[] for _ in layout.buckets]
        self._take_over()
        self.factor, self.touched = 1.0, [False] * len(params)

    def _take_over(self) -> None:
        """Parameters become views of the shared array, with rank 0's values; each piece takes its state."""
        for place in self.layout.places:
            view = self.parameters[place.start : place.stop].reshape(place.p.shape)
            values = self.ranks.from_first(place.p.array)
            if self.node.rank == 0:
                view[...] = values
            place.p.array, place.p.grad = view, None
        for piece in (piece for bucket in self.pieces for piece in bucket):
            place, saved = piece.place, self.optimizer.state.get(piece.place.p, {})
            for key, value in saved.items():
                whole = isinstance(value, np.ndarray) and value.shape == place.p.shape
                part = slice(piece.start - place.start, piece.stop - place.start)
                piece.state[key] = self._shaped(piece, value.reshape(-1)[part].copy()) if whole else value
        self.optimizer.state.clear()
        self.ranks.meet()

    def _shaped(self, piece: Any, flat: Any) -> Any:
        """A whole parameter in its shape, a part of one as a line."""
        return flat.reshape(piece.place.p.shape) if flat.size == piece.place.p.array.size else flat

    # ---- one step ---------------------------------------------------------------------------------------------------

    def backward(self, loss: Tensor | None, weight: float = 1.0) -> float:
        """The gradient of the mean loss of all ranks, each of which counts by its ``weight``; returns that mean.

        ``loss`` is the mean over this rank's rows and ``weight`` how much went into it, e.g. the number of tokens that
        are not padding. A rank without any gives the weight 0 and any loss, or None. Gradients go into the shared
        arrays, not into ``.grad``; each call starts them anew. Raises ValueError if all weights are 0.
        """
        if weight and (loss is None or not loss.requires_grad or loss.array.size != 1):
            got = "no loss" if loss is None else {"loss": loss}
            raise error(
                RuntimeError,
                "backward",
                got=got,
                rule="a rank whose rows count has a loss: one number, made from parameters",
                cure="write backward(None, weight=0) on a rank without rows",
            )
        exchange = _Exchange(self)
        if loss is not None and weight:
            exchange.walk(loss, weight)
        exchange.finish()
        value = weight * float(loss.item()) if loss is not None and weight else 0.0
        table = self.ranks.table([weight, value, *exchange.arrived])  # all walks are done when all rows are here
        weights, values, arrived = table[:, 0].sum(), table[:, 1].sum(), table[:, 2:]
        if not weights:
            raise _nothing_counts()
        self.factor, self.touched = float(1.0 / weights), list(map(bool, np.logical_or.reduce(arrived)))
        return float(values / weights)

    def clip_grad_norm_(self, max_norm: float) -> float:
        """Scale the gradients so that their norm over all ranks is at most ``max_norm``. Returns the norm before."""
        mine = [self.total[piece.start : piece.stop] for bucket in self.pieces for piece in bucket]
        squared = sum(squares(g) for g in mine)
        norm = math.sqrt(self.ranks.table([squared])[:, 0].sum()) * self.factor
        self.factor *= min(1.0, max_norm / (norm + 1e-6))
        return norm

    def step(self) -> None:
        """Change every parameter that got a gradient on some rank. Each rank changes its pieces, for all."""
        requests = []
        for bucket, cuts in zip(self.pieces, self.layout.cuts, strict=True):
            for piece in bucket:
                if self.touched[piece.place.index]:
                    p = self._shaped(piece, self.parameters[piece.start : piece.stop])
                    g = self._shaped(piece, self.total[piece.start : piece.stop])
                    g *= g.dtype.type(self.factor)
                    self.optimizer._change(p, g, piece.state, piece.place.group)
            requests += self.node.gather(self.parameters, cuts)
        self.factor = 1.0  # the gradients have been multiplied by it
        for request in requests:
            wait(request.Test)
        self.node.tick()
        wait(lambda: self.node.reached(self.node.ticks))
        wrote(*[p for group in self.optimizer.param_groups for p in group["params"]])

    def collect(self) -> None:
        """Bring the optimiser's state, of which each rank has a part, together on rank 0, to be saved there.

        All ranks call it; afterwards ``optimizer.state_dict()`` is whole on rank 0.
        """
        own = [(piece.place.index, piece.start - piece.place.start, piece.state)
               for bucket in self.pieces for piece in bucket]  # fmt: skip
        self.ranks.meet()
        everything = self.ranks.comm.gather(own)
        params = {place.index: place.p for place in self.layout.places}
        self.optimizer.state.clear()
        for index, start, state in (part for parts in everything or () for part in parts):
            p = params[index]
            for key, value in state.items():
                if isinstance(value, np.ndarray) and value.ndim:
                    whole = self.optimizer.state.setdefault(p, {}).setdefault(key, np.empty(p.shape, value.dtype))
                    whole.reshape(-1)[start : start + value.size] = value.reshape(-1)
                else:
                    self.optimizer.state.setdefault(p, {})[key] = value

    def close(self) -> None:
        """End the sharing: each rank has its model to itself again, and the shared memory is given back.

        All ranks call it, after :meth:`collect` if the optimiser is to go on. This object is of no use afterwards.
        Memory is kept as long as somebody holds an array of it, such as one from ``state_dict()``.
        """
        self.ranks.meet()
        for place in self.layout.places:
            place.p.array = place.p.array.copy()
        del self.parameters, self.gradients, self.own
        self.node.close()


class _Exchange:
    """One backward pass. Gradients go into the shared array; full buckets are announced; announced ones are summed."""

    def __init__(self, shared: Shared) -> None:
        self.shared, self.node, self.layout = shared, shared.node, shared.layout
        self.start = self.node.ticks  # a tick for every bucket, from here on
        self.missing = Counter(place.bucket for place in self.layout.places)
        self.arrived = [False] * len(self.layout.places)
        self.announced = self.summed = 0
        self.requests: list[Any] = []

    def walk(self, loss: Tensor, weight: float) -> None:
        """Walk backward from ``loss``, and put each gradient into the shared array as soon as it is whole.

        A parameter that is used once has its gradient when that use has sent it. Others wait until the walk reaches
        them, which is at its end, because leaves are the oldest: too late to be summed while it goes on.
        """
        nodes = reachable([loss])
        uses = Counter(x.number for t in nodes for x in t.inputs if x.op is None)
        known = not any(t.op is AGAIN for t in nodes)  # checkpoint() hides uses until it runs again
        del nodes
        early = {p.number for p in (place.p for place in self.layout.places)
                 if known and not p.hooks and uses[p.number] == 1}  # fmt: skip
        for Y, dY, sent in steps([loss], [np.ones_like(loss.array)], free=True):
            for X, dX in sent:
                if X.number in early:
                    self.put(self.shared.places[X.number], dX, weight)
            if Y.op is None and Y.number in self.shared.places and Y.number not in early:
                self.put(self.shared.places[Y.number], dY, weight)
            self.advance()

    def put(self, place: Place, gradient: Any, weight: float) -> None:
        view = self.shared.own[place.start : place.stop].reshape(place.p.shape)
        np.multiply(gradient, gradient.dtype.type(weight), out=view)
        self.arrived[place.index] = True
        self.missing[place.bucket] -= 1

    def advance(self) -> None:
        """Announce full buckets in their order, sum those that all ranks of the machine have announced, call MPI."""
        n, node = len(self.layout.buckets), self.node
        while self.announced < n and not self.missing[self.announced]:
            self.announced += 1
            node.tick()
        while self.summed < self.announced and node.reached(self.start + self.summed + 1):
            cuts = self.layout.cuts[self.summed]
            self.requests += node.sum(self.shared.gradients, self.shared.sums, self.shared.total, cuts)
            self.summed += 1
        self.requests = [request for request in self.requests if not request.Test()]

    def finish(self) -> None:
        """Set to zeros what got no gradient, and wait until everything is summed."""
        for place in self.layout.places:
            if not self.arrived[place.index]:
                self.shared.own[place.start : place.stop] = 0
        self.missing.clear()
        wait(self._done)

    def _done(self) -> bool:
        self.advance()
        return self.summed == len(self.layout.buckets) and not self.requests


def _nothing_counts() -> ValueError:
    return error(
        ValueError,
        "backward",
        got="a batch in which nothing counts",
        rule="the mean loss is over at least one token",
        cure="skip the batch on all ranks, and do not call backward() for it",
    )
