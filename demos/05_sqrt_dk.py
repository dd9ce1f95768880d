# %% [markdown]
# # Why divide by $\sqrt{d_k}$?
# # 为什么要除以 $\sqrt{d_k}$？
#
# The score of a query and a key is their dot product, a sum of $d_k$ products ($d_k$ is the number of their components,
# chapter 3). The more there are to add, the farther the sum strays from 0. How far? Take the components as independent,
# with mean 0 and variance 1. Then every product $q_i k_i$ has mean 0 and variance 1, and variances of independent
# things add up (Vaswani et al. 2017, footnote 4):
#
# query 与 key 的分数是它们的点积，也就是 $d_k$ 个乘积之和（$d_k$ 是它们的分量个数，见第 3 章）。项数越多，
# 和就偏离 0 越远。偏多远？假设各分量互相独立，均值为 0，方差为 1。那么每个乘积 $q_i k_i$ 的均值是 0，方差是 1，
# 而独立随机变量之和的方差等于方差之和（Vaswani 等，2017，脚注 4）：
#
# $$q \cdot k = \sum_{i=1}^{d_k} q_i k_i, \qquad \mathrm{Var}(q \cdot k) = d_k, \qquad
# \mathrm{Var}\!\left(\frac{q \cdot k}{\sqrt{d_k}}\right) = 1$$
#
# So undivided scores spread by $\pm\sqrt{d_k}$: by 8 for a head of GPT-2 ($d_k = 64$). Chapter 2 showed what softmax
# makes of large differences: it saturates, gives everything to one, and has no slope left, so that hardly any gradient
# passes: a **vanishing gradient**. Divided by $\sqrt{d_k}$ (**scaled dot-product attention**) the scores keep the
# variance 1 for every $d_k$. The paper only *suspects* that this is why large heads learnt badly without the division
# (section 3.2.1). We measure it.
#
# 所以不做除法的话，分数的起伏约为 $\pm\sqrt{d_k}$：对 GPT-2 的一个头（$d_k = 64$）就是 8。
# 第 2 章讲过，softmax 遇到很大的差距会怎样：它会**饱和**，赢家通吃，斜率几乎为 0，梯度传不过去：这叫**梯度消失**。
# 除以 $\sqrt{d_k}$ 之后（**缩放点积注意力**），无论 $d_k$ 多大，方差都是 1。不做除法时，很宽的头学得不好，
# 论文只是*猜测*原因在此（第 3.2.1 节）。我们来实测。
# %%
from guide import BLUE, GREY, ORANGE, figure, finding, short, show

import numpy as np
from tqdm import tqdm

from tinygrad_tf import Tensor, cross_entropy, manual_seed, nn, optim, randn

WIDTHS = 2 ** np.arange(2, 11)  # d_k from 4 to 1,024 | d_k 从 4 到 1024
KEYS = 64


def measure(d_k, scale):
    # Variance of the scores, entropy, median and largest ‖dS‖. | 分数的方差，熵，‖dS‖ 的中位数和最大值。
    Q, K, V, dY = randn(64, KEYS, d_k), randn(64, KEYS, d_k), randn(64, KEYS, 16), randn(64, KEYS, 16)
    S = Tensor((Q @ K.mT * scale).array, requires_grad=True)
    P = S.softmax()
    (P @ V * dY).sum().backward()  # as if dY came from what follows | 假设后面传来梯度 dY
    entropy = -(P.array * np.log(np.maximum(P.array, 1e-30))).sum(-1).mean()
    norms = np.linalg.norm(S.grad.array, axis=-1)  # for each query | 每个 query 的
    return S.array.var(), entropy, np.median(norms), norms.max()


plain = np.array([measure(d_k, 1.0) for d_k in WIDTHS])
scaled = np.array([measure(d_k, d_k**-0.5) for d_k in WIDTHS])
fig, axes = figure(1, 3, width=8.3, height=3)
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
# so that the components of $q$ and $k$ have variance 1. We train with and without the division, all else the same, for
# a narrow head, one as wide as GPT-2's, and a very wide one; of three learning rates the best counts, for both.
#
# 任务与第 3 章相同：先读八对，例如 `A3`，再读一个字母，答出它的数字。初始权重让 $q$ 与 $k$ 的分量方差为 1。
# 做除法与不做除法各训练一遍，其余完全相同；窄的头、与 GPT-2 一样宽的头、很宽的头各试一次。
# 双方各试三个学习率，取最好的结果。
# %%
D, PAIRS, STEPS = 64, 8, 150


class Head(nn.Module):
    def __init__(self, d_k, scale):
        self.letter, self.digit, self.scale = nn.Embedding(10, D), nn.Embedding(11, D), scale
        self.W_q, self.W_k = nn.Linear(D, d_k, bias=False), nn.Linear(D, d_k, bias=False)
        for W in (self.W_q.weight, self.W_k.weight):
            # X is a sum of two vectors of variance 1. | X 是两个方差为 1 的向量之和。
            nn.init.normal_(W, std=(2 * D) ** -0.5)
        self.W_v, self.read = nn.Linear(D, D, bias=False), nn.Linear(D, 10)

    def forward(self, letters, digits):
        # Eight pairs, and last the question. | 八对，最后是问题。
        X = self.letter(letters) + self.digit(digits)  # (B, 9, D)
        Q = self.W_q(X[:, -1:])  # (B, 1, d_k)
        K, V = self.W_k(X[:, :-1]), self.W_v(X[:, :-1])  # (B, 8, d_k), (B, 8, D)
        P = (Q @ K.mT * self.scale).softmax()  # (B, 1, 8)
        return self.read((P @ V)[:, 0])


def curve(d_k, scale, lr):
    # The loss (nats) at each step of training. | 训练中每一步的损失（纳特）。
    manual_seed(0)
    rng, head, losses = np.random.default_rng(0), Head(d_k, scale), []
    optimizer = optim.Adam(head.parameters(), lr=lr)
    for _ in tqdm(range(STEPS), desc=f"d_k = {d_k}"):
        letters, digits = np.argsort(rng.random((64, 10)))[:, : PAIRS + 1], rng.integers(0, 10, (64, PAIRS + 1))
        at = (np.arange(64), rng.integers(0, PAIRS, 64))  # the pair asked for | 被问到的那一对
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


curves = {}
for d_k in (16, 64, 1024):
    for divided in (False, True):
        curves[d_k, divided] = best(d_k, d_k**-0.5 if divided else 1.0)
ends = {key: losses[-20:].mean() for key, losses in curves.items()}
half = [int((curves[64, divided] < np.log(10) / 2).argmax()) for divided in (True, False)]  # steps | 步数
# %%
fig, axes = figure(1, 3, width=8.3, height=3, sharey=True)
for (d_k, divided), losses in curves.items():
    axis = axes[(16, 64, 1024).index(d_k)]
    colour, style, label = (BLUE, "-", "q · k / √d_k") if divided else (ORANGE, "--", "q · k")
    axis.plot(losses, color=colour, linestyle=style, label=label)
    axis.axhline(np.log(10), color=GREY, lw=1, ls=":")
    axis.set(xlabel="training step | 训练步数", title=f"d_k = {d_k:,}")
axes[0].set_ylabel("loss (nats) | 损失（纳特）")
axes[2].legend()
show(fig, "The same training with and without the division. The dotted line is guessing, ln 10.",
     "同样的训练，做除法与不做除法。点线是瞎猜的水平 ln 10。")  # fmt: skip
finding(half[0] < half[1] and ends[1024, True] < 0.1 and ends[1024, False] > max(0.15, 3 * ends[1024, True]),
        f"With $d_k = 1024$ the loss after {STEPS} steps is {ends[1024, True]:.3f} nats with the division and "
        f"{ends[1024, False]:.2f} without it, for the same model and the same data. With $d_k = 64$ it is "
        f"{ends[64, True]:.3f} and {ends[64, False]:.3f}, with $d_k = 16$ {ends[16, True]:.3f} and "
        f"{ends[16, False]:.3f}: at the width of GPT-2's heads so small a task is learnt "
        f"either way, with the division sooner (half of the first loss after {half[0]} steps, without it {half[1]}).",
        f"$d_k = 1024$ 时，训练 {STEPS} 步之后，做除法的损失是 {ends[1024, True]:.3f} 纳特，不做除法的是 "
        f"{ends[1024, False]:.2f}，模型与数据完全相同。$d_k = 64$ 时分别是 {ends[64, True]:.3f} 和 "
        f"{ends[64, False]:.3f}，$d_k = 16$ 时是 {ends[16, True]:.3f} 和 {ends[16, False]:.3f}：头与 GPT-2 的一样宽时，"
        f"这么小的任务两种办法都学得会，只是做除法学得快些（{half[0]} 步后损失降到一半，不做除法要 {half[1]} "
        "步）。")  # fmt: skip
# %% [markdown]
# **Exercise.** Do not divide, but start with $W_q$ smaller by the factor $\sqrt{d_k}$. The scores are then the same at
# the first step. Is the training the same, too? (Think of how far one step of Adam moves a weight, and the scores.)
#
# **练习。** 不做除法，改为把 $W_q$ 的初始值除以 $\sqrt{d_k}$，于是第一步的分数与做除法时完全一样。训练过程也一样吗？
# （想一想：Adam 走一步，权重变了多少，分数又变了多少？）
#
# **Answer.** No. The first loss is the same (2.333), the training is not. Adam moves each entry of $W_q$ by about the
# learning rate, however small the entries are. Their sizes were divided by 32, their steps were not; and the product
# $q \cdot k$ is not divided either, so each step moves the scores 32 times as far as in the divided model. At a
# learning rate of 0.001 the loss after 150 steps is 0.92 instead of 0.012.
#
# **答案。** 不一样。第一步的损失相同（2.333），训练过程却不同。不管 $W_q$ 的元素多小，
# Adam 每一步都让它们改变大约一个学习率。元素缩小到 1/32，步长却没有缩小；而 $q \cdot k$ 也没有做除法，
# 所以每一步使分数改变的量是做除法时的 32 倍。学习率取 0.001 时，150 步之后的损失是 0.92，而不是 0.012。
