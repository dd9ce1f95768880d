"""Tensor: an array, its gradient, and the operation that made it. The graph is nothing else than these Tensors."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import error

if TYPE_CHECKING:
    from .op import Op

#: Every function on Tensors by name. ``ops`` fills it; Tensor's methods and NumPy's protocols look up here.
#: "numpy.split" is what np.split(t) means where PyTorch means something else by the name.
FUNCTIONS: dict[str, Callable[..., Any]] = {}

_numbers = itertools.count()  # the order in which Tensors are made: inputs always come before what is made of them
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


def _method(name: str, is_reflected: bool = False) -> Callable[..., Tensor]:
    """The method that calls FUNCTIONS[name] with the Tensor first; reflected second, as in ``other + tensor``."""

    def method(self: Tensor, *inputs: Any, **params: Any) -> Any:
        return FUNCTIONS[name](*inputs, self) if is_reflected else FUNCTIONS[name](self, *inputs, **params)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"See tinygrad_tf.{name}."
    method.__dict__["calls"] = name, is_reflected
    return method


def _methods(names: str) -> Iterator[Callable[..., Tensor]]:
    return map(_method, names.split())


def _cast(dtype: type[Any]) -> Callable[[Tensor], Tensor]:
    return lambda self: self.astype(dtype)


class Size(int):
    """What ``t.size`` is: NumPy's number, which can be called like PyTorch's method."""

    shape: tuple[int, ...]

    def __new__(cls, shape: tuple[int, ...]) -> Size:
        n = super().__new__(cls, math.prod(shape))
        n.shape = shape
        return n

    def __call__(self, dim: int | None = None) -> Any:
        return self.shape if dim is None else self.shape[dim]


class Tensor:
    """An n-dimensional array that remembers how it was made, so that gradients can flow back through it.

    Args:
        data: numbers, nested lists, an array (copied) or a Tensor (detached and copied).
        requires_grad: whether ``backward()`` is to leave a gradient in ``.grad``; floats only.
        dtype: a NumPy dtype. Without one, an array keeps its own, Python floats give float32, ints int64, bools bool.
        name: what messages, formulas and pictures call it.

    The fields ``op``, ``inputs`` and ``params`` say what made the Tensor; a leaf has ``op=None`` and no inputs.

    >>> W = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True, name="W")
    >>> (W * W).sum().backward()
    >>> W.grad
    Tensor([[2., 4.],
            [6., 8.]], dtype=float32)
    """

    __slots__ = (  # noqa: RUF023 (in the order of their meaning)
        "data", "grad", "requires_grad", "name",  # what a user sees
        "op", "inputs", "params", "saved",        # how it was made; saved: what the op's kernel keeps for its backward
        "scope", "number", "hooks",               # the module that made it; its place in the order of making
        "__weakref__",
    )  # fmt: skip

    data: np.ndarray[tuple[int, ...], np.dtype[Any]]
    grad: Tensor | None
    op: Op | None
    inputs: tuple[Tensor, ...]
    hooks: list[Callable[[Tensor], Any]] | None

    def __init__(self, data: Any, requires_grad: bool = False, dtype: Any = None, name: str | None = None) -> None:
        array = to_array(data, dtype)
        self.data = array.copy() if array is data or array.base is not None or isinstance(data, Tensor) else array
        if requires_grad:
            _check_can_require_grad(self.data)
        self.requires_grad = requires_grad
        self.name = name
        self.grad = self.op = self.saved = self.hooks = None
        self.inputs, self.params = (), NO_PARAMS
        self.scope = ""
        self.number = next(_numbers)

    @staticmethod
    def wrap(array: np.ndarray[Any, Any], name: str | None = None) -> Tensor:
        """A leaf Tensor around ``array`` itself, not a copy: for arrays that nobody else writes to."""
        return made_by(None, array, (), NO_PARAMS, None, "", False, name)

    # ---- what it is -------------------------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        return self.data.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.data.dtype

    @property
    def ndim(self) -> int:
        return self.data.ndim

    @property
    def size(self) -> Size:
        """The number of entries, as in NumPy; ``t.size()`` is the shape and ``t.size(0)`` one axis, as in PyTorch."""
        return Size(self.data.shape)

    @property
    def is_leaf(self) -> bool:
        """Whether a user made it; otherwise an op did."""
        return self.op is None

    def numel(self) -> int:
        return self.data.size

    def item(self) -> Any:
        """The only entry as a Python number."""
        if self.data.size != 1:
            raise error(ValueError, "item", {"self": self}, "only a Tensor with one entry is a number",
                        "reduce it first, e.g. with .sum(), or use .tolist()")  # fmt: skip
        return self.data.item()

    def tolist(self) -> Any:
        return self.data.tolist()

    def numpy(self) -> np.ndarray[Any, Any]:
        """The array itself, not a copy. Refused while the Tensor requires a gradient, as in PyTorch."""
        if self.requires_grad:
            raise error(RuntimeError, "numpy", {"self": self}, "an array does not record what is done with it, so the "
                        "gradient would be lost", "write .detach().numpy() to say that you do not need it")  # fmt: skip
        return self.data

    def detach(self) -> Tensor:
        """The same array, cut from the graph: no gradient flows through it."""
        return Tensor.wrap(self.data, self.name)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Set ``requires_grad`` of a leaf and return it."""
        if requires_grad:
            _check_can_require_grad(self.data)
        elif not self.is_leaf:
            raise error(RuntimeError, "requires_grad_", {"self": self}, "only a leaf chooses whether it gets a "
                        "gradient", "use .detach() for the same values without a graph")  # fmt: skip
        self.requires_grad = requires_grad
        return self

    def register_hook(self, hook: Callable[[Tensor], Any]) -> Handle:
        """Call ``hook(gradient)`` when the Tensor's whole gradient is known; what it returns, if anything, replaces it.

        Hooks are called in the order in which they were registered. ``remove()`` of what is returned takes it off.

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
            raise error(RuntimeError, name, {"self": self}, "a Tensor that does not require a gradient gets none",
                        "make it, or what it is computed from, with requires_grad=True")  # fmt: skip

    def backward(self, gradient: Any = None, retain_graph: bool | None = None, create_graph: bool = False) -> None:
        """Add dself/dleaf into ``.grad`` of every leaf that requires one; see :func:`tinygrad_tf.autograd.backward`."""
        from .autograd import backward  # the one place where Tensor reaches up: the walk is not its business

        backward(self, gradient, retain_graph, create_graph)

    def __repr__(self) -> str:
        parts = [np.array2string(self.data, separator=", ", prefix="Tensor(", threshold=200), f"dtype={self.dtype}"]
        if self.name:
            parts.append(f"name={self.name!r}")
        if self.requires_grad:
            parts.append("requires_grad=True" if self.op is None else f"op={self.op.name}")
        return f"Tensor({', '.join(parts)})"

    _repr_html_ = _method("notebook.view")

    def __reduce__(self) -> Any:  # copying and pickling make a new leaf with a number of its own
        if not self.is_leaf:
            raise error(RuntimeError, "copy", {"self": self}, "a Tensor that an op made belongs to its graph and "
                        "cannot be copied or pickled with it", "copy .detach() instead")  # fmt: skip
        return _rebuild, (type(self), self.data, self.requires_grad, self.name, self.grad)

    # ---- Python's protocols -----------------------------------------------------------------------------------------

    __hash__ = object.__hash__  # identity: == compares entries

    def __eq__(self, other: object) -> Any:
        return NotImplemented if other is None else FUNCTIONS["equal"](self, other)

    def __ne__(self, other: object) -> Any:
        return NotImplemented if other is None else FUNCTIONS["not_equal"](self, other)

    def __pos__(self) -> Tensor:
        return self

    def __len__(self) -> int:
        if self.ndim == 0:
            raise error(TypeError, "len", {"self": self}, "a Tensor without axes has no length", "use .item()")
        return len(self.data)

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        if self.data.size != 1:
            raise error(ValueError, "bool", {"self": self}, "only a Tensor with one entry is true or false",
                        "write (t > 0).all() or (t > 0).any()")  # fmt: skip
        return bool(self.data)

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        return self.data.__index__()

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else str(self)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **params: Any) -> Any:
        function, out = FUNCTIONS.get(ufunc.__name__), params.pop("out", ())
        if function is None or method != "__call__" or any(isinstance(y, Tensor) for y in out):
            return NotImplemented
        if out:  # array -= tensor
            return ufunc(*[x.numpy() if isinstance(x, Tensor) else x for x in inputs], out=out, **params)
        return function(*inputs, **params)

    def __array_function__(self, function: Any, types: Any, inputs: Any, params: Any) -> Any:
        ours = FUNCTIONS.get(f"{function.__module__}.{function.__name__}")
        if ours is None and function.__module__ == "numpy":  # not np.linalg's, whose names may mean something else
            ours = FUNCTIONS.get(function.__name__)
        return NotImplemented if ours is None else ours(*inputs, **params)

    def __setitem__(self, index: Any, value: Any) -> None:
        raise error(TypeError, "t[index] = value", {"self": self}, "a Tensor is never written to: its gradient "
                    "rule may need the old values", "write tinygrad_tf.where(mask, value, t), or change t.data before "
                    "it is used")  # fmt: skip

    # ---- operations: FUNCTIONS by name, so that this file needs none of them -----------------------------------------

    __add__, __radd__ = _method("add"), _method("add", True)
    __sub__, __rsub__ = _method("subtract"), _method("subtract", True)
    __mul__, __rmul__ = _method("multiply"), _method("multiply", True)
    __truediv__, __rtruediv__ = _method("divide"), _method("divide", True)
    __floordiv__, __rfloordiv__ = _method("floor_divide"), _method("floor_divide", True)
    __mod__, __rmod__ = _method("remainder"), _method("remainder", True)
    __pow__, __rpow__ = _method("power"), _method("power", True)
    __matmul__, __rmatmul__ = _method("matmul"), _method("matmul", True)
    __and__, __rand__ = _method("bitwise_and"), _method("bitwise_and", True)
    __or__, __ror__ = _method("bitwise_or"), _method("bitwise_or", True)
    __xor__, __rxor__ = _method("bitwise_xor"), _method("bitwise_xor", True)
    __lshift__, __rlshift__ = _method("left_shift"), _method("left_shift", True)
    __rshift__, __rrshift__ = _method("right_shift"), _method("right_shift", True)
    __neg__, __abs__, __invert__ = _method("negative"), _method("absolute"), _method("invert")
    __lt__, __le__, __gt__, __ge__ = _methods("less less_equal greater greater_equal")

    add, sub, mul, div = _method("add"), _method("subtract"), _method("multiply"), _method("div")
    matmul, dot, mm, bmm = _method("matmul"), _method("dot"), _method("matmul"), _method("matmul")
    outer, trace, diag, diagonal = _method("outer"), _method("trace"), _method("diag"), _method("diagonal")
    neg, abs, sign, square = _method("negative"), _method("absolute"), _method("sign"), _method("square")
    pow, sqrt, rsqrt, reciprocal = _method("power"), _method("sqrt"), _method("rsqrt"), _method("reciprocal")
    exp, exp2, expm1, log, log2, log10, log1p, erf = _methods("exp exp2 expm1 log log2 log10 log1p erf")
    sin, cos, tan, sinh, cosh, tanh = _methods("sin cos tan sinh cosh tanh")
    asin, acos, atan, asinh, acosh, atanh = _methods("arcsin arccos arctan arcsinh arccosh arctanh")
    floor, ceil, trunc, round, fmod, remainder = _methods("floor ceil trunc round fmod remainder")
    floor_divide, maximum, minimum, clip, clamp = _methods("floor_divide maximum minimum clip clip")
    sigmoid, relu, softmax, log_softmax, lerp, logaddexp = _methods("sigmoid relu softmax log_softmax lerp logaddexp")
    isnan, isinf, isfinite, isclose, allclose = _methods("isnan isinf isfinite isclose allclose")
    eq, ne, lt, le, gt, ge = _methods("equal not_equal less less_equal greater greater_equal")
    logical_and, logical_or, logical_not, logical_xor = _methods("logical_and logical_or logical_not logical_xor")
    masked_fill, masked_select, nonzero = _method("masked_fill"), _method("masked_select"), _method("nonzero")

    sum, mean, prod, var, std = _method("sum"), _method("mean"), _method("prod"), _method("var"), _method("std")
    max, min, amax, amin, argmax, argmin, all, any = _methods("max min amax amin argmax argmin all any")
    logsumexp, norm, cumsum, cumprod, cummax, sort = _methods("logsumexp norm cumsum cumprod cummax sort")
    argsort, topk, multinomial, bernoulli = _methods("argsort topk multinomial bernoulli")

    reshape = view = _method("reshape")
    flatten, unflatten, ravel = _method("flatten"), _method("unflatten"), _method("flatten")
    permute, transpose = _method("permute"), _method("transpose")
    swapaxes, moveaxis, movedim = _method("swapaxes"), _method("moveaxis"), _method("moveaxis")
    broadcast_to, expand = _method("broadcast_to"), _method("broadcast_to")
    squeeze, unsqueeze = _method("squeeze"), _method("expand_dims")
    repeat, tile, repeat_interleave = _method("tile"), _method("tile"), _method("repeat_interleave")
    flip, roll, unfold, tril, triu = _methods("flip roll unfold tril triu")
    gather, scatter, scatter_add, index_select, take = _methods("gather scatter scatter_add index_select take")
    take_along_axis, take_along_dim = _method("take_along_axis"), _method("take_along_axis")
    split: Callable[..., list[Tensor]] = _method("split")  # type: ignore[assignment]
    chunk: Callable[..., list[Tensor]] = _method("chunk")  # type: ignore[assignment]
    clone, astype, to, type = _method("copy"), _method("astype"), _method("to"), _method("astype")

    t, narrow, unbind, diff, cummin, nan_to_num = _methods("t narrow unbind diff cummin nan_to_num")
    atan2, arctan2, count_nonzero, bincount = _methods("arctan2 arctan2 count_nonzero bincount")
    unique, isin, is_floating_point = _methods("unique isin is_floating_point")
    where, expand_as, view_as, type_as = _methods("Tensor.where Tensor.expand_as Tensor.view_as Tensor.type_as")
    new_zeros, new_empty, new_ones = _methods("Tensor.new_zeros Tensor.new_empty Tensor.new_ones")
    new_full, new_tensor = _methods("Tensor.new_full Tensor.new_tensor")

    def __getitem__(self, index: Any) -> Tensor:
        return FUNCTIONS["getitem"](self, index=index)

    @property
    def T(self) -> Tensor:
        """All axes in reverse order."""
        return FUNCTIONS["permute"](self)

    @property
    def mT(self) -> Tensor:
        """The last two axes swapped: the transpose of each matrix of a batch."""
        return FUNCTIONS["swapaxes"](self, -1, -2)

    def contiguous(self) -> Tensor:
        """The Tensor itself: ``view`` takes any layout here, and there is no device but the CPU."""
        return self

    cpu, nelement = contiguous, numel

    @property
    def device(self) -> str:
        """Where it is, ``"cpu"``."""
        return "cpu"

    def dim(self) -> int:
        return self.data.ndim

    half, float, double = _cast(np.float16), _cast(np.float32), _cast(np.float64)
    long, int, bool = _cast(np.int64), _cast(np.int32), _cast(np.bool_)


def made_by(
    op: Op | None, data: np.ndarray[Any, Any], inputs: tuple[Tensor, ...], params: dict[str, Any], saved: Any,
    scope: str, requires_grad: bool, name: str | None = None,
) -> Tensor:  # fmt: skip
    """A Tensor around ``data``, not copied and not checked, with the fields that say what made it."""
    t = object.__new__(Tensor)
    t.data, t.op = data, op  # pairs are stored without a tuple in between
    t.inputs, t.params = inputs, params
    t.saved, t.scope = saved, scope
    t.requires_grad, t.name = requires_grad, name
    t.grad = t.hooks = None
    t.number = next(_numbers)
    return t


def to_array(data: Any, dtype: Any = None) -> np.ndarray[Any, np.dtype[Any]]:
    """``data`` as an array of booleans, integers or floats; Python floats become float32 unless ``dtype`` is given."""
    if isinstance(data, Tensor):
        data = data.data
    brought = isinstance(data, (np.ndarray, np.generic))  # a dtype that the user chose
    if not brought and isinstance(data, (list, tuple)):
        data = _without_tensors(data)
    try:
        array = np.asarray(data, dtype)
    except (ValueError, TypeError) as problem:
        raise error(type(problem), "Tensor", {"data": data}, f"data must form an array ({problem})",
                    "give numbers, or nested lists whose rows have equal length") from None  # fmt: skip
    if array.dtype.kind not in "biuf":
        raise error(TypeError, "Tensor", f"data of type {array.dtype}", "entries are booleans, integers or floats",
                    "convert them first; strings become ids through a vocabulary, None has no number")  # fmt: skip
    if dtype is None and not brought and array.dtype == np.float64:
        array = array.astype(np.float32)
    return array


def check_device(name: str, device: Any) -> None:
    """Raise unless ``device`` is PyTorch's name for where NumPy computes."""
    if device is not None and str(device).partition(":")[0] != "cpu":
        raise error(ValueError, name, {"device": repr(device)}, "NumPy computes on the CPU", "leave the device out")


def _without_tensors(data: Any) -> Any:
    if isinstance(data, (list, tuple)):
        return [_without_tensors(x) for x in data]
    return data.data if isinstance(data, Tensor) else data


def _check_can_require_grad(array: np.ndarray[Any, Any]) -> None:
    if array.dtype.kind != "f":
        raise error(RuntimeError, "requires_grad", {"data": array}, "only floats can be nudged, so only they have a "
                    "gradient", "write Tensor(data, dtype='float32', requires_grad=True)")  # fmt: skip


def _rebuild(kind: type[Tensor], data: Any, requires_grad: bool, name: str | None, grad: Tensor | None) -> Tensor:
    t = kind.__new__(kind)
    Tensor.__init__(t, data, requires_grad, name=name)
    t.grad = grad
    return t
