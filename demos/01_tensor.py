# %% [markdown]
# # What is a gradient, and who computes it?
# # 什么是梯度，谁来算它？
#
# A network is a function with many numbers in it that may be changed: its **weights**, also called parameters.
# Learning means to change each of them a little so that the **loss**, a number that says how wrong the network is,
# falls. For that we must know, of every single weight, how the loss would change if this weight changed. That is the
# **gradient**, and everything else in this guide rests on it.
#
# 网络就是一个带着许多可调数字的函数，这些数字叫**权重**，也叫参数。**损失**是一个数，说明网络错得有多厉害；
# 所谓学习，就是把每个权重都改动一点点，让损失变小。为此我们必须知道：单独改动某个权重时，损失会怎么变。
# 这就是**梯度**，本教程的一切都建立在它上面。
#
# We take the smallest network there is, one linear layer with a squared error,
#
# 我们取最小的网络：一个线性层，加上平方误差，
#
# $$Y = XW, \qquad L = \frac{1}{n}\sum_{i,j} (Y_{ij} - T_{ij})^2,$$
#
# where $X$ is the input, $T$ what $Y$ should be, and $n$ the number of entries of $Y$. A `Tensor` holds an array, and
# remembers the operation and the inputs that made it: so the whole computation can be walked backward from `L`.
#
# 其中 $X$ 是输入，$T$ 是 $Y$ 应有的值，$n$ 是 $Y$ 的元素个数。
# `Tensor` 保存一个数组，同时记住自己由哪个运算、哪些输入得来。所以可以从 `L` 出发，沿着整个计算往回走。
# %%
from guide import BLUE, GREY, INK, ORANGE, figure, finding, say, show, table

import numpy as np

from tinygrad_tf import Tensor, graph, no_grad
from tinygrad_tf.autograd.walk import steps

# Three examples of two numbers each, and what the layer should make of them. | 三个样本，各两个数；以及它们的目标。
X = Tensor([[1.0, 2.0], [3.0, -1.0], [0.5, 1.0]], dtype="float64")
T = Tensor([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]], dtype="float64")
W = Tensor([[0.4, -0.6], [0.9, 0.2]], dtype="float64", requires_grad=True)

Y = X @ W
E = Y - T
E2 = E * E
L = E2.mean()
L.backward(retain_graph=True)  # keep the graph, to draw it below | 保留计算图，后面要画
# %%
say(f"The loss is $L = {L.item():.4f}$.", f"损失为 $L = {L.item():.4f}$。")
show(W, "The weight. `backward()` has given it a gradient of its own shape, `W.grad`.",
     "权重。`backward()` 给了它一个同样形状的梯度：`W.grad`。")  # fmt: skip
# %% [markdown]
# ## By hand
# ## 手算
#
# Where did `W.grad` come from? Follow the **chain rule**. $L$ is a mean of squares, so each entry of $Y$ has the
# gradient $2(Y-T)/n$. We write $dY$ for $\partial L / \partial Y$, and $dW$ for $\partial L / \partial W$: always one
# slope for each entry, in the shape of what it is the gradient of.
#
# `W.grad` 从哪里来？用**链式法则**。$L$ 是平方的平均值，所以 $Y$ 的每个元素的梯度是 $2(Y-T)/n$。
# 本教程一律用 $dY$ 表示 $\partial L / \partial Y$，用 $dW$ 表示 $\partial L / \partial W$：
# 每个元素对应一个斜率，形状与原来的量相同。
#
# Then the product. $Y_{ij} = \sum_k X_{ik} W_{kj}$, so if $W_{kj}$ grows by a little, $Y_{ij}$ grows $X_{ik}$ times as
# much, in every row $i$; and each of these entries moves the loss by its own slope $dY_{ij}$. Add up all the ways by
# which it reaches the loss. In the same manner $X_{ik}$ reaches it through every column $j$, weighted by $W_{kj}$:
#
# 再看乘积。$Y_{ij} = \sum_k X_{ik} W_{kj}$，所以 $W_{kj}$ 增大一点，每一行 $i$ 的 $Y_{ij}$ 就增大它的 $X_{ik}$ 倍，
# 而每个 $Y_{ij}$ 又按自己的斜率 $dY_{ij}$ 影响损失。把这些影响全部加起来。
# 同理，$X_{ik}$ 通过每一列 $j$ 影响损失，要乘的系数是 $W_{kj}$：
#
# $$dW_{kj} = \sum_i X_{ik}\,dY_{ij} \qquad dX_{ik} = \sum_j dY_{ij}\,W_{kj}$$
#
# These sums are matrix products themselves. That is the rule for every product in a Transformer, also for two
# activations, such as $QK^\top$:
#
# 这两个求和本身也是矩阵乘法。Transformer 里的每个矩阵乘积都用这一条规则，包括 $QK^\top$ 这样两个中间量的乘积：
#
# $$dW = X^\top dY, \qquad dX = dY\,W^\top.$$
#
# A third way needs no calculus, **numerical differentiation**: nudge one weight by a small $\varepsilon$ to both sides,
# run the forward again, and divide.
#
# 第三种办法不需要微积分，叫**数值微分**：把一个权重向两边各改动一个小量 $\varepsilon$，重新前向计算，再相除。
#
# $$dW_{kj} \approx \frac{L(W_{kj} + \varepsilon) - L(W_{kj} - \varepsilon)}{2\varepsilon}$$
# %%
by_hand = X.array.T @ (2 * (Y.array - T.array) / Y.size)


def loss_at(k, j, step):
    # The loss with W[k, j] changed by step: the forward alone. | 把 W[k, j] 改动 step 之后的损失：只做前向。
    moved = W.array.copy()
    moved[k, j] += step
    with no_grad():
        return (((X @ Tensor(moved)) - T) ** 2).mean().item()


def numerical(eps):
    slopes = [(loss_at(k, j, eps) - loss_at(k, j, -eps)) / (2 * eps) for k, j in np.ndindex(2, 2)]
    return np.reshape(slopes, (2, 2))


# %%
ways = (W.grad.array, by_hand, numerical(1e-5))
rows = [[f"dW[{k},{j}]", *[f"{dW[k, j]:.8f}" for dW in ways]] for k, j in np.ndindex(2, 2)]
show(table(["", "backward()", "by hand | 手算", "numerical | 数值微分"], rows),
     "Three ways to the same four numbers.", "三种办法，同样的四个数。")  # fmt: skip
apart = max(abs(ways[0] - dW).max() for dW in ways[1:])
finding(apart < 1e-8, f"The rules, the hand and the nudge agree: no entry of dW differs by more than {apart:.0e}.",
        f"规则、手算、数值微分三者一致：dW 的任何元素相差都不超过 {apart:.0e}。")  # fmt: skip
# %% [markdown]
# ## The walk
# ## 反向是怎么走的
#
# `backward()` knows no formula for the whole network. It knows one rule for each operation, and walks: this is
# **back-propagation**, and four points say it all.
#
# `backward()` 并不知道整个网络的公式。它只知道每个运算的规则，然后往回走：这就是**反向传播**，四句话就能说完。
#
# - **Order.** A Tensor is made after its inputs and numbered as it is made; so go from the newest number to the oldest.
# - **Rule.** The operation's rule makes of a Tensor's gradient the gradients of its inputs.
# - **Sum.** Where a Tensor was used twice, two gradients arrive, and they are added: both ways lead to the loss. By the
#   order, all of them have arrived when its turn comes.
# - **Kept, freed.** The forward keeps what rules will read ($X$ and $W$, for a product). On the way back a gradient
#   that was passed on is dropped, and the graph behind it is freed. Only leaves, which no operation made, keep theirs.
#
# - **次序。** 每个 Tensor 都晚于它的输入产生，并按产生的先后编号；所以从最新的编号走到最旧的。
# - **规则。** 运算的规则由一个 Tensor 的梯度算出它各个输入的梯度。
# - **求和。** 一个 Tensor 被用了两次，就有两份梯度到达，把它们相加：两条路都通向损失。
# 按上面的次序，轮到它时，所有的梯度都已到齐。
# - **保留与释放。** 前向保留规则要读的量（对乘积来说是 $X$ 和 $W$）。往回走时，梯度传下去之后就丢掉，
# 走过的计算图随之释放。只有叶子（不是由任何运算产生的 Tensor）保留自己的梯度。
#
# Here they are as code that you can run. The engine's own loop, in `autograd/walk.py`, is the same.
#
# 写成可以运行的代码，就是下面这样。引擎自己的循环在 `autograd/walk.py` 里，做法相同。
# %%
RULES = {
    "matmul": lambda dY, Y, A, B: (dY @ B.T, A.T @ dY),
    "add": lambda dY, Y, A, B: (dY, dY),
    "subtract": lambda dY, Y, A, B: (dY, -dY),
    "multiply": lambda dY, Y, A, B: (dY * B, A * dY),
    "tanh": lambda dY, Y, A: (dY * (1 - Y * Y),),
    "mean": lambda dY, Y, A: (np.full(A.shape, dY / A.size),),
}


def walk(loss):
    made, ahead = {loss.number: loss}, [loss]
    while ahead:  # find all that the loss was made of | 找出损失由哪些量得来
        for A in ahead.pop().inputs:
            if A.requires_grad and A.number not in made:
                made[A.number] = A
                ahead.append(A)
    gradients = {loss.number: np.ones(())}  # dL = 1
    for number in sorted(made, reverse=True):  # the newest first | 从最新的开始
        Y, dY = made[number], gradients.pop(number)
        yield Y, dY
        if Y.op is not None:  # not a leaf: pass it on | 不是叶子：继续往下传
            for A, dA in zip(Y.inputs, RULES[Y.op.name](dY, Y.array, *[A.array for A in Y.inputs]), strict=True):
                if A.requires_grad:
                    gradients[A.number] = gradients.get(A.number, 0) + dA


H = (X @ W).tanh()
D = H @ W - T  # W is used a second time | W 第二次被用到
loss = (D * D).mean()
# %%
rows, differ = [], 0.0
for (Y_, dY), theirs in zip(walk(loss), steps([loss], [np.ones(())]), strict=True):
    differ = max(differ, abs(dY - theirs.dY).max())
    name = Y_.op.name if Y_.op else "leaf W | 叶子 W"
    rows.append([Y_.number - W.number, name, float(np.linalg.norm(dY)), float(np.linalg.norm(theirs.dY))])
show(table(["number | 编号", "made by | 由何运算产生", "‖gradient‖ | ‖梯度‖", "engine | 引擎"], rows, ".4f"),
     "The steps of the walk for $\\tanh(XW)W$, each beside the engine's; the numbers count from $W$. As the oldest it "
     "comes last: both its gradients have arrived by then.",
     "对 $\\tanh(XW)W$ 往回走的每一步，旁边是引擎的结果；编号从 $W$ 数起。"
     "$W$ 最旧，所以排在最后：那时它的两份梯度都已到齐。")  # fmt: skip
finding(differ == 0, "The loop and the engine visit the same Tensors in the same order, with the same gradients, "
        "to the last bit.", "这段循环与引擎走过同样的 Tensor，次序相同，梯度也完全相同，一个比特都不差。")  # fmt: skip

A = W
for _ in range(20):
    A = A + A.tanh()  # each time two ways: through the sum, through the tanh | 每次都分成两条路：直接相加，或经过 tanh
visited = len(list(walk(A.mean())))
loss.backward()
refused = False
try:
    loss.backward()
except RuntimeError:
    refused = True
finding(visited == 42 and refused,
        f"Through 20 sums $A + \\tanh A$ there are $2^{{20}}$ routes back to $W$, over a million, yet the walk takes "
        f"{visited} steps: a gradient is whole before it is passed on. A second `backward()` raises an error: the "
        "first has freed the graph.",
        f"经过 20 次 $A + \\tanh A$，回到 $W$ 的路线有 $2^{{20}}$ 条，超过一百万，但只走了 {visited} 步："
        "每个梯度都是到齐之后才往下传。再调用一次 `backward()` 会报错，因为第一次已经释放了计算图。")  # fmt: skip
# %% [markdown]
# ## The picture of it
# ## 把它画出来
#
# Since every Tensor remembers how it was made, the computation can be drawn. Each purple arrow is one step backward:
# the rule that ran on it, in the names of this program, and the norm of the gradient it carried. The rule is read from
# the source of the code that ran, so picture and program cannot disagree.
#
# 每个 Tensor 都记得自己的来历，所以整个计算可以画出来。每条紫色箭头是往回走的一步：
# 上面写着在这一步执行的规则（用的是本程序里的名字），以及它传递的梯度的范数。
# 规则是从实际执行的源代码里读出来的，因此图和程序不可能不一致。
#
# Follow it from the bottom: $dL = 1$, then the mean spreads it, the square multiplies by $2E$ in two halves that are
# summed where the arrows join, and the product with $X^\top$ gives $dW$.
#
# 从下往上看：$dL = 1$，求平均的规则把它摊开，平方的规则乘上 $2E$（分成两半，在箭头汇合处相加），
# 最后左乘 $X^\top$ 得到 $dW$。
# %%
show(lambda lang: graph.draw(L, path_to=W, values=True, lang=lang),
     "From the loss back to W, with all numbers.", "从损失回到 W，带着所有数值。")  # fmt: skip

# %% [markdown]
# ## Why not simply nudge?
# ## 那为什么不干脆用数值微分？
#
# A gradient is the slope of the loss along one weight: the tangent in the first figure below. Nudging finds it too, but
# costs two forward passes for *each* weight, while one backward pass gives all of them at once, for about the price of
# two forward passes. The smallest GPT-2 has 124 million weights. And nudging is inexact: large steps miss the curve,
# and with small ones the difference drowns in rounding. (In the second figure the loss is $\sum \tanh Y$; ours is a
# parabola.)
#
# 梯度就是损失沿某个权重方向的斜率，也就是下面第一幅图里的切线。数值微分也能得到它，但*每个*权重都要做两次前向；
# 而一次反向就能同时得到全部梯度，代价大约只相当于两次前向。最小的 GPT-2 就有 1.24 亿个权重。
# 而且数值微分并不精确：步子大了偏离曲线，步子小了差值又淹没在舍入误差里。
# （第二幅图的损失是 $\sum \tanh Y$，因为我们的 $L$ 只是一条抛物线。）
# %%
changes = np.linspace(-1.5, 1.5, 61)
curve = [loss_at(0, 0, change) for change in changes]
tangent = L.item() + W.grad.array[0, 0] * changes


def tanh_loss(step):
    # Another loss, which is no parabola. | 另一个损失，不是抛物线。
    return np.tanh(X.array @ (W.array[:, :1] + [[step], [0]])).sum()


slope = (X.array.T @ (1 - np.tanh(X.array @ W.array) ** 2))[0, 0]
sizes = np.logspace(-12, 0, 49)
errors = [abs((tanh_loss(e) - tanh_loss(-e)) / (2 * e) - slope) for e in sizes]
# %%
fig, (left, right) = figure(1, 2, width=8.3)
left.plot(W.array[0, 0] + changes, curve, color=BLUE, label="loss L | 损失 L")
left.plot(W.array[0, 0] + changes, tangent, color=ORANGE, label="slope dW | 斜率 dW")
left.plot(W.array[0, 0], L.item(), "o", color=INK)
left.set(xlabel="W[0, 0]", ylabel="L", ylim=(-0.3, 4.5))
left.legend()
right.loglog(sizes, errors, ".-", color=BLUE)
right.axvspan(1e-12, sizes[np.argmin(errors)], color=GREY, alpha=0.15, lw=0)
right.set(xlabel="ε", ylabel="error of the slope | 斜率的误差")
right.text(2e-12, max(errors), "rounding | 舍入", va="top")
right.text(1e-3, max(errors), "curvature | 曲率", va="top", ha="right")
show(fig, "Left: the gradient is a tangent. Right: the error of nudging is smallest for ε between 10⁻⁷ and 10⁻⁵.",
     "左：梯度就是切线。右：数值微分的误差在 ε 取 10⁻⁷ 到 10⁻⁵ 时最小。")  # fmt: skip
finding(1e-8 < sizes[np.argmin(errors)] < 1e-4, f"The best ε here is {sizes[np.argmin(errors)]:.0e}, with an error of "
        f"{min(errors):.0e}.",
        f"这里最好的 ε 是 {sizes[np.argmin(errors)]:.0e}，误差为 {min(errors):.0e}。")  # fmt: skip

stepped = (((X @ Tensor(W.array - 0.1 * by_hand)) - T) ** 2).mean().item()
finding(stepped < L.item(), f"One step against the gradient, W ← W − 0.1 dW, lowers the loss from {L.item():.3f} to "
        f"{stepped:.3f}. That is all of learning; the rest is repetition.",
        f"沿梯度的反方向走一步，$W \\leftarrow W - 0.1\\,dW$，损失就从 {L.item():.3f} 降到 {stepped:.3f}。"
        "学习就是这么回事，剩下的只是重复。")  # fmt: skip

# %% [markdown]
# **Exercise.** Put a $\tanh$ between the layer and the error: `Y = (X @ W).tanh()`. Work out $dW$ by hand first (the
# derivative of $\tanh y$ is $1 - \tanh^2 y$), then let `backward()` and the nudge check you.
#
# **练习。** 在线性层与误差之间加一个 $\tanh$：`Y = (X @ W).tanh()`。先手算 $dW$（$\tanh y$ 的导数是
# $1 - \tanh^2 y$），再让 `backward()` 和数值微分来检验你的结果。
#
# **Answer.** One factor more: $dW = X^\top \big(\tfrac{2}{n}(Y - T) \odot (1 - Y \odot Y)\big)$, in code
# `X.array.T @ (2 * (Y.array - T.array) / Y.size * (1 - Y.array**2))`. The entries with $|Y|$ near 1 hardly move the
# loss any more: $\tanh$ is saturated there, a word that chapter 2 needs for softmax.
#
# **答案。** 只多一个因子：$dW = X^\top \big(\tfrac{2}{n}(Y - T) \odot (1 - Y \odot Y)\big)$，写成代码就是
# `X.array.T @ (2 * (Y.array - T.array) / Y.size * (1 - Y.array**2))`。$|Y|$ 接近 1 的元素几乎不再影响损失：
# $\tanh$ 在那里饱和了。讲 softmax 的第 2 章还会用到“饱和”这个词。
