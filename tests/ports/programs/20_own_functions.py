"""autograd.Function with a forward and a backward of one's own: what is saved, what needs no gradient, two outputs."""

import math

import torch
from torch.autograd import Function


class Relu(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input):
        ctx.save_for_backward(input)
        return input.clamp(min=0)

    @staticmethod
    def backward(ctx, grad_output):
        (input,) = ctx.saved_tensors
        grad_input = grad_output.clone()
        grad_input[input < 0] = 0
        return grad_input


class Legendre3(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return 0.5 * (5 * x**3 - 3 * x)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return grad_output * 1.5 * (5 * x**2 - 1)


class Affine(Function):
    """A linear layer; the gradients that nobody asks for are not computed."""

    computed = []

    @staticmethod
    def forward(ctx, input, weight, bias=None):
        ctx.save_for_backward(input, weight, bias)
        output = input.mm(weight.t())
        if bias is not None:
            output += bias.unsqueeze(0).expand_as(output)
        return output

    @staticmethod
    def backward(ctx, grad_output):
        input, weight, bias = ctx.saved_tensors
        grad_input = grad_weight = grad_bias = None
        if ctx.needs_input_grad[0]:
            Affine.computed.append("input")
            grad_input = grad_output.mm(weight)
        if ctx.needs_input_grad[1]:
            Affine.computed.append("weight")
            grad_weight = grad_output.t().mm(input)
        if bias is not None and ctx.needs_input_grad[2]:
            Affine.computed.append("bias")
            grad_bias = grad_output.sum(0)
        return grad_input, grad_weight, grad_bias


class Scale(Function):
    """The gradient is scaled (reversed with a negative number); the number itself gets none."""

    @staticmethod
    def forward(ctx, x, factor):
        ctx.factor = factor
        return x.view_as(x)

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output * ctx.factor, None


class Round(Function):
    """Straight through."""

    @staticmethod
    def forward(ctx, x):
        return x.round()

    @staticmethod
    def backward(ctx, g):
        return g


class Polar(Function):
    """Two outputs."""

    @staticmethod
    def forward(ctx, x, y):
        r = torch.sqrt(x * x + y * y)
        ctx.save_for_backward(x, y, r)
        return r, torch.atan2(y, x)

    @staticmethod
    def backward(ctx, dr, dphi):
        x, y, r = ctx.saved_tensors
        return dr * x / r - dphi * y / r**2, dr * y / r + dphi * x / r**2


class MyLinear(torch.nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.cos(torch.arange(inputs * outputs).float()).view(outputs, inputs))
        self.bias = torch.nn.Parameter(torch.linspace(-1, 1, outputs))

    def forward(self, x):
        return Affine.apply(x, self.weight, self.bias)


# a cubic fitted to a sine
x = torch.linspace(-math.pi, math.pi, 200)
y = torch.sin(x)
a, b, c, d = (torch.full((), v, requires_grad=True) for v in (0.2, -1.0, 0.1, 0.3))
P3 = Legendre3.apply
losses = []
for t in range(20):
    y_pred = a + b * P3(c + d * x)
    loss = (y_pred - y).pow(2).sum()
    losses.append(loss.item())
    loss.backward()
    if t == 0:
        first = {f"gradient {n}": p.grad.clone() for n, p in zip("abcd", (a, b, c, d))}
    with torch.no_grad():
        for p in (a, b, c, d):
            p -= 5e-5 * p.grad
            p.grad = None

layer = MyLinear(3, 4)
inputs = torch.arange(6).float().view(2, 3).div(3).sub(0.8)
hidden = Relu.apply(layer(inputs))
needed = list(Affine.computed)
outputs = Affine.apply(Round.apply(hidden * 2), layer.weight.t().contiguous())
wave = torch.tensor([0.5, 1.5, -2.0], requires_grad=True)
r, phi = Polar.apply(wave, wave.flip(0) + 1)
total = (outputs**2).sum() + Scale.apply(r, -0.5).sum() + (phi * torch.arange(3.0)).sum()
total.backward()

double = torch.linspace(-0.9, 0.8, 5, dtype=torch.double, requires_grad=True)
checked = torch.autograd.gradcheck(Legendre3.apply, (double,), eps=1e-6, atol=1e-4)
print(f"{losses[0]:.3f} -> {losses[-1]:.3f}; gradcheck: {checked}; computed: {Affine.computed}")

RESULT = {
    "losses": losses,
    "hidden": hidden,
    "outputs": outputs,
    "total": total,
    "gradient weight": layer.weight.grad,
    "gradient bias": layer.bias.grad,
    "gradient wave": wave.grad,
    "computed before": needed,
    "computed": Affine.computed,
    "checked": checked,
    **first,
}
