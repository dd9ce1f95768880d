# %% [markdown]
# # A language model
# # 语言模型
#
# Half of a Transformer is enough to write: the decoder, without a source. It reads the letters so far and says how
# likely each letter is to come next; one is drawn, and it reads on: a **language model**, **autoregressive**. That is
# all GPT does, with pieces of words instead of letters (Radford et al. 2018). For a text of $n$ letters the loss is the
# mean surprise, the cross-entropy of chapter 2 in nats per letter:
#
# 写文章只要半个 Transformer：不带源句的解码器。它读已有的字符，说出每个字符有多大可能是下一个；
# 按这些概率抽出一个，再接着往下读：这就是**自回归**的**语言模型**。GPT 做的就是这一件事，只不过单位是词元，
# 不是字符（Radford 等，2018）。对 $n$ 个字符的文本，损失是平均的“意外程度”，即第 2 章的交叉熵，单位是纳特/字符：
#
# $$L = -\frac{1}{n}\sum_{t} \ln p(x_t \mid x_1, \dots, x_{t-1})$$
#
# We let it learn Python, from the source of Python's own standard library as it lies on this machine. The last tenth
# of the text is kept for validation: it is never trained on.
#
# 让它学写 Python：课本就是本机上 Python 标准库的源代码。最后十分之一留作验证，训练时从不使用。
# %%
import sysconfig
import time
from pathlib import Path

from guide import BLUE, GREY, ORANGE, figure, finding, say, short, show

import numpy as np
from tqdm import tqdm

from tinygrad_tf import cross_entropy, manual_seed, no_grad
from tinygrad_tf.models import GPT2, GPT2Config
from tinygrad_tf.optim import AdamW, WarmupCosineLR, clip_grad_norm_

library = Path(sysconfig.get_paths()["stdlib"])
modules = "argparse ast bisect collections/__init__ heapq textwrap random statistics string fractions"
text = "".join((library / f"{name}.py").read_text("utf-8") for name in modules.split())
text = "".join(letter for letter in text if letter.isascii())
letters, ids = np.unique(list(text), return_inverse=True)
training, validation = np.split(ids, [int(0.9 * len(ids))])

LENGTH, V = 64, len(letters)  # letters that the model sees at a time; kinds of letters | 一次看到的字符数；字符的种数
manual_seed(1)
model = GPT2(GPT2Config(
    V, n_positions=LENGTH, n_embd=96, n_layer=3, n_head=4, bias=False, initializer_range=0.1, resid_pdrop=0.0,
    embd_pdrop=0.0, attn_pdrop=0.0, bos_token_id=None, eos_token_id=None,
))  # fmt: skip
# %%
size = sum(p.size for p in model.parameters())
say(f"{len(training):,} letters to learn from, {V} kinds of letters; {size:,} parameters; it sees {LENGTH} letters "
    "at a time.",
    f"课本共 {len(training):,} 个字符，其中有 {V} 种不同的字符；模型有 {size:,} 个参数，一次看 {LENGTH} "
    "个字符。")  # fmt: skip

# %% [markdown]
# ## What a good guess is without a network
# ## 不用神经网络能猜多准
#
# A loss alone says little. Three models that only count tell us how to read it: all letters alike ($\ln V$ nats);
# letters by their frequency (unigram); letters by the one before (bigram: so Markov counted the vowels and consonants
# of *Eugene Onegin* in 1913).
#
# 光看一个损失值说明不了什么。三个只会数数的模型可作标尺：所有字符同样可能（$\ln V$ 纳特）；按字符频率（unigram）；
# 按前一个字符（bigram：1913 年，马尔可夫就这样数过《叶甫盖尼·奥涅金》里的元音和辅音）。
# %%
counts = np.ones((V, V))  # one of each, so that nothing is impossible | 每种先算一次，免得概率为零
np.add.at(counts, (training[:-1], training[1:]), 1)
following = counts / counts.sum(axis=1, keepdims=True)  # p(next letter given this one) | 已知这一个时下一个的概率
frequency = counts.sum(axis=0) / counts.sum()
uniform, unigram = np.log(V), -np.log(frequency[validation]).mean()
bigram = -np.log(following[validation[:-1], validation[1:]]).mean()
# %% [markdown]
# ## Training it
# ## 训练
#
# The loop is that of chapter 10. Each row of a batch is a window of the text, one letter longer than the model sees:
# without its last letter it is what is read, without its first what is to be said. Through the causal mask (chapter 8)
# one window asks 64 questions at once.
#
# 训练循环与第 10 章相同。批次的每一行是文本的一个窗口，比模型能看的长一个字符：去掉最后一个字符，就是读到的；
# 去掉第一个，就是该说的。有了因果掩码（第 8 章），一个窗口同时问了 64 个问题。
# %%
steps, rng = 60 if short else 600, np.random.default_rng(1)
optimizer = AdamW(model.parameters(), lr=4e-3, betas=(0.9, 0.99), weight_decay=0.1)
schedule = WarmupCosineLR(optimizer, warmup=50, total=steps, min_factor=0.1)


def loss_of(text, starts):
    windows = text[starts[:, None] + np.arange(LENGTH + 1)]  # (B, L + 1)
    logits = model(windows[:, :-1])  # (B, L, V)
    return cross_entropy(logits.reshape(-1, V), windows[:, 1:].reshape(-1))


def write(n):
    # What the model writes, half a window at a time. | 模型写的文字，一次半个窗口。
    written = np.array([[np.flatnonzero(letters == "\n")[0]]])
    while written.shape[1] < n:
        seen = written[:, -LENGTH // 2 :]
        more = model.generate(seen, max_new_tokens=LENGTH // 2, do_sample=True, temperature=0.8, top_k=0)
        written = np.hstack([written, more[:, seen.shape[1] :]])
    return "".join(letters[written[0, 1 : n + 1]])


stages = {0: "before | 之前", steps // 10: "a tenth | 十分之一", steps: "the end | 结束"}
losses, checks, written = [], {}, {}
evenly = np.linspace(0, len(validation) - LENGTH - 1, 30 if short else 100).astype(int)
for step in tqdm(range(steps + 1), "GPT", leave=False):
    if step in stages:
        written[step] = write(300)
    if step % (steps // 10) == 0:
        with no_grad():
            checks[step] = loss_of(validation, evenly).item()
    if step < steps:
        loss = loss_of(training, rng.integers(0, len(training) - LENGTH, 12))
        optimizer.zero_grad()
        loss.backward()
        clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
# %%

for step, stage in stages.items():
    stage_en, stage_zh = stage.split(" | ")
    show(written[step], f"{stage_en}: what it writes after {step} steps", f"{stage_zh}：第 {step} 步时它写的东西")
fig, axes = figure()
axes.plot(range(1, steps + 1), losses, color=GREY, linewidth=0.7, label="training, each step | 训练，每一步")
axes.plot(checks.keys(), checks.values(), "o-", color=BLUE, label="validation | 验证")
for name, level in (("uniform | 均匀", uniform), ("unigram", unigram), ("bigram", bigram)):
    axes.axhline(level, color=ORANGE, linestyle="--", linewidth=1)
    axes.text(steps, level + 0.05, name, ha="right")
axes.set(xlabel="step | 步", ylabel="loss (nats per letter) | 损失（纳特/字符）")
axes.legend(loc="lower left", bbox_to_anchor=(0.2, 0.45))
show(fig, "It falls through the three levels of counting.", "损失逐一跌破三条“只会数数”的标线。")
last = checks[steps]
finding(last < (unigram - 0.2 if short else bigram - 0.25),
        f"On text that it has never seen: {last:.2f} nats per letter, against {unigram:.2f} for the frequencies and "
        f"{bigram:.2f} for pairs of letters. That is a choice among $e^{{{last:.2f}}} = {np.exp(last):.1f}$ letters "
        f"(the *perplexity*) instead of {V}.",
        f"在从未见过的文本上：{last:.2f} 纳特/字符；只看频率是 {unigram:.2f}，看前一个字符是 {bigram:.2f}。"
        f"这相当于从 {V} 种字符中选，变成从 $e^{{{last:.2f}}} = {np.exp(last):.1f}$ 种中选"
        "（叫*困惑度*）。")  # fmt: skip

# %% [markdown]
# ## Why writing needs a cache
# ## 写的时候为什么要缓存
#
# It writes one letter at a time, and each new letter attends to all before it. Their keys and values do not change:
# causal attention never looks ahead. So we keep them, in a **KV cache**, project only the new letter, and compare its
# one query with the kept keys. Without the cache the whole text is computed again for each letter.
#
# 它一次写一个字符，每个新字符都要关注它之前的全部字符。而那些字符的 key 和 value 不会再变，因为因果注意力从不往后看。
# 所以把它们存起来（**KV 缓存**），只投影新的那个字符，用它的一个 query 去比存好的 key。
# 不用缓存，每写一个字符都要把全文重算一遍。
# %%
start = training[None, :4]
kept, again = (model.generate(start, max_new_tokens=LENGTH - 4, use_cache=cache) for cache in (True, False))
longer = 100 if short else 400
wide = GPT2(GPT2Config(V, n_positions=longer + 4, n_embd=96, n_layer=3, n_head=4, eos_token_id=None))
clocks = {}
for cache in (True, False):
    clock = [time.perf_counter()]
    for _ in wide.stream(start, max_new_tokens=longer, use_cache=cache):
        clock.append(time.perf_counter())
    clocks[cache] = np.array(clock)
times = np.ptp(clocks[False]) / np.ptp(clocks[True])
# %%
fig, axes = figure(height=2.6)
for cache, label in ((True, "with the cache | 有缓存"), (False, "without | 无缓存")):
    each = np.convolve(np.diff(clocks[cache]), np.ones(10) / 10, "valid")  # the mean of ten | 每十个平均
    axes.plot(range(10, longer + 1), 1000 * each, label=label)
axes.set(xlabel="letter | 第几个字符", ylabel="time per letter (ms) | 每个字符耗时（毫秒）", ylim=(0, None))
axes.legend()
show(fig, f"Without the cache a model of this shape takes {times:.1f} times as long for {longer} letters.",
     f"不用缓存，这种形状的模型写 {longer} 个字符所花的时间是有缓存时的 {times:.1f} 倍。")  # fmt: skip
finding(np.array_equal(kept, again),
        f"The same {LENGTH - 4} letters, with the cache and without: it saves time and changes nothing.",
        f"有没有缓存，写出来的 {LENGTH - 4} 个字符完全相同：它只省时间，不改变结果。")  # fmt: skip

# %% [markdown]
# **Exercise.** Add trigrams: $p(x_t \mid x_{t-2}, x_{t-1})$ by counting, with `np.add.at` on $V^3$ counts. Where do
# they stand in the figure? What do they do for pairs that never occurred, and why does the Transformer not have this
# trouble?
#
# **练习。** 加上 trigram：用 `np.add.at` 在 $V^3$ 的表里计数，得到 $p(x_t \mid x_{t-2}, x_{t-1})$。
# 它在图上处于什么位置？遇到从未出现过的两个字符，它怎么办？Transformer 为什么没有这个麻烦？
#
# **Answer.** Between bigram and Transformer: 1.97 nats with one of each added to the counts, 1.91 with 0.1 of each
# (bigram 2.34, the Transformer 1.74). For two letters that never stood side by side all $V$ counts are equal, so it
# says that all letters are equally likely; 5% of the triples of the validation text never occur in the text to learn
# from. A table knows nothing of what it has not counted. The Transformer computes its answer from the letters' vectors,
# and letters that behave alike have learnt similar vectors, so it is never without an answer.
#
# **答案。** 在 bigram 与 Transformer 之间：每个计数先加 1 时是 1.97 纳特，先加 0.1 时是 1.91
# （bigram 是 2.34，Transformer 是 1.74）。两个从未相邻过的字符，$V$ 个计数全都相等，它只好说所有字符同样可能；
# 验证文本中有 5% 的三元组在训练文本里从未出现。一张表对没数过的东西一无所知。Transformer 则用字符的向量算出回答，
# 用法相近的字符学到的向量也相近，所以它总能给出回答。
