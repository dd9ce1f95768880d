"""A vision Transformer: patches by reshape and permute, a class token expanded over the batch, pre-norm blocks."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset, random_split


def pair(t):
    return t if isinstance(t, tuple) else (t, t)


class Patches(nn.Module):
    """(b, c, h, w) becomes (b, number of patches, values of a patch)."""

    def __init__(self, size):
        super().__init__()
        self.ph, self.pw = pair(size)

    def forward(self, x):
        b, c, h, w = x.shape
        x = x.reshape(b, c, h // self.ph, self.ph, w // self.pw, self.pw)
        x = x.permute(0, 2, 4, 3, 5, 1)
        return x.flatten(3).reshape(b, -1, self.ph * self.pw * c)


class FeedForward(nn.Module):
    def __init__(self, dim, hidden_dim, dropout=0.0):
        super().__init__()
        self.net = nn.Sequential(
            nn.LayerNorm(dim), nn.Linear(dim, hidden_dim), nn.GELU(), nn.Dropout(dropout),
            nn.Linear(hidden_dim, dim), nn.Dropout(dropout),
        )  # fmt: skip

    def forward(self, x):
        return self.net(x)


class Attention(nn.Module):
    def __init__(self, dim, heads=2, dim_head=8):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.norm = nn.LayerNorm(dim)
        self.to_qkv = nn.Linear(dim, heads * dim_head * 3, bias=False)
        self.to_out = nn.Sequential(nn.Linear(heads * dim_head, dim)) if heads > 1 else nn.Identity()

    def forward(self, x):
        b, n, _ = x.shape
        qkv = self.to_qkv(self.norm(x)).chunk(3, dim=-1)
        q, k, v = map(lambda t: t.reshape(b, n, self.heads, -1).transpose(1, 2), qkv)
        dots = torch.einsum("bhid,bhjd->bhij", q, k) * self.scale
        out = torch.einsum("bhij,bhjd->bhid", dots.softmax(dim=-1), v)
        return self.to_out(out.transpose(1, 2).reshape(b, n, -1))


class ViT(nn.Module):
    def __init__(self, *, image_size, patch_size, num_classes, dim, depth, channels=3, pool="cls"):
        super().__init__()
        (ih, iw), (ph, pw) = pair(image_size), pair(patch_size)
        assert ih % ph == 0 and iw % pw == 0, "patches must tile the image"
        assert pool in {"cls", "mean"}
        self.to_patch_embedding = nn.Sequential(
            Patches((ph, pw)), nn.LayerNorm(channels * ph * pw), nn.Linear(channels * ph * pw, dim), nn.LayerNorm(dim)
        )
        self.pos_embedding = nn.Parameter(torch.randn(1, (ih // ph) * (iw // pw) + 1, dim))
        self.cls_token = nn.Parameter(torch.randn(1, 1, dim))
        self.layers = nn.ModuleList([])
        for _ in range(depth):
            self.layers.append(nn.ModuleList([Attention(dim), FeedForward(dim, 2 * dim)]))
        self.pool = pool
        self.head = nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, num_classes))

    def forward(self, img):
        x = self.to_patch_embedding(img)
        b, n, _ = x.shape
        x = torch.cat((self.cls_token.expand(b, -1, -1), x), dim=1)
        x += self.pos_embedding[:, : (n + 1)]
        for attn, ff in self.layers:
            x = attn(x) + x
            x = ff(x) + x
        x = x.mean(dim=1) if self.pool == "mean" else x[:, 0]
        return self.head(x)


def images(count):
    """Stripes along the rows, along the columns, or a bright corner."""
    i = torch.arange(8.0)
    out = torch.zeros(count, 3, 8, 8)
    labels = torch.arange(count) % 3
    for k in range(count):
        wave = torch.sin(i * (1.0 + 0.1 * k))
        out[k] = torch.cos(torch.arange(192.0) ** 2 * (1 + k)).view(3, 8, 8) / 2
        if labels[k] == 0:
            out[k] += wave[:, None].expand(8, 8)
        elif labels[k] == 1:
            out[k] += wave[None, :].expand(8, 8)
        else:
            out[k, :, :4, :4] += 1.0
        out[k, k % 3] *= 0.5
    return out, labels


X, Y = images(30)
train_set, test_set = random_split(TensorDataset(X, Y), [24, 6], generator=torch.Generator().manual_seed(1))
parts = sorted(train_set.indices) + sorted(test_set.indices)
model = ViT(image_size=8, patch_size=4, num_classes=3, dim=12, depth=2)
with torch.no_grad():
    for k, p in enumerate(model.parameters()):
        if p.dim() > 1:
            p.copy_(torch.cos((torch.arange(p.numel()) ** 2).float() * (1.0 + 0.21 * k)).view_as(p) * 0.3)
    for m in model.modules():
        if isinstance(m, nn.Linear) and m.bias is not None:
            m.bias.zero_()

optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
loader = DataLoader(TensorDataset(X, Y), batch_size=10, shuffle=False)
losses = []
for _epoch in range(5):
    correct = 0
    for data, target in loader:
        optimizer.zero_grad()
        output = F.log_softmax(model(data), dim=1)
        loss = F.nll_loss(output, target)
        loss.backward()
        if not losses:
            first_output = output.detach()
            first = {f"gradient {n}": p.grad.clone() for n, p in model.named_parameters()}
        optimizer.step()
        losses.append(loss.item())
        _, pred = torch.max(output, dim=1)
        correct += pred.eq(target).sum()
    print(f"loss {losses[-1]:.4f}, right: {correct.item()} of {len(loader.dataset)}")

RESULT = {
    "patches": Patches(4)(X[:2]),
    "first output": first_output,
    "losses": losses,
    "split": [len(train_set), len(test_set), len(set(parts))],
    **first,
}
