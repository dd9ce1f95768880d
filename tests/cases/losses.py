"""Rows of the losses, over their reductions, weights, and the ends of their ranges."""

import numpy as np

from .case import Case, Input, constant, distinct, form, given, ints, normal, positive


def loss(name: str, note: str, *inputs: Input, order: int = 2, **params) -> Case:
    """The same call of torch.nn.functional in both libraries; constants among the params become Tensors."""

    def call(t, *xs):
        given = {k: t.tensor(v).to(xs[0].dtype) if isinstance(v, list) else v for k, v in params.items()}
        return getattr(t.nn.functional, name)(*xs, **given)

    return form(name, note, call, *inputs, order=order)


def reductions(name: str, *inputs: Input, **params) -> list[Case]:
    return [
        loss(name, "mean", *inputs, **params),
        loss(name, "sum", *inputs, reduction="sum", **params),
        loss(name, "none", *inputs, reduction="none", **params),
    ]


def inside(*shape: int) -> Input:
    return Input(lambda rng: rng.uniform(0.1, 0.9, shape))


_X, _T = normal(2, 3), distinct(2, 3)
_PROBABLE = given([[0.2, 0.5, 0.3], [0.6, 0.3, 0.1]])
_CORNERS = given([0.0, 1.0, 2.0, -1.0, -3.0]), given([0.0] * 5)

BETWEEN_NUMBERS = [
    *reductions("mse_loss", _X, _T),
    *reductions("l1_loss", _X, _T),
    *reductions("huber_loss", _X, _T),
    *reductions("smooth_l1_loss", _X, _T),
    loss("mse_loss", "no axes", normal(), normal()),
    loss("mse_loss", "to a constant", _X, constant(_T)),
    loss("l1_loss", "at 0", *_CORNERS, order=0),
    loss("huber_loss", "delta", _X, _T, delta=0.3),
    loss("huber_loss", "at the corners", *_CORNERS, reduction="none", order=0),
    loss("smooth_l1_loss", "beta", _X, _T, beta=0.3),
    loss("smooth_l1_loss", "beta 0", _X, _T, beta=0.0),
    loss("smooth_l1_loss", "at the corners", *_CORNERS, reduction="none", order=0),
]

OF_PROBABILITIES = [
    *reductions("binary_cross_entropy", inside(2, 3), inside(2, 3)),
    loss("binary_cross_entropy", "weights", inside(2, 3), constant(inside(2, 3)), weight=[0.5, 1.0, 2.0]),
    *reductions("binary_cross_entropy_with_logits", normal(2, 3), inside(2, 3)),
    loss("binary_cross_entropy_with_logits", "weights", normal(2, 3), inside(2, 3), weight=[0.5, 1.0, 2.0]),
    loss("binary_cross_entropy_with_logits", "pos_weight", normal(2, 3), inside(2, 3), pos_weight=[0.5, 1.0, 2.0]),
    loss("binary_cross_entropy_with_logits", "far out", given([0.0, 1000.0, -1000.0, 50.0]),
         given([0.0, 0.0, 1.0, 1.0]), reduction="none"),
    *reductions("kl_div", normal(2, 3), positive(2, 3)),
    loss("kl_div", "batchmean", normal(2, 3), positive(2, 3), reduction="batchmean"),
    loss("kl_div", "log_target", normal(2, 3), normal(2, 3), log_target=True),
    loss("kl_div", "log_target, batchmean", normal(2, 3), normal(2, 3), log_target=True, reduction="batchmean"),
    loss("kl_div", "a target of 0", normal(3), constant(given([0.0, 0.5, 0.5])), reduction="sum"),
]  # fmt: skip

_ROWS, _CLASSES, _SOME = normal(3, 4), ints(4, 3), given([1, -100, 3])
_WEIGHT = [0.5, 1.0, 2.0, 0.25]
_NEVER_FIRST = given([[-np.inf, 0.0, 1.0], [0.5, 1.0, -0.5]])

OF_CLASSES = [
    *[loss("cross_entropy", f"ln 0 in an ignored row, {how}, smoothing {e}", _NEVER_FIRST, given([-100, 1]),
           reduction=how, label_smoothing=e) for how in ("mean", "none") for e in (0.0, 0.1)],
    *reductions("nll_loss", _ROWS, _CLASSES),
    loss("nll_loss", "weights", _ROWS, _CLASSES, weight=_WEIGHT),
    loss("nll_loss", "weights, sum", _ROWS, _CLASSES, weight=_WEIGHT, reduction="sum"),
    loss("nll_loss", "weights, none", _ROWS, _CLASSES, weight=_WEIGHT, reduction="none"),
    loss("nll_loss", "ignored rows", _ROWS, _SOME, weight=_WEIGHT),
    loss("nll_loss", "ignored rows, none", _ROWS, _SOME, reduction="none"),
    loss("nll_loss", "another ignore_index", _ROWS, _CLASSES, ignore_index=2),
    loss("nll_loss", "one row", normal(4), given(2)),
    loss("nll_loss", "ln 0 in an ignored row", given([[-np.inf, 0.0], [1.0, 2.0]]), given([-100, 1])),
    loss("nll_loss", "positions", normal(2, 4, 3), ints(4, 2, 3)),
    loss("nll_loss", "positions, all at once", normal(2, 4, 1, 2), ints(4, 2, 1, 2), weight=_WEIGHT, ignore_index=1),
    form("nll_loss", "after log_softmax", lambda t, x, k: t.nn.functional.nll_loss(x.log_softmax(1), k), _ROWS,
         _CLASSES),
]  # fmt: skip

WITH_PROBABILITIES = [
    loss("cross_entropy", "probabilities", normal(2, 3), _PROBABLE),
    loss("cross_entropy", "probabilities, sum", normal(2, 3), _PROBABLE, reduction="sum"),
    loss("cross_entropy", "probabilities, none", normal(2, 3), _PROBABLE, reduction="none"),
    loss("cross_entropy", "probabilities, weights", normal(2, 3), _PROBABLE, weight=[0.5, 1.0, 2.0]),
    loss("cross_entropy", "probabilities, weights, none", normal(2, 3), _PROBABLE, weight=[0.5, 1.0, 2.0],
         reduction="none"),
    loss("cross_entropy", "probabilities, smoothing", normal(2, 3), _PROBABLE, label_smoothing=0.1),
    loss("cross_entropy", "probabilities, all at once", normal(2, 3, 2), positive(2, 3, 2), weight=[0.5, 1.0, 2.0],
         label_smoothing=0.2),
    loss("cross_entropy", "probabilities, positions, sum", normal(2, 3, 2), positive(2, 3, 2), reduction="sum"),
    loss("cross_entropy", "probabilities, one row", normal(3), given([0.2, 0.5, 0.3])),
    loss("cross_entropy", "probabilities, constant", normal(2, 3), constant(_PROBABLE)),
    form("cross_entropy", "by keywords",
         lambda t, x, k: t.nn.functional.cross_entropy(input=x, target=k, ignore_index=-1), _ROWS, given([0, -1, 2])),
    form("cross_entropy", "of a language model",
         lambda t, x, k: t.nn.functional.cross_entropy(x.view(-1, x.shape[-1]), k.view(-1)), normal(2, 3, 4),
         ints(4, 2, 3)),
]  # fmt: skip

CASES: list[Case] = [*BETWEEN_NUMBERS, *OF_PROBABILITIES, *OF_CLASSES, *WITH_PROBABILITIES]
assert np.isclose(sum(_WEIGHT), 3.75)
