"""A Dataset that makes sorting tasks, a DataLoader, and a Trainer that calls back after each batch."""

import time
from collections import defaultdict

import torch
import torch.nn as nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset
from torch.utils.data.dataloader import DataLoader as SameLoader


class Sorting(Dataset):
    """Input 0 2 1, target 0 1 2, written one behind the other; only the answer's places are counted."""

    def __init__(self, split, length=4, digits=3):
        assert split in {"train", "test"}
        self.split, self.length, self.digits = split, length, digits
        every = range(digits**length)
        self.keys = [k for k in every if (k % 5 == 0) == (split == "test")]

    def __len__(self):
        return len(self.keys)

    def get_vocab_size(self):
        return self.digits

    def get_block_size(self):
        return self.length * 2 - 1

    def __getitem__(self, idx):
        key = self.keys[idx]
        inp = torch.tensor([key // self.digits**i % self.digits for i in range(self.length)], dtype=torch.long)
        sol = torch.sort(inp)[0]
        cat = torch.cat((inp, sol), dim=0)
        x = cat[:-1].clone()
        y = cat[1:].clone()
        y[: self.length - 1] = -1
        return x, y


class Net(nn.Module):
    def __init__(self, vocab, block, width=24):
        super().__init__()
        self.tok = nn.Embedding(vocab, width)
        self.pos = nn.Parameter(torch.zeros(1, block, width))
        self.attn = nn.MultiheadAttention(width, 2, batch_first=True)
        self.norm = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 48), nn.GELU(), nn.Linear(48, width))
        self.head = nn.Linear(width, vocab, bias=False)
        self.register_buffer("hidden", torch.ones(block, block).triu(1).bool())

    def forward(self, idx, targets=None):
        T = idx.size(1)
        x = self.tok(idx) + self.pos[:, :T]
        a, _ = self.attn(x, x, x, attn_mask=self.hidden[:T, :T], need_weights=False)
        x = self.norm(x + a)
        logits = self.head(x + self.mlp(x))
        loss = None
        if targets is not None:
            loss = F.cross_entropy(logits.view(-1, logits.size(-1)), targets.view(-1), ignore_index=-1)
        return logits, loss


class Trainer:
    def __init__(self, model, dataset, max_iters, batch_size=16, lr=5e-3):
        self.model, self.dataset, self.max_iters = model, dataset, max_iters
        self.batch_size, self.lr = batch_size, lr
        self.callbacks = defaultdict(list)
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.model = self.model.to(self.device)
        self.iter_num, self.iter_time = 0, time.time()

    def add_callback(self, onevent, callback):
        self.callbacks[onevent].append(callback)

    def trigger(self, onevent):
        for callback in self.callbacks.get(onevent, []):
            callback(self)

    def run(self):
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=self.lr, betas=(0.9, 0.95))
        loader = DataLoader(self.dataset, shuffle=False, pin_memory=False, batch_size=self.batch_size, num_workers=0)
        self.model.train()
        data_iter = iter(loader)
        while self.iter_num < self.max_iters:
            try:
                batch = next(data_iter)
            except StopIteration:
                data_iter = iter(loader)
                batch = next(data_iter)
            x, y = (t.to(self.device) for t in batch)
            _, self.loss = self.model(x, y)
            self.model.zero_grad(set_to_none=True)
            self.loss.backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.optimizer.step()
            self.trigger("on_batch_end")
            self.iter_num += 1


train, test = Sorting("train"), Sorting("test")
model = Net(train.get_vocab_size(), train.get_block_size())
for k, (name, p) in enumerate(model.named_parameters()):
    if "bias" in name:
        torch.nn.init.zeros_(p)
    elif p.dim() > 1:
        p.data = torch.cos(torch.arange(p.numel(), dtype=torch.float32) ** 2 * (1.1 + k)).view(p.size()) * 0.2

losses = []
trainer = Trainer(model, train, max_iters=20)
trainer.add_callback("on_batch_end", lambda t: losses.append(t.loss.item()))
trainer.add_callback("on_batch_end", lambda t: t.iter_num % 8 == 0 and print("iter", t.iter_num, "loss", t.loss.item()))
trainer.run()

model.eval()
shapes = []
with torch.no_grad():
    for x, y in SameLoader(test, batch_size=10, drop_last=False):
        logits, loss = model(x, y)
        shapes.append(list(logits.shape)[0])

# shuffled: the same items in another order
seen = torch.cat([x for x, _ in DataLoader(train, batch_size=7, shuffle=True)])
as_numbers = (seen[:, :4] * torch.tensor([1, 3, 9, 27])).sum(1)

RESULT = {
    "losses": losses,
    "trained logits": logits,
    "sizes": shapes,
    "all seen once": sorted(as_numbers.tolist()) == train.keys,
    "loader length": len(DataLoader(train, batch_size=7, drop_last=True)),
}
