"""A tree over eight letters: neighbours are joined two by two, by modules in an nn.Sequential, until one vector is left."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class JoinPairs(nn.Module):
    """(batch, time, channels) becomes (batch, time / n, channels * n); a time of 1 is dropped."""

    def __init__(self, n=2):
        super(JoinPairs, self).__init__()
        self.n = n

    def forward(self, x):
        b, t, c = x.shape
        x = x.view(b, t // self.n, c * self.n)
        return x.squeeze(1) if x.shape[1] == 1 else x

    def extra_repr(self):
        return f"n={self.n}"


class ScaleShift(nn.Module):
    """Normalizes over all axes but the last, as batch norm does, with buffers for evaluation."""

    def __init__(self, width, momentum=0.1):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("var", torch.ones(width))
        self.register_buffer("seen", torch.tensor(0))
        self.momentum = momentum

    def forward(self, x):
        if self.training:
            axes = tuple(range(x.ndim - 1))
            mean, var = x.mean(dim=axes), x.var(dim=axes)
            self.mean.lerp_(mean.detach(), self.momentum)
            self.var.lerp_(var.detach(), self.momentum)
            self.seen += 1
        else:
            mean, var = self.mean, self.var
        return torch.addcmul(self.bias, self.weight, (x - mean) / torch.sqrt(var + 1e-5))


def level(inputs, outputs):
    return [JoinPairs(2), nn.Linear(2 * inputs, outputs, bias=False), ScaleShift(outputs), nn.Tanh()]


vocab, width = 10, 12
net = nn.Sequential(
    nn.Embedding(vocab, 6), *level(6, width), *level(width, width), *level(width, width), nn.Linear(width, vocab)
)
for i, (name, p) in enumerate(net.named_parameters()):
    if p.dim() > 1:
        values = torch.arange(p.numel()).pow(2).mul(1.7 + i).sin().view_as(p)
        p.data.copy_(values if i == 0 else values / p.size(1) ** 0.5)
net[-1].weight.data.mul_(0.1)
net[-1].bias.data.fill_(0)
print(net[1], "...", sum(p.numel() for p in net.parameters()), "parameters")

steps = torch.arange(200)
text = (steps**2 + steps // 3 + steps) % vocab
X = torch.stack([text[i : i + 8] for i in range(160)])
Y = text[8:168]

optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
history = torch.zeros(20)
for i in range(20):
    picked = (torch.arange(32) * 3 + i * 11) % 160
    loss = F.cross_entropy(net(X[picked]), Y[picked])
    optimizer.zero_grad()
    loss.backward()
    if i == 0:
        first = {f"gradient {n}": p.grad.clone() for n, p in net.named_parameters()}
    optimizer.step()
    history[i] = loss.item()

net.eval()
with torch.no_grad():
    logits = net(X)
right = (logits.argmax(-1) == Y).sum().item()
print("mean loss of the first and of the last ten steps:", history.view(-1, 10).mean(1).tolist(), "; right:", right)

RESULT = {
    "losses": history,
    "seen": net[3].seen,
    "trained var": net[3].var,
    "trained loss": F.cross_entropy(logits, Y),
    "buffers": [name for name, _ in net.named_buffers()],
    **first,
}
