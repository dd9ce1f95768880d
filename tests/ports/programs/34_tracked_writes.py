"""Writes into what a gradient flows through: by index, by mask, by method, before and after a use."""

import torch
import torch.nn.functional as F

grads, values = {}, {}


def case(name):
    """Runs the function on a fresh leaf and keeps its result and the leaf's gradient."""

    def keep(f):
        x = torch.sin(torch.arange(12.0)).view(3, 4).requires_grad_()
        out = f(x)
        weights = torch.cos(torch.arange(float(out.numel()))).view(out.shape)
        (out * weights).sum().backward()
        values[name], grads[name] = out.detach(), x.grad
        return f

    return keep


@case("constants written")
def _(x):
    y = 2 * x
    y[:, 0] = 0
    y[1] = -1.0
    y[y > 0.9] = 0.9
    return y


@case("values written")
def _(x):
    y = x * x
    y[0, 1:3] = x[2, :2] * 5
    y[:, 3] += x[:, 0]
    y[1] *= x[0]
    return y


@case("into zeros, row by row")
def _(x):
    out = torch.zeros(3, 4)
    h = torch.zeros(4)
    for t in range(3):
        h = torch.tanh(x[t] + 0.5 * h)
        out[t] = h
    return out


@case("a row from the row before")
def _(x):
    out = torch.zeros(5, 4)
    out[0] = x[0]
    out[1] = x[1] + x[2]
    for t in range(2, 5):
        out[t] = out[t - 1] * 0.5 + out[t - 2].clone().sin()
    return out


@case("used before and written after")
def _(x):
    a = x + 0
    b = a.sum()
    a[0] = 0
    return b + a.sum(dim=1)


@case("fancy index")
def _(x):
    y = torch.zeros(4, 4).clone()
    y[torch.tensor([0, 2]), torch.tensor([1, 3])] = x[0, :2] * x[1, 2:]
    y[[3, 1]] = x[1:]
    return y


@case("mask from values")
def _(x):
    y = x.clone()
    mask = y < 0
    y[mask] = y[mask] * 0.1
    return y


@case("masked fill in place")
def _(x):
    scores = x @ x.t()
    scores.masked_fill_(torch.ones(3, 3).triu(1).bool(), float("-inf"))
    return F.softmax(scores, dim=-1)


@case("arithmetic in place")
def _(x):
    y = x * 3
    y += x
    y -= 0.5
    y *= 2
    y /= 4
    return y.add_(1).mul_(x)


@case("scatter and index_add")
def _(x):
    y = torch.zeros(3, 6)
    y.scatter_(1, torch.tensor([[0, 2, 4, 5]] * 3), x * 2)
    z = torch.zeros(4, 6)
    z.index_add_(0, torch.tensor([1, 1, 3]), y)
    return z


@case("copy, zero, clamp")
def _(x):
    y = torch.empty(3, 4)
    y.copy_(x.exp())
    y.clamp_(0.5, 2.0)
    z = x * 1
    z.zero_()
    return y + z


@case("swapped columns")
def _(x):
    y = x.clone()
    y[:, 0], y[:, 1] = y[:, 1].clone(), y[:, 0].clone()
    return y


@case("index_fill, and relu in place")
def _(x):
    y = (x - 0.2) * 3
    y.relu_()
    y = y + 1
    return y.index_fill_(1, torch.tensor([2]), 0.25)


@case("one-hot by writing")
def _(x):
    best = x.argmax(dim=1)
    hard = torch.zeros_like(x)
    hard[torch.arange(3), best] = 1.0
    soft = x.softmax(-1)
    return hard - soft.detach() + soft


# what a gradient needs was overwritten: an error, never a wrong gradient; or the right gradient
x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
r = x.exp()
y = r * x
r[1] = 5.0
try:
    y.sum().backward()
    right = torch.allclose(x.grad, x.exp() * (1 + x))
except RuntimeError:
    right = True

# through a view: the whole has it too, or an error says how to write it
x = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
y = x * x
try:
    y[1][0] = 5.0
    y.sum().backward()
    through = y.tolist() == [[1.0, 4.0], [5.0, 16.0]] and x.grad.tolist() == [[2.0, 4.0], [0.0, 8.0]]
except RuntimeError:
    through = True

print("cases:", len(values), "; overwritten: an error or right:", right)

RESULT = {"overwritten": right, "through a view": through}
RESULT |= {f"value {name}": v for name, v in values.items()}
RESULT |= {f"gradient {name}": g for name, g in grads.items()}
