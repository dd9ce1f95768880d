"""Tensor: an array, its gradient, and the operation that made it. The graph is nothing else than these Tensors."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np

from ..wording.texts import capped
from . import mistakes

if TYPE_CHECKING:
    from ..ops.methods import Methods  # what it can do, for type checkers and editors
    from .operation import Op
else:
    Methods = object

F = TypeVar("F", bound=Callable[..., Any])

#: What forwards and rules work on: an ndarray or a Tensor.
Array: TypeAlias = Any

#: What NumPy's functions do when they are given a Tensor: ``np.exp(t)``; see :func:`implements`.
NUMPY: dict[Callable[..., Any], Callable[..., Any]] = {}

numbers = itertools.count()  # the order in which Tensors are made: inputs always come before what is made of them
NO_PARAMS: dict[str, Any] = {}


def keep(gradient: Tensor) -> None:
    """The hook that says: leave the gradient in ``.grad``. The walk looks for it; a closure would be a cycle."""


class Handle:
    """What registering a hook returns."""

    __slots__ = ("hook", "hooks")

    def __init__(self, hooks: list[Callable[..., Any]], hook: Callable[..., Any]) -> None:
        self.hooks, self.hook = hooks, hook
        hooks.append(hook)

    def remove(self) -> None:
        """Take the hook off again; a second time does nothing."""
        if self.hook in self.hooks:
            self.hooks.remove(self.hook)
        self.hooks = []  # the same hook may have been registered twice


class Tensor(Methods):
    """An n-dimensional array that remembers how it was made, so that gradients can flow back through it.

    Args:
        data: numbers, nested lists, an array (copied) or a Tensor (detached and copied).
        requires_grad: whether ``backward()`` is to leave a gradient in ``.grad``; floats only.
        dtype: a NumPy dtype. Without one, an array keeps its own, Python's numbers give float32, bools bool.
        name: what messages, formulas and pictures call it.

    The fields ``op``, ``inputs`` and ``params`` say what made the Tensor; a leaf has ``op=None`` and no inputs.
    Its operators and methods are functions of ``ops``; the table ``ops/methods.py`` says which.

    >>> W = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True, name="W")
    >>> (W * W).sum().backward()
    >>> W.grad
    Tensor([[2., 4.],
            [6., 8.]], dtype=float32)
    """

    __slots__ = (  # noqa: RUF023 (in the order of their meaning)
        "array", "grad", "requires_grad", "name",  # what a user sees
        "op", "inputs", "params", "saved",         # how it was made; saved: what the op's kernel keeps for its backward
        "scope", "site",                           # in which module, and by which call in the user's code
        "number", "hooks",                         # its place in the order of making
        "__weakref__",
    )  # fmt: skip

    array: np.ndarray[tuple[int, ...], np.dtype[Any]]
    grad: Tensor | None
    op: Op | None
    inputs: tuple[Tensor, ...]
    hooks: list[Callable[[Tensor], Any]] | None
    scope: Any
    saved: Any
    site: Any
    _of_list: Callable[[Any], Any]  # a list with Tensors in it as one Tensor

    def __init__(self, data: Any, requires_grad: bool = False, dtype: Any = None, name: str | None = None) -> None:
        array, first = to_array(data, dtype), data
        while isinstance(first, (list, tuple)) and first:
            first = first[0]
        array = array.astype(np.float32) if type(first) is int and dtype is None and array.dtype.kind == "i" else array
        self.array = array.copy() if array is data or array.base is not None or isinstance(data, Tensor) else array
        if requires_grad:
            if type(requires_grad) is not bool and not isinstance(requires_grad, np.bool_):
                raise mistakes.no_flag(data, requires_grad)
            _check_can_require_grad(self.array)
        self.requires_grad = bool(requires_grad)
        self.name = name
        self.grad = self.op = self.saved = self.hooks = self.site = None
        self.inputs, self.params = (), NO_PARAMS
        self.scope = ""
        self.number = next(numbers)

    @staticmethod
    def wrap(array: np.ndarray[Any, Any], name: str | None = None) -> Tensor:
        """A leaf Tensor around ``array`` itself, not a copy: for arrays that nobody else writes to."""
        return made_by(None, array, (), NO_PARAMS, None, "", False, name)

    @property
    def shape(self) -> tuple[int, ...]:
        """The size of each axis."""
        return self.array.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The NumPy dtype of the entries."""
        return self.array.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.array.ndim

    @property
    def is_leaf(self) -> bool:
        """Whether a user made it; otherwise an op did."""
        return self.op is None

    def item(self) -> Any:
        """The only entry as a Python number."""
        if self.array.size != 1:
            raise mistakes.several_entries(self)
        return self.array.item()

    def tolist(self) -> Any:
        """The entries as nested lists of Python numbers; one number if there are no axes."""
        return self.array.tolist()

    def numpy(self) -> np.ndarray[Any, Any]:
        """The array itself, not a copy. Refused while the Tensor requires a gradient, as in PyTorch."""
        if self.requires_grad:
            raise mistakes.gradient_would_be_lost(self)
        return self.array

    def detach(self) -> Tensor:
        """The same array, cut from the graph: no gradient flows through it."""
        return Tensor.wrap(self.array, self.name)

    def backward(
        self, gradient: Any = None, retain_graph: bool | None = None, create_graph: bool = False, inputs: Any = None
    ) -> None:
        """Add dself/dleaf into ``.grad`` of every leaf that requires one: see :func:`tinygrad_tf.autograd.backward`."""
        from .walk import backward  # the one place where Tensor reaches up: the walk is not its business

        backward(self, gradient, retain_graph, create_graph, inputs)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Set ``requires_grad`` of a leaf and return it."""
        if requires_grad:
            _check_can_require_grad(self.array)
        elif not self.is_leaf:
            raise mistakes.no_leaf(self)
        self.requires_grad = requires_grad
        return self

    def register_hook(self, hook: Callable[[Tensor], Any]) -> Handle:
        """Call ``hook(gradient)`` when the Tensor's whole gradient is known; what it returns, if anything, replaces it.

        Hooks are called in the order in which they were registered. ``remove()`` of what is returned takes it off. A
        hook that reads its own Tensor by name holds it, and the Tensor holds the hook: such a cycle, with all that the
        Tensor was made of, stays until Python's collector comes by. ``remove()`` breaks it, or read another name.

        >>> x = Tensor([1.0, 2.0], requires_grad=True)
        >>> handle = x.register_hook(lambda dx: dx * 10)
        >>> x.sum().backward()
        >>> x.grad.tolist()
        [10.0, 10.0]
        """
        self._check_gets_gradient("register_hook")
        self.hooks = [] if self.hooks is None else self.hooks
        return Handle(self.hooks, hook)

    def retain_grad(self) -> None:
        """Let ``backward()`` leave a gradient here as on a leaf, although an op made the Tensor.

        >>> x = Tensor([1.0, 2.0], requires_grad=True)
        >>> y = x * 2
        >>> y.retain_grad()
        >>> (y * y).sum().backward()
        >>> y.grad.tolist(), x.grad.tolist()
        ([4.0, 8.0], [8.0, 16.0])
        """
        self._check_gets_gradient("retain_grad")
        if not self.is_leaf and not self.retains_grad:
            self.register_hook(keep)

    @property
    def retains_grad(self) -> bool:
        """Whether :meth:`retain_grad` was called on what an op made."""
        return self.hooks is not None and keep in self.hooks

    def _check_gets_gradient(self, name: str) -> None:
        if not self.requires_grad:
            raise mistakes.gets_no_gradient(name, self)

    # ---- Python's protocols -----------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        parts = [np.array2string(self.array, separator=", ", prefix="Tensor(", threshold=200), f"dtype={self.dtype}"]
        if self.name:
            parts.append(f"name={capped(str(self.name))!r}")
        if self.requires_grad:
            parts.append("requires_grad=True" if self.op is None else f"op={self.op.name}")
        return f"Tensor({', '.join(parts)})"

    def __reduce__(self) -> Any:  # copying and pickling make a new leaf with a number of its own
        if not self.is_leaf:
            raise mistakes.belongs_to_a_graph(self)
        return _rebuild, (type(self), self.array, self.requires_grad, self.name, self.grad)

    __hash__ = object.__hash__  # identity: == compares entries

    def __pos__(self) -> Tensor:
        return self

    def __len__(self) -> int:
        if self.ndim == 0:
            raise mistakes.no_length(self)
        return len(self.array)

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        if self.array.size != 1:
            raise mistakes.several_truths(self)
        return bool(self.array)

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        return self.array.__index__()

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else str(self)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **params: Any) -> Any:
        function, out = NUMPY.get(ufunc), params.pop("out", ())
        if function is None or method != "__call__" or any(isinstance(y, Tensor) for y in out):
            return NotImplemented
        if out:  # array -= tensor
            return ufunc(*[x.numpy() if isinstance(x, Tensor) else x for x in inputs], out=out, **params)
        return function(*inputs, **params)

    def __array_function__(self, function: Any, types: Any, inputs: Any, params: Any) -> Any:
        ours = NUMPY.get(function)
        return NotImplemented if ours is None else ours(*inputs, **params)


def attach(methods: Mapping[str, Any]) -> None:
    """Give Tensor its operators, methods and properties, by name: the one place where any are added."""
    for name, method in methods.items():
        setattr(Tensor, name, method)


def implements(*theirs: Callable[..., Any]) -> Callable[[F], F]:
    """Decorator: a function is what these functions of NumPy do when they are given a Tensor.

    >>> @implements(np.cbrt)
    ... def cbrt(X):
    ...     return X ** (1 / 3)
    >>> np.cbrt(Tensor(8.0)).item()
    2.0
    >>> _ = NUMPY.pop(np.cbrt)
    """

    def enter(ours: F) -> F:
        NUMPY.update(dict.fromkeys(theirs, ours))
        return ours

    return enter


def made_by(
    op: Op | None, array: np.ndarray[Any, Any], inputs: tuple[Tensor, ...], params: dict[str, Any], saved: Any,
    scope: str, requires_grad: bool, name: str | None = None,
) -> Tensor:  # fmt: skip
    """A Tensor around ``array``, not copied and not checked, with the fields that say what made it."""
    t = object.__new__(Tensor)
    t.array, t.op = array, op  # pairs are stored without a tuple in between
    t.inputs, t.params = inputs, params
    t.saved, t.scope = saved, scope
    t.requires_grad, t.name = requires_grad, name
    t.grad = t.hooks = t.site = None
    t.number = next(numbers)
    return t


def to_array(data: Any, dtype: Any = None) -> np.ndarray[Any, np.dtype[Any]]:
    """``data`` as an array of booleans, integers or floats; Python floats become float32 unless ``dtype`` is given."""
    if isinstance(data, Tensor):
        data = data.array
    brought = isinstance(data, (np.ndarray, np.generic))  # a dtype that the user chose
    if brought and hasattr(data, "mask"):
        raise mistakes.masked(data)
    if holds_tensors(data):
        types: set[str] = set()
        data = _without_tensors(data, types)
        brought = "d" in types
    try:
        array = np.asarray(data, dtype)
    except (ValueError, TypeError) as problem:
        raise mistakes.no_array(data, dtype, problem) from None
    if array.dtype.kind not in "biuf":
        raise mistakes.no_numbers(array.dtype)
    if dtype is None and not brought and array.dtype == np.float64:
        array = array.astype(np.float32)
    return array


def _without_tensors(data: Any, types: set[str]) -> Any:
    if isinstance(data, (list, tuple)):
        return [_without_tensors(x, types) for x in data]
    types.add(data.dtype.char if isinstance(data, Tensor) else "")
    return data.array if isinstance(data, Tensor) else data


def holds_tensors(data: Any) -> bool:
    """Whether ``data`` is a list or a tuple with a Tensor in it, at any depth."""
    return isinstance(data, (list, tuple)) and any(isinstance(x, Tensor) or holds_tensors(x) for x in data)


def _check_can_require_grad(array: np.ndarray[Any, Any]) -> None:
    if array.dtype.kind != "f":
        raise mistakes.no_float(array)


def _rebuild(kind: type[Tensor], data: Any, requires_grad: bool, name: str | None, grad: Tensor | None) -> Tensor:
    t = kind.__new__(kind)
    Tensor.__init__(t, data, requires_grad, name=name)
    t.grad = grad
    return t
