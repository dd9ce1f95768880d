"""Gradients summed over small batches, clipped by norm and by value, an average of the weights, a frozen half."""

import copy

import torch
import torch.nn as nn
import torch.nn.functional as F

x = torch.sin(torch.arange(32 * 6).float() * 0.77).view(32, 6)
y = (x.sum(dim=1) > 0).long() + (x[:, 0] > 0.5).long()


def build():
    model = nn.Sequential(nn.Linear(6, 16), nn.SiLU(), nn.Linear(16, 16), nn.SiLU(), nn.Linear(16, 3))
    for k, (name, p) in enumerate(model.named_parameters()):
        if "weight" in name:
            p.data.copy_(torch.cos(torch.arange(p.numel()) ** 2 * (1.0 + k)).view_as(p)).mul_(0.5)
        else:
            nn.init.constant_(p, 0.1)
    return model


whole, pieces = build(), build()
F.cross_entropy(whole(x), y).backward()
for xs, ys in zip(x.chunk(4), y.chunk(4)):
    (F.cross_entropy(pieces(xs), ys) / 4).backward()
accumulated = all(torch.allclose(a.grad, b.grad, atol=1e-6) for a, b in zip(whole.parameters(), pieces.parameters()))

# clipping: by hand over data, by the function, by value
model = build()
(50 * F.cross_entropy(model(x), y)).backward()
total = 0.0
for p in model.parameters():
    total += p.grad.data.norm(2).item() ** 2
total = total**0.5
by_hand = copy.deepcopy(model)
for p, q in zip(by_hand.parameters(), model.parameters()):
    p.grad = q.grad.clone()
    p.grad.data.mul_(min(1.0, 2.0 / (total + 1e-6)))
norm = torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=2.0)
clipped = [p.grad.clone() for p in model.parameters()]
clip_same = all(torch.allclose(p.grad, g, atol=1e-6) for p, g in zip(by_hand.parameters(), clipped))
torch.nn.utils.clip_grad_value_(model.parameters(), 0.05)
highest = max(p.grad.abs().max().item() for p in model.parameters())
norm_inf = torch.nn.utils.clip_grad_norm_(model.parameters(), 0.01, norm_type=float("inf"))


class EMA:
    """A running average of the weights, swapped in for evaluation."""

    def __init__(self, model, decay):
        self.decay = decay
        self.shadow = {n: p.data.clone() for n, p in model.named_parameters() if p.requires_grad}

    def update(self, model):
        for n, p in model.named_parameters():
            if p.requires_grad:
                self.shadow[n].mul_(self.decay).add_(p.data, alpha=1.0 - self.decay)

    def apply(self, model):
        self.backup = {n: p.data.clone() for n, p in model.named_parameters() if n in self.shadow}
        for n, p in model.named_parameters():
            if n in self.shadow:
                p.data.copy_(self.shadow[n])

    def restore(self, model):
        for n, p in model.named_parameters():
            if n in self.backup:
                p.data = self.backup[n]


model = build()
for p in model[0].parameters():
    p.requires_grad_(False)
frozen_before = model[0].weight.clone()
optimizer = torch.optim.SGD(filter(lambda p: p.requires_grad, model.parameters()), lr=0.2, momentum=0.9, nesterov=True)
ema = EMA(model, decay=0.8)
accumulation, losses = 4, []
optimizer.zero_grad()
for step in range(40):
    part = slice(step % 4 * 8, step % 4 * 8 + 8)
    loss = F.cross_entropy(model(x[part]), y[part], label_smoothing=0.05)
    (loss / accumulation).backward()
    losses.append(loss.item())
    if (step + 1) % accumulation == 0:
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        ema.update(model)

plain_out = model(x).detach()
ema.apply(model)
averaged_out = model(x).detach()
ema.restore(model)
restored = torch.equal(model(x), plain_out)
print(f"norm {norm:.4f}; loss {losses[0]:.4f} -> {losses[-1]:.4f}; restored: {restored}")

RESULT = {
    "accumulated": accumulated,
    "norm": norm,
    "norm by hand": total,
    "clipped the same": clip_same,
    "highest": highest <= 0.05 + 1e-7,
    "norm inf": norm_inf,
    "losses": losses,
    "frozen": torch.equal(frozen_before, model[0].weight),
    "trained outputs": plain_out,
    "trained averaged": averaged_out,
    "restored": restored,
    **{f"gradient clipped {i}": g for i, g in enumerate(clipped)},
}
