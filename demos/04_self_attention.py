# %% [markdown]
# # Self-attention: one word, two sentences, two vectors
# # 自注意力：同一个词，两句话，两个向量
#
# What does *bank* mean? *She waits at the bank and pays* is about money, *… and fishes* about a river. An embedding has
# one row for each word, so it gives *bank* the same vector in both. The meaning has to be fetched from the other words.
#
# “打”是什么意思？“打篮球”是玩，“打电话”是拨号，“打毛衣”是编织。词嵌入表里每个词只有一行，
# 所以“打”在这三句话里的向量一模一样。意思得从别的词那里取来。
#
# Every word compares its query with the keys of all the others: the **relevance scores** $S$. Softmax makes them shares
# $P$, and the word receives the **weighted sum** of the values (Vaswani et al. 2017, section 3.2.1). It is added to the
# word's own vector, so a word need not look at itself; here it may not.
#
# 每个词用自己的 query 与其他所有词的 key 逐一比较，得到**相关性分数** $S$；softmax 把分数变成份额 $P$；
# 然后按份额把各个 value **加权求和**（Vaswani 等 2017，第 3.2.1 节）。所得结果加到这个词自己的向量上，
# 所以词不必再看自己；这里干脆不许它看自己。
#
# $$S = \frac{QK^\top}{\sqrt{d_k}}, \qquad P = \mathrm{softmax}(S), \qquad Z = X + PV$$
#
# A tiny model learns to translate word by word, one from English, one from Chinese. In each sentence there is one word
# whose translation depends on the company it keeps: *bank* is `银行` (for money) or `河岸` (of a river), `打` is play,
# call or knit. It trains on half of the sentences and is tested on the others.
#
# 我们让一个极小的模型学习逐词翻译，英译中、中译英各一个。每句话里有一个词，译法要看它“与谁为伴”。
# 模型用一半句子训练，用另一半测试。
# %%
import itertools

from guide import BLUE, GREEN, INK, ORANGE, figure, finding, heatmap, short, show

import numpy as np
from matplotlib.patches import Rectangle
from tqdm import tqdm

from tinygrad_tf import cross_entropy, nn, no_grad, optim

ENGLISH = [  # the words that may stand at each place, each with its translation
    "she/她 he/他 they/他们 we/我们", "waits/等 stands/站 sits/坐 stays/留", "at/在 by/靠 near/近", "the/那 this/这",
    "bank/银行 bank/河岸", "and/并 then/然后", "pays/付款 saves/存款 borrows/借款 fishes/钓鱼 swims/游泳 rows/划船",
]  # fmt: skip
CHINESE = [
    "她/she 他/he 我们/we 他们/they", "今天/today 明天/tomorrow 昨天/yesterday", "又/again 也/also 先/first 还/still",
    "打/play 打/call 打/knit", "篮球/basketball 排球/volleyball 电话/phone 长途/long-distance 毛衣/sweater 围巾/scarf",
]  # fmt: skip
D, rng = 32, np.random.default_rng(0)


def corpus(places, word):
    """All sentences (n, L) and their translations, as words. The last word of a sentence decides on ``word``."""
    slots = [[tuple(pair.split("/")) for pair in place.split()] for place in places]
    senses, clues = next(slot for slot in slots if slot[0][0] == word), slots[-1]
    meant = {clue: senses[i * len(senses) // len(clues)] for i, clue in enumerate(clues)}
    both = np.array([s for s in itertools.product(*slots) if meant[s[-1]] in s])  # (n, L, 2)
    return both[..., 0], both[..., 1]


class Translator(nn.Module):
    def __init__(self, n_words, n_translations):
        self.embed = nn.Embedding(n_words, D)
        nn.init.normal_(self.embed.weight, std=0.1)
        self.W_q, self.W_k, self.W_v = (nn.Linear(D, D, bias=False) for _ in range(3))
        self.read = nn.Linear(D, n_translations)

    def forward(self, ids):
        X = self.embed(ids)  # (B, L, D)
        Q, K, V = self.W_q(X), self.W_k(X), self.W_v(X)
        S = (Q @ K.mT / D**0.5).masked_fill(np.eye(ids.shape[1], dtype=bool), -np.inf)  # not itself
        P = S.softmax()  # (B, L, L)
        Z = X + P @ V  # (B, L, D)
        return self.read(Z), X, Z, P, V


def study(places, word):
    """Train on half of the sentences; what the model makes of the other half."""
    sources, targets = corpus(places, word)
    (words, ids), (translations, labels) = (np.unique(a, return_inverse=True) for a in (sources, targets))
    train, test = np.split(rng.permutation(len(ids)), 2)
    model = Translator(len(words), len(translations))
    optimizer = optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.1)
    for _ in tqdm(range(400 if short else 800), desc=word):
        batch = rng.choice(train, 32)
        loss = cross_entropy(model(ids[batch])[0].reshape(-1, len(translations)), labels[batch].reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with no_grad():
        scores, *inside = model(ids[test])
    said = translations[scores.array.argmax(-1)]
    return sources[test], targets[test], said, int((sources[0] == word).argmax()), *(t.array for t in inside)


results = {word: study(places, word) for word, places in {"bank": ENGLISH, "打": CHINESE}.items()}
# %% [markdown]
# ## Relevance, then a weighted sum
# ## 先看相关性，再加权求和
#
# Two sentences that differ in their last word only. Each row is a word, with the shares that it gives to the others.
# Look at the framed row, that of the ambiguous word: where does it look? (A model may also take one meaning for granted
# and only look for clues to the other.) The title has the translation that follows.
#
# 下面每次取两句话，只有最后一个词不同。每行是一个词，显示它分给其他词的份额。
# 请看框出来的多义词那一行：它在看谁？（模型也可能默认一种意思，只找另一种的线索。）标题里是模型随后给出的译法。
# %%
for word, (sources, targets, said, at, _, _, P, _) in results.items():
    other = ((sources[:, :-1] == sources[0, :-1]).all(1) & (targets[:, at] != targets[0, at])).argmax()
    fig, axes = figure(1, 2, width=8.5, height=4)
    for axis, i in zip(axes, (0, other), strict=True):
        image = heatmap(axis, P[i], sources[i], sources[i], largest=1)
        axis.set(title=f"{word} → {said[i, at]}", xlabel="looked at | 被看的词", ylabel="looks | 在看的词")
        axis.tick_params(axis="x", rotation=60)
        axis.add_patch(Rectangle((-0.5, at - 0.5), len(P[i]), 1, fill=False, edgecolor=ORANGE, linewidth=2))
    fig.colorbar(image, ax=axes, label="P", shrink=0.9)
    pair, gloss = (f"`{' '.join(words[0])}` / `{words[other, -1]}`" for words in (sources, targets))
    show(fig, f"{pair}, word by word {gloss}. The row of `{word}` is framed.",
         f"{pair}，逐词译作 {gloss}。框出来的是 `{word}` 那一行。")  # fmt: skip
sources, targets, said, at, X, Z, P, V = results["bank"]
off = abs(X[0, at] + sum(P[0, at, j] * V[0, j] for j in range(len(sources[0]))) - Z[0, at]).max()
finding(off < 1e-5, f"Added up by hand, word by word, the weighted sum is the same within {off:.0e}.",
        f"逐词手算加权和，结果相同，误差不超过 {off:.0e}。")  # fmt: skip

fig, axes = figure(1, 2, width=8.5, height=3.4)
for axis, (word, (_, targets, said, at, X, Z, P, _)) in zip(axes, results.items(), strict=True):
    (x, z), sense = (v[:, at] - Z[:, at].mean(0) for v in (X, Z)), targets[:, at]
    flat = np.linalg.svd(z, full_matrices=False)[2][:2].T  # the two directions
    for name, marker, colour in zip(np.unique(sense), "osX", (BLUE, ORANGE, GREEN), strict=False):
        axis.plot(*(z @ flat)[sense == name].T, marker, color=colour, ms=4, alpha=0.5, label=name)
    axis.plot(*(x[:1] @ flat).T, "*", color=INK, ms=13, label="before | 之前")
    axis.set(title=word, xlabel="1st direction | 第一方向", ylabel="2nd direction | 第二方向")
    axis.legend(fontsize=9, ncols=4, loc="upper center", bbox_to_anchor=(0.5, -0.2), columnspacing=1)
    same, unit = sense[:, None] == sense, [v[:, at] / np.linalg.norm(v[:, at], axis=1)[:, None] for v in (X, Z)]
    before, after = (1 - u @ u.T for u in unit)  # the cosine distance of any two
    apart, close, right = after[~same].mean(), after[same].mean(), (said == targets)[:, at].mean()
    finding(before.max() < 1e-5 and close < 0.25 and apart > 0.4 and right > 0.9,
            f"Before attention `{word}` has one vector. After it, two of its vectors are {apart:.2f} apart (mean "
            f"cosine distance) if the meanings differ, {close:.2f} if they agree; {P[:, at, -1].mean():.0%} of the "
            f"attention is on the last word, and {right:.1%} of the meanings are right.",
            f"注意力之前，`{word}` 只有一个向量。之后，意思不同的平均余弦距离是 {apart:.2f}，相同的 {close:.2f}。"
            f"它的注意力有 {P[:, at, -1].mean():.0%} 给了最后一个词；意思译对 {right:.1%}。")  # fmt: skip
show(fig, "The vectors of `bank` and `打` in all test sentences, along the two directions in which they vary most. "
     "Before attention they are one point, the star; after it the meanings lie apart, in small clouds by clue.",
     "`bank` 和 `打` 在所有测试句子中的向量，取变化最大的两个方向。之前是同一点（星号）；"
     "之后不同的意思彼此分开，同一个意思内部还按线索词分成几小团。")  # fmt: skip
# %% [markdown]
# **Exercise.** Take sentences like *she went to the bank to pay*, where the two *to* have different translations. This
# model cannot learn them, however long it trains. Why? (Compare the two rows of $Z$; chapter 7 has the cure.)
#
# **练习。** 换成 *she went to the bank to pay* 这样的句子，两个 to 译法不同（“到”和“去”）。
# 这个模型练多久也学不会，为什么？（比较 $Z$ 中对应的两行；解决办法在第 7 章。）
