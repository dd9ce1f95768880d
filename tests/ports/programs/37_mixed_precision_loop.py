"""The loop with everything around it: devices, autocast, a scaler, DataParallel if there are several, a step's time."""

import argparse
import logging
import os
import time

import torch
import torch.backends.cudnn as cudnn
import torch.nn as nn
import torch.optim as optim
from torch.cuda.amp import GradScaler, autocast
from torch.utils.data import DataLoader, RandomSampler, SequentialSampler, TensorDataset

logging.basicConfig(level=logging.WARNING)
log = logging.getLogger("train")

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=3)
parser.add_argument("--lr", type=float, default=0.05)
parser.add_argument("--no-cuda", action="store_true", default=False)
parser.add_argument("--amp", action="store_true")
args = parser.parse_args([])

use_cuda = not args.no_cuda and torch.cuda.is_available()
if use_cuda:
    device = torch.device("cuda")
    cudnn.benchmark = True
elif hasattr(torch.backends, "mps") and torch.backends.mps.is_available():
    device = torch.device("cpu")
else:
    device = torch.device("cpu")
kwargs = {"num_workers": 0, "pin_memory": use_cuda}
torch.manual_seed(0)
torch.set_num_threads(max(1, int(os.environ.get("OMP_NUM_THREADS", "1"))))


class Residual(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.body = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )

    def forward(self, x):
        return x + self.body(x)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(5, 10)
        self.blocks = nn.Sequential(*(Residual(10) for _ in range(3)))
        self.head = nn.Linear(10, 3)

    def forward(self, x):
        return self.head(self.blocks(self.embed(x)))

    @property
    def device(self):
        return next(self.parameters()).device


class AverageMeter:
    def __init__(self):
        self.reset()

    def reset(self):
        self.val = self.sum = self.count = self.avg = 0

    def update(self, val, n=1):
        self.val, self.sum, self.count = val, self.sum + val * n, self.count + n
        self.avg = self.sum / self.count


def accuracy(output, target, topk=(1,)):
    """The share of targets among the k best."""
    with torch.no_grad():
        maxk = max(topk)
        _, pred = output.topk(maxk, 1, True, True)
        correct = pred.t().eq(target.view(1, -1).expand_as(pred.t()))
        return [correct[:k].reshape(-1).float().sum(0).mul_(100.0 / target.size(0)) for k in topk]


model = Model()
for k, p in enumerate(model.parameters()):
    if p.dim() > 1 or k % 2 == 0:
        nn.init.constant_(p, 1.0)
        p.data.mul_(torch.sin((torch.arange(p.numel()) ** 2).float() * (2.1 + 0.2 * k)).view(p.shape) * 0.4)
for m in model.modules():
    if isinstance(m, (nn.LayerNorm, nn.Linear)):
        m.bias.data.zero_()
    if isinstance(m, nn.LayerNorm):
        m.weight.data.fill_(1.0)
if torch.cuda.device_count() > 1:
    model = nn.DataParallel(model)
model = model.to(device)

x = torch.sin(torch.arange(40 * 5).float() * 1.7).view(40, 5)
y = (x[:, 0] > 0).long() + (x[:, 1] > 0.3).long()
data = TensorDataset(x, y)
train_loader = DataLoader(data, sampler=SequentialSampler(data), batch_size=8, **kwargs)
shuffled = DataLoader(data, sampler=RandomSampler(data), batch_size=8, **kwargs)

criterion = nn.CrossEntropyLoss().to(device)
decay = [p for n, p in model.named_parameters() if not any(nd in n for nd in ["bias", "0.weight"])]
rest = [p for n, p in model.named_parameters() if any(nd in n for nd in ["bias", "0.weight"])]
optimizer = optim.SGD([{"params": decay, "weight_decay": 1e-2}, {"params": rest}], lr=args.lr, momentum=0.9)
scheduler = optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, total_steps=args.epochs * len(train_loader))
scaler = GradScaler(enabled=args.amp)
meter, losses, tops, start = AverageMeter(), [], [], time.perf_counter()
for epoch in range(1, args.epochs + 1):
    model.train()
    meter.reset()
    for batch_idx, (data, target) in enumerate(train_loader):
        data, target = data.to(device, non_blocking=True), target.to(device, non_blocking=True)
        with autocast(enabled=args.amp):
            output = model(data)
            loss = criterion(output, target)
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        if not losses:
            first = {f"gradient {n}": p.grad.detach().cpu().clone() for n, p in model.named_parameters()}
        scaler.step(optimizer)
        scaler.update()
        scheduler.step()
        losses.append(loss.item())
        meter.update(loss.item(), data.size(0))
        if batch_idx % 3 == 0:
            log.info("epoch %d, batch %d: %.4f", epoch, batch_idx, loss.item())
    model.eval()
    with torch.no_grad():
        output = model(x.to(device)).cpu()
        tops.append(torch.stack(accuracy(output, y, topk=(1, 2))))
    print(f"epoch {epoch}: mean loss {meter.avg:.4f}, top-1 {tops[-1][0]:.1f} %")
elapsed = time.perf_counter() - start

RESULT = {
    "losses": losses,
    "losses mean": meter.avg,
    "tops": torch.stack(tops),
    "shuffled": sorted(torch.cat([t[:, 0] for t, _ in shuffled]).tolist()) == sorted(x[:, 0].tolist()),
    "rates": scheduler.get_last_lr(),
    "elapsed": elapsed > 0,
    "scale": scaler.get_scale(),
    **first,
}
