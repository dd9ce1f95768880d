# %% [markdown]
# # Why positional encoding?
# # 为什么需要位置编码？
#
# Attention finds partners by content. The output at $i$ is a sum over all tokens $j$, and a sum has no order:
#
# 注意力按内容找词元，不看次序。第 $i$ 行的输出是对所有词元 $j$ 求和，而求和与各项的先后无关：
#
# $$y_i = \sum_j \mathrm{softmax}_j\!\left(\frac{q_i \cdot k_j}{\sqrt{d_k}}\right) v_j$$
#
# So if $\Pi$ shuffles the rows of $X$, the output is shuffled likewise: $f(\Pi X) = \Pi f(X)$, called permutation
# equivariance. To it "dog bites man" is "man bites dog". Let us shuffle and look.
#
# 因此，若用置换 $\Pi$ 打乱 $X$ 的各行，输出的各行也以同样的方式被打乱，此外毫无变化：$f(\Pi X) = \Pi f(X)$，
# 这叫做置换等变性。对它来说，“狗咬人”和“人咬狗”毫无区别。打乱一次，亲眼看看。
# %%
from guide import INK, figure, finding, heatmap, manual_seed, short, show

import numpy as np
from tqdm import tqdm

from tinygrad_tf import Tensor, attention, cross_entropy, nn, optim
from tinygrad_tf.random import generator

attend, waves = nn.MultiheadAttention(32, 4, batch_first=True), nn.SinusoidalPositions(32)
X = Tensor(generator().normal(size=(1, 8, 32)).astype("float32"))
shuffle = generator().permutation(8)
gap = lambda f: abs(f(X[:, shuffle]) - f(X)[:, shuffle]).max().item()  # between f(ΠX) and Πf(X)
without, added = gap(lambda X: attend(X, X, X)[0]), gap(lambda X: attend(*3 * [waves(X)])[0])
finding(without < 1e-5 < 0.01 < added,
        f"Shuffled in, shuffled out, but for {without:.0e} of rounding. With positions added to $X$ the "
        f"two differ by {added:.2f}.",
        f"输入打乱，输出也照样打乱，只差 {without:.0e} 的舍入误差。加上位置编码，两者相差 {added:.2f}。")  # fmt: skip
# %% [markdown]
# ## A task that needs order
# ## 一个离不开次序的任务
#
# Reverse a string: `314159` becomes `951413`. At each digit an encoder is to say the one that mirrors it. Without
# positions it knows only *which* digits there are. Six different ones form three pairs in $5 \cdot 3 \cdot 1 = 15$
# ways, so no model, however large, is right more than once in 15; where digits repeat it can be a little luckier (over
# all strings: 7.5%).
#
# 把一串数字倒过来：`314159` 变成 `951413`。编码器要在每个数字处说出与它对称的那个数字。没有位置，它只知道有哪些数字。
# 六个不同的数字两两配对，共有 $5 \cdot 3 \cdot 1 = 15$ 种配法，所以无论多大的模型，平均十五次里最多猜对一次；
# 有重复数字时运气略好一点（对所有数字串平均，最多 7.5%）。
# %%
D, H, LENGTH, START = 32, 2, 6, 10


def strings(n):
    """Ids read and to say (n, 1 + LENGTH). Rotary positions see distances: START is something to be distant from."""
    digits, start = generator().integers(0, 10, (n, LENGTH)), np.full((n, 1), START)
    return np.hstack([start, digits]), np.hstack([start, digits[:, ::-1]])


held_out, truth = strings(500)  # of a million: of those trained on below, at most 3 % are the same


class Rotary(nn.MultiheadAttention):
    def forward(self, x, *_, **__):
        weights = zip(self.in_proj_weight.split(D), self.in_proj_bias.split(D), strict=True)
        Q, K, V = (nn.split_heads(nn.functional.linear(x, W, b), H) for W, b in weights)  # (B, H, L, D/H)
        turn, places = nn.RotaryPositions(D // H), np.arange(x.shape[1])
        return self.out_proj(nn.join_heads(attention(turn(Q, places), turn(K, places), V))), None


def reverser(kind):
    """Ids (B, L) → logits (B, L, V): embedding, positions of one kind or none, two encoder layers."""
    embedding, learned = nn.Embedding(11, D), nn.LearnedPositions(D, 1 + LENGTH)
    for part in (embedding, learned):
        nn.init.normal_(part.weight, std=0.3)  # alike, so that neither drowns the other
    layer = nn.TransformerEncoderLayer(D, H, 2 * D, dropout=0.0, batch_first=True, norm_first=True)
    if kind == "rotary":
        layer.self_attn = Rotary(D, H)
    positions = {"sinusoidal": waves, "learned": learned}.get(kind, nn.Identity())
    return nn.Sequential(embedding, positions, nn.TransformerEncoder(layer, 2, nn.LayerNorm(D)), nn.Linear(D, 11))


def train(kind, steps):
    """The share of new strings that come out right, by step."""
    manual_seed(0)
    model, scores = reverser(kind), {}
    optimizer = optim.AdamW(model.parameters(), lr=5e-3, betas=(0.9, 0.98))
    schedule = optim.WarmupCosineLR(optimizer, 30, steps)
    for step in tqdm(range(1, steps + 1), kind, leave=False):
        ids, said = strings(64)
        loss = cross_entropy(model(ids).swapaxes(1, 2), said)
        optimizer.zero_grad()
        loss.backward()
        optim.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 25 == 0:
            scores[step] = (model(held_out).array.argmax(-1) == truth).all(axis=1).mean()
    return scores


names = {"none": "无", "sinusoidal": "正弦", "learned": "可学习", "rotary": "旋转（RoPE）"}
curves = {kind: train(kind, 150 if short else 500) for kind in (["none", "sinusoidal"] if short else names)}
fig, axes = figure(height=2.9)
for kind, scores in curves.items():
    axes.plot(scores.keys(), [100 * score for score in scores.values()], label=f"{kind} | {names[kind]}")
axes.axhline(100 / 15, color=INK, linewidth=1)
axes.text(max(scores), 9, "1 in 15 | 十五分之一", ha="right")
axes.set(xlabel="step | 步", ylabel="reversed exactly (%) | 完全正确（%）")
axes.legend(loc="center right")
show(fig, "How many of 500 strings are reversed without an error.", "500 个数字串中完全倒对的比例。")
last = {kind: [*scores.values()][-1] for kind, scores in curves.items()}
worst = min(score for kind, score in last.items() if kind != "none")
finding(last["none"] < 0.12 and worst > 0.8,
        f"Without positions {last['none']:.1%} of the strings come out right, with the worst of the three kinds "
        f"{worst:.1%}.",
        f"没有位置，倒对的有 {last['none']:.1%}；三种位置编码中最差的也有 {worst:.1%}。")  # fmt: skip
# %% [markdown]
# ## Three ways to say where
# ## 说出位置的三种办法
#
# **Sinusoidal** (the paper, section 3.5): add waves, each pair of columns slower than the last. **Learned** (Gehring et
# al. 2017): add a trained vector per position; the paper found them equally good (table 3, E). **Rotary** (Su et al.
# 2021): add nothing, but turn $q$ and $k$ by an angle that grows with the position.
#
# **正弦**（论文 3.5 节）：加一组波，每一对列都比前一对慢。**可学习**（Gehring 等，2017）：每个位置加一个训练出的向量；
# 论文发现两者效果相当（表 3 第 E 行）。**旋转**（RoPE，Su 等，2021）：不加向量，而把 $q$、$k$ 转一个随位置增大的角。
#
# $$PE_{(pos,2i)} = \sin\frac{pos}{10000^{2i/d_{model}}} \qquad PE_{(pos,2i+1)} = \cos\frac{pos}{10000^{2i/d_{model}}}$$
# %%
PE = nn.positional.sinusoids(60, 64)
fig, (left, right) = figure(1, 2, width=9, height=3.4)
heatmap(left, PE, signed=True, bar="value | 取值")
heatmap(right, PE @ PE.T, bar="dot product | 点积")
left.set(xlabel="dimension | 维", ylabel="position | 位置", title="PE")
right.set(xlabel="position | 位置", ylabel="position | 位置", title="PE · PEᵀ")
show(fig, "Left: a row per position, fast waves first. Right: how alike two positions are; stripes run along the "
     "diagonal.", "左：每行一个位置，快波在前，慢波在后。右：两个位置有多相像；条纹都沿着对角线。")  # fmt: skip
turn = nn.RotaryPositions(32)
q, k = Tensor(generator().normal(size=(2, 1, 1, 1, 32)))
scores = np.array([[(turn(q, [i]) @ turn(k, [j]).mT).item() for j in range(12)] for i in range(12)])
rotary, sine = (max(np.ptp(np.diagonal(S, d)) for d in range(12)) for S in (scores, PE @ PE.T))
finding(max(rotary, sine) < 1e-4 < 0.1 < np.ptp(scores),
        f"Of sinusoidal positions, $PE \\cdot PE^\\top$ depends on distance alone (it varies by {sine:.0e} along a "
        f"diagonal); of rotary ones $q \\cdot k$ does (by {rotary:.0e}; over all pairs by {np.ptp(scores):.0f}).",
        f"正弦编码的 $PE \\cdot PE^\\top$ 只取决于距离（沿对角线只变化 {sine:.0e}）；旋转编码则连 $q \\cdot k$ 本身"
        f"也只取决于距离（沿对角线只变化 {rotary:.0e}；在所有位置对之间变化 {np.ptp(scores):.0f}）。")  # fmt: skip
# %% [markdown]
# **Exercise.** Leave `START` out. What becomes of rotary positions, and why? Then try with `gap` how a causal mask
# breaks the symmetry even without positions (Haviv et al. 2022).
#
# **练习。** 去掉 `START`。旋转位置学起来会怎样，为什么？再用 `gap` 试一试：没有位置编码，
# 因果掩码为什么也会打破对称（Haviv 等，2022）？
