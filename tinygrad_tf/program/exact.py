"""Calls written out for speed: the package's own sums are called as they are, and numbers have the arrays' types."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .. import sums
from ..kernels import keep
from ..ops import einsum
from .plain import Plain

if TYPE_CHECKING:
    from .lines import Lines


class Exact(Plain):
    """Writes calls in which the package's own sums are called as they are, to give the same bits."""

    keeps_constants = False

    def __init__(self, taken: set[str], lines: Lines) -> None:
        super().__init__(taken)
        self.lines = lines

    def name_of(self, function: Any) -> str | None:
        return self.lines.refer(function) if function in _AS_THEY_ARE else None


_FEW = 1024  # beside fewer entries one number is as quick as many
_ROW = 16  # a row of fewer is not worth the call of NumPy's inner loop
_WHOLE = 2**16  # a number that stands for more entries would need too much memory as an array of their shape
_AS_THEY_ARE = {sums.sum, sums.mean, sums.cumsum, keep.kept, einsum.named_product}


#: Functions that look for the array's method of their name, and so take four times as long.
_METHODS = {f"np.{name}" for name in ("reshape", "swapaxes", "transpose", "any", "all")}


class Quick(ast.NodeTransformer):
    """What NumPy takes in less time: methods of arrays, and Python's numbers beside an array as arrays of its type.

    ``arrays`` are those of the names. What is raised to a power stays: for squares NumPy has a way of its own.
    """

    def __init__(self, arrays: Mapping[str, Any], lines: Lines) -> None:
        self.arrays, self.lines = arrays, lines

    def _is_array(self, e: ast.expr) -> bool:
        """Whether it is an array, or one seen another way by a method."""
        if isinstance(e, ast.Call) and isinstance(e.func, ast.Attribute):
            return f"np.{e.func.attr}" in _METHODS and self._is_array(e.func.value)
        return isinstance(e, ast.Name) and e.id in self.arrays

    def _beside(self, number: ast.expr, array: ast.expr, often: bool = False) -> ast.expr:
        a = self.arrays.get(array.id) if isinstance(array, ast.Name) else None
        digits = number.operand if isinstance(number, ast.UnaryOp) and isinstance(number.op, ast.USub) else number
        if a is None or a.dtype.char not in "fd" or not isinstance(digits, ast.Constant):
            return number
        if isinstance(digits.value, bool) or not isinstance(digits.value, (int, float)):
            return number
        value = digits.value if digits is number else -digits.value
        shape: tuple[int, ...] = ()
        if often and a.size > _FEW and a.shape[-1] >= _ROW:
            shape = a.shape if a.size <= _WHOLE else a.shape[-1:]
        return ast.Name(self.lines.number(value, a.dtype, shape), ast.Load())

    def visit_BinOp(self, node: ast.BinOp) -> ast.BinOp:
        self.generic_visit(node)
        if isinstance(node.op, (ast.Add, ast.Sub, ast.Mult, ast.Div)):
            node.left, node.right = self._beside(node.left, node.right), self._beside(node.right, node.left)
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.Compare:
        self.generic_visit(node)
        if len(node.comparators) == 1 and not isinstance(node.ops[0], (ast.Is, ast.IsNot)):
            node.comparators = [self._beside(node.comparators[0], node.left)]
        return node

    def visit_Call(self, node: ast.Call) -> ast.Call:
        self.generic_visit(node)
        name = ast.unparse(node.func)
        if name in _METHODS and self._is_array(node.args[0]):
            return ast.Call(ast.Attribute(node.args[0], name[3:], ast.Load()), node.args[1:], node.keywords)
        if name in ("np.maximum", "np.minimum") and len(node.args) == 2:
            a, b = node.args
            # Of an array and a number NumPy takes the larger one by one, of two arrays eight at a time.
            node.args = [self._beside(a, b, True), self._beside(b, a, True)]
        return node
