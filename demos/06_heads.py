# %% [markdown]
# # Why several heads?
# # 为什么要多个头？
#
# One head computes one softmax: for each token, a single set of attention weights that add up to 1. What if a token
# needs two things at once, from two places? It can give each place a half, but then it receives the *average* of two
# values and no longer knows which came from where. That is the paper's own reason for **multi-head attention**
# (Vaswani et al. 2017, section 3.2.2): several heads look at different **representation subspaces** and different
# places **in parallel**; "with a single attention head, averaging inhibits this".
#
# 一个头只算一次 softmax：对每个词元，只有一组和为 1 的注意力权重。要是一个词元同时需要来自两个地方的两样东西呢？
# 它可以给两处各分一半，可是拿到的只是两个 value 的*平均*，分不清哪个来自哪里。
# 这正是论文采用**多头注意力**的理由（Vaswani 等，2017，第 3.2.2 节）：多个头可以**并行**地关注不同的**表示子空间**
# 和不同的位置；只有一个头时，“平均会妨碍这一点”。
#
# $$\mathrm{head}_h = \mathrm{softmax}\!\left(\frac{Q_h K_h^\top}{\sqrt{d_k}}\right)V_h, \qquad
# d_k = \frac{d_{model}}{H}$$
#
# $$Y = \mathrm{Concat}(\mathrm{head}_1, \dots, \mathrm{head}_H)\,W_o$$
#
# Each head has matrices of its own, which project a token's vector of $d_{model}$ entries into a space of $d_k$: its
# subspace. More heads cost no more parameters: the more there are, the narrower is each, and the matrices keep their
# size.
#
# 每个头有自己的矩阵，把词元的 $d_{model}$ 维向量投影到一个 $d_k$ 维的空间，也就是它的子空间。
# 增加头数并不增加参数：头越多，每个头就越窄，矩阵的总大小不变。
#
# The task needs two relations at once. A sentence has eight tokens such as `B7`; each of four letters occurs twice.
# Every token is to name two digits: that of the token **before** it (a relation of position), and that of its **twin**,
# the other token with its letter (a relation of content).
#
# 任务同时需要两种关系。一句话有八个词元，例如 `B7`，四个字母各出现两次。每个词元要报出两个数字：
# **前一个**词元的数字（位置关系），以及它的**孪生**词元，即另一个同字母词元的数字（内容关系）。
# %%
from guide import BLUE, GREEN, ORANGE, figure, finding, heatmap, say, short, show, table

import numpy as np
from tqdm import tqdm

from tinygrad_tf import cross_entropy, manual_seed, nn, no_grad, optim

N, D = 8, 32
PLACES = np.arange(N)


def sentences(rng, n):
    # Letters, digits (n, 8); the two to name (n, 8, 2); the twin. | 字母、数字 (n, 8)；要报的两个 (n, 8, 2)；孪生。
    letters, digits = np.argsort(rng.random((n, N))) % 4, rng.integers(0, 10, (n, N))
    twin = ((letters[:, :, None] == letters[:, None]) & ~np.eye(N, dtype=bool)).argmax(-1)
    return letters, digits, np.stack([np.roll(digits, 1, 1), np.take_along_axis(digits, twin, 1)], -1), twin


class Model(nn.Module):
    def __init__(self, n_heads):
        self.letter, self.digit, self.place = nn.Embedding(4, D), nn.Embedding(10, D), nn.Embedding(N, D)
        self.attention = nn.MultiheadAttention(D, n_heads, batch_first=True)
        self.read = nn.Linear(D, 20)

    def forward(self, letters, digits):
        X = self.letter(letters) + self.digit(digits) + self.place(PLACES)  # (B, 8, D)
        Y, P = self.attention(X, X, X, average_attn_weights=False)  # (B, 8, D), (B, H, 8, 8)
        return self.read(Y).reshape(*Y.shape[:2], 2, 10)[:, 1:], P  # the first has none before it | 第一个没有前一个


def trained(n_heads):
    manual_seed(0)
    rng, model = np.random.default_rng(0), Model(n_heads)
    optimizer = optim.Adam(model.parameters(), lr=1e-2)
    # The learning rate falls to 0, along a cosine. | 学习率沿余弦曲线降到 0。
    schedule = optim.CosineAnnealingLR(optimizer, steps := 300 if short else 500)
    for _ in tqdm(range(steps), desc=f"{n_heads} head(s)"):
        letters, digits, answers, _ = sentences(rng, 64)
        loss = cross_entropy(model(letters, digits)[0].reshape(-1, 10), answers[:, 1:].reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return model


# There are 10¹¹ sentences, so all of these are new. | 共有 10¹¹ 种句子，所以这些全是新的。
test = letters, digits, answers, twin = sentences(np.random.default_rng(1), 1000)
models = {n_heads: trained(n_heads) for n_heads in (1, 2, 4, 8)}
sizes = [sum(p.size for p in model.parameters()) for model in models.values()]
right, maps = {}, {}
for n_heads, model in models.items():
    with no_grad():
        scores, P = model(letters, digits)
    hit = scores.array.argmax(-1) == answers[:, 1:]
    right[n_heads] = [hit[..., 0].mean(), hit[..., 1].mean(), hit.all(-1).mean()]
    maps[n_heads] = P.array
# %%
fig, axes = figure(height=2.9)
for i, (label, colour, hatch) in enumerate([("the one before | 前一个", BLUE, ""), ("the twin | 孪生", GREEN, "//"),
                                            ("both | 两个都对", ORANGE, "..")]):  # fmt: skip
    axes.bar(np.arange(4) + 0.27 * (i - 1), [100 * r[i] for r in right.values()], 0.25, color=colour, hatch=hatch,
             edgecolor="white", label=label)  # fmt: skip
axes.set_xticks(range(4), [str(n) for n in right])
axes.set(xlabel="number of heads | 头数", ylabel="right (%) | 答对（%）", ylim=(0, 104))
axes.legend(ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1))
show(fig, f"New sentences. All four models have {sizes[0]:,} parameters.",
     f"新的句子。四个模型都是 {sizes[0]:,} 个参数。")  # fmt: skip
lucky = (np.roll(digits, 1, 1) == answers[..., 1])[:, 1:].mean()
say(f"In {lucky:.0%} of the cases both digits are the same, so that one look is enough. The single head hardly does "
    "better than that. It looks a little more at the one before (see the table below), so that digit has the highest "
    f"score and answers both questions: {right[1][0]:.0%} right on the first, {right[1][1]:.0%} on the second.",
    f"有 {lucky:.0%} 的情形两个数字本来就一样，看一处就够了。单个头比这好不了多少：它看前一个略多一点（见下表），"
    f"所以前一个的数字得分最高，两问都用它来答：第一问答对 {right[1][0]:.0%}，"
    f"第二问只有 {right[1][1]:.0%}。")  # fmt: skip
finding(len(set(sizes)) == 1 and right[1][2] < 0.45 and min(right[n][2] for n in (2, 4, 8)) > 0.9,
        f"Equally many parameters, yet one head gets both right in {right[1][2]:.0%} of the cases, two heads in "
        f"{right[2][2]:.1%}.",
        f"参数同样多：一个头把两个数字都答对的只有 {right[1][2]:.0%}，两个头有 {right[2][2]:.1%}。")  # fmt: skip
# %% [markdown]
# ## What each head attends to
# ## 每个头在看什么
#
# Nobody assigned the relations to the heads. Look at one sentence: each row is a token, and shows where it looks. A
# line just below the diagonal means "the one before"; the twins are framed.
#
# 没有人规定哪个头管哪种关系。看一句话：每行是一个词元，显示它看向哪里。
# 紧贴对角线下方的一条线表示“前一个”；框出来的格子是孪生词元。
# %%
fig, axes = figure(1, 3, width=8.3, height=3.4)
names = [f"{'ABCD'[a]}{d}" for a, d in zip(letters[0], digits[0], strict=True)]
titles = ["the only head | 唯一的头", "head 1 of 2 | 2 个头中的第 1 个", "head 2 of 2 | 2 个头中的第 2 个"]
for axis, values, title in zip(axes, [maps[1][0, 0], *maps[2][0]], titles, strict=True):
    image = heatmap(axis, values, names, names, largest=1)
    axis.scatter(twin[0], PLACES, s=120, marker="s", facecolors="none", edgecolors=ORANGE, linewidths=1.5)
    axis.set(title=title, xlabel="looked at | 被看的", ylabel="looks | 在看的")
fig.colorbar(image, ax=axes, label="P", shrink=0.7)
show(fig, "One head has to blend the two relations; two heads take one each.",
     "一个头只能把两种关系混在一起；两个头则各管一种。")  # fmt: skip


def looks(P):
    # Each head's mean weight on the one before and on the twin (H, 2). | 每个头给前一个、给孪生的平均权重 (H, 2)。
    before = P[:, :, PLACES[1:], PLACES[:-1]].mean((0, 2))
    return np.stack([before, np.take_along_axis(P, twin[:, None, :, None], -1)[:, :, 1:, 0].mean((0, 2))], -1)


rows = [[n, h + 1, *map(float, row)] for n in (1, 2, 4) for h, row in enumerate(looks(maps[n]))]
show(table(["heads | 头数", "head | 第几个", "on the one before | 看前一个", "on the twin | 看孪生"], rows, ".1%"),
     "Mean attention weights. (By chance the twin is the one before in one case of seven.)",
     "平均的注意力权重。（孪生词元恰好就是前一个的概率是七分之一。）")  # fmt: skip
roles = looks(maps[2])
finding(max(roles[0, 0] + roles[1, 1], roles[0, 1] + roles[1, 0]) > 1.8 and looks(maps[1]).sum() < 1.25,
        f"Two heads specialise: one gives {roles[:, 0].max():.0%} to the one before, the other {roles[:, 1].max():.0%} "
        f"to the twin. A single head has to share: {looks(maps[1])[0, 0]:.0%} and {looks(maps[1])[0, 1]:.0%} (the "
        "two overlap, since sometimes the twin is the one before).",
        f"两个头各有专长：一个把 {roles[:, 0].max():.0%} 的注意力给前一个，另一个把 {roles[:, 1].max():.0%} 给孪生。"
        f"单个头只好两边分：{looks(maps[1])[0, 0]:.0%} 和 {looks(maps[1])[0, 1]:.0%}"
        "（两者有重叠，因为有时孪生正好就是前一个）。")  # fmt: skip
# %% [markdown]
# ## Two subspaces, computed in parallel
# ## 两个子空间，并行计算
#
# A token is the sum of three vectors: for its letter, its digit and its place. A head's projection decides which of
# them survive. Take the keys of all 320 possible tokens, head by head: which of the three do they differ by? Then
# compute the heads one after the other, each with its own slice of the matrices: the package does all of them in one
# product.
#
# 一个词元是三个向量之和：字母、数字和位置。头的投影决定哪些保留下来。取全部 320 种可能的词元，逐个头看它们的 key：
# 差别来自三者中的哪一个？然后一个头一个头地算，各用矩阵中自己的那一块；本包则用一次乘法算出所有的头。
# %%
attention = models[2].attention
# Each (head, d_k, d_model). | 各为 (头, d_k, d_model)。
W_q, W_k, W_v = attention.in_proj_weight.array.reshape(3, 2, D // 2, D)
b_q, b_k, b_v = attention.in_proj_bias.array.reshape(3, 2, D // 2)

# A key is a sum of three independent parts, so their variances add up. | key 是三个独立部分之和，所以方差可以相加。
vectors = {"letter | 字母": models[2].letter, "digit | 数字": models[2].digit, "place | 位置": models[2].place}
spread = [[(v.weight.array @ W_k[h].T).var(0).sum() for v in vectors.values()] for h in (0, 1)]
kept = np.array([row / np.sum(row) for row in spread])

with no_grad():
    X = models[2].letter(letters) + models[2].digit(digits) + models[2].place(PLACES)  # (B, 8, d_model)
    together, _ = attention(X, X, X)
heads = []
for h in (0, 1):  # one head after the other | 一个头接一个头
    Q, K, V = (X.array @ W[h].T + b[h] for W, b in ((W_q, b_q), (W_k, b_k), (W_v, b_v)))  # (B, 8, d_k)
    S = Q @ K.mT / np.sqrt(D // 2)
    P = np.exp(S) / np.exp(S).sum(-1, keepdims=True)
    heads.append(P @ V)
one_by_one = np.concatenate(heads, axis=-1) @ attention.out_proj.weight.array.T + attention.out_proj.bias.array
# %%
show(table(["head | 头", *vectors], [[h + 1, *map(float, kept[h])] for h in (0, 1)], ".0%"),
     "Two heads: what the keys of each differ by.", "两个头：各自的 key 的差别来自哪里。")  # fmt: skip
apart = abs(one_by_one - together.array).max()
by_place, by_letter = roles[:, 0].argmax(), roles[:, 1].argmax()
finding(kept[by_place, 2] > 0.6 and kept[by_letter, 0] > 0.6 and apart < 1e-4,
        f"The head that looks at the one before keeps the place ({kept[by_place, 2]:.0%} of its keys' variance), the "
        f"head that looks at the twin the letter ({kept[by_letter, 0]:.0%}): different subspaces of the same vector. "
        f"Computed one after the other or in parallel, the heads give the same, within {apart:.0e}.",
        f"看前一个的头保留的是位置（在它的 key 的方差中占 {kept[by_place, 2]:.0%}），看孪生的头保留的是字母"
        f"（{kept[by_letter, 0]:.0%}）：同一个向量的不同子空间。一个一个地算，还是并行地算，结果相同，"
        f"相差不超过 {apart:.0e}。")  # fmt: skip
# %% [markdown]
# **Exercise.** Put a two-layer network with a ReLU between the attention and `read`. How much of the loss can it undo
# for one head, which has to learn to take averages apart? Then ask for *three* relations: how many heads are needed?
#
# **练习。** 在注意力和 `read` 之间加一个两层网络，中间用 ReLU（把负数变成 0）。
# 单个头要学会把平均值拆开，这样能挽回多少？再把任务改成*三种*关系：需要几个头？
#
# **Answer.** All of it: with the network one head gets both right in 100% of the cases. It learns to take the average
# apart, at the price of four times $d_{model}$ hidden units, and of a layer more. Three relations (the one before, the
# twin, the one after), all three right, without a network: 4% with one head, 43% with two, 100% with three.
#
# **答案。** 全部：加上网络，单个头也能 100% 都答对。它学会了把平均值拆开，代价是 $4\,d_{model}$ 个隐藏单元，
# 还多了一层。三种关系（前一个、孪生、后一个），不加网络，三个全对的比例：一个头 4%，两个头 43%，三个头 100%。
