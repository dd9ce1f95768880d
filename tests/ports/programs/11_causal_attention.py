"""Attention in steps: weights from dot products, a class with parameters, a causal mask in a buffer, several heads."""

import torch
import torch.nn as nn

inputs = torch.tensor(
    [[0.3, 0.1, 0.9], [0.5, 0.8, 0.6], [0.6, 0.8, 0.6], [0.2, 0.6, 0.3], [0.8, 0.2, 0.1], [0.1, 0.8, 0.5]]
)

# without weights: loops, then the same as one product
query = inputs[1]
scores_2 = torch.empty(inputs.shape[0])
for i, x_i in enumerate(inputs):
    scores_2[i] = torch.dot(x_i, query)
weights_2 = torch.softmax(scores_2, dim=0)
context_2 = torch.zeros(query.shape)
for i, x_i in enumerate(inputs):
    context_2 += weights_2[i] * x_i

scores = torch.empty(6, 6)
for i, x_i in enumerate(inputs):
    for j, x_j in enumerate(inputs):
        scores[i, j] = torch.dot(x_i, x_j)
assert torch.allclose(scores, inputs @ inputs.T)

# causal by hand: zeros above the diagonal, then each row is brought to 1 again
simple = torch.tril(torch.ones(6, 6))
masked_simple = torch.softmax(scores, dim=-1) * simple
row_sums = masked_simple.sum(dim=-1, keepdim=True)
masked_simple /= row_sums


def seeded(*shape, k=1.0):
    n = torch.Size(shape).numel()
    return torch.sin(k + torch.arange(n) ** 2 * 2.399).reshape(*shape) * 0.6


class OneHead(nn.Module):
    def __init__(self, d_in, d_out):
        super().__init__()
        self.W_query = nn.Parameter(seeded(d_in, d_out, k=1.0))
        self.W_key = nn.Parameter(seeded(d_in, d_out, k=2.0))
        self.W_value = nn.Parameter(seeded(d_in, d_out, k=3.0))

    def forward(self, x):
        keys, queries, values = x @ self.W_key, x @ self.W_query, x @ self.W_value
        attn_scores = queries @ keys.T
        return torch.softmax(attn_scores / keys.shape[-1] ** 0.5, dim=-1) @ values


class Causal(nn.Module):
    def __init__(self, d_in, d_out, context_length, dropout, num_heads, qkv_bias=False):
        super().__init__()
        assert d_out % num_heads == 0, "the heads share d_out evenly"
        self.d_out, self.num_heads, self.head_dim = d_out, num_heads, d_out // num_heads
        self.W_query = nn.Linear(d_in, d_out, bias=qkv_bias)
        self.W_key = nn.Linear(d_in, d_out, bias=qkv_bias)
        self.W_value = nn.Linear(d_in, d_out, bias=qkv_bias)
        self.out_proj = nn.Linear(d_out, d_out)
        self.dropout = nn.Dropout(dropout)
        self.register_buffer("mask", torch.triu(torch.ones(context_length, context_length), diagonal=1))

    def forward(self, x):
        b, num_tokens, _ = x.shape

        def split(t):
            return t.view(b, num_tokens, self.num_heads, self.head_dim).transpose(1, 2)

        keys, queries, values = split(self.W_key(x)), split(self.W_query(x)), split(self.W_value(x))
        attn_scores = queries @ keys.transpose(2, 3)
        mask_bool = self.mask.bool()[:num_tokens, :num_tokens]
        attn_scores.masked_fill_(mask_bool, -torch.inf)  # in place
        attn_weights = torch.softmax(attn_scores / keys.shape[-1] ** 0.5, dim=-1)
        attn_weights = self.dropout(attn_weights)
        context_vec = (attn_weights @ values).transpose(1, 2)
        context_vec = context_vec.contiguous().view(b, num_tokens, self.d_out)
        return self.out_proj(context_vec)


one = OneHead(3, 2)
one_out = one(inputs)

batch = torch.stack((inputs, inputs.flip(0)), dim=0)
many = Causal(3, 4, context_length=8, dropout=0.0, num_heads=2)
with torch.no_grad():
    for k, p in enumerate(many.parameters()):
        p.copy_(seeded(*p.shape, k=float(k)))
out = many(batch)
(out * seeded(*out.shape)).sum().backward()

with torch.no_grad():
    changed = batch.clone()
    changed[:, 3:] = 0
    blind = torch.equal(many(changed)[:, :3], out[:, :3]) or torch.allclose(many(changed)[:, :3], out[:, :3])

# dropout keeps the expected value: what is left is scaled up
torch.manual_seed(123)
dropped = torch.nn.Dropout(0.5)(torch.ones(60, 60))
print("heads out", tuple(out.shape), "blind to what follows:", blind)

RESULT = {
    "context 2": context_2,
    "scores": scores,
    "masked": masked_simple,
    "one head": one_out,
    "out": out,
    "blind": blind,
    "dropped": sorted(set(dropped.flatten().tolist())),
    "state": list(many.state_dict().keys()),
    **{f"gradient {name}": p.grad for name, p in many.named_parameters()},
}
