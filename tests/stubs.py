"""Makes the stubs that type checkers and editors read, from the functions themselves: ``python tests/stubs.py``.

``ops/methods.pyi`` has Tensor's methods with their docstrings, ``__init__.pyi`` the functions of the top level,
``nn/functional.pyi`` those that are there besides. A test holds the files to what this makes. Types that a function
does not say follow from the names of its arguments.
"""

from __future__ import annotations

import inspect
import re
import textwrap
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import tinygrad_tf
from tinygrad_tf.autograd import operation
from tinygrad_tf.compat import in_place
from tinygrad_tf.compat import methods as compat
from tinygrad_tf.nn import functional
from tinygrad_tf.ops import methods

ROOT = Path(tinygrad_tf.__file__).parent

#: Arguments that are arrays, Tensors, numbers or nested lists of them.
ARRAYS = {
    "X", "W", "Z", "Q", "K", "V", "Xs", "start", "end", "bias", "mask", "condition", "value", "src", "target", "input",
    "query", "key", "attn_mask", "index", "indices", "other", "elements", "test_elements", "x1", "x2", "weights",
    "pos_weight", "ids", "weight", "min", "max", "self", "data", "fill_value", "repeats",
}  # fmt: skip
#: The types of other arguments, where the function leaves them open.
TYPES = {
    "axis": "Axes", "dim": "Axes", "axes": "Any", "dims": "Any", "dtype": "Any", "size": "Any", "sizes": "Any",
    "shape": "Any", "tensors": "Sequence[Any]", "normalized_shape": "int | Sequence[int]",
}  # fmt: skip
#: Functions whose results depend on how they are called: their overloads, as methods, without ``self``.
OVERLOADS = {
    "where": ["(condition: Like) -> tuple[Tensor, ...]", "(condition: Like, X: Like, W: Like) -> Tensor"],
    "nonzero": ["(as_tuple: Literal[False] = False) -> Tensor", "(as_tuple: Literal[True]) -> tuple[Tensor, ...]"],
    "unique": [
        "(sorted: bool = True, *, dim: int | None = None, axis: int | None = None) -> Tensor",
        "(sorted: bool = True, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None, *, "
        "axis: int | None = None) -> Any",
    ],
}  # fmt: skip
for _name in ("max", "min"):
    OVERLOADS[_name] = [
        "(*, axis: Axes = None, keepdims: bool = False) -> Tensor",
        "(dim: None = None, *, keepdim: bool = False) -> Tensor",
        "(dim: tuple[int, ...] | list[int], keepdim: bool = False) -> Tensor",
        "(dim: int, keepdim: bool = False) -> Extremes",
        "(other: Tensor | np.ndarray[Any, Any]) -> Tensor",
    ]
#: Results that are Tensors also where the inputs are arrays.
ALWAYS_TENSORS = {"one_hot", "embedding", "nonzero", "where", "bernoulli", "multinomial", "dropout"}

HEAD = '''"""{title}"""

# Made by tests/stubs.py from the functions themselves; a test holds them equal.

import builtins
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias, TypeVar, overload

import numpy as np

'''
ALIASES = """
Like: TypeAlias = Tensor | np.ndarray[Any, Any] | np.generic | builtins.float | Sequence[Any]
Axes: TypeAlias = builtins.int | Sequence[builtins.int] | None
"""
KINDS = """Plain: TypeAlias = np.ndarray[Any, Any] | np.generic | builtins.float | Sequence[builtins.float]
Either = TypeVar("Either", Tensor, np.ndarray[Any, Any], builtins.float)
"""


def main() -> None:
    for path, text in stubs().items():
        path.write_text(text, encoding="utf-8")
        print(f"{path.relative_to(ROOT.parent)}: {len(text.splitlines())} lines")


def stubs() -> dict[Path, str]:
    """The text of each stub by its path."""
    return {
        ROOT / "ops" / "methods.pyi": methods_stub(),
        ROOT / "nn" / "functional.pyi": functional_stub(),
        ROOT / "__init__.pyi": package_stub(),
    }


# ---- one function ---------------------------------------------------------------------------------------------------


def parameters(function: Callable[..., Any], keep_first: bool) -> list[str]:
    """The arguments as a stub writes them, those that have other names once more under these, by keyword."""
    own = list(inspect.signature(function).parameters.values())
    other_names = operation.aliases([p.name for p in own])
    own = own if keep_first else own[1:]
    written, by_name = [], []
    star = False
    for p in own:
        if p.kind is p.KEYWORD_ONLY and not star:
            written.append("*")
            star = True
        star = star or p.kind is p.VAR_POSITIONAL
        written.append(parameter(p))
    for theirs, ours in other_names.items():
        if theirs not in ("dim", "keepdim", "axis"):
            continue
        p = next((p for p in own if p.name == ours and p.default is not p.empty), None)
        if p is not None:
            by_name.append(parameter(p.replace(name=theirs)))
    if by_name and not star:
        written.append("*")
    last = [p for p in written if p.startswith("**")]
    return [*[p for p in written if p not in last], *by_name, *last]


def parameter(p: inspect.Parameter) -> str:
    mark = {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "")
    return f"{mark}{p.name}: {safe(type_of(p))}" + ("" if p.default is p.empty else f" = {default(p.default)}")


def type_of(p: inspect.Parameter) -> str:
    said = p.annotation if isinstance(p.annotation, str) else ""
    if said not in ("", "Any", "Array"):
        return said
    found = "Like" if p.name in ARRAYS else TYPES.get(p.name, "Any")
    return f"{found} | None" if found == "Like" and p.default is None else found


def safe(kind: str) -> str:
    """A type in a place where ``int``, ``float`` and ``bool`` are names of dtypes or methods."""
    return re.sub(r"\b(int|float|bool)\b", r"builtins.\1", kind)


def default(value: Any) -> str:
    return repr(value) if isinstance(value, (bool, int, float, str, type(None), tuple)) else "..."


def result(function: Callable[..., Any], made: str = "Tensor") -> str:
    """What a call on Tensors returns; ``made`` stands for what is a Tensor then."""
    said = inspect.signature(function).return_annotation
    said = said if isinstance(said, str) else "Any"
    if said in ("Any", "Array"):
        return made
    return safe(said.replace("[Any", f"[{made}").replace(", Any]", f", {made}]"))


def written(name: str, arguments: list[str], returns: str, indent: str = "", doc: str | None = None) -> str:
    """One ``def``, on one line if it fits."""
    ignored = "  # type: ignore[override]" if name in ("__eq__", "__ne__") else ""
    end = ": ..." if doc is None else ":"
    line = f"{indent}def {name}({', '.join(arguments)}) -> {returns}{end}{ignored}"
    if len(line) > 120:
        inner = "".join(f"{indent}    {a},\n" for a in arguments)
        line = f"{indent}def {name}(\n{inner}{indent}) -> {returns}{end}{ignored}"
    if doc is not None:
        text = inspect.cleandoc(doc)
        quoted = f'"""{text}"""' if "\n" not in text else f'"""{text}\n"""'
        raw = "r" if "\\" in quoted else ""
        line += "\n" + textwrap.indent(raw + quoted, indent + "    ")
    return line


# ---- Tensor's methods -----------------------------------------------------------------------------------------------


def methods_stub() -> str:
    lines = [
        HEAD.format(title="What a Tensor can do beside what its class says: the methods that ``ops`` attaches."),
        "from ..autograd.tensor import Tensor\nfrom ..compat.devices import device\nfrom .indexing import Extremes\n",
        ALIASES,
        "METHODS: dict[str, Callable[..., Any]]\nPROPERTIES: dict[str, property]\n",
        "class Size(builtins.int):\n    shape: tuple[int, ...]",
        "    def __call__(self, dim: int | None = None) -> Any: ...\n",
        "class Methods:",
    ]
    for name, function in {**methods.METHODS, **compat.METHODS, **in_place.METHODS}.items():
        if name.startswith("__"):
            continue
        lines += method(name, function)
    for name, place, _ in methods.OPERATORS:
        for operator in filter(None, (name, place)):
            lines.append(f"    def __{operator}__(self, other: Like) -> Tensor: ...")
    for name in ("neg", "abs", "invert"):
        lines.append(f"    def __{name}__(self) -> Tensor: ...")
    for name in ("eq", "ne"):
        lines.append(f"    def __{name}__(self, other: object) -> Tensor: ...  # type: ignore[override]")
    lines.append("    def __getitem__(self, index: Any) -> Tensor: ...")
    lines.append("    def _repr_html_(self) -> str: ...")
    kinds = {
        "size": "Size", "device": "device", "nbytes": "builtins.int",
        "itemsize": "builtins.int", **dict.fromkeys(("is_cuda", "is_cpu", "is_sparse"), "builtins.bool"),
    }  # fmt: skip
    for name, made in {**methods.PROPERTIES, **compat.PROPERTIES}.items():
        kind = kinds.get(name, "Tensor")
        lines += ["    @property", written(name, ["self"], kind, "    ", made.fget.__doc__)]
        if made.fset is not None:
            lines += [f"    @{name}.setter", f"    def {name}(self, value: Any) -> None: ..."]
    return "\n".join(lines) + "\n"


def method(name: str, function: Callable[..., Any]) -> Iterator[str]:
    doc = function.__doc__ or ""
    if name in OVERLOADS and function.__module__ != methods.__name__:
        first, *rest = OVERLOADS[name]
        for i, signature in enumerate((first, *rest)):
            arguments, returns = signature[1:].rsplit(") -> ", 1)
            yield "    @overload"
            yield written(name, ["self", *split(safe(arguments))], returns, "    ", doc if i == 0 else None)
    else:
        yield written(name, ["self", *parameters(function, False)], result(function), "    ", doc)


def split(arguments: str) -> list[str]:
    """``a: int, b: dict[str, int]`` in two."""
    found, depth = [""], 0
    for letter in arguments:
        depth += {"[": 1, "]": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            found.append("")
        else:
            found[-1] += letter
    return [part.strip() for part in found if part.strip()]


# ---- the package ----------------------------------------------------------------------------------------------------


def package_stub() -> str:
    public = {name: getattr(tinygrad_tf, name) for name in tinygrad_tf.__dir__() if not name.startswith("_")}
    parts = {name: thing.__name__ for name, thing in public.items() if isinstance(thing, types.ModuleType)}
    lines = [
        HEAD.format(title=tinygrad_tf.__doc__),
        *[
            f"from .{path.rpartition('.')[0].partition('.')[2]} import {path.rpartition('.')[2]} as {name}"
            for name, path in parts.items()
        ],
    ]
    functions, values = [], []
    for name, thing in public.items():
        if name in parts:
            continue
        module = getattr(thing, "__module__", "")
        if inspect.isfunction(thing) and module.startswith(f"{tinygrad_tf.__name__}.ops"):
            functions += function(name, thing)
        elif thing is np.dtype:
            lines.append("from numpy import dtype as dtype")
        elif inspect.isfunction(thing) or inspect.isclass(thing):
            lines.append(f"from .{module.removeprefix(f'{tinygrad_tf.__name__}.')} import {thing.__name__} as {name}")
        else:
            kind = "builtins.float" if isinstance(thing, float) else "np.dtype[Any]"
            kind = kind if isinstance(thing, (float, np.dtype)) else "Any"
            values.append(f"{name}: {kind}")
    lines += ["from .ops.indexing import Extremes\n", ALIASES + KINDS, "__version__: str", *values, ""]
    return "\n".join([*lines, *functions]) + "\n"


def functional_stub() -> str:
    title = "The functions behind the layers, and the losses; see functional.py."
    lines = [HEAD.format(title=title)]
    functions = []
    for name in functional.__all__:
        thing = getattr(functional, name)
        if thing.__module__ == functional.__name__:
            functions += function(name, thing)
        else:
            lines.append(f"from .. import {name} as {name}")
    lines += ["from ..autograd.tensor import Tensor\n", ALIASES + KINDS]
    return "\n".join([*lines, *functions]) + "\n"


def function(name: str, made: Callable[..., Any]) -> Iterator[str]:
    """A function of the top level: of Tensors a Tensor, of arrays an array."""
    own = list(inspect.signature(made).parameters.values())
    if made.__name__ in OVERLOADS:
        for signature in OVERLOADS[made.__name__]:
            arguments, returns = signature[1:].rsplit(") -> ", 1)
            first = [] if made.__name__ == "where" else ["X: Like"]
            yield "@overload"
            yield written(name, [*first, *split(safe(arguments))], returns)
        return
    arguments = parameters(made, True)
    inputs = [p for p in own if p.name in ARRAYS and p.kind is p.POSITIONAL_OR_KEYWORD and p.default is p.empty]
    both = result(made) != result(made, "Array") and made.__name__ not in ALWAYS_TENSORS and bool(inputs)
    if not both or own[0].name not in ARRAYS:
        yield written(name, arguments, result(made))
        return
    first, *others = [p.name for p in inputs]
    variants: list[tuple[list[str], str]] = []
    if others:
        variants += [(typed(arguments, {tensor: "Tensor"}), "Tensor") for tensor in (first, *others)]
        variants.append((typed(arguments, dict.fromkeys((first, *others), "Plain")), "np.ndarray[Any, Any]"))
    else:
        variants.append((typed(arguments, {first: "Either"}), "Either"))
    if "input" in operation.aliases([p.name for p in own]) and not any(
        a.startswith("*") for a in arguments if a != "*"
    ):
        rest = [a for a in arguments if a.split(":")[0] not in ("*", first)]
        variants.append((["*", "input: Tensor", *rest], "Tensor"))
    for variant, returns in variants:
        if len(variants) > 1:
            yield "@overload"
        yield written(name, variant, result(made, returns))


def typed(arguments: list[str], kinds: dict[str, str]) -> list[str]:
    return [f"{a.split(':')[0]}: {kinds[a.split(':')[0]]}" if a.split(":")[0] in kinds else a for a in arguments]


if __name__ == "__main__":
    main()
