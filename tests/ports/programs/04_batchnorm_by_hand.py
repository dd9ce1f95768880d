"""A deep tanh network of one's own layers, with a batch norm that keeps running statistics, and its activations."""

import torch
import torch.nn.functional as F

torch.manual_seed(3)


def wave(*shape):
    n = 1
    for s in shape:
        n *= s
    return torch.sin(torch.arange(1, n + 1).float() ** 2 * 1.1).view(*shape)


class Dense:
    def __init__(self, inputs, outputs):
        self.w = wave(inputs, outputs) * inputs**-0.5

    def __call__(self, x):
        self.out = x @ self.w
        return self.out

    def params(self):
        return [self.w]


class Norm:
    def __init__(self, width, keep=0.9):
        self.scale, self.shift = torch.ones(width), torch.zeros(width)
        self.mean, self.var = torch.zeros(width), torch.ones(width)
        self.keep, self.learning = keep, True

    def __call__(self, x):
        m, v = self.mean, self.var
        if self.learning:
            m, v = x.mean(0), x.var(0)
            with torch.no_grad():
                self.mean.mul_(self.keep).add_((1 - self.keep) * m)
                self.var.mul_(self.keep).add_(v, alpha=1 - self.keep)
        self.out = (x - m) * (v + 1e-5).rsqrt() * self.scale + self.shift
        return self.out

    def params(self):
        return [self.scale, self.shift]


class Squash:
    def __call__(self, x):
        self.out = x.tanh()
        return self.out

    def params(self):
        return []


widths = [6, 20, 20, 20, 5]
layers = []
for inputs, outputs in zip(widths[:-1], widths[1:]):
    layers += [Dense(inputs, outputs), Norm(outputs), Squash()]
layers.pop()

with torch.no_grad():
    layers[-1].scale *= 0.1
    for layer in layers[:-1]:
        if isinstance(layer, Dense):
            layer.w *= 5 / 3

params = [p for layer in layers for p in layer.params()]
for p in params:
    p.requires_grad = True


def forward(x):
    for layer in layers:
        x = layer(x)
    return x


X = wave(64, 6)
Y = torch.arange(64) * 3 % 5
losses, ratios = [], []
for i in range(20):
    loss = F.cross_entropy(forward(X[i % 2 :: 2]), Y[i % 2 :: 2])
    for layer in layers:
        layer.out.retain_grad()
    for p in params:
        p.grad = None
    loss.backward()
    if i == 0:
        first = {f"gradient {j}": p.grad.clone() for j, p in enumerate(params)}
        first |= {f"gradient of output {j}": layer.out.grad.clone() for j, layer in enumerate(layers)}
    for p in params:
        p.data -= 0.1 * p.grad
    losses.append(loss.item())
    with torch.no_grad():
        ratios.append([(0.1 * p.grad.std() / p.data.std()).log10().item() for p in params if p.ndim == 2])

for layer in layers:
    if isinstance(layer, Norm):
        layer.learning = False
with torch.no_grad():
    out = forward(X)
for i, layer in enumerate(layers):
    if isinstance(layer, Squash):
        t = layer.out
        full = (t.abs() > 0.97).float().mean() * 100
        print("layer %d: mean %+.2f, std %.2f, saturated %.1f%%" % (i, t.mean(), t.std(), full))

RESULT = {
    "losses": losses,
    "trained mean": layers[1].mean,
    "trained variance": layers[1].var,
    "trained outputs": out,
    "trained updates": ratios[5],
    **first,
}
