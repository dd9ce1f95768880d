# %% [markdown]
# # A language model
# # 语言模型
#
# Half of a Transformer is enough to write: the decoder, without a source. It reads the letters so far and says how
# likely each letter is to come next. That is all GPT does, with pieces of words instead of letters (Radford et al.
# 2018). For a text of $n$ letters the loss is the mean surprise, in nats per letter:
#
# 写文章只要半个 Transformer：不带源句的解码器。它读到目前为止的字符，说出下一个字符各有多大可能。GPT 做的就是这一件事，
# 只不过单位是词元，不是字符（Radford 等，2018）。对 $n$ 个字符的文本，损失是平均的“意外程度”，单位是纳特/字符：
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

from guide import BLUE, GREY, ORANGE, figure, finding, manual_seed, say, short, show

import numpy as np
from tqdm import tqdm
from train_char_gpt import BLOCK, Letters, sample, train_step, validate

from tinygrad_tf import parallel
from tinygrad_tf.models import GPT2, GPT2Config
from tinygrad_tf.optim import AdamW, WarmupCosineLR
from tinygrad_tf.random import generator

library = Path(sysconfig.get_paths()["stdlib"])
modules = "argparse ast bisect collections/__init__ heapq textwrap random statistics string fractions"
text = "".join((library / f"{name}.py").read_text("utf-8") for name in modules.split())
letters = Letters("".join(c for c in text if c.isascii()))
V, steps = len(letters.letters), 60 if short else 600

manual_seed(1)
model = GPT2(GPT2Config(
    V, n_positions=BLOCK, n_embd=96, n_layer=3, n_head=4, bias=False, initializer_range=0.1, resid_pdrop=0.0,
    embd_pdrop=0.0, attn_pdrop=0.0, bos_token_id=None, eos_token_id=None,
))  # fmt: skip
optimizer = AdamW(model.parameters(), lr=4e-3, betas=(0.9, 0.99), weight_decay=0.1)
schedule = WarmupCosineLR(optimizer, warmup=50, total=steps, min_factor=0.1)
ranks = parallel.Ranks()  # one process, alone
shared = parallel.share(model, optimizer, ranks)
say(f"{len(letters.train):,} letters to learn from, {V} kinds of letters; {sum(p.size for p in model.parameters()):,} "
    f"parameters; it sees {BLOCK} letters at a time.",
    f"课本共 {len(letters.train):,} 个字符，其中有 {V} 种不同的字符；"
    f"模型有 {sum(p.size for p in model.parameters()):,} 个参数，一次看 {BLOCK} 个字符。")  # fmt: skip

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
counts = np.ones((V, V))  # one of each, so that nothing is impossible
np.add.at(counts, (letters.train[:-1], letters.train[1:]), 1)
following = counts / counts.sum(axis=1, keepdims=True)  # p(next | this)
frequency = counts.sum(axis=0) / counts.sum()
ids = letters.validation
uniform, unigram = np.log(V), -np.log(frequency[ids]).mean()
bigram = -np.log(following[ids[:-1], ids[1:]]).mean()

stages = {0: "before | 之前", steps // 10: "a tenth | 十分之一", steps: "the end | 结束"}
losses, checks, written = [], {}, {}
for step in tqdm(range(steps + 1), "GPT", leave=False):
    if step in stages:
        drawn = generator().bit_generator.state  # a sample must not change what is trained on next
        written[step] = sample(model, letters, 300)
        generator().bit_generator.state = drawn
    if step % (steps // 10) == 0:
        checks[step] = validate(model, letters, ranks, most=30 if short else 100)
    if step < steps:
        losses.append(train_step(model, shared, letters.batch(), ranks))
        schedule.step()

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
        f"{bigram:.2f} for pairs of letters. That is a choice among {np.exp(last):.1f} letters instead of {V}.",
        f"在从未见过的文本上：{last:.2f} 纳特/字符；只看频率是 {unigram:.2f}，看前一个字符是 {bigram:.2f}。"
        f"这相当于从 {V} 种字符中选，变成从 {np.exp(last):.1f} 种中选。")  # fmt: skip

# %% [markdown]
# ## Why writing needs a cache
# ## 写的时候为什么要缓存
#
# It writes one letter at a time, and each new letter attends to all before it. Their keys and values do not change:
# causal attention never looks ahead. So we keep them, project only the new letter, and compare its one query with the
# kept keys. Without the cache the whole text is computed again for each letter.
#
# 它一次写一个字符，每个新字符都要关注它之前的全部字符。而那些字符的 $K$ 和 $V$ 不会再变，因为因果注意力从不往后看。所
# 以把它们存起来，只投影新的那个字符，用它的一个 query 去比存好的 key。不用缓存，每写一个字符都要把全文重算一遍。
# %%
start = letters.train[None, :4]
kept, again = (model.generate(start, max_new_tokens=BLOCK - 4, use_cache=cache) for cache in (True, False))
longer = 100 if short else 400
wide = GPT2(GPT2Config(V, n_positions=longer + 4, n_embd=96, n_layer=3, n_head=4, eos_token_id=None))
fig, axes = figure(height=2.6)
totals = {}
for cache, label in ((True, "with the cache | 有缓存"), (False, "without | 无缓存")):
    clock = [time.perf_counter()]
    for _ in wide.stream(start, max_new_tokens=longer, use_cache=cache):
        clock.append(time.perf_counter())
    totals[cache] = clock[-1] - clock[0]
    each = np.convolve(np.diff(clock), np.ones(10) / 10, "valid")  # of ten: other programs disturb single ones
    axes.plot(range(10, longer + 1), 1000 * each, label=label)
axes.set(xlabel="letter | 第几个字符", ylabel="time per letter (ms) | 每个字符耗时（毫秒）", ylim=(0, None))
axes.legend()
show(
    fig,
    f"Without the cache a model of this shape takes {totals[False] / totals[True]:.1f} times as long for {longer} "
    "letters.",
    f"不用缓存，这种形状的模型写 {longer} 个字符所花的时间是有缓存时的 {totals[False] / totals[True]:.1f} 倍。",
)
finding(np.array_equal(kept, again),
        f"The same {BLOCK - 4} letters, with the cache and without: it saves time and changes nothing.",
        f"有没有缓存，写出来的 {BLOCK - 4} 个字符完全相同：它只省时间，不改变结果。")  # fmt: skip

# %% [markdown]
# **Exercise.** Add trigrams: $p(x_t \mid x_{t-2}, x_{t-1})$ by counting, with `np.add.at` on $V^3$ counts. Where do
# they stand in the figure? What do they do for pairs that never occurred, and why does the Transformer not have this
# trouble?
#
# **练习。** 加上 trigram：用 `np.add.at` 在 $V^3$ 的表里计数，得到 $p(x_t \mid x_{t-2}, x_{t-1})$。它在图上处于什么位
# 置？遇到从未出现过的两个字符，它怎么办？Transformer 为什么没有这个麻烦？
