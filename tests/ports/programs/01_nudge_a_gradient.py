"""A neuron by hand: what backward says, and what a nudge of each number says."""

import torch


def neuron(x, w, b):
    return torch.tanh((x * w).sum() + b)


x = torch.tensor([2.0, 0.5, -1.0], dtype=torch.float64)
w = torch.tensor([-0.3, 1.0, 0.4], dtype=torch.float64)
b = torch.tensor(0.25, dtype=torch.float64)
x.requires_grad = True
w.requires_grad = True
b.requires_grad = True

out = neuron(x, w, b)
out.backward()
backward_w = w.grad.clone()

# nudge every entry of w through its data, look at the slope, put the entry back
h = 1e-6
slopes = []
for i in range(len(w)):
    before = w.data[i].item()
    w.data[i] += h
    up = neuron(x, w, b).item()
    w.data[i] = before - h
    down = neuron(x, w, b).item()
    w.data[i] = before
    slopes.append((up - down) / (2 * h))

agree = torch.allclose(torch.tensor(slopes, dtype=torch.float64), w.grad, atol=1e-8)
print("backward and nudges agree:", agree)

b.data += h
bias_slope = (neuron(x, w, b).item() - out.data.item()) / h
b.data -= h

# a handful of expressions, each with a node that is used twice
a = torch.Tensor([3.0]).double()
a.requires_grad = True
c = torch.Tensor([-2.0]).double()
c.requires_grad = True
d = a * c + a.exp() / 4
e = d * d + c.sigmoid()
e += (a - c).tanh() + e / 2
e *= d
f = (e**2 + 1).sqrt() - 3.0 / e
f.backward()

# gradient descent on the neuron towards a wanted output
wanted = 0.7
losses = []
for _ in range(20):
    loss = (neuron(x, w, b) - wanted) ** 2
    for p in (x, w, b):
        p.grad = None
    loss.backward()
    for p in (w, b):
        p.data += -0.1 * p.grad
    losses.append(loss.item())

print(f"loss {losses[0]:.4f} -> {losses[-1]:.6f}")

RESULT = {
    "out": out,
    "agree": agree,
    "slopes": [round(s, 5) for s in slopes],
    "bias slope": round(bias_slope, 4),
    "gradient w": backward_w,
    "f": f.data,
    "gradient a": a.grad,
    "gradient c": c.grad,
    "losses": losses,
    "trained w": w.data,
}
