"""A mixture of experts: top-k routing, tokens gathered for each expert and added back with index_add_, a balance loss."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Expert(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.w1, self.w2, self.w3 = nn.Linear(dim, hidden, bias=False), nn.Linear(hidden, dim, bias=False), nn.Linear(dim, hidden, bias=False)  # fmt: skip

    def forward(self, x):
        return self.w2(F.silu(self.w1(x)) * self.w3(x))


class SparseExperts(nn.Module):
    """Each token goes to its best k experts."""

    def __init__(self, dim, hidden, n_experts, top_k):
        super().__init__()
        self.n_experts, self.top_k = n_experts, top_k
        self.gate = nn.Linear(dim, n_experts, bias=False)
        self.experts = nn.ModuleList([Expert(dim, hidden) for _ in range(n_experts)])

    def forward(self, hidden_states):
        batch, length, dim = hidden_states.shape
        flat = hidden_states.view(-1, dim)
        router_logits = self.gate(flat)
        weights = F.softmax(router_logits, dim=1, dtype=torch.float)
        weights, selected = torch.topk(weights, self.top_k, dim=-1)
        weights /= weights.sum(dim=-1, keepdim=True)
        weights = weights.to(flat.dtype)
        final = torch.zeros((batch * length, dim), dtype=flat.dtype, device=flat.device)
        expert_mask = F.one_hot(selected, num_classes=self.n_experts).permute(2, 1, 0)
        for i in range(self.n_experts):
            rank, token = torch.where(expert_mask[i])
            if token.shape[0] == 0:
                continue
            current = flat[None, token].reshape(-1, dim)
            current = self.experts[i](current) * weights[token, rank, None]
            final.index_add_(0, token, current.to(flat.dtype))
        return final.reshape(batch, length, dim), router_logits, expert_mask.sum((1, 2))


class NoisyTopK(nn.Module):
    """Gates that are zero except for the best k: -inf scattered over, then softmax."""

    def __init__(self, dim, n_experts, top_k):
        super().__init__()
        self.top_k = top_k
        self.route = nn.Linear(dim, n_experts)

    def forward(self, x):
        logits = self.route(x)
        top, indices = logits.topk(self.top_k, dim=-1)
        sparse = torch.full_like(logits, float("-inf"))
        sparse = sparse.scatter(-1, indices, top)
        return F.softmax(sparse, dim=-1), indices


class MaskedExperts(nn.Module):
    """The other way round: what an expert gives is written to where its mask is true."""

    def __init__(self, dim, n_experts, top_k):
        super().__init__()
        self.router = NoisyTopK(dim, n_experts, top_k)
        self.experts = nn.ModuleList(
            nn.Sequential(nn.Linear(dim, 2 * dim), nn.ReLU(), nn.Linear(2 * dim, dim)) for _ in range(n_experts)
        )

    def forward(self, x):
        gates, indices = self.router(x)
        output = torch.zeros_like(x)
        flat_x, flat_gates = x.view(-1, x.size(-1)), gates.view(-1, gates.size(-1))
        for i, expert in enumerate(self.experts):
            mask = (indices == i).any(dim=-1)
            flat_mask = mask.view(-1)
            if flat_mask.any():
                score = flat_gates[flat_mask, i].unsqueeze(1)
                output[mask] += expert(flat_x[flat_mask]) * score
        return output


def balance(router_logits, n_experts, top_k):
    probs = F.softmax(router_logits, dim=-1)
    _, selected = torch.topk(probs, top_k, dim=-1)
    share = F.one_hot(selected, n_experts).float().mean(dim=0)
    return n_experts * torch.sum(share * probs.mean(dim=0).unsqueeze(0))


def fill(module, scale):
    with torch.no_grad():
        for k, p in enumerate(module.parameters()):
            p.copy_(torch.sin((torch.arange(p.numel()) ** 2).float() * (1.37 + 0.23 * k) + k).view_as(p) * scale)


x = torch.sin(torch.arange(2 * 6 * 8).float() * 0.83).view(2, 6, 8).requires_grad_()
target = torch.cos(torch.arange(2 * 6 * 8).float() * 0.31).view(2, 6, 8)
sparse, masked = SparseExperts(8, 12, 4, 2), MaskedExperts(8, 4, 2)
fill(sparse, 0.5)
fill(masked, 0.4)
y, router_logits, load = sparse(x)
z = masked(x)
aux = balance(router_logits, 4, 2)
loss = F.mse_loss(y, target) + F.mse_loss(z, target) + 0.1 * aux
loss.backward()
first = {
    f"gradient {n}": p.grad.clone() for m in (sparse, masked) for n, p in m.named_parameters() if p.grad is not None
}

optimizer = torch.optim.AdamW(list(sparse.parameters()) + list(masked.parameters()), lr=1e-3)
losses = []
for _ in range(8):
    y_now, logits_now, _ = sparse(x.detach())
    now = F.mse_loss(y_now + masked(x.detach()), target) + 0.01 * balance(logits_now, 4, 2)
    optimizer.zero_grad()
    now.backward()
    optimizer.step()
    losses.append(now.item())
print(f"loss {losses[0]:.4f} -> {losses[-1]:.4f}, load {load.tolist()}")

RESULT = {
    "y": y,
    "z": z,
    "balance": aux,
    "load": load,
    "loss": loss,
    "gradient x": x.grad,
    "losses": losses,
    **first,
}
