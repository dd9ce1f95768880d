"""The methods that end in an underscore, on constants, on views, under no_grad, on data."""

import torch

a = torch.arange(12, dtype=torch.float32).view(3, 4)
found = {}

found["fill"] = torch.empty(2, 3).fill_(7)
found["zero"] = torch.ones(4).zero_()
found["copy"] = torch.zeros(3, 4).copy_(a)
found["copy broadcast"] = torch.zeros(3, 4).copy_(torch.tensor([1.0, 2.0, 3.0, 4.0]))
found["add"] = a.clone().add_(1).add_(a, alpha=0.5)
found["sub"] = a.clone().sub_(a[0])
found["mul"] = a.clone().mul_(a[:, :1])
found["div"] = a.clone().div_(a + 1)
found["pow"] = a.clone().pow_(2)
found["neg"] = a.clone().neg_()
found["abs"] = (a - 5).abs_()
found["sqrt"] = a.clone().sqrt_()
found["exp"] = (a / 12).exp_()
found["log"] = (a + 1).log_()
found["tanh"] = (a / 6 - 1).tanh_()
found["sigmoid"] = (a / 6 - 1).sigmoid_()
found["relu"] = (a - 5).relu_()
found["clamp"] = a.clone().clamp_(2, 8)
found["clamp min"] = a.clone().clamp_(min=5)
found["round"] = (a / 4).round_()
found["masked fill"] = a.clone().masked_fill_(a > 6, -1.0)
found["index fill"] = a.clone().index_fill_(1, torch.tensor([0, 2]), 9.0)
found["index add"] = torch.zeros(5, 4).index_add_(0, torch.tensor([0, 4, 0]), a)
found["index copy"] = torch.zeros(5, 4).index_copy_(0, torch.tensor([3, 0, 2]), a)
found["scatter"] = torch.zeros(3, 5).scatter_(1, torch.tensor([[0], [3], [4]]), 1.0)
found["scatter src"] = torch.zeros(3, 5).scatter_(1, torch.tensor([[0, 1], [3, 2], [4, 0]]), a)
found["scatter add"] = torch.zeros(3, 4).scatter_add_(0, torch.tensor([[0, 1, 2, 0], [0, 0, 1, 2]]), a[:2])
found["addcmul"] = torch.ones(3, 4).addcmul_(a, a, value=0.1)
found["addcdiv"] = torch.ones(3, 4).addcdiv_(a, a + 1, value=-2)
found["lerp"] = torch.zeros(3, 4).lerp_(a, 0.25)
found["tril"] = torch.ones(3, 3).tril_()
found["triu"] = torch.ones(3, 3).triu_(1)
found["unsqueeze"] = a.clone().unsqueeze_(0)
found["squeeze"] = torch.ones(1, 3, 1).squeeze_()
found["transpose"] = a.clone().transpose_(0, 1)
found["t"] = a.clone().t_()
found["logical"] = torch.tensor([True, False]).logical_not_()
found["long add"] = torch.zeros(3, dtype=torch.long).add_(2)
found["diagonal"] = torch.zeros(3, 3).fill_diagonal_(1.0)

# written by index
b = torch.zeros(4, 5)
b[0] = 1
b[1, 2] = 5.0
b[2, 1:4] = torch.tensor([1.0, 2.0, 3.0])
b[:, -1] = -1
b[b == 0] = 0.5
b[[0, 3], [1, 1]] = torch.tensor([10.0, 20.0])
b[..., 0] *= 3
b[3][2] = 77.0
b[:, None, 1] += 1
b[torch.tensor([True, False, False, True])] += 100
found["index"] = b

# views share their memory
c = torch.zeros(2, 6)
row = c[1]
row.add_(2)
row[3:] = 8
c.view(3, 4)[0] += 1
c.t()[5].mul_(2)
c[:, 1:3].fill_(-4)
first, second = c.chunk(2, dim=1)
second.sub_(0.5)
c.data[0, 0] = 99
found["views"] = c

# += on an alias, an argument, a loop variable
d = [torch.ones(2), torch.zeros(2)]
for t in d:
    t += 5
same = d[0]
same *= 2


def halve(t):
    t /= 2


halve(d[1])
found["aliases"] = torch.stack(d)

# a parameter under no_grad and by its data
p = torch.nn.Parameter(torch.linspace(-1, 1, 6))
version = p
with torch.no_grad():
    p.add_(1).clamp_(min=0.5)
    p[0] = 4.0
    p -= 0.25
p.data.mul_(2)
p.data[1:3] = 0
(p * p).sum().backward()
found["p"] = p
found["gradient p"] = p.grad.clone()
p.grad.zero_()
p.grad += 3
found["gradient filled"] = p.grad
refused = []
for write in (lambda: p.add_(1), lambda: p.__setitem__(0, 1.0), lambda: p.zero_()):
    try:
        write()
        refused.append(False)
    except RuntimeError:
        refused.append(True)
print(len(found), "values; a leaf refuses:", refused, "the same object:", version is p)

RESULT = {**found, "refused": refused, "the same": version is p}
