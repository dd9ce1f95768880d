"""One head of attention and a cross entropy, taken apart: every gradient by hand beside autograd's."""

import torch
import torch.nn.functional as F

n, t, vocab, d = 4, 5, 9, 6


def spread(*shape, step=0.37, scale=0.4):
    size = torch.zeros(shape).numel()
    return (torch.arange(size) ** 2 * step).sin().reshape(shape) * scale


table = spread(vocab, d, scale=1.0)
Wq, Wk, Wv = spread(d, d, step=1.3), spread(d, d, step=2.1), spread(d, d, step=0.9)
gain, Wo, bo = spread(d) + 1.0, spread(d, vocab, step=1.7), spread(vocab, scale=0.1)
params = [table, Wq, Wk, Wv, gain, Wo, bo]
for p in params:
    p.requires_grad = True

ids = (torch.arange(n * t) * 5 % vocab).view(n, t)
want = torch.arange(n) * 2 % vocab

x = table[ids]
q, k, v = x @ Wq, x @ Wk, x @ Wv
scores = q @ k.transpose(1, 2) / d**0.5
hidden = torch.triu(torch.ones(t, t), diagonal=1).bool()
masked = scores.masked_fill(hidden, float("-inf"))
highest = masked.max(-1, keepdim=True).values
raised = (masked - highest).exp()
total = raised.sum(-1, keepdims=True)
attention = raised / total
y = attention @ v
ms = y.pow(2).mean(-1, keepdim=True)
scale = (ms + 1e-5) ** -0.5
normed = y * scale
last = (normed * gain)[:, -1]
logits = last @ Wo + bo
logp = logits - logits.logsumexp(1, keepdim=True)
loss = -logp[range(n), want].mean()

inner = dict(x=x, q=q, k=k, v=v, scores=scores, attention=attention, y=y, ms=ms, scale=scale, normed=normed, last=last,
             logits=logits, logp=logp)  # fmt: skip
for value in inner.values():
    value.retain_grad()
loss.backward()

hand = {}
with torch.no_grad():
    dlogp = torch.zeros_like(logp)
    dlogp[range(n), want] = -1.0 / n
    hand["logp"] = dlogp
    dlogits = F.softmax(logits, 1)
    dlogits[range(n), want] -= 1
    dlogits /= n
    hand["logits"] = dlogits
    hand["last"] = dlast = dlogits @ Wo.T
    hand["Wo"], hand["bo"] = last.T @ dlogits, dlogits.sum(0)
    dgained = torch.zeros_like(normed)
    dgained[:, -1] = dlast
    hand["gain"] = (dgained * normed).sum((0, 1))
    hand["normed"] = dnormed = dgained * gain
    hand["scale"] = dscale = (dnormed * y).sum(-1, keepdim=True)
    hand["ms"] = dms = -0.5 * (ms + 1e-5) ** -1.5 * dscale
    dy = dnormed * scale
    dy += 2 * y / d * dms
    hand["y"] = dy
    hand["attention"] = dattention = dy @ v.mT
    hand["v"] = dv = attention.mT @ dy
    dscores = attention * (dattention - (dattention * attention).sum(-1, keepdim=True))
    dscores.masked_fill_(hidden, 0.0)
    hand["scores"] = dscores
    hand["q"] = dq = dscores @ k / d**0.5
    hand["k"] = dk = dscores.mT @ q / d**0.5
    flat = x.view(-1, d).T
    hand["Wq"], hand["Wk"], hand["Wv"] = (flat @ g.reshape(-1, d) for g in (dq, dk, dv))
    dx = dq @ Wq.T
    dx += dk @ Wk.T
    dx += dv @ Wv.T
    hand["x"] = dx
    dtable = torch.zeros_like(table)
    for i in range(n):
        for j in range(t):
            dtable[ids[i, j]] += dx[i, j]
    hand["table"] = dtable
    added = torch.zeros_like(table).index_add_(0, ids.view(-1), dx.view(-1, d))

named = dict(inner, table=table, Wq=Wq, Wk=Wk, Wv=Wv, gain=gain, Wo=Wo, bo=bo)
agree = {}
for name, g in hand.items():
    agree[name] = torch.allclose(g, named[name].grad, atol=1e-6)
    print(
        f"{name:10s} {'as autograd' if agree[name] else 'DIFFERS'}, off by {(g - named[name].grad).abs().max().item():.1e}"
    )

RESULT = {"loss": loss, "agree": list(agree.values()), "added": added}
RESULT |= {f"gradient {name}": named[name].grad for name in hand}
RESULT |= {f"by hand {name}": g for name, g in hand.items()}
