"""BERT: three embeddings, a mask of padding, masked words and next sentence, and a training on both."""

import math

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

PAD, CLS, SEP, MASK = 0, 1, 2, 3
VOCAB, WIDTH, HEADS, LAYERS, LENGTH = 20, 16, 2, 2, 14
rng = np.random.RandomState(11)


def make_batch(count):
    """Pairs of sentences; in half of them the second continues the first. Some words are masked or replaced."""
    ids = torch.full((count, LENGTH), PAD, dtype=torch.long)
    segments = torch.zeros(count, LENGTH, dtype=torch.long)
    labels = torch.zeros((count, LENGTH)).fill_(-100).long()
    follows = torch.LongTensor(count)
    for i in range(count):
        n = int(rng.randint(3, 6))
        start = int(rng.randint(0, 16))
        a = [4 + (start + j) % 16 for j in range(n)]
        next_one = i % 2 == 0
        b = [4 + (start + n + j if next_one else start + 2 * j + 9) % 16 for j in range(n)]
        row = torch.tensor([CLS, *a, SEP, *b, SEP])
        ids[i, : len(row)] = row
        segments[i, n + 2 : len(row)] = 1
        follows[i] = 1 if next_one else 0
        for place in rng.choice(n, size=2, replace=False) + 1:
            place = int(place)
            labels[i, place] = ids[i, place]
            r = rng.rand()
            if r < 0.8:
                ids[i, place] = MASK
            elif r < 0.9:
                ids[i, place] = int(rng.randint(4, VOCAB))
    return ids, segments, labels, follows


class Embedding(nn.Module):
    def __init__(self):
        super().__init__()
        self.tok_embed = nn.Embedding(VOCAB, WIDTH, padding_idx=PAD)
        self.pos_embed = nn.Embedding(LENGTH, WIDTH)
        self.seg_embed = nn.Embedding(2, WIDTH)
        self.norm = nn.LayerNorm(WIDTH)

    def forward(self, x, seg):
        pos = torch.arange(x.size(1), dtype=torch.long).unsqueeze(0).expand_as(x)
        return self.norm(self.tok_embed(x) + self.pos_embed(pos) + self.seg_embed(seg))


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.W_Q, self.W_K, self.W_V = (nn.Linear(WIDTH, WIDTH) for _ in range(3))
        self.out, self.norm1, self.norm2 = nn.Linear(WIDTH, WIDTH), nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.fc1, self.fc2 = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x, pad_mask):
        b = x.size(0)
        q, k, v = (W(x).view(b, -1, HEADS, WIDTH // HEADS).transpose(1, 2) for W in (self.W_Q, self.W_K, self.W_V))
        scores = torch.matmul(q, k.transpose(-1, -2)) / np.sqrt(WIDTH // HEADS)
        scores.masked_fill_(pad_mask.unsqueeze(1).repeat(1, HEADS, 1, 1), -1e9)
        context = torch.matmul(nn.Softmax(dim=-1)(scores), v).transpose(1, 2).contiguous().view(b, -1, WIDTH)
        x = self.norm1(x + self.out(context))
        return self.norm2(x + self.fc2(gelu(self.fc1(x))))


def gelu(x):
    return x * 0.5 * (1.0 + torch.erf(x / math.sqrt(2.0)))


class BERT(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = Embedding()
        self.layers = nn.ModuleList([Layer() for _ in range(LAYERS)])
        self.pooler = nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.Tanh())
        self.classifier = nn.Linear(WIDTH, 2)
        self.linear, self.norm = nn.Linear(WIDTH, WIDTH), nn.LayerNorm(WIDTH)
        self.decoder = nn.Linear(WIDTH, VOCAB, bias=False)
        self.decoder.weight = self.embedding.tok_embed.weight
        self.decoder_bias = nn.Parameter(torch.zeros(VOCAB))

    def forward(self, ids, segments, places):
        h = self.embedding(ids, segments)
        batch, length = ids.size()
        pad_mask = ids.data.eq(PAD).unsqueeze(1).expand(batch, length, length)
        for layer in self.layers:
            h = layer(h, pad_mask)
        places = places[:, :, None].expand(-1, -1, h.size(-1))
        masked = self.norm(F.gelu(self.linear(torch.gather(h, 1, places))))
        return self.decoder(masked) + self.decoder_bias, self.classifier(self.pooler(h[:, 0]))


model = BERT()
for name, p in model.named_parameters():
    if "norm" not in name:
        p.data.copy_(torch.from_numpy(rng.uniform(-0.3, 0.3, size=tuple(p.shape)).astype("float32")))
model.embedding.tok_embed.weight.data[PAD].zero_()

criterion = nn.CrossEntropyLoss(ignore_index=-100)
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
losses = []
for step in range(20):
    if step % 10 == 0:
        ids, segments, labels, follows = make_batch(8)
        places = torch.nonzero(labels != -100)[:, 1].view(8, 2)
        wanted = labels.gather(1, places)
    optimizer.zero_grad()
    words, next_sentence = model(ids, segments, places)
    loss_lm = criterion(words.transpose(1, 2), wanted)
    loss = loss_lm.float().mean() + criterion(next_sentence, follows)
    loss.backward()
    if step == 0:
        first_words, first_next = words.detach(), next_sentence.detach()
        first = {f"gradient {n}": p.grad.clone() for n, p in model.named_parameters() if "W_K.bias" not in n}
    optimizer.step()
    losses.append(loss.item())

guessed = words.data.max(2)[1]
right = (next_sentence.data.max(1)[1] == follows).float().mean()
print(f"loss {losses[0]:.3f} -> {losses[-1]:.3f}, next sentence right: {right:.2f}")

RESULT = {
    "ids": ids,
    "segments": segments,
    "places": places,
    "words": first_words,
    "next": first_next,
    "losses": losses,
    "guessed": list(guessed.shape),
    **first,
}
