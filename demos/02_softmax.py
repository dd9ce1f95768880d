# %% [markdown]
# # What kind of function is softmax?
# # softmax 是一个什么样的函数？
#
# Attention (chapter 3) has a score for each word and wants to know what share of its attention the word gets. Shares
# are positive and add up to 1: together they are a **probability distribution** over the words. **Softmax** makes one
# of any scores: it takes the exponential, which is always positive, and divides by the sum.
#
# 注意力为每个词算出一个分数，再由分数决定给每个词分多少注意力。分给各个词的必须为正，加起来等于 1：
# 合在一起，就是这些词上的一个**概率分布**。**softmax** 能把任意分数变成概率分布：先取指数，保证为正；
# 再除以总和，保证和为 1。
#
# $$P_i = \frac{e^{x_i}}{\sum_j e^{x_j}}$$
#
# Where the scores say what to attend to, the $P_i$ are called **attention weights**; where they say which word comes
# next, the scores are called **logits** and the $P_i$ are probabilities. The function is the same.
#
# 如果分数说的是“该看谁”，$P_i$ 就叫**注意力权重**；如果说的是“下一个词是什么”，分数就叫 **logits**，
# $P_i$ 就叫概率。用的是同一个函数。
#
# It is softer than *arg max*, which gives all to the largest; hence the (shortened) name. How soft depends on the scale
# of the scores: multiply them by a factor and softmax moves between equal shares for all and everything for one.
#
# 它是 *arg max* 的柔和版：arg max 把一切都给最大的那个。（名字里省去了 arg。）
# 柔和到什么程度，取决于分数的尺度：把分数整体放大或缩小，结果就在“人人均分”与“赢家通吃”之间移动。
# %%
from guide import BLUE, GREY, ORANGE, figure, finding, heatmap, say, show

import numpy as np

from tinygrad_tf import Tensor, cross_entropy, graph, jacobian, softmax

scores = np.array([2.0, 1.0, 0.0, -1.0, 0.5])
words = ["cat | 猫", "sat | 坐", "on | 在", "the | 那", "mat | 垫子"]
scaled = {factor: softmax(Tensor(factor * scores)).array for factor in (0, 1, 3, 10)}

many = np.random.default_rng(0).normal(0, 3, (10_000, 7))
P = softmax(Tensor(many), axis=-1).array
# %%
fig, axes = figure(1, 4, width=9, height=2.6, sharey=True)
for axis, (factor, shares) in zip(axes, scaled.items(), strict=True):
    axis.bar(range(5), shares, color=BLUE)
    axis.set_xticks(range(5), words)
    axis.set_title(f"scores × {factor} | 分数 × {factor}")
    axis.tick_params(axis="x", rotation=60)
axes[0].set_ylabel("P")
show(fig, "The same five scores, scaled: from equal shares (× 0) to everything for the largest (× 10).",
     "同样五个分数，乘以不同的倍数：从均分（× 0）到全归最大者（× 10）。")  # fmt: skip
finding(((P > 0) & (P < 1)).all() and abs(P.sum(-1) - 1).max() < 1e-12,
        f"For 10,000 random vectors all probabilities lie strictly between 0 and 1 (the smallest is {P.min():.0e}), "
        f"and each row adds up to 1 within {abs(P.sum(-1) - 1).max():.0e}.",
        f"对 10,000 个随机向量，所有概率都严格位于 0 和 1 之间（最小的是 {P.min():.0e}），每行之和与 1 相差不超过 "
        f"{abs(P.sum(-1) - 1).max():.0e}。")  # fmt: skip

# %% [markdown]
# ## How it exaggerates
# ## 它怎样放大差距
#
# The ratio of two probabilities depends on the *difference* of the scores alone, and exponentially:
#
# 两个概率之比只取决于分数之*差*，而且是指数关系：
#
# $$\frac{P_i}{P_j} = e^{x_i - x_j}$$
#
# So adding a constant to all scores changes nothing at all. This freedom is worth a lot, as we now see: in float32,
# $e^x$ overflows to infinity above $x \approx 88.7$, and infinity divided by infinity is not a number. Every good
# softmax therefore subtracts the largest score first. Then the largest term is $e^0 = 1$, and no exponential can
# overflow.
#
# 所以给所有分数加上同一个常数，结果完全不变。这一点很有用：在 float32 里，$x$ 超过大约 88.7 时
# $e^x$ 就溢出成无穷大，而无穷大除以无穷大得到 NaN（不是数）。因此好的 softmax 都会先减去最大的分数，
# 这样最大的一项是 $e^0 = 1$，指数运算绝不会溢出。
# %%


def naive(x):
    # Softmax as the formula says it, in float32. | 直接照公式写的 softmax，用 float32。
    with np.errstate(over="ignore", invalid="ignore"):
        return np.exp(x) / np.exp(x).sum()


breaks_at = next(x for x in range(1, 200) if np.isnan(naive(np.float32([x, 0]))).any())
large = np.float32([1000, 999, 998])
safe = softmax(Tensor(large)).array

# Any 10,000 rows of scores up to the largest float32, 3 · 10³⁸. | 10,000 行分数，最大到 float32 的上限 3 · 10³⁸。
rng = np.random.default_rng(1)
extreme = (10 ** rng.uniform(-38, 38.4, (10_000, 5)) * rng.choice([-1, 1], (10_000, 5))).astype("float32")
with np.errstate(over="ignore"):
    survived = softmax(Tensor(extreme), axis=-1).array
# %%
decimals = np.array2string(safe, precision=3, floatmode="fixed")
say(f"Scores of 1000, 999 and 998: the naive formula gives {naive(large)}, `softmax` gives {decimals}, as it "
    "does for 2, 1 and 0.",
    f"分数为 1000、999、998 时：照公式直接算得到 {naive(large)}，`softmax` 得到 {decimals}，"
    "与分数 2、1、0 的结果相同。")  # fmt: skip
finding(breaks_at == 89 and np.allclose(safe, naive(np.float32([2, 1, 0])), atol=1e-6)
        and np.isfinite(survived).all() and abs(survived.sum(-1) - 1).max() < 1e-6,
        f"The naive softmax breaks at a score of {breaks_at}. With the maximum subtracted none of {len(extreme):,} "
        f"rows broke, with scores of any size that float32 can hold: each adds up to 1 within "
        f"{abs(survived.sum(-1) - 1).max():.0e}.",
        f"直接照公式写的 softmax，分数到 {breaks_at} 就算出 NaN。减去最大值之后，试过的 {len(extreme):,} "
        f"行没有一行出错，分数大到 float32 的上限也一样：每行之和与 1 相差不超过 "
        f"{abs(survived.sum(-1) - 1).max():.0e}。")  # fmt: skip

# %% [markdown]
# ## Its gradient
# ## 它的梯度
#
# The outputs compete: what one gains the others lose. So each output depends on every input, and the derivative is a
# whole matrix, the **Jacobian**. By the quotient rule, with $Z = \sum_j e^{x_j}$: moving $x_j$ changes the numerator of
# $P_j$ alone, which gives $e^{x_j}/Z = P_j$, and the denominator of every $P_i$, which gives
# $-e^{x_i}e^{x_j}/Z^2 = -P_iP_j$:
#
# 输出之间互相竞争：一个多了，别的就少。所以每个输出都依赖每个输入，导数是一整个矩阵，即**雅可比矩阵**。
# 用商的求导法则，记 $Z = \sum_j e^{x_j}$：改动 $x_j$，只有 $P_j$ 的分子会变，这一项是 $e^{x_j}/Z = P_j$；
# 而每个 $P_i$ 的分母都会变，这一项是 $-e^{x_i}e^{x_j}/Z^2 = -P_iP_j$：
#
# $$\frac{\partial P_i}{\partial x_j} = P_i(\delta_{ij} - P_j), \qquad J = \mathrm{diag}(P) - P P^\top$$
#
# ($\delta_{ij}$ is 1 if $i = j$, else 0.) The chain rule adds up over all outputs, and the rule for going backward
# follows in one line:
#
# （$\delta_{ij}$ 当 $i = j$ 时为 1，否则为 0。）链式法则把所有输出的影响加起来，反向的规则只需一行：
#
# $$dx_j = \sum_i dP_i\,P_i(\delta_{ij} - P_j) \;\; {} = P_j\Big(dP_j - \sum_i dP_i\,P_i\Big)$$
#
# So nobody builds the matrix to go backward: a product and a sum over each row are enough. Here is the rule on a
# card, as the engine has it:
#
# 所以反向传播时并不需要真的造出这个矩阵：逐元素相乘，再对每一行求和就够了。下面是引擎里这条规则的卡片：
# %%
show(lambda lang: graph.op_card("softmax", lang), "The card of softmax, with a worked example.",
     "softmax 的卡片，附一个算好的例子。")  # fmt: skip

# %%
x = Tensor(scores, requires_grad=True)
P = softmax(x)
dP = np.array([1.0, -2.0, 0.5, 0.0, 3.0])
P.backward(dP, retain_graph=True)

P, J = P.array, jacobian(softmax, Tensor(scores)).array
formula = np.diag(P) - np.outer(P, P)
one_line = P * (dP - (dP * P).sum())

difference = np.linspace(-8, 8, 161)
first = np.array([softmax(Tensor([value, 0.0])).array[0] for value in difference])
slope = first[-1] * (1 - first[-1])
# %%
fig, (left, right) = figure(1, 2, width=8.3, height=3.3)
heatmap(left, J, words, words, numbers=True, signed=True, bar="∂P / ∂x")
left.set(xlabel="score of | 谁的分数", ylabel="share of | 谁的概率")
right.plot(difference, first, color=BLUE, label="P")
right.plot(difference, first * (1 - first), color=ORANGE, linestyle="--", label="dP/dx")
right.axhline(0.25, color=GREY, lw=1, ls=":")
right.set(xlabel="x₁ − x₂", ylabel="P, dP/dx")
right.legend()
show(fig, "Left: the Jacobian at the scores above; each row and each column adds up to 0. Right: softmax of two "
     "scores. Its slope, P (1 − P), is at most 1/4, and vanishes where one score is far ahead.",
     "左：上面那组分数处的雅可比矩阵，每行每列之和都是 0。右：两个分数的 softmax，斜率 $P(1 - P)$ 最大 1/4；"
     "当一个分数遥遥领先时，斜率趋于 0。")  # fmt: skip
wrong = max(abs(J - formula).max(), abs(x.grad.array - one_line).max())
finding(wrong < 1e-6 and abs(J.sum(0)).max() < 1e-6 and slope < 0.25 / 100,
        f"The engine's Jacobian is diag(P) − P Pᵀ, and its gradient the one line above, within {wrong:.0e}. Where one "
        f"score leads by 8, the slope is only {slope:.5f}: this is **saturation**, and hardly any gradient passes. "
        "Chapter 5 is about that.",
        f"引擎算出的雅可比矩阵就是 $\\mathrm{{diag}}(P) - PP^\\top$，梯度就是上面那一行，误差不超过 {wrong:.0e}。"
        f"当一个分数领先 8 时，斜率只剩 {slope:.5f}：这叫**饱和**，几乎没有梯度能通过。详见第 5 章。")  # fmt: skip

# %% [markdown]
# ## A loss for probabilities: cross-entropy
# ## 概率的损失：交叉熵
#
# A model that says how likely each answer is should be judged by the probability it gave to the right one, $t$. The
# **cross-entropy** is its surprise, $L = -\ln P_t$: 0 if it was certain, $\ln n$ if it took all $n$ answers for equally
# likely, and without bound if it was certain of another. With the natural logarithm the unit is called **nat**.
# ($n = 10$: guessing costs $\ln 10 \approx 2.3$ nats.) Its gradient needs the chain rule once more, with
# $dP_t = -1/P_t$ and all other entries of $dP$ zero:
#
# 模型既然说出每个答案各有多大可能，评判它就该看它给正确答案 $t$ 的概率。**交叉熵**就是“意外程度”，$L = -\ln P_t$：
# 完全确定时为 0；认为 $n$ 个答案同样可能时为 $\ln n$；若一口咬定别的答案，则没有上限。
# 用自然对数时，单位叫**纳特**。（$n = 10$ 时，瞎猜的损失是 $\ln 10 \approx 2.3$ 纳特。）
# 它的梯度再用一次链式法则：$dP_t = -1/P_t$，$dP$ 的其余元素为零：
#
# $$dx_j = -\frac{1}{P_t}\,P_t(\delta_{tj} - P_j) = P_j - \delta_{tj}$$
#
# What is left is the plainest gradient there is: what the model said, minus what was right. The $P_t$ cancels, so this
# loss does not saturate where softmax does.
#
# 剩下的是最朴素的梯度：模型给出的概率减去正确答案。$P_t$ 约掉了，所以 softmax 饱和的地方，这个损失并不饱和。
# %%
right_answer = 3
x = Tensor(10 * scores[None], requires_grad=True)  # sure of "cat", but "the" is right | 确信是“猫”，正确的却是“那”
loss = cross_entropy(x, np.array([right_answer]))
loss.backward()
minus_truth = softmax(Tensor(10 * scores)).array - np.eye(5)[right_answer]
wrong = abs(x.grad.array[0] - minus_truth).max()
finding(wrong < 1e-12 and abs(minus_truth).max() > 0.99,
        f"With all scores × 10 the softmax is saturated, and its answer is wrong: the loss is {loss.item():.1f} "
        f"nats. The engine's gradient is P minus the truth within {wrong:.0e}, and its largest entry is "
        f"{abs(minus_truth).max():.3f}, not near 0.",
        f"分数全部乘 10 之后，softmax 已经饱和，而且答错了：损失为 {loss.item():.1f} 纳特。引擎算出的梯度就是 P "
        f"减去正确答案，误差不超过 {wrong:.0e}；最大的元素是 {abs(minus_truth).max():.3f}，并不接近 0。")  # fmt: skip

# %% [markdown]
# **Exercise.** The *temperature* $\tau$ of a language model divides the scores before the softmax: $x / \tau$. What
# happens to the probabilities as $\tau \to 0$ and as $\tau \to \infty$? Draw the entropy $-\sum P\,\ln P$ against
# $\tau$.
#
# **练习。** 语言模型的*温度* $\tau$ 就是在 softmax 之前把分数除以它：$x / \tau$。当 $\tau \to 0$ 和
# $\tau \to \infty$ 时，概率会怎样变化？画出熵 $-\sum P\,\ln P$ 随 $\tau$ 变化的曲线。
#
# **Answer.** As $\tau \to 0$ everything goes to the largest score, and the entropy falls to 0 (to $\ln m$ if $m$ scores
# share the first place). As $\tau \to \infty$ all probabilities become $1/n$, and the entropy rises to $\ln n$. In
# between it never falls: dividing by $\tau$ only shrinks the differences. For the five scores above it is
# 0.0005 at $\tau = 0.1$, 1.21 at $\tau = 1$ and 1.60 at $\tau = 10$; $\ln 5 = 1.61$.
#
# **答案。** $\tau \to 0$ 时，概率全归最大的分数，熵降到 0（若有 $m$ 个分数并列第一，则降到 $\ln m$）。
# $\tau \to \infty$ 时，所有概率都趋于 $1/n$，熵升到 $\ln n$。在这之间熵只升不降：除以 $\tau$ 只会缩小差距。
# 对上面的五个分数，$\tau = 0.1$ 时熵为 0.0005，$\tau = 1$ 时为 1.21，$\tau = 10$ 时为 1.60；$\ln 5 = 1.61$。
