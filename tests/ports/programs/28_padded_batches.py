"""Sequences of different lengths: a collate_fn with pad_sequence, a classifier that takes the mean over what is there."""

from functools import partial

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import ConcatDataset, DataLoader, Dataset, IterableDataset, Sampler, Subset


class Sequences(Dataset):
    def __init__(self, first, count):
        self.items = []
        for i in range(first, first + count):
            n = 2 + (i * 5) % 6
            tokens = [(i * 3 + j * (1 + i % 3)) % 9 + 1 for j in range(n)]
            self.items.append((torch.tensor(tokens), i % 3))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def collate(batch, pad=0):
    sequences, labels = zip(*batch)
    lengths = torch.tensor([len(s) for s in sequences])
    padded = pad_sequence(sequences, batch_first=True, padding_value=pad)
    mask = torch.zeros(padded.shape, dtype=torch.bool)
    for i, n in enumerate(lengths):
        mask[i, :n] = True
    return {"ids": padded, "mask": mask, "lengths": lengths, "labels": torch.tensor(labels)}


class ByLength(Sampler):
    """Indices with similar lengths beside each other."""

    def __init__(self, data):
        self.lengths = [len(data[i][0]) for i in range(len(data))]

    def __iter__(self):
        return iter(sorted(range(len(self.lengths)), key=lambda i: self.lengths[i]))

    def __len__(self):
        return len(self.lengths)


class Stream(IterableDataset):
    """Pairs of next to each other, one after another, without a length."""

    def __init__(self, text, size):
        self.text, self.size = text, size

    def __iter__(self):
        for i in range(0, len(self.text) - self.size, self.size):
            yield {"x": self.text[i : i + self.size], "at": i, "name": f"piece {i}"}


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(10, 8, padding_idx=0)
        self.fc = nn.Sequential(nn.Linear(16, 12), nn.Tanh(), nn.Linear(12, 3))

    def forward(self, ids, mask):
        x = self.embedding(ids)
        m = mask.unsqueeze(-1)
        mean = (x * m).sum(1) / m.sum(1).clamp(min=1)
        highest = x.masked_fill(~m, -1e9).max(dim=1)[0]
        return self.fc(torch.cat([mean, highest], dim=-1))


data = ConcatDataset([Sequences(0, 14), Sequences(14, 10)])
part = Subset(data, list(range(0, 24, 2)))
loader = DataLoader(data, batch_size=6, sampler=ByLength(data), collate_fn=collate)
other = DataLoader(part, batch_size=5, collate_fn=partial(collate, pad=-1), drop_last=True)

model = Classifier()
for k, p in enumerate(model.parameters()):
    p.data.copy_(torch.sin(torch.arange(p.numel()) ** 2 * (1.9 + 0.3 * k)).view_as(p) * 0.4)
model.embedding.weight.data[0].fill_(0)
optimizer = torch.optim.Adagrad(model.parameters(), lr=0.05)
losses, widths = [], []
for _ in range(5):
    for batch in loader:
        logits = model(batch["ids"], batch["mask"])
        loss = F.cross_entropy(logits, batch["labels"])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if not losses:
            first_logits = logits.detach()
            first = {f"gradient {n}": p.grad.clone() for n, p in model.named_parameters()}
        optimizer.step()
        losses.append(loss.item())
        widths.append(batch["ids"].shape[1])

pieces = list(DataLoader(Stream(torch.arange(21), 4), batch_size=2))
print(f"loss {losses[0]:.4f} -> {losses[-1]:.4f}, widths {widths[:4]}, names {pieces[0]['name']}")

RESULT = {
    "losses": losses,
    "widths": widths[:4],
    "first logits": first_logits,
    "padding row": model.embedding.weight[0],
    "other": torch.cat([b["ids"].flatten() for b in other]),
    "pieces": torch.cat([p["x"].flatten() for p in pieces]),
    "at": torch.cat([p["at"] for p in pieces]),
    "names": pieces[0]["name"],
    "time first": pad_sequence([torch.ones(2, 3), torch.zeros(4, 3)], padding_value=7.0),
    **first,
}
