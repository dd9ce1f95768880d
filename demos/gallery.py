"""Explorers of whole models, to open in a browser and step through: an attention head up to GPT-2's full depth.

    python demos/gallery.py

Each is one HTML file in out/gallery that needs nothing else.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from attention_dw import head, make_leaves
from command_line import Parser, as_program, folder

from tinygrad_tf import Tensor, manual_seed, nn
from tinygrad_tf.graph import Page, explore
from tinygrad_tf.models import GPT2, GPT2Config
from tinygrad_tf.models.gpt2 import Block
from tinygrad_tf.nn import functional as F
from tinygrad_tf.wording.languages import either

ZH = """\
整个模型的反向传播，用浏览器打开，逐步查看：从一个注意力头，到 GPT-2 的全部深度。

    python demos/gallery.py

每个是 out/gallery 里的一个 HTML 文件，不需要别的东西。
"""


@dataclass(frozen=True)
class Piece:
    """One page of the gallery: its title and what to look for, in both languages, and what makes it."""

    name: str
    title: dict[str, str]
    about: dict[str, str]
    make: Callable[[dict[str, str]], Page]

    @property
    def code(self) -> str:
        """The function that makes the page, without what only the gallery gives it."""
        code = inspect.getsource(self.make).replace("  # fmt: skip", "")
        return code.replace("(about: dict[str, str]) -> Page:", "():").replace(", about=about", "")


def attention_head(about: dict[str, str]) -> Page:
    leaves = make_leaves()
    loss = head(**leaves)["L"]
    return explore(loss, path_to=leaves["W_q"], values="full", about=about)


def gpt_block(about: dict[str, str]) -> Page:
    config = GPT2Config(n_positions=8, n_embd=16, n_layer=1, n_head=2, resid_pdrop=0.0, attn_pdrop=0.0)
    block = Block(config)
    x = Tensor(np.random.default_rng(0).normal(size=(1, 6, 16)).astype("float32"), name="x")
    target = Tensor(np.random.default_rng(1).normal(size=(1, 6, 16)).astype("float32"), name="target")
    loss = F.mse_loss(block(x, mask=None, cache=None), target)
    return explore(loss, path_to=block.get_parameter("attn.c_attn.weight"), depth=2, about=about)


def whole_transformer(about: dict[str, str]) -> Page:
    model = nn.Transformer(d_model=16, nhead=2, num_encoder_layers=2, num_decoder_layers=2,
                           dim_feedforward=32, dropout=0.0, batch_first=True)  # fmt: skip
    rng = np.random.default_rng(0)
    source, target = (Tensor(rng.normal(size=(1, length, 16)).astype("float32")) for length in (5, 4))
    loss = (model(source, target) ** 2).mean()
    first = model.encoder.layers[0].self_attn.in_proj_weight
    return explore(loss, path_to=first, depth=1, about=about)


def gpt2_shape(about: dict[str, str]) -> Page:
    # all layers and heads, but narrow, for a small page | 层数和头数都在，只是窄得多，页面才不太大
    config = GPT2Config(vocab_size=96, n_positions=32, n_embd=72,
                        embd_pdrop=0.0, resid_pdrop=0.0, attn_pdrop=0.0)  # fmt: skip
    model = GPT2(config)
    ids = np.random.default_rng(0).integers(0, 96, (1, 17))
    logits = model(ids[:, :-1])
    loss = F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())
    first = model.get_parameter("transformer.h.0.attn.c_attn.weight")
    return explore(loss, path_to=first, nudge=0, depth=1, about=about)


PIECES = [
    Piece("attention_head", {"en": "An attention head", "zh": "一个注意力头"}, {
        "en": "From the loss back to W_q: the product, the softmax, the scaling, and the product again. Point at an "
              "entry to see the sum that made it.",
        "zh": "从损失一路回到 W_q：矩阵乘积、softmax、缩放，再到矩阵乘积。把指针移到某个元素上，"
              "就能看到它由哪些项相加得来。",
    }, attention_head),
    Piece("gpt_block", {"en": "A block of GPT-2", "zh": "GPT-2 的一个块"}, {
        "en": "At each sum of the residual stream the gradient goes two ways: past the block, and through attention or "
              "the feed-forward network.",
        "zh": "在残差流的每个加法处，梯度分成两路：一路绕过这个块直接过去，另一路穿过注意力或前馈网络。",
    }, gpt_block),
    Piece("transformer", {"en": "The encoder–decoder of the paper", "zh": "论文中的编码器–解码器"}, {
        "en": "The encoder gets its gradient through cross-attention alone, once for each layer of the decoder: follow "
              "the routes into memory.",
        "zh": "编码器的梯度只能经交叉注意力传来，解码器每有一层就来一路：沿着这些路线，看它们怎样汇入 memory。",
    }, whole_transformer),
    Piece("gpt2", {"en": "GPT-2, all twelve layers", "zh": "GPT-2，完整的十二层"}, {
        "en": "The residual stream carries the gradient past eleven blocks to the first one. Choose "
              "transformer.wte.weight, the table of the tokens: it reads them and scores them, so its gradient comes "
              "from both ends.",
        "zh": "残差流带着梯度越过十一个块，到达第一个块。再选 transformer.wte.weight，也就是词嵌入表：它既用来读入"
              "词元，又用来给词元打分，所以它的梯度来自两端。",
    }, gpt2_shape),
]  # fmt: skip


def write(out: Path, only: str = "") -> list[Path]:
    """Write every page, or only that of one piece, into the folder ``out``; returns the paths."""
    paths = []
    for piece in PIECES:
        if only not in ("", piece.name):
            continue
        manual_seed(0)
        paths.append(Path(piece.make(piece.about).save(out / f"{piece.name}.html")))
    return paths


def main() -> None:
    parser = Parser(__doc__ or "", ZH)
    parser.add_argument("--out", type=folder, default=Path("out/gallery"), help=either("the folder", "结果放在哪里"))
    for path in write(parser.parse_args().out):
        print(f"{path}  ({path.stat().st_size / 1e6:.1f} MB)")


if __name__ == "__main__":
    as_program(main)
