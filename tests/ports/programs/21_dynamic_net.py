"""Control flow that changes from step to step, with weights shared over the repeats, and a module used many times."""

import random

import torch
from torch.autograd import Variable


class DynamicNet(torch.nn.Module):
    """Between one and four passes through the same layer."""

    def __init__(self, D_in, H, D_out):
        super(DynamicNet, self).__init__()
        self.input_linear = torch.nn.Linear(D_in, H)
        self.middle_linear = torch.nn.Linear(H, H)
        self.output_linear = torch.nn.Linear(H, D_out)

    def forward(self, x, repeats):
        h_relu = self.input_linear(x).clamp(min=0)
        for _ in range(repeats):
            h_relu = self.middle_linear(h_relu).clamp(min=0)
        return self.output_linear(h_relu)


class Polynomial(torch.nn.Module):
    """Terms of order 4 and 5 with one and the same coefficient."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c, self.d, self.e = (torch.nn.Parameter(torch.tensor(0.1 * i)) for i in range(1, 6))

    def forward(self, x, upto):
        y = self.a + self.b * x + self.c * x**2 + self.d * x**3
        for exp in range(4, upto):
            y = y + self.e * x**exp
        return y

    def string(self):
        return f"y = {self.a.item():.3f} + {self.b.item():.3f} x + {self.c.item():.3f} x^2 + {self.d.item():.3f} x^3"


class Halting(torch.nn.Module):
    """Goes on until each row has had enough: what still runs is decided by the numbers."""

    def __init__(self, width):
        super().__init__()
        self.cell = torch.nn.Linear(width, width)
        self.halt = torch.nn.Linear(width, 1)

    def forward(self, h, limit=6):
        total = torch.zeros(h.size(0))
        out = torch.zeros_like(h)
        steps = torch.zeros(h.size(0), dtype=torch.long)
        while (total < 0.99).any() and steps.max().item() < limit:
            h = torch.tanh(self.cell(h))
            p = torch.sigmoid(self.halt(h)).squeeze(-1)
            running = total < 0.99
            p = torch.where(running & (total + p < 0.99), p, 1 - total) * running
            out = out + p.unsqueeze(-1) * h
            total = total + p
            steps[running] += 1
        return out, steps


def sine(model, k=0.9):
    for i, p in enumerate(model.parameters()):
        p.data = torch.sin(torch.arange(p.numel()) ** 2 * k + i).view(p.shape) * 0.5


random.seed(4)
x = Variable(torch.sin(torch.arange(16 * 6).float()).view(16, 6))
y = Variable(torch.cos(torch.arange(16 * 2).float()).view(16, 2), requires_grad=False)
model = DynamicNet(6, 10, 2)
sine(model)
criterion = torch.nn.MSELoss(reduction="sum")
optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)
losses, repeats = [], []
for t in range(20):
    repeats.append(random.randint(0, 3))
    loss = criterion(model(x, repeats[-1]), y)
    losses.append(loss.data.item())
    optimizer.zero_grad()
    loss.backward()
    if repeats[-1] == 3:
        last = {f"trained gradient {n}": p.grad.clone() for n, p in model.named_parameters()}
    optimizer.step()

poly = Polynomial()
z = torch.linspace(-1.2, 1.2, 50)
fit = (poly(z, 6) - z.sin()).pow(2).mean()
fit.backward()

halting = Halting(6)
sine(halting, k=1.7)
halting.halt.weight.data.mul_(8)
halting.halt.bias.data.fill_(-2.5)
rows = x[:5].clone().requires_grad_()
out, steps = halting(rows)
out.pow(2).sum().backward()
print(f"{losses[0]:.3f} -> {losses[-1]:.3f}; {poly.string()}; steps {steps.tolist()}")

RESULT = {
    "losses": losses,
    "repeats": repeats,
    "fit": fit,
    "halted": out,
    "steps": steps,
    "gradient rows": rows.grad,
    **last,
    **{f"gradient {n}": p.grad for n, p in poly.named_parameters()},
    **{f"gradient {n}": p.grad for n, p in halting.named_parameters()},
}
