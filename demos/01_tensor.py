# %% [markdown]
# # What is a gradient, and who computes it?
# # 什么是梯度，谁来算它？
#
# A network is a function with many numbers in it that may be changed: its weights. Learning means to change each of
# them a little so that the loss falls. For that we must know, of every single weight, how the loss would change if this
# weight changed. That is the **gradient**, and everything else in this guide rests on it.
#
# 网络就是一个带着许多可调数字的函数，这些数字叫权重。所谓学习，就是把每个权重都改动一点点，让损失变小。
# 为此我们必须知道：单独改动某个权重时，损失会怎么变。这就是**梯度**，本教程的一切都建立在它上面。
#
# We take the smallest network there is, one linear layer with a squared error,
#
# 我们取最小的网络：一个线性层，加上平方误差，
#
# $$Y = XW, \qquad L = \frac{1}{n}\sum_{i,j} (Y_{ij} - T_{ij})^2,$$
#
# where $Y$ has $n$ entries. A `Tensor` holds an array, and remembers the operation and the inputs that made it: so the
# whole computation can be walked backward from `L`.
#
# 其中 $n$ 是 $Y$ 的元素个数。`Tensor` 保存一个数组，同时记住自己由哪个运算、哪些输入得来。
# 所以可以从 `L` 出发，沿着整个计算往回走。
# %%
from guide import BLUE, GREY, INK, ORANGE, figure, finding, say, show, table

import numpy as np

from tinygrad_tf import Tensor, graph, no_grad

X = Tensor([[1.0, 2.0], [3.0, -1.0], [0.5, 1.0]], dtype="float64")  # three examples of two numbers each
T = Tensor([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]], dtype="float64")  # what the layer should make of them
W = Tensor([[0.4, -0.6], [0.9, 0.2]], dtype="float64", requires_grad=True)

Y = X @ W
E = Y - T
E2 = E * E
L = E2.mean()
L.backward(retain_graph=True)  # keep the graph, to draw it below
say(f"The loss is $L = {L.item():.4f}$.", f"损失为 $L = {L.item():.4f}$。")
show(W, "The weight. `backward()` has given it a gradient of its own shape, `W.grad`.",
     "权重。`backward()` 给了它一个同样形状的梯度：`W.grad`。")  # fmt: skip
# %% [markdown]
# Where did `W.grad` come from? Follow the chain rule by hand. $L$ is a mean of squares, so each entry of $Y$ has the
# gradient $2E/n$; and since $Y_{ij} = \sum_k X_{ik} W_{kj}$, the weight $W_{kj}$ reaches the loss through every row
# $i$, weighted by $X_{ik}$. Summed over the rows that is one matrix product:
#
# `W.grad` 从哪里来？我们用链式法则手算一遍。$L$ 是平方的平均，所以 $Y$ 的每个元素的梯度是 $2E/n$；
# 又因为 $Y_{ij} = \sum_k X_{ik} W_{kj}$，权重 $W_{kj}$ 通过每一行 $i$ 影响损失，影响的大小是 $X_{ik}$。
# 对所有行求和，正好是一个矩阵乘法：
#
# $$dY = \frac{2}{n}(Y - T), \qquad dW = X^\top dY.$$
#
# We write $dW$ for $\partial L / \partial W$ throughout: it has the shape of $W$, one slope for each weight. The third
# way needs no calculus: move one weight by a small $\varepsilon$ to both sides, run the forward again, and divide.
#
# 本教程一律用 $dW$ 表示 $\partial L / \partial W$：它与 $W$ 形状相同，每个权重对应一个斜率。
# 第三种办法不需要微积分：把一个权重向两边各挪动一个小量 $\varepsilon$，重新前向计算，再相除。
#
# $$dW_{kj} \approx \frac{L(W_{kj} + \varepsilon) - L(W_{kj} - \varepsilon)}{2\varepsilon}$$
# %%
by_hand = X.array.T @ (2 * (Y.array - T.array) / Y.size)


def loss_at(k, j, step):
    """The loss with W[k, j] moved by ``step``: the forward alone."""
    moved = W.array.copy()
    moved[k, j] += step
    with no_grad():
        return (((X @ Tensor(moved)) - T) ** 2).mean().item()


def nudged(eps):
    slopes = [(loss_at(k, j, eps) - loss_at(k, j, -eps)) / (2 * eps) for k, j in np.ndindex(2, 2)]
    return np.reshape(slopes, (2, 2))


ways = (W.grad.array, by_hand, nudged(1e-5))
rows = [[f"dW[{k},{j}]", *[f"{dW[k, j]:.10f}" for dW in ways]] for k, j in np.ndindex(2, 2)]
show(table(["", "backward()", "by hand | 手算", "nudged | 挪动"], rows),
     "Three ways to the same four numbers.", "三种办法，同样的四个数。")  # fmt: skip
apart = max(abs(ways[0] - dW).max() for dW in ways[1:])
finding(apart < 1e-8, f"The rules, the hand and the nudge agree: no entry of dW differs by more than {apart:.0e}.",
        f"规则、手算、挪动三者一致：dW 的任何元素相差都不超过 {apart:.0e}。")  # fmt: skip
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
# 从下往上看：$dL = 1$，平均把它摊开，平方乘上 $2E$（分成两半，在箭头汇合处相加），最后左乘 $X^\top$ 得到 $dW$。
# %%
show(lambda lang: graph.draw(L, path_to=W, values=True, lang=lang),
     "From the loss back to W, with all numbers.", "从损失回到 W，带着所有数值。")  # fmt: skip

# %% [markdown]
# ## Why not simply nudge?
# ## 那为什么不干脆挪动？
#
# A gradient is the slope of the loss along one weight: the tangent on the left. Nudging finds it too, but costs two
# forward passes for *each* weight, while one backward pass gives all of them at once, for about the price of two
# forward passes. The smallest GPT-2 has 124 million weights. And nudging is inexact: large steps miss the curve, and
# with small ones the difference drowns in rounding. (On the right the loss is $\sum \tanh Y$; ours is a parabola.)
#
# 梯度就是损失沿某个权重方向的斜率，即左图的切线。挪动也能得到它，但*每个*权重都要做两次前向；
# 而一次反向就能同时得到全部梯度，代价大约只相当于两次前向。最小的 GPT-2 就有 1.24 亿个权重。
# 而且挪动并不精确：步子大了偏离曲线，步子小了差值又淹没在舍入误差里。
# （右图的损失是 $\sum \tanh Y$，因为我们的 $L$ 只是一条抛物线。）
# %%
fig, (left, right) = figure(1, 2, width=8.5)
steps = np.linspace(-1.5, 1.5, 61)
left.plot(W.array[0, 0] + steps, [loss_at(0, 0, step) for step in steps], color=BLUE, label="loss L | 损失 L")
left.plot(W.array[0, 0] + steps, L.item() + W.grad.array[0, 0] * steps, color=ORANGE, label="slope dW | 斜率 dW")
left.plot(W.array[0, 0], L.item(), "o", color=INK)
left.set(xlabel="W[0, 0]", ylabel="L", ylim=(-0.3, 4.5))
left.legend()

slope = (X.array.T @ (1 - np.tanh(X.array @ W.array) ** 2))[0, 0]
sizes = np.logspace(-12, 0, 49)
curve = lambda step: np.tanh(X.array @ (W.array[:, :1] + [[step], [0]])).sum()
errors = [abs((curve(e) - curve(-e)) / (2 * e) - slope) for e in sizes]
right.loglog(sizes, errors, ".-", color=BLUE)
right.axvspan(1e-12, sizes[np.argmin(errors)], color=GREY, alpha=0.15, lw=0)
right.set(xlabel="ε", ylabel="error of the slope | 斜率的误差")
right.text(2e-12, max(errors), "rounding | 舍入", va="top")
right.text(1e-3, max(errors), "curvature | 弯曲", va="top", ha="right")
show(fig, "Left: the gradient is a tangent. Right: the error of nudging is smallest for ε between 10⁻⁷ and 10⁻⁵.",
     "左：梯度就是切线。右：挪动的误差在 ε 取 10⁻⁷ 到 10⁻⁵ 时最小。")  # fmt: skip

stepped = (((X @ Tensor(W.array - 0.1 * W.grad.array)) - T) ** 2).mean().item()
finding(stepped < L.item(), f"One step against the gradient, W ← W − 0.1 dW, lowers the loss from {L.item():.3f} to "
        f"{stepped:.3f}. That is all of learning; the rest is repetition.",
        f"沿梯度的反方向走一步，W ← W − 0.1 dW，损失就从 {L.item():.3f} 降到 {stepped:.3f}。"
        "学习就是这么回事，剩下的只是重复。")  # fmt: skip

# %% [markdown]
# **Exercise.** Put a $\tanh$ between the layer and the error: `Y = (X @ W).tanh()`. Work out $dW$ by hand first (the
# derivative of $\tanh y$ is $1 - \tanh^2 y$), then let `backward()` and the nudge check you.
#
# **练习。** 在线性层与误差之间加一个 $\tanh$：`Y = (X @ W).tanh()`。先手算 $dW$（$\tanh y$ 的导数是
# $1 - \tanh^2 y$），再让 `backward()` 和挪动来检验你的结果。
