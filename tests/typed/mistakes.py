"""Lines that a strict type checker refuses, each for the reason beside it; never run."""

import tinygrad_tf as tg
from tinygrad_tf import Tensor, nn, optim

x = Tensor([1.0])
x.backwards()  # attr-defined
nn.Linear("2", 3)  # arg-type
x.requires_grad = "yes"  # assignment
Tensor([1.0], requires_gradient=True)  # call-arg
n: int = x.shape  # assignment
layer: nn.Linear = nn.ReLU()  # assignment
x.exp("banana", foo=1)  # call-arg
x.softmax(axes=0)  # call-arg
tg.relu(x, 3)  # call-overload
nn.LeakyReLU(slope=1)  # call-arg
optim.SGD(nn.Linear(1, 1).parameters(), lr="fast")  # arg-type
