"""What stands beside a picture, in English, in Chinese, or in both."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .page import chinese

_EN: dict[str, str | Callable[..., str]] = {
    "how": "Purple arrows carry the gradient backward, each by the rule beside it; width: log of its norm.",
    "values": "In boxes: values, and gradients in purple.",
    "kinds": "rounded: operation · square: parameter · oval: input, dashed: constant, thick: loss",
    "closed": " · double: closed module",
    "forward": "Arrows carry values forward.",
    "dual": "Left: forward, down. Right: gradients, up, each by the rule beside it. Dotted: what a rule needs.",
    "way": lambda name, steps, routes, loss: (
        f"{name}: {steps} step{'s' * (steps != '1')} along {routes} route{'s' * (routes != '1')} from {loss}"
    ),
    "inside": lambda ops, entries: (
        f"{ops:,} operation{'s' * (ops != 1)}" + (f", {entries:,} entries in parameters" if entries else "")
    ),
    "frozen": "frozen: no gradient",
    "shares": lambda parts: f"of that: {', '.join(parts)}",
    "sum": lambda n: f"sum of {n}",
    "reaches": lambda loss, W, steps, routes: (
        f"How {loss} reaches {W}: {steps} step{'s' * (steps != 1)} along {routes} route{'s' * (routes != '1')}."
    ),
    "norm": lambda norm: f"norm {norm}",
    "within": lambda path: f"in {path}",
    "where": lambda line: f"where {line}",
    "rule": lambda op: f"{op} rule",
    "to": lambda place: f"→ step {place}",
    "from": lambda step: f"from step {step}",
    "part": lambda norm, step: f"{norm} from step {step}",
    "joined": lambda parts, norm: f": the sum of {' and '.join(parts)}, norm {norm}",
    "card": "forward rule shapes inside example",
    "nudged": lambda by: f"Nudged by ±{by}, the forward run again in float64:",
    "unresolved": lambda least: f"A slope below {least} is lost in the rounding of 64 bits.",
    "colon": ": ",
    "comma": ", ",
}
_ZH: dict[str, str | Callable[..., str]] = {
    "how": "紫色箭头把梯度反向传回，旁边是所用的规则；粗细：范数的对数。",
    "values": "框内：数值，紫色为梯度。",
    "kinds": "圆角：运算 · 方形：参数 · 椭圆：输入，虚线：常量，粗线：损失",
    "closed": " · 双线：收起的模块",
    "forward": "箭头把数值向前传。",
    "dual": "左：前向，向下。右：梯度，向上，旁边是所用的规则。点线：规则所需的数组。",
    "way": lambda name, steps, routes, loss: f"{name}：从 {loss} 出发，经 {routes} 条路线，共 {steps} 步",
    "inside": lambda ops, entries: f"{ops:,} 个运算" + (f"，{entries:,} 个参数" if entries else ""),
    "frozen": "冻结：不求梯度",
    "shares": lambda parts: f"其中：{'、'.join(parts)}",
    "sum": lambda n: f"{n} 项之和",
    "reaches": lambda loss, W, steps, routes: f"{loss} 如何到达 {W}：经 {routes} 条路线，共 {steps} 步。",
    "norm": lambda norm: f"范数 {norm}",
    "within": lambda path: f"在 {path} 中",
    "where": lambda line: f"其中 {line}",
    "rule": lambda op: f"{op} 的规则",
    "to": lambda place: f"→ 第 {place} 步",
    "from": lambda step: f"来自第 {step} 步",
    "part": lambda norm, step: f"第 {step} 步的 {norm}",
    "joined": lambda parts, norm: f"：{'、'.join(parts)} 之和，范数 {norm}",
    "card": "前向 规则 形状 内部 示例",
    "nudged": lambda by: f"数值微分：改动 ±{by}，以 float64 重新前向计算：",
    "unresolved": lambda least: f"小于 {least} 的斜率会淹没在 64 位的舍入误差里。",
    "colon": "：",
    "comma": "，",
}


#: The words of a formula, each with those that belong to it, so that none of a name is taken for one.
_IN_FORMULAS = (
    (r"\bscatter\((.+) at \[", r"累加(\1，位置 ["),
    (r" with (.+?) at \[", r" 换入 \1，位置 ["),
    (r"\((\w+) or (\w+)\)", r"(\1 或 \2)"),
)
_CASES = re.compile(r"\{(.+?) if (.+?), else (.+?)\}")
_IN_LATEX = {" with ": " 换入 ", " at ": "，位置 ", "scatter": "累加", "if ": "若 ", "else": "否则", " or ": " 或 ",
             " and ": " 且 "}  # fmt: skip


class Words:
    """The words of one language; with "both" each line comes twice."""

    def __init__(self, lang: str) -> None:
        self.tables = {"en": [_EN], "zh": [_ZH], "both": [_EN, _ZH]}[lang]
        self.names = {} if lang == "en" else chinese()

    def lines(self, key: str, *args: Any) -> list[str]:
        """One line, or one in each language."""
        found = [table[key] for table in self.tables]
        return [word if isinstance(word, str) else word(*args) for word in found]

    def line(self, key: str, *args: Any) -> str:
        return " / ".join(self.lines(key, *args))

    def formula(self, text: str) -> str:
        """A formula on one line, with its words in Chinese where that is the only language."""
        if self.tables != [_ZH]:
            return text
        for pattern, said in _IN_FORMULAS:
            text = re.sub(pattern, said, text)
        while _CASES.search(text):  # one of the cases may have cases in its turn
            text = _CASES.sub(r"{\1 若 \2，否则 \3}", text)
        return text

    def latex(self, text: str) -> str:
        """The same of a formula in LaTeX, where each word stands by itself."""
        for english, said in _IN_LATEX.items() if self.tables == [_ZH] else ():
            text = text.replace(rf"\text{{{english}}}", rf"\text{{{said}}}")
        return text

    def operation(self, op: str) -> str:
        """What is added to the Latin name of an operation: nothing in English, nor where Chinese has no other."""
        name = self.names.get(op, op)
        return f" {name}" if name.lower() != op else ""
