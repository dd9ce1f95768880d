# %% [markdown]
# # Train it
# # 动手训练
#
# Now all parts together: the encoder–decoder of chapter 8, small, with pre-norm and an output table of its own, on a
# task that people have. It reads a date as people write it, in English or Chinese, and writes it as ISO 8601:
# "3rd of Mar. '26" becomes 2026-03-03. Nobody tells it what a month is; it sees pairs of texts, letter by letter.
#
# 现在把所有部件合在一起：第 8 章的编码器–解码器，缩小一些，用 pre-norm，输出层不与词嵌入共用权重。
# 让它做一件真有用的事：读人们平常写的日期（中文或英文），写成 ISO 8601 格式，
# 例如 `二〇二六年三月三日` 变成 2026-03-03。没有人告诉它什么是月份；它只看到成对的文本，一个字符一个字符地看。
#
# First the data. Every date is drawn anew, in one of many ways of writing it; some days are held out, and training
# never sees them in any form. Text becomes numbers, one **id** for each letter. The decoder is trained with the right
# answer at hand (**teacher forcing**): at each place it reads the target's letters so far, and is to say the next one.
#
# 先看数据。每个日期都是随机抽取的，写法也随机选一种；有些日子留出来，无论哪种写法都不用于训练。
# 文本先变成数字，每个字符一个**编号**。训练解码器时，正确答案就在手边（**teacher forcing**，教师强制）：
# 在每个位置，它读到目标在这之前的字符，要说出下一个。
# %%
import datetime
import sys

from guide import BLUE, ORANGE, figure, finding, heatmap, short, show, table

import numpy as np
from tqdm import tqdm
from translate_date import answer, typed

from tinygrad_tf import cross_entropy, graph, manual_seed, optim
from tinygrad_tf.models import Transformer, TransformerConfig
from tinygrad_tf.tasks import dates, exact_match, write
from tinygrad_tf.train.figures import cross_attention
from tinygrad_tf.train.trainer import translate

task, rng = dates(), np.random.default_rng(0)
examples = task.sample(rng, 4)
batch = task.batch(examples)
# %%
spell = {task.vocabulary.pad: "", task.vocabulary.start: "<start>", task.vocabulary.end: "<end>"}
told = [[spell.get(i) or task.vocabulary.decode([i]) for i in ids] for ids in (batch.target_in[0], batch.target_out[0])]
show(table(["encoder reads | 编码器读", "decoder reads | 解码器读", "and is to say | 应说出"],
           [[f"`{examples[0][0]}`", f"`{' '.join(told[0])}`", f"`{' '.join(told[1])}`"]]),
     "One example. The decoder's input is the answer moved by one place.",
     "一个样本。解码器的输入就是答案向后错开一位。")  # fmt: skip
# %% [markdown]
# ## The model
# ## 模型
#
# Chapter 8 has shown every part of it. An **embedding** gives each letter a vector of 64 numbers; two encoder and two
# decoder layers with four heads each follow, and at the end a linear layer makes a logit for each letter.
#
# 每个部件在第 8 章都讲过。**词嵌入**给每个字符一个 64 维的向量；接着是编码器、解码器各两层，每层四个头；
# 最后一个线性层给每个字符算出一个 logit。
# %%
manual_seed(0)
model = Transformer(TransformerConfig(
    vocab_size=len(task.vocabulary), d_model=64, n_heads=4, n_layers=2, d_ff=128, dropout=0.0, max_length=64,
    norm_first=True, tie_output=False,
))  # fmt: skip
# %%
parts = [[name, str(part).split("(")[0], sum(p.size for p in part.parameters())]
         for name, part in model.named_children()]  # fmt: skip
size, hidden = sum(p.size for p in model.parameters()), len(task.held_out)
show(table(["part | 部件", "is a | 类型", "parameters | 参数"], parts),
     f"The parts of the model; {size:,} parameters in all. {hidden:,} days are held out.",
     f"模型的各个部件，总共 {size:,} 个参数。留出 {hidden:,} 天。")  # fmt: skip
# %% [markdown]
# ## The loop
# ## 训练循环
#
# The loss is the mean cross-entropy over the letters of the target (chapter 2):
#
# 损失是目标各字符的交叉熵的平均（第 2 章）：
#
# $$L = -\frac{1}{T}\sum_{t=1}^{T} \ln p(y_t \mid y_1, \dots, y_{t-1},\; x)$$
#
# Then, over and over: forward, backward, one step of AdamW (chapter 3). Two things keep the first steps from going
# astray: the learning rate warms up and then falls, in the spirit of the paper's section 5.3, and a gradient longer
# than 1 is shortened to 1.
#
# 然后周而复始：前向，反向，AdamW 走一步（第 3 章）。有两样东西防止开头几步走偏：
# 学习率先升后降，与论文第 5.3 节的思路一样；梯度的范数若超过 1，就缩小到 1。
# %%
steps = 60 if short else 1000
optimizer = optim.AdamW(model.parameters(), lr=5e-3, betas=(0.9, 0.98))
schedule = optim.WarmupCosineLR(optimizer, warmup=100, total=steps)


def loss_of(pairs):
    batch = task.batch(pairs)
    logits = model(batch.source, batch.target_in)  # (B, T, V)
    logits, wanted = logits.reshape(-1, len(task.vocabulary)), batch.target_out.reshape(-1)
    return cross_entropy(logits, wanted, ignore_index=task.vocabulary.pad)  # padding does not count | 填充不算


def score(pairs):
    # The share of dates without an error in any letter. | 一字不差的日期所占的比例。
    return exact_match(translate(model, task.vocabulary, [text for text, _ in pairs], max_length=12), pairs)


losses, scores = [], {}
for step in tqdm(range(1, steps + 1), "dates", leave=False):
    loss = loss_of(task.sample(rng, 64))
    optimizer.zero_grad()
    loss.backward()
    optim.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    schedule.step()
    losses.append(loss.item())
    if step % (steps // 5) == 0:
        scores[step] = score(task.held_out[:200] if step < steps else task.held_out)
# %%
fig, (left, right) = figure(1, 2, width=8.3)
left.semilogy(range(1, steps + 1), losses, color=BLUE, linewidth=1)
left.set(xlabel="step | 步", ylabel="loss (nats per letter) | 损失（纳特/字符）")
right.plot(scores.keys(), [100 * a for a in scores.values()], "o-", color=ORANGE)
right.set(xlabel="step | 步", ylabel="held-out dates right (%) | 留出日期答对（%）", ylim=(-3, 103))
show(fig, "Left: the loss of every step. Right: a date counts only if all its ten letters are right.",
     "左：每一步的损失。右：十个字符全对才算对。")  # fmt: skip
first, last = np.mean(losses[:5]), np.mean(losses[-5:])
if short:  # too little to write a date | 练得太少，还写不出日期
    finding(last < 0.7 * first, f"After {steps} steps the loss fell from {first:.2f} to {last:.2f} nats.",
            f"{steps} 步之后，损失从 {first:.2f} 降到 {last:.2f} 纳特。")  # fmt: skip
else:
    finding(scores[steps] > 0.95, f"It writes {scores[steps]:.2%} of the held-out dates without an error in any "
            "letter.",
            f"留出的日期中，有 {scores[steps]:.2%} 写得一字不差。")  # fmt: skip

# %% [markdown]
# ## Ask it
# ## 考考它
#
# Day comes before month where only numbers stand; two-digit years lie in 1950 to 2049. Run this chapter in a terminal
# and it asks for your dates; `python demos/translate_date.py` does so at any time.
#
# 只有数字时，日在月前；两位数的年份属于 1950 到 2049 年。在终端里运行本章，它会请你输入日期；平时也可以用
# `python demos/translate_date.py`。
# %%
asked = ["Tuesday, 3 March 2026", "3rd of Mar. '26", "3/4/26", "二〇二六年三月四日", "2049年12月31日（週五）",
         "壹玖玖玖年零壹拾月零壹日", "30 February 2025", "March 2026"]  # fmt: skip
rows = zip([f"`{text}`" for text in asked], translate(model, task.vocabulary, asked), strict=True)
show(table(["read | 读到", "written | 写出"], list(rows)),
     "It always answers. It knows no calendar, only what dates look like: 30 February does not trouble it.",
     "问什么它都答。它不懂历法，只知道日期长什么样：二月三十日也照写不误。")  # fmt: skip
if sys.stdin.isatty() and sys.stdout.isatty():
    for text in typed():  # your own, until an empty line | 你自己的日期，输入空行结束
        print(answer(model, task.vocabulary, text))

# %% [markdown]
# ## Where it looks
# ## 它在看哪里
#
# The decoder writes one letter after the other, each from those before it: that is called **autoregressive**. By
# cross-attention each of its letters attends to the letters that the encoder read (the paper, section 3.2.3). Nobody
# told it which letters matter. Read the map by rows: for each letter written, where it looked.
#
# 解码器一个接一个地写字符，每个都取决于前面写过的，这叫**自回归**。通过交叉注意力，它每写一个字符，
# 都会关注编码器读到的各个字符（论文第 3.2.3 节）。没有人告诉它哪些字符要紧。
# 下图逐行看：写这个字符时，它看了哪里。
# %%
fig, axes = figure(1, 2, width=8.3, height=3, width_ratios=(21, 13))
for axis, text in zip(axes, ("the 17th of May, 2038", "星期二，二〇二六年三月三日"), strict=True):
    said, read, P = cross_attention(model, task.vocabulary, text)
    heatmap(axis, P.mean(axis=0), rows=said, columns=read)
    axis.set_aspect("auto")  # room for letters, on a phone, too | 手机上也放得下字母
    axis.set(xlabel="read | 读到的", ylabel="written | 写出的")
show(fig, "The last decoder layer: the darker, the more weight (mean of the heads). The last digit of the day, above "
     "the end, looks at the day's last digit.",
     "解码器的最后一层：颜色越深，权重越大（各头平均）。倒数第二行（日的末位数字）看的是原文里的那一位。")  # fmt: skip
if not short:  # it must have learnt to write | 得先学会写
    days = [datetime.date(2000, 1, 1) + datetime.timedelta(days=37 * i) for i in range(50)]
    maps = [cross_attention(model, task.vocabulary, write(day, "{d} {Month} {y}"))[2] for day in days]
    share = np.mean([P.mean(axis=0)[9, len(str(day.day)) - 1] for day, P in zip(days, maps, strict=True)])
    finding(share > 0.4,
            f"For 50 dates like `{write(days[1], '{d} {Month} {y}')}`, the tenth letter written gives {share:.0%} of "
            "its attention to the day's last digit, one of about 15 letters.",
            f"对 50 个形如 `{write(days[1], '{d} {Month} {y}')}` 的日期，写第十个字符时，注意力有 {share:.0%} "
            "落在日的末位数字上，而原文约有 15 个字符。")  # fmt: skip

# %% [markdown]
# ## Its own dW
# ## 它自己的 dW
#
# Chapter 9 followed dW through one head with eight steps. Here is the same page for this model: the query, key and
# value weights of the encoder's first layer, for one date. Nothing in it is new, there is only more of it.
#
# 第 9 章跟着 dW 走过一个头，共八步。这里是同一种页面，只是换成了这个模型：一个日期的损失，
# 怎样传到编码器第一层的 query、key、value 权重。原理上没有新东西，只是步骤更多。
# %%
loss = loss_of([("the 17th of May, 2038", "2038-05-17")])
W = model.encoder.layers[0].self_attn.in_proj_weight  # W_q, W_k, W_v, one below the other | W_q、W_k、W_v 上下相接
show(graph.explore(loss, path_to=W), "How the gradient reached the first layer. Modules open and close with a click.",
     "梯度怎样到达第一层。点一下可以展开或收起模块。")  # fmt: skip

# %% [markdown]
# **Exercise.** Which forms does it get wrong? Go through `task.held_out`, collect the errors, and look at one's
# attention. Then train with `--steps 300` by `python demos/train_dates.py` and do it again: what is learnt last?
#
# **练习。** 哪些写法它会写错？把 `task.held_out` 过一遍，收集错误，挑一个看看注意力。再用
# `python demos/train_dates.py --steps 300` 训练，重做一遍：最后学会的是什么？
#
# **Answer.** In our run 3 of the 2,000 were wrong after 1,000 steps; `2018.12.2` for example became 2018-12-22. After
# 300 steps 671 were wrong (66% right), in all forms, English and Chinese alike, and nearly all with the right digits
# in the wrong order or doubled: `NOVEMBER 12, 2000` became 2000-11-21. The month is wrong least often, the last two
# digits of the year and the day most often: which digits there are is learnt early, in which order they stand last.
#
# **答案。** 我们运行的这一次，1000 步之后 2000 个里错 3 个；例如 `2018.12.2` 写成了 2018-12-22。
# 300 步时错 671 个（答对 66%），各种写法、中文英文都有，而且几乎都是数字没错，只是次序错了，或者重复了：
# `NOVEMBER 12, 2000` 写成了 2000-11-21。月份错得最少，年份末两位和日错得最多：有哪些数字，很早就学会了；
# 按什么次序，最后才学会。
