"""Rows of the ops that are one node with a definition, a rule and a kernel."""

import numpy as np

from tinygrad_tf import Tensor, manual_seed
from tinygrad_tf.kernels.keep import Keep
from tinygrad_tf.ops import fused as f
from tinygrad_tf.random import generator

from .case import Case, F, constant, given, ints, normal, positive, row, torch

ROWS = [
    row("softmax", "last axis", lambda x: x.softmax(-1), normal(2, 3)),
    row("softmax", "first axis", lambda x: x.softmax(dim=0), normal(2, 3)),
    row("softmax", "far out", lambda x: x.softmax(-1), given([[1000.0, 999.0, -1000.0], [0.0, -200.0, -np.inf]])),
    row("softmax", "no axes", lambda x: x.softmax(-1) * x, normal()),
    row("log_softmax", "no axes", lambda x: x.log_softmax(0) * x, normal()),
    row("log_softmax", "last axis", lambda x: x.log_softmax(-1), normal(2, 3)),
    row("log_softmax", "middle axis", lambda x: f.log_softmax(x, axis=1), normal(2, 3, 2),
        theirs=lambda x: x.log_softmax(1)),
    row("log_softmax", "far out", lambda x: x.log_softmax(-1), given([[1000.0, 999.0, -1000.0]])),
    row("layer_norm", "weight and bias", lambda x, w, b: f.layer_norm(x, (3,), w, b), normal(2, 3), positive(3),
        normal(3), theirs=lambda x, w, b: F.layer_norm(x, (3,), w, b)),
    row("layer_norm", "weight", lambda x, w: f.layer_norm(x, 3, w), normal(2, 2, 3), positive(3),
        theirs=lambda x, w: F.layer_norm(x, (3,), w)),
    row("layer_norm", "bias", lambda x, b: f.layer_norm(x, 3, bias=b), normal(2, 3), normal(3),
        theirs=lambda x, b: F.layer_norm(x, (3,), None, b)),
    row("layer_norm", "plain", lambda x: f.layer_norm(x, 3), normal(3), theirs=lambda x: F.layer_norm(x, (3,))),
    row("layer_norm", "two axes, eps", lambda x, w, b: f.layer_norm(x, (2, 3), w, b, eps=0.1),
        normal(2, 2, 3), positive(2, 3), normal(2, 3), theirs=lambda x, w, b: F.layer_norm(x, (2, 3), w, b, 0.1)),
    row("rms_norm", "weight", lambda x, w: f.rms_norm(x, 3, w), normal(2, 2, 3), positive(3),
        theirs=lambda x, w: F.rms_norm(x, (3,), w)),
    row("rms_norm", "plain", lambda x: f.rms_norm(x, 3), normal(3), theirs=lambda x: F.rms_norm(x, (3,))),
    row("rms_norm", "two axes, eps", lambda x, w: f.rms_norm(x, (2, 3), w, eps=0.1), normal(2, 2, 3), positive(2, 3),
        theirs=lambda x, w: F.rms_norm(x, (2, 3), w, 0.1)),
    row("silu", "both signs", f.silu, normal(2, 3), theirs=lambda x: F.silu(x)),
    row("silu", "no axes", f.silu, normal(), theirs=lambda x: F.silu(x)),
    row("silu", "far out", f.silu, given([-1000.0, -50.0, 0.0, 50.0, 1000.0]), theirs=lambda x: F.silu(x)),
    row("gelu", "exact", lambda x: f.gelu(x), normal(2, 3), theirs=lambda x: F.gelu(x)),
    row("gelu", "no axes", lambda x: f.gelu(x), normal(), theirs=lambda x: F.gelu(x)),
    row("gelu", "far out", lambda x: f.gelu(x), given([-50.0, -6.0, 0.0, 6.0, 50.0]), theirs=lambda x: F.gelu(x)),
    row("gelu_tanh", "by gelu", lambda x: f.gelu(x, approximate="tanh"), normal(2, 3),
        theirs=lambda x: F.gelu(x, approximate="tanh")),
    row("gelu_tanh", "no axes", f.gelu_tanh, normal(), theirs=lambda x: F.gelu(x, approximate="tanh")),
    row("linear", "weight and bias", f.linear, normal(2, 3), normal(2, 3), normal(2), theirs=lambda *a: F.linear(*a)),
    row("linear", "weight", f.linear, normal(2, 3), normal(2, 3), theirs=lambda *a: F.linear(*a)),
    row("linear", "one row", f.linear, normal(3), normal(2, 3), normal(2), theirs=lambda *a: F.linear(*a)),
    row("linear", "one row, weight", f.linear, normal(3), normal(2, 3), theirs=lambda *a: F.linear(*a)),
    row("linear", "a batch", f.linear, normal(2, 2, 3), normal(2, 3), normal(2), theirs=lambda *a: F.linear(*a)),
    row("linear", "a batch of batches", f.linear, normal(2, 1, 2, 3), normal(2, 3), theirs=lambda *a: F.linear(*a)),
]  # fmt: skip


def _dropped(x, p, training=True):
    manual_seed(3)
    return f.dropout(x, p, training)


def _their_dropped(x, p):
    manual_seed(3)
    return x * torch.from_numpy(f.keep_mask(tuple(x.shape), p)) / (1 - p)


GATHERS = [
    row("embedding", "a batch", f.embedding, ints(4, 2, 3), normal(4, 2), theirs=lambda i, w: F.embedding(i, w)),
    row("embedding", "one id", f.embedding, ints(4), normal(4, 2), theirs=lambda i, w: F.embedding(i, w)),
    # The gradient of the padding row is 0 by definition, not by calculus, so no quotient agrees with it.
    row("embedding", "padding", lambda i, w: f.embedding(i, w, padding_idx=1), given([[1, 0], [2, 1]]), normal(4, 2),
        theirs=lambda i, w: F.embedding(i, w, padding_idx=1), order=0),
    row("embedding", "padding from the back", lambda i, w: f.embedding(i, w, padding_idx=-1), given([3, 0, 3]),
        normal(4, 2), theirs=lambda i, w: F.embedding(i, w, padding_idx=-1), order=0),
    row("dropout", "training", lambda x: _dropped(x, 0.4), normal(3, 4), theirs=lambda x: _their_dropped(x, 0.4)),
    row("dropout", "no axes", lambda x: _dropped(x, 0.1), normal(), theirs=lambda x: _their_dropped(x, 0.1)),
    row("dropout", "evaluation", lambda x: _dropped(x, 0.4, training=False) * 1, normal(3, 4), theirs=lambda x: x * 1),
    row("dropout", "everything", lambda x: _dropped(x, 1) + x, normal(3, 4), theirs=lambda x: x * 1),
]  # fmt: skip

_CAUSAL = np.tri(2, 3, dtype=bool)
_EMPTY_ROW = np.array([[True, False, True], [False, False, False]])
_PADDED = np.array([[True, True, False], [True, False, False]])[:, None, None]  # (B, 1, 1, S)
_OF_HEADS = np.array([True, True, False, True]).repeat(3).reshape(4, 1, 3) | np.array([True, False, False])  # (H, 1, S)
_ADDED = np.array([[0.5, -np.inf, 0.0], [0.0, 1.0, -0.3]])


def _theirs(mask=None, **params):
    def call(q, k, v):
        m = None if mask is None else torch.from_numpy(mask)
        m = m.to(q) if m is not None and m.dtype != torch.bool else m
        return F.scaled_dot_product_attention(q, k, v, attn_mask=m, **params)

    return call


def _attended_with_dropout(q, k, v):
    manual_seed(5)
    return f.scaled_dot_product_attention(q, k, v, dropout_p=0.4)


def _theirs_with_dropout(q, k, v):
    manual_seed(5)
    weights = (q @ k.mT / q.shape[-1] ** 0.5).softmax(-1)
    keep = torch.from_numpy(np.asarray(Keep(tuple(weights.shape), 0.4, int(generator().integers(2**63)))))
    return (weights * keep / 0.6) @ v


_QKV = normal(2, 4), normal(3, 4), normal(3, 2)
_HEADS = normal(2, 2, 2, 2), normal(2, 2, 3, 2), normal(2, 2, 3, 1)  # (B, H, L or S, d)
_EIGHT = normal(2, 5, 8), normal(2, 3, 8), normal(2, 3, 8)  # compiled, the queries of such heads are a vector's lanes

ATTENTION = [
    row("attention", "no mask", f.attention, *_QKV, theirs=_theirs()),
    row("attention", "heads of a batch", f.attention, *_HEADS, theirs=_theirs()),
    row("attention", "heads of eight columns, causal", lambda *a: f.attention(*a, causal=True, offset=0), *_EIGHT,
        theirs=_theirs(np.tri(5, 3, dtype=bool))),
    row("attention", "boolean mask", lambda *a: f.attention(*a, _CAUSAL), *_QKV, theirs=_theirs(_CAUSAL)),
    row("attention", "mask as a Tensor", f.attention, *_QKV, given([[True, False, True]]),
        theirs=lambda q, k, v, m: F.scaled_dot_product_attention(q, k, v, m)),
    row("attention", "heads, padding mask", lambda *a: f.attention(*a, _PADDED), *_HEADS, theirs=_theirs(_PADDED)),
    row("attention", "a row that may attend to nothing", lambda *a: f.attention(*a, _EMPTY_ROW), *_QKV,
        theirs=_theirs(_EMPTY_ROW)),
    row("attention", "float mask", lambda *a: f.attention(*a, Tensor(_ADDED).astype(a[0].dtype)), *_QKV,
        theirs=_theirs(_ADDED)),
    row("attention", "float mask with a gradient", f.attention, *_QKV, normal(2, 3),
        theirs=lambda q, k, v, m: F.scaled_dot_product_attention(q, k, v, m)),
    row("attention", "heads, one float mask", f.attention, *_HEADS, normal(1, 3),
        theirs=lambda q, k, v, m: F.scaled_dot_product_attention(q, k, v, m)),
    row("attention", "causal after two earlier keys", lambda *a: f.attention(*a, causal=True), normal(3, 4),
        normal(5, 4), normal(5, 2), theirs=_theirs(np.tri(3, 5, 2, dtype=bool))),
    row("attention", "causal with a padding mask", lambda *a: f.attention(*a, _PADDED, causal=True, offset=0), *_HEADS,
        theirs=_theirs(_PADDED & np.tri(2, 3, dtype=bool))),
    row("attention", "causal with a float mask",
        lambda *a: f.attention(*a, Tensor(_ADDED).astype(a[0].dtype), causal=True, offset=0), *_QKV,
        theirs=_theirs(np.where(np.tri(2, 3, dtype=bool), _ADDED, -np.inf))),
    row("attention", "heads that share keys", f.attention, normal(2, 4, 2, 2), normal(2, 2, 3, 2), normal(2, 2, 3, 1),
        theirs=_theirs(enable_gqa=True)),
    row("attention", "heads that share keys, a mask for each", lambda *a: f.attention(*a, _OF_HEADS, causal=True),
        normal(4, 2, 2), normal(2, 3, 2), normal(2, 3, 1),
        theirs=_theirs(_OF_HEADS & np.tri(2, 3, 1, dtype=bool), enable_gqa=True)),
    row("attention", "one key for all heads", f.attention, normal(2, 2, 3), normal(3, 3), normal(3, 2),
        theirs=lambda q, k, v: F.scaled_dot_product_attention(q, k.expand(2, 3, 3), v.expand(2, 3, 2))),
    row("scaled_dot_product_attention", "causal",
        lambda q, k, v: f.scaled_dot_product_attention(q, k, v, is_causal=True), *_QKV, theirs=_theirs(is_causal=True)),
    row("scaled_dot_product_attention", "mask", lambda q, k, v: f.scaled_dot_product_attention(q, k, v, _CAUSAL),
        *_QKV, theirs=_theirs(_CAUSAL)),
    row("scaled_dot_product_attention", "everything dropped",
        lambda q, k, v: f.scaled_dot_product_attention(q, k, v, dropout_p=1.0), *_QKV,
        theirs=lambda q, k, v: 0 * (q @ k.mT @ v)),
    row("scaled_dot_product_attention", "dropout", _attended_with_dropout, *_HEADS, theirs=_theirs_with_dropout),
    row("scaled_dot_product_attention", "dropout, eight columns", _attended_with_dropout, *_EIGHT,
        theirs=_theirs_with_dropout),
]  # fmt: skip


def _loss(note, *inputs, **params):
    """A row of cross_entropy: logits, targets and perhaps class weights, with these params in both libraries."""
    return row("cross_entropy", note, lambda *a: f.cross_entropy(*a, **params), *inputs,
               theirs=lambda *a: F.cross_entropy(*a, **params))  # fmt: skip


_LOGITS, _TARGETS, _SOME = normal(3, 4), given([1, 3, 0]), given([1, -100, 3])
_WEIGHTS = constant(positive(4))

LOSSES = [
    _loss("mean", _LOGITS, _TARGETS),
    _loss("sum", _LOGITS, _TARGETS, reduction="sum"),
    _loss("none", _LOGITS, _TARGETS, reduction="none"),
    _loss("one row", normal(4), given(2)),
    _loss("one row, none", normal(4), given(2), reduction="none"),
    _loss("ignored rows", _LOGITS, _SOME),
    _loss("ignored rows, none", _LOGITS, _SOME, reduction="none"),
    _loss("another ignore_index", _LOGITS, _TARGETS, ignore_index=3),
    _loss("smoothing", _LOGITS, _TARGETS, label_smoothing=0.1),
    _loss("all at once, sum", _LOGITS, _SOME, _WEIGHTS, label_smoothing=0.2, reduction="sum"),
    _loss("all at once, none", _LOGITS, _SOME, _WEIGHTS, label_smoothing=0.2, reduction="none"),
    _loss("all at once, mean", _LOGITS, _SOME, _WEIGHTS, label_smoothing=0.2),
    _loss("weights", _LOGITS, _TARGETS, _WEIGHTS),
    _loss("positions", normal(2, 4, 3), given([[1, 3, 0], [-100, 2, 2]])),
    _loss("positions, all at once", normal(2, 4, 3), given([[1, 3, 0], [-100, 2, 2]]), _WEIGHTS, label_smoothing=0.1),
    _loss("positions, none", normal(2, 4, 1, 2), given([[[1, 3]], [[-100, 2]]]), reduction="none"),
    _loss("far out", given([[1000.0, 0.0, -1000.0]]), given([2])),
    _loss("ln 0 of a class that is not asked for", given([[0.0, 1.0, -np.inf], [0.5, 1.0, -0.5]]), given([0, 1])),
]

CASES: list[Case] = [*ROWS, *GATHERS, *ATTENTION, *LOSSES]
