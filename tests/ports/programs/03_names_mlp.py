"""The next letter from the three before it: an embedding table and two layers, without nn.Module."""

import torch
import torch.nn.functional as F

words = "ada bela cora dora eva fina gala hana iva jana kara lina mara nina olga pia rita sara tina vera".split()
chars = sorted(set("".join(words)))
stoi = {s: i + 1 for i, s in enumerate(chars)}
stoi["."] = 0
vocab = len(stoi)
block_size = 3


def build_dataset(words):
    X, Y = [], []
    for w in words:
        context = [0] * block_size
        for ch in w + ".":
            ix = stoi[ch]
            X.append(context)
            Y.append(ix)
            context = context[1:] + [ix]
    return torch.tensor(X), torch.tensor(Y)


n1 = int(0.8 * len(words))
Xtr, Ytr = build_dataset(words[:n1])
Xdev, Ydev = build_dataset(words[n1:])


def start(*shape, scale):
    count = 1
    for s in shape:
        count *= s
    return torch.cos(torch.arange(count, dtype=torch.float32) ** 2 * 1.7).reshape(shape) * scale


C = start(vocab, 4, scale=1.0)
W1 = start(block_size * 4, 30, scale=0.4)
b1 = start(30, scale=0.01)
W2 = start(30, vocab, scale=0.1)
b2 = torch.zeros(vocab)
parameters = [C, W1, b1, W2, b2]
print(sum(p.nelement() for p in parameters), "parameters")
for p in parameters:
    p.requires_grad = True

lossi, stepi, grads = [], [], None
for i in range(20):
    ix = (torch.arange(16) * 5 + i * 7) % Xtr.shape[0]
    emb = C[Xtr[ix]]
    h = torch.tanh(emb.view(-1, block_size * 4) @ W1 + b1)
    logits = h @ W2 + b2
    loss = F.cross_entropy(logits, Ytr[ix])
    for p in parameters:
        p.grad = None
    loss.backward()
    if grads is None:
        grads = [p.grad.clone() for p in parameters]
    lr = 0.5 if i < 15 else 0.05
    for p in parameters:
        p.data += -lr * p.grad
    stepi.append(i)
    lossi.append(loss.log10().item())


@torch.no_grad()
def split_loss(split):
    x, y = {"train": (Xtr, Ytr), "val": (Xdev, Ydev)}[split]
    emb = C[x]
    h = torch.tanh(emb.view(emb.shape[0], -1) @ W1 + b1)
    return F.cross_entropy(h @ W2 + b2, y).item()


g = torch.Generator().manual_seed(29)
names = []
for _ in range(3):
    out, context = [], [0] * block_size
    for _ in range(30):
        emb = C[torch.tensor([context])]
        h = torch.tanh(emb.view(1, -1) @ W1 + b1)
        probs = F.softmax(h @ W2 + b2, dim=1)
        ix = torch.multinomial(probs, num_samples=1, generator=g).item()
        context = context[1:] + [ix]
        out.append(ix)
        if ix == 0:
            break
    names.append(len(out))

print("train", split_loss("train"), "val", split_loss("val"))

RESULT = {
    "shape": list(Xtr.shape),
    "losses": lossi,
    "losses val": split_loss("val"),
    **{f"gradient {i}": g for i, g in enumerate(grads)},
    "names": [1 <= n <= 30 for n in names],
}
