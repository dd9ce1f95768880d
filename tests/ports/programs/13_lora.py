"""Low-rank adapters put into a frozen model: layers replaced by setattr, only what is marked is trained, then merged."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class LoRALayer(nn.Module):
    def __init__(self, in_dim, out_dim, rank, alpha):
        super().__init__()
        self.A = nn.Parameter(torch.empty(in_dim, rank))
        torch.nn.init.kaiming_uniform_(self.A, a=math.sqrt(5))
        self.B = nn.Parameter(torch.zeros(rank, out_dim))
        self.scaling = alpha / rank

    def forward(self, x):
        return self.scaling * (x @ self.A @ self.B)


class LinearWithLoRA(nn.Module):
    def __init__(self, linear, rank, alpha):
        super().__init__()
        self.linear = linear
        self.lora = LoRALayer(linear.in_features, linear.out_features, rank, alpha)

    def forward(self, x):
        return self.linear(x) + self.lora(x)


def add_lora(model, rank, alpha):
    for name, module in model.named_children():
        if isinstance(module, torch.nn.Linear):
            setattr(model, name, LinearWithLoRA(module, rank, alpha))
        else:
            add_lora(module, rank, alpha)


def merge(model):
    for name, module in model.named_children():
        if isinstance(module, LinearWithLoRA):
            linear = module.linear
            linear.weight.data += module.lora.scaling * (module.lora.A @ module.lora.B).T.data
            setattr(model, name, linear)
        else:
            merge(module)


class Body(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(12, 8)
        self.layers = nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 8))
        self.out = nn.Linear(8, 5)

    def forward(self, ids):
        x = self.emb(ids)
        return self.out(x + self.layers(x)).mean(dim=1)


def fill(named, scale):
    for k, (_, p) in enumerate(named):
        p.data.copy_(torch.sin(torch.arange(p.numel()) ** 2 * (1.0 + 0.37 * k) + k).view_as(p) * scale)


model = Body()
fill(model.named_parameters(), 0.4)
ids = (torch.arange(24 * 4) * 7 % 12).view(24, 4)
labels = ids.sum(1) % 5
before = model(ids).detach()

for param in model.parameters():
    param.requires_grad = False
add_lora(model, rank=3, alpha=6)
trainable = sum(p.numel() for p in model.parameters() if p.requires_grad)
total = sum(p.numel() for p in model.parameters())
unchanged = torch.equal(model(ids), before)
fill([(n, p) for n, p in model.named_parameters() if n.endswith("lora.A")], 0.3)
for n, p in model.named_parameters():
    p.is_adapter = "lora" in n

optimizer = torch.optim.AdamW((p for p in model.parameters() if p.requires_grad), lr=0.02, weight_decay=0.01)
losses = []
for step in range(20):
    loss = F.cross_entropy(model(ids), labels)
    optimizer.zero_grad()
    loss.backward()
    if step == 1:
        second = {f"trained gradient {n}": p.grad.clone() for n, p in model.named_parameters() if p.requires_grad}
        none = [p.grad is None for p in model.parameters() if not p.is_adapter]
    optimizer.step()
    losses.append(loss.item())

adapted = model(ids)
merge(model)
merged = model(ids)
close = torch.allclose(adapted, merged, atol=1e-5)
print(f"{trainable} of {total} trained, loss {losses[0]:.4f} -> {losses[-1]:.4f}, merged the same: {close}")

RESULT = {
    "counts": [trainable, total],
    "unchanged at first": unchanged,
    "before": before,
    "frozen without gradient": none,
    "losses": losses,
    "trained outputs": merged,
    "close": close,
    "names": list(model.state_dict()),
    **second,
}
