"""Drawing by given probabilities, from the package's generator (see ``manual_seed``)."""

from __future__ import annotations

import numpy as np

from ..errors import error
from ..random import generator_of
from .composed import function
from .indexing import like, plain


@function
def multinomial(input, num_samples: int, replacement: bool = False, *, generator=None):
    """Indices (..., num_samples), each drawn with probability input / Σ input. Shapes of the input: (n,) or (m, n).

    The weights are not negative and need not add up to 1. Without ``replacement`` no index is drawn twice: those of the
    largest input / E are taken, in order, where E is drawn from the exponential distribution.

    >>> multinomial(Tensor([[0.0, 5.0], [1.0, 0.0]]), 1).tolist()
    [[1], [0]]
    >>> sorted(multinomial(Tensor([0.2, 0.3, 0.5]), 3).tolist())
    [0, 1, 2]
    """
    P = np.asarray(plain(input), np.float64)
    fits = P.ndim in (1, 2) and num_samples > 0 and bool(np.all(np.isfinite(P) & (P >= 0)))
    if not fits or np.any((P > 0).sum(-1) < (1 if replacement else num_samples)):
        raise error(
            RuntimeError,
            "multinomial",
            got={"input": P, "num_samples": num_samples, "replacement": replacement},
            rule=(
                "a distribution, or rows of them, has finite weights from 0 on, and without replacement as many "
                "above 0 as are drawn"
            ),
            cure="give logits.softmax(-1), or replacement=True",
        )
    if not replacement:
        keys = P / generator_of(generator).standard_exponential(P.shape)
        return like(input, np.argsort(-keys, -1, kind="stable")[..., :num_samples])
    upto = np.cumsum(P, -1)
    upto /= upto[..., -1:]
    drawn = generator_of(generator).random((*P.shape[:-1], num_samples))
    if P.ndim == 1:
        return like(input, np.searchsorted(upto, drawn, side="right"))
    rows = [np.searchsorted(u, d, side="right") for u, d in zip(upto, drawn, strict=True)]
    return like(input, np.array(rows, np.int64).reshape(drawn.shape))


@function
def bernoulli(input, p: float | None = None, *, generator=None):
    """1 or 0 for each entry. The entry is the probability of a 1, unless ``p`` gives one for all; its type is kept.

    >>> bernoulli(Tensor([0.0, 1.0])).tolist()
    [0.0, 1.0]
    """
    X = np.asarray(plain(input))
    P = X if p is None else np.asarray(p)
    if not np.all((P >= 0) & (P <= 1)):
        raise error(
            RuntimeError,
            "bernoulli",
            got={"input": X, "p": p},
            rule="probabilities lie in 0 … 1",
            cure="give e.g. logits.sigmoid()",
        )
    return like(input, (generator_of(generator).random(X.shape) < P).astype(X.dtype))
