"""A decoder-only Transformer on letters in one file with its settings on top, as one writes it along with a lecture."""

import torch
import torch.nn as nn
from torch.nn import functional as F

batch, context, width, heads, depth = 8, 16, 24, 3, 2
drop = 0.0
device = "cuda" if torch.cuda.is_available() else "cpu"
torch.manual_seed(7)

text = "the cat sat on the mat, the rat ran at the cat; a hat, a bat and that was that.\n" * 12
alphabet = sorted(list(set(text)))
number = {c: i for i, c in enumerate(alphabet)}
letter = {i: c for i, c in enumerate(alphabet)}
encode = lambda s: [number[c] for c in s]
decode = lambda ids: "".join([letter[i] for i in ids])

corpus = torch.tensor(encode(text), dtype=torch.long)
cut = int(0.9 * len(corpus))
parts = {"train": corpus[:cut], "val": corpus[cut:]}
turn = 0


def get_batch(part):
    # evenly spaced starts instead of random ones, so that every run sees the same batches
    global turn
    turn += 1
    data = parts[part]
    starts = (torch.arange(batch) * 31 + turn * 17) % (len(data) - context)
    x = torch.stack([data[s : s + context] for s in starts])
    y = torch.stack([data[s + 1 : s + context + 1] for s in starts])
    return x.to(device), y.to(device)


class Head(nn.Module):
    """One head: what may be seen is kept as a buffer, which is no parameter."""

    def __init__(self, size):
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(width, size, bias=False) for _ in range(3))
        self.register_buffer("seen", torch.tril(torch.ones(context, context)))
        self.dropout = nn.Dropout(drop)

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = self.query(x), self.key(x), self.value(x)
        w = q @ k.transpose(-2, -1) * k.shape[-1] ** -0.5
        w = w.masked_fill(self.seen[:T, :T] == 0, float("-inf"))
        return self.dropout(F.softmax(w, dim=-1)) @ v


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.heads = nn.ModuleList([Head(width // heads) for _ in range(heads)])
        self.join = nn.Linear(width, width)
        self.think = nn.Sequential(
            nn.Linear(width, 4 * width), nn.ReLU(), nn.Linear(4 * width, width), nn.Dropout(drop)
        )
        self.before_heads, self.before_think = nn.LayerNorm(width), nn.LayerNorm(width)

    def forward(self, x):
        h = self.before_heads(x)
        x = x + self.join(torch.cat([head(h) for head in self.heads], dim=-1))
        return x + self.think(self.before_think(x))


class LanguageModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.letters = nn.Embedding(len(alphabet), width)
        self.places = nn.Embedding(context, width)
        self.blocks = nn.Sequential(*[Block() for _ in range(depth)])
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, len(alphabet))
        self.apply(self.start)

    def start(self, module):
        if isinstance(module, (nn.Linear, nn.Embedding)):
            nn.init.normal_(module.weight, mean=0.0, std=0.02)
        if isinstance(module, nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)

    def forward(self, idx, targets=None):
        B, T = idx.shape
        x = self.letters(idx) + self.places(torch.arange(T, device=device))
        logits = self.out(self.norm(self.blocks(x)))
        if targets is None:
            return logits, None
        B, T, C = logits.shape
        return logits, F.cross_entropy(logits.view(B * T, C), targets.view(B * T))

    @torch.no_grad()
    def write(self, idx, count):
        for _ in range(count):
            logits, _ = self(idx[:, -context:])
            probs = F.softmax(logits[:, -1, :], dim=-1)
            idx = torch.cat((idx, torch.multinomial(probs, num_samples=1)), dim=1)
        return idx


model = LanguageModel().to(device)
std = model.out.weight.std().item()


@torch.no_grad()
def measure(count=2):
    model.eval()
    found = {}
    for part in parts:
        losses = torch.zeros(count)
        for k in range(count):
            _, loss = model(*get_batch(part))
            losses[k] = loss.item()
        found[part] = losses.mean()
    model.train()
    return found


with torch.no_grad():  # the same weights wherever this runs
    for k, p in enumerate(model.parameters()):
        if p.dim() == 2:
            p.copy_(torch.sin((torch.arange(p.numel()) ** 2).float() * (1.3 + k)).view_as(p) * 0.1)
print(sum(p.numel() for p in model.parameters()) / 1e3, "thousand parameters")

optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
trained, measured = [], []
for step in range(20):
    if step % 10 == 0 or step == 19:
        losses = measure()
        measured += [losses["train"], losses["val"]]
        print(f"step {step}: train {losses['train']:.4f}, val {losses['val']:.4f}")
    logits, loss = model(*get_batch("train"))
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    if step == 0:
        first_logits = logits.detach().clone()
        first = {f"gradient {name}": p.grad.clone() for name, p in model.named_parameters()}
    optimizer.step()
    trained.append(loss.item())

start = torch.zeros((1, 1), dtype=torch.long, device=device)
written = decode(model.write(start, 20)[0].tolist())
print(repr(written))

RESULT = {
    "std": 0.015 < std < 0.025,
    "logits": first_logits,
    "losses": trained,
    "losses measured": torch.stack(measured),
    "written": len(written),
    **first,
}
