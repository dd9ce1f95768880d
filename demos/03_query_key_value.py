# %% [markdown]
# # Query, key, value: what are the three for?
# # Query、Key、Value：三者各管什么？
#
# Attention is a look-up. In a dictionary you bring a word, compare it with the entries, and take the meaning that
# stands beside the matching one. Attention does the same, but softly, and with vectors (Vaswani et al. 2017, section
# 3.2): a **query** is what a token looks for, a **key** is what a token can be found by, and a **value** is what it
# hands over when it has been found.
#
# 注意力就是一次“查找”。查字典时，你带着一个词，与词条逐一比对，再取走对上的那一条旁边的释义。
# 注意力做的是同一件事，只不过是“软”的，而且用的是向量（Vaswani 等，2017，第 3.2 节）：
# **查询**（query）表示一个词元在找什么，**键**（key）表示它凭什么被找到，**值**（value）表示它被找到以后交出什么。
#
# All three are made from the same $X$, each by its own matrix. Nobody tells a matrix what its part is: it is learnt.
# The three matrices with their softmax are called a **head**.
#
# 三者都由同一个 $X$ 得来，各用各的矩阵。没有人规定哪个矩阵该做什么，分工是学出来的。
# 这三个矩阵连同 softmax 合起来叫一个**头**。
#
# $$Q = XW_q, \quad K = XW_k, \quad V = XW_v, \quad Y = \mathrm{softmax}\!\left(\frac{QK^\top}{\sqrt{d_k}}\right) V$$
#
# A row of $X$ is a **token** (a word, a letter, here a pair). It starts as an **embedding**: a table has one row of
# numbers for each kind of token, learnt like all weights. $d_k$ is the number of components of a query and of a key,
# and the scores are divided by its root; chapter 5 asks why. A row of $P = \mathrm{softmax}(\cdot)$ holds the
# **attention weights** of one token: not to be confused with weights such as $W_q$, they are computed anew for each
# sentence.
#
# $X$ 的一行是一个**词元**（一个词或一个字符；在这里是一个字母配一个数字）。它最初是一个**词嵌入**：
# 有一张表，每种词元占一行数，与其他权重一样是学出来的。$d_k$ 是 query 和 key 的分量个数，
# 分数要除以它的平方根，为什么要除，第 5 章再说。
# $P = \mathrm{softmax}(\cdot)$ 的一行是一个词元的**注意力权重**：它们是对每句话现算出来的，
# 不要与 $W_q$ 这样学出来的权重混淆。
#
# The task: six pairs such as `A3 F7 C1 …`, then three questions such as `C?`, to be answered by the digit that stood
# with the letter. A token is the sum of two vectors, one for its letter, one for its digit or question mark. Of the 100
# pairs 20 are kept back: in training they never occur, in the test there are no others.
#
# 任务是：先给六对，例如 `A3 F7 C1 …`，再问三个问题，例如 `C?`，答案是与该字母写在一起的数字。
# 每个词元是两个向量之和，一个代表字母，一个代表数字（或问号）。100 种组合里留出 20 种：训练时从不出现，测试时只用它们。
# %%
from guide import figure, finding, heatmap, show, table

import numpy as np
from tqdm import tqdm

from tinygrad_tf import cross_entropy, nn, no_grad, optim

LETTERS, DIGITS, D, D_K = "ABCDEFGHIJ", "0123456789?", 32, 16
rng = np.random.default_rng(0)


def sentences(n, new=False):
    # Letters, digits (n, 9); the answers, their places (n, 3). | 字母、数字 (n, 9)；答案及其位置 (n, 3)。
    letters = np.argsort(rng.random((n, 10)))[:, :6]  # six different letters | 六个不同的字母
    digits = rng.integers(0, 10, (n, 6))
    digits = (digits + ((letters + digits) % 5 == 0)) % 10  # sums divisible by 5 are kept back | 和能被 5 整除的留出
    if new:
        digits = (5 * rng.integers(0, 2, (n, 6)) - letters) % 10
    at = np.argsort(rng.random((n, 6)))[:, :3]  # ask for three of them | 问其中三个
    letters = np.hstack([letters, np.take_along_axis(letters, at, 1)])
    return letters, np.hstack([digits, np.full((n, 3), 10)]), np.take_along_axis(digits, at, 1), at


class Head(nn.Module):
    def __init__(self):
        self.letter, self.digit = nn.Embedding(10, D), nn.Embedding(11, D)
        self.W_q, self.W_k, self.W_v = (nn.Linear(D, D_K, bias=False) for _ in range(3))
        self.read = nn.Linear(D_K, 10)

    def project(self, letters, digits):
        X = self.letter(letters) + self.digit(digits)  # (B, 9, D)
        return self.W_q(X), self.W_k(X), self.W_v(X)  # (B, 9, D_K) each | 各 (B, 9, D_K)

    def answer(self, Q, K, V):
        P = (Q @ K.mT / D_K**0.5).softmax()  # (B, 9, 9)
        return self.read((P @ V)[:, -3:]), P  # a logit for each digit (B, 3, 10) | 每个数字一个 logit (B, 3, 10)


# %% [markdown]
# ## Training it
# ## 训练
#
# Chapter 1 ended with one step against the gradient. Here are 600 of them, each on 128 new sentences; the loss is the
# cross-entropy of chapter 2. The optimiser, which makes the steps, is **AdamW** (Kingma and Ba 2015; Loshchilov and
# Hutter 2019). It keeps, of each weight, a running mean $m$ of the gradient and $v$ of its square, and steps by
# $\eta\,m/\sqrt{v}$, where $\eta$ is the learning rate (0.1 in chapter 1; $\epsilon$ only prevents a division by 0): a
# step is about $\eta$ long, whether the gradients are large or small. It also shrinks each weight a little ($\lambda$,
# **weight decay**), so that what is of no use fades. Without that it is called Adam.
#
# 第 1 章的最后，沿梯度的反方向走了一步。这里走 600 步，每步用 128 个新句子；损失是第 2 章的交叉熵。
# 优化器是 **AdamW**（Kingma、Ba，2015；Loshchilov、Hutter，2019）：它为每个权重记录梯度的滑动平均 $m$
# 和梯度平方的滑动平均 $v$，每步走 $\eta\,m/\sqrt{v}$。其中 $\eta$ 是学习率（第 1 章里是 0.1）；
# $\epsilon$ 只是防止除以 0。不论梯度大小，每步大约都改动 $\eta$ 这么多。
# 它还让每个权重略微缩小（$\lambda$，**权重衰减**），用不着的权重就会慢慢趋近 0。没有这一项，就叫 Adam。
#
# $$W \leftarrow W - \eta\,\Big(\frac{m}{\sqrt{v} + \epsilon} + \lambda W\Big)$$
# %%
head = Head()
optimizer = optim.AdamW(head.parameters(), lr=1e-2, weight_decay=0.1)
for _ in tqdm(range(600), desc="look-up"):
    letters, digits, answers, _ = sentences(128)
    Q, K, V = head.project(letters, digits)
    logits, _ = head.answer(Q, K, V)
    loss = cross_entropy(logits.reshape(-1, 10), answers.reshape(-1))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

letters, digits, answers, at = sentences(1000, new=True)
with no_grad():
    Q, K, V = head.project(letters, digits)
    scores, P = head.answer(Q, K, V)
correct, found = (scores.array.argmax(-1) == answers).mean(), (P.array[:, -3:].argmax(-1) == at).mean()
names = [LETTERS[a] + DIGITS[d] for a, d in zip(letters[0], digits[0], strict=True)]
# %%
fig, axes = figure(height=2.7)
heatmap(axes, P.array[0, -3:], names[-3:], names, numbers=True, largest=1, bar="P")
axes.set(xlabel="key and value of | 谁的 key 和 value", ylabel="query of | 谁的 query")
show(fig, "A sentence of pairs never seen in training: each question looks at the pair with its letter.",
     "一句训练中从未出现过的组合：每个问题都看向与自己字母相同的那一对。")  # fmt: skip
finding(correct > 0.95 and found > 0.95, f"Pairs it never saw: the head looks at the right place for {found:.1%} "
        f"of the questions, and answers {correct:.1%} correctly (guessing: 10%).",
        f"面对从未见过的组合，有 {found:.1%} 的问题看对了位置，答对的有 {correct:.1%}（瞎猜只有 10%）。")  # fmt: skip
# %% [markdown]
# ## What is in a key, and what in a value?
# ## key 里装着什么，value 里又装着什么？
#
# Take the keys of all 100 pairs: do they differ by the letter or by the digit? Then the values. In the first figure
# below the query of each question meets the key of each letter; in the second the value of each digit is read as an
# answer. (The heads of large models are read in this way, too: Elhage et al. 2021.)
#
# 取出全部 100 种组合的 key：它们的差别来自字母还是数字？value 也照样看。
# 下面第一幅图是每个问题的 query 遇上每个字母的 key，第二幅是把每个数字的 value 当作答案来读。
# （分析大模型的注意力头也这样做：Elhage 等，2021。）
# %%
with no_grad():
    _, K_all, V_all = head.project(np.arange(10)[:, None], np.arange(10)[None])  # (letter, digit, D_K)
    Q_all, _, _ = head.project(np.arange(10), np.full(10, 10))  # the ten questions | 十个问题
    handed = head.read(V_all.mean(0)).array - head.read.bias.array
match = Q_all.array @ K_all.array.mean(1).T / D_K**0.5
shares = [z.array.mean(axis).var(0).sum() / z.array.var((0, 1)).sum() for z, axis in ((K_all, 1), (V_all, 0))]
# %%
fig, (left, right) = figure(1, 2, width=8.3, height=3.6)
heatmap(left, match, [f"{a}?" for a in LETTERS], LETTERS, signed=True, bar="q · k / √d_k")
left.set(xlabel="key of the letter | 字母的 key", ylabel="query of | 谁的 query")
heatmap(right, handed, DIGITS[:10], DIGITS[:10], signed=True, bar="score | 分数")
right.set(xlabel="for the answer | 支持哪个答案", ylabel="value of the digit | 数字的 value")
show(fig, "Left: what is looked for meets what it is found by. Right: what is handed over.",
     "左：“在找什么”遇上“凭什么被找到”。右：“交出什么”。")  # fmt: skip
finding(min(shares) > 0.75, f"One X went into both, yet {shares[0]:.0%} of the keys' variance comes from the letter, "
        f"and {shares[1]:.0%} of the values' from the digit.",
        f"输入同是 X，却分了工：key 的方差 {shares[0]:.0%} 来自字母，value 的 {shares[1]:.0%} 来自数字。")  # fmt: skip

# %% [markdown]
# ## Exchange them
# ## 交换试验
#
# What something contains need not be what it is used for. So intervene: exchange the queries of two questions, or only
# the keys of the two pairs they ask for, or only the values, and let the head go on.
#
# 装着什么，不等于就用来做什么。那就动手干预：只交换前两个问题的 query；或者只交换被问到的那两对的 key，
# 或者只交换 value，其余不动，再让它算下去。
# %%
Q_other = Q[:, [0, 1, 2, 3, 4, 5, 7, 6, 8]]  # the first two questions change places | 前两个问题对调
places = np.tile(np.arange(9), (1000, 1))  # of each sentence | 每句话的位置
np.put_along_axis(places, at[:, [0, 1]], at[:, [1, 0]], axis=1)  # the two pairs change places | 两对对调
sentence = np.arange(1000)[:, None]
K_other, V_other = K[sentence, places], V[sentence, places]
exchanges = {"–": (Q, K, V), "Q": (Q_other, K, V), "K": (Q, K_other, V), "V": (Q, K, V_other),
             "K, V": (Q, K_other, V_other)}  # fmt: skip
differ = answers[:, 0] != answers[:, 1]  # else the answer tells nothing | 答案相同就看不出来
rows = []
for name, (q, k, v) in exchanges.items():
    with no_grad():
        said = head.answer(q, k, v)[0].array.argmax(-1)[:, 0]
    own, others = said == answers[:, 0], said == answers[:, 1]
    rows.append([name, float(own[differ].mean()), float(others[differ].mean())])
# %%
show(table(["exchanged | 交换了", "own answer | 自己的答案", "the other's | 对方的答案"], rows, ".1%"),
     "What the first question is answered with. To exchange keys and values is to exchange two whole tokens: attention "
     "does not care where a token stands.",
     "第一个问题得到的回答。key 与 value 一起交换，就是把两个词元整个对调：注意力并不在乎词元站在哪里。")  # fmt: skip
least = min(row[2] for row in rows[1:4])
finding(least > 0.9 and rows[4][1] > 0.9, f"Whichever of the three is exchanged, the answer becomes the other's (in "
        f"{least:.1%} of the cases): the query says what to look for, the key where it is, the value what to answer.",
        f"三者中无论交换哪一个，回答都变成对方的（至少占 {least:.1%}）："
        "query 决定找什么，key 决定在哪里找到，value 决定答什么。")  # fmt: skip

# %% [markdown]
# **Exercise.** Use one matrix for queries and keys, `self.W_k = self.W_q`: the task is still learnt. Why? Then ask for
# the *next* letter of the alphabet (`C?` is answered from the pair with D): why is a shared matrix a hindrance now?
#
# **练习。** 让 query 和 key 共用一个矩阵，`self.W_k = self.W_q`：任务照样学得会，为什么？
# 再把问题改成问字母表里的*下一个*字母（`C?` 要用 D 那一对来回答）：这时共用矩阵为什么就碍事了？
#
# **Answer.** A letter has to find itself, and a vector fits itself best: $q \cdot q$ is large where letters agree, so
# one matrix serves both. (Trained so, it still answers 100% of the new pairs right.) For the next letter the query of
# C must fit the key of D and not that of C; with one matrix the scores are symmetric, so C fits D as well as D fits
# C, and the questions C? and D? get in each other's way: 60% right, instead of 100% with two matrices.
#
# **答案。** 字母要找的就是它自己，而一个向量与自己最相配：字母相同的地方 $q \cdot q$ 就大，所以一个矩阵够两处用。
# （这样训练，新组合仍答对 100%。）改问下一个字母时，C 的 query 应当配 D 的 key，而不是 C 的；只有一个矩阵时，
# 分数是对称的：C 配 D 与 D 配 C 一样好，`C?` 和 `D?` 两个问题就互相妨碍，只答对 60%，而用两个矩阵是 100%。
