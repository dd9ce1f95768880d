"""Hooks on modules and Tensors: activations kept by name, gradients looked at and changed, features taken out."""

import torch
import torch.nn as nn
import torch.nn.functional as F

model = nn.Sequential(nn.Embedding(11, 8), nn.Linear(8, 12), nn.ReLU(), nn.Dropout(0.0), nn.Linear(12, 4))
with torch.no_grad():
    for k, p in enumerate(model.parameters()):
        p.copy_(torch.sin((torch.arange(p.numel()) ** 2).float() * (1.6 + 0.4 * k)).view(p.size()) * 0.5)

activation = {}


def get_activation(name):
    def hook(module, input, output):
        activation[name] = output.detach()

    return hook


shapes = []
handles = [m.register_forward_hook(get_activation(name)) for name, m in model.named_children()]
pre = model[1].register_forward_pre_hook(lambda module, args: shapes.append(tuple(args[0].shape)))

ids = torch.tensor([[1, 5, 2], [7, 0, 10]])
out = model(ids)
kept = {f"activation {k}": v for k, v in activation.items()}
for h in handles:
    h.remove()
pre.remove()
activation.clear()
model(ids)
removed = len(activation) == 0 and len(shapes) == 1

# a hook that changes the output, and one that changes the input
half = model[2].register_forward_hook(lambda m, i, o: o * 0.5)
twice = model[4].register_forward_pre_hook(lambda m, args: (args[0] * 2,))
changed = model(ids)
half.remove()
twice.remove()
unchanged = torch.allclose(changed, out)

# hooks of Tensors: look at a gradient, replace it, count
seen = {}
x = torch.linspace(-1, 1, 6).view(2, 3).requires_grad_()
w = torch.cos(torch.arange(12.0)).view(3, 4).requires_grad_()
h = x @ w
h.register_hook(lambda g: seen.update(h=g.clone()))
a = torch.tanh(h)
a.register_hook(lambda g: g * 2)
w.register_hook(lambda g: g.clamp(-0.5, 0.5))
once = x.register_hook(lambda g: torch.zeros_like(g))
once.remove()
(a**2).sum().backward()

# only some rows of an embedding learn
emb = model[0].weight
mask = torch.zeros(11, 1)
mask[[1, 5]] = 1.0
emb.register_hook(lambda grad: grad * mask)
loss = F.cross_entropy(model(ids).transpose(1, 2), torch.tensor([[0, 1, 2], [3, 0, 1]]))
loss.backward()
rows = emb.grad.abs().sum(1) > 0


class Probe(nn.Module):
    """Grad-CAM's way: the activation of one layer and the gradient that reaches it."""

    def __init__(self, model, layer):
        super().__init__()
        self.model, self.gradient, self.value = model, None, None
        layer.register_forward_hook(self.keep)

    def keep(self, module, inputs, output):
        self.value = output
        output.register_hook(self.keep_gradient)

    def keep_gradient(self, grad):
        self.gradient = grad

    def forward(self, x):
        return self.model(x)


probe = Probe(model, model[1])
probe(ids)[:, :, 2].sum().backward()
importance = (probe.gradient * probe.value).sum(-1).abs()

# a full backward hook of a module: what comes in from above
norms = []
handle = model[4].register_full_backward_hook(lambda m, grad_in, grad_out: norms.append(grad_out[0].norm()))
model(ids).sum().backward()
handle.remove()
print("kept:", [(k, tuple(v.shape)) for k, v in kept.items()], "importance", importance.tolist())

RESULT = {
    **kept,
    "shapes": shapes,
    "removed": removed,
    "changed": changed,
    "unchanged": unchanged,
    "gradient h": seen["h"],
    "gradient x": x.grad,
    "gradient w": w.grad,
    "rows": rows,
    "importance": importance,
    "gradient norm": norms[0],
}
