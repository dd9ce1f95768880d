# %% [markdown]
# # Somebody else's weights
# # 别人的权重
#
# A trained model travels as a folder: `config.json` says which shape it has, `model.safetensors` holds the numbers by
# name, `tokenizer.json` says how text becomes ids. GPT-2 (Radford et al. 2019) and thousands after it are published so.
# The package's `GPT2` has the same parameter names: it reads such folders, and writes them for others to read.
#
# 训练好的模型以文件夹的形式流传：`config.json` 说明形状，`model.safetensors` 按名字存放数值，`tokenizer.json`
# 说明文本怎样变成编号。GPT-2（Radford 等，2019）以及后来成千上万的模型都这样发布。本包的 `GPT2` 参数名与之相同，
# 读得懂这样的文件夹，写出来的别人也读得懂。
#
# If you have GPT-2, run `python demos/12_pretrained.py --model FOLDER`, or set `GPT2_PATH`. Without it this chapter
# trains a small model on Python's own help pages and saves it in this layout. From there on only the size differs.
#
# 如果你有 GPT-2，请运行 `python demos/12_pretrained.py --model 文件夹`，或者设置 `GPT2_PATH`。没有也不要紧：
# 本章会用 Python 自带的帮助文本训练一个小模型，照同样的格式存盘。此后的一切，除了大小，都与真正的 GPT-2 相同。
# %%
import tempfile
from pydoc_data.topics import topics

from guide import OUT, figure, finding, heatmap, say, short, show, table

import numpy as np
from generate import load_tokenizer
from published import published
from tokenizers import ByteLevelBPETokenizer
from tqdm import tqdm

from tinygrad_tf import grad, graph, manual_seed, no_grad
from tinygrad_tf.models import GPT2, GPT2Config
from tinygrad_tf.optim import AdamW


def small_gpt2(folder):
    # Train on Python's help pages; save in GPT-2's layout. | 用 Python 的帮助文本训练，照 GPT-2 的格式存盘。
    manual_seed(0)
    rng = np.random.default_rng(0)
    text = "\n".join(topics[name] for name in sorted(topics))
    tokenizer = ByteLevelBPETokenizer()
    tokenizer.train_from_iterator(text.splitlines(keepends=True), vocab_size=600, show_progress=False)
    ids = np.array(tokenizer.encode(text).ids)
    model = GPT2(GPT2Config(600, n_positions=64, n_embd=64, n_layer=2, n_head=4, initializer_range=0.1,
                            resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, eos_token_id=None))  # fmt: skip
    optimizer = AdamW(model.parameters(), lr=3e-3)
    for _ in tqdm(range(60 if short else 400), "small GPT-2", leave=False):
        starts = rng.integers(0, len(ids) - 64, 8)
        loss = model.loss(ids[starts[:, None] + np.arange(64)])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    return model, folder


found = published()
before, folder = (GPT2.from_pretrained(found), found) if found else small_gpt2(OUT / "12_pretrained" / "gpt2")
tokenizer = load_tokenizer(folder)
with tempfile.TemporaryDirectory() as copy:
    before.save_pretrained(copy)
    model = GPT2.from_pretrained(copy)
sentence = "The value of the expression is the value of"
ids = np.array([tokenizer.encode(sentence).ids])
with no_grad():
    same = np.array_equal(before.eval()(ids).array, model(ids).array)
# %%
if found:
    say(f"You see **the weights of the folder** `{found.name}`, made elsewhere.",
        f"你看到的是**文件夹** `{found.name}` **里的权重**，不是本章训练的。")  # fmt: skip
else:
    say("You see the **small model that this chapter made**: no published weights were found on this machine.",
        "你看到的是**本章自己训练的小模型**：本机上没有找到公开发布的权重。")  # fmt: skip
names = [(name, str(p.shape)) for name, p in model.named_parameters()]
show(
    table(["name | 名字", "shape | 形状"], names[:6]),
    f"Six of its {len(names)} parameter tensors.",
    f"{len(names)} 个参数张量中的 6 个。",
)
size = sum(p.size for p in model.parameters())
finding(same, f"Saved and read back, {size:,} numbers give the same logits, bit by bit.",
        f"存盘再读回，{size:,} 个数算出的 logits 逐位相同。")  # fmt: skip
# %% [markdown]
# ## What it expects, and where dW flows
# ## 它预测什么，dW 又怎样流动
#
# The loss of a sentence asks each position for its next token. In GPT-2 one matrix makes queries, keys and values
# together, $[Q\;K\;V] = X W_{qkv}$. Here is the gradient's way to that of the first layer, through all layers above.
#
# 一个句子的损失，就是问每个位置下一个词元是什么。GPT-2 用一个矩阵同时产生三者：$[Q\;K\;V] = X W_{qkv}$。
# 下面是梯度从损失出发、穿过上面所有的层、到达第一层这个矩阵的路线。
# %%
probabilities = model(ids).softmax().array[0, -1]
best = [
    (f"`{tokenizer.decode([int(i)])}`".replace("\n", "⏎"), float(probabilities[i]))
    for i in probabilities.argsort()[::-1][:5]
]
show(table(["next | 下一个", "probability | 概率"], best, ".1%"), f"After `{sentence}`.", f"在 `{sentence}` 之后。")
loss, blocks = model.loss(ids), model.transformer["h"]
W_qkv = blocks[0].attn.c_attn.weight  # GPT-2's files hold its transpose | GPT-2 的文件里存的是它的转置
W_qkv.name = "W_qkv"  # what the picture calls it | 图里用的名字
# %%
show(lambda lang: graph.draw(loss, path_to=W_qkv, lang=lang),
     "From the loss to layer 0's $W_{qkv}$: every residual connection is a fork, so there are many routes.",
     "从损失到第 0 层的 $W_{qkv}$：每个残差连接都是岔路，所以路线很多。")  # fmt: skip
nudges = graph.explain(loss, W_qkv, nudge=4).nudges
wrong = max(abs(n.slope - n.gradient) for n in nudges) / max(abs(n.gradient) for n in nudges)
finding(len(nudges) == 4 and wrong < 1e-3,
        f"Four entries of $W_{{qkv}}$ nudged: the slopes are what came down the routes, to {wrong:.0e} of the largest.",
        f"对 $W_{{qkv}}$ 的四个元素做数值微分：斜率与沿路线传来的梯度一致，相差不超过最大梯度的 "
        f"{wrong:.0e} 倍。")  # fmt: skip
# %% [markdown]
# Which head would this sentence change most? Cut each layer's $dW_{qkv}$ by heads, for $Q$, $K$ and $V$.
#
# 这个句子最想改动哪个头？把每一层的 $dW_{qkv}$ 按头切开，$Q$、$K$、$V$ 各画一张。
# %%
H = model.config.n_head
seen = []  # of each layer: X, [Q K V] and the attention's output | 每层的 X、[Q K V] 和注意力的输出
for block in blocks:
    block.attn.c_attn.register_forward_hook(lambda module, inputs, result: seen.append([inputs[0], result]))
    block.attn.c_proj.register_forward_hook(lambda module, inputs, result: seen[-1].append(inputs[0]))
loss = model.loss(ids)


def heads(t):
    parts = t.array.reshape(ids.size, -1, H, model.config.n_embd // H)
    return parts.transpose(1, 2, 0, 3)  # (1 or 3, H, L, d_k) | (1 或 3, H, L, d_k)


parts, passed, unhindered = [], [], []
for X, QKV, Y in seen:
    dQKV, dY = (heads(g) for g in grad(loss, [QKV, Y], retain_graph=True))
    Q, K, V = heads(QKV)
    x, d_k, mask = X.array[0], Q.shape[-1], np.tri(ids.size, dtype=bool)
    parts.append(np.linalg.norm(x.T @ dQKV, axis=(-2, -1)))  # ‖dW‖ of each head, for Q, K and V | 每个头的 ‖dW‖
    S = np.where(mask, Q @ K.mT / d_k**0.5, -np.inf)
    P = np.exp(S - S.max(-1, keepdims=True))
    P = P / P.sum(-1, keepdims=True)
    dP = (dY[0] @ V.mT) * mask
    dS = P * (dP - (dP * P).sum(-1, keepdims=True))  # softmax's rule, chapter 2 | softmax 的规则，第 2 章
    passed.append(np.linalg.norm(dS) / np.linalg.norm(dP))
    dQ = dP @ K / d_k**0.5  # as if dS were dP | 假如 dS 就是 dP
    unhindered.append(np.linalg.norm(x.T @ dQ, axis=(-2, -1)))
parts = np.array(parts)  # (layer, 3, H)
q, k, v = parts.mean(axis=(0, 2))
ratio = v / np.mean(unhindered)
# %%
fig, axes = figure(1, 3, width=8, height=2.6, sharey=True)
for axis, letter, norms in zip(axes, "QKV", parts.swapaxes(0, 1), strict=True):
    image = heatmap(axis, norms, largest=parts.max())
    axis.set(title=f"‖dW‖, {letter} | ‖dW‖，{letter} 部分", xlabel="head | 第几个头")
axes[0].set_ylabel("layer | 第几层")
fig.colorbar(image, ax=axes, label="norm | 范数", shrink=0.42)
show(fig, f"$dW_v$ is on average {v / q:.1f} times $dW_q$ and {v / k:.1f} times $dW_k$.",
     f"平均来看，$dW_v$ 的范数是 $dW_q$ 的 {v / q:.1f} 倍、$dW_k$ 的 {v / k:.1f} 倍。")  # fmt: skip
# %% [markdown]
# Why? The gradients of $W_q$ and $W_k$ have to pass the softmax of their own layer, that of $W_v$ has not. Whether this
# is the reason can be tried: compute $dW_q$ once more, with $dP$ itself in place of $dS$, as if softmax let everything
# through.
#
# 为什么？$W_q$ 和 $W_k$ 的梯度要穿过本层的 softmax，$W_v$ 的不用。是不是这个原因，可以试一试：
# 再算一次 $dW_q$，用 $dP$ 本身代替 $dS$，好像 softmax 什么都不拦。
# %%
finding(max(passed) < 0.9 and (found or ratio < 0.5 * v / q),
        f"Softmax lets no more than {max(passed):.0%} of the gradient's norm through. Had it let everything "
        f"through, $dW_v$ would be {ratio:.1f} times $dW_q$, not {v / q:.1f} times.",
        f"softmax 最多只让梯度范数的 {max(passed):.0%} 通过。假如它全部放行，"
        f"$dW_v$ 就是 $dW_q$ 的 {ratio:.1f} 倍，而不是 {v / q:.1f} 倍。")  # fmt: skip
# %% [markdown]
# **Exercise.** Let the small model write. Then take any GPT-2 folder: what follows "The capital of France is"?
# ```bash
# python demos/generate.py --model out/tour/12_pretrained/gpt2 --prompt "The "
# ```
#
# **练习。** 让小模型写几句；再找一个 GPT-2 文件夹，看看“The capital of France is”后面会接什么词。
# ```bash
# python demos/generate.py --model out/tour/12_pretrained/gpt2 --prompt "The "
# ```
#
# **Answer.** The small model writes what looks like Python's manual, words and half-words of it, without much sense: it
# has read little, and has few parameters. What a GPT-2 says of France depends on its size. Look at the probabilities of
# the next token, as above, rather than at the one that is written: a language model says what texts are like, and what
# is true only in so far as texts are.
#
# **答案。** 小模型写出来的东西看着像 Python 手册，是手册里的词和半截词，但不大通顺：它读得少，参数也少。
# 关于法国，GPT-2 怎么说要看它的大小。与其看写出来的那一个词元，不如像上面那样看下一个词元的各个概率：
# 语言模型说的是文本通常怎样写；文本写的是真的，它说的才是真的。
