# %% [markdown]
# # How do the parts make a Transformer?
# # 这些部件怎样组成 Transformer？
#
# Figure 1 of *Attention Is All You Need* (Vaswani et al. 2017) is the best-known drawing of the field. Here it is
# again, but nobody drew it: we build the model, run it on four source and three target tokens, and the picture is made
# from what ran. A double border is a module that is closed.
#
# 论文《Attention Is All You Need》（Vaswani 等，2017）的图 1 是这个领域里最有名的一张图。这里再看一遍，不过不是谁画的：
# 我们搭好模型，用四个源词元和三个目标词元跑一遍，图由实际执行的计算自动生成。双线框表示收起的模块。
# %%
from guide import figure, finding, heatmap, manual_seed, short, show

import numpy as np

from tinygrad_tf import Tensor, cross_entropy, graph, nn
from tinygrad_tf.models import Transformer, TransformerConfig

build = lambda n_layers: Transformer(TransformerConfig(12, None, 16, 2, n_layers, 32, dropout=0.0))
source, target, wanted = np.array([[3, 4, 5, 6]]), np.array([[1, 6, 5]]), np.array([6, 5, 4])
logits = build(2)(source, target)
loss = cross_entropy(logits.reshape(-1, 12), wanted)
show(lambda lang: graph.draw(loss, depth=1, view="forward", lang=lang),
     "The model of the paper with two layers. The encoder's result, the memory, goes into every layer of the decoder.",
     "论文中的模型，编码器和解码器各两层。编码器的输出（memory）送入解码器的每一层。")  # fmt: skip
# %% [markdown]
# Read it from the top. Both sides look their tokens up in the same table, multiply by $\sqrt{d_{\mathrm{model}}} = 4$
# (section 3.4) and add the positions. The same table, transposed, makes the logits at the bottom. Now open the layers:
#
# 从上往下看。两边都在同一张表里查词元的向量，乘以 $\sqrt{d_{\mathrm{model}}} = 4$（论文 3.4 节），再加上位置编码。
# 最下面算 logits 用的还是这张表，只不过转置了一下。现在把层打开：
# %%
small = build(1)
loss = cross_entropy(small(source, target).reshape(-1, 12), wanted)
show(lambda lang: graph.draw(loss, depth=2, view="forward", lang=lang),
     "One layer of each, opened. An arrow passes each sublayer by, into a sum such as A₆ = A₃ + A₅: the residual.",
     "各取一层并打开。每个子层旁边都有一条箭头绕过它，直接进入加法，例如 A₆ = A₃ + A₅：这就是残差连接。")  # fmt: skip
# %% [markdown]
# The encoder's layer has two sublayers, attention and a feed-forward network; the decoder's has a third between them,
# which attends to the memory: queries from the target, keys and values from the source. Each sublayer is wrapped in the
# same way (section 3.1), where $\mu$ and $\sigma^2$ are mean and variance of one token's vector:
#
# 编码器的一层有两个子层：注意力和前馈网络；解码器的一层在中间多一个，去看 memory：query 来自目标，key 和 value 来自源。
# 每个子层都用同一种方式包起来（论文 3.1 节），其中 $\mu$ 和 $\sigma^2$ 是单个词元向量的均值和方差：
#
# $$x \leftarrow \mathrm{LayerNorm}(x + \mathrm{Sublayer}(x)), \qquad
# \mathrm{LayerNorm}(x) = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} \odot \gamma + \beta$$
#
# ## Who may look at whom
# ## 谁可以看谁
#
# Two masks keep attention from what it must not see. The *causal* mask: position $i$ of the target sees positions up to
# $i$ only, since what follows is what it is to predict. The *padding* mask: sentences of a batch are filled up to one
# length, and nobody may look at the filling.
#
# 有两种掩码，挡住注意力不该看的东西。*因果*掩码：目标的第 $i$ 个位置只能看到前 $i$ 个位置，因为后面的正是它要预测的。
# *填充*掩码：一个批次里的句子会补齐到同样的长度，补上去的部分谁都不许看。
# %%
fig, (left, right) = figure(1, 2, height=2.8)
heatmap(left, np.tri(6), ["<s>", *"2026-"], ["<s>", *"2026-"])
left.set(xlabel="key: who is seen | key：被看的", ylabel="query: who looks | query：在看的", title="causal | 因果掩码")
heatmap(right, np.arange(6) < np.array([[6], [4], [3]]), ["3/3/26", "3.3.", "May"], list("123456"))
right.set(xlabel="position | 位置", title="padding | 填充掩码")
show(fig, "Blue: may be attended to.", "蓝色：可以看。")
before = small(source, target).array
ahead = abs(small(source, [[1, 6, 9]]).array - before)[:, :2].max()  # another last token
filled = abs(small([[3, 4, 5, 6, 0, 0]], target).array - before).max()  # id 0 is padding
read = abs(small([[3, 4, 5, 7]], target).array - before).max()  # another source token, for comparison
finding(max(ahead, filled) < 1e-5 < 1e-2 < read,
        f"Another last token changes the logits before it by {ahead:.1g}, padding changes all of them by "
        f"{filled:.1g} (rounding); another source token, by {read:.1f}.",
        f"换掉最后一个目标词元，它之前的 logits 变化 {ahead:.1g}；在源句末尾填充，变化 {filled:.1g}（舍入误差）；"
        f"而换掉一个源词元，变化达 {read:.1f}。")  # fmt: skip
# %% [markdown]
# ## What the residual is for, and where the norm stands
# ## 残差有什么用，归一化放在哪里
#
# Attention averages, and an average of averages makes everything alike. The residual keeps what each token was. And the
# norm may stand after the sum, as in the paper (*post-norm*), or before the sublayer (*pre-norm*, Xiong et al. 2020):
# $x \leftarrow x + \mathrm{Sublayer}(\mathrm{LayerNorm}(x))$, which leaves a path from input to output without any
# norm. We stack many encoder layers with fresh weights and look at tokens and gradients.
#
# 注意力是在做平均，平均再平均，一切就都变得一样了；残差则保留每个词元原来的样子。归一化可以像论文那样放在相加之后
# （post-norm），也可以放在子层之前（pre-norm，Xiong 等，2020）：
# $x \leftarrow x + \mathrm{Sublayer}(\mathrm{LayerNorm}(x))$，这样从输入到输出就有一条不经过归一化的通路。
# 我们把许多随机初始化的编码器层叠起来，看看词元和梯度各会怎样。
# %%


class WithoutResidual(nn.TransformerEncoderLayer):
    def forward(self, x):
        x = self.norm1(self._self_attention(x, None, None, False))
        return self.norm2(self._feed_forward(x))


def stack(kind, n_layers, seed, d_model=64, T=16, B=4):
    """How alike the tokens are after each layer (mean cosine), and the norm of dW of each feed-forward network."""
    manual_seed(seed)
    make = WithoutResidual if kind == "no residual" else nn.TransformerEncoderLayer
    layers = [make(d_model, 4, 256, 0.0, batch_first=True, norm_first=kind == "pre-norm") for _ in range(n_layers)]
    for W in [p for layer in layers for p in layer.parameters() if p.ndim > 1]:
        nn.init.xavier_uniform_(W)
    rng, output, cosine = np.random.default_rng(seed), nn.Linear(d_model, 10), []
    x = Tensor(rng.normal(size=(B, T, d_model)).astype("float32"))
    for layer in layers:
        x = layer(x)
        u = x.array / np.linalg.norm(x.array, axis=-1, keepdims=True)
        cosine.append(((u @ u.mT).sum((1, 2)).mean() - T) / (T * (T - 1)))
    x = nn.LayerNorm(d_model)(x) if kind == "pre-norm" else x
    cross_entropy(output(x).reshape(-1, 10), rng.integers(0, 10, B * T)).backward()
    return cosine, [np.linalg.norm(layer.linear2.weight.grad.array) for layer in layers]


depths, seeds, last, alike = (2, 4, 8, 16, 32), range(3 if short else 12), {}, {}
fig, (left, middle, right) = figure(1, 3, width=9.5)
for kind in ("no residual", "post-norm", "pre-norm"):
    cosine, norms = np.mean([stack(kind, 24, seed) for seed in seeds], axis=0)
    last[kind] = [np.mean([stack(kind, depth, seed)[1][-1] for seed in seeds]) for depth in depths]
    alike[kind] = cosine[[5, -1]]  # after 6 layers, and after 24
    for axis, x, y in ((left, range(1, 25), cosine), (middle, range(1, 25), norms), (right, depths, last[kind])):
        axis.plot(x, y, label="no residual | 无残差" if kind == "no residual" else kind)
left.set(xlabel="layer | 层", ylabel="cosine between tokens | 词元间的余弦", ylim=(0, 1.03))
middle.set(xlabel="layer | 层", ylabel="‖dW‖", ylim=(0, None))
right.set(xlabel="layers in all | 总层数", ylabel="‖dW‖, last layer | 最后一层的 ‖dW‖", xticks=depths)
left.legend()
show(fig, "Fresh weights. Left: how alike the tokens become. Middle: each layer's gradient. Right: the last layer's.",
     "随机初始权重。左：词元有多相似。中：各层的梯度。右：最后一层的梯度随总层数的变化。")  # fmt: skip
(none, _), (post, late), (pre, _) = alike.values()
finding(none > 0.99 and max(post, pre) < 0.85 and late > alike["pre-norm"][1] + 0.1,
        f"Without residuals, after six layers all tokens are the same vector (cosine {none:.3f}); with them they stay "
        f"apart ({post:.2f} post-norm, {pre:.2f} pre-norm). After 24, post-norm has reached {late:.3f} too.",
        f"没有残差，六层之后所有词元就成了同一个向量（余弦 {none:.3f}）；有残差则各不相同（post-norm {post:.2f}，"
        f"pre-norm {pre:.2f}）。到 24 层时，post-norm 也达到了 {late:.3f}。")  # fmt: skip
post, pre = (last[kind][-1] / last[kind][0] for kind in ("post-norm", "pre-norm"))
finding(post > 0.9 and pre < 0.6, f"From 2 to 32 layers the last layer's gradient becomes {post:.2f} times as large "
        f"(post-norm) and {pre:.2f} times (pre-norm).",
        f"从 2 层加到 32 层，最后一层的梯度变为 {post:.2f} 倍（post-norm）和 {pre:.2f} 倍（pre-norm）。")  # fmt: skip
# %% [markdown]
# Why does post-norm reach 1, too? Each norm rescales the sum, so the share of the original token shrinks by a factor
# per layer. As to the gradients, Xiong et al. (theorem 1) bound the first independently of depth, the second by
# $1/\sqrt{\mathrm{depth}}$ (here a factor of 0.25). They conclude: this is why deep post-norm models need a warm-up.
#
# post-norm 为什么最后也到了 1？每一层都把和重新缩放，原词元所占的份额逐层成倍缩小。梯度方面，Xiong 等（定理 1）给出的
# 上界：前者与深度无关，后者与深度的平方根成反比（这里是 0.25 倍）。他们由此解释为什么深的 post-norm 需要学习率预热。
#
# **Exercise.** Give `WithoutResidual` its residual back around the feed-forward network only. Which curve does it
# follow on the left, and why?
#
# **练习。** 只在前馈网络周围给 `WithoutResidual` 加回残差。左图中它会跟哪条曲线走？为什么？
