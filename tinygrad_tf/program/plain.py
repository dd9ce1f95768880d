"""A call of one of the package's functions as plain NumPy: what ran, without what did not.

The function's source is read with the values of one call beside it. A test that only looks at shapes, types and
settings has one outcome there, so that the branch that ran is left; checks that passed go. Other functions of the
package that it calls are written in the same way: in their place where they are one short expression, otherwise as
functions of their own.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..autograd.rule import located
from ..wording.texts import identifier
from .body import Body
from .calls import Unwritable
from .expressions import gives_several, may_stand, needed, operations, put_in, read, with_written

_LONGEST = 4  # operations in an expression that stands in the place of a call


@dataclass(frozen=True)
class Call:
    """How a call is written: an expression for each of its ``results``, None where that is None.

    If one call gives several of them, it is ``whole``, and there are none.
    """

    results: tuple[ast.expr | None, ...]
    whole: ast.expr | None = None
    places: tuple[int, ...] = ()  # which results the whole gives


class Plain:
    """Writes calls as plain NumPy. What they need is collected in ``functions``, by name, in order of their use."""

    keeps_constants = True  # the √(2/π) of a formula is written as in the formula, not as a number

    def __init__(self, taken: set[str]) -> None:
        self.functions: dict[str, str] = {}
        self.taken = taken  # names that functions must not have; theirs are added
        self.uses_math = False

    def name_of(self, function: Any) -> str | None:
        """What a function of the package is called by, where it is not written. Here all are written."""
        return None

    def write(self, function: Callable[..., Any], tree: ast.FunctionDef, arguments: Mapping[str, Any],
              written: Mapping[str, ast.expr], name: str) -> Call:  # fmt: skip
        """The call of ``function``, whose source is ``tree``, with the values ``arguments``, which are ``written`` so.

        Raises Unwritable for what has no form in plain NumPy.
        """
        body = Body(self, function, arguments)
        statements = needed(body.run(tree.body))
        *before, last = statements
        assert isinstance(last, ast.Return)
        assert last.value is not None
        if before and isinstance(last.value, ast.Name) and gives_several(before[-1], last.value.id):
            last.value = before.pop().value  # type: ignore[attr-defined]
            statements = [*before, last]
        results = last.value.elts if isinstance(last.value, (ast.Tuple, ast.List)) else [last.value]
        places = [i for i, e in enumerate(results) if not (isinstance(e, ast.Constant) and e.value is None)]
        given = [results[i] for i in places]
        last.value = given[0] if len(given) == 1 else ast.Tuple(given, ast.Load())
        short = put_in(before, given)
        is_short = short is not None and sum(map(operations, short)) <= _LONGEST * len(short)
        if short is not None and is_short and all(may_stand(e, written) for e in short):
            put = dict(zip(places, [with_written(e, written) for e in short], strict=True))
            return Call(tuple([put.get(i) for i in range(len(results))]))
        used = [p for p in arguments if p in read(statements)]
        called = self.define(name, used, statements)
        inputs = [with_written(ast.Name(p, ast.Load()), written) for p in used]
        call = ast.Call(ast.Name(called, ast.Load()), inputs, [])
        if len(places) == 1:
            return Call(tuple([call if i in places else None for i in range(len(results))]))
        return Call((), call, tuple(places))

    def define(self, name: str, parameters: Sequence[str], statements: list[ast.stmt]) -> str:
        """Enter a function, once, and return what it is called."""
        name = identifier(name)
        for k in range(1, 1000):
            called = name if k == 1 else f"{name}_{k}"
            arguments = ast.arguments([], [ast.arg(p) for p in parameters], None, [], [], None, [])
            definition = ast.FunctionDef(called, arguments, statements, [], None)
            text = ast.unparse(located(definition))
            if called not in self.functions and called not in self.taken:
                self.functions[called] = text
                self.taken.add(called)
            if self.functions.get(called) == text:
                return called
        raise Unwritable(name)
