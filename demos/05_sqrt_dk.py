# %% [markdown]
# # Why divide by $\sqrt{d_k}$?
# # 为什么要除以 $\sqrt{d_k}$？
#
# The score of a query and a key is their dot product, a sum of $d_k$ products. The more there are to add, the farther
# the sum strays from 0. How far? Take the components as independent, with mean 0 and variance 1. Then every product
# $q_i k_i$ has mean 0 and variance 1, and variances of independent things add up (Vaswani et al. 2017, footnote 4):
#
# query 与 key 的分数是它们的点积，也就是 $d_k$ 个乘积之和。项数越多，和就偏离 0 越远。偏多远？
# 假设各分量互相独立，均值为 0，方差为 1。那么每个乘积 $q_i k_i$ 的均值是 0，方差是 1，
# 而独立随机变量之和的方差等于方差之和（Vaswani 等 2017，脚注 4）：
#
# $$q \cdot k = \sum_{i=1}^{d_k} q_i k_i, \qquad \mathrm{Var}(q \cdot k) = d_k, \qquad
# \mathrm{Var}\!\left(\frac{q \cdot k}{\sqrt{d_k}}\right) = 1$$
#
# So undivided scores spread by $\pm\sqrt{d_k}$: by 8 for a head of GPT-2 ($d_k = 64$). Chapter 2 showed what softmax
# makes of large differences: everything for one, and no slope left. The paper only *suspects* that this is why large
# heads learnt badly without the division (section 3.2.1). We measure it.
#
# 所以不做除法的话，分数的起伏约为 $\pm\sqrt{d_k}$：对 GPT-2 的一个头（$d_k = 64$）就是 8。第 2 章讲过 softmax
# 遇到大差距会怎样：赢家通吃，斜率消失。论文只是*猜测*，不做除法时大的头学不好就是因为这个（第 3.2.1 节）。我们来实测。
# %%
from guide import BLUE, GREY, ORANGE, figure, finding, short, show

import numpy as np
from tqdm import tqdm

from tinygrad_tf import Tensor, cross_entropy, manual_seed, nn, optim, randn

WIDTHS = 2 ** np.arange(2, 11)  # d_k from 4 to 1,024
KEYS = 64


def measure(d_k, scale):
    """Of the scores the variance, of softmax the entropy (nats), of the queries' ‖dS‖ the median and the largest."""
    Q, K, V, dY = randn(64, KEYS, d_k), randn(64, KEYS, d_k), randn(64, KEYS, 16), randn(64, KEYS, 16)
    S = Tensor((Q @ K.mT * scale).array, requires_grad=True)
    P = S.softmax()
    (P @ V * dY).sum().backward()  # as if the gradient dY came from what follows
    entropy = -(P.array * np.log(np.maximum(P.array, 1e-30))).sum(-1).mean()
    norms = np.linalg.norm(S.grad.array, axis=-1)  # of the gradient that passes through softmax, for each query
    return S.array.var(), entropy, np.median(norms), norms.max()


plain = np.array([measure(d_k, 1.0) for d_k in WIDTHS])
scaled = np.array([measure(d_k, d_k**-0.5) for d_k in WIDTHS])
fig, axes = figure(1, 3, width=9.5, height=3)
titles = ["variance of the scores | 分数的方差", "entropy (nats) | 熵（纳特）", "gradient ‖dS‖ | 梯度 ‖dS‖"]
for i, (axis, title) in enumerate(zip(axes, titles, strict=True)):
    axis.plot(WIDTHS, plain[:, i], "o--", color=ORANGE, label="q · k")
    axis.plot(WIDTHS, scaled[:, i], "s-", color=BLUE, label="q · k / √d_k")
    axis.set(xscale="log", yscale="linear" if i == 1 else "log", xlabel="d_k", title=title)
axes[1].axhline(np.log(KEYS), color=BLUE, lw=1, ls=":")
axes[0].legend()
show(fig, f"Random queries and {KEYS} random keys. Dotted: the entropy of equal shares, ln {KEYS}. The gradient is "
     "that of the median query.",
     f"随机的 query 与 {KEYS} 个随机的 key。点线是均分时的熵 ln {KEYS}。梯度取各 query 的中位数。")  # fmt: skip

slope = np.polyfit(np.log(WIDTHS), np.log(plain[:, 0]), 1)[0]
finding(abs(slope - 1) < 0.05 and abs(scaled[:, 0] - 1).max() < 0.1,
        f"The variance of $q \\cdot k$ grows like $d_k$ to the power {slope:.3f}. That of $q \\cdot k / \\sqrt{{d_k}}$ "
        f"stays between {scaled[:, 0].min():.2f} and {scaled[:, 0].max():.2f}.",
        f"$q \\cdot k$ 的方差随 $d_k$ 的 {slope:.3f} 次方增长；$q \\cdot k / \\sqrt{{d_k}}$ 的方差始终在 "
        f"{scaled[:, 0].min():.2f} 与 {scaled[:, 0].max():.2f} 之间。")  # fmt: skip
times = scaled[-1, 2] / plain[-1, 2]
finding(plain[-1, 1] < 0.3 and scaled[:, 1].min() > 3.3 and times > 50 and plain[-1, 3] > scaled[-1, 3],
        f"At $d_k = 1024$ the undivided softmax looks almost at a single key (entropy {plain[-1, 1]:.2f} nats; equal "
        f"shares have {np.log(KEYS):.2f}, the divided one {scaled[-1, 1]:.2f}). The gradient $\\|dS\\|$ of its median "
        f"query is {times:,.0f} times smaller. A few still get a large one (at most {plain[-1, 3]:.1f}; divided, "
        f"{scaled[-1, 3]:.1f}), most get almost none.",
        f"$d_k = 1024$ 时，不做除法的 softmax 几乎只看一个 key（熵 {plain[-1, 1]:.2f} 纳特；均分是 {np.log(KEYS):.2f}，"
        f"做除法的是 {scaled[-1, 1]:.2f}）。各 query 的 $\\|dS\\|$ 取中位数，只有做除法时的 {times:,.0f} 分之一："
        f"少数 query 的梯度仍然很大（最大 {plain[-1, 3]:.1f}，做除法的最大 {scaled[-1, 3]:.1f}），"
        "多数几乎为零。")  # fmt: skip
# %% [markdown]
# ## Does it matter for learning?
# ## 这对学习有影响吗？
#
# The task is that of chapter 3: eight pairs such as `A3`, then a letter, to be answered by its digit. The weights start
# so that the components of $q$ and $k$ have variance 1. We train with and without the division, all else the same; of
# three learning rates the best counts, for both.
#
# 任务与第 3 章相同：先读八对，例如 `A3`，再读一个字母，回答它的数字。初始权重让 $q$ 与 $k$ 的分量方差为 1。
# 做除法与不做除法各训练一遍，其余完全相同；双方都可以试三个学习率，取最好的结果。
# %%
D, PAIRS, STEPS = 64, 8, 150


class Head(nn.Module):
    def __init__(self, d_k, scale):
        self.letter, self.digit, self.scale = nn.Embedding(10, D), nn.Embedding(11, D), scale
        self.W_q, self.W_k = nn.Linear(D, d_k, bias=False), nn.Linear(D, d_k, bias=False)
        for W in (self.W_q.weight, self.W_k.weight):
            nn.init.normal_(W, std=(2 * D) ** -0.5)  # X is the sum of two vectors of variance 1
        self.W_v, self.read = nn.Linear(D, D, bias=False), nn.Linear(D, 10)

    def forward(self, letters, digits):
        X = self.letter(letters) + self.digit(digits)  # (B, 9, D): eight pairs and the question
        Q, K, V = self.W_q(X[:, -1:]), self.W_k(X[:, :-1]), self.W_v(X[:, :-1])  # of the question; of the pairs
        P = (Q @ K.mT * self.scale).softmax()  # (B, 1, 8)
        return self.read((P @ V)[:, 0])


def curve(d_k, scale, lr):
    """The loss (nats) at each step of training."""
    manual_seed(0)
    rng, head, losses = np.random.default_rng(0), Head(d_k, scale), []
    optimizer = optim.Adam(head.parameters(), lr=lr)
    for _ in tqdm(range(STEPS), desc=f"d_k = {d_k}"):
        letters, digits = np.argsort(rng.random((64, 10)))[:, : PAIRS + 1], rng.integers(0, 10, (64, PAIRS + 1))
        at = (np.arange(64), rng.integers(0, PAIRS, 64))  # the pair that is asked for
        letters[:, -1], digits[:, -1] = letters[at], 10
        loss = cross_entropy(head(letters, digits), digits[at])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return np.array(losses)


def best(d_k, scale):
    curves = [curve(d_k, scale, lr) for lr in ([1e-3] if short else [3e-4, 1e-3, 3e-3])]
    return min(curves, key=lambda losses: losses[-20:].mean())


ends = {}
fig, axes = figure(1, 2, width=8.5, height=3.2, sharey=True)
for axis, d_k in zip(axes, (16, 1024), strict=True):
    for scale, colour, style, label in ((1.0, ORANGE, "--", "q · k"), (d_k**-0.5, BLUE, "-", "q · k / √d_k")):
        losses = best(d_k, scale)
        axis.plot(losses, color=colour, linestyle=style, label=label)
        ends[d_k, label] = losses[-20:].mean()
    axis.axhline(np.log(10), color=GREY, lw=1, ls=":")
    axis.set(xlabel="training step | 训练步数", title=f"d_k = {d_k:,}")
axes[0].set_ylabel("loss (nats) | 损失（纳特）")
axes[1].legend()
show(fig, "The same training with and without the division. The dotted line is guessing, ln 10.",
     "同样的训练，做除法与不做除法。点线是瞎猜的水平 ln 10。")  # fmt: skip
plain, scaled = ends[1024, "q · k"], ends[1024, "q · k / √d_k"]
finding(scaled < 0.1 and plain > 3 * scaled and plain > 0.15, f"With $d_k = 1024$ the loss after {STEPS} steps is "
        f"{scaled:.3f} nats with the division and {plain:.2f} without it, for the same model and the same data.",
        f"$d_k = 1024$ 时，训练 {STEPS} 步之后，做除法的损失是 {scaled:.3f} 纳特，不做除法的是 {plain:.2f}，"
        "模型与数据完全相同。")  # fmt: skip
# %% [markdown]
# **Exercise.** Do not divide, but start with $W_q$ smaller by the factor $\sqrt{d_k}$. The scores are then the same at
# the first step. Is the training the same, too? (Think of how far one step of Adam moves a weight, and the scores.)
#
# **练习。** 不做除法，改为把 $W_q$ 的初始值除以 $\sqrt{d_k}$，于是第一步的分数与做除法时完全一样。训练过程也一样吗？
# （想一想：Adam 走一步，权重动了多少，分数又动了多少？）
