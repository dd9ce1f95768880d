# %% [markdown]
# # Self-attention: one word, two sentences, two vectors
# # 自注意力：同一个词，两句话，两个向量
#
# What does *bank* mean? *She waited at the bank and paid* is about money, *… and fished* about a river, and *… and
# slept* leaves it open. An embedding has one row for each word, so it gives *bank* the same vector in all three. The
# meaning has to be fetched from the other words.
#
# “打”是什么意思？“打篮球”是玩，“打电话”是拨号，“打毛衣”是编织。词嵌入表里每个词只有一行，
# 所以“打”在这三句话里的向量一模一样。意思得从别的词那里取来。
#
# In **self-attention** every word compares its query with the keys of all the others: the **relevance scores** $S$.
# Softmax makes them attention weights $P$, and the word receives the **weighted sum** of the values (Vaswani et al.
# 2017, section 3.2.1). It is added to the word's own vector, so a word need not look at itself; here it may not.
#
# 在**自注意力**中，每个词用自己的 query 与其他所有词的 key 逐一比较，得到**相关性分数** $S$；
# softmax 把分数变成注意力权重 $P$；然后按权重把各个 value **加权求和**（Vaswani 等，2017，第 3.2.1 节）。
# 所得结果加到这个词自己的向量上，所以词不必再看自己；这里干脆不许它看自己。
#
# $$S = \frac{QK^\top}{\sqrt{d_k}}, \qquad P = \mathrm{softmax}(S), \qquad Z = X + PV$$
#
# A row of $Z$ is the word's vector *in this sentence*, a **context-aware** one. All rows come out of the same few
# matrix products: no word waits for the one before it, as it would in a recurrent network.
#
# $Z$ 的一行是这个词*在这句话里*的向量，是**上下文相关的**（context-aware）。所有的行由同样几个矩阵乘法一起算出：
# 没有哪个词要等前一个词，这一点与循环神经网络不同。
#
# A tiny model learns to say what each word means. All words mean themselves, but for one in each sentence, whose
# meaning depends on the company it keeps: *bank* (money, river or unclear) in the English sentences, `打` (play, call
# or knit) in Chinese ones. It trains on half of the sentences and is tested on the others.
#
# 我们让一个极小的模型学着说出每个词的意思。大多数词的意思就是它自己；每句话里只有一个词，意思要看它与谁为伴：
# 英文句子里是 *bank*（钱、河、不明），中文句子里是 `打`（玩、拨、织）。模型用一半句子训练，用另一半测试。
# %%
import itertools

from guide import BLUE, GREEN, INK, ORANGE, figure, finding, heatmap, short, show

import numpy as np
from matplotlib.patches import Rectangle
from tqdm import tqdm

from tinygrad_tf import cross_entropy, manual_seed, nn, no_grad, optim

# The words that may stand at each place; the last one decides the meaning. | 每个位置可用的词；最后一个词决定意思。
ENGLISH = ["she he they we", "waited stood sat", "at by near", "the this", "bank", "and then"]
BANK = {"money | 钱": "paid saved borrowed", "river | 河": "fished swam rowed",
        "unclear | 不明": "slept talked laughed smiled sang read"}  # fmt: skip
CHINESE = ["她 他 我们 他们", "今天 明天 昨天", "又 也 先 还", "打"]
DA = {"play | 玩": "篮球 排球", "call | 拨": "电话 长途", "knit | 织": "毛衣 围巾"}
D = 32


class Reader(nn.Module):
    def __init__(self, n_words, n_meanings):
        self.embed = nn.Embedding(n_words, D)
        nn.init.normal_(self.embed.weight, std=0.1)
        self.W_q, self.W_k, self.W_v = (nn.Linear(D, D, bias=False) for _ in range(3))
        self.read = nn.Linear(D, n_meanings)

    def forward(self, ids):
        X = self.embed(ids)  # (B, L, D)
        Q, K, V = self.W_q(X), self.W_k(X), self.W_v(X)
        S = (Q @ K.mT / D**0.5).masked_fill(np.eye(ids.shape[1], dtype=bool), -np.inf)  # not itself | 不看自己
        P = S.softmax()  # (B, L, L)
        Z = X + P @ V  # (B, L, D)
        return self.read(Z), X, Z, P, V


def study(places, clues, word):
    # Train on half of the sentences; what the model makes of the other half. | 用一半句子训练，看它怎样处理另一半。
    manual_seed(0)
    rng, meanings = np.random.default_rng(0), list(clues)
    sentences = np.array(list(itertools.product(*map(str.split, places), " ".join(clues.values()).split())))
    sense = np.array([next(i for i, m in enumerate(meanings) if last in clues[m].split()) for last in sentences[:, -1]])
    words, ids = np.unique(sentences, return_inverse=True)
    ids, at, labels = ids.reshape(sentences.shape), places.index(word), ids.reshape(sentences.shape).copy()
    # What is to be said: the word itself, but for this one. | 该说的是词自己，只有这个词例外。
    labels[:, at] = len(words) + sense
    train, test = np.split(rng.permutation(len(ids)), 2)
    model = Reader(len(words), len(words) + len(meanings))
    optimizer = optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.1)
    for _ in tqdm(range(400 if short else 800), desc=word):
        batch = rng.choice(train, 32)
        loss = cross_entropy(model(ids[batch])[0].swapaxes(1, 2), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with no_grad():
        scores, *inside = model(ids[test])
    said = scores.array.argmax(-1)[:, at] - len(words)
    return sentences[test], sense[test], said, at, *(t.array for t in inside)


results = {"bank": study(ENGLISH, BANK, "bank"), "打": study(CHINESE, DA, "打")}
# %% [markdown]
# ## Relevance, then a weighted sum
# ## 先看相关性，再加权求和
#
# Two sentences at a time that differ in their last word only. Each row is a word, with its attention weights for the
# others. Look at the framed row, that of the ambiguous word: it looks at the word that tells what it means. The title
# says what the model makes of it.
#
# 下面每次取两句话，只有最后一个词不同。每行是一个词，显示它对其他词的注意力权重。
# 请看框出来的多义词那一行：它看的正是说明意思的那个词。标题里是模型的理解。
# %%
for (word, found), names in zip(results.items(), (list(BANK), list(DA)), strict=True):
    sentences, sense, said, at, _, _, P, _ = found
    pairs = itertools.product(np.flatnonzero(sense == 0), np.flatnonzero(sense == 1))
    first, other = next((i, j) for i, j in pairs if (sentences[i, :-1] == sentences[j, :-1]).all())
    fig, axes = figure(1, 2, width=8.3, height=4)
    for axis, i in zip(axes, (first, other), strict=True):
        image = heatmap(axis, P[i], sentences[i], sentences[i], largest=1)
        en, zh = names[said[i]].split(" | ")
        axis.set(title=f"{word}: {en} | {word}：{zh}", xlabel="looked at | 被看的词", ylabel="looks | 在看的词")
        axis.tick_params(axis="x", rotation=60)
        axis.add_patch(Rectangle((-0.5, at - 0.5), len(P[i]), 1, fill=False, edgecolor=ORANGE, linewidth=2))
    fig.colorbar(image, ax=axes, label="P", shrink=0.9)
    pair = f"`{' '.join(sentences[first])}` / `{sentences[other, -1]}`"
    gloss = ": the last word is a ball game or a telephone call" if word == "打" else ""
    show(fig, f"{pair}{gloss}. The row of `{word}` is framed.", f"{pair}。框出来的是 `{word}` 那一行。")
sentences, sense, said, at, X, Z, P, V = results["bank"]
off = abs(X[0, at] + sum(P[0, at, j] * V[0, j] for j in range(len(sentences[0]))) - Z[0, at]).max()
looks = [P[sense == meaning, at, -1].mean() for meaning in (0, 1)]
finding(off < 1e-5 and min(looks) > 0.8,
        f"`bank` gives {looks[0]:.0%} of its attention to the last word where that speaks of money, and {looks[1]:.0%} "
        f"where it speaks of a river. Added up by hand, word by word, the weighted sum is the same within {off:.0e}.",
        f"最后一个词与钱有关时，`bank` 把 {looks[0]:.0%} 的注意力给了它；与河有关时是 {looks[1]:.0%}。"
        f"逐词手算加权和，结果相同，误差不超过 {off:.0e}。")  # fmt: skip
# %% [markdown]
# ## Before and after
# ## 之前与之后
#
# Now the vectors of the ambiguous word itself, before attention ($X$) and after it ($Z$), in all test sentences.
#
# 再看多义词自己的向量：在所有测试句子中，经过注意力之前（$X$）与之后（$Z$）各是什么样。
# %%
fig, axes = figure(1, 2, width=8.3, height=3.5)
for axis, (word, found), names in zip(axes, results.items(), (list(BANK), list(DA)), strict=True):
    _, sense, said, at, X, Z, P, _ = found
    x, z = (v[:, at] - Z[:, at].mean(0) for v in (X, Z))
    flat = np.linalg.svd(z, full_matrices=False)[2][:2].T  # the two directions | 两个方向
    for i, (marker, colour) in enumerate(zip("osX", (BLUE, ORANGE, GREEN), strict=True)):
        axis.plot(*(z @ flat)[sense == i].T, marker, color=colour, ms=4, alpha=0.5, label=names[i])
    axis.plot(*(x[:1] @ flat).T, "*", color=INK, ms=13, label="before | 之前")
    axis.set(title=word, xlabel="1st direction | 第一方向", ylabel="2nd direction | 第二方向")
    axis.legend(fontsize=9, ncols=4, loc="upper center", bbox_to_anchor=(0.5, -0.2), columnspacing=1, handletextpad=0.2)
show(fig, "The vectors of `bank` and `打` in all test sentences, along the two directions in which they vary most. "
     "Before attention they are one point, the star; after it the meanings lie apart.",
     "`bank` 和 `打` 在所有测试句子中的向量，取变化最大的两个方向。之前是同一点（星号）；"
     "之后不同的意思彼此分开。")  # fmt: skip
for word, (_, sense, said, at, X, Z, _, _) in results.items():
    same, unit = sense[:, None] == sense, [v[:, at] / np.linalg.norm(v[:, at], axis=1)[:, None] for v in (X, Z)]
    before, after = (1 - u @ u.T for u in unit)  # the cosine distance of any two | 两两的余弦距离
    apart, close, right = after[~same].mean(), after[same].mean(), (said == sense).mean()
    finding(before.max() < 1e-5 and close < 0.25 and apart > 0.4 and right > 0.9,
            f"Before attention `{word}` has one vector. After it, two of its vectors are {apart:.2f} apart (mean "
            f"cosine distance) if the meanings differ, {close:.2f} if they agree, and {right:.1%} of the meanings are "
            "right.",
            f"经过注意力之前，`{word}` 只有一个向量。之后，意思不同的两个向量平均余弦距离是 {apart:.2f}，意思相同的是 "
            f"{close:.2f}；意思判对的有 {right:.1%}。")  # fmt: skip
# %% [markdown]
# **Exercise.** Take sentences like *he saw a saw*, in which the same word stands twice and means two things. This model
# cannot learn them, however long it trains. Why? (Compare the two rows of $Z$; chapter 7 has the cure.)
#
# **练习。** 换成“他打电话又打毛衣”这样的句子：同一个“打”出现两次，意思不同。这个模型练多久也学不会，为什么？
# （比较 $Z$ 中对应的两行；解决办法在第 7 章。）
#
# **Answer.** Both have the same row of $X$, so the same query, key and value. They differ in what they may look at only
# in that each skips itself and sees the other one; and since these two have the same key and value, they receive the
# same sum. Two equal rows of $Z$ are read in the same way: at most one of the two is right. Positions, added to $X$,
# make the two rows different.
#
# **答案。** 两者在 $X$ 中的行相同，所以 query、key、value 都相同。它们能看的东西只有一点不同：各自跳过自己，
# 看到另一个；而这两个的 key 和 value 也相同，所以得到的和相同。$Z$ 的两行一样，读出来也一样：两个里最多对一个。
# 把位置编码加到 $X$ 上，这两行才会不同。
