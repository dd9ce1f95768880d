# %% [markdown]
# # dW, forward and backward through attention
# # dW 怎样穿过注意力：前向与反向
#
# This is the heart of the guide. We take one weight matrix of one attention head, $W_q$, follow it forward to the
# loss, and follow the gradient back to it, number by number: three words of four features, $d_k = 2$. The numbers are
# chosen so that you can follow with a pocket calculator.
#
# 这是本教程的核心。取一个注意力头里的一个权重矩阵 $W_q$，跟着它前向走到损失，再跟着梯度一步一步走回来，
# 每个数都摆在眼前：三个词，每个词四个特征，$d_k = 2$。这些数都很简单，用计算器就能跟着算。
#
# $$Q = XW_q \qquad K = XW_k \qquad V = XW_v$$
#
# $$S = \frac{QK^\top}{\sqrt{d_k}} \qquad P = \mathrm{softmax}(S) \qquad Y = PV \qquad
# L = \mathrm{mean}\big((Y-T)^{2}\big)$$
#
# The paper has this in section 3.2.1; $T$ is a target, so that there is a loss. The program is the same lines, with a
# name for every step on the way:
#
# 这就是论文第 3.2.1 节的公式；$T$ 是目标值，有了它才有损失。程序与公式逐行相同，只是中间的每一步都取了名字：
# %%
from guide import BLUE, INK, ORANGE, figure, finding, heatmap, show, table

import numpy as np
from attention_dw import make_leaves, nudged

from tinygrad_tf import Tensor, grad, graph, no_grad


def head(X, W_q, W_k, W_v, T):
    Q, K, V = X @ W_q, X @ W_k, X @ W_v  # (n, d_k)
    Kt = K.mT  # (d_k, n)
    A = Q @ Kt  # (n, n): how well each query fits each key | (n, n)：每个 query 与每个 key 有多相配
    S = A / np.sqrt(W_k.shape[-1])  # (n, n)
    P = S.softmax()  # (n, n): each row adds up to 1 | (n, n)：每行之和为 1
    Y = P @ V  # (n, d_k)
    E = Y - T  # (n, d_k)
    E2 = E**2  # (n, d_k)
    L = E2.mean()  # ()
    return Q, K, V, Kt, A, S, P, Y, E, E2, L


leaves = make_leaves()  # random numbers with one decimal | 一位小数的随机数
X, W_q, W_k, W_v, T = leaves.values()
Q, K, V, Kt, A, S, P, Y, E, E2, L = head(**leaves)
x, w, k, v, q, s, p, y, t = (Z.array for Z in (X, W_q, K, V, Q, S, P, Y, T))  # the arrays | 取出数组


# %%
def matrices(named, digits, **size):
    fig, axes = figure(1, len(named), width_ratios=[value.shape[1] for value in named.values()], **size)
    for axis, (name, value), places in zip(axes, named.items(), digits, strict=True):
        heatmap(axis, value, numbers=True, digits=places, signed=True)
        axis.set_aspect(0.75 if places > 2 else 1)  # room for long numbers | 给长的数留地方
        axis.set_title(name)
        axis.axis("off")
    return fig


given = {"X": x, "W_q": w, "W_k": W_k.array, "W_v": W_v.array, "T": t}
show(matrices(given, [1] * 5, width=7.5, height=2.3),
     "What is given. A row of $X$ is a word, a row of $T$ what its output should be.",
     "已知的量。$X$ 的每行是一个词，$T$ 的每行是这个词的输出应有的值。")  # fmt: skip
show(matrices({"Q": q, "K": k, "V": v}, [2] * 3, width=5, height=1.9),
     "Forward: each word has a query, a key and a value. Each matrix has colours of its own.",
     "前向：每个词都有一个 query、一个 key 和一个 value。每个矩阵的颜色各自定标。")  # fmt: skip
show(matrices({"S": s, "P": p, "Y": y}, [4] * 3, width=6.5, height=2.1),
     f"Scores, attention weights, output; the loss is $L = {L.item():.4f}$.",
     f"分数、注意力权重、输出；损失 $L = {L.item():.4f}$。")  # fmt: skip
# %% [markdown]
# ## Forward, one entry of each matrix
# ## 前向：每个矩阵取一个元素
#
# Follow the third word, which is row 2, since Python counts from 0. One entry of each matrix, every product written
# out; all other entries are computed in the same way from another row or column.
#
# 跟着第三个词走，也就是第 2 行（Python 从 0 数起）。每个矩阵取一个元素，每个乘积都写出来；
# 其余元素的算法相同，只是换一行或换一列。
# %%


def n(value):
    # A number as it is written between products. | 写在乘积之间的数。
    text = f"{round(float(value), 4):g}".replace("-", "−")
    return f"({text})" if value < 0 else text


def products(a, b):
    return " + ".join(f"{n(i)} · {n(j)}" for i, j in zip(a, b, strict=True))


powers = [f"e^{n(value)}" for value in s[2]]
squares = " + ".join(f"{n(error)}²" for error in (y - t).flat)
forward = [
    ["Q[2, 1]", n(q[2, 1]), products(x[2], w[:, 1])],
    ["S[2, 0]", n(s[2, 0]), f"({products(q[2], k[0])}) / √2"],
    ["P[2, 0]", n(p[2, 0]), f"{powers[0]} / ({' + '.join(powers)})"],
    ["Y[2, 0]", n(y[2, 0]), products(p[2], v[:, 0])],
    ["L", n(L.item()), f"({squares}) / 6"],
]
show(table(["entry | 元素", "value | 值", "written out | 逐项写出"], [[a, b.strip("()"), c] for a, b, c in forward]),
     "Five steps forward. `Q[2, 1]` is row 2 of $X$ times column 1 of $W_q$; `S[2, 0]` is query 2 times key 0.",
     "前向五步。`Q[2, 1]` 是 $X$ 的第 2 行乘 $W_q$ 的第 1 列；`S[2, 0]` 是第 2 个 query 乘第 0 个 key。")  # fmt: skip

# %% [markdown]
# ## Back by the chain rule
# ## 用链式法则走回来
#
# Now backward, from the end to the beginning. We write $dY$ for $\partial L / \partial Y$. A product $C = AB$ hands
# back $dA = dC\,B^\top$ and $dB = A^\top dC$ (chapter 1). Softmax hands back
# $P \odot (dP - \text{the row sums of } dP \odot P)$ (chapter 2): an entry gets its share of how far its $dP$ lies
# above the weighted average of the row.
#
# 现在从尾到头往回走。$dY$ 表示 $\partial L / \partial Y$。乘积 $C = AB$ 往回传 $dA = dC\,B^\top$ 和 $dB = A^\top dC$
# （第 1 章）。softmax 往回传 $P \odot (dP - \text{rowsum}(dP \odot P))$（第 2 章）：
# $dP$ 的元素比本行的加权平均高出多少，乘以它的注意力权重，就是这个元素得到的梯度。
#
# $$dY = \tfrac{2}{nd_k}(Y - T) \qquad dP = dY\,V^\top \qquad dS = P \odot (dP - \textstyle\sum_j dP \odot P)$$
#
# $$dQ = \frac{dS\,K}{\sqrt{d_k}} \qquad dW_q = X^\top dQ$$
# %%
dY = 2 * (y - t) / y.size
dP = dY @ v.T
dS = p * (dP - (dP * p).sum(axis=1, keepdims=True))
dQ = dS @ k / np.sqrt(2)
dW_q = x.T @ dQ

by_rules = [g.array for g in grad(L, [Y, P, S, Q, W_q], retain_graph=True)]
apart = max(abs(a - b).max() for a, b in zip(by_rules, (dY, dP, dS, dQ, dW_q), strict=True))
slope = abs(nudged(leaves, "W_q") - dW_q).max()
# %%
show(matrices({"dY": dY, "dP": dP, "dS": dS, "dQ": dQ, "dW_q": dW_q}, [4] * 5, width=8.3, height=2.4),
     "Backward, from left to right: each gradient has the shape of what it is the gradient of.",
     "反向，从左到右：每个梯度与它所对应的量形状相同。")  # fmt: skip
backward = [
    ["dY[2, 0]", n(dY[2, 0]), f"2 / 6 · ({n(y[2, 0])} − {n(t[2, 0])})"],
    ["dP[2, 0]", n(dP[2, 0]), products(dY[2], v[0])],
    ["dS[2, 0]", n(dS[2, 0]), f"{n(p[2, 0])} · ({n(dP[2, 0])} − ({products(p[2], dP[2])}))"],
    ["dQ[2, 1]", n(dQ[2, 1]), f"({products(dS[2], k[:, 1])}) / √2"],
    ["dW_q[1, 1]", n(dW_q[1, 1]), products(x[:, 1], dQ[:, 1])],
]
show(table(["entry | 元素", "value | 值", "written out | 逐项写出"], [[a, b.strip("()"), c] for a, b, c in backward]),
     "Five steps back, to the weight by which feature 1 enters query component 1. Three words use it, so three terms "
     "meet in `dW_q[1, 1]`.",
     "反向五步，走到“特征 1 进入 query 第 1 个分量”的那个权重。"
     "三个词都用到它，所以 `dW_q[1, 1]` 里有三项相加。")  # fmt: skip
finding(apart < 1e-12 and slope < 1e-8,
        f"By hand and by `backward()` every number is the same within {apart:.0e}. The numerical derivative, each "
        f"entry of $W_q$ nudged by ±0.00001 and the forward run again, gives the same slopes within {slope:.0e}.",
        f"手算与 `backward()` 的每个数都一致，相差不超过 {apart:.0e}。数值微分（把 $W_q$ 的每个元素改动 ±0.00001，"
        f"重新前向计算）得到的斜率也一致，相差不超过 {slope:.0e}。")  # fmt: skip

# The same once more, from the figures as they are printed. | 再算一遍，这次只用印出来的数。
printed = [Z.round(4) for Z in (s, p, y, dY, dP, dS, dQ)]
s4, p4, y4, dY4, dP4, dS4, dQ4 = printed
again = [q @ k.T / np.sqrt(2), np.exp(s4) / np.exp(s4).sum(1, keepdims=True), p4 @ v, (y4 - t) / 3, dY4 @ v.T,
         p4 * (dP4 - (dP4 * p4).sum(1, keepdims=True)), dS4 @ k / np.sqrt(2)]  # fmt: skip
worst = max(abs(a - b).max() for a, b in zip((*again, x.T @ dQ4), (*printed, dW_q.round(4)), strict=True))
finding(worst < 3e-4, f"The printed figures suffice: each matrix, computed anew from those before it as they are "
        f"printed, is off by at most {worst:.4f}.",
        f"印出来的数就够用：每个矩阵都用前面印出来的数重新算一遍，误差不超过 {worst:.4f}。")  # fmt: skip

# %% [markdown]
# ## The same, drawn
# ## 画出来看
#
# Nobody drew this by hand: the package recorded what ran, and reads the formula on each purple arrow from the source
# of the rule that ran there. $W_k$ and $W_v$ are left out: no gradient on its way to $W_q$ passes them; it
# only needs $K$ and $V$, which the forward made with them.
#
# 这张图不是人画的：程序记录了执行过的每一步，紫色箭头上的公式取自当时执行的那条规则的源代码。
# 图中没有 $W_k$ 和 $W_v$：走向 $W_q$ 的梯度不经过它们，只用到由它们算出的 $K$ 和 $V$。
# %%
show(lambda lang: graph.draw(L, path_to=W_q, values=True, lang=lang),
     "From the loss back to $W_q$. Beside each value stands its gradient, in purple.",
     "从损失回到 $W_q$。每个值旁边的紫色数字是它的梯度。")  # fmt: skip
show(lambda lang: graph.explain(L, W_q, lang=lang), "The same as a derivation.", "同样的内容，写成推导。")
show(graph.explore(L, path_to=W_q, values="full"), "And to step through: press →, and choose another weight.",
     "也可以一步一步地看：按 → 键前进；还可以换一个权重。")  # fmt: skip

# %% [markdown]
# ## dW changes W: direction and size of the update
# ## dW 更新 W：更新的方向与大小
#
# What is $dW_q$ good for? Gradient descent: $W_q \leftarrow W_q - \eta\,dW_q$. The **direction** of the update is
# that of $-dW_q$: a weight whose gradient is positive gets smaller, one with a negative gradient larger. Its **size**
# is the slope times the **learning rate** $\eta$: where the loss is steep, the weight moves far, and a weight on
# which the loss hardly depends stays where it is.
#
# $dW_q$ 有什么用？梯度下降：$W_q \leftarrow W_q - \eta\,dW_q$。更新的**方向**就是 $-dW_q$ 的方向：
# 梯度为正的权重变小，为负的变大。更新的**大小**是斜率乘**学习率** $\eta$：损失沿哪个权重变得陡，哪个权重就走得远；
# 损失几乎不依赖的权重，就几乎不动。
# %%
eta = 1.0
with no_grad():
    W_new = Tensor(w - eta * dW_q)
    after = head(**{**leaves, "W_q": W_new})[-1].item()
# %%
show(matrices({"W_q": w, "dW_q": dW_q, "W_q − η dW_q": W_new.array}, [1, 4, 4], width=5, height=2.4),
     f"One step with $\\eta = 1$. For one entry: $W_q[1, 1] = {w[1, 1]:g} - 1 \\cdot {dW_q[1, 1]:.4f} = "
     f"{W_new.array[1, 1]:.4f}$. The loss was {L.item():.4f} and is {after:.4f} now.",
     f"走一步，$\\eta = 1$。以一个元素为例：$W_q[1, 1] = {w[1, 1]:g} - 1 \\cdot {dW_q[1, 1]:.4f} = "
     f"{W_new.array[1, 1]:.4f}$。损失原来是 {L.item():.4f}，现在是 {after:.4f}。")  # fmt: skip

# %% [markdown]
# By how much must the loss fall? For a small $\eta$ it is nearly a plane: each entry moves by $-\eta\,dW$ along a slope
# of $dW$, so all together they lower the loss by $\eta\|dW_q\|^2$. For larger steps the plane is left, and the loss
# bends:
#
# 损失应该下降多少？$\eta$ 很小时，损失面近似一个平面：每个元素沿着斜率 $dW$ 移动 $-\eta\,dW$，
# 合起来使损失下降 $\eta\|dW_q\|^2$。步子大了就离开这个平面，损失开始弯曲：
# %%
squared = (dW_q**2).sum()
rates = np.linspace(0, 30, 61)
with no_grad():
    losses = [head(**{**leaves, "W_q": Tensor(w - rate * dW_q)})[-1].item() for rate in rates]
# %%
fig, axes = figure(height=2.8)
axes.plot(rates, losses, color=BLUE, label="L(W_q − η dW_q)")
axes.plot(rates[:7], L.item() - rates[:7] * squared, "--", color=ORANGE, label="L − η ‖dW_q‖²")
axes.plot(0, L.item(), "o", color=INK)
axes.set(xlabel="learning rate η | 学习率 η", ylabel="loss L | 损失 L")
axes.legend()
show(fig, "The loss in the direction of $-dW_q$: first as steep as the tangent, then it bends; too long a step leads "
     "up again.", "沿 $-dW_q$ 方向的损失：起初与切线一样陡，然后弯曲；步子太大，又会升上去。")  # fmt: skip
fell, foretold = L.item() - after, eta * squared
finding(after < L.item() and 0.8 < fell / foretold < 1.05,
        f"The step with $\\eta = 1$ lowers the loss by {fell:.4f}; $\\eta\\|dW_q\\|^2$ predicts {foretold:.4f}. The "
        f"best step of those tried is $\\eta = {rates[np.argmin(losses)]:g}$.",
        f"$\\eta = 1$ 的一步使损失下降 {fell:.4f}；按 $\\eta\\|dW_q\\|^2$ 预测应下降 {foretold:.4f}。"
        f"试过的步长中，最好的是 $\\eta = {rates[np.argmin(losses)]:g}$。")  # fmt: skip

# %% [markdown]
# **Exercise.** $dW_v$ takes a shorter way than $dW_q$. Write it by hand (two products), compare with `grad(L, W_v)`,
# then find it in the page above. Which of the arrays of the forward does each of the two need?
#
# **练习。** $dW_v$ 走的路比 $dW_q$ 短。手写出来（两个乘积），与 `grad(L, W_v)` 比较，再到上面的页面里找到它。
# 二者各自用到前向的哪些数组？
#
# **Answer.** $dV = P^\top dY$ and $dW_v = X^\top dV$, in code `x.T @ (p.T @ dY)`. For $dW_v$ the backward reads $Y$ and
# $T$ (in $dY$), $P$ and $X$. For $dW_q$ it reads these four and also $V$ (in $dP$) and $K$ (in $dQ$): the
# gradient of $W_q$ has to pass the softmax, that of $W_v$ does not.
#
# **答案。** $dV = P^\top dY$，$dW_v = X^\top dV$，写成代码就是 `x.T @ (p.T @ dY)`。
# 求 $dW_v$ 时，反向用到 $Y$ 和 $T$（在 $dY$ 里）、$P$ 和 $X$；求 $dW_q$ 时，除了这四个，还要用到 $V$（在 $dP$ 里）
# 和 $K$（在 $dQ$ 里）：$W_q$ 的梯度必须穿过 softmax，$W_v$ 的不用。
