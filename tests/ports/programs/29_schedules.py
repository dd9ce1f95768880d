"""Rates over the steps: a scheduler of one's own with get_lr, an Adam of one's own, and those that come along."""

import math

import torch
import torch.nn as nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import (
    CosineAnnealingLR,
    ExponentialLR,
    LambdaLR,
    LRScheduler,
    MultiStepLR,
    _LRScheduler,
)


class WarmupCosine(_LRScheduler):
    def __init__(self, optimizer, warmup, total, least=0.0, last_epoch=-1):
        self.warmup, self.total, self.least = warmup, total, least
        super(WarmupCosine, self).__init__(optimizer, last_epoch)

    def get_lr(self):
        if self.last_epoch < self.warmup:
            return [base * (self.last_epoch + 1) / self.warmup for base in self.base_lrs]
        progress = min(1.0, (self.last_epoch - self.warmup) / (self.total - self.warmup))
        return [self.least + (base - self.least) * 0.5 * (1 + math.cos(math.pi * progress)) for base in self.base_lrs]


class InverseRoot(LRScheduler):
    def __init__(self, optimizer, width, warmup):
        self.width, self.warmup = width, warmup
        super().__init__(optimizer)

    def get_lr(self):
        step = max(1, self._step_count)
        return [self.width**-0.5 * min(step**-0.5, step * self.warmup**-1.5)] * len(self.optimizer.param_groups)


class MyAdam(Optimizer):
    """Adam with decoupled decay, as a subclass of Optimizer."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        if not 0.0 <= lr:
            raise ValueError(f"a rate is not negative: {lr}")
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if len(state) == 0:
                    state["step"] = 0
                    state["m"] = torch.zeros_like(p.data)
                    state["v"] = torch.zeros_like(p.data)
                state["step"] += 1
                m, v = state["m"], state["v"]
                m.mul_(beta1).add_(p.grad, alpha=1 - beta1)
                v.mul_(beta2).addcmul_(p.grad, p.grad, value=1 - beta2)
                denom = (v / (1 - beta2 ** state["step"])).sqrt().add_(group["eps"])
                p.data.mul_(1 - group["lr"] * group["weight_decay"])
                p.data.addcdiv_(m / (1 - beta1 ** state["step"]), denom, value=-group["lr"])
        return loss


class Noam:
    """A wrapper that sets the rate itself."""

    def __init__(self, size, factor, warmup, optimizer):
        self.optimizer, self._step, self.warmup, self.factor, self.size = optimizer, 0, warmup, factor, size

    def step(self):
        self._step += 1
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate()
        self.optimizer.step()

    def rate(self, step=None):
        step = self._step if step is None else step
        return self.factor * (self.size**-0.5 * min(step**-0.5, step * self.warmup**-1.5))


def layers():
    net = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1))
    for k, p in enumerate(net.parameters()):
        p.data = torch.sin(torch.arange(p.numel()) ** 2 * 1.3 + k).view(p.shape) * 0.6
    return net


x = torch.cos(torch.arange(48).float()).view(16, 3)
y = x.prod(dim=1, keepdim=True) + x.sum(1, keepdim=True).sin()


def train(make_optimizer, make_scheduler, steps=20):
    net = layers()
    optimizer = make_optimizer(net.parameters())
    scheduler = make_scheduler(optimizer)
    losses, rates = [], []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(net(x), y)
        loss.backward()
        optimizer.step()
        if scheduler is not None:
            scheduler.step()
        losses.append(loss.item())
    return losses, rates, net


schedules = {
    "warmup cosine": lambda o: WarmupCosine(o, 4, 16, 1e-3),
    "inverse root": lambda o: InverseRoot(o, 32, 5),
    "lambda": lambda o: LambdaLR(o, lr_lambda=lambda epoch: 0.9**epoch),
    "cosine": lambda o: CosineAnnealingLR(o, T_max=20),
    "exponential": lambda o: ExponentialLR(o, gamma=0.8),
    "steps": lambda o: MultiStepLR(o, milestones=[5, 12], gamma=0.1),
}
RESULT = {}
for name, schedule in schedules.items():
    losses, rates, _ = train(lambda ps: torch.optim.SGD(ps, lr=0.1), schedule)
    RESULT[f"losses {name}"] = losses
    RESULT[f"rates {name}"] = rates
    print(f"{name:14s} loss {losses[-1]:.4f}, last rate {rates[-1]:.5f}")

mine, _, net_1 = train(lambda ps: MyAdam(ps, lr=0.01, weight_decay=0.1), lambda o: None)
theirs, _, net_2 = train(lambda ps: torch.optim.AdamW(ps, lr=0.01, weight_decay=0.1), lambda o: None)
RESULT["losses mine"] = mine
RESULT["as theirs"] = torch.allclose(torch.tensor(mine), torch.tensor(theirs), rtol=1e-4)

net = layers()
noam = Noam(32, 1.0, 5, torch.optim.Adam(net.parameters(), lr=0, betas=(0.9, 0.98), eps=1e-9))
noam_losses = []
for _ in range(10):
    noam.optimizer.zero_grad()
    loss = (net(x) - y).pow(2).mean()
    loss.backward()
    noam.step()
    noam_losses.append(loss.item())
RESULT["losses noam"] = noam_losses
RESULT["rates noam"] = [noam.rate(s) for s in range(1, 8)]
