"""Seeds, Generators and types by their old names: what is random is told by its shape and its properties."""

import random

import numpy as np
import torch


def set_seed(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.cuda.manual_seed(seed)
    torch.cuda.manual_seed_all(seed)
    if torch.backends.cudnn.is_available():
        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.benchmark = False


torch.set_float32_matmul_precision("high")
use_cuda = torch.cuda.is_available()
device = torch.device("cuda:0" if use_cuda else "cpu")
FloatTensor = torch.cuda.FloatTensor if use_cuda else torch.FloatTensor
LongTensor = torch.cuda.LongTensor if use_cuda else torch.LongTensor

# the same seed draws the same, a Generator goes its own way
set_seed(5)
a = torch.randn(3, 4)
set_seed(5)
g = torch.Generator(device="cpu")
g.manual_seed(99)
apart = torch.rand(2, 2, generator=g)
b = torch.randn(3, 4)
g.manual_seed(99)
again = torch.rand(2, 2, generator=g)
perm = torch.randperm(10, generator=g)
ints = torch.randint(0, 5, (100,), generator=g)
normal = torch.randn(2000, generator=g)
drawn = torch.multinomial(torch.tensor([0.0, 0.2, 0.8]), 500, replacement=True, generator=g)
coins = torch.bernoulli(torch.full((400,), 0.25), generator=g)

# filled in place
weights = torch.empty(40, 50)
weights.normal_(mean=0.0, std=0.02)
spread = weights.std().item()
weights.uniform_(-1, 1)
within = bool(weights.abs().max() <= 1)
weights.data.uniform_(-0.5, 0.5).mul_(2)
torch.nn.init.trunc_normal_(weights, std=0.02, a=-0.04, b=0.04)
cut = weights.abs().max().item() <= 0.04 + 1e-6
flips = torch.empty(200).bernoulli_(0.5)

# types
floats = FloatTensor([1, 2, 3])
longs = LongTensor([[1, 2], [3, 4]])
bools = torch.BoolTensor([True, False, True])
bytes_ = torch.ByteTensor([1, 0, 255])
empty = torch.FloatTensor(2, 3).zero_()
index = torch.LongTensor(3).fill_(2)
kinds = [
    floats.type(), longs.type(), bools.type(), bytes_.type(),
    longs.float().type(), floats.long().type(), floats.double().type(), floats.int().type(),
    str(floats.dtype).split(".")[-1], str(device), device.type, str(floats.device),
]  # fmt: skip
cast = floats.type(torch.LongTensor)
also = longs.type(torch.float64)
like = longs.type_as(floats)
from_array = torch.from_numpy(np.arange(6, dtype=np.float32).reshape(2, 3))
shared = from_array.numpy()
shared[0, 0] = 42.0
on_device = from_array.to(device=device, dtype=torch.float64)
checks = [
    floats.is_cuda, torch.is_tensor(floats), isinstance(floats, torch.Tensor), floats.dtype == torch.float32,
    floats.is_floating_point(), longs.is_floating_point(), longs.dtype is torch.int64, torch.is_grad_enabled(),
    floats.element_size() == 4, floats.nelement() == 3, torch.cuda.device_count() == 0 or use_cuda,
]  # fmt: skip
print("drawn alike:", torch.equal(a, b), torch.equal(apart, again), kinds[:4])

RESULT = {
    "alike": [torch.equal(a, b), torch.equal(apart, again), not torch.equal(a[:2, :2], apart)],
    "perm": sorted(perm.tolist()),
    "ints": [int(ints.min()) >= 0, int(ints.max()) <= 4, ints.dtype == torch.int64],
    "normal": [abs(normal.mean().item()) < 0.1, abs(normal.std().item() - 1) < 0.1],
    "drawn": [0 not in drawn.tolist(), 300 < (drawn == 2).sum().item()],
    "coins": 50 < coins.sum().item() < 150,
    "spread": 0.018 < spread < 0.022,
    "within": within,
    "cut": cut,
    "flips": sorted(set(flips.tolist())),
    "floats": floats,
    "longs": longs,
    "bools": bools,
    "bytes": bytes_,
    "empty": empty,
    "index": index,
    "kinds": kinds,
    "cast": cast,
    "also": also,
    "like": like,
    "shared": from_array,
    "on device": on_device,
    "checks": checks,
}
