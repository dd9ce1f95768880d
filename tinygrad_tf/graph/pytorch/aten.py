"""The table: what an ATen op, as torch.export records it, is called here. One line each, with ATen's arguments.

An op that is not in it is added as a line, also from outside: ``ATEN["aten.polar.default"] = my_function``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...ops.activation import (
    elu,
    hardsigmoid,
    hardswish,
    hardtanh,
    leaky_relu,
    logsigmoid,
    mish,
    relu,
    relu6,
    selu,
    softplus,
)
from ...ops.arithmetic import absolute, lerp, reciprocal, square
from ...ops.arrange import diagonal, flip, roll, tril, triu, unfold
from ...ops.borders import pad
from ...ops.choice import clip, masked_fill, maximum, minimum, nan_to_num, where
from ...ops.einsum import einsum
from ...ops.exponential import erf, exp, exp2, expm1, log, log1p, log2, log10, rsqrt, sigmoid, sqrt, tanh
from ...ops.fused import (
    cross_entropy,
    dropout,
    embedding,
    gelu,
    layer_norm,
    linear,
    log_softmax,
    silu,
    softmax,
)
from ...ops.indexing import gather, getitem, index_select, masked_select
from ...ops.join import chunk, concatenate, repeat_interleave, split, stack, tile, unbind
from ...ops.linalg import matmul, outer
from ...ops.losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    huber_loss,
    kl_div,
    l1_loss,
    mse_loss,
    nll_loss,
    smooth_l1_loss,
)
from ...ops.order import cummax, cummin, cumprod, cumsum, logcumsumexp, prod, sort, topk
from ...ops.reduction import amax, amin, logsumexp, max, mean, min, std, sum, var, var_mean
from ...ops.rounding import ceil, floor, fmod, remainder, round, sign, trunc
from ...ops.scattering import scatter, scatter_add
from ...ops.shape import broadcast_to, expand_dims, flatten, permute, squeeze, swapaxes, unflatten
from ...ops.trigonometry import arctan, arctan2, cos, cosh, sin, sinh, tan
from .spelled import (
    attention,
    converted,
    dropped,
    expanded,
    normed,
    put,
    put_along,
    put_at,
    reduced,
    row_norm,
    row_norm_parts,
    same,
    selected,
    shaped,
    sliced,
    taken,
    to_type,
    var_over,
    vector_norm,
)

REDUCTIONS = ("none", "mean", "sum")

ATEN: dict[str, Callable[..., Any]] = {
    # products
    "aten.linear.default": linear,
    "aten.matmul.default": matmul,
    "aten.mm.default": matmul,
    "aten.bmm.default": matmul,
    "aten.mv.default": matmul,
    "aten.dot.default": matmul,
    "aten.outer.default": outer,
    "aten.addmm.default": lambda b, X, W, *, beta=1, alpha=1: taken(X @ W, alpha) + taken(b, beta),
    "aten.baddbmm.default": lambda b, X, W, *, beta=1, alpha=1: taken(X @ W, alpha) + taken(b, beta),
    "aten.einsum.default": lambda equation, Xs, path=None: einsum(equation, *Xs),
    # arithmetic
    "aten.add.Tensor": lambda X, W, *, alpha=1: X + taken(W, alpha),
    "aten.add.Scalar": lambda X, c, alpha=1: X + taken(c, alpha),
    "aten.sub.Tensor": lambda X, W, *, alpha=1: X - taken(W, alpha),
    "aten.sub.Scalar": lambda X, c, alpha=1: X - taken(c, alpha),
    "aten.rsub.Scalar": lambda X, c, alpha=1: c - taken(X, alpha),
    "aten.rsub.Tensor": lambda X, W, *, alpha=1: W - taken(X, alpha),
    "aten.mul.Tensor": lambda X, W: X * W,
    "aten.mul.Scalar": lambda X, c: X * c,
    "aten.div.Tensor": lambda X, W: X / W,
    "aten.div.Scalar": lambda X, c: X / c,
    "aten.addcmul.default": lambda X, A, B, *, value=1: X + taken(A * B, value),
    "aten.addcdiv.default": lambda X, A, B, *, value=1: X + taken(A / B, value),
    "aten.lerp.Scalar": lerp,
    "aten.lerp.Tensor": lerp,
    "aten.neg.default": lambda X: -X,
    "aten.abs.default": absolute,
    "aten.reciprocal.default": reciprocal,
    "aten.square.default": square,
    "aten.pow.Tensor_Scalar": lambda X, n: X**n,
    "aten.pow.Tensor_Tensor": lambda X, N: X**N,
    "aten.pow.Scalar": lambda c, N: c**N,
    "aten.sqrt.default": sqrt,
    "aten.rsqrt.default": rsqrt,
    "aten.exp.default": exp,
    "aten.exp2.default": exp2,
    "aten.expm1.default": expm1,
    "aten.log.default": log,
    "aten.log1p.default": log1p,
    "aten.log2.default": log2,
    "aten.log10.default": log10,
    "aten.erf.default": erf,
    "aten.sin.default": sin,
    "aten.cos.default": cos,
    "aten.tan.default": tan,
    "aten.sinh.default": sinh,
    "aten.cosh.default": cosh,
    "aten.atan.default": arctan,
    "aten.cumsum.default": cumsum,
    "aten.cumprod.default": cumprod,
    "aten.floor.default": floor,
    "aten.ceil.default": ceil,
    "aten.trunc.default": trunc,
    "aten.round.default": round,
    "aten.sign.default": sign,
    "aten.remainder.Scalar": remainder,
    "aten.fmod.Scalar": fmod,
    "aten.atan2.default": arctan2,
    "aten.cummax.default": cummax,
    "aten.cummin.default": cummin,
    "aten.logcumsumexp.default": logcumsumexp,
    # activations
    "aten.relu.default": relu,
    "aten.gelu.default": lambda X, *, approximate="none": gelu(X, approximate),
    "aten.silu.default": silu,
    "aten.tanh.default": tanh,
    "aten.sigmoid.default": sigmoid,
    "aten.elu.default": lambda X, alpha=1.0, scale=1, input_scale=1: elu(X, alpha),
    "aten.selu.default": selu,
    "aten.celu.default": lambda X, alpha=1.0: elu(X / alpha, 1.0) * alpha,
    "aten.relu6.default": relu6,
    "aten.leaky_relu.default": leaky_relu,
    "aten.prelu.default": lambda X, W: where(X > 0, X, X * (W if W.ndim == 0 else W.reshape(-1, *[1] * (X.ndim - 2)))),
    "aten.softplus.default": softplus,
    "aten.mish.default": mish,
    "aten.hardtanh.default": hardtanh,
    "aten.hardswish.default": hardswish,
    "aten.hardsigmoid.default": hardsigmoid,
    "aten.log_sigmoid.default": logsigmoid,
    "aten.glu.default": lambda X, dim=-1: (lambda A, B: A * sigmoid(B))(*chunk(X, 2, dim)),
    "aten.softmax.int": lambda X, dim, dtype=None: softmax(converted(X, dtype), dim),
    "aten.log_softmax.int": lambda X, dim, dtype=None: log_softmax(converted(X, dtype), dim),
    "aten._softmax.default": lambda X, dim, half_to_float: softmax(X, dim),
    "aten._log_softmax.default": lambda X, dim, half_to_float: log_softmax(X, dim),
    # layers
    "aten.embedding.default": lambda W, ids, padding_idx=-1, *_: embedding(
        ids, W, None if padding_idx < 0 else padding_idx
    ),
    "aten.layer_norm.default": lambda X, shape, weight=None, bias=None, eps=1e-5, *_: layer_norm(
        X, shape, weight, bias, eps
    ),
    "aten.native_layer_norm.default": row_norm_parts,
    "aten.rms_norm.default": row_norm,
    "aten.dropout.default": dropout,
    "aten.native_dropout.default": dropped,
    "aten.scaled_dot_product_attention.default": attention,
    # choices
    "aten.where.self": where,
    "aten.where.ScalarOther": where,
    "aten.where.ScalarSelf": where,
    "aten.masked_fill.Scalar": masked_fill,
    "aten.masked_fill.Tensor": masked_fill,
    "aten.masked_select.default": masked_select,
    "aten.clamp.default": clip,
    "aten.clamp.Tensor": clip,
    "aten.clamp_min.default": lambda X, least: clip(X, least, None),
    "aten.clamp_max.default": lambda X, most: clip(X, None, most),
    "aten.maximum.default": maximum,
    "aten.minimum.default": minimum,
    "aten.nan_to_num.default": nan_to_num,
    "aten.tril.default": tril,
    "aten.triu.default": triu,
    # shapes
    "aten.view.default": shaped,
    "aten.reshape.default": shaped,
    "aten._unsafe_view.default": shaped,
    "aten.view_as.default": lambda X, other: shaped(X, other.shape),
    "aten.flatten.using_ints": flatten,
    "aten.unflatten.int": unflatten,
    "aten.transpose.int": swapaxes,
    "aten.t.default": lambda X: X if X.ndim < 2 else swapaxes(X, 0, 1),
    "aten.numpy_T.default": lambda X: permute(X, tuple(range(X.ndim))[::-1]),
    "aten.mT.default": lambda X: swapaxes(X, -1, -2),
    "aten.permute.default": lambda X, dims: permute(X, dims),
    "aten.movedim.int": lambda X, source, destination: permute(X, normed(X.ndim, source, destination)),
    "aten.squeeze.default": squeeze,
    "aten.squeeze.dim": lambda X, dim: squeeze(X, dim) if X.ndim and X.shape[dim] == 1 else X,
    "aten.squeeze.dims": lambda X, dims: squeeze(X, tuple([d for d in dims if X.shape[d] == 1])),
    "aten.unsqueeze.default": expand_dims,
    "aten.expand.default": expanded,
    "aten.expand_as.default": lambda X, other: broadcast_to(X, other.shape),
    "aten.broadcast_to.default": expanded,
    "aten.repeat.default": lambda X, counts: tile(X, tuple(counts)),
    "aten.repeat_interleave.self_int": lambda X, n, dim=None, **_: repeat_interleave(X, n, dim),
    "aten.flip.default": lambda X, dims: flip(X, tuple(dims)),
    "aten.roll.default": lambda X, shifts, dims=(): roll(X, tuple(shifts), tuple(dims) or None),
    "aten.diagonal.default": diagonal,
    "aten.constant_pad_nd.default": lambda X, widths, value=0: pad(X, widths, "constant", value),
    "aten.pad.default": pad,
    # parts
    "aten.select.int": selected,
    "aten.slice.Tensor": sliced,
    "aten.narrow.default": lambda X, dim, start, length: sliced(X, dim, start, start + length),
    "aten.index.Tensor": lambda X, index: getitem(X, put_at(index)),
    "aten.unfold.default": unfold,
    "aten.index_select.default": index_select,
    "aten.gather.default": lambda X, dim, index, **_: gather(X, dim, index),
    "aten.split.Tensor": split,
    "aten.split_with_sizes.default": split,
    "aten.split.sizes": split,
    "aten.chunk.default": chunk,
    "aten.unbind.int": unbind,
    "aten.cat.default": concatenate,
    "aten.stack.default": stack,
    # writes: in place in the module, a new value in the graph
    "aten.fill.Scalar": lambda X, value: put(X, ..., value),
    "aten.fill.Tensor": lambda X, value: put(X, ..., value),
    "aten.copy.default": lambda X, source, *_: put(X, ..., source),
    "aten.select_scatter.default": lambda X, source, dim, i: put(X, put_along(X, dim, i), source),
    "aten.slice_scatter.default": lambda X, source, dim=0, start=None, end=None, step=1: put(
        X, put_along(X, dim, slice(start, end, step)), source
    ),
    "aten.index_put.default": lambda X, index, values, accumulate=False: put(X, put_at(index), values, accumulate),
    "aten.scatter.src": scatter,
    "aten.scatter.value": scatter,
    "aten.scatter_add.default": scatter_add,
    "aten.index_add.default": lambda X, dim, index, source, *, alpha=1: put(
        X, put_along(X, dim, np.asarray(index.array)), taken(source, alpha), True
    ),
    # reductions
    "aten.sum.default": lambda X, *, dtype=None: sum(converted(X, dtype)),
    "aten.sum.dim_IntList": lambda X, dim=None, keepdim=False, *, dtype=None: reduced(
        sum, converted(X, dtype), dim, keepdim
    ),
    "aten.mean.default": lambda X, *, dtype=None: mean(converted(X, dtype)),
    "aten.mean.dim": lambda X, dim=None, keepdim=False, *, dtype=None: reduced(mean, converted(X, dtype), dim, keepdim),
    "aten.prod.default": lambda X, *, dtype=None: prod(converted(X, dtype)),
    "aten.prod.dim_int": lambda X, dim, keepdim=False, *, dtype=None: prod(converted(X, dtype), dim, keepdim),
    "aten.max.default": lambda X: max(X),
    "aten.min.default": lambda X: min(X),
    "aten.max.dim": max,
    "aten.min.dim": min,
    "aten.amax.default": lambda X, dim=(), keepdim=False: reduced(amax, X, dim, keepdim),
    "aten.amin.default": lambda X, dim=(), keepdim=False: reduced(amin, X, dim, keepdim),
    "aten.var.default": lambda X, unbiased=True: var(X, correction=int(unbiased)),
    "aten.var.dim": lambda X, dim, unbiased=True, keepdim=False: var_over(var, X, dim, int(unbiased), keepdim),
    "aten.var.correction": lambda X, dim=None, *, correction=None, keepdim=False: var_over(
        var, X, dim, correction, keepdim
    ),
    "aten.std.default": lambda X, unbiased=True: std(X, correction=int(unbiased)),
    "aten.std.dim": lambda X, dim, unbiased=True, keepdim=False: var_over(std, X, dim, int(unbiased), keepdim),
    "aten.std.correction": lambda X, dim=None, *, correction=None, keepdim=False: var_over(
        std, X, dim, correction, keepdim
    ),
    "aten.var_mean.correction": lambda X, dim=None, *, correction=None, keepdim=False: var_over(
        var_mean, X, dim, correction, keepdim
    ),
    "aten.logsumexp.default": lambda X, dim, keepdim=False: reduced(logsumexp, X, dim, keepdim),
    "aten.norm.ScalarOpt_dim": lambda X, p, dim, keepdim=False: vector_norm(X, 2 if p is None else p, dim, keepdim),
    "aten.linalg_vector_norm.default": lambda X, ord=2, dim=None, keepdim=False, *, dtype=None: vector_norm(
        converted(X, dtype), ord, dim, keepdim
    ),
    "aten.sort.default": sort,
    "aten.topk.default": topk,
    # losses; a reduction is 0, 1 or 2 there: none, mean or sum
    "aten.cross_entropy_loss.default": lambda X, target, weight=None, reduction=1, ignore_index=-100, smoothing=0.0: (
        cross_entropy(X, target, weight, ignore_index, REDUCTIONS[reduction], smoothing)
    ),
    "aten.nll_loss_nd.default": lambda X, target, weight=None, reduction=1, ignore_index=-100: nll_loss(
        X, target, weight, ignore_index, REDUCTIONS[reduction]
    ),
    "aten.mse_loss.default": lambda X, target, reduction=1: mse_loss(X, target, REDUCTIONS[reduction]),
    "aten.l1_loss.default": lambda X, target, reduction=1: l1_loss(X, target, REDUCTIONS[reduction]),
    "aten.smooth_l1_loss.default": lambda X, target, reduction=1, beta=1.0: smooth_l1_loss(
        X, target, REDUCTIONS[reduction], beta
    ),
    "aten.huber_loss.default": lambda X, target, reduction=1, delta=1.0: huber_loss(
        X, target, REDUCTIONS[reduction], delta
    ),
    "aten.binary_cross_entropy.default": lambda X, target, weight=None, reduction=1: binary_cross_entropy(
        X, target, weight, REDUCTIONS[reduction]
    ),
    "aten.binary_cross_entropy_with_logits.default": lambda X, target, weight=None, pos_weight=None, reduction=1: (
        binary_cross_entropy_with_logits(X, target, weight, REDUCTIONS[reduction], pos_weight)
    ),
    "aten.kl_div.default": lambda X, target, reduction=1, *, log_target=False: kl_div(
        X, target, REDUCTIONS[reduction], log_target
    ),
    # the value itself: here an array has no strides and one device, and nobody writes to it
    "aten.contiguous.default": same,
    "aten.clone.default": same,
    "aten.alias.default": same,
    "aten.lift_fresh_copy.default": same,
    "aten.to.dtype": to_type,
    "aten.to.dtype_layout": to_type,
    "aten.to.device": lambda X, device, dtype, *_: converted(X, dtype),
    "aten.to.other": lambda X, other, *_: converted(X, other.dtype),
    "aten.type_as.default": lambda X, other: converted(X, other.dtype),
    "aten._to_copy.default": to_type,
}
