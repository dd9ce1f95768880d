"""A language model is made a classifier: a new head, a few layers thawed, padded texts, accuracy by batches."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

PAD = 0


class Messages(Dataset):
    def __init__(self, rows, max_length=None, pad_token_id=PAD):
        self.labels = [label for label, _ in rows]
        self.encoded = [[ord(c) - 96 if c != " " else 27 for c in text] for _, text in rows]
        self.max_length = max_length if max_length is not None else self._longest()
        self.encoded = [e[: self.max_length] for e in self.encoded]
        self.encoded = [e + [pad_token_id] * (self.max_length - len(e)) for e in self.encoded]

    def __getitem__(self, index):
        return (
            torch.tensor(self.encoded[index], dtype=torch.long),
            torch.tensor(self.labels[index], dtype=torch.long),
        )

    def __len__(self):
        return len(self.labels)

    def _longest(self):
        return max(len(e) for e in self.encoded)


ham = ["see you at noon", "the cake is in the oven", "call me later", "are you home", "i am late again"]
spam = ["win a prize now", "free money call now", "claim your free prize", "you win win win", "cheap loans now"]
rows = [(0, t) for t in ham] + [(1, t) for t in spam]
rows = [rows[(i * 3) % len(rows)] for i in range(len(rows))]
train_set = Messages(rows[:8])
val_set = Messages(rows[8:], max_length=train_set.max_length)
train_loader = DataLoader(dataset=train_set, batch_size=4, shuffle=False, num_workers=0, drop_last=True)
val_loader = DataLoader(dataset=val_set, batch_size=4, num_workers=0, drop_last=False)


class LM(nn.Module):
    def __init__(self, vocab=28, width=16, depth=2, context=32):
        super().__init__()
        self.tok, self.pos = nn.Embedding(vocab, width), nn.Embedding(context, width)
        layer = nn.TransformerEncoderLayer(
            width, 2, 32, dropout=0.0, batch_first=True, norm_first=True, activation="gelu"
        )
        self.blocks = nn.ModuleList([layer] + [
            nn.TransformerEncoderLayer(width, 2, 32, dropout=0.0, batch_first=True, norm_first=True, activation="gelu")
            for _ in range(depth - 1)
        ])  # fmt: skip
        self.final_norm = nn.LayerNorm(width)
        self.out_head = nn.Linear(width, vocab, bias=False)

    def forward(self, ids):
        t = ids.size(1)
        x = self.tok(ids) + self.pos(torch.arange(t, device=ids.device))
        mask = torch.triu(torch.full((t, t), float("-inf")), diagonal=1)
        for block in self.blocks:
            x = block(x, src_mask=mask)
        return self.out_head(self.final_norm(x))


def fill(model, offset=0.0):
    for k, p in enumerate(model.parameters()):
        if p.ndim > 1:
            p.data = torch.sin(offset + torch.arange(p.numel()) ** 2 * (0.77 + 0.13 * k)).reshape(p.shape) * 0.25
    for m in model.modules():
        if isinstance(m, nn.Linear) and m.bias is not None:
            m.bias.data.zero_()


device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
model = LM()
fill(model)
for param in model.parameters():
    param.requires_grad = False
model.out_head = torch.nn.Linear(in_features=16, out_features=2)
fill(model.out_head, 1.0)
nn.init.zeros_(model.out_head.bias)
for part in (model.blocks[-1], model.final_norm):
    for param in part.parameters():
        param.requires_grad = True
model.to(device)


def calc_accuracy_loader(loader, model, num_batches=None):
    model.eval()
    correct, examples = 0, 0
    for i, (x, y) in enumerate(loader):
        if num_batches is not None and i >= num_batches:
            break
        x, y = x.to(device), y.to(device)
        with torch.no_grad():
            logits = model(x)[:, -1, :]
        predicted = torch.argmax(logits, dim=-1)
        examples += predicted.shape[0]
        correct += (predicted == y).sum().item()
    return correct / examples


optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3, weight_decay=0.1)
losses, seen = [], 0
for epoch in range(8):
    model.train()
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x.to(device))[:, -1, :], y.to(device))
        loss.backward()
        if not losses:
            first = {f"gradient {n}": p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}
            frozen = [n for n, p in model.named_parameters() if p.grad is None]
        optimizer.step()
        seen += x.shape[0]
        losses.append(loss.item())
    if epoch % 4 == 0:
        print(f"epoch {epoch}: loss {losses[-1]:.4f}, train accuracy {calc_accuracy_loader(train_loader, model):.2f}")

key_bias = "blocks.1.self_attn.in_proj_bias"
RESULT = {
    "length": train_set.max_length,
    "seen": seen,
    "frozen": frozen,
    "losses": losses,
    "accuracy": calc_accuracy_loader(train_loader, model),
    "first batch": next(iter(val_loader))[0],
    **first,
}
