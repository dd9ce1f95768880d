# %% [markdown]
# # What kind of function is softmax?
# # softmax 是一个什么样的函数？
#
# Attention has a score for each word and wants to know what share of its attention the word gets. Shares are positive
# and add up to 1. Softmax makes shares of any scores: it takes the exponential, which is always positive, and divides
# by the sum.
#
# 注意力为每个词算出一个分数，再由分数决定给每个词分多少注意力。份额必须为正，加起来等于 1。
# softmax 能把任意分数变成份额：先取指数，保证为正；再除以总和，保证和为 1。
#
# $$P_i = \frac{e^{x_i}}{\sum_j e^{x_j}}$$
#
# It is softer than *arg max*, which gives all to the largest; hence the (shortened) name. How soft depends on the scale
# of the scores: multiply them by a factor and softmax moves between equal shares for all and everything for one.
#
# 它是 *arg max* 的柔和版：arg max 把一切都给最大的那个。（名字里省去了 arg。）
# 柔和到什么程度，取决于分数的尺度：把分数整体放大或缩小，结果就在“人人均分”与“赢家通吃”之间移动。
# %%
from guide import BLUE, GREY, ORANGE, figure, finding, heatmap, say, show

import numpy as np

from tinygrad_tf import Tensor, graph, jacobian, softmax

scores = np.array([2.0, 1.0, 0.0, -1.0, 0.5])
words = ["cat", "sat", "on", "the", "mat"]
fig, axes = figure(1, 4, width=9, height=2.6, sharey=True)
for axis, factor in zip(axes, (0, 1, 3, 10), strict=True):
    P = softmax(Tensor(factor * scores))
    axis.bar(words, P.array, color=BLUE)
    axis.set_title(f"scores × {factor} | 分数 × {factor}")
    axis.tick_params(axis="x", rotation=60)
axes[0].set_ylabel("share P | 份额 P")
show(fig, "The same five scores, scaled: from equal shares (× 0) to everything for the largest (× 10).",
     "同样五个分数，乘以不同的倍数：从均分（× 0）到全归最大者（× 10）。")  # fmt: skip

many = np.random.default_rng(0).normal(0, 3, (10_000, 7))
P = softmax(Tensor(many), axis=-1).array
finding(((P > 0) & (P < 1)).all() and abs(P.sum(-1) - 1).max() < 1e-12,
        f"For 10,000 random vectors all shares lie strictly between 0 and 1 (the smallest is {P.min():.0e}), and each "
        f"row adds up to 1 within {abs(P.sum(-1) - 1).max():.0e}.",
        f"对 10,000 个随机向量，所有份额都严格位于 0 和 1 之间（最小的是 {P.min():.0e}），每行之和与 1 相差不超过 "
        f"{abs(P.sum(-1) - 1).max():.0e}。")  # fmt: skip

# %% [markdown]
# ## How it exaggerates
# ## 它怎样放大差距
#
# The ratio of two shares depends on the *difference* of the scores alone, and exponentially:
#
# 两个份额之比只取决于分数之*差*，而且是指数关系：
#
# $$\frac{P_i}{P_j} = e^{x_i - x_j}$$
#
# So adding a constant to all scores changes nothing at all. This freedom is worth a lot, as we now see: in float32,
# $e^x$ overflows to infinity above $x \approx 88.7$, and infinity divided by infinity is not a number. Every good
# softmax therefore subtracts the largest score first. Then the largest term is $e^0 = 1$, and no exponential can
# overflow.
#
# 所以给所有分数加上同一个常数，结果完全不变。这份自由很有用：在 float32 里，$x$ 超过大约 88.7 时
# $e^x$ 就溢出成无穷大，而无穷大除以无穷大不是数。因此好的 softmax 都会先减去最大的分数，
# 这样最大的一项是 $e^0 = 1$，指数运算绝不会溢出。
# %%


def naive(x):
    """Softmax as the formula says it, in float32."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.exp(x) / np.exp(x).sum()


def breaks_at():
    """The first whole number for which the naive softmax of (x, 0) is not a number any more."""
    return next(x for x in range(1, 200) if np.isnan(naive(np.float32([x, 0]))).any())


large = np.float32([1000, 999, 998])
safe = softmax(Tensor(large)).array
shares = ", ".join(f"{share:.3f}" for share in safe)
say(f"Scores of 1000, 999 and 998: the naive formula gives {naive(large)}, `softmax` gives {shares}, as it "
    "does for 2, 1 and 0.",
    f"分数为 1000、999、998 时：照公式直接算得到 {naive(large)}，`softmax` 得到 {shares}，"
    "与分数 2、1、0 的结果相同。")  # fmt: skip
finding(breaks_at() == 89 and np.allclose(safe, naive(np.float32([2, 1, 0])), atol=1e-6),
        f"The naive softmax breaks at a score of {breaks_at()}; with the maximum subtracted it never does.",
        f"直接照公式写的 softmax 在分数到 {breaks_at()} 时就坏了；减去最大值之后永远不会。")  # fmt: skip

# %% [markdown]
# ## Its gradient
# ## 它的梯度
#
# Shares compete: what one gains the others lose. So each output depends on every input, and the derivative is a whole
# matrix, the Jacobian:
#
# 份额之间互相竞争：一个多了，别的就少。所以每个输出都依赖每个输入，导数是一整个矩阵，即雅可比矩阵：
#
# $$\frac{\partial P_i}{\partial x_j} = P_i(\delta_{ij} - P_j), \qquad J = \mathrm{diag}(P) - P P^\top$$
#
# Nobody builds this matrix to go backward. The rule needs only a product and a sum over each row; here it is on a card,
# as the engine has it:
#
# 反向传播时并不需要真的造出这个矩阵：规则只用到逐元素的乘积和每一行的求和。下面是引擎里这条规则的卡片：
# %%
show(lambda lang: graph.op_card("softmax", lang), "The card of softmax, with a worked example.",
     "softmax 的卡片，附一个算好的例子。")  # fmt: skip

# %%
J = jacobian(softmax, Tensor(scores)).array
P = softmax(Tensor(scores)).array
x = np.linspace(-8, 8, 161)
p = np.array([softmax(Tensor([v, 0.0])).array[0] for v in x])
fig, (left, right) = figure(1, 2, width=8.5, height=3.3)
heatmap(left, J, words, words, numbers=True, signed=True, bar="∂P / ∂x")
left.set(xlabel="score of | 谁的分数", ylabel="share of | 谁的份额")
right.plot(x, p, color=BLUE, label="P")
right.plot(x, p * (1 - p), color=ORANGE, linestyle="--", label="dP/dx = P (1 − P)")
right.axhline(0.25, color=GREY, lw=1, ls=":")
right.set(xlabel="x₁ − x₂", ylabel="P, dP/dx")
right.legend()
show(fig, "Left: the Jacobian at the scores above; each row and each column adds up to 0. Right: softmax of two "
     "scores. Its slope is at most 1/4, and vanishes where one score is far ahead.",
     "左：上面那组分数处的雅可比矩阵，每行每列之和都是 0。右：两个分数的 softmax，斜率最大 1/4；"
     "当一个分数遥遥领先时，斜率趋于 0。")  # fmt: skip

formula = np.diag(P) - np.outer(P, P)
slope = p[-1] * (1 - p[-1])
finding(abs(J - formula).max() < 1e-6 and abs(J.sum(0)).max() < 1e-6 and slope < 0.25 / 100,
        f"The engine's Jacobian is diag(P) − P Pᵀ within {abs(J - formula).max():.0e}. Where one score leads by 8, the "
        f"slope is only {slope:.5f}: softmax has saturated, and hardly any gradient passes. Chapter 5 is about that.",
        f"引擎算出的雅可比矩阵就是 diag(P) − P Pᵀ，误差不超过 {abs(J - formula).max():.0e}。当一个分数领先 8 时，"
        f"斜率只剩 {slope:.5f}：softmax 饱和了，几乎没有梯度能通过。第 5 章专门讲这件事。")  # fmt: skip

# %% [markdown]
# **Exercise.** The *temperature* $\tau$ of a language model divides the scores before the softmax: $x / \tau$. What
# happens to the shares as $\tau \to 0$ and as $\tau \to \infty$? Draw the entropy $-\sum P\,\ln P$ against $\tau$.
#
# **练习。** 语言模型的*温度* $\tau$ 就是在 softmax 之前把分数除以它：$x / \tau$。当 $\tau \to 0$ 和
# $\tau \to \infty$ 时，份额会怎样变化？画出熵 $-\sum P\,\ln P$ 随 $\tau$ 变化的曲线。
