"""How a Tensor shows itself in a notebook: what it is, its numbers and those of its gradient, and a map of each.

HTML and SVG in the colours of the notebook, so that it is read on light and on dark.
"""

from __future__ import annotations

import base64
import html
import math
from typing import Any

import numpy as np

from ..autograd.tensor import Tensor
from ..wording.languages import chosen
from ..wording.texts import isolated, named
from .colors import light

_BLUE, _ORANGE = light("map-below"), light("map-above")
_CELL = 10
_WORDS = {
    "en": {"op": "made by {}", "learns": "requires a gradient", "number": "a number", "scope": "in {}",
           "value": "value", "gradient": "gradient", "empty": "no entries", "true": "{} of {} true",
           "picked": "{} × {} of its entries", "odd": "{} NaN or infinite", "range": "{} … {} · mean {} · norm {}"},
    "zh": {"op": "由 {} 得到", "learns": "需要梯度", "number": "一个数", "scope": "在 {} 中", "value": "数值",
           "gradient": "梯度", "empty": "没有元素", "true": "{} / {} 为真",
           "picked": "取其中 {} × {} 个元素", "odd": "{} 个 NaN 或无穷大",
           "range": "{} … {} · 均值 {} · 范数 {}"},
}  # fmt: skip


def view(t: Tensor, lang: str | None = None) -> str:
    """HTML of the Tensor: name, shape, dtype, where it comes from, value, gradient, a heat map of both.

    ``lang`` is "en" or "zh", by default that of :class:`tinygrad_tf.language`.

    A map shows at most 12 × 24 entries, evenly picked; rows are all axes but the last. Blue is below 0, orange above,
    and the deeper the larger; a cross marks NaN and infinities.

    >>> "<svg" in view(Tensor([[1.0, -2.0]], name="W"))
    True
    """
    say = _WORDS[lang or chosen()]
    origin = say["op"].format(t.op.name) if t.op is not None else say["learns"] if t.requires_grad else ""
    scope = t.scope and say["scope"].format(isolated(named(t.scope)))
    name = isolated(named(t.name or "")) or named(type(t).__name__)
    facts = ["×".join(map(str, t.shape)) or say["number"], str(t.dtype), origin, scope]
    head = f"<b>{html.escape(name)}</b> " + html.escape(" · ".join(filter(None, facts)))
    parts = [_array(t.array, say["value"], say)]
    if t.grad is not None:
        letter = f" d{t.name}" if name == t.name and name.isidentifier() else ""
        parts.append(_array(t.grad.array, say["gradient"] + letter, say))
    body = "".join(f'<div style="margin:0 24px 4px 0">{part}</div>' for part in parts)
    return (
        f'<div style="font:13px/1.5 ui-monospace,monospace"><div>{head}</div>'
        f'<div style="display:flex;flex-wrap:wrap">{body}</div></div>'
    )


def _array(x: np.ndarray[Any, Any], title: str, say: dict[str, str]) -> str:
    """One array: its entries where they are few, else its range, mean and norm; and a map."""
    if x.size <= 36 and x.ndim <= 2:
        text = np.array2string(x, precision=4, separator=", ", suppress_small=True)
        said = f'<pre style="margin:2px 0;background:none;color:inherit;font:inherit">{html.escape(text)}</pre>'
    else:
        said = f"<div>{html.escape(_statistics(x, say))}</div>"
    drawn = _map(x, title, say) if x.size > 1 and x.dtype.kind != "b" else ""
    return f'<div style="opacity:.65">{html.escape(title)}</div>{said}{drawn}'


def _statistics(x: np.ndarray[Any, Any], say: dict[str, str]) -> str:
    if x.size == 0:
        return say["empty"]
    if x.dtype.kind == "b":
        return say["true"].format(np.count_nonzero(x), x.size)
    finite = x[np.isfinite(x)].astype(np.float64)
    odd = x.size - finite.size
    broken = " · " + say["odd"].format(odd) if odd else ""
    if not finite.size:
        return broken.removeprefix(" · ")
    found = finite.min(), finite.max(), finite.mean(), math.sqrt(finite @ finite)
    return say["range"].format(*[f"{v:.4g}".replace("-", "−") for v in found]) + broken


def _map(x: np.ndarray[Any, Any], title: str, say: dict[str, str]) -> str:
    from .arrays import thumbnail  # which would load graphviz with the package

    finite = np.abs(x[np.isfinite(x)].astype(np.float64))
    small = thumbnail(x, float(finite.max(initial=0.0)))
    cells = []
    for i, level in enumerate(base64.b64decode(small.bits)):
        left, top = i % small.columns * _CELL, i // small.columns * _CELL
        box = f'x="{left}" y="{top}" width="{_CELL}" height="{_CELL}"'
        if level in (0, 1, 255):
            cells.append(f'<path d="M{left + 2},{top + 2}l6,6m0,-6l-6,6" stroke="currentColor"/>')
        elif level != 128:
            strength = math.sqrt(abs(level - 128) / 126)  # the root: small entries, too, are seen
            color = _BLUE if level < 128 else _ORANGE
            cells.append(f'<rect {box} fill="{color}" fill-opacity="{strength:.2f}"/>')
    width, height = small.columns * _CELL, small.rows * _CELL
    picked = "" if small.rows * small.columns == x.size else " · " + say["picked"].format(small.rows, small.columns)
    scale = f"{small.scale:.3g}"
    drawn = (
        f'<svg role="img" aria-label="{html.escape(title)}, from −{scale} to {scale}" width="{width}" '
        f'height="{height}" viewBox="0 0 {width} {height}" style="display:block;margin:2px 0;max-width:100%">'
        f'{"".join(cells)}<rect x=".5" y=".5" width="{width - 1}" height="{height - 1}" fill="none" '
        'stroke="currentColor" stroke-opacity=".35"/></svg>'
    )
    below, above = (f'<span style="color:{color}">■</span>' for color in (_BLUE, _ORANGE))
    legend = f"{below} −{scale} … 0 … {scale} {above}{picked}"
    return f'{drawn}<div style="opacity:.75;font-size:11px">{legend}</div>'
