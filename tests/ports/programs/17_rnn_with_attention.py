"""Translation by recurrent cells written by hand: an encoder loop over time, a decoder that attends at each step."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class GRUCell(nn.Module):
    """One step of a gated recurrent unit."""

    def __init__(self, inputs, hidden):
        super().__init__()
        self.x = nn.Linear(inputs, 3 * hidden)
        self.h = nn.Linear(hidden, 3 * hidden)

    def forward(self, x, h):
        xr, xz, xn = self.x(x).chunk(3, dim=-1)
        hr, hz, hn = self.h(h).chunk(3, dim=-1)
        r, z = torch.sigmoid(xr + hr), torch.sigmoid(xz + hz)
        n = torch.tanh(xn + r * hn)
        return (1 - z) * n + z * h


class Encoder(nn.Module):
    def __init__(self, vocab, embed, hidden):
        super().__init__()
        self.hidden = hidden
        self.embedding = nn.Embedding(vocab, embed)
        self.forwards, self.backwards = GRUCell(embed, hidden), GRUCell(embed, hidden)

    def forward(self, src):
        emb = self.embedding(src)
        B, T, _ = emb.shape
        outputs = torch.zeros(B, T, 2 * self.hidden)
        h = emb.new_zeros(B, self.hidden)
        for t in range(T):
            h = self.forwards(emb[:, t], h)
            outputs[:, t, : self.hidden] = h
        back = emb.new_zeros(B, self.hidden)
        for t in reversed(range(T)):
            back = self.backwards(emb[:, t], back)
            outputs[:, t, self.hidden :] = back
        return outputs, torch.tanh(h + back)


class Attention(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.mix = nn.Linear(hidden + 2 * hidden, hidden)
        self.v = nn.Parameter(torch.rand(hidden))

    def forward(self, h, outputs, mask):
        T = outputs.size(1)
        h = h.unsqueeze(1).repeat(1, T, 1)
        energy = torch.tanh(self.mix(torch.cat([h, outputs], dim=2)))
        v = self.v.expand(outputs.size(0), 1, -1)
        scores = torch.bmm(v, energy.transpose(1, 2)).squeeze(1)
        scores.masked_fill_(mask == 0, -1e10)
        return F.softmax(scores, dim=1)


class Decoder(nn.Module):
    def __init__(self, vocab, embed, hidden):
        super().__init__()
        self.embedding = nn.Embedding(vocab, embed)
        self.attention = Attention(hidden)
        self.cell = GRUCell(embed + 2 * hidden, hidden)
        self.out = nn.Linear(embed + 3 * hidden, vocab)

    def forward(self, token, h, outputs, mask):
        emb = self.embedding(token)
        weights = self.attention(h, outputs, mask)
        context = torch.bmm(weights.unsqueeze(1), outputs).squeeze(1)
        h = self.cell(torch.cat((emb, context), dim=1), h)
        return self.out(torch.cat((h, context, emb), dim=1)), h, weights


class Seq2Seq(nn.Module):
    def __init__(self, encoder, decoder, vocab):
        super().__init__()
        self.encoder, self.decoder, self.vocab = encoder, decoder, vocab

    def forward(self, src, tgt, teach=(True, True, False, True)):
        B, T = tgt.shape
        outputs = torch.zeros(T, B, self.vocab)
        seen = torch.zeros(T, B, src.size(1))
        encoded, h = self.encoder(src)
        token = tgt[:, 0]
        for t in range(1, T):
            output, h, weights = self.decoder(token, h, encoded, src != 0)
            outputs[t] = output
            seen[t] = weights
            token = tgt[:, t] if teach[t % len(teach)] else output.argmax(1)
        return outputs, seen


vocab = 9
model = Seq2Seq(Encoder(vocab, 5, 6), Decoder(vocab, 5, 6), vocab)
for k, p in enumerate(model.parameters()):
    nn.init.constant_(p.data, 0.0)
    p.data += 0.9 * torch.sin(torch.arange(p.numel()).view(p.shape) ** 2 * (1.21 + 0.17 * k))

src = (torch.arange(30).view(6, 5) * 5 + 1) % 8 + 1
src[1, 4:] = 0
src[4, 3:] = 0
tgt = torch.cat([torch.full((6, 1), 1), src.flip(1)], dim=1)
criterion = nn.CrossEntropyLoss(ignore_index=0)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)

losses = []
for step in range(8):
    model.train()
    outputs, seen = model(src, tgt)
    loss = criterion(outputs[1:].view(-1, vocab), tgt.t()[1:].reshape(-1))
    optimizer.zero_grad()
    loss.backward()
    if step == 0:
        first_outputs, first_seen = outputs.detach(), seen.detach()
        first = {f"gradient {n}": p.grad.clone() for n, p in model.named_parameters()}
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1)
    optimizer.step()
    losses.append(loss.item())
print(f"loss {losses[0]:.4f} -> {losses[-1]:.4f}, perplexity {math.exp(losses[-1]):.2f}")

RESULT = {"outputs": first_outputs, "weights": first_seen, "losses": losses, **first}
