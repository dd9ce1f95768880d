"""Attention with valid lengths: masks written with X[~mask] = value, additive and dot-product scoring, pad and mask."""

import math

import torch
from torch import nn


def sequence_mask(X, valid_len, value=0):
    """Entries behind the valid length are overwritten."""
    maxlen = X.size(1)
    mask = torch.arange((maxlen), dtype=torch.float32, device=X.device)[None, :] < valid_len[:, None]
    X[~mask] = value
    return X


def masked_softmax(X, valid_lens):
    if valid_lens is None:
        return nn.functional.softmax(X, dim=-1)
    shape = X.shape
    if valid_lens.dim() == 1:
        valid_lens = torch.repeat_interleave(valid_lens, shape[1])
    else:
        valid_lens = valid_lens.reshape(-1)
    X = sequence_mask(X.reshape(-1, shape[-1]), valid_lens, value=-1e6)
    return nn.functional.softmax(X.reshape(shape), dim=-1)


class Additive(nn.Module):
    def __init__(self, query_size, key_size, num_hiddens, dropout):
        super().__init__()
        self.W_k = nn.Linear(key_size, num_hiddens, bias=False)
        self.W_q = nn.Linear(query_size, num_hiddens, bias=False)
        self.w_v = nn.Linear(num_hiddens, 1, bias=False)
        self.dropout = nn.Dropout(dropout)

    def forward(self, queries, keys, values, valid_lens):
        queries, keys = self.W_q(queries), self.W_k(keys)
        features = torch.tanh(queries.unsqueeze(2) + keys.unsqueeze(1))
        scores = self.w_v(features).squeeze(-1)
        self.attention_weights = masked_softmax(scores, valid_lens)
        return torch.bmm(self.dropout(self.attention_weights), values)


class DotProduct(nn.Module):
    def __init__(self, dropout):
        super().__init__()
        self.dropout = nn.Dropout(dropout)

    def forward(self, queries, keys, values, valid_lens=None):
        d = queries.shape[-1]
        scores = torch.bmm(queries, keys.transpose(1, 2)) / math.sqrt(d)
        self.attention_weights = masked_softmax(scores, valid_lens)
        return torch.bmm(self.dropout(self.attention_weights), values)


class MaskedLoss(nn.CrossEntropyLoss):
    """Cross entropy over what lies within the valid length."""

    def forward(self, pred, label, valid_len):
        weights = torch.ones_like(label)
        weights = sequence_mask(weights, valid_len)
        self.reduction = "none"
        unweighted = super().forward(pred.permute(0, 2, 1), label)
        return (unweighted * weights).mean(dim=1)


def formula(*shape, k=1.0):
    return torch.sin(torch.arange(math.prod(shape)).float() ** 2 * k + k).reshape(shape)


plain = sequence_mask(torch.arange(1.0, 13.0).reshape(2, 6), torch.tensor([2, 5]), value=-1)
cube = sequence_mask(torch.ones(2, 3, 4), torch.tensor([1, 2]), value=9)
soft_1 = masked_softmax(formula(2, 2, 4), torch.tensor([2, 3]))
soft_2 = masked_softmax(formula(2, 2, 4), torch.tensor([[1, 3], [2, 4]]))

queries, keys = formula(2, 3, 5, k=1.7), formula(2, 6, 4, k=0.6)
values = torch.arange(48, dtype=torch.float32).reshape(1, 6, 8).repeat(2, 1, 1) / 10
for t in (queries, keys, values):
    t.requires_grad_(True)
valid_lens = torch.tensor([2, 6])
additive = Additive(5, 4, 8, dropout=0.1)
additive.eval()
with torch.no_grad():
    for k, p in enumerate(additive.parameters()):
        p[:] = formula(*p.shape, k=1.0 + k)
out_1 = additive(queries, keys, values, valid_lens)
dot = DotProduct(dropout=0.5)
dot.eval()
out_2 = dot(queries[:, :, :4], keys, values, torch.tensor([[1, 2, 6], [3, 4, 5]]))
((out_1 * formula(2, 3, 8, k=2.2)).sum() + (out_2 * formula(2, 3, 8, k=3.1)).sum()).backward()

pred = formula(3, 4, 10, k=0.9).requires_grad_()
loss = MaskedLoss()(pred, torch.ones((3, 4), dtype=torch.long), torch.tensor([4, 2, 0]))
loss.sum().backward()
print("weights of the first query:", additive.attention_weights[0, 0].tolist())

RESULT = {
    "plain": plain,
    "cube": cube,
    "soft 1": soft_1,
    "soft 2": soft_2,
    "out additive": out_1,
    "out dot": out_2,
    "loss": loss,
    "gradient queries": queries.grad,
    "gradient keys": keys.grad,
    "gradient values": values.grad,
    "gradient pred": pred.grad,
    **{f"gradient {n}": p.grad for n, p in additive.named_parameters()},
}
