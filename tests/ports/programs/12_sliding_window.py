"""A Dataset of sliding windows over a text, and a small GPT's generation with temperature and top-k."""

import re

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

raw = (
    "A lamp stood in the hall, and no one knew who lit it. Was it the wind? Was it the child? "
    "The lamp stood; the wind was loud, the child slept, and the hall was long--so long that no one walked it."
)
pieces = [item.strip() for item in re.split(r'([,.:;?_!"()\']|--|\s)', raw) if item.strip()]
vocab = {token: i for i, token in enumerate(sorted(set(pieces)) + ["<|endoftext|>", "<|unk|>"])}


class Tokenizer:
    def __init__(self, vocab):
        self.str_to_int = vocab
        self.int_to_str = {i: s for s, i in vocab.items()}

    def encode(self, text):
        items = [item.strip() for item in re.split(r'([,.:;?_!"()\']|--|\s)', text) if item.strip()]
        return [self.str_to_int[s if s in self.str_to_int else "<|unk|>"] for s in items]

    def decode(self, ids):
        return re.sub(r'\s+([,.:;?!"()\'])', r"\1", " ".join(self.int_to_str[i] for i in ids))


class Windows(Dataset):
    def __init__(self, txt, tokenizer, max_length, stride):
        self.input_ids, self.target_ids = [], []
        token_ids = tokenizer.encode(txt)
        for i in range(0, len(token_ids) - max_length, stride):
            self.input_ids.append(torch.tensor(token_ids[i : i + max_length]))
            self.target_ids.append(torch.tensor(token_ids[i + 1 : i + max_length + 1]))

    def __len__(self):
        return len(self.input_ids)

    def __getitem__(self, idx):
        return self.input_ids[idx], self.target_ids[idx]


def create_loader(txt, batch_size=4, max_length=8, stride=4, shuffle=True, drop_last=True, num_workers=0):
    dataset = Windows(txt, tokenizer, max_length, stride)
    return DataLoader(dataset, batch_size=batch_size, shuffle=shuffle, drop_last=drop_last, num_workers=num_workers)


class Small(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.tok_emb = nn.Embedding(cfg["vocab_size"], cfg["emb_dim"])
        self.pos_emb = nn.Embedding(cfg["context_length"], cfg["emb_dim"])
        self.ff = nn.Sequential(nn.Linear(cfg["emb_dim"], 32), nn.GELU(), nn.Linear(32, cfg["emb_dim"]))
        self.norm = nn.LayerNorm(cfg["emb_dim"])
        self.out_head = nn.Linear(cfg["emb_dim"], cfg["vocab_size"], bias=False)

    def forward(self, in_idx):
        _, seq_len = in_idx.shape
        x = self.tok_emb(in_idx) + self.pos_emb(torch.arange(seq_len, device=in_idx.device))
        mean_so_far = x.cumsum(dim=1) / torch.arange(1, seq_len + 1)[:, None]
        return self.out_head(self.norm(x + self.ff(mean_so_far)))


def generate(model, idx, max_new_tokens, context_size, temperature=0.0, top_k=None, eos_id=None):
    for _ in range(max_new_tokens):
        idx_cond = idx[:, -context_size:]
        with torch.no_grad():
            logits = model(idx_cond)
        logits = logits[:, -1, :]
        if top_k is not None:
            top_logits, _ = torch.topk(logits, top_k)
            min_val = top_logits[:, -1]
            logits = torch.where(logits < min_val, torch.tensor(float("-inf")).to(logits.device), logits)
        if temperature > 0.0:
            logits = logits / temperature
            logits = logits - logits.max(dim=-1, keepdim=True).values
            probs = torch.softmax(logits, dim=-1)
            idx_next = torch.multinomial(probs, num_samples=1)
        else:
            idx_next = torch.argmax(logits, dim=-1, keepdim=True)
        if idx_next == eos_id:
            break
        idx = torch.cat((idx, idx_next), dim=1)
    return idx


def calc_loss_loader(loader, model, num_batches=None):
    total = 0.0
    num_batches = len(loader) if num_batches is None else min(num_batches, len(loader))
    for i, (x, y) in enumerate(loader):
        if i >= num_batches:
            break
        total += nn.functional.cross_entropy(model(x).flatten(0, 1), y.flatten()).item()
    return total / num_batches


tokenizer = Tokenizer(vocab)
loader = create_loader(raw, shuffle=False)
inputs, targets = next(iter(loader))
unknown = tokenizer.encode("A lamp, a candle?")

torch.manual_seed(123)
model = Small({"vocab_size": len(vocab), "emb_dim": 16, "context_length": 8})
for k, p in enumerate(model.parameters()):
    if p.dim() == 2:
        p.data = torch.cos(torch.arange(p.numel()) ** 2 * (0.8 + k)).view(p.shape) * 0.3
    elif k % 2 == 1:
        p.data = torch.full_like(p, 0.01)

optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.1)
losses, tokens_seen = [], 0
for _epoch in range(4):
    model.train()
    for x, y in loader:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x).flatten(0, 1), y.flatten())
        loss.backward()
        if not losses:
            first = {f"gradient {n}": p.grad.clone() for n, p in model.named_parameters()}
        optimizer.step()
        tokens_seen += x.numel()
        losses.append(loss.item())
model.eval()
with torch.no_grad():
    final = calc_loss_loader(loader, model)

start = torch.tensor(tokenizer.encode("The lamp")).unsqueeze(0)
greedy = generate(model, start, 6, 8)
sampled = generate(model, start, 6, 8, temperature=1.4, top_k=3)
print(f"{losses[0]:.3f} -> {losses[-1]:.3f};", tokenizer.decode(greedy.squeeze(0).tolist()))

RESULT = {
    "inputs": inputs,
    "targets": targets,
    "unknown": unknown,
    "windows": [len(loader.dataset), len(loader), tokens_seen],
    "losses": losses,
    "losses final": final,
    "greedy": greedy.shape[1],
    "sampled": sampled.shape[1],
    **first,
}
