"""From the source of a rule to the formula that a reader sees: ``dW = Xᵀ · dY``, in the names of the user's Tensors.

The formula is read off the rule's own syntax tree, cut down to the lines that the gradient needs
(:meth:`tinygrad_tf.autograd.rule.Rule.lines`), so it cannot say anything else than what ran. What is known when it is
read (axes, rates, sizes, inputs that are missing or plain numbers) is put in, and choices that hang on it are made.
"""

from __future__ import annotations

import ast
import functools
import inspect
import itertools
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from ..autograd.operation import Op
from ..autograd.rule import Rule, source_tree
from ..autograd.tensor import Tensor
from ..wording.texts import clean, named
from .expr import Expr, call, gradient_name, symbol, total, transpose, value
from .reader import Reader, Unreadable
from .vocabulary import VOCABULARY

_LONGEST = 40  # characters of a name, where no graph has one for it


@dataclass(frozen=True)
class Formula:
    """``left = right``, and the helper lines that ``right`` reads, in order.

    ``called`` is the function that computes it by its name alone: ``softmax(S)``. ``note`` says what could not be read.

    >>> X, W = Tensor([[1.0]], name="X"), Tensor([[2.0]], requires_grad=True, name="W")
    >>> print(gradient_formula(X @ W, 1))
    dW = Xᵀ · dY
    """

    left: Expr
    right: Expr
    called: Expr
    where: tuple[tuple[Expr, Expr], ...] = ()
    note: str = ""

    def __str__(self) -> str:
        return f"{self.left} = {self.right}"

    def where_lines(self) -> list[str]:
        """The helper lines as text, and the note."""
        return [f"{left} = {right}" for left, right in self.where] + ([self.note] if self.note else [])


#: A rule that was read: its call, what it returns, and helper lines.
_Read: TypeAlias = tuple[Expr, Expr | None, list[tuple[Expr, Expr]]]


def gradient_formula(Y: Tensor, i: int, names: Mapping[int, str] | None = None) -> Formula:
    """What the rule of the op that made ``Y`` computes for its input ``i``.

    ``names`` gives the names of all Tensors of a graph by their ``number``. Without it Tensors go by their own, and one
    that has none by the letter that the rule uses.
    """
    op = Y.op
    assert op is not None
    if op.backward is None:
        return _computed_again(Y, i, names)
    letters = _parameters(op.backward.function)
    labels = _labels(Y, letters[2:], letters[1], names)
    X = Y.inputs[i]
    left = Expr("gradient", (labels[X.number],), X.shape)
    if letters[-1][0] == "*" and Y.number not in labels.read:  # any number of inputs: read once for all of them
        labels.read[Y.number] = _read(Y, letters, labels)
    called, returned, where = labels.read.get(Y.number, (left, None, []))
    if returned is None:  # or one input's line may be readable where another's is not
        called, returned, where = _read(Y, letters, labels, i)
    if returned is None:
        return Formula(left, called, called, note=_as_code(op.backward.function))
    right = returned.parts[i] if returned.kind == "sequence" else Expr("index", (returned, value(i)))
    if where and right is where[-1][0]:  # the gradient itself needs no line of its own
        right, where = where[-1][1], where[:-1]
    right = _unsized(_fitted(right, X.shape), X.shape)
    return Formula(left, right, called, _needed(right, where))


def _read(Y: Tensor, letters: list[str], labels: Names, i: int | None = None) -> _Read:
    """The rule of the op that made ``Y``: its call, what it returns, None where it is unreadable, and helper lines.

    With ``i`` the lines that the gradient of this input needs.
    """
    op = Y.op
    assert op is not None
    assert op.backward is not None
    function, n = op.backward.function, len(Y.inputs)
    bound = {letters[0]: Expr("gradient", (labels[Y.number],), Y.shape, Y.dtype), **_bound(Y, letters[1:], labels, op)}
    given = [letter.removeprefix("*") for letter in letters]
    called = call(named(function.__name__, _LONGEST, "rule"), *[bound[letter] for letter in given if letter in bound])
    reader = Reader(function, bound, set(map(gradient_name, letters)), labels.words)
    try:
        returned = reader.run(_lines(op.backward, tuple([i is None or j == i for j in range(n)])))
    except (Unreadable, OSError, SyntaxError):
        return called, None, reader.where
    return called, returned, reader.where


def forward_formula(Y: Tensor, names: Mapping[int, str] | None = None) -> Formula:
    """What the op that made ``Y`` computes, its definition even where a kernel stood in for it.

    >>> X = Tensor([[1.0]], requires_grad=True, name="X")
    >>> print(forward_formula((X * X).sum()))
    Y = Σ(X)
    """
    op = Y.op
    assert op is not None
    if op.backward is None:
        return _computed_again(Y, None, names)
    function = op.forward
    own = _parameters(op.backward.function)[1]
    letters = _parameters(function)
    labels = _labels(Y, letters, own, names)
    bound = _bound(Y, [own, *letters], labels, op)
    left = bound.pop(own)
    reader = Reader(function, bound, {own}, labels.words)
    called = call(op.name, *[_as_expr(x, labels) for x in Y.inputs])
    try:
        right = _unsized(reader.run(source_tree(function).body), Y.shape)
    except Unreadable:
        ours = function.__module__.partition(".")[0] == __name__.partition(".")[0]
        if ours and op.name in VOCABULARY:  # an op of the user's may bear the same name
            return Formula(left, VOCABULARY[op.name](**bound), called)
        return Formula(left, called, called, note=_as_code(function))
    except OSError:  # there is no source
        return Formula(left, called, called, note=_as_code(function))
    return Formula(left, right, called, _needed(right, reader.where))


def _computed_again(Y: Tensor, i: int | None, names: Mapping[int, str] | None) -> Formula:
    """What ``checkpoint()`` made (``i`` None), and its gradient: no rule, but a function that is run again."""
    assert Y.op is not None
    labels = _labels(Y, ["*Xs"], "Y", names)
    made = Expr("symbol", (labels[Y.number],), Y.shape)
    called = call(Y.op.name, *[_as_expr(x, labels) for x in Y.inputs])
    if i is None:
        return Formula(made, called, called)
    dY, X = Expr("gradient", made.parts, Y.shape), Y.inputs[i]
    called = call("backward", dY)
    note = "the function is run again, and the gradient goes back through what it computes"
    return Formula(Expr("gradient", (labels[X.number],), X.shape), called, called, note=note)


def read_by(Y: Tensor, i: int, names: Mapping[int, str] | None = None) -> list[Tensor]:
    """Y and its inputs, as far as the formula of the gradient of input ``i`` names them: what the rule needs.

    >>> X, W = Tensor([[1.0]], name="X"), Tensor([[2.0]], requires_grad=True, name="W")
    >>> [t.name for t in read_by(X @ W, 1)]
    ['X']
    """
    op = Y.op
    assert op is not None
    if op.backward is None:  # a checkpoint() is run again
        return [*Y.inputs]
    formula = gradient_formula(Y, i, names)
    letters = _parameters(op.backward.function)
    labels = _labels(Y, letters[2:], letters[1], names)
    parts = [part for e in (formula.right, *[e for _, e in formula.where]) for part in e.walk()]
    named = {part.parts[0] for part in parts if part.kind == "symbol"}
    return [t for t in {x.number: x for x in (Y, *Y.inputs)}.values() if _label(t, labels) in named]


def _label(t: Tensor, labels: Names) -> str:
    inlined = t.number in labels.unnamed and is_transpose(t)
    return labels.get(t.inputs[0].number if inlined else t.number, "")


@functools.lru_cache(maxsize=1024)
def _lines(rule: Rule, needs: tuple[bool, ...]) -> list[ast.stmt]:
    """The statements of the rule that the wanted gradients need."""
    lines: list[ast.stmt] = rule.lines(needs).body
    return lines


def _parameters(function: Any) -> list[str]:
    """The names of the positional parameters; those of ``*Xs`` are made up as they are needed."""
    code = function.__code__
    names = list(code.co_varnames[: code.co_argcount])
    if code.co_flags & inspect.CO_VARARGS:
        names.append("*" + code.co_varnames[code.co_argcount + code.co_kwonlyargcount])
    return names


def _letter(letters: list[str], i: int) -> str:
    return letters[i] if i < len(letters) and letters[i][0] != "*" else f"{letters[-1][1:].rstrip('s')}{i + 1}"


class Names(dict[int, str]):
    """The name of each Tensor of a graph by its ``number``. Those in ``unnamed`` have got theirs from nobody's code.

    ``whole`` has the names that are cut, as long as they are, ``read`` the rules of ops with any number of inputs.
    """

    def __init__(self, names: Mapping[int, str] | None = None) -> None:
        super().__init__(names or {})
        self.unnamed: set[int] = set()
        self.whole: dict[int, str] = {}
        self.read: dict[int, _Read] = {}

    @functools.cached_property
    def words(self) -> frozenset[str]:
        """All that a helper line of a formula must not be called: these names, and those of their gradients."""
        return frozenset([*self.values(), *map(gradient_name, self.values())])


def _labels(Y: Tensor, letters: list[str], own: str, names: Mapping[int, str] | None) -> Names:
    """What Y and its inputs are called. Without the names of a graph: by their own, else by the letters of the op."""
    if names is not None:
        return names if isinstance(names, Names) else Names(names)
    tensors = {x.number: (x, _letter(letters, i)) for i, x in reversed(list(enumerate(Y.inputs)))}
    tensors = {**dict(sorted(tensors.items())), Y.number: (Y, own)}
    found = Names()
    for number, (t, letter) in sorted(tensors.items(), key=lambda entry: not entry[1][0].name):
        label = named(t.name or "", _LONGEST) or letter
        free = (f"{label}{k}" for k in itertools.count(2))
        found[number] = label if label not in found.values() else next(x for x in free if x not in found.values())
    return found


def _as_expr(x: Tensor, labels: Names) -> Expr:
    if x.op is None and x.ndim == 0 and not x.requires_grad and x.name is None:
        return value(x.array.item())  # a plain number in the code
    if x.number in labels.unnamed and is_transpose(x):
        return transpose(_as_expr(x.inputs[0], labels))
    return Expr("symbol", (labels[x.number],), x.shape, x.dtype)


def is_transpose(x: Tensor) -> bool:
    """Whether ``x`` is another Tensor with its last two axes exchanged, which a formula writes as Kᵀ."""
    axes = x.params.get("axes") if x.op is not None and x.op.name == "transpose" else None
    order = [*range(x.ndim)]
    return axes is not None and x.ndim > 1 and [a % x.ndim for a in axes] == [*order[:-2], *order[:-3:-1]]


def _bound(Y: Tensor, letters: list[str], labels: Names, op: Op) -> dict[str, Expr]:
    """Each parameter of a forward or a rule: the output, the inputs, None for those left out, the params."""
    own, *rest = letters
    bound = {own: Expr("symbol", (labels[Y.number],), Y.shape, Y.dtype)}
    inputs = [_as_expr(x, labels) for x in Y.inputs]
    for i, letter in enumerate(rest):
        if letter[0] == "*":
            bound[letter[1:]] = Expr("sequence", tuple(inputs[i:]))
        else:
            bound[letter] = inputs[i] if i < len(inputs) else value(None)
    for name, x in Y.params.items():
        is_array = isinstance(getattr(x, "shape", None), tuple) and x.ndim > 0
        called = named(getattr(x, "name", None) or "", _LONGEST) or name
        bound[name] = symbol(called, x.shape, x.dtype) if is_array else value(x)
    return bound


def _fitted(dX: Expr, shape: tuple[int, ...] | None) -> Expr:
    """The sum over the axes that broadcasting stretched, as the engine fits a gradient to its input (``fit``)."""
    if dX.shape is None or shape is None or dX.shape == shape:
        return dX
    lead = len(dX.shape) - len(shape)
    axes = [*range(lead), *[i + lead for i, n in enumerate(shape) if n == 1 and dX.shape[i + lead] != 1]]
    return replace(total(dX, value(tuple(axes))), shape=shape) if lead >= 0 and axes else dX


def _unsized(e: Expr, shape: tuple[int, ...]) -> Expr:
    """broadcast(dY) for broadcast(dY, (4, 3)): that the right side has the shape of the left goes without saying."""
    if e.kind == "call" and e.parts[0] in ("broadcast", "reshape") and e.shape == shape:
        return Expr("call", e.parts[:2], shape)
    return e


def _needed(right: Expr, where: list[tuple[Expr, Expr]]) -> tuple[tuple[Expr, Expr], ...]:
    used = {e.parts[0] for e in right.walk() if e.kind == "symbol"}
    kept = []
    for left, e in reversed(where):
        if used & {part.parts[0] for part in left.walk() if part.kind == "symbol"}:
            used |= {part.parts[0] for part in e.walk() if part.kind == "symbol"}
            kept.append((left, e))
    return tuple(reversed(kept))


def _as_code(function: Any) -> str:
    """What is shown in place of a formula: the code itself, or that there is none to read."""
    name = named(function.__name__, _LONGEST, "rule")
    try:
        tree = source_tree(function)
    except OSError as problem:
        return f"the source of {name} cannot be read: {named(problem)}"
    body = [s for s in tree.body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
    code = "\n".join([clean(line) for s in body for line in ast.unparse(s).split("\n")])
    return f"{name}, as code:\n{textwrap.indent(code, '    ')}"
