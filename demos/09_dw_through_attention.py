# %% [markdown]
# # dW, forward and backward through attention
# # dW 怎样穿过注意力：前向与反向
#
# This is the heart of the guide. We take one weight matrix of one attention head, $W_q$, follow it forward to the
# loss, and follow the gradient back to it, number by number: three words of four features, $d_k = 2$.
#
# 这是本教程的核心。取一个注意力头里的一个权重矩阵 $W_q$，跟着它前向走到损失，再跟着梯度一步一步走回来，每个数都摆在眼
# 前：三个词，每个词四个特征，$d_k = 2$。
#
# $$Q = XW_q \qquad K = XW_k \qquad V = XW_v$$
#
# $$S = \frac{QK^\top}{\sqrt{d_k}} \qquad P = \mathrm{softmax}(S) \qquad Y = PV \qquad
# L = \mathrm{mean}\big((Y-T)^{2}\big)$$
#
# The paper has this in section 3.2.1; $T$ is a target, so that there is a loss. The program is the same lines, with a
# name for every step on the way:
#
# 这就是论文 3.2.1 节的公式；$T$ 是目标值，有了它才有损失。程序与公式逐行相同，只是中间的每一步都取了名字：
# %%
from guide import BLUE, INK, ORANGE, figure, finding, heatmap, show

import numpy as np
from attention_dw import make_leaves, nudged

from tinygrad_tf import Tensor, grad, graph, no_grad


def head(X, W_q, W_k, W_v, T):
    Q, K, V = X @ W_q, X @ W_k, X @ W_v  # (n, d_k)
    Kt = K.mT  # (d_k, n)
    A = Q @ Kt  # (n, n): how well each query fits each key
    S = A / np.sqrt(W_k.shape[-1])  # (n, n)
    P = S.softmax()  # (n, n): each row adds up to 1
    Y = P @ V  # (n, d_k)
    E = Y - T  # (n, d_k)
    E2 = E**2  # (n, d_k)
    L = E2.mean()  # ()
    return Q, K, V, Kt, A, S, P, Y, E, E2, L


leaves = make_leaves()  # random numbers in float64
X, W_q, W_k, W_v, T = leaves.values()
Q, K, V, Kt, A, S, P, Y, E, E2, L = head(**leaves)

# %% [markdown]
# ## Back by the chain rule
# ## 用链式法则走回来
#
# Now backward, from the end to the beginning. We write $dY$ for $\partial L / \partial Y$. A product $C = AB$ hands
# back $dA = dC\,B^\top$ and $dB = A^\top dC$. Softmax hands back $P \odot (dP - \text{the row sums of } dP \odot P)$:
# an entry gets its share of how far its $dP$ lies above the weighted average of the row.
#
# 现在从尾到头往回走。$dY$ 表示 $\partial L / \partial Y$。乘积 $C = AB$ 往回传 $dA = dC\,B^\top$ 和 $dB = A^\top dC$。
# softmax 往回传 $P \odot (dP - \text{rowsum}(dP \odot P))$：$dP$ 的元素高出本行加权平均多少，就按份额 $P$ 得到多少。
#
# $$dY = \tfrac{2}{nd_k}(Y - T) \qquad dP = dY\,V^\top \qquad dS = P \odot (dP - \textstyle\sum_j dP \odot P)$$
#
# $$dQ = \frac{dS\,K}{\sqrt{d_k}} \qquad dW_q = X^\top dQ$$
# %%
x, k, v, p, y, t = (Z.array for Z in (X, K, V, P, Y, T))  # the arrays
dY = 2 * (y - t) / y.size
dP = dY @ v.T
dS = p * (dP - (dP * p).sum(axis=1, keepdims=True))
dQ = dS @ k / np.sqrt(2)
dW_q = x.T @ dQ

by_rules = [g.array for g in grad(L, [Y, P, S, Q, W_q], retain_graph=True)]
apart = max(abs(a - b).max() for a, b in zip(by_rules, (dY, dP, dS, dQ, dW_q), strict=True))
slope = abs(nudged(leaves, "W_q") - dW_q).max()
forward = {"X": x, "W_q": W_q, "Q": Q, "S": S, "P": P, "Y": Y}
backward = {"": None, "dW_q": dW_q, "dQ": dQ, "dS": dS, "dP": dP, "dY": dY}
fig, axes = figure(2, 6, width=10.2, height=4.6, width_ratios=(4, 2, 2, 3, 3, 2))
for row, values in zip(axes, (forward, backward), strict=True):
    for axis, (name, value) in zip(row, values.items(), strict=True):
        axis.set_title(name)
        axis.axis("off")
        if value is not None:
            heatmap(axis, value, numbers=True, digits=3, signed=True)
axes[0, 0].set_title("forward →  X | 前向 →  X")
axes[1, 5].set_title("dY  ← backward | dY  ← 反向")
show(fig, "The numbers on the way; each panel has its own colours. Above: left to right to $Y$. Below: right to left "
     "to $dW_q$, each shaped like what is above.",
     "途中的各个数；每格颜色各自定标。上排从左到右，前向到 $Y$；下排从右到左，反向到 $dW_q$。"
     "每个梯度与它上方的量形状相同。")  # fmt: skip
finding(apart < 1e-12 and slope < 1e-8,
        f"By hand and by `backward()` every number is the same within {apart:.0e}. Nudging each entry of $W_q$ by "
        f"±0.00001 and running the forward again gives the same slopes within {slope:.0e}.",
        f"手算与 `backward()` 的每个数都一致，相差不超过 {apart:.0e}。把 $W_q$ 的每个元素挪动 ±0.00001 再跑前向，"
        f"得到的斜率也一致，相差不超过 {slope:.0e}。")  # fmt: skip

# %% [markdown]
# ## The same, drawn
# ## 画出来看
#
# Nobody drew this by hand: the package recorded what ran, and reads the formula on each purple arrow from the source
# of the rule that ran there. $W_k$ and $W_v$ are left out: no gradient on its way to $W_q$ passes them; it
# only needs $K$ and $V$, which the forward made with them.
#
# 这张图不是人画的：程序记录了执行过的每一步，紫色箭头上的公式取自当时执行的那条规则的源代码。图中没有 $W_k$、$W_v$：走
# 向 $W_q$ 的梯度不经过它们，只用到由它们算出的 $K$ 和 $V$。
# %%
show(lambda lang: graph.draw(L, path_to=W_q, values=True, lang=lang),
     "From the loss back to $W_q$. Beside each value stands its gradient, in purple.",
     "从损失回到 $W_q$。每个值旁边的紫色数字是它的梯度。")  # fmt: skip
show(lambda lang: graph.explain(L, W_q, lang=lang), "The same as a derivation.", "同样的内容，写成推导。")
show(graph.explore(L, path_to=W_q, values="full"), "And to step through: press →, and choose another weight.",
     "也可以一步一步地走：按 → 键；还可以换一个权重。")  # fmt: skip

# %% [markdown]
# ## dW changes W
# ## dW 更新 W
#
# What is $dW_q$ good for? Gradient descent: $W_q \leftarrow W_q - \eta\,dW_q$. For a small step $\eta$ the loss is
# nearly a plane, and falls by $\eta\|dW_q\|^2$: slope times step, summed over all entries.
#
# $dW_q$ 有什么用？梯度下降：$W_q \leftarrow W_q - \eta\,dW_q$。步长 $\eta$ 很小时，损失面近似一个平面，损失下降
# $\eta\|dW_q\|^2$：每个元素的斜率乘步长，再求和。
# %%
squared = (dW_q**2).sum()
rates = np.linspace(0, 30, 61)
loss = lambda rate: head(**{**leaves, "W_q": Tensor(W_q.array - rate * dW_q)})[-1].item()
with no_grad():
    losses, after = [loss(rate) for rate in rates], loss(0.1)
fig, axes = figure(height=2.8)
axes.plot(rates, losses, color=BLUE, label="L(W_q − η dW_q)")
axes.plot(rates[:7], L.item() - rates[:7] * squared, "--", color=ORANGE, label="L − η ‖dW_q‖²")
axes.plot(0, L.item(), "o", color=INK)
axes.set(xlabel="step η | 步长 η", ylabel="loss L | 损失 L")
axes.legend()
show(fig, "The loss in the direction of $-dW_q$: first as steep as the tangent, then it bends; too long a step leads "
     "up again.", "沿 $-dW_q$ 方向的损失：起初与切线一样陡，然后弯曲；步子太大，又会升上去。")  # fmt: skip
fell, foretold = L.item() - after, 0.1 * squared
finding(0.95 < fell / foretold < 1.05,
        f"A step of $\\eta = 0.1$ takes the loss from {L.item():.6f} to {after:.6f}. It falls by {fell:.6f}; "
        f"$\\eta\\|dW_q\\|^2$ predicts {foretold:.6f}.",
        f"走一步 $\\eta = 0.1$，损失从 {L.item():.6f} 变为 {after:.6f}，下降 {fell:.6f}；"
        f"按 $\\eta\\|dW_q\\|^2$ 预测应下降 {foretold:.6f}。")  # fmt: skip

# %% [markdown]
# **Exercise.** $dW_v$ takes a shorter way than $dW_q$. Write it by hand (two products), compare with `grad(L, W_v)`,
# then find it in the page above. Which of the arrays of the forward does each of the two need?
#
# **练习。** $dW_v$ 走的路比 $dW_q$ 短。手写出来（两个乘积），与 `grad(L, W_v)` 比较，再到上面的页面里找到它。二者各自
# 用到前向的哪些数组？
