"""Which letter follows which: a table of counts, and the same table learned by gradient descent."""

import torch
import torch.nn.functional as F

words = ["anna", "hannah", "otto", "emma", "ava", "nora", "ron", "leo", "elena", "thea", "matteo", "mona"]
letters = sorted(set("".join(words)))
stoi = {s: i + 1 for i, s in enumerate(letters)}
stoi["."] = 0
itos = {i: s for s, i in stoi.items()}
V = len(stoi)

# the counts
N = torch.zeros((V, V), dtype=torch.int32)
for w in words:
    chs = ["."] + list(w) + ["."]
    for ch1, ch2 in zip(chs, chs[1:]):
        N[stoi[ch1], stoi[ch2]] += 1

P = (N + 1).float()
P /= P.sum(1, keepdim=True)

log_likelihood = 0.0
n = 0
for w in words:
    chs = ["."] + list(w) + ["."]
    for ch1, ch2 in zip(chs, chs[1:]):
        log_likelihood += torch.log(P[stoi[ch1], stoi[ch2]])
        n += 1
nll = -log_likelihood / n

# words drawn from the table: their letters are random, that they end is not
g = torch.Generator().manual_seed(29)
drawn = []
for _ in range(5):
    ix = 0
    out = []
    while True:
        ix = torch.multinomial(P[ix], num_samples=1, replacement=True, generator=g).item()
        out.append(itos[ix])
        if ix == 0:
            break
    drawn.append("".join(out))

# the same as one layer of a network
xs, ys = [], []
for w in words:
    chs = ["."] + list(w) + ["."]
    for ch1, ch2 in zip(chs, chs[1:]):
        xs.append(stoi[ch1])
        ys.append(stoi[ch2])
xs = torch.tensor(xs)
ys = torch.tensor(ys)
num = xs.nelement()
xenc = F.one_hot(xs, num_classes=V).float()

W = torch.sin(torch.arange(V * V).float()).view(V, V)
W.requires_grad = True
losses = []
first_grad = None
for k in range(20):
    logits = xenc @ W
    counts = logits.exp()
    probs = counts / counts.sum(1, keepdims=True)
    loss = -probs[torch.arange(num), ys].log().mean() + 0.01 * (W**2).mean()
    W.grad = None
    loss.backward()
    if k == 0:
        first_grad = W.grad.clone()
    W.data += -10 * W.grad
    losses.append(loss.item())

print(f"counts: nll {nll.item():.4f}; network: {losses[0]:.4f} -> {losses[-1]:.4f}")
print("drawn:", drawn)

RESULT = {
    "N": N,
    "P": P,
    "nll": nll,
    "drawn end": [w.count(".") == 1 and w.endswith(".") for w in drawn],
    "gradient W": first_grad,
    "losses": losses,
}
