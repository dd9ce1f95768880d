# %% [markdown]
# # Code that was written for PyTorch
# # 原本为 PyTorch 写的代码
#
# Most code about Transformers that one learns from is written for PyTorch. The package has PyTorch's names, so such
# code runs here as it stands, with `import torch` answered by this package. Then everything that the guide has shown
# so far can be looked at in somebody else's model: the graph, each rule with its numbers, the step as a program.
#
# 学 Transformer 时读到的代码，大多是为 PyTorch 写的。本包沿用 PyTorch 的名字，所以这样的代码可以原样运行：
# 由本包来响应 `import torch`。这样一来，教程里展示过的一切，都可以用来看别人的模型：
# 计算图、每条规则和它的数值、写成程序的一步。
#
# Here is such a file. It knows nothing of this package; with PyTorch it runs as it is.
#
# 下面就是这样一个文件。它完全不知道本包的存在，装了 PyTorch 就能直接运行。
# %%
import importlib
from pathlib import Path

import guide
from guide import Listing, figure, finding, say, short, show

from tinygrad_tf import graph, nn
from tinygrad_tf.compat.names import Names

source = Path(guide.__file__).with_name("torch_style.py")
show(Listing(source.read_text(encoding="utf-8")), "A Transformer that puts digits in order: `torch_style.py`, whole.",
     "把数字排好序的 Transformer：`torch_style.py` 全文。")  # fmt: skip

# %% [markdown]
# ## Run it
# ## 运行
#
# One line puts the package in PyTorch's place, in this process alone. What follows is an ordinary `import`.
#
# 一行代码让本包顶替 PyTorch，只在这个进程里有效。接下来就是普通的 `import`。
# %%
Names("torch", str).install()
theirs = importlib.import_module("torch_style")

model = theirs.Sorter()
losses = theirs.train(model, 60 if short else 400)
right = theirs.accuracy(model)
figure_, axes = figure(height=2.4)
axes.plot(losses, linewidth=1)
axes.set(xlabel="step | 步", ylabel="loss | 损失", yscale="log")
show(figure_, "The loss of each step: their loop, their optimiser, their data loader.",
     "每一步的损失：用的是文件自己的训练循环、优化器和数据加载器。")  # fmt: skip
say(f"{right:.1%} of 500 new rows come out in order.", f"500 行新数字中，{right:.1%} 排对了顺序。")
finding(losses[-1] < 0.8 * losses[0] and (short or right > 0.5),
        "The model learns, with not a line of its file changed.", "文件一行未改，模型就学会了。")  # fmt: skip

# %% [markdown]
# ## Look into it
# ## 看看里面
#
# A loss that has not gone backward yet has its graph. The boxes are the modules of the file, and the names its
# variables. Note `scores`: the file divides it in place. The graph keeps what it was before, as a value of its own, so
# that the picture and the gradient are right.
#
# 还没有反向传播的损失，仍然保留着它的计算图。方框是文件里的模块，名字是文件里的变量名。注意 `scores`：
# 文件里用原地除法修改了它。计算图把修改之前的值单独保存，所以图和梯度都是对的。
# %%
rows = theirs.torch.randint(0, theirs.digits, (2, theirs.length))
_, loss = model.train()(rows, rows.sort(dim=-1).values)
first = model.blocks[0].attention.q.weight
show(graph.explore(loss, path_to=first, depth=0),
     "One step of somebody else's model, from the loss to the first $W_q$.",
     "别人模型里的一步：从损失到第一个 $W_q$。")  # fmt: skip
show(nn.summary(model, rows), "What its parts cost.", "各部分的开销。")

# %% [markdown]
# The same from the command line, for any file: `python demos/your_code.py FILE.py --open` runs a script until its
# first `backward()` and opens this page on it. With PyTorch installed, `graph.from_torch(module, inputs)` does it for a
# module that lives in PyTorch itself, and checks every value and gradient against PyTorch's own.
#
# 命令行也可以，任何文件都行：`python demos/your_code.py 文件.py --open` 会运行脚本，直到它第一次调用 `backward()`，
# 然后打开这样一个页面。装有 PyTorch 时，`graph.from_torch(module, inputs)` 对 PyTorch 自己的模块做同样的事，
# 并且把每个数值和梯度都与 PyTorch 的核对一遍。
#
# **Exercise.** Take a file that you learned from. Which weight gets the largest gradient at the first step, and by
# which route?
#
# **练习。** 找一个你学过的文件。第一步里，哪个权重得到的梯度最大，是经哪条路线传来的？
#
# **Answer.** For `torch_style.py` it is `head.weight`, the last matrix, with three different seeds: it is nearest to
# the loss, its only route is the product with what goes into it. The smallest are those of the queries and keys, 60
# to 200 times smaller: their way leads through the softmax of attention (chapters 5 and 12).
#
# **答案。** 对 `torch_style.py`，换了三个随机种子，都是最后一个矩阵 `head.weight`：它离损失最近，
# 唯一的路线就是与自己的输入相乘。最小的是 query 和 key 的权重，只有它的 1/60 到 1/200：
# 通向它们的路线要穿过注意力的 softmax（第 5 章和第 12 章）。
