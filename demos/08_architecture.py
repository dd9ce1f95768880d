# %% [markdown]
# # How do the parts make a Transformer?
# # 这些部件怎样组成 Transformer？
#
# A Transformer turns one sequence into another. The **encoder** reads the source, all at once, and gives each token a
# context-aware vector: the *memory*. The **decoder** writes the target token by token, each from the target so far and
# from the memory. Figure 1 of *Attention Is All You Need* (Vaswani et al. 2017) is the best-known drawing of this; here
# it is again, made from what ran: the model on four source and three target tokens. A double border is a closed module.
#
# Transformer 把一个序列变成另一个序列。**编码器**一次读完整个源序列，给每个词元算出一个上下文相关的向量，
# 合起来叫 memory。**解码器**逐个写出目标词元，每一个都依据已写出的部分和 memory。
# 论文《Attention Is All You Need》（Vaswani 等，2017）的图 1 画的就是它，是这个领域里最有名的一张图。
# 这里再看一遍，只是没有人动手去画：用四个源词元和三个目标词元跑一遍模型，图由实际执行的计算生成。双线框是收起的模块。
# %%
from guide import figure, finding, heatmap, short, show, table

import numpy as np
from tqdm import tqdm

from tinygrad_tf import Tensor, cross_entropy, grad, graph, manual_seed, nn, no_grad, optim
from tinygrad_tf.models import Transformer, TransformerConfig


def build(n):
    model = Transformer(TransformerConfig(vocab_size=12, d_model=16, n_heads=2, n_layers=n, d_ff=32, dropout=0.0))
    model.source_embedding.weight.name = "W_e"  # the table of all vectors | 全部词元向量的表
    return model


source, target, wanted = np.array([[3, 4, 5, 6]]), np.array([[1, 6, 5]]), np.array([6, 5, 4])
logits = build(2)(source, target)
loss = cross_entropy(logits.reshape(-1, 12), wanted)
# %%
show(lambda lang: graph.draw(loss, depth=1, view="forward", lang=lang),
     "The model of the paper with two layers. The encoder's result, the memory, goes into every layer of the decoder.",
     "论文中的模型，编码器和解码器各两层。编码器的输出（memory）送入解码器的每一层。")  # fmt: skip
# %% [markdown]
# Read it from the top. Both sides look their tokens up in the same table, multiply by $\sqrt{d_{\mathrm{model}}} = 4$
# (section 3.4) and add the positions. The same table, transposed, makes the logits at the bottom. Now open the layers:
#
# 从上往下看。两边都在同一张表里查词元的向量，乘以 $\sqrt{d_{\mathrm{model}}} = 4$（论文第 3.4 节），再加上位置编码。
# 最下面算 logits 用的还是这张表，只不过转置了一下。现在把层展开：
# %%
small = build(1)
loss = cross_entropy(small(source, target).reshape(-1, 12), wanted)
show(lambda lang: graph.draw(loss, depth=2, view="forward", lang=lang),
     "One layer of each, opened. An arrow passes each sublayer by, into the sum behind it: the residual connection.",
     "各取一层并展开。每个子层旁边都有一条箭头绕过它，直接进入它后面的加法：这就是残差连接。")  # fmt: skip


# %% [markdown]
# The encoder's layer has two sublayers, self-attention and a feed-forward network. The decoder's has a third between
# them, **cross-attention**: queries from the target, keys and values from the memory. Each sublayer is wrapped in the
# same way (section 3.1), in a **residual connection** and a **layer norm**:
#
# 编码器的一层有两个子层：自注意力和前馈网络。解码器的一层在中间多一个**交叉注意力**：query 来自目标，
# key 和 value 来自 memory。每个子层都用同一种方式包起来（论文第 3.1 节）：**残差连接**（又叫跳跃连接）加**层归一化**：
#
# $$x \leftarrow \mathrm{LayerNorm}(x + \mathrm{Sublayer}(x))$$
#
# ## What the feed-forward network computes
# ## 前馈网络算什么
#
# Attention moves information between tokens. What is then *made* of it is the business of the **feed-forward network**:
# a linear map to a wider vector of hidden **units**, a bend at 0 (ReLU, the part that is not linear), and a linear map
# back (section 3.3). It is *position-wise*: applied to each position alone, with the same weights:
#
# 注意力在词元之间搬运信息，搬来之后怎样*加工*，就归**前馈网络**管：先用线性映射变成更宽的向量，
# 每个分量叫一个隐藏**单元**；在 0 处折一下（ReLU，非线性就在这里）；再用线性映射变回来（论文第 3.3 节）。
# 它是*逐位置*的：对每个位置单独计算，所用权重相同：
#
# $$\mathrm{FFN}(x) = \max(0,\; xW_1 + b_1)\,W_2 + b_2$$
#
# Why is it there? With its weights $P$ fixed, attention is linear in the values: it adds up, it does not combine. To
# see who does what, a task needs both. Eight tokens such as `B7`, each letter twice, as in chapter 6; each token is to
# name the last digit of the *sum* of its digit and its twin's. We train one layer, and layers with a part left out.
#
# 为什么需要它？注意力权重 $P$ 固定时，注意力对 value 是线性的：只会加权相加，不会让它们相互作用。
# 要看清谁做什么，任务必须两样都用到。像第 6 章那样，有八个词元，例如 `B7`，每个字母出现两次；
# 每个词元要报出自己的数字与孪生词元的数字*之和*的个位。我们训练完整的一层，再训练去掉一部分的层。
# %%
def sentences(rng, n):
    # Letters, digits, the twins' digits, answers, each (n, 8). | 字母、数字、孪生的数字、答案，各 (n, 8)。
    letters, digits = np.argsort(rng.random((n, 8))) % 4, rng.integers(0, 10, (n, 8))
    twin = ((letters[:, :, None] == letters[:, None]) & ~np.eye(8, dtype=bool)).argmax(-1)
    others = np.take_along_axis(digits, twin, 1)
    return letters, digits, others, (digits + others) % 10


class Layer(nn.Module):
    def __init__(self, attends, computes, d_model=32, n_heads=2):
        self.letter, self.digit = nn.Embedding(4, d_model), nn.Embedding(10, d_model)
        self.read = nn.Linear(d_model, 10)
        self.attention = nn.MultiheadAttention(d_model, n_heads, batch_first=True) if attends else None
        self.network = nn.Sequential(nn.Linear(d_model, 128), nn.ReLU(), nn.Linear(128, d_model)) if computes else None

    def attended(self, letters, digits):
        X = self.letter(letters) + self.digit(digits)  # (B, 8, d_model)
        return X + self.attention(X, X, X)[0] if self.attention else X

    def forward(self, letters, digits):
        X = self.attended(letters, digits)
        return self.read(X + self.network(X) if self.network else X)  # (B, 8, 10)


def trained(layer, steps=300 if short else 500):
    rng, optimizer = np.random.default_rng(0), optim.AdamW(layer.parameters(), lr=1e-2)
    schedule = optim.CosineAnnealingLR(optimizer, steps)
    for _ in tqdm(range(steps), "sums", leave=False):
        letters, digits, _, answers = sentences(rng, 64)
        loss = cross_entropy(layer(letters, digits).reshape(-1, 10), answers.reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return layer


kinds = {"both | 两样都有": (True, True), "without the network | 没有前馈网络": (True, False),
         "without attention | 没有注意力": (False, True),
         "without the network, twice as wide | 没有前馈网络，宽一倍": (True, False, 64, 4)}  # fmt: skip
manual_seed(0)
layers = {name: trained(Layer(*parts)) for name, parts in kinds.items()}
letters, digits, others, answers = sentences(np.random.default_rng(1), 2000)
with no_grad():
    right = [float((layer(letters, digits).array.argmax(-1) == answers).mean()) for layer in layers.values()]
    layer = next(iter(layers.values()))
    X, units = layer.attended(letters, digits), layer.network[:2]
    H = units(X).array  # (B, 8, 128)
    X.array[:, 0] += 1.0  # another first token | 换掉第一个词元
    elsewhere = abs(units(X).array - H)[:, 1:].max()

base = nn.TransformerEncoderLayer(512, 8, 2048)  # the paper's base model | 论文的 base 模型
share = (base.linear1.weight.size + base.linear2.weight.size) / sum(p.size for p in base.parameters())
# %%
sizes = [sum(p.size for p in layer.parameters()) for layer in layers.values()]
show(table(["layer | 层", "parameters | 参数个数", "right | 答对"],
           [[name, size, score] for name, size, score in zip(kinds, sizes, right, strict=True)], ".1%"),
     "Attention fetches the twin's digit, the network makes the sum. (Guessing: 10%.)",
     "注意力取来孪生词元的数字，前馈网络求和。（瞎猜是 10%。）")  # fmt: skip
finding(right[0] > right[1] + 0.02 and right[2] < 0.2 and elsewhere == 0 and 0.6 < share < 0.7,
        f"Without the network {right[1]:.0%} are right instead of {right[0]:.1%}, without attention {right[2]:.0%}. "
        f"The network sees one position alone: another first token changes nothing elsewhere. It holds most "
        f"parameters, {share:.0%} of an encoder layer of the paper's base model.",
        f"没有前馈网络，答对的从 {right[0]:.1%} 降到 {right[1]:.0%}；没有注意力，只有 {right[2]:.0%}。"
        "前馈网络只看自己的位置：换掉第一个词元，别处毫无变化。大部分参数都在它那里："
        f"在论文 base 模型的一个编码器层里占 {share:.0%}。")  # fmt: skip
# %% [markdown]
# (That attention alone gets so far, and farther if it is wider, is worth a thought: its $P$ is not fixed but comes from
# the tokens through a softmax, so attention can compute a little, too.) What does a unit respond to? Here are six of
# the 128: the mean activation for each pair of digits.
#
# （只有注意力也能做到这个程度，宽一些还更好，值得想一想：$P$ 并不固定，而是由词元经 softmax 得来，
# 所以注意力自己也能算一点东西。）一个单元对什么有反应？下面是 128 个单元中的 6 个：对每一对数字的平均激活值。
# %%
pairs = 10 * digits.ravel() + others.ravel()
active = np.array([H.reshape(-1, 128)[pairs == pair].mean(0) for pair in range(100)]).T  # (unit, pair)
with no_grad():
    votes = (layer.read.weight @ layer.network[2].weight).array.argmax(0)  # what each supports | 各支持哪个答案
sums = np.add.outer(np.arange(10), np.arange(10)).ravel() % 10
fires = np.median((active > 0.1 * active.max(1, keepdims=True)).mean(1))
chosen = (active * (sums == votes[:, None])).sum() / active.sum()
# %%
fig, axes = figure(2, 3, width=7.6, height=5.6, sharex=True, sharey=True)
for axis, unit in zip(axes.flat, active.std(1).argsort()[::-1], strict=False):
    heatmap(axis, active[unit].reshape(10, 10), range(10), range(10))
    axis.set(title=f"unit {unit}: for {votes[unit]} | 单元 {unit}：支持 {votes[unit]}")
axes[1, 1].set_xlabel("the twin's digit | 孪生词元的数字")
axes[0, 0].set_ylabel("own digit | 自己的数字")
show(fig, "Six hidden units and the pairs of digits that make them active. The title says which answer each one "
     "supports most.",
     "六个隐藏单元，以及让它们激活的数字对。标题里写着它最支持哪个答案。")  # fmt: skip
finding(0.05 < fires < 0.7 and 0.1 < chosen < 0.5,
        f"A unit is active for {fires:.0%} of the pairs (median), in patches. No unit knows a sum: of all activity "
        f"{chosen:.0%} falls on pairs whose sum is the answer that the unit supports (by chance 10%). The answer is "
        "what many such votes add up to.",
        f"一个单元对 {fires:.0%} 的数字对有反应（中位数），成块分布。没有哪个单元独自知道答案：全部激活中，"
        f"只有 {chosen:.0%} 落在“和正好是它所支持的答案”的数字对上（若纯属碰巧，则是 10%）。"
        "答案是许多这样的投票加出来的。")  # fmt: skip
# %% [markdown]
# ## What the layer norm computes, and its gradient
# ## 层归一化算什么，梯度又是什么
#
# Sums of sums would grow from layer to layer. The norm keeps their scale: it takes each token's vector of $d$ entries
# to mean 0 and variance 1 (its own $\mu$ and $\sigma^2$), then learnt scales $\gamma$ and shifts $\beta$ apply:
#
# 一层层加下去，数值会越来越大。归一化把每个词元的向量（$d$ 个元素）变成均值 0、方差 1
# （$\mu$ 和 $\sigma^2$ 只由这一个向量算出），再乘以学出来的 $\gamma$，加上学出来的 $\beta$：
#
# $$n = \frac{x - \mu}{\sigma}, \qquad \mathrm{LayerNorm}(x) = n \odot \gamma + \beta$$
#
# (In practice $\sqrt{\sigma^2 + \epsilon}$ stands for $\sigma$.) An entry $x_j$ reaches $n_i$ in three ways: directly
# if $i = j$, through the mean, and through the spread, with $\partial\mu/\partial x_j = 1/d$ and
# $\partial\sigma/\partial x_j = n_j/d$. Add up, and the chain rule gives:
#
# （实际计算时用 $\sqrt{\sigma^2 + \epsilon}$ 代替 $\sigma$。）元素 $x_j$ 通过三条路影响 $n_i$：$i = j$ 时直接影响；
# 通过均值；通过标准差。其中 $\partial\mu/\partial x_j = 1/d$，$\partial\sigma/\partial x_j = n_j/d$。
# 加起来，再用链式法则：
#
# $$\frac{\partial n_i}{\partial x_j} = \frac{1}{\sigma}\Big(\delta_{ij} - \frac{1}{d} - \frac{n_i n_j}{d}\Big),
# \qquad dn = dY \odot \gamma$$
#
# $$dx = \frac{1}{\sigma}\big(dn - \mathrm{mean}(dn) \;\; {} - n \odot \mathrm{mean}(dn \odot n)\big)$$
#
# So from the gradient two parts are taken out, that which would shift all entries alike and that which would stretch
# them: the norm undoes such changes anyway.
#
# 也就是说，梯度里去掉了两部分：让所有元素一起平移的部分，和让它们一起伸缩的部分。这两种变化，归一化反正也会抵消。
# %%
rng = np.random.default_rng(0)
x, gamma, dY = Tensor(rng.normal(size=8), requires_grad=True), rng.normal(size=8), rng.normal(size=8)
nn.functional.layer_norm(x, (8,), Tensor(gamma)).backward(dY)
sigma = np.sqrt(x.array.var() + 1e-5)
n, dn = (x.array - x.array.mean()) / sigma, dY * gamma
dx = (dn - dn.mean() - n * (dn * n).mean()) / sigma
wrong = abs(dx - x.grad.array).max()
finding(wrong < 1e-12 and abs(dx.sum()) < 1e-12 and abs(dx @ n) < 1e-4,
        f"The engine's gradient is this line within {wrong:.0e}. It has no part along a shift (sum "
        f"{abs(dx.sum()):.0e}) and none along a stretch ($dx \\cdot n$ is {abs(dx @ n):.0e}, because of $\\epsilon$).",
        f"引擎算出的梯度就是这一行，误差不超过 {wrong:.0e}。它没有平移的部分（总和 {abs(dx.sum()):.0e}），"
        f"也没有伸缩的部分（$dx \\cdot n$ 是 {abs(dx @ n):.0e}，来自 $\\epsilon$）。")  # fmt: skip
# %% [markdown]
# ## Who may look at whom
# ## 谁可以看谁
#
# Two masks keep attention from what it must not see. The **causal mask**: position $i$ of the target sees positions up
# to $i$ only, since what follows is what it is to predict. The **padding mask**: sentences of a batch are filled up to
# one length, and nobody may look at the filling.
#
# 有两种掩码，不让注意力看到不该看的东西。**因果掩码**：目标的第 $i$ 个位置只能看到前 $i$ 个位置，
# 因为后面的正是它要预测的。**填充掩码**：一个批次里的句子会补齐到同样的长度，补上去的部分谁都不许看。
# %%
fig, (left, right) = figure(1, 2, height=2.8)
heatmap(left, np.tri(6), ["<s>", *"2026-"], ["<s>", *"2026-"])
left.set(xlabel="key: who is seen | key：被看的", ylabel="query: who looks | query：在看的", title="causal | 因果掩码")
heatmap(right, np.arange(6) < np.array([[6], [4], [3]]), ["3/3/26", "3.3.", "May"], list("123456"))
right.set(xlabel="position | 位置", title="padding | 填充掩码")
show(fig, "Blue: may be attended to.", "蓝色：可以看。")
before = small(source, target).array
ahead = abs(small(source, [[1, 6, 9]]).array - before)[:, :2].max()  # another last token | 换掉最后一个
filled = abs(small([[3, 4, 5, 6, 0, 0]], target).array - before).max()  # id 0 is padding | 编号 0 是填充
read = abs(small([[3, 4, 5, 7]], target).array - before).max()  # another source token | 换掉一个源词元
finding(max(ahead, filled) < 1e-5 < 1e-2 < read,
        f"Another last token changes the logits before it by {ahead:.1g}, padding changes all of them by "
        f"{filled:.1g} (rounding); another source token, by {read:.1f}.",
        f"换掉最后一个目标词元，它之前的 logits 变化 {ahead:.1g}；在源句末尾填充，变化 {filled:.1g}（舍入误差）；"
        f"而换掉一个源词元，变化达 {read:.1f}。")  # fmt: skip


# %% [markdown]
# ## What the residual is for, and where the norm stands
# ## 残差连接有什么用，归一化放在哪里
#
# Attention averages, and an average of averages makes everything alike. The residual connection keeps what each token
# was. On the way back it leads the gradient past the sublayer: $x + f(x)$ has the slope $1 + f'(x)$, so where $f'$ is
# nearly 0 the gradient does not vanish. The norm may stand after the sum, as in the paper (**post-norm**), or before
# the sublayer (**pre-norm**, Xiong et al. 2020): $x \leftarrow x + \mathrm{Sublayer}(\mathrm{LayerNorm}(x))$, which
# leaves a path from input to output without any norm. Stack many encoder layers, and look at tokens and gradients.
#
# 注意力是在做平均，平均再平均，一切就都变得一样了；残差连接则保留每个词元原来的样子。往回走时，它让梯度绕过子层：
# $x + f(x)$ 的斜率是 $1 + f'(x)$，所以即使 $f'$ 接近 0，梯度也不会消失。归一化可以像论文那样放在相加之后
# （**post-norm**），也可以放在子层之前（**pre-norm**，Xiong 等，2020）：
# $x \leftarrow x + \mathrm{Sublayer}(\mathrm{LayerNorm}(x))$，这样从输入到输出就有一条不经过归一化的通路。
# 我们把许多随机初始化的编码器层叠起来，看看词元和梯度各会怎样。
# %%
class WithoutResidual(nn.TransformerEncoderLayer):
    def forward(self, x):
        x = self.norm1(self._self_attention(x, None, None, False))
        return self.norm2(self._feed_forward(x))


def stack(kind, n_layers, seed, d_model=64, T=16, B=4):
    # Cosine between tokens after each layer; ‖dW₂‖, and its tokens' parts. | 每层词元间的余弦；‖dW₂‖，各词元贡献之和。
    manual_seed(seed)
    make = WithoutResidual if kind == "no residual" else nn.TransformerEncoderLayer
    layers = [make(d_model, 4, 256, 0.0, batch_first=True, norm_first=kind == "pre-norm") for _ in range(n_layers)]
    for W in [p for layer in layers for p in layer.parameters() if p.ndim > 1]:
        nn.init.xavier_uniform_(W)
    rng, output, cosine, seen = np.random.default_rng(seed), nn.Linear(d_model, 10), [], []
    layers[-1].linear2.register_forward_hook(lambda module, inputs, result: seen.extend([inputs[0], result]))
    x = Tensor(rng.normal(size=(B, T, d_model)).astype("float32"))
    for layer in layers:
        x = layer(x)
        u = x.array / np.linalg.norm(x.array, axis=-1, keepdims=True)
        cosine.append(((u @ u.mT).sum((1, 2)).mean() - T) / (T * (T - 1)))
    x = nn.LayerNorm(d_model)(x) if kind == "pre-norm" else x
    loss = cross_entropy(output(x).reshape(-1, 10), rng.integers(0, 10, B * T))
    H, dY = seen[0].array, grad(loss, seen[1], retain_graph=True).array  # of each token | 每个词元的
    parts = (np.linalg.norm(H, axis=-1) * np.linalg.norm(dY, axis=-1)).sum()
    return cosine, np.linalg.norm(grad(loss, layers[-1].linear2.weight).array), parts


depths, seeds = (2, 4, 8, 16, 32), range(3 if short else 12)
kinds = ("no residual", "post-norm", "pre-norm")
alike = {kind: np.mean([stack(kind, 24, seed)[0] for seed in seeds], axis=0) for kind in kinds}
every = {kind: [[stack(kind, depth, seed)[1:] for depth in depths] for seed in seeds] for kind in kinds}
ends = {kind: np.mean(every[kind], axis=0) for kind in kinds}
# %%
fig, (left, right) = figure(1, 2, width=8.3, height=3.3)
for kind in kinds:
    label = "no residual | 无残差连接" if kind == "no residual" else kind
    left.plot(range(1, 25), alike[kind], label=label)
    right.plot(depths, ends[kind][:, 1], label=label)
left.set(xlabel="layer | 层", ylabel="cosine between tokens | 词元间的余弦", ylim=(0, 1.03))
right.set(xlabel="layers in all | 总层数", ylabel="gradient, tokens' parts | 梯度，各词元之和", ylim=(0, None))
right.set_xticks(depths)
left.legend()
show(fig, "Fresh weights. Left: how alike the tokens become. Right: the gradient of $W_2$ in the last layer, the "
     "norms of its tokens' parts added up.",
     "随机初始权重。左：词元有多相似。右：最后一层 $W_2$ 的梯度，把各词元贡献的范数相加。")  # fmt: skip
none, post, pre = (alike[kind][5] for kind in kinds)
late = {kind: alike[kind][-1] for kind in kinds}
finding(none > 0.99 and max(post, pre) < 0.85 and late["post-norm"] > late["pre-norm"] + 0.1,
        f"Without residual connections, after six layers all tokens are the same vector (cosine {none:.3f}); with them "
        f"they stay apart ({post:.2f} post-norm, {pre:.2f} pre-norm). After 24, post-norm has reached "
        f"{late['post-norm']:.3f} too, pre-norm {late['pre-norm']:.2f}.",
        f"没有残差连接，六层之后所有词元就成了同一个向量（余弦 {none:.3f}）；有残差连接则各不相同（post-norm "
        f"{post:.2f}，pre-norm {pre:.2f}）。到 24 层时，post-norm 也达到了 {late['post-norm']:.3f}，"
        f"pre-norm 是 {late['pre-norm']:.2f}。")  # fmt: skip
# %% [markdown]
# Why does post-norm reach 1, too? Each norm rescales the sum, so the share of the original token shrinks by a factor
# per layer. As to the gradients, Xiong et al. (theorem 1) bound the last layer's from above: for post-norm
# independently of the depth, for pre-norm in proportion to $1/\sqrt{\mathrm{depth}}$, from 2 to 32 layers a factor of
# 0.25. They conclude: this is why deep post-norm models need a warm-up of the learning rate.
#
# post-norm 为什么最后也到了 1？每一层都把和重新缩放，原词元所占的比重就逐层按比例缩小。梯度方面，Xiong 等（定理 1）
# 给出最后一层梯度的上界：post-norm 的上界与深度无关，pre-norm 的与深度的平方根成反比，从 2 层到 32 层就是 0.25 倍。
# 他们由此解释，为什么很深的 post-norm 模型需要学习率预热。
# %%
(post_whole, post), (pre_whole, pre) = (ends[kind][-1] / ends[kind][0] for kind in ("post-norm", "pre-norm"))
finding(0.85 < post < 1.2 and pre < 0.45 and post_whole > 1.2,
        f"Token by token it is as the bounds say: from 2 to 32 layers the parts change by the factor {post:.2f} "
        f"(post-norm) and {pre:.2f} (pre-norm). Their sum, $dW_2$ itself, by {post_whole:.2f} and {pre_whole:.2f}: the "
        "tokens have become alike, so their parts point the same way and cancel less.",
        f"逐个词元看，正如上界所说：从 2 层到 32 层，各词元的贡献变为 {post:.2f} 倍（post-norm）和 {pre:.2f} "
        f"倍（pre-norm）。它们的和，即 $dW_2$ 本身，变为 {post_whole:.2f} 倍和 {pre_whole:.2f} 倍：词元变得相似，"
        "各自的贡献方向一致，抵消得少了。")  # fmt: skip
# %% [markdown]
# **Exercise.** Give `WithoutResidual` its residual back around the feed-forward network only. Which curve does it
# follow in the figure of the cosines, and why?
#
# **练习。** 给 `WithoutResidual` 加回残差连接，但只加在前馈网络周围。在余弦那幅图里它会跟哪条曲线走？为什么？
#
# **Answer.** The first one: after two layers the tokens are alike (cosine 0.999), as without any residual connection.
# It is attention that averages, and the connection around the network can only keep what attention has left. Around the
# attention alone it helps: 0.55 after two layers, 0.94 after six.
#
# **答案。** 跟第一条：两层之后词元就都一样了（余弦 0.999），和完全没有残差连接时相同。做平均的是注意力，
# 前馈网络周围的残差连接只能保留注意力剩下的东西。只加在注意力周围才有用：两层之后是 0.55，六层之后是 0.94。
