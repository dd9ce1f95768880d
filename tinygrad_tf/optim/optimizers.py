"""The optimisers. Each has its formula in its docstring and, line by line, in ``_update``."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..errors import error
from ..fields import is_whole
from ..kernels import chosen
from .base import Optimizer, Settings


def direction(p: Any, g: Any, group: Settings) -> Any:
    """The gradient that a formula goes down: −g to maximise, and the decay's part of it, weight_decay · p."""
    g = -g if group["maximize"] else g
    return g + group["weight_decay"] * p if group["weight_decay"] else g


class SGD(Optimizer):
    """p ← p − lr · b, where b ← momentum · b + (1 − dampening) · g.

    With ``nesterov`` the step is lr · (g + momentum · b) (Sutskever et al. 2013). ``weight_decay`` is L2: g is g +
    weight_decay · p.

    >>> p = Tensor([1.0], requires_grad=True)
    >>> (p * p).sum().backward()
    >>> SGD([p], lr=0.1).step()
    >>> print(p.array.round(4))
    [0.8]
    """

    elementwise, needed = True, ("momentum_buffer",)

    def __init__(self, params: Iterable[Any], lr: float = 1e-3, momentum: float = 0.0, dampening: float = 0.0,
                 weight_decay: float = 0.0, nesterov: bool = False, *, maximize: bool = False,
                 foreach: bool | None = None, differentiable: bool = False,
                 fused: bool | None = None) -> None:  # fmt: skip
        super().__init__(params, {"lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay,
                                  "nesterov": nesterov, "maximize": maximize, "foreach": foreach,
                                  "differentiable": differentiable, "fused": fused})  # fmt: skip

    def _check(self, group: Settings) -> None:
        super()._check(group)
        if group["nesterov"] and (group["momentum"] <= 0 or group["dampening"] != 0):
            raise error(
                ValueError,
                "SGD",
                got={name: group[name] for name in ("momentum", "dampening")},
                rule="Nesterov's form needs a momentum and no dampening",
                cure="write momentum=0.9, nesterov=True",
            )

    def _update(self, p: Any, g: Any, state: dict[str, Any], group: Settings) -> None:
        momentum, g = group["momentum"], direction(p, g, group)
        if momentum:
            if "momentum_buffer" not in state:
                b = state["momentum_buffer"] = g.copy()
            else:
                b = state["momentum_buffer"]
                b *= momentum
                b += (1 - group["dampening"]) * g
            g = g + momentum * b if group["nesterov"] else b
        p -= group["lr"] * g


class Adam(Optimizer):
    """p ← p − lr · m̂ / (√v̂ + eps), where m and v are the running means of g and g² (Kingma, Ba 2015, algorithm 1).

    ``weight_decay`` is L2: g is g + weight_decay · p; with ``decoupled_weight_decay`` it is AdamW's. With ``amsgrad`` v
    is the largest so far (Reddi et al. 2018).

    >>> p = Tensor([1.0], requires_grad=True)
    >>> (p * p).sum().backward()
    >>> Adam([p], lr=0.1).step()
    >>> print(p.array.round(4))
    [0.9]
    """

    elementwise, needed = True, ("step", "exp_avg", "exp_avg_sq")

    def __init__(self, params: Iterable[Any], lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999),
                 eps: float = 1e-8, weight_decay: float = 0.0, amsgrad: bool = False, *, foreach: bool | None = None,
                 maximize: bool = False, capturable: bool = False, differentiable: bool = False,
                 fused: bool | None = None, decoupled_weight_decay: bool = False) -> None:  # fmt: skip
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay,
                                  "amsgrad": amsgrad, "maximize": maximize, "foreach": foreach,
                                  "capturable": capturable, "differentiable": differentiable, "fused": fused,
                                  "decoupled_weight_decay": decoupled_weight_decay})  # fmt: skip

    def _update(self, p: Any, g: Any, state: dict[str, Any], group: Settings) -> None:
        lr, (beta1, beta2) = group["lr"], group["betas"]
        if group["decoupled_weight_decay"]:
            g = -g if group["maximize"] else g
            if group["weight_decay"]:
                p *= 1 - lr * group["weight_decay"]
        else:
            g = direction(p, g, group)
        if not state:
            state.update(step=0, exp_avg=np.zeros_like(p), exp_avg_sq=np.zeros_like(p))
        state["step"] += 1
        m, v = state["exp_avg"], state["exp_avg_sq"]
        m *= beta1
        m += (1 - beta1) * g
        v *= beta2
        v += (1 - beta2) * g * g
        if group["amsgrad"]:
            largest = state.setdefault("max_exp_avg_sq", np.zeros_like(p))
            v = np.maximum(largest, v, out=largest)
        change = np.sqrt(v)
        change /= math.sqrt(1 - beta2 ** state["step"])
        change += group["eps"]
        np.divide(m, change, out=change)
        change *= lr / (1 - beta1 ** state["step"])
        p -= change

    def _flat(self, p: Any, g: Any, state: dict[str, Any], group: Settings) -> None:
        """In one pass by a compiled kernel, from the second step on, since the first one makes the state."""
        plain = state and not group["amsgrad"] and not group["maximize"] and type(self)._update is Adam._update
        if chosen() == "compiled" and plain:
            from ..kernels.compiled.adam import adam

            m, v, settings = state["exp_avg"], state["exp_avg_sq"], (group["lr"], group["betas"], group["eps"])
            if adam(p, g, m, v, state["step"] + 1, *settings, group["weight_decay"], group["decoupled_weight_decay"]):
                state["step"] += 1
                return
        super()._flat(p, g, state, group)


class AdamW(Adam):
    """Adam whose weight decay acts on the parameter itself: p ← p · (1 − lr · weight_decay) (Loshchilov, Hutter 2019).

    >>> p = Tensor([1.0], requires_grad=True)
    >>> (p * p).sum().backward()
    >>> AdamW([p], lr=0.1).step()
    >>> print(p.array.round(4))
    [0.899]
    """

    def __init__(self, params: Iterable[Any], lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999),
                 eps: float = 1e-8, weight_decay: float = 1e-2, amsgrad: bool = False, *, maximize: bool = False,
                 foreach: bool | None = None, capturable: bool = False, differentiable: bool = False,
                 fused: bool | None = None) -> None:  # fmt: skip
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, foreach=foreach, maximize=maximize,
                         capturable=capturable, differentiable=differentiable, fused=fused,
                         decoupled_weight_decay=True)  # fmt: skip

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """As :meth:`Optimizer.load_state_dict`; the decay stays decoupled, also with the state of an Adam."""
        super().load_state_dict(state_dict)
        for group in self.param_groups:
            group["decoupled_weight_decay"] = True


class RMSprop(Optimizer):
    """p ← p − lr · g / (√v + eps), where v is the running mean of g² (Hinton 2012, lecture 6e).

    With ``centered`` v is the variance: the square of g's running mean is subtracted (Graves 2013). ``momentum``
    accumulates g / (√v + eps) as SGD accumulates g.

    >>> p = Tensor([1.0], requires_grad=True)
    >>> (p * p).sum().backward()
    >>> RMSprop([p], lr=0.01).step()
    >>> print(p.array.round(4))
    [0.9]
    """

    elementwise, needed = True, ("step", "square_avg")

    def __init__(self, params: Iterable[Any], lr: float = 1e-2, alpha: float = 0.99, eps: float = 1e-8,
                 weight_decay: float = 0.0, momentum: float = 0.0, centered: bool = False, capturable: bool = False,
                 foreach: bool | None = None, maximize: bool = False,
                 differentiable: bool = False) -> None:  # fmt: skip
        super().__init__(params, {"lr": lr, "alpha": alpha, "eps": eps, "weight_decay": weight_decay,
                                  "momentum": momentum, "centered": centered, "capturable": capturable,
                                  "foreach": foreach, "maximize": maximize,
                                  "differentiable": differentiable})  # fmt: skip

    def _update(self, p: Any, g: Any, state: dict[str, Any], group: Settings) -> None:
        alpha, g = group["alpha"], direction(p, g, group)
        if not state:
            state.update(step=0, square_avg=np.zeros_like(p))
        state["step"] += 1
        v = state["square_avg"]
        v *= alpha
        v += (1 - alpha) * g * g
        if group["centered"]:
            m = state.setdefault("grad_avg", np.zeros_like(p))
            m *= alpha
            m += (1 - alpha) * g
            squares = np.minimum(m * m, np.finfo(m.dtype).max)  # ∞ − ∞ would be NaN
            v = np.maximum(v - squares, 0)  # rounding may take a variance below 0
        change = g / (np.sqrt(v) + group["eps"])
        if group["momentum"]:
            b = state.setdefault("momentum_buffer", np.zeros_like(p))
            b *= group["momentum"]
            b += change
            change = b
        p -= group["lr"] * change


class Adagrad(Optimizer):
    """p ← p − lr / (1 + (step − 1) · lr_decay) · g / (√Σg² + eps) (Duchi, Hazan, Singer 2011).

    >>> p = Tensor([1.0], requires_grad=True)
    >>> (p * p).sum().backward()
    >>> Adagrad([p], lr=0.1).step()
    >>> print(p.array.round(4))
    [0.9]
    """

    elementwise, needed = True, ("step", "sum")

    def __init__(self, params: Iterable[Any], lr: float = 1e-2, lr_decay: float = 0.0, weight_decay: float = 0.0,
                 initial_accumulator_value: float = 0.0, eps: float = 1e-10, foreach: bool | None = None, *,
                 maximize: bool = False, differentiable: bool = False, fused: bool | None = None) -> None:  # fmt: skip
        super().__init__(params, {"lr": lr, "lr_decay": lr_decay, "weight_decay": weight_decay,
                                  "initial_accumulator_value": initial_accumulator_value, "eps": eps,
                                  "foreach": foreach, "maximize": maximize, "differentiable": differentiable,
                                  "fused": fused})  # fmt: skip

    def _update(self, p: Any, g: Any, state: dict[str, Any], group: Settings) -> None:
        g = direction(p, g, group)
        if not state:
            state.update(step=0, sum=np.full_like(p, group["initial_accumulator_value"]))
        state["step"] += 1
        total = state["sum"]
        total += g * g
        lr = group["lr"] / (1 + (state["step"] - 1) * group["lr_decay"])
        p -= lr * g / (np.sqrt(total) + group["eps"])


class Muon(Optimizer):
    """SGD with momentum whose step is made nearly orthogonal, for the matrices of hidden layers (Jordan et al. 2024).

    b ← momentum · b + (1 − momentum) · g. With ``nesterov`` u is (1 − momentum) · g + momentum · b, else u is b. If u
    is U S Vᵀ, the step is U Vᵀ up to singular values of 0.7 … 1.2. ``ns_steps`` of Newton and Schulz's iteration make
    it, without computing U and V. Weight decay is AdamW's. ``adjust_lr_fn`` multiplies the step: "original" (None) by
    √max(1, rows / columns), "match_rms_adamw" by 0.2 · √max(rows, columns). The iteration runs in the parameter's
    dtype; PyTorch rounds to bfloat16 within it. All parameters have two axes: give the others to AdamW.

    >>> W = Tensor([[3.0, 0.0], [0.0, 1.0]], requires_grad=True)
    >>> (W * W).sum().backward()
    >>> Muon([W], lr=0.1, weight_decay=0.0).step()
    >>> print(W.array.round(1))
    [[2.9 0. ]
     [0.  0.9]]
    """

    needed = ("momentum_buffer",)

    def __init__(self, params: Iterable[Any], lr: float = 1e-3, weight_decay: float = 0.1, momentum: float = 0.95,
                 nesterov: bool = True, ns_coefficients: tuple[float, float, float] = (3.4445, -4.775, 2.0315),
                 eps: float = 1e-7, ns_steps: int = 5, adjust_lr_fn: str | None = None) -> None:  # fmt: skip
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay, "momentum": momentum, "nesterov": nesterov,
                                  "ns_coefficients": ns_coefficients, "eps": eps, "ns_steps": ns_steps,
                                  "adjust_lr_fn": adjust_lr_fn})  # fmt: skip

    def _check(self, group: Settings) -> None:
        super()._check(group)
        if group["adjust_lr_fn"] not in (None, "original", "match_rms_adamw"):
            raise error(
                ValueError,
                "Muon",
                got={"adjust_lr_fn": repr(group["adjust_lr_fn"])},
                rule='adjust_lr_fn is None, "original" or "match_rms_adamw"',
                cure='write adjust_lr_fn="original"',
            )
        if not (is_whole(group["ns_steps"]) and 0 < group["ns_steps"] < 100) or len(group["ns_coefficients"]) != 3:
            raise error(
                ValueError,
                "Muon",
                got={name: group[name] for name in ("ns_steps", "ns_coefficients")},
                rule="the iteration has 1 … 99 steps and three coefficients",
                cure="write ns_steps=5, or leave both out",
            )
        for p in group["params"]:
            if p.ndim != 2:
                raise error(
                    ValueError,
                    "Muon",
                    got={"parameter": p},
                    rule="only a matrix can be made orthogonal",
                    cure="give Muon the parameters with ndim == 2 and AdamW the others",
                )

    def _update(self, p: Any, g: Any, state: dict[str, Any], group: Settings) -> None:
        momentum, (rows, columns) = group["momentum"], p.shape
        b = state.setdefault("momentum_buffer", np.zeros_like(p))
        b *= momentum
        b += (1 - momentum) * g
        u = (1 - momentum) * g + momentum * b if group["nesterov"] else b
        step = orthogonal(u, group["ns_coefficients"], group["ns_steps"], group["eps"])
        scale = math.sqrt(max(1, rows / columns))
        if group["adjust_lr_fn"] == "match_rms_adamw":
            scale = 0.2 * math.sqrt(max(rows, columns))
        p *= 1 - group["lr"] * group["weight_decay"]
        p -= group["lr"] * scale * step


def orthogonal(u: Any, coefficients: tuple[float, float, float], steps: int, eps: float) -> Any:
    """``u`` with its singular values near 1, by X ← a·X + (b·XXᵀ + c·(XXᵀ)²)·X, which acts on each of them alone."""
    a, b, c = coefficients
    X = u if u.shape[0] <= u.shape[1] else u.T  # the smaller of XXᵀ and XᵀX
    X = X / max(float(np.linalg.norm(X)), eps)
    for _ in range(steps):
        A = X @ X.T
        X = a * X + (b * A + c * A @ A) @ X
    return X if u.shape[0] <= u.shape[1] else X.T
