"""Snippets as PyTorch's users write them run with the import changed, and print the same."""

import math
from collections import OrderedDict

import numpy as np
import pytest

from tinygrad_tf.nn import functional as F

torch = pytest.importorskip("torch", reason="PyTorch is the oracle")

HEAD = """
import torch
import torch.nn.functional as F
from torch import nn
"""

SNIPPETS = {
    "attention, by hand": """
        def attention(query, key, value, mask=None):
            d_k = query.size(-1)
            scores = torch.matmul(query, key.transpose(-2, -1)) / math.sqrt(d_k)
            if mask is not None:
                scores = scores.masked_fill(mask == 0, -1e9)
            p_attn = scores.softmax(dim=-1)
            return torch.matmul(p_attn, value), p_attn

        q = torch.tensor(data(2, 4, 3), requires_grad=True)
        mask = torch.tril(torch.ones(4, 4)).unsqueeze(0)
        out, p = attention(q, q, q, mask)
        out.sum().backward()
        results = [out, p, q.grad]
    """,
    "causal self-attention of a small GPT": """
        n_head = 3
        x = torch.tensor(data(2, 5, 6), requires_grad=True)
        B, T, C = x.size()
        w, b = torch.tensor(data(3 * C, C)), torch.tensor(data(3 * C))
        q, k, v = F.linear(x, w, b).split(C, dim=2)
        q, k, v = (t.view(B, T, n_head, C // n_head).transpose(1, 2) for t in (q, k, v))
        att = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.shape[-1]))
        att = att.masked_fill(torch.tril(torch.ones(T, T)).view(1, 1, T, T) == 0, float("-inf"))
        att = F.softmax(att, dim=-1)
        y = (att @ v).transpose(1, 2).contiguous().view(B, T, C)
        flash = F.scaled_dot_product_attention(q, k, v, attn_mask=None, dropout_p=0.0, is_causal=True)
        loss = F.cross_entropy(y.view(-1, C), torch.tensor([i % C for i in range(B * T)]), ignore_index=-1)
        loss.backward()
        results = [y, flash, loss, x.grad]
    """,
    "the language model's loss and accuracy": """
        logits = torch.tensor(data(2, 3, 5), requires_grad=True)
        targets = torch.tensor([[1, 2, 4], [0, -100, 3]])
        log_probs = F.log_softmax(logits, dim=-1)
        nll = F.nll_loss(log_probs.view(-1, 5), targets.view(-1), reduction="sum")
        values, predicted = torch.max(logits, 1)
        _, best = logits.max(dim=-1)
        top = torch.topk(logits, k=2, dim=-1)
        correct = (best == targets).sum().item()
        nll.backward()
        results = [nll, values, predicted, top.values, top.indices, torch.tensor(correct), logits.grad]
    """,
    "cross-entropy by hand, in three ways": """
        logits = torch.tensor(data(4, 3), requires_grad=True)
        target = torch.tensor([0, 2, 1, 1])
        one_hot = F.one_hot(target, num_classes=3).float().to(logits.dtype)
        by_gather = -logits.log_softmax(1).gather(1, target.unsqueeze(1)).squeeze(1).mean()
        by_mask = -(F.log_softmax(logits, dim=1) * one_hot).sum(dim=1).mean()
        by_lse = (torch.logsumexp(logits, dim=1) - logits[torch.arange(4), target]).mean()
        (by_gather + by_mask + by_lse + F.cross_entropy(logits, one_hot)).backward()
        results = [by_gather, by_mask, by_lse, logits.grad]
    """,
    "an MLP, one step of SGD": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc1 = nn.Linear(3, 4)
                self.fc2 = nn.Linear(4, 2)

            def forward(self, x):
                x = F.relu(self.fc1(x))
                x = F.dropout(x, p=0.5, training=self.training)
                return self.fc2(x)

        net = Net()
        net.eval()
        net.load_state_dict({name: torch.tensor(data(*p.shape)).float() for name, p in net.state_dict().items()})
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        x, y = torch.tensor(data(5, 3)).float(), torch.tensor([0, 1, 1, 0, 1])
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            after = F.cross_entropy(net(x), y)
        results = [loss, after, *[p.detach() for p in net.parameters()]]
    """,
    "layer norm and RMS norm by hand": """
        x = torch.tensor(data(2, 4), requires_grad=True)
        mean, var = x.mean(-1, keepdim=True), x.var(-1, keepdim=True, unbiased=False)
        by_hand = (x - mean) / torch.sqrt(var + 1e-5)
        rms = x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6)
        difference = (by_hand - F.layer_norm(x, (4,))).abs().max() + (rms - F.rms_norm(x, (4,), eps=1e-6)).abs().max()
        rms.square().sum().backward()
        results = [by_hand, rms, torch.round(difference * 1e6), x.grad]
    """,
    "contrastive loss": """
        a, b = torch.tensor(data(4, 3), requires_grad=True), torch.tensor(data(4, 3), requires_grad=True)
        logits = F.normalize(a, dim=-1) @ F.normalize(b, dim=-1).T / 0.07
        labels = torch.arange(4)
        loss = (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2
        similarity = F.cosine_similarity(a, b, dim=-1)
        loss.backward()
        results = [loss, similarity, a.grad, b.grad]
    """,
    "positions: sinusoids and rotations": """
        position = torch.arange(0, 4).unsqueeze(1)
        div_term = torch.exp(torch.arange(0, 6, 2) * -(math.log(10000.0) / 6))
        pe = torch.stack([torch.sin(position * div_term), torch.cos(position * div_term)], dim=-1).flatten(1)
        x = torch.tensor(data(2, 4, 6), requires_grad=True)
        x1, x2 = x.chunk(2, dim=-1)
        rotated = torch.cat([-x2, x1], dim=-1)
        bias = torch.tril(torch.arange(4)[:, None] - torch.arange(4)[None, :])
        y = (x * 0.5 + rotated * 0.5) + pe
        y.sum().backward()
        results = [pe, y, bias, x.grad]
    """,
    "a mask of padding, and lengths": """
        lengths = torch.tensor([3, 1])
        mask = torch.arange(4)[None, :] < lengths[:, None]
        x = torch.tensor(data(2, 4, 2), requires_grad=True)
        pooled = (x * mask.unsqueeze(-1)).sum(dim=1) / lengths.clamp(min=1).unsqueeze(-1)
        hidden = F.gelu(x, approximate="tanh").masked_fill(~mask.unsqueeze(-1), 0.0)
        kept = hidden[mask]
        padded = F.pad(kept, (0, 0, 0, 2), value=-1.0)
        (pooled.sum() + padded.square().sum()).backward()
        results = [pooled, kept, padded, mask, x.grad]
    """,
    "a table of embeddings": """
        weight = torch.tensor(data(5, 3), requires_grad=True)
        ids = torch.tensor([[1, 4, 1], [0, 2, 2]])
        e = F.embedding(ids, weight)
        counts = torch.zeros(5, dtype=torch.int64).scatter_add(0, ids.view(-1), torch.ones(6, dtype=torch.int64))
        sums = torch.zeros(5, 3).double().scatter_add(0, ids.view(-1, 1).expand(-1, 3), e.reshape(-1, 3))
        out = torch.einsum("bld,vd->blv", e, weight)
        out.tanh().sum().backward()
        results = [e, counts, sums, out, weight.grad]
    """,
    "a small model as people write it": """
        class Block(nn.Module):
            def __init__(self, width, heads, length):
                super().__init__()
                self.qkv = nn.Linear(width, 3 * width)
                self.mlp = nn.Sequential(OrderedDict([
                    ("up", nn.Linear(width, 2 * width)),
                    ("act", nn.ReLU(inplace=True)),
                    ("down", nn.Linear(2 * width, width)),
                ]))
                self.norms = nn.ModuleDict({"attn": nn.LayerNorm(width), "mlp": nn.LayerNorm(width)})
                self.heads = heads
                self.register_buffer("mask", torch.tril(torch.ones(length, length)).view(1, 1, length, length))

            def forward(self, x):
                B, T, C = x.size()
                q, k, v = self.qkv(self.norms["attn"](x)).split(C, dim=2)
                q, k, v = (t.view(B, T, self.heads, C // self.heads).transpose(1, 2) for t in (q, k, v))
                att = (q @ k.transpose(-2, -1)) / math.sqrt(k.size(-1))
                att = F.softmax(att.masked_fill(self.mask[:, :, :T, :T] == 0, float("-inf")), dim=-1)
                x = x + (att @ v).transpose(1, 2).contiguous().view(B, T, C)
                return x + self.mlp(self.norms["mlp"](x))

        def start(module):
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias.data)

        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        model = nn.ModuleList()
        model += [Block(4, 2, 5), nn.Linear(4, 7)]
        model.apply(start)
        model = model.to(device)
        values = {name: torch.tensor(data(*p.shape)).float() for name, p in model.named_parameters()}
        model.load_state_dict({**model.state_dict(), **values})
        criterion = nn.CrossEntropyLoss(weight=torch.arange(1, 8).float())
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.5)
        x, y = torch.tensor(data(2, 3, 4)).float().to(device), torch.tensor([[1, 2, 6], [0, 3, 5]]).to(device)
        losses = []
        for _ in range(3):
            optimizer.zero_grad()
            loss = criterion(model[1](model[0](x)).view(-1, 7), y.view(-1))
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            scheduler.step()
            losses.append(loss.detach())
        results = [*losses, *[t.detach() for t in model.state_dict().values()]]
    """,
    "statistics": """
        x = torch.tensor(data(3, 4), requires_grad=True)
        z = (x - x.mean(dim=0)) / x.std(dim=0)
        cov = z.T @ z / (x.shape[0] - 1)
        q = torch.sort(x, dim=0, descending=True)[0][1]
        clipped = torch.where(x.abs() > 1, torch.sign(x), x)
        loss = z.norm(p=2) + cov.diagonal().sum() + q.prod() + clipped.cumsum(dim=1).amax() + torch.var(x)
        loss.backward()
        results = [z, cov, q, clipped, loss, x.grad]
    """,
}


def run(snippet, library):
    """The results of a snippet, as arrays; the library takes the place of torch."""
    rng = np.random.default_rng(0)
    names = {"math": math, "OrderedDict": OrderedDict, "data": lambda *shape: rng.standard_normal(shape)}
    body = "\n".join(line[8:] for line in snippet.splitlines())
    exec(HEAD.replace("import torch\n", f"import {library} as torch\n").replace("torch.nn.f", f"{library}.nn.f")
         .replace("from torch", f"from {library}") + body, names)  # fmt: skip
    return [np.asarray(r.detach().numpy()) for r in names["results"]]


@pytest.mark.parametrize("name", SNIPPETS)
def test_a_snippet_runs_with_the_import_changed(name):
    for ours, theirs in zip(run(SNIPPETS[name], "tinygrad_tf"), run(SNIPPETS[name], "torch"), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-6, atol=2e-7, strict=True)  # masks and positions are float32


def test_binary_cross_entropy_at_0_and_1():
    """Logarithms are cut at −100 and the slope is 10¹² at most; in PyTorch that number is float32."""
    p, t = np.array([0.0, 0.0, 1.0, 1.0, 0.3]), np.array([0.0, 1.0, 0.0, 1.0, 0.5])
    for dtype, off in ((np.float64, 1e-8), (np.float32, 1e-6)):
        import tinygrad_tf

        x = tinygrad_tf.Tensor(p.astype(dtype), requires_grad=True)
        their_x = torch.tensor(p.astype(dtype), requires_grad=True)
        y = F.binary_cross_entropy(x, t.astype(dtype), reduction="none")
        their_y = torch.nn.functional.binary_cross_entropy(their_x, torch.tensor(t.astype(dtype)), reduction="none")
        y.sum().backward()
        their_y.sum().backward()
        np.testing.assert_allclose(y.array, their_y.detach().numpy(), rtol=off, strict=True)
        np.testing.assert_allclose(x.grad.array, their_x.grad.numpy(), rtol=off, strict=True)


@pytest.mark.parametrize("p, training, kept", [(0.5, True, 0.5), (0.5, False, 1.0), (0.0, True, 1.0), (1.0, True, 0.0)])
def test_dropout_keeps_that_many(p, training, kept):
    import tinygrad_tf

    y = F.dropout(tinygrad_tf.ones(100_00), p, training)
    assert abs((y.array != 0).mean() - kept) < 0.03
    assert set(np.unique(y.array)) <= {0.0, 1.0 if not training else 1 / (1 - p or 1)}


def test_glu_cuts_an_even_axis_only():
    import tinygrad_tf

    with pytest.raises(RuntimeError, match=r"glu got X \(3,\)(.|\n)*rule: .*even"):
        F.glu(tinygrad_tf.ones(3))
