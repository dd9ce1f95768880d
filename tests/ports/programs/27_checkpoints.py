"""A training that is saved, broken off, and taken up again: torch.save and torch.load of a nested checkpoint."""

import io
import os
import tempfile

import torch
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self, hidden=10):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(4, hidden), nn.Linear(hidden, 3)
        self.norm = nn.LayerNorm(hidden)
        self.register_buffer("steps", torch.zeros(1, dtype=torch.long))

    def forward(self, x):
        if self.training:
            self.steps += 1
        return self.fc2(self.norm(F.relu(self.fc1(x))))


def build():
    model = Net()
    with torch.no_grad():
        for k, (name, p) in enumerate(model.named_parameters()):
            if not name.startswith("norm"):
                p.copy_(torch.cos((torch.arange(p.numel()) ** 2).float() * (1.4 + k)).view(p.shape) * 0.5)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=4, gamma=0.5)
    return model, optimizer, scheduler


x = torch.sin(torch.arange(80).float()).view(20, 4)
y = torch.arange(20) % 3


def run(model, optimizer, scheduler, steps):
    losses = []
    for _ in range(steps):
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        losses.append(loss.item())
    return losses


straight = run(*build(), 14)

model, optimizer, scheduler = build()
losses = run(model, optimizer, scheduler, 7)
args = {"hidden": 10, "lr": 0.02, "names": ["a", "b"], "nested": {"deep": None, "flag": True}}
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "ckpt.pt")
    checkpoint = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "scheduler": scheduler.state_dict(),
        "args": args,
        "iter_num": 7,
        "best_val_loss": min(losses),
        "some tensor": torch.arange(6).view(2, 3),
    }
    torch.save(checkpoint, path)
    run(model, optimizer, scheduler, 2)  # goes on, and is thrown away

    device = torch.device("cpu")
    loaded = torch.load(path, map_location=device)
    again, optimizer_2, scheduler_2 = build()
    again.load_state_dict(loaded["model"])
    optimizer_2.load_state_dict(loaded["optimizer"])
    scheduler_2.load_state_dict(loaded["scheduler"])
    losses += run(again, optimizer_2, scheduler_2, 7)

    # the weights alone, keys renamed as after a wrapper, and through memory
    weights = os.path.join(folder, "weights.pth")
    torch.save({"wrapped." + k: v for k, v in again.state_dict().items()}, weights)
    state = torch.load(weights, map_location="cpu", weights_only=True)
    for k in list(state.keys()):
        if k.startswith("wrapped."):
            state[k[len("wrapped.") :]] = state.pop(k)
    third = Net()
    missing, unexpected = third.load_state_dict(state)
    buffer = io.BytesIO()
    torch.save(torch.linspace(0, 1, 5), buffer)
    buffer.seek(0)
    line = torch.load(buffer)
    files = sorted(os.listdir(folder))

again.eval()
third.eval()
same = torch.equal(again(x), third(x))
equal = max(abs(a - b) for a, b in zip(losses, straight)) < 1e-6
print(f"loss {losses[0]:.4f} -> {losses[-1]:.4f}; taken up as if never broken off: {equal}")

RESULT = {
    "losses": losses,
    "equal": equal,
    "same": same,
    "args": loaded["args"] == args,
    "iter": loaded["iter_num"],
    "some tensor": loaded["some tensor"],
    "steps": third.steps,
    "line": line,
    "unmatched": [*missing, *unexpected],
    "files": files,
    "trained outputs": again(x),
}
