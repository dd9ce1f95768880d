"""An LSTM and a state space written by hand: what each step gives is written to out[:, t], the state to buffers."""

import torch
import torch.nn as nn


class LSTMCell(nn.Module):
    def __init__(self, inputs, hidden):
        super().__init__()
        self.hidden = hidden
        self.W = nn.Parameter(torch.empty(inputs, 4 * hidden))
        self.U = nn.Parameter(torch.empty(hidden, 4 * hidden))
        self.bias = nn.Parameter(torch.zeros(4 * hidden))
        with torch.no_grad():
            self.bias[hidden : 2 * hidden] = 1.0  # the forget gate is open at first

    def forward(self, x, state):
        h, c = state
        gates = x @ self.W + h @ self.U + self.bias
        i, f, g, o = (
            torch.sigmoid(gates[:, : self.hidden]),
            torch.sigmoid(gates[:, self.hidden : 2 * self.hidden]),
            torch.tanh(gates[:, 2 * self.hidden : 3 * self.hidden]),
            torch.sigmoid(gates[:, 3 * self.hidden :]),
        )
        c = f * c + i * g
        return o * torch.tanh(c), c


class Stack(nn.Module):
    """Layers of cells; the sequences of one are what the next one reads."""

    def __init__(self, inputs, hidden, layers, out):
        super().__init__()
        self.cells = nn.ModuleList(LSTMCell(inputs if k == 0 else hidden, hidden) for k in range(layers))
        self.hidden = hidden
        self.head = nn.Linear(hidden, out)

    def forward(self, x):
        B, T, _ = x.shape
        for cell in self.cells:
            out = torch.zeros(B, T, self.hidden, dtype=x.dtype, device=x.device)
            state = (x.new_zeros(B, self.hidden), x.new_zeros(B, self.hidden))
            for t in range(T):
                state = cell(x[:, t, :], state)
                out[:, t, :] = state[0]
            x = out
        return self.head(x), state


class Scan(nn.Module):
    """h[t] = a h[t-1] + b x[t], all states kept in one Tensor; then a gate over channels."""

    def __init__(self, width):
        super().__init__()
        self.log_a = nn.Parameter(torch.linspace(-2, -0.1, width))
        self.b = nn.Parameter(torch.linspace(0.5, 1.5, width))

    def forward(self, x):
        B, T, W = x.size()
        states = torch.zeros(T + 1, B, W)
        h = x.new_zeros(B, W)
        a = torch.exp(self.log_a)
        for t in range(T):
            h = a * h + self.b * x[:, t]
            states[t + 1] = h
        y = states[1:].permute(1, 0, 2)
        y = y * torch.sigmoid(x)
        y[:, :, W // 2 :] *= -1
        return y


def chunked(f, x, size):
    """f over pieces of the batch, written into one result."""
    out = torch.empty_like(x)
    for start in range(0, x.size(0), size):
        out[start : start + size] = f(x[start : start + size])
    return out


model = Stack(3, 6, layers=2, out=2)
for k, p in enumerate(model.parameters()):
    if p.dim() > 1:
        p.data = torch.sin(torch.arange(p.numel()) ** 2 * (1.15 + 0.4 * k)).view(p.shape) * 0.4
nn.init.zeros_(model.head.bias)
scan = Scan(6)

T = 9
x = torch.sin(torch.arange(5 * T * 3).float() * 0.21).view(5, T, 3)
target = torch.zeros(5, T, 2)
target[..., 0] = x.cumsum(dim=1)[..., 0] / 4
target[:, 1:, 1] = x[:, :-1, 1]
z = torch.cos(torch.arange(4 * T * 6).float() * 0.17).view(4, T, 6).requires_grad_()
scanned = scan(z)
pieces = chunked(lambda v: scan(v) * 2, z, 2)
((scanned - 1).pow(2).mean() + pieces.mean()).backward()
scan_first = {"gradient z": z.grad, "gradient log a": scan.log_a.grad, "gradient b": scan.b.grad}

optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
losses = torch.zeros(10)
for step in range(10):
    pred, (h, c) = model(x)
    errors = torch.empty(T)
    loss = 0
    for t in range(T):
        at = (pred[:, t] - target[:, t]).pow(2).mean()
        errors[t] = at.item()
        loss += at / T
    optimizer.zero_grad()
    loss.backward()
    if step == 0:
        first_pred, first_c, first_errors = pred.detach(), c.detach(), errors
        first = {f"gradient {n}": p.grad.clone() for n, p in model.named_parameters()}
    optimizer.step()
    losses[step] = loss.item()

# a sequence that writes itself: the first half is given, the second half predicted
with torch.no_grad():
    written = torch.zeros(1, 8, 3)
    written[:, :4] = x[:1, :4]
    for t in range(4, 8):
        ahead, _ = model(written[:, :t])
        written[:, t, :2] = ahead[:, -1]
        written[:, t, 2] = 0.5
print(f"loss {losses[0]:.4f} -> {losses[-1]:.4f}")

RESULT = {
    "prediction": first_pred,
    "c": first_c,
    "errors": first_errors,
    "scanned": scanned,
    "pieces": pieces,
    "losses": losses,
    "trained written": written,
    **scan_first,
    **first,
}
