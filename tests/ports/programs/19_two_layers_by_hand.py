"""The same two-layer network four times: gradients by hand, by autograd, as modules, with an optimizer."""

import torch

dtype = torch.float
device = torch.device("cpu")
N, D_in, H, D_out = 16, 20, 12, 4


def formula(*shape, step, scale=1.0):
    n = 1
    for s in shape:
        n *= s
    return (torch.arange(n, device=device, dtype=dtype).square() * step).sin().view(*shape) * scale


x = formula(N, D_in, step=1.3)
y = formula(N, D_out, step=0.7)
w1_start = formula(D_in, H, step=2.3, scale=0.3)
w2_start = formula(H, D_out, step=1.9, scale=0.3)
learning_rate = 1e-2

# by hand
w1, w2 = w1_start.clone(), w2_start.clone()
by_hand = []
for t in range(20):
    h = x.mm(w1)
    h_relu = h.clamp(min=0)
    y_pred = h_relu.mm(w2)
    loss = (y_pred - y).pow(2).sum().item()
    by_hand.append(loss)
    grad_y_pred = 2.0 * (y_pred - y)
    grad_w2 = h_relu.t().mm(grad_y_pred)
    grad_h = grad_y_pred.mm(w2.t()).clone()
    grad_h[h < 0] = 0
    grad_w1 = x.t().mm(grad_h)
    if t == 0:
        hand_1, hand_2 = grad_w1, grad_w2
    w1 -= learning_rate * grad_w1
    w2 -= learning_rate * grad_w2

# autograd: the step through data, and under no_grad
by_data, by_no_grad = [], []
v1, v2 = w1_start.clone().requires_grad_(), w2_start.clone().requires_grad_()
for _ in range(20):
    loss = (x.mm(v1).clamp(min=0).mm(v2) - y).pow(2).sum()
    by_data.append(loss.data.item())
    loss.backward()
    if len(by_data) == 1:
        auto_1, auto_2 = v1.grad.clone(), v2.grad.clone()
    v1.data -= learning_rate * v1.grad.data
    v2.data -= learning_rate * v2.grad.data
    v1.grad.data.zero_()
    v2.grad.data.zero_()

u1 = torch.tensor(w1_start.tolist(), device=device, dtype=dtype, requires_grad=True)
u2 = torch.tensor(w2_start.tolist(), device=device, dtype=dtype, requires_grad=True)
for t in range(20):
    loss = (x.mm(u1).clamp(min=0).mm(u2) - y).pow(2).sum()
    by_no_grad.append(loss.item())
    loss.backward()
    with torch.no_grad():
        u1 -= learning_rate * u1.grad
        u2 -= learning_rate * u2.grad
        u1.grad.zero_()
        u2.grad.zero_()

# modules, stepped by hand through param.data
model = torch.nn.Sequential(
    torch.nn.Linear(D_in, H, bias=False),
    torch.nn.ReLU(),
    torch.nn.Linear(H, D_out, bias=False),
)
model[0].weight.data.copy_(w1_start.t())
model[2].weight.data.copy_(w2_start.t())
loss_fn = torch.nn.MSELoss(reduction="sum")
by_module = []
for _ in range(10):
    loss = loss_fn(model(x), y)
    by_module.append(loss.item())
    model.zero_grad()
    loss.backward()
    with torch.no_grad():
        for param in model.parameters():
            param.data -= learning_rate * param.grad

# an optimizer
optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-3)
for _ in range(10):
    loss = loss_fn(model(x), y)
    by_module.append(loss.item())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

same = torch.allclose(torch.tensor(by_hand), torch.tensor(by_data), rtol=1e-4)
print(f"{by_hand[0]:.3f} -> {by_hand[-1]:.3f}, by hand as by autograd: {same}")

RESULT = {
    "losses by hand": by_hand,
    "losses by data": by_data,
    "losses by no_grad": by_no_grad,
    "losses by module": by_module,
    "gradient w1": auto_1,
    "gradient w2": auto_2,
    "gradient w1 by hand": hand_1,
    "gradient w2 by hand": hand_2,
    "trained w1": w1,
    "trained u1": u1,
    "leaf": [u1.is_leaf, u1.requires_grad, v1.data.requires_grad],
}
