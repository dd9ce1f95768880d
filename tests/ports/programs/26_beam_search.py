"""Beam search, nucleus and repetition penalty over a small model's logits: sorting, gathering, scattering back."""

import torch
import torch.nn as nn
import torch.nn.functional as F

VOCAB, EOS = 9, 0


class Markov(nn.Module):
    """Logits from the last two tokens."""

    def __init__(self):
        super().__init__()
        self.last = nn.Embedding(VOCAB, VOCAB)
        self.before = nn.Embedding(VOCAB, VOCAB)

    def forward(self, ids):
        before = ids.roll(1, dims=1)
        before[:, 0] = EOS
        return self.last(ids) + 0.5 * self.before(before)


model = Markov().eval()
for k, p in enumerate(model.parameters()):
    p.data = (torch.arange(p.numel(), dtype=torch.float32) ** 2 * (2.3 + k)).sin().view(p.shape) * 2
    p.requires_grad_(False)


@torch.no_grad()
def beam_search(start, beams, steps, length_penalty=0.7):
    ids = start.repeat(beams, 1)
    scores = torch.zeros(beams)
    scores[1:] = -1e9
    done = torch.zeros(beams, dtype=torch.bool)
    for _ in range(steps):
        logp = F.log_softmax(model(ids)[:, -1], dim=-1)
        logp[done] = -float("inf")
        logp[done, EOS] = 0
        total = scores.unsqueeze(1) + logp
        scores, flat = total.view(-1).topk(beams)
        parent = torch.div(flat, VOCAB, rounding_mode="floor")
        token = flat % VOCAB
        ids = torch.cat([ids.index_select(0, parent), token.unsqueeze(1)], dim=1)
        done = done[parent] | (token == EOS)
        if done.all():
            break
    lengths = (ids[:, 1:] != EOS).sum(1) + 1
    ranked = scores / lengths.float() ** length_penalty
    order = torch.argsort(ranked, descending=True)
    return ids[order], ranked[order]


@torch.no_grad()
def greedy(start, steps):
    ids = start.unsqueeze(0).clone()
    logp = 0.0
    for _ in range(steps):
        step = model(ids)[:, -1].log_softmax(-1)
        best = step.data.max(1, keepdim=True)
        logp += best[0].item()
        ids = torch.cat([ids, best[1]], dim=1)
        if ids[0, -1] == EOS:
            break
    return ids[0], logp


def nucleus(logits, p):
    """The smallest set of tokens with this much probability; the others are -inf."""
    sorted_logits, sorted_indices = torch.sort(logits, descending=True)
    cumulative = torch.cumsum(F.softmax(sorted_logits, dim=-1), dim=-1)
    remove = cumulative > p
    remove[..., 1:] = remove[..., :-1].clone()
    remove[..., 0] = 0
    removed = remove.scatter(1, sorted_indices, remove)
    return logits.masked_fill(removed, -float("Inf"))


def penalize(logits, ids, penalty):
    score = torch.gather(logits, 1, ids)
    score = torch.where(score < 0, score * penalty, score / penalty)
    logits.scatter_(1, ids, score)
    return logits


def forbid_repeats(ids, logits, n=2):
    """No n-gram twice."""
    for row in range(ids.size(0)):
        seen = {}
        for gram in ids[row].unfold(0, n, 1).tolist():
            seen.setdefault(tuple(gram[:-1]), []).append(gram[-1])
        banned = seen.get(tuple(ids[row, -n + 1 :].tolist()), [])
        logits[row, banned] = -1e4
    return logits


start = torch.tensor([4])
found, scores = beam_search(start, beams=4, steps=6)
one, _ = beam_search(start, beams=1, steps=6)
alone, logp = greedy(start, 6)
prompt = torch.tensor([[4, 7, 2, 7, 2], [1, 1, 3, 1, 1]])
logits = model(prompt)[:, -1]
kept = nucleus(logits, 0.8)
probs = F.softmax(kept, dim=-1)
penalized = penalize(logits.clone(), prompt, 1.5)
banned = forbid_repeats(prompt, logits.clone())
drawn = torch.multinomial(probs, 50, replacement=True)
inside = bool((probs.gather(1, drawn) > 0).all())
print("beams", found.tolist(), "greedy", alone.tolist())

RESULT = {
    "found": found,
    "scores": scores,
    "greedy": alone,
    "greedy log p": logp,
    "one beam as greedy": one[0].tolist()[: len(alone)] == alone.tolist(),
    "nucleus": probs,
    "penalized": penalized,
    "banned": banned,
    "inside": inside,
}
