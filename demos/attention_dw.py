"""Where does dW_q of an attention head come from? All values, all gradients, a check by nudging, and the picture.

    python demos/attention_dw.py

One head over a sentence of three words, written in plain operations:

    Q = X W_q,   K = X W_k,   V = X W_v,   S = Q Kᵀ / √d_k,   P = softmax(S),   Y = P V,   L = mean (Y − T)²

Everything is printed; the pictures are in out/attention_dw.svg (all of it) and out/attention_dw_path.svg (W_q alone),
and as .png beside them.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from command_line import Parser, as_program, folder

from tinygrad_tf import Tensor, grad, no_grad
from tinygrad_tf.graph import draw, explain
from tinygrad_tf.wording.languages import either
from tinygrad_tf.wording.terminal import right

ZH = """\
注意力头的 dW_q 从何而来？列出所有数值、所有梯度，用数值微分验证，并画成图。

    python demos/attention_dw.py

一个注意力头读一个三个词的句子，全部用基本运算写成：

    Q = X W_q,   K = X W_k,   V = X W_v,   S = Q Kᵀ / √d_k,   P = softmax(S),   Y = P V,   L = mean (Y − T)²

所有数值都打印出来；图在 out/attention_dw.svg（全部）和 out/attention_dw_path.svg（只有 W_q），旁边另有 .png。
"""


def head(X: Tensor, W_q: Tensor, W_k: Tensor, W_v: Tensor, T: Tensor) -> dict[str, Tensor]:
    """The forward: every intermediate Tensor by its name in the formulas, the loss ``L`` last.

    Shapes: X (n, d_model), W_q and W_k (d_model, d_k), W_v (d_model, d_v), T (n, d_v).
    """
    Q = X @ W_q  # (n, d_k)
    K = X @ W_k  # (n, d_k)
    V = X @ W_v  # (n, d_v)
    Kt = K.mT  # (d_k, n)
    A = Q @ Kt  # (n, n): how well each query fits each key
    S = A / math.sqrt(W_k.shape[-1])  # (n, n)
    P = S.softmax()  # (n, n): each row adds up to 1
    Y = P @ V  # (n, d_v)
    E = Y - T  # (n, d_v)
    E2 = E * E  # (n, d_v)
    L = E2.mean()  # ()
    values = {"Q": Q, "K": K, "V": V, "Kt": Kt, "A": A, "S": S, "P": P, "Y": Y, "E": E, "E2": E2, "L": L}
    for name, t in values.items():
        t.name = name
    return values


def make_leaves(n: int = 3, d_model: int = 4, d_k: int = 2, seed: int = 0) -> dict[str, Tensor]:
    """An input X, the weights and a target T, in float64 so that nudging has digits to spare."""
    rng = np.random.default_rng(seed)
    shapes = {"X": (n, d_model), "W_q": (d_model, d_k), "W_k": (d_model, d_k), "W_v": (d_model, d_k), "T": (n, d_k)}
    arrays = {name: rng.normal(size=shape).round(1) for name, shape in shapes.items()}
    return {name: Tensor(a, requires_grad=name.startswith("W"), name=name) for name, a in arrays.items()}


def nudged(leaves: dict[str, Tensor], name: str, eps: float = 1e-5) -> np.ndarray:
    """dL/dW entry by entry from the forward alone: (L(W + ε) − L(W − ε)) / 2ε."""
    slopes = np.zeros(leaves[name].shape)
    for at in np.ndindex(*slopes.shape):
        losses = []
        for step in (eps, -eps):
            W = leaves[name].array.copy()
            W[at] += step
            with no_grad():
                losses.append(head(**{**leaves, name: Tensor(W)})["L"].item())
        slopes[at] = (losses[0] - losses[1]) / (2 * eps)
    return slopes


def show(title: str, values: dict[str, np.ndarray]) -> None:
    print(f"\n{title}")
    for name, a in values.items():
        print(f"{right(name, 5)} {a.shape!s:<7}", np.array2string(a, precision=4, suppress_small=True, prefix=" " * 14))


def main() -> None:
    parser = Parser(__doc__ or "", ZH)
    parser.add_argument("--out", type=folder, default=Path("out"), help=either("where the pictures go", "图放在哪里"))
    out = parser.parse_args().out

    leaves = make_leaves()
    forward = head(**leaves)
    loss = forward["L"]
    show(
        either("Forward: what each Tensor is", "前向：每个 Tensor 的值"),
        {name: t.array for name, t in {**leaves, **forward}.items()},
    )

    weights = {name: t for name, t in leaves.items() if t.requires_grad}
    backward = {**dict(reversed(forward.items())), **weights}
    gradients = grad(loss, list(backward.values()), retain_graph=True)
    by_name = dict(zip(backward, gradients, strict=True))
    show(either("Backward: the gradient of L to each, from dL = 1 down to the weights",
                "反向：L 对每个 Tensor 的梯度，从 dL = 1 一直到权重"),
         {f"d{name}": g.array for name, g in by_name.items()})  # fmt: skip

    slopes = nudged(leaves, "W_q")
    worst = np.abs(slopes - by_name["W_q"].array).max()
    show(either("Check: dW_q by the rules, and by nudging each entry of W_q by ±0.00001",
                "验证：由规则得到的 dW_q，和由数值微分得到的（W_q 的每个元素各加减 0.00001）"),
         {either("rules", "规则"): by_name["W_q"].array, either("nudge", "数值微分"): slopes})  # fmt: skip
    print(either(f"largest difference: {worst:.1e}", f"最大相差 {worst:.1e}"))
    assert worst < 1e-8, "a rule is wrong"

    print(f"\n{explain(loss, leaves['W_q'])}\n")
    pictures = {"attention_dw": draw(loss), "attention_dw_path": draw(loss, path_to=leaves["W_q"], values=True)}
    for name, picture in pictures.items():
        for suffix in (".svg", ".png"):
            print(either("wrote", "写出"), picture.render(out / f"{name}{suffix}"))


if __name__ == "__main__":
    as_program(main)
