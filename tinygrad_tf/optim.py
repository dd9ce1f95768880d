"""Optimisers, learning-rate schedules and gradient clipping: PyTorch's names, defaults and formulas."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from .errors import error
from .tensor import Tensor

Group = dict[str, Any]


class Optimizer:
    """What all optimisers share: groups of parameters with their settings, and a state per parameter.

    ``params`` are parameters, or dicts ``{"params": …, "lr": …}`` whose settings replace the defaults for their group.
    """

    def __init__(self, params: Iterable[Any], defaults: Group) -> None:
        given = list(params)
        if not given:
            raise error(ValueError, type(self).__name__, "no parameters", "an optimiser needs something to change",
                        "pass model.parameters()")  # fmt: skip
        for name in ("lr", "eps", "weight_decay", "momentum"):
            if defaults.get(name, 0) < 0:
                raise error(ValueError, type(self).__name__, {name: defaults[name]}, f"{name} is not negative",
                            "the optimiser goes downhill by itself")  # fmt: skip
        groups = given if isinstance(given[0], dict) else [{"params": given}]
        self.param_groups: list[Group] = [{**defaults, **group, "params": list(group["params"])} for group in groups]
        self.state: dict[Tensor, dict[str, Any]] = {}
        for p in self._parameters():
            if not isinstance(p, Tensor) or not p.is_leaf:
                raise error(TypeError, type(self).__name__, {"parameter": p}, "parameters are leaf Tensors",
                            "pass model.parameters()")  # fmt: skip

    def _parameters(self) -> Iterator[Tensor]:
        return (p for group in self.param_groups for p in group["params"])

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients; without this the next ``backward()`` adds to them."""
        for p in self._parameters():
            p.grad = None if set_to_none else Tensor.wrap(np.zeros_like(p.data))

    def step(self) -> None:
        """Change every parameter that has a gradient, in place, by the optimiser's formula."""
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self._update(p.data, p.grad.data, self.state.setdefault(p, {}), group)

    def _update(self, p: Any, g: Any, state: dict[str, Any], group: Group) -> None:
        raise NotImplementedError

    def state_dict(self) -> dict[str, Any]:
        """Settings and states, with parameters numbered in order, as in PyTorch."""
        numbers = {p: i for i, p in enumerate(self._parameters())}
        groups = [{**group, "params": [numbers[p] for p in group["params"]]} for group in self.param_groups]
        return {"state": {numbers[p]: dict(s) for p, s in self.state.items()}, "param_groups": groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from what :meth:`state_dict` returned, for parameters of the same number and shapes."""
        parameters = list(self._parameters())
        sizes = [len(group["params"]) for group in self.param_groups]
        theirs = [len(group["params"]) for group in state_dict["param_groups"]]
        if sizes != theirs:
            raise error(ValueError, f"load_state_dict of {type(self).__name__}", f"groups of {theirs} parameters",
                        f"this optimiser has groups of {sizes}", "build it with the same parameters")  # fmt: skip
        loaded = {
            parameters[int(i)]: {k: np.array(v) if isinstance(v, np.ndarray) else v for k, v in state.items()}
            for i, state in state_dict["state"].items()
        }
        for p, state in loaded.items():
            for key, value in state.items():
                if np.ndim(value) and np.shape(value) != p.shape:
                    raise error(ValueError, f"load_state_dict of {type(self).__name__}", {key: value, "parameter": p},
                                "a state has its parameter's shape", "build the model with the same sizes")  # fmt: skip
        self.state = loaded
        for group, saved in zip(self.param_groups, state_dict["param_groups"], strict=True):
            group.update({key: value for key, value in saved.items() if key != "params"})


class SGD(Optimizer):
    """p ← p − lr · b, where b = momentum · b + (1 − dampening) · g (Sutskever et al. 2013 for Nesterov's form).

    >>> p = Tensor([1.0], requires_grad=True)
    >>> (p * p).sum().backward()
    >>> SGD([p], lr=0.1).step()
    >>> p.data.round(4).tolist()
    [0.8]
    """

    def __init__(self, params: Iterable[Any], lr: float = 1e-3, momentum: float = 0.0, dampening: float = 0.0,
                 weight_decay: float = 0.0, nesterov: bool = False) -> None:  # fmt: skip
        if nesterov and (momentum <= 0 or dampening != 0):
            raise error(ValueError, "SGD", {"momentum": momentum, "dampening": dampening}, "Nesterov's form needs a "
                        "momentum and no dampening", "write momentum=0.9, nesterov=True")  # fmt: skip
        super().__init__(params, {"lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay,
                                  "nesterov": nesterov})  # fmt: skip

    def _update(self, p: Any, g: Any, state: dict[str, Any], group: Group) -> None:
        momentum = group["momentum"]
        if group["weight_decay"]:
            g = g + group["weight_decay"] * p
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
    """p ← p − lr · m̂ / (√v̂ + eps), with m and v the running means of g and g² (Kingma, Ba 2015, algorithm 1).

    ``weight_decay`` is L2: it is added to the gradient. ``amsgrad`` divides by the largest v so far (Reddi et al.
    2018).

    >>> p = Tensor([1.0], requires_grad=True)
    >>> (p * p).sum().backward()
    >>> Adam([p], lr=0.1).step()
    >>> p.data.round(4).tolist()
    [0.9]
    """

    decoupled = False

    def __init__(self, params: Iterable[Any], lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999),
                 eps: float = 1e-8, weight_decay: float = 0.0, amsgrad: bool = False) -> None:  # fmt: skip
        if not all(0 <= beta < 1 for beta in betas):
            raise error(ValueError, type(self).__name__, {"betas": betas}, "each beta lies in [0, 1)",
                        "write betas=(0.9, 0.999)")  # fmt: skip
        super().__init__(
            params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad}
        )

    def _update(self, p: Any, g: Any, state: dict[str, Any], group: Group) -> None:
        lr, (beta1, beta2), decay = group["lr"], group["betas"], group["weight_decay"]
        if decay and self.decoupled:
            p *= 1 - lr * decay
        elif decay:
            g = g + decay * p
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


class AdamW(Adam):
    """Adam whose weight decay acts on the parameter itself: p ← p · (1 − lr · weight_decay) (Loshchilov, Hutter 2019).

    >>> p = Tensor([1.0], requires_grad=True)
    >>> (p * p).sum().backward()
    >>> AdamW([p], lr=0.1).step()
    >>> p.data.round(4).tolist()
    [0.899]
    """

    decoupled = True

    def __init__(self, params: Iterable[Any], lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999),
                 eps: float = 1e-8, weight_decay: float = 1e-2, amsgrad: bool = False) -> None:  # fmt: skip
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad)


def clip_grad_norm_(parameters: Tensor | Iterable[Tensor], max_norm: float, norm_type: float = 2.0,
                    error_if_nonfinite: bool = False) -> float:  # fmt: skip
    """Scale all gradients together so that their norm is at most ``max_norm`` (Pascanu et al. 2013).

    Returns the norm before. The factor is min(1, max_norm / (norm + 1e-6)), as in PyTorch.

    >>> p = Tensor([3.0, 4.0], requires_grad=True)
    >>> (p * p / 2).sum().backward()
    >>> clip_grad_norm_([p], 1.0), [round(g, 4) for g in p.grad.tolist()]
    (5.0, [0.6, 0.8])
    """
    with_gradient = [p for p in ([parameters] if isinstance(parameters, Tensor) else parameters) if p.grad is not None]
    grads = [p.grad.data for p in with_gradient if p.grad is not None]
    if norm_type == math.inf:
        total = max((float(np.abs(g).max()) for g in grads if g.size), default=0.0)
    elif norm_type == 2:
        total = math.sqrt(sum(float(np.vdot(g, g)) for g in grads))
    else:
        total = sum(float((np.abs(g) ** norm_type).sum()) for g in grads) ** (1 / norm_type)
    if error_if_nonfinite and not math.isfinite(total):
        raise error(RuntimeError, "clip_grad_norm_", {"norm": total}, "the norm of the gradients is finite",
                    "find the op that made the first NaN or Inf, or lower the learning rate")  # fmt: skip
    factor = max_norm / (total + 1e-6)
    if factor < 1:
        for p, g in zip(with_gradient, grads, strict=True):
            p.grad = Tensor.wrap(g * g.dtype.type(factor))
    return total


def clip_grad_value_(parameters: Iterable[Tensor], clip_value: float) -> None:
    """Cut every entry of every gradient to −clip_value … clip_value."""
    for p in parameters:
        if p.grad is not None:
            p.grad = Tensor.wrap(np.clip(p.grad.data, -clip_value, clip_value))


class LRScheduler:
    """Sets the learning rate of every group to its initial one times ``factor(step)``; call ``step()`` once a step.

    The rate for step 0 is set when the scheduler is made. Subclasses say what ``factor`` is.
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        self.optimizer, self.last_epoch = optimizer, last_epoch
        for group in optimizer.param_groups:
            group.setdefault("initial_lr", group["lr"])
        self.step()

    def factor(self, step: int) -> float:
        raise NotImplementedError

    def step(self) -> None:
        self.last_epoch += 1
        for group in self.optimizer.param_groups:
            group["lr"] = group["initial_lr"] * self.factor(self.last_epoch)

    def get_last_lr(self) -> list[float]:
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        return {"last_epoch": self.last_epoch}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.last_epoch = state_dict["last_epoch"] - 1
        self.step()


class LambdaLR(LRScheduler):
    """The factor is a function of the step.

    >>> optimizer = SGD([Tensor([1.0], requires_grad=True)], lr=1.0)
    >>> schedule = LambdaLR(optimizer, lambda step: 0.5**step)
    >>> schedule.step(); schedule.get_last_lr()
    [0.5]
    """

    def __init__(self, optimizer: Optimizer, lr_lambda: Callable[[int], float], last_epoch: int = -1) -> None:
        self.lr_lambda = lr_lambda
        super().__init__(optimizer, last_epoch)

    def factor(self, step: int) -> float:
        return self.lr_lambda(step)


class LinearLR(LRScheduler):
    """From ``start_factor`` to ``end_factor`` on a line over ``total_iters`` steps, then constant: a warm-up."""

    def __init__(self, optimizer: Optimizer, start_factor: float = 1 / 3, end_factor: float = 1.0,
                 total_iters: int = 5, last_epoch: int = -1) -> None:  # fmt: skip
        self.start_factor, self.end_factor, self.total_iters = start_factor, end_factor, total_iters
        super().__init__(optimizer, last_epoch)

    def factor(self, step: int) -> float:
        done = min(step, self.total_iters) / self.total_iters
        return self.start_factor + (self.end_factor - self.start_factor) * done


class CosineAnnealingLR(LRScheduler):
    """lr = eta_min + (lr₀ − eta_min) · (1 + cos(π · step / T_max)) / 2 (Loshchilov, Hutter 2017, eq. 5)."""

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def step(self) -> None:
        self.last_epoch += 1
        wave = (1 + math.cos(math.pi * self.last_epoch / self.T_max)) / 2
        for group in self.optimizer.param_groups:
            group["lr"] = self.eta_min + (group["initial_lr"] - self.eta_min) * wave


class WarmupCosineLR(LRScheduler):
    """On a line to the full rate over ``warmup`` steps, then along a cosine to ``min_factor`` at ``total`` steps.

    >>> schedule = WarmupCosineLR(SGD([Tensor([1.0], requires_grad=True)], lr=1.0), warmup=2, total=10)
    >>> [round(schedule.factor(step), 3) for step in (0, 1, 2, 6, 10)]
    [0.5, 1.0, 1.0, 0.5, 0.0]
    """

    def __init__(self, optimizer: Optimizer, warmup: int, total: int, min_factor: float = 0.0,
                 last_epoch: int = -1) -> None:  # fmt: skip
        self.warmup, self.total, self.min_factor = warmup, total, min_factor
        super().__init__(optimizer, last_epoch)

    def factor(self, step: int) -> float:
        if step < self.warmup:
            return (step + 1) / self.warmup
        done = min(1.0, (step - self.warmup) / max(1, self.total - self.warmup))
        return self.min_factor + (1 - self.min_factor) * (1 + math.cos(math.pi * done)) / 2


class NoamLR(LRScheduler):
    """factor = d_model^−0.5 · min(step^−0.5, step · warmup^−1.5), step from 1 ("Attention Is All You Need", eq. 3).

    The paper uses it with ``lr=1``.

    >>> schedule = NoamLR(SGD([Tensor([1.0], requires_grad=True)], lr=1.0), d_model=512, warmup=4000)
    >>> f"{schedule.factor(3999):.6e}"
    '6.987712e-04'
    """

    def __init__(self, optimizer: Optimizer, d_model: int, warmup: int = 4000, last_epoch: int = -1) -> None:
        self.d_model, self.warmup = d_model, warmup
        super().__init__(optimizer, last_epoch)

    def factor(self, step: int) -> float:
        n = step + 1
        return float(self.d_model**-0.5 * min(n**-0.5, n * self.warmup**-1.5))
