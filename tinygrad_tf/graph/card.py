"""op_card(): one op on a card: what it computes, its gradient rule, shapes, and a tiny example worked out."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import ops
from ..autograd.operation import Op
from ..autograd.tensor import Tensor
from ..autograd.walk import steps
from ..errors import error, is_explained
from ..formula import Formula, forward_formula, gradient_formula
from ..ops import fused
from ..ops.fused.pointwise import _dropout  # the function above it draws a mask, and so changes what is drawn next
from ..ops.writing import _setitem
from ..wording.terminal import columns, left
from ..wording.texts import named
from .given import checked_language
from .inside import inside
from .labels import fenced, formula_lines, in_markdown, three
from .words import Words

Array = np.ndarray[Any, Any]

#: The functions of ``ops`` by the names of their ops.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    name.lstrip("_"): f
    for part in [*[vars(ops)[name] for name in ops.__all__ if name != "methods"], fused.rows, fused.dense, fused.loss]
    for name, f in sorted(vars(part).items())  # _softmax, then softmax
    if callable(f) and str(getattr(f, "__module__", "")).startswith(ops.__name__)
}
_OPS = {
    f.op.name: f.op
    for part in [*(getattr(ops, name) for name in ops.__all__), *vars(fused).values()]
    for f in getattr(part, "__dict__", {}).values()
    if isinstance(getattr(f, "op", None), Op) and f.op.backward
}


def _x(*rows: Any) -> Tensor:
    return Tensor(np.array(rows, np.float64), requires_grad=True)


def _pair() -> tuple[Tensor, Tensor]:
    return _x([1, 2], [3, 4]), _x([2, -1], [0.5, 3])


_BOTH_SIGNS = ("absolute", "arcsinh", "arctan", "ceil", "cos", "cosh", "erf", "exp", "expm1", "floor", "gelu",
               "gelu_tanh", "negative", "relu", "round", "sigmoid", "sign", "silu", "sin", "sinh", "tanh",
               "trunc")  # fmt: skip
_ROWS = ("log_softmax", "softmax")
_AXES = ("cumsum", "max", "mean", "min", "sum")

#: Calls on arrays that one can follow in one's head, for ops that :func:`example_of` does not show at their best.
EXAMPLES: dict[str, Callable[[], Tensor]] = {
    **{name: lambda name=name: FUNCTIONS[name](_x(-1, 0.5, 2)) for name in _BOTH_SIGNS},  # type: ignore[misc]
    **{name: lambda name=name: FUNCTIONS[name](_x(0, 1, 2)) for name in _ROWS},  # type: ignore[misc]
    **{name: lambda name=name: FUNCTIONS[name](_pair()[1], axis=1) for name in _AXES},  # type: ignore[misc]
    "arcsin": lambda: FUNCTIONS["arcsin"](_x(-0.5, 0, 0.5)),
    "arccos": lambda: FUNCTIONS["arccos"](_x(-0.5, 0, 0.5)),
    "arccosh": lambda: FUNCTIONS["arccosh"](_x(1.5, 2, 3)),
    "sqrt": lambda: FUNCTIONS["sqrt"](_x(1, 4, 9)),
    "var": lambda: FUNCTIONS["var"](_x(1, 2, 6)),
    "power": lambda: FUNCTIONS["power"](_x(1, 2, 3), _x(2, 3, 0.5)),
    "where": lambda: FUNCTIONS["where"](np.array([True, False]), _x(1, 2), _x(3, 4)),
    "astype": lambda: FUNCTIONS["astype"](_x(1, 2), "float32"),
    "reshape": lambda: FUNCTIONS["reshape"](_pair()[0], (4,)),
    "transpose": lambda: FUNCTIONS["transpose"](_pair()[0]),
    "split_heads": lambda: FUNCTIONS["split_heads"](_x([1, 2, 3, 4], [5, 6, 7, 8]), n_heads=2),
    "join_heads": lambda: FUNCTIONS["join_heads"](_x([[1, 2], [5, 6]], [[3, 4], [7, 8]])),
    "broadcast_to": lambda: FUNCTIONS["broadcast_to"](_x(1, 2), (2, 2)),
    "getitem": lambda: FUNCTIONS["getitem"](_x(1, 2, 3), index=np.array([2, 0, 2])),
    "setitem": lambda: _setitem(_x(1, 2, 3), _x(7, 8), index=np.array([2, 0])),
    "add_at": lambda: FUNCTIONS["add_at"](_x(1, 2, 3), index=np.array([2, 0, 2]), shape=(3,)),
    "einsum": lambda: FUNCTIONS["einsum"]("ij,jk->ik", *_pair()),
    "concatenate": lambda: FUNCTIONS["concatenate"]([_x(1, 2), _x(3)], axis=0),
    "linear": lambda: FUNCTIONS["linear"](*_pair(), _x(0, 1)),
    "layer_norm": lambda: FUNCTIONS["layer_norm"](_x([1, 2, 6], [0, 4, 2]), 3, _x(1, 2, 1), _x(0, 0, 1)),
    "rms_norm": lambda: FUNCTIONS["rms_norm"](_x([1, 2, 2], [0, 3, 4]), 3, _x(1, 2, 1)),
    "embedding": lambda: FUNCTIONS["embedding"](np.array([1, 0, 1]), _pair()[0]),
    "dropout": lambda: _dropout(_x(1, 2, 3, 4), keep=np.array([True, False, True, True]), p=0.5),
    "attention": lambda: FUNCTIONS["attention"](_x([1, 0]), _x([1, 0], [0, 1]), _x([1, 2], [3, 4])),
    "binary_cross_entropy": lambda: FUNCTIONS["binary_cross_entropy"](_x(0.2, 0.9), _x(0, 1), reduction="none"),
    "cross_entropy": lambda: FUNCTIONS["cross_entropy"](_x([0, 1], [2, 0]), np.array([1, 0])),
}


def _worked(op: Op, example: Callable[[], Tensor] | None) -> Tensor:
    """A call of ``op``: the example, or one on a vector or on small matrices."""
    inputs = [_x(0.5, 1, 2)] if op.n_inputs == 1 else [*_pair(), _x([1, 0], [0, 1])][: op.n_inputs or 2]
    try:
        Y: Any = op.function(*inputs) if example is None else example()
    except Exception as problem:  # whatever an op of the user's raises
        raise _no_example(op, _failed(op, problem)) from None
    if not isinstance(Y, Tensor) or Y.op is not op:
        raise _no_example(op, f"no example of {op.name}: the call made something else")
    return Y


def _failed(op: Op, problem: Exception) -> str:
    line = (str(problem).splitlines() or [""])[0]
    if is_explained(problem):
        return f"no example of {op.name}: {line}"
    line = f"{type(problem).__name__}: {line}"
    return f"no example of {op.name} (Python: {line})"


def _no_example(op: Op, got: str) -> ValueError:
    name = op.name if op.name.isidentifier() else "bell"
    return error(
        ValueError,
        "op_card",
        got=got,
        rule="a card works out a call of the op, on inputs that require a gradient",
        cure=f"give one: op_card({name}, example=lambda: {name}(x)), of Tensors that require a gradient",
    )


@dataclass(frozen=True)
class Card:
    """A card: ``print()`` it, or let a notebook show it.

    ``rules`` has the formula of each input's gradient; ``primitives`` what a fused op opens to; ``about`` the first
    paragraph of the op's docstring, or its Chinese name where it has another.
    """

    name: str
    about: str
    forward: Formula
    rules: tuple[Formula, ...]
    shapes: str
    primitives: tuple[str, ...]
    numbers: tuple[tuple[str, Array], ...] = field(repr=False)
    lang: str = "en"

    def __str__(self) -> str:
        most, words = max(columns(name) for name, _ in self.numbers), Words(self.lang)
        blank = "\u3000\u3000" if self.lang == "zh" else ""  # as wide as two Chinese letters in whatever font
        parts = (
            formula_lines(self.forward, words),
            [line for rule in self.rules for line in formula_lines(rule, words)],
            [self.shapes],
            [", ".join(self.primitives)] if self.primitives else [],
            [line for name, x in self.numbers for line in _entries(left(name, most), x)],
        )
        body = [
            f"  {left(word if i == 0 else blank, 8)} {line}".rstrip()
            for word, lines in zip(words.line("card").split(), parts, strict=True)
            for i, line in enumerate("\n".join(lines).splitlines())
        ]
        return "\n".join([self.name, *[f"  {self.about}"] * bool(self.about), *body])

    __repr__ = __str__

    def _repr_markdown_(self) -> str:
        body = str(self).splitlines()[1 + bool(self.about) :]
        code = re.split("(``[^`]+``)", self.about)  # docstrings have it, too
        said = "".join([part if i % 2 else in_markdown(part) for i, part in enumerate(code)])
        return "\n".join([f"**{in_markdown(self.name)}**" + f" — {said}" * bool(said), "", *fenced(body)])


def op_card(
    name: str | Callable[..., Any], lang: str | None = None, example: Callable[[], Tensor] | None = None
) -> Card:
    """The card of one op, made by running it.

    Args:
        name: an op of the package by its name, or an op of your own, the function itself.
        lang: "en" or "zh", by default that of :class:`tinygrad_tf.language`.
        example: a call of the op to work out, ``lambda: bell(x)``; without one it is called on small matrices.

    Raises ValueError for another language, for what is no op with a gradient, and for one that needs an example.

    >>> print(op_card("softmax"))
    softmax
      Y = e^X / Σ e^X along ``axis``: positive, and 1 in sum.
      forward  Y = E / Σ(E, axis=-1)
                 where E = exp(X − max(X, axis=-1))
      rule     dX = Y ⊙ (dY − Σ(dY ⊙ Y, axis=-1))
      shapes   X (3,) → Y (3,)
      inside   max, subtract, exp, sum, divide
      example  X  = 0 1 2
               Y  = 0.09  0.245 0.665
               dY = 1 2 3
               dX = −0.142 −0.141 0.283
    """
    op = _op_called(name)
    lang = checked_language("op_card", lang)
    Y = _worked(op, example or (EXAMPLES.get(op.name) if op in _OPS.values() else None))
    dY = (np.arange(Y.size) % 3 + 1.0).reshape(Y.shape).astype(Y.dtype)
    rules, numbers, letters = [], [], []
    for i, x in enumerate(Y.inputs):
        rule = gradient_formula(Y, i)
        letter = str(rule.left)[1:]
        letters.append(f"{letter} {x.shape}")
        numbers.append((letter, x.array))
        if x.requires_grad:
            rules.append(rule)
    forward = forward_formula(Y)
    numbers += [(str(forward.left), Y.array), (f"d{forward.left}", dY)]
    opened = inside(Y, dY)
    first = next(iter(steps([Y], [dY])))
    numbers += [(str(rule.left), dX) for rule, (_, dX) in zip(rules, first.sent, strict=True)]
    about = Words(lang).names.get(op.name) or named((op.forward.__doc__ or "").strip().split("\n\n")[0], 500)
    return Card(
        op.name,
        about if about != op.name else "",
        forward,
        tuple(rules),
        f"{', '.join(letters)} → {forward.left} {Y.shape}",
        tuple(n.op for n in opened.flow.graph.nodes if n.op) if opened else (),
        tuple(numbers),
        lang,
    )


def _op_called(name: Any) -> Op:
    """The op of this name, or that of a function. Raises ValueError for what is none, or has no rule."""
    op = name if isinstance(name, Op) else _OPS.get(name) if isinstance(name, str) else getattr(name, "op", None)
    if isinstance(op, Op) and op.backward is not None:
        return op
    if isinstance(op, Op):
        own = op.name if op.name.isidentifier() else "bell"
        cure = f"write one: @{own}.rule above def d_{own}(dY, Y, X), which returns dX"
    elif isinstance(name, str):
        near = difflib.get_close_matches(name, _OPS, 3) or sorted(_OPS)
        cure = f"choose one of {', '.join(near)}; one of your own is given as the function itself"
    else:
        cure = "make an op of it: @op above the function and @bell.rule above its rule; or give the name of an op"
    got = repr(name) if isinstance(name, str) else getattr(name, "__name__", None) or repr(name)
    rule = "cards are made for the ops that have a gradient rule"
    raise error(ValueError, "op_card", got={"name": got}, rule=rule, cure=cure)


def _entries(name: str, x: Array) -> list[str]:
    """``name = entries``, a row of the array on each line; matrices of a stack one below the other."""
    x = np.atleast_1d(x)
    rows = [[three(float(v)) for v in row] for row in x.reshape(-1, x.shape[-1]).tolist()]
    width = max(len(v) for row in rows for v in row)
    start = f"{name} = "
    return [f"{start if i == 0 else ' ' * columns(start)}{' '.join(v.ljust(width) for v in row)}".rstrip()
            for i, row in enumerate(rows)]  # fmt: skip
