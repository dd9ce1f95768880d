"""Writes a formula as LaTeX, for Markdown: out of the tree that :mod:`.mathml` makes."""

from __future__ import annotations

import re

from .mathml import Tree, mathml
from .rules import Formula

_SIGNS = {
    "·": r"\cdot", "⊙": r"\odot", "−": "-", "∑": r"\sum", "√": r"\sqrt", "≤": r"\le", "≥": r"\ge", "≠": r"\ne",
    "∧": r"\land", "∨": r"\lor", "¬": r"\lnot", "{": r"\{", "}": r"\}", "⊤": r"\top", "⊥": r"\bot", "∞": r"\infty",
    "^": r"\hat",
}  # fmt: skip
_GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "varepsilon", "η": "eta", "θ": "theta", "μ": "mu",
    "π": "pi", "ρ": "rho", "σ": "sigma", "τ": "tau", "φ": "varphi", "Φ": "Phi", "ψ": "psi", "ω": "omega",
}  # fmt: skip
# In math, and between texts. What Markdown and HTML read, too, is written without the sign itself.
_ESCAPED = {c: f"\\{c}" for c in "#$%&_{}"} | {
    "\\": r"\backslash ", "^": r"\hat{}", "~": r"\sim ", "−": "-", "∞": r"\infty ", "<": r"\lt ", ">": r"\gt ",
    "*": r"\ast ", "|": r"\vert ", "[": r"\lbrack ", "]": r"\rbrack ", "`": "‵", "@": "＠",
}  # fmt: skip
_IN_TEXT = {**{c: f"\\{c}" for c in "#$%&_{}"}, "−": "-"}


def latex(f: Formula) -> list[str]:
    r"""``left = right``, then the lines that the right side reads.

    >>> from tinygrad_tf.formula import gradient_formula
    >>> X, W = Tensor([[1.0]], name="X"), Tensor([[2.0]], requires_grad=True, name="W_q")
    >>> latex(gradient_formula(X @ W, 1))
    ['dW_{q} = X^{\\top} \\cdot dY']
    """
    return [_write(tree) for tree in mathml(f)]


def _write(tree: Tree) -> str:
    tag, *children = tree
    if isinstance(children[0], str):
        return _leaf(tag, children[0])
    parts = [_write(c) for c in children]
    match tag:
        case "mfrac":
            return rf"\frac{{{parts[0]}}}{{{parts[1]}}}"
        case "msqrt":
            return rf"\sqrt{{{parts[0]}}}"
        case "msup":
            return f"{_braced(children[0], parts[0])}^{{{parts[1]}}}"
        case "msub" | "munder":
            return f"{_braced(children[0], parts[0])}_{{{parts[1]}}}"
        case "mover":
            return rf"\hat{{{parts[0]}}}"
        case "mtable":
            rows = r" \\ ".join(parts)
            return rf"\begin{{cases}}{rows}\end{{cases}}"
        case "mtr":
            return " & ".join(parts)
    if children[0] == ["mo", "{"]:  # the brace of cases comes with them
        return " ".join(parts[1:])
    if children[0] == ["mi", "d"]:  # dW is one word
        return "".join(parts)
    return " ".join(parts)


def _braced(tree: Tree, text: str) -> str:
    return text if isinstance(tree[1], str) else f"{{{text}}}"


def _leaf(tag: str, text: str) -> str:
    if tag == "mo":
        return _SIGNS.get(text, text)
    if tag == "mn":
        return text
    if text in _GREEK or text in _SIGNS:
        return rf"\{_GREEK[text]}" if text in _GREEK else _SIGNS[text]
    if tag == "mi" and len(text) == 1 and text.isascii() and text.isalnum():
        return text
    if tag != "mtext":
        return rf"\mathrm{{{''.join([_ESCAPED.get(c, c) for c in text])}}}"
    pieces = re.split(f"([{re.escape(''.join(_ESCAPED.keys() - _IN_TEXT.keys()))}])", text)
    texts = [rf"\text{{{''.join([_IN_TEXT.get(c, c) for c in piece])}}}" if piece else "" for piece in pieces[::2]]
    signs = [*[_ESCAPED[sign].strip() for sign in pieces[1::2]], ""]
    return "".join([part for pair in zip(texts, signs, strict=True) for part in pair])
