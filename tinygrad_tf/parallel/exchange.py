"""Exchange: one backward pass, during which the ranks' gradients are summed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autograd.tensor import Tensor
from ..autograd.walk import AGAIN, reachable, steps
from .flat import Flat
from .layout import Place
from .memory import BUCKETS, Node
from .ranks import Ranks


class Exchange:
    """Gradients go into the shared arrays; full buckets are announced; those that all have announced are summed.

    Attributes:
        places: by a parameter's ``number``, where its gradient goes.
        buckets: the buckets of all arrays, in the order in which they are announced.
        arrived: for each parameter by its number in the optimiser, whether it has a gradient.
        last: whether this is the last pass before the optimiser's step; nothing is summed before.
        announced, summed: how many buckets have been.
    """

    def __init__(
        self, flats: Sequence[Flat], places: dict[int, tuple[Flat, Place]], node: Node, arrived: list[bool], last: bool
    ) -> None:
        self.places, self.node, self.arrived, self.last = places, node, arrived, last
        self.before = list(arrived)  # in the earlier passes of this step, whose gradients are added to
        self.start = node.ticks[BUCKETS]  # a tick for every bucket, from here on
        self.buckets = [(flat, b) for flat in flats for b in range(len(flat.layout.buckets))]
        self.missing = Counter((id(flat), place.bucket) for flat, place in self.places.values())
        self.announced = self.summed = 0
        self.requests: list[Any] = []

    def walk(self, loss: Tensor, weight: float) -> None:
        """Walk backward from ``loss``, and put each gradient into its shared array as soon as it is whole.

        A parameter that is used once has its gradient when that use has sent it. Others wait until the walk reaches
        them, which is at its end, because leaves are the oldest: too late to be summed while it goes on.
        """
        nodes = reachable([loss])
        uses = Counter(x.number for t in nodes for x in t.inputs if x.op is None)
        known = not any(t.op is AGAIN for t in nodes)  # checkpoint() hides uses until it runs again
        del nodes
        early = {number for number, (_, place) in self.places.items()
                 if known and not place.p.hooks and uses[number] == 1}  # fmt: skip
        for Y, dY, sent in steps([loss], [np.ones_like(loss.array)], free=True):
            for X, dX in sent:
                if X.number in early:
                    self.put(*self.places[X.number], dX, weight)
            if Y.op is None and Y.number in self.places and Y.number not in early:
                self.put(*self.places[Y.number], dY, weight)
            if self.last:
                self.advance()

    def put(self, flat: Flat, place: Place, gradient: Any, weight: float) -> None:
        view = flat.view(place, flat.own)
        if self.before[place.index]:
            view += gradient * view.dtype.type(weight)
        else:
            np.multiply(gradient, view.dtype.type(weight), out=view)
        self.arrived[place.index] = True
        self.missing[id(flat), place.bucket] -= 1

    def advance(self) -> None:
        """Announce full buckets in their order, sum those that all ranks of the machine have announced, call MPI."""
        n, node = len(self.buckets), self.node
        while self.announced < n and not self._is_missing(*self.buckets[self.announced]):
            self.announced += 1
            node.tick(BUCKETS)
        while self.summed < self.announced and node.reached(BUCKETS, self.start + self.summed + 1):
            flat, b = self.buckets[self.summed]
            self.requests += node.sum(flat.gradients, flat.sums, flat.total, flat.layout.cuts[b])
            self.summed += 1
        self.requests = [request for request in self.requests if not request.Test()]

    def _is_missing(self, flat: Flat, b: int) -> bool:
        return bool(self.missing[id(flat), b])

    def finish(self, ranks: Ranks) -> None:
        """Set to zeros what got no gradient, and wait until everything is summed."""
        for flat, place in self.places.values():
            if not self.arrived[place.index]:
                flat.own[place.start : place.stop] = 0
        self.missing.clear()
        ranks.wait(self._done, "backward()")

    def _done(self) -> bool:
        self.advance()
        return self.summed == len(self.buckets) and not self.requests
