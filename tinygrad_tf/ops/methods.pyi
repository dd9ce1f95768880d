"""What a Tensor can do beside what its class says: the methods that ``ops`` attaches."""

# Made by tests/stubs.py from the functions themselves; a test holds them equal.

import builtins
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias, TypeVar, overload

import numpy as np


from ..autograd.tensor import Tensor
from ..compat.devices import device
from .indexing import Extremes


Like: TypeAlias = Tensor | np.ndarray[Any, Any] | np.generic | builtins.float | Sequence[Any]
Axes: TypeAlias = builtins.int | Sequence[builtins.int] | None

METHODS: dict[str, Callable[..., Any]]
PROPERTIES: dict[str, property]

class Size(builtins.int):
    shape: tuple[int, ...]
    def __call__(self, dim: int | None = None) -> Any: ...

class Methods:
    def add(self, Z: Like) -> Tensor:
        """Y = X + Z.

        >>> add(Tensor([1.0, 2.0]), 10.0).tolist()
        [11.0, 12.0]
        """
    def sub(self, Z: Like) -> Tensor:
        """Y = X − Z.

        >>> subtract(Tensor([1.0, 2.0]), 10.0).tolist()
        [-9.0, -8.0]
        """
    def mul(self, W: Like) -> Tensor:
        """Y = X ⊙ W, entry by entry.

        >>> multiply(Tensor([1.0, 2.0]), 10.0).tolist()
        [10.0, 20.0]
        """
    def div(self, W: Like, rounding_mode: str | None = None) -> Tensor:
        """Y = X / W; with ``rounding_mode`` "floor" ⌊X / W⌋, with "trunc" rounded toward 0.

        Integers that are rounded stay integers. The gradient of a rounded result is 0; ``floor_divide`` has none at all.

        >>> div(tensor([7, -7]), 2, rounding_mode="trunc").tolist()
        [3, -3]
        """
    def neg(self) -> Tensor:
        """Y = −X.

        >>> negative(Tensor([1.0, -2.0])).tolist()
        [-1.0, 2.0]
        """
    def abs(self) -> Tensor:
        """Y = |X|; the gradient at 0 is 0.

        >>> absolute(Tensor([1.0, -2.0])).tolist()
        [1.0, 2.0]
        """
    def square(self) -> Tensor:
        """Y = X². Booleans give integers, as in PyTorch.

        >>> square(Tensor([3.0])).tolist()
        [9.0]
        """
    def pow(self, W: Like) -> Tensor:
        """Y = X ** W. The gradient of 0 ** 0 is 0, as in PyTorch.

        >>> power(Tensor([1.0, 2.0]), 3).tolist()
        [1.0, 8.0]
        """
    def reciprocal(self) -> Tensor:
        """Y = 1 / X. Integers give float32.

        >>> reciprocal(Tensor([4.0])).tolist()
        [0.25]
        """
    def lerp(self, end: Like, weight: Like) -> Tensor:
        """start + weight · (end − start), the linear interpolation between two values.

        >>> lerp(Tensor([0.0]), Tensor([10.0]), 0.25).tolist()
        [2.5]
        """
    def addcmul(self, tensor1: Any, tensor2: Any, value: builtins.float = 1) -> Tensor:
        """X + value · tensor1 · tensor2.

        >>> addcmul(Tensor([1.0]), Tensor([2.0]), Tensor([3.0]), value=0.5).tolist()
        [4.0]
        """
    def addcdiv(self, tensor1: Any, tensor2: Any, value: builtins.float = 1) -> Tensor:
        """X + value · tensor1 / tensor2.

        >>> addcdiv(Tensor([1.0]), Tensor([3.0]), Tensor([2.0]), value=2).tolist()
        [4.0]
        """
    def exp(self) -> Tensor:
        """Y = e^X. float32 overflows to inf above X = 88.

        >>> exp(Tensor([0.0])).tolist()
        [1.0]
        """
    def exp2(self) -> Tensor:
        """Y = 2^X.

        >>> exp2(Tensor([3.0])).tolist()
        [8.0]
        """
    def expm1(self) -> Tensor:
        """Y = e^X − 1, exact for small X, where e^X would round to 1.

        >>> expm1(Tensor([0.0])).tolist()
        [0.0]
        """
    def log(self) -> Tensor:
        """Y = ln X.

        >>> log(Tensor([1.0])).tolist()
        [0.0]
        """
    def log2(self) -> Tensor:
        """Y = log₂ X.

        >>> log2(Tensor([8.0])).tolist()
        [3.0]
        """
    def log10(self) -> Tensor:
        """Y = log₁₀ X.

        >>> log10(Tensor([1000.0])).array.round(5).tolist()
        [3.0]
        """
    def log1p(self) -> Tensor:
        """Y = ln(1 + X), exact for small X, where 1 + X would round to 1.

        >>> log1p(Tensor([0.0])).tolist()
        [0.0]
        """
    def erf(self) -> Tensor:
        """Y = 2/√π ∫₀ˣ e^−t² dt, the error function.

        >>> f"{erf(Tensor(1.0)):.4f}"
        '0.8427'
        """
    def sqrt(self) -> Tensor:
        """Y = √X.

        >>> sqrt(Tensor([4.0])).tolist()
        [2.0]
        """
    def rsqrt(self) -> Tensor:
        """Y = 1 / √X.

        >>> rsqrt(Tensor([4.0])).tolist()
        [0.5]
        """
    def hypot(self, W: Like) -> Tensor:
        """Y = √(X² + W²), the longest side of a right triangle. Its squares do not overflow.

        >>> hypot(Tensor([3.0]), 4.0).tolist()
        [5.0]
        """
    def logaddexp(self, W: Like) -> Tensor:
        """Y = ln(e^X + e^W), without overflow.

        >>> f"{logaddexp(Tensor(1000.0), 1000.0):.3f}"
        '1000.693'
        """
    def logaddexp2(self, W: Like) -> Tensor:
        """Y = log₂(2^X + 2^W), without overflow.

        >>> logaddexp2(Tensor(1000.0), 1000.0).item()
        1001.0
        """
    def sigmoid(self) -> Tensor:
        """Y = 1 / (1 + e^−X).

        >>> sigmoid(Tensor([0.0])).tolist()
        [0.5]
        """
    def tanh(self) -> Tensor:
        """Y = tanh X.

        >>> tanh(Tensor([0.0])).tolist()
        [0.0]
        """
    def relu(self) -> Tensor:
        """Y = max(X, 0); the gradient at 0 is 0.

        >>> relu(Tensor([1.0, -2.0])).tolist()
        [1.0, 0.0]
        """
    def sin(self) -> Tensor:
        """Y = sin X.

        >>> sin(Tensor([0.0])).tolist()
        [0.0]
        """
    def cos(self) -> Tensor:
        """Y = cos X.

        >>> cos(Tensor([0.0])).tolist()
        [1.0]
        """
    def tan(self) -> Tensor:
        """Y = sin X / cos X.

        >>> tan(Tensor([0.0])).tolist()
        [0.0]
        """
    def sinh(self) -> Tensor:
        """Y = (e^X − e^−X) / 2.

        >>> sinh(Tensor([0.0])).tolist()
        [0.0]
        """
    def cosh(self) -> Tensor:
        """Y = (e^X + e^−X) / 2.

        >>> cosh(Tensor([0.0])).tolist()
        [1.0]
        """
    def asin(self) -> Tensor:
        """Y = the angle in −π/2 … π/2 whose sine is X.

        >>> arcsin(Tensor([0.0])).tolist()
        [0.0]
        """
    def acos(self) -> Tensor:
        """Y = the angle in 0 … π whose cosine is X.

        >>> arccos(Tensor([1.0])).tolist()
        [0.0]
        """
    def atan(self) -> Tensor:
        """Y = the angle in −π/2 … π/2 whose tangent is X.

        >>> arctan(Tensor([0.0])).tolist()
        [0.0]
        """
    def asinh(self) -> Tensor:
        """Y = ln(X + √(X² + 1)).

        >>> arcsinh(Tensor([0.0])).tolist()
        [0.0]
        """
    def acosh(self) -> Tensor:
        """Y = ln(X + √(X² − 1)), the number whose cosh is X.

        >>> arccosh(Tensor([1.0])).tolist()
        [0.0]
        """
    def atanh(self) -> Tensor:
        """Y = ln((1 + X) / (1 − X)) / 2, the number whose tanh is X.

        >>> arctanh(Tensor([0.0])).tolist()
        [0.0]
        """
    def arctan2(self, W: Like) -> Tensor:
        """Y = the angle in −π … π of the point whose height is X and whose width is W.

        >>> arctan2(Tensor([0.0, 0.0]), Tensor([1.0, 2.0])).tolist()
        [0.0, 0.0]
        """
    def atan2(self, W: Like) -> Tensor:
        """Y = the angle in −π … π of the point whose height is X and whose width is W.

        >>> arctan2(Tensor([0.0, 0.0]), Tensor([1.0, 2.0])).tolist()
        [0.0, 0.0]
        """
    def sinc(self) -> Tensor:
        """Y = sin(π X) / (π X), and 1 at X = 0.

        Near 0 it is the sum 1 − Z/6 + Z²/120 − … with Z = (π X)²: the derivatives of the quotient would lose their digits.

        >>> sinc(Tensor([0.0, 0.5])).array.round(4).tolist()
        [1.0, 0.6366000175476074]
        """
    def deg2rad(self) -> Tensor:
        """Y = X · π / 180: an angle in degrees, in radians.

        >>> deg2rad(Tensor([180.0])).array.round(4).tolist()
        [3.1415998935699463]
        """
    def rad2deg(self) -> Tensor:
        """Y = X · 180 / π: an angle in radians, in degrees.

        >>> rad2deg(Tensor([math.pi])).array.round(3).tolist()
        [180.0]
        """
    def sign(self) -> Tensor:
        """Y = −1, 0 or 1, the sign of X.

        >>> sign(Tensor([3.0, 0.0, -2.0])).tolist()
        [1.0, 0.0, -1.0]
        """
    def floor(self) -> Tensor:
        """Y = ⌊X⌋, the largest whole number that is not above X.

        >>> floor(Tensor([1.7, -1.2])).tolist()
        [1.0, -2.0]
        """
    def ceil(self) -> Tensor:
        """Y = ⌈X⌉, the smallest whole number that is not below X.

        >>> ceil(Tensor([1.2, -1.7])).tolist()
        [2.0, -1.0]
        """
    def trunc(self) -> Tensor:
        """Y = X without its fraction.

        >>> trunc(Tensor([1.7, -1.7])).tolist()
        [1.0, -1.0]
        """
    def round(self, decimals: builtins.int = 0) -> Tensor:
        """Y = X rounded to the nearest multiple of 10^−decimals. Halves go to the even one.

        >>> round(Tensor([0.5, 1.5])).tolist()
        [0.0, 2.0]
        """
    def fmod(self, W: Like) -> Tensor:
        """Y = X − W · trunc(X / W): what a division leaves, with the sign of X, as in C.

        >>> fmod(Tensor([5.0, -5.0]), 3.0).tolist()
        [2.0, -2.0]
        """
    def remainder(self, W: Like) -> Tensor:
        """Y = X − W · ⌊X / W⌋: what a division leaves, with the sign of W, as Python's ``%``.

        >>> remainder(Tensor([5.0, -5.0]), 3.0).tolist()
        [2.0, 1.0]
        """
    def floor_divide(self, W: Like) -> Tensor:
        """Y = ⌊X / W⌋, as Python's ``//``. It has no gradient, as in PyTorch; ``floor(X / W)`` has one that is 0.

        >>> floor_divide(tensor([7, -7]), 2).tolist()
        [3, -4]
        """
    def copysign(self, W: Like) -> Tensor:
        """Y = |X| with the sign of W, which −0 has, too. The gradient is 0 where X is 0, and that of W is 0 everywhere.

        >>> copysign(Tensor([3.0, -2.0]), Tensor([-1.0, 0.0])).tolist()
        [-3.0, 2.0]
        """
    def maximum(self, W: Like) -> Tensor:
        """Y = the larger of X and W. Where they are equal, each gets half of the gradient.

        >>> maximum(Tensor([1.0, 5.0]), 3.0).tolist()
        [3.0, 5.0]
        """
    def minimum(self, W: Like) -> Tensor:
        """Y = the smaller of X and W. Where they are equal, each gets half of the gradient.

        >>> minimum(Tensor([1.0, 5.0]), 3.0).tolist()
        [1.0, 3.0]
        """
    def fmax(self, W: Like) -> Tensor:
        """Y = the larger of X and W, and where one of them is NaN, the other. Where they are equal X has the gradient.

        >>> fmax(Tensor([1.0, float("nan")]), 3.0).tolist()
        [3.0, 3.0]
        """
    def fmin(self, W: Like) -> Tensor:
        """Y = the smaller of X and W, and where one of them is NaN, the other. Where they are equal X has the gradient.

        >>> fmin(Tensor([5.0, float("nan")]), 3.0).tolist()
        [3.0, 3.0]
        """
    def clip(self, min: Like | None = None, max: Like | None = None) -> Tensor:
        """X cut to ``min`` … ``max``, which are numbers or arrays; PyTorch's ``clamp``.

        The gradient passes where X lies within the bounds. A bound that is a Tensor gets the gradient where it is taken.
        Raises RuntimeError without any bound.

        >>> clip(Tensor([-3.0, 0.5, 3.0]), -1.0, 1.0).tolist()
        [-1.0, 0.5, 1.0]
        """
    def clamp(self, min: Like | None = None, max: Like | None = None) -> Tensor:
        """X cut to ``min`` … ``max``, which are numbers or arrays; PyTorch's ``clamp``.

        The gradient passes where X lies within the bounds. A bound that is a Tensor gets the gradient where it is taken.
        Raises RuntimeError without any bound.

        >>> clip(Tensor([-3.0, 0.5, 3.0]), -1.0, 1.0).tolist()
        [-1.0, 0.5, 1.0]
        """
    def masked_fill(self, mask: Like, value: Like) -> Tensor:
        """X with ``value`` in every entry where ``mask`` is true.

        >>> masked_fill(Tensor([1.0, 2.0]), [True, False], 0.0).tolist()
        [0.0, 2.0]
        """
    def nan_to_num(
        self,
        nan: builtins.float = 0.0,
        posinf: builtins.float | None = None,
        neginf: builtins.float | None = None,
    ) -> Tensor:
        """X with ``nan`` in place of NaN, ``posinf`` in place of ∞ and ``neginf`` in place of −∞.

        By default ∞ and −∞ become the largest and the smallest float of X's type.

        >>> nan_to_num(Tensor([float("nan"), float("inf"), 1.0]), posinf=9.0).tolist()
        [0.0, 9.0, 1.0]
        """
    def where(self, condition: Like, other: Like) -> Tensor:
        """The Tensor where the condition is true, ``other`` elsewhere."""
    def eq(self, W: Like) -> Tensor:
        """Y = (X == W), entry by entry. Booleans have no gradient."""
    def ne(self, W: Like) -> Tensor:
        """Y = (X != W), entry by entry. Booleans have no gradient."""
    def lt(self, W: Like) -> Tensor:
        """Y = (X < W), entry by entry. Booleans have no gradient."""
    def le(self, W: Like) -> Tensor:
        """Y = (X <= W), entry by entry. Booleans have no gradient."""
    def gt(self, W: Like) -> Tensor:
        """Y = (X > W), entry by entry. Booleans have no gradient."""
    def ge(self, W: Like) -> Tensor:
        """Y = (X >= W), entry by entry. Booleans have no gradient."""
    def isnan(self) -> Tensor:
        """Whether an entry is NaN.

        >>> isnan(Tensor([float("nan"), 1.0])).tolist()
        [True, False]
        """
    def isinf(self) -> Tensor:
        """Whether an entry is ∞ or −∞.

        >>> isinf(Tensor([float("inf"), 1.0])).tolist()
        [True, False]
        """
    def isposinf(self) -> Tensor:
        """Whether an entry is ∞.

        >>> isposinf(Tensor([float("inf"), -float("inf")])).tolist()
        [True, False]
        """
    def isneginf(self) -> Tensor:
        """Whether an entry is −∞.

        >>> isneginf(Tensor([float("inf"), -float("inf")])).tolist()
        [False, True]
        """
    def isfinite(self) -> Tensor:
        """Whether an entry is neither NaN nor ±∞.

        >>> isfinite(Tensor([float("inf"), 1.0])).tolist()
        [False, True]
        """
    def isclose(
        self,
        W: Like,
        rtol: builtins.float = 1e-05,
        atol: builtins.float = 1e-08,
        equal_nan: builtins.bool = False,
    ) -> Tensor:
        """Whether |X − W| ≤ atol + rtol · |W|, entry by entry.

        >>> isclose(Tensor([1.0, 2.0]), Tensor([1.0 + 1e-7, 2.1])).tolist()
        [True, False]
        """
    def allclose(
        self,
        W: Like,
        rtol: builtins.float = 1e-05,
        atol: builtins.float = 1e-08,
        equal_nan: builtins.bool = False,
    ) -> builtins.bool:
        """Whether :func:`isclose` holds for every entry.

        >>> allclose(Tensor([1.0]), Tensor([1.0 + 1e-7]))
        True
        """
    def logical_and(self, W: Like) -> Tensor:
        """Whether X and W are both true (not zero).

        >>> logical_and(Tensor([1.0, 0.0]), Tensor([2.0, 2.0])).tolist()
        [True, False]
        """
    def logical_or(self, W: Like) -> Tensor:
        """Whether X, W or both are true (not zero).

        >>> logical_or(Tensor([1.0, 0.0]), Tensor([0.0, 0.0])).tolist()
        [True, False]
        """
    def logical_not(self) -> Tensor:
        """Whether X is false (zero).

        >>> logical_not(Tensor([1.0, 0.0])).tolist()
        [False, True]
        """
    def logical_xor(self, W: Like) -> Tensor:
        """Whether exactly one of X and W is true (not zero).

        >>> logical_xor(Tensor([1.0, 1.0]), Tensor([0.0, 1.0])).tolist()
        [True, False]
        """
    def sum(
        self,
        axis: Axes = None,
        keepdims: builtins.bool = False,
        dtype: Any = None,
        *,
        dim: Axes = None,
        keepdim: builtins.bool = False,
    ) -> Tensor:
        """Y = Σ X over ``axis``, added up in ``dtype``. Small integers are added up in int64.

        >>> sum(Tensor([[1.0, 2.0], [3.0, 4.0]]), axis=0).tolist()
        [4.0, 6.0]
        """
    def mean(
        self,
        axis: Axes = None,
        keepdims: builtins.bool = False,
        dtype: Any = None,
        *,
        dim: Axes = None,
        keepdim: builtins.bool = False,
    ) -> Tensor:
        """Y = Σ X / n over ``axis``. Integers give float32. With ``dtype`` X is converted first.

        >>> mean(Tensor([[1.0, 2.0], [3.0, 4.0]]), axis=0).tolist()
        [2.0, 3.0]
        """
    def prod(
        self,
        axis: Axes = None,
        keepdims: builtins.bool = False,
        dtype: Any = None,
        *,
        dim: Axes = None,
        keepdim: builtins.bool = False,
    ) -> Tensor:
        """The product over ``axis``. With ``dtype`` X is converted first.

        Entries are multiplied in pairs, log₂ n times over, so that gradients are right where entries are 0.

        >>> prod(Tensor([2.0, 3.0, 4.0])).item()
        24.0
        """
    def var(
        self,
        axis: Axes = None,
        unbiased: builtins.bool | None = None,
        keepdims: builtins.bool = False,
        correction: builtins.float = 1,
        *,
        dim: Axes = None,
        keepdim: builtins.bool = False,
    ) -> Tensor:
        """Y = Σ (X − mean X)² / (n − correction) over ``axis``. The default is PyTorch's, 1; ``np.var(t)`` has 0.

        ``unbiased`` is PyTorch's older name: True stands for ``correction=1``, False for 0. As in PyTorch, float32 is
        added up in float64 and rounded once.

        >>> var(Tensor([1.0, 2.0, 3.0])).item()
        1.0
        """
    def std(
        self,
        axis: Axes = None,
        unbiased: builtins.bool | None = None,
        keepdims: builtins.bool = False,
        correction: builtins.float = 1,
        *,
        dim: Axes = None,
        keepdim: builtins.bool = False,
    ) -> Tensor:
        """The square root of :func:`var`, with the same arguments. Its gradient at 0 is 0, as in PyTorch.

        >>> std(Tensor([1.0, 2.0, 3.0])).item()
        1.0
        """
    @overload
    def max(self, *, axis: Axes = None, keepdims: builtins.bool = False) -> Tensor:
        """The largest entry of all, or along an axis.

        ``max(t, 1)`` and ``max(t, dim=1)`` return (values, indices), as in PyTorch; the gradient goes to the entry that was
        picked. ``max(t, axis=1)`` and ``np.max(t, 1)`` return the values, as in NumPy; entries that tie share the gradient.
        ``max(a, b)`` of two Tensors is ``maximum``.

        >>> max(Tensor([[1.0, 5.0], [3.0, 4.0]]), axis=1).tolist()
        [5.0, 4.0]
        >>> max(Tensor([[1.0, 5.0], [3.0, 4.0]]), 1).indices.tolist()
        [1, 1]
        """
    @overload
    def max(self, dim: None = None, *, keepdim: builtins.bool = False) -> Tensor: ...
    @overload
    def max(self, dim: tuple[builtins.int, ...] | list[builtins.int], keepdim: builtins.bool = False) -> Tensor: ...
    @overload
    def max(self, dim: builtins.int, keepdim: builtins.bool = False) -> Extremes: ...
    @overload
    def max(self, other: Tensor | np.ndarray[Any, Any]) -> Tensor: ...
    @overload
    def min(self, *, axis: Axes = None, keepdims: builtins.bool = False) -> Tensor:
        """The smallest entry of all, or along an axis, with the arguments and the results of :func:`max`.

        >>> min(Tensor([[1.0, 5.0], [3.0, 4.0]]), axis=1).tolist()
        [1.0, 3.0]
        """
    @overload
    def min(self, dim: None = None, *, keepdim: builtins.bool = False) -> Tensor: ...
    @overload
    def min(self, dim: tuple[builtins.int, ...] | list[builtins.int], keepdim: builtins.bool = False) -> Tensor: ...
    @overload
    def min(self, dim: builtins.int, keepdim: builtins.bool = False) -> Extremes: ...
    @overload
    def min(self, other: Tensor | np.ndarray[Any, Any]) -> Tensor: ...
    def amax(
        self,
        axis: Axes = None,
        keepdims: builtins.bool = False,
        *,
        dim: Axes = None,
        keepdim: builtins.bool = False,
    ) -> Tensor:
        """The largest entry over ``axis``. Entries that tie share the gradient evenly.

        >>> amax(Tensor([[1.0, 5.0], [3.0, 4.0]]), axis=1).tolist()
        [5.0, 4.0]
        """
    def amin(
        self,
        axis: Axes = None,
        keepdims: builtins.bool = False,
        *,
        dim: Axes = None,
        keepdim: builtins.bool = False,
    ) -> Tensor:
        """The smallest entry over ``axis``. Entries that tie share the gradient evenly.

        >>> amin(Tensor([[1.0, 5.0], [3.0, 4.0]]), axis=1).tolist()
        [1.0, 3.0]
        """
    def argmax(
        self,
        axis: builtins.int | None = None,
        keepdims: builtins.bool = False,
        *,
        dim: builtins.int | None = None,
        keepdim: builtins.bool = False,
    ) -> Tensor:
        """The index of the largest entry over ``axis``, the first one where several tie. Integers have no gradient.

        >>> argmax(Tensor([[1.0, 5.0], [4.0, 3.0]]), axis=1).tolist()
        [1, 0]
        """
    def argmin(
        self,
        axis: builtins.int | None = None,
        keepdims: builtins.bool = False,
        *,
        dim: builtins.int | None = None,
        keepdim: builtins.bool = False,
    ) -> Tensor:
        """The index of the smallest entry over ``axis``, the first one where several tie. Integers have no gradient.

        >>> argmin(Tensor([[1.0, 5.0], [3.0, 4.0]]), axis=1).tolist()
        [0, 0]
        """
    def all(
        self,
        axis: Axes = None,
        keepdims: builtins.bool = False,
        *,
        dim: Axes = None,
        keepdim: builtins.bool = False,
    ) -> Tensor:
        """Whether every entry over ``axis`` is true (not zero).

        >>> all(Tensor([1.0, 0.0])).item()
        False
        """
    def any(
        self,
        axis: Axes = None,
        keepdims: builtins.bool = False,
        *,
        dim: Axes = None,
        keepdim: builtins.bool = False,
    ) -> Tensor:
        """Whether some entry over ``axis`` is true (not zero).

        >>> any(Tensor([1.0, 0.0])).item()
        True
        """
    def logsumexp(
        self,
        axis: Axes = None,
        keepdims: builtins.bool = False,
        *,
        dim: Axes = None,
        keepdim: builtins.bool = False,
    ) -> Tensor:
        """Y = ln Σ e^X over ``axis``. The largest entry is subtracted first and added again, so that nothing overflows.

        >>> logsumexp(Tensor([1000.0, 1000.0])).array.round(3).item()
        1000.6929931640625
        """
    def norm(
        self,
        p: Any = None,
        axis: Axes = None,
        keepdims: builtins.bool = False,
        *,
        dim: Axes = None,
        keepdim: builtins.bool = False,
    ) -> Tensor:
        """Y = (Σ |X|^p)^(1/p) over ``axis``, the p-norm; p is 2 by default. Its gradient at 0 is 0, as in PyTorch.

        There it has no second derivative, so an error says what to write instead, e.g. (x * x).sum() for Y².

        >>> norm(Tensor([3.0, 4.0])).item()
        5.0
        """
    def softmax(self, axis: builtins.int = -1, dtype: Any = None, *, dim: builtins.int = -1) -> Tensor:
        """Y = e^X / Σ e^X along ``axis``: entries are positive and add up to 1. With ``dtype`` X is converted first.

        >>> softmax(Tensor([0.0, 0.0])).tolist()
        [0.5, 0.5]
        """
    def log_softmax(self, axis: builtins.int = -1, dtype: Any = None, *, dim: builtins.int = -1) -> Tensor:
        """Y = X − ln Σ e^X along ``axis``: the logarithm of softmax. Small probabilities are not rounded to 0 first.

        With ``dtype`` X is converted first.

        >>> log_softmax(Tensor([0.0, 0.0])).exp().tolist()
        [0.5, 0.5]
        """
    def cumsum(self, axis: builtins.int | None = None, dtype: Any = None, *, dim: builtins.int | None = None) -> Tensor:
        """Y[i] = X[0] + … + X[i] along ``axis``; without ``axis``, of the flattened X. With ``dtype`` X is converted first.

        >>> cumsum(Tensor([1.0, 2.0, 3.0]), 0).tolist()
        [1.0, 3.0, 6.0]
        """
    def cumprod(
        self,
        axis: builtins.int | None = None,
        dtype: Any = None,
        *,
        dim: builtins.int | None = None,
    ) -> Tensor:
        """Y[i] = X[0] · … · X[i] along ``axis``; without ``axis``, of the flattened X. With ``dtype`` X is converted first.

        It takes log₂ n steps. They multiply each entry by the one that stands 1, 2, 4, … places before it.

        >>> cumprod(Tensor([2.0, 3.0, 4.0]), 0).tolist()
        [2.0, 6.0, 24.0]
        """
    def cummax(self, dim: builtins.int) -> Extremes:
        """The largest entry so far along ``dim``, and its index: the last one where several tie. From a NaN on it is NaN.

        >>> cummax(Tensor([1.0, 3.0, 2.0]), 0).values.tolist()
        [1.0, 3.0, 3.0]
        """
    def cummin(self, dim: builtins.int) -> Extremes:
        """The smallest entry so far along ``dim``, and its index: the last one where several tie.

        >>> cummin(Tensor([3.0, 1.0, 2.0]), 0).values.tolist()
        [3.0, 1.0, 1.0]
        """
    def logcumsumexp(self, dim: builtins.int) -> Tensor:
        """Y[i] = ln(e^X[0] + … + e^X[i]) along ``dim``, without overflow.

        It takes log₂ n steps, as :func:`cumprod` does.

        >>> logcumsumexp(Tensor([1000.0, 1000.0]), 0).array.round(3).tolist()
        [1000.0, 1000.6929931640625]
        """
    def sort(
        self,
        dim: builtins.int = -1,
        descending: builtins.bool = False,
        stable: builtins.bool = True,
        *,
        axis: builtins.int = -1,
    ) -> Extremes:
        """The entries of X in order along ``dim``, and their indices, as in PyTorch. ``np.sort(t)`` gives the values alone.

        Entries that tie keep their order, whatever ``stable`` says.

        >>> sort(Tensor([3.0, 1.0, 2.0])).values.tolist()
        [1.0, 2.0, 3.0]
        """
    def argsort(
        self,
        dim: builtins.int = -1,
        descending: builtins.bool = False,
        stable: builtins.bool = True,
        *,
        axis: builtins.int = -1,
    ) -> Tensor:
        """The indices that sort X along ``dim``. Entries that tie keep their order.

        >>> argsort(Tensor([3.0, 1.0, 2.0])).tolist()
        [1, 2, 0]
        """
    def topk(
        self,
        k: builtins.int,
        dim: builtins.int = -1,
        largest: builtins.bool = True,
        sorted: builtins.bool = True,
        *,
        axis: builtins.int = -1,
    ) -> Extremes:
        """The k largest entries along ``dim``, or the smallest ones, in order, and their indices.

        >>> topk(Tensor([3.0, 1.0, 2.0]), 2).values.tolist()
        [3.0, 2.0]
        """
    def diff(self, n: builtins.int = 1, dim: builtins.int = -1, *, axis: builtins.int = -1) -> Tensor:
        """X[i + 1] − X[i] along ``dim``; with ``n`` the differences are taken that many times.

        >>> diff(Tensor([1.0, 4.0, 9.0])).tolist()
        [3.0, 5.0]
        """
    def count_nonzero(self, axis: Axes = None, *, dim: Axes = None) -> Tensor:
        """The number of entries over ``axis`` that are not 0.

        >>> count_nonzero(Tensor([[0.0, 5.0], [1.0, 2.0]]), axis=1).tolist()
        [1, 2]
        """
    def bincount(self, weights: Like | None = None, minlength: builtins.int = 0) -> Tensor:
        """How often each of 0, 1, 2, … occurs in a vector of integers. The result has at least ``minlength`` entries.

        With ``weights`` (n,) each occurrence counts as its weight. Raises RuntimeError for floats and negative numbers.

        >>> bincount(tensor([1, 3, 1])).tolist()
        [0, 2, 0, 1]
        """
    @overload
    def unique(
        self,
        sorted: builtins.bool = True,
        *,
        dim: builtins.int | None = None,
        axis: builtins.int | None = None,
    ) -> Tensor:
        """The different entries of X in ascending order, or its different slices along ``dim``.

        ``return_inverse`` adds where each entry of X stands among them, ``return_counts`` how often each occurs.

        >>> unique(tensor([3, 1, 3])).tolist()
        [1, 3]
        >>> [t.tolist() for t in unique(tensor([3, 1, 3]), return_inverse=True, return_counts=True)]
        [[1, 3], [1, 0, 1], [1, 2]]
        """
    @overload
    def unique(
        self,
        sorted: builtins.bool = True,
        return_inverse: builtins.bool = False,
        return_counts: builtins.bool = False,
        dim: builtins.int | None = None,
        *,
        axis: builtins.int | None = None,
    ) -> Any: ...
    def isin(self, test_elements: Like, invert: builtins.bool = False) -> Tensor:
        """Whether each entry occurs in ``test_elements``; with ``invert`` whether it does not.

        >>> isin(tensor([1, 2, 3]), tensor([3, 1])).tolist()
        [True, False, True]
        """
    def histogram(
        self,
        bins: Any = 100,
        *,
        range: tuple[builtins.float, builtins.float] | None = None,
        weight: Like | None = None,
        density: builtins.bool = False,
    ) -> Tensor:
        """How many entries of X lie in each of ``bins`` equal parts of ``range``, or between the limits in ``bins``.

        Without a range it is that of X. With ``weight`` an entry counts as its weight; with ``density`` the counts are
        divided so that the area is 1. Returns ``hist`` and ``bin_edges``, in the type of X. Raises RuntimeError for
        integers and for bins that are not in order.

        >>> hist, edges = histogram(Tensor([0.0, 1.0, 1.0, 4.0]), bins=2)
        >>> hist.tolist(), edges.tolist()
        ([3.0, 1.0], [0.0, 2.0, 4.0])
        """
    def multinomial(
        self,
        num_samples: builtins.int,
        replacement: builtins.bool = False,
        *,
        generator: Any = None,
    ) -> Tensor:
        """Indices (..., num_samples), each drawn with probability input / Σ input. Shapes of the input: (n,) or (m, n).

        The weights are not negative and need not add up to 1. Without ``replacement`` no index is drawn twice: those of the
        largest input / E are taken, in order, where E is drawn from the exponential distribution.

        >>> multinomial(Tensor([[0.0, 5.0], [1.0, 0.0]]), 1).tolist()
        [[1], [0]]
        >>> sorted(multinomial(Tensor([0.2, 0.3, 0.5]), 3).tolist())
        [0, 1, 2]
        """
    def bernoulli(self, p: builtins.float | None = None, *, generator: Any = None) -> Tensor:
        """1 or 0 for each entry. The entry is the probability of a 1, unless ``p`` gives one for all; its type is kept.

        >>> bernoulli(Tensor([0.0, 1.0])).tolist()
        [0.0, 1.0]
        """
    def matmul(self, W: Like) -> Tensor:
        """Y = X · W, rows of X times columns of W. Shapes: X (..., n, k), W (..., k, m), Y (..., n, m).

        The axes before the last two are a batch, and broadcast. A Tensor with one axis counts as a row on the left and as a
        column on the right, and that axis is dropped again. Raises ValueError if the two k differ.

        >>> matmul(Tensor([[1.0, 2.0]]), Tensor([[3.0], [4.0]])).tolist()
        [[11.0]]
        """
    def dot(self, W: Like) -> Tensor:
        """The sum of products over the last axis of X and the second to last (or only) axis of W, as in NumPy.

        >>> dot(Tensor([1.0, 2.0]), Tensor([3.0, 4.0])).item()
        11.0
        """
    def mm(self, W: Like) -> Tensor:
        """Y = X · W, rows of X times columns of W. Shapes: X (..., n, k), W (..., k, m), Y (..., n, m).

        The axes before the last two are a batch, and broadcast. A Tensor with one axis counts as a row on the left and as a
        column on the right, and that axis is dropped again. Raises ValueError if the two k differ.

        >>> matmul(Tensor([[1.0, 2.0]]), Tensor([[3.0], [4.0]])).tolist()
        [[11.0]]
        """
    def bmm(self, W: Like) -> Tensor:
        """Y = X · W, rows of X times columns of W. Shapes: X (..., n, k), W (..., k, m), Y (..., n, m).

        The axes before the last two are a batch, and broadcast. A Tensor with one axis counts as a row on the left and as a
        column on the right, and that axis is dropped again. Raises ValueError if the two k differ.

        >>> matmul(Tensor([[1.0, 2.0]]), Tensor([[3.0], [4.0]])).tolist()
        [[11.0]]
        """
    def outer(self, W: Like) -> Tensor:
        """Y[i, j] = X[i] · W[j]. X and W are flattened first.

        >>> outer(Tensor([1.0, 2.0]), Tensor([3.0, 4.0])).tolist()
        [[3.0, 4.0], [6.0, 8.0]]
        """
    def addmm(self, mat1: Any, mat2: Any, beta: builtins.float = 1, alpha: builtins.float = 1) -> Tensor:
        """beta · X + alpha · mat1 · mat2. Shapes: mat1 (n, k), mat2 (k, m); X is broadcast to (n, m).

        >>> addmm(Tensor([1.0]), Tensor([[2.0]]), Tensor([[3.0]])).tolist()
        [[7.0]]
        """
    def baddbmm(self, batch1: Any, batch2: Any, beta: builtins.float = 1, alpha: builtins.float = 1) -> Tensor:
        """:func:`addmm` for each matrix of a batch. Shapes: batch1 (b, n, k), batch2 (b, k, m).

        >>> baddbmm(Tensor([1.0]), Tensor([[[2.0]]]), Tensor([[[3.0]]]), alpha=2).tolist()
        [[[13.0]]]
        """
    def inner(self, W: Like) -> Tensor:
        """The sum of products over the last axis of both. Shapes: X (..., k), W (..., k), Y (those of X, those of W).

        >>> inner(Tensor([[1.0, 2.0]]), Tensor([[3.0, 4.0], [5.0, 6.0]])).tolist()
        [[11.0, 17.0]]
        """
    def kron(self, W: Like) -> Tensor:
        """The Kronecker product: each entry of X, multiplied by the whole of W.

        Shapes: X (n, …), W (m, …), Y (n · m, …); of fewer axes the first are of size 1.

        >>> kron(Tensor([1.0, 10.0]), Tensor([1.0, 2.0, 3.0])).tolist()
        [1.0, 2.0, 3.0, 10.0, 20.0, 30.0]
        """
    def cross(self, W: Like, axis: builtins.int = -1, *, dim: builtins.int = -1) -> Tensor:
        """The cross product of vectors of three entries along ``axis``: orthogonal to both. The other axes broadcast.

        Y[i] = X[i + 1] · W[i + 2] − X[i + 2] · W[i + 1], counted modulo 3. Raises ValueError for another number of entries.

        >>> cross(Tensor([1.0, 0.0, 0.0]), Tensor([0.0, 1.0, 0.0])).tolist()
        [0.0, 0.0, 1.0]
        """
    def trace(self, offset: builtins.int = 0, axis1: builtins.int = 0, axis2: builtins.int = 1) -> Tensor:
        """Σ X[i, i + offset] over two axes: the sum of the diagonal of a matrix.

        >>> trace(Tensor([[1.0, 2.0], [3.0, 4.0]])).item()
        5.0
        """
    def diag(self, diagonal: builtins.int = 0, k: builtins.int | None = None) -> Tensor:
        """A vector as the diagonal of a matrix that is 0 elsewhere; of a matrix, its diagonal.

        >>> diag(Tensor([1.0, 2.0])).tolist()
        [[1.0, 0.0], [0.0, 2.0]]
        """
    def diagonal(self, offset: builtins.int = 0, dim1: builtins.int = 0, dim2: builtins.int = 1) -> Tensor:
        """The entries X[i, i + offset] over two axes, as a last axis.

        >>> diagonal(Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
        [1.0, 4.0]
        """
    def reshape(self, *sizes: Any, shape: Any = None) -> Tensor:
        """X in another shape, in the same order of entries. One size may be -1: it follows from the others.

        >>> reshape(Tensor([[1.0, 2.0], [3.0, 4.0]]), 4).tolist()
        [1.0, 2.0, 3.0, 4.0]
        """
    def view(self, *sizes: Any, shape: Any = None) -> Tensor:
        """X in another shape, in the same order of entries. One size may be -1: it follows from the others.

        >>> reshape(Tensor([[1.0, 2.0], [3.0, 4.0]]), 4).tolist()
        [1.0, 2.0, 3.0, 4.0]
        """
    def view_as(self, other: Like) -> Tensor:
        """The Tensor in the shape of ``other``."""
    def flatten(self, start_dim: builtins.int = 0, end_dim: builtins.int = -1) -> Tensor:
        """X with the axes ``start_dim`` … ``end_dim`` joined into one.

        >>> flatten(Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
        [1.0, 2.0, 3.0, 4.0]
        """
    def ravel(self, start_dim: builtins.int = 0, end_dim: builtins.int = -1) -> Tensor:
        """X with the axes ``start_dim`` … ``end_dim`` joined into one.

        >>> flatten(Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
        [1.0, 2.0, 3.0, 4.0]
        """
    def unflatten(self, dim: builtins.int, sizes: Sequence[builtins.int]) -> Tensor:
        """X with the axis ``dim`` split into several of the given sizes. One size may be -1: it follows from the others.

        >>> unflatten(Tensor([1.0, 2.0, 3.0, 4.0]), 0, (2, 2)).tolist()
        [[1.0, 2.0], [3.0, 4.0]]
        """
    def squeeze(self, axis: Axes = None, *, dim: Axes = None) -> Tensor:
        """X without its axes of size 1, or without those among ``axis``. Larger axes stay as they are, as in PyTorch.

        >>> squeeze(Tensor([[1.0, 2.0]])).tolist()
        [1.0, 2.0]
        """
    def unsqueeze(self, axis: Axes) -> Tensor:
        """X with a new axis of size 1 at ``axis``, or at each of several; PyTorch's ``unsqueeze``.

        >>> expand_dims(Tensor([1.0, 2.0]), 1).tolist()
        [[1.0], [2.0]]
        """
    def permute(self, *axes: Any, dims: Any = None) -> Tensor:
        """X with its axes in the given order; without an order, in reverse.

        >>> permute(Tensor([[1.0, 2.0], [3.0, 4.0]]), 1, 0).tolist()
        [[1.0, 3.0], [2.0, 4.0]]
        """
    def transpose(self, *order: Any, axes: Any = None, dim0: Any = None, dim1: Any = None) -> Tensor:
        """X with its axes in another order.

        ``transpose(x)`` reverses them, ``transpose(x, i, j)`` exchanges two, as in PyTorch, and a tuple says the whole
        order, as in NumPy.

        >>> transpose(Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
        [[1.0, 3.0], [2.0, 4.0]]
        """
    def t(self) -> Tensor:
        """The transpose of a matrix; a vector or a number stays as it is.

        >>> t(Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
        [[1.0, 3.0], [2.0, 4.0]]
        """
    def swapaxes(self, axis1: builtins.int, axis2: builtins.int) -> Tensor:
        """X with two of its axes exchanged.

        >>> swapaxes(Tensor([[1.0, 2.0], [3.0, 4.0]]), 0, 1).tolist()
        [[1.0, 3.0], [2.0, 4.0]]
        """
    def moveaxis(
        self,
        source: builtins.int | Sequence[builtins.int],
        destination: builtins.int | Sequence[builtins.int],
    ) -> Tensor:
        """X with the axes ``source`` moved to ``destination``; the others keep their order.

        >>> moveaxis(Tensor([[[1.0, 2.0]]]), 2, 0).shape
        (2, 1, 1)
        """
    def movedim(
        self,
        source: builtins.int | Sequence[builtins.int],
        destination: builtins.int | Sequence[builtins.int],
    ) -> Tensor:
        """X with the axes ``source`` moved to ``destination``; the others keep their order.

        >>> moveaxis(Tensor([[[1.0, 2.0]]]), 2, 0).shape
        (2, 1, 1)
        """
    def broadcast_to(self, *sizes: Any, shape: Any = None) -> Tensor:
        """X repeated along its axes of size 1 until it has the shape; PyTorch's ``expand``. A size of -1 keeps the axis.

        >>> broadcast_to(Tensor([[1.0], [2.0]]), (-1, 2)).tolist()
        [[1.0, 1.0], [2.0, 2.0]]
        """
    def expand(self, *sizes: Any, shape: Any = None) -> Tensor:
        """X repeated along its axes of size 1 until it has the shape; PyTorch's ``expand``. A size of -1 keeps the axis.

        >>> broadcast_to(Tensor([[1.0], [2.0]]), (-1, 2)).tolist()
        [[1.0, 1.0], [2.0, 2.0]]
        """
    def expand_as(self, other: Like) -> Tensor:
        """The Tensor broadcast to the shape of ``other``."""
    def tile(self, *counts: Any, reps: Any = None, dims: Any = None) -> Tensor:
        """X repeated as a whole, as often along each axis as ``counts`` says; ``reps`` in NumPy, ``dims`` in PyTorch.

        >>> tile(Tensor([1.0, 2.0]), 2).tolist()
        [1.0, 2.0, 1.0, 2.0]
        """
    def repeat(self, *sizes: Any) -> Tensor:
        """The Tensor as a whole, as often along each axis as ``sizes`` says: one number for each axis, or more in front."""
    def repeat_interleave(
        self,
        repeats: Like,
        axis: builtins.int | None = None,
        *,
        dim: builtins.int | None = None,
    ) -> Tensor:
        """Each entry along ``axis`` repeated in its place, as often as ``repeats`` says; NumPy's ``repeat``.

        ``repeats`` is one number, or one for each entry. Without ``axis`` X is flattened first.

        >>> repeat_interleave(Tensor([1.0, 2.0]), 2).tolist()
        [1.0, 1.0, 2.0, 2.0]
        """
    def split(
        self,
        split_size_or_sections: Any = None,
        axis: builtins.int = 0,
        *,
        split_size: Any = None,
        dim: builtins.int = 0,
    ) -> list[Tensor]:
        """X cut along ``axis`` into pieces of the given size, of which the last may be shorter, or of the sizes in a list.

        PyTorch's method calls that argument ``split_size``. ``np.split(t, …)`` cuts as NumPy does, into that many equal
        parts or at the listed places. Raises ValueError if the sizes do not add up to the axis.

        >>> [piece.tolist() for piece in split(Tensor([1.0, 2.0, 3.0]), 2)]
        [[1.0, 2.0], [3.0]]
        """
    def chunk(self, chunks: builtins.int, axis: builtins.int = 0, *, dim: builtins.int = 0) -> list[Tensor]:
        """X cut along an axis into at most ``chunks`` pieces of equal size (the last may be shorter).

        >>> [piece.tolist() for piece in chunk(Tensor([1.0, 2.0, 3.0]), 2)]
        [[1.0, 2.0], [3.0]]
        """
    def unbind(self, dim: builtins.int = 0, *, axis: builtins.int = 0) -> tuple[Tensor, ...]:
        """X[0], X[1], … along ``dim``; that axis is gone from the results.

        >>> [t.tolist() for t in unbind(Tensor([[1.0, 2.0], [3.0, 4.0]]), dim=1)]
        [[1.0, 3.0], [2.0, 4.0]]
        """
    def tensor_split(self, indices_or_sections: Any, axis: builtins.int = 0, *, dim: builtins.int = 0) -> list[Tensor]:
        """X cut along ``axis`` into that many parts, the first of which may be larger by one, or at the listed places.

        It is PyTorch's ``tensor_split``. Raises ValueError for less than one part, TypeError for one and a half.

        >>> [part.tolist() for part in array_split(Tensor([1.0, 2.0, 3.0]), 2)]
        [[1.0, 2.0], [3.0]]
        >>> [part.tolist() for part in array_split(Tensor([1.0, 2.0, 3.0]), [1])]
        [[1.0], [2.0, 3.0]]
        """
    def hsplit(self, indices_or_sections: Any) -> list[Tensor]:
        """X cut along axis 1, a vector along its only axis, into that many equal parts, or at the listed places.

        Raises ValueError for a number of parts that does not divide the axis.

        >>> [part.tolist() for part in hsplit(Tensor([[1.0, 2.0], [3.0, 4.0]]), 2)]
        [[[1.0], [3.0]], [[2.0], [4.0]]]
        """
    def vsplit(self, indices_or_sections: Any) -> list[Tensor]:
        """X cut along axis 0 into that many equal parts, or at the listed places: what ``vstack`` puts together.

        Raises ValueError for a vector and for a number of parts that does not divide the axis.

        >>> [part.tolist() for part in vsplit(Tensor([[1.0, 2.0], [3.0, 4.0]]), 2)]
        [[[1.0, 2.0]], [[3.0, 4.0]]]
        """
    def dsplit(self, indices_or_sections: Any) -> list[Tensor]:
        """X cut along axis 2 into that many equal parts, or at the listed places.

        Raises ValueError for fewer than three axes and for a number of parts that does not divide the axis.

        >>> [part.tolist() for part in dsplit(Tensor([[[1.0, 2.0]]]), 2)]
        [[[[1.0]]], [[[2.0]]]]
        """
    def flip(self, *axes: Any, axis: Axes = None, dim: Axes = None) -> Tensor:
        """X with its entries in reverse order along the given axes; without any, along all.

        >>> flip(Tensor([1.0, 2.0, 3.0])).tolist()
        [3.0, 2.0, 1.0]
        """
    def fliplr(self) -> Tensor:
        """X with its columns, along axis 1, in reverse order.

        >>> fliplr(Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
        [[2.0, 1.0], [4.0, 3.0]]
        """
    def flipud(self) -> Tensor:
        """X with its rows, along axis 0, in reverse order.

        >>> flipud(Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
        [[3.0, 4.0], [1.0, 2.0]]
        """
    def rot90(
        self,
        k: builtins.int = 1,
        dims: Sequence[builtins.int] = (0, 1),
        axes: Sequence[builtins.int] | None = None,
    ) -> Tensor:
        """X turned ``k`` times by 90°, from the first of two axes, ``dims`` or ``axes``, towards the second.

        >>> rot90(Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
        [[2.0, 4.0], [1.0, 3.0]]
        """
    def roll(self, shifts: Any, axis: Axes = None, *, dim: Axes = None) -> Tensor:
        """X with its entries moved by ``shifts`` along ``axis``; what leaves at the end comes in at the start.

        Without ``axis`` the flattened X is rolled. Several axes take as many shifts; ``np.roll(t, …)`` takes one for all of
        them, too. Raises TypeError for shifts that are no integers, ValueError for another number of them.

        >>> roll(Tensor([1.0, 2.0, 3.0]), 1).tolist()
        [3.0, 1.0, 2.0]
        """
    def unfold(self, dimension: builtins.int, size: builtins.int, step: builtins.int) -> Tensor:
        """All windows of ``size`` entries along ``dimension``, ``step`` apart. Their entries become a last axis.

        >>> unfold(Tensor([1.0, 2.0, 3.0]), 0, 2, 1).tolist()
        [[1.0, 2.0], [2.0, 3.0]]
        """
    def narrow(self, dim: builtins.int, start: builtins.int, length: builtins.int) -> Tensor:
        """The ``length`` entries along ``dim`` that begin at ``start``.

        >>> narrow(Tensor([1.0, 2.0, 3.0]), 0, 1, 2).tolist()
        [2.0, 3.0]
        """
    def tril(self, diagonal: builtins.int = 0, k: builtins.int | None = None) -> Tensor:
        """The lower triangle of each matrix X (..., n, m); entries above diagonal ``diagonal`` (``k``) are 0.

        >>> tril(Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
        [[1.0, 0.0], [3.0, 4.0]]
        """
    def triu(self, diagonal: builtins.int = 0, k: builtins.int | None = None) -> Tensor:
        """The upper triangle of each matrix X (..., n, m); entries below diagonal ``diagonal`` (``k``) are 0.

        >>> triu(Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
        [[1.0, 2.0], [0.0, 4.0]]
        """
    def gather(self, dim: builtins.int, index: Like) -> Tensor:
        """Y[i, j, …] = X[index[i, j, …], j, …] for dim = 0, and likewise for other axes. Y has the shape of ``index``.

        >>> gather(Tensor([[1.0, 2.0], [3.0, 4.0]]), 1, [[1], [0]]).tolist()
        [[2.0], [3.0]]
        """
    def scatter(
        self,
        dim: builtins.int,
        index: Like,
        src: Like | None = None,
        value: Like | None = None,
        reduce: str | None = None,
    ) -> Tensor:
        """X in which ``src``, or the number ``value``, replaces the entries that ``index`` names along ``dim``.

        Of several entries for one place the last is taken; it gets the gradient. With ``reduce`` "add" or "multiply" the
        entries of X are added to or multiplied instead, by all that are for one place.

        >>> scatter(Tensor([1.0, 2.0]), 0, [1], 9.0).tolist()
        [1.0, 9.0]
        """
    def scatter_add(self, dim: builtins.int, index: Like, src: Like) -> Tensor:
        """X with ``src`` added at the places that ``index`` names along ``dim``. A place that is named twice gets the sum.

        >>> scatter_add(Tensor([0.0, 0.0]), 0, [1, 1], Tensor([1.0, 2.0])).tolist()
        [0.0, 3.0]
        """
    def scatter_reduce(
        self,
        dim: builtins.int,
        index: Like,
        src: Like,
        reduce: str,
        include_self: builtins.bool = True,
    ) -> Tensor:
        """X in which the entries that ``index`` names along ``dim`` are reduced with those of ``src`` that are for them.

        ``reduce`` is "sum", "prod", "mean", "amax" or "amin". Without ``include_self`` the entry of X itself does not count
        where there is another. Raises RuntimeError for other reductions and for a ``src`` of another type.

        >>> scatter_reduce(Tensor([1.0, 2.0]), 0, [1, 1], Tensor([3.0, 4.0]), "mean").tolist()
        [1.0, 3.0]
        """
    def index_add(self, dim: builtins.int, index: Like, source: Any, alpha: builtins.float = 1) -> Tensor:
        """X with alpha · ``source`` added to the slices along ``dim`` that ``index`` names; one named twice gets the sum.

        Shapes: index (n,), source that of X with n along ``dim``.

        >>> index_add(Tensor([[1.0], [2.0]]), 0, [1, 1], Tensor([[3.0], [4.0]])).tolist()
        [[1.0], [9.0]]
        """
    def index_copy(self, dim: builtins.int, index: Like, source: Any) -> Tensor:
        """X in which the slices of ``source`` replace those along ``dim`` that ``index`` names.

        Shapes: index (n,), source that of X with n along ``dim``.

        >>> index_copy(Tensor([[1.0], [2.0]]), 0, [1], Tensor([[3.0]])).tolist()
        [[1.0], [3.0]]
        """
    def index_fill(self, dim: builtins.int, index: Like, value: Like) -> Tensor:
        """X in which ``value``, a number, stands in the slices along ``dim`` that ``index`` names.

        >>> index_fill(Tensor([[1.0], [2.0]]), 0, [1], 7.0).tolist()
        [[1.0], [7.0]]
        """
    def index_select(self, dim: builtins.int, index: Like) -> Tensor:
        """The slices of X along ``dim`` that ``index`` names.

        >>> index_select(Tensor([[1.0, 2.0], [3.0, 4.0]]), 1, [1]).tolist()
        [[2.0], [4.0]]
        """
    def take(self, indices: Like, axis: builtins.int | None = None, *, dim: builtins.int | None = None) -> Tensor:
        """The entries of X that ``indices`` names along ``axis``; without ``axis``, those of the flattened X.

        >>> take(Tensor([[1.0, 2.0], [3.0, 4.0]]), [3, 0]).tolist()
        [4.0, 1.0]
        """
    def take_along_axis(
        self,
        indices: Like,
        axis: builtins.int | None = None,
        *,
        dim: builtins.int | None = None,
    ) -> Tensor:
        """NumPy's :func:`gather`: axes of size 1 are broadcast. Without ``axis`` X is flattened first.

        >>> take_along_axis(Tensor([[1.0, 2.0], [3.0, 4.0]]), np.array([[1], [0]]), 1).tolist()
        [[2.0], [3.0]]
        """
    def take_along_dim(
        self,
        indices: Like,
        axis: builtins.int | None = None,
        *,
        dim: builtins.int | None = None,
    ) -> Tensor:
        """NumPy's :func:`gather`: axes of size 1 are broadcast. Without ``axis`` X is flattened first.

        >>> take_along_axis(Tensor([[1.0, 2.0], [3.0, 4.0]]), np.array([[1], [0]]), 1).tolist()
        [[2.0], [3.0]]
        """
    def masked_select(self, mask: Like) -> Tensor:
        """The entries of X where ``mask`` (broadcast to its shape) is true, as a vector.

        >>> masked_select(Tensor([1.0, 2.0]), [False, True]).tolist()
        [2.0]
        """
    @overload
    def nonzero(self, as_tuple: Literal[False] = False) -> Tensor:
        """The places of the entries that are not 0: a row for each place, or with ``as_tuple`` a Tensor for each axis.

        >>> nonzero(Tensor([0.0, 5.0])).tolist()
        [[1]]
        """
    @overload
    def nonzero(self, as_tuple: Literal[True]) -> tuple[Tensor, ...]: ...
    def clone(self) -> Tensor:
        """X in an array of its own; PyTorch's ``clone``. The gradient passes through.

        >>> copy(Tensor([1.0])).tolist()
        [1.0]
        """
    def astype(self, dtype: Any) -> Tensor:
        """X in another dtype. The gradient comes back in the dtype of X; only floats pass it on.

        Raises TypeError for a dtype that is neither boolean, integer nor float.

        >>> astype(Tensor([1.5]), dtype="float64").dtype
        dtype('float64')
        """
    def to(self, *args: Any, dtype: Any = None, device: Any = 'cpu', **hints: builtins.bool) -> Tensor:
        """X in another type, as PyTorch writes it: ``x.to(float64)`` or ``x.to(other)``. The only device is the CPU.

        >>> to(tensor([1]), "float64").dtype
        dtype('float64')
        """
    def type_as(self, other: Like) -> Tensor:
        """The Tensor in the dtype of ``other``."""
    def is_floating_point(self) -> builtins.bool:
        """Whether the entries are floats.

        >>> is_floating_point(tensor([1, 2]))
        False
        """
    def half(self) -> Tensor:
        """X in float16. The gradient comes back in the type of X; only floats pass it on."""
    def float(self) -> Tensor:
        """X in float32. The gradient comes back in the type of X; only floats pass it on."""
    def double(self) -> Tensor:
        """X in float64. The gradient comes back in the type of X; only floats pass it on."""
    def long(self) -> Tensor:
        """X in int64. The gradient comes back in the type of X; only floats pass it on."""
    def int(self) -> Tensor:
        """X in int32. The gradient comes back in the type of X; only floats pass it on."""
    def bool(self) -> Tensor:
        """X in bool. The gradient comes back in the type of X; only floats pass it on."""
    def new_zeros(
        self,
        *size: Any,
        dtype: Any = None,
        device: Any = None,
        requires_grad: builtins.bool = False,
    ) -> Tensor:
        """Zeros of the given size, in the dtype of this Tensor unless another is given."""
    def new_empty(
        self,
        *size: Any,
        dtype: Any = None,
        device: Any = None,
        requires_grad: builtins.bool = False,
    ) -> Tensor:
        """Zeros of the given size, in the dtype of this Tensor unless another is given."""
    def new_ones(
        self,
        *size: Any,
        dtype: Any = None,
        device: Any = None,
        requires_grad: builtins.bool = False,
    ) -> Tensor:
        """Ones of the given size, in the dtype of this Tensor unless another is given."""
    def new_full(
        self,
        size: Any,
        fill_value: Like,
        dtype: Any = None,
        device: Any = None,
        requires_grad: builtins.bool = False,
    ) -> Tensor:
        """Entries that are all ``fill_value``, of the given size, in the dtype of this Tensor unless another is given."""
    def new_tensor(
        self,
        data: Like,
        dtype: Any = None,
        device: Any = None,
        requires_grad: builtins.bool = False,
    ) -> Tensor:
        """A Tensor of ``data``, in the dtype of this one unless another is given."""
    def contiguous(self) -> Tensor:
        """The Tensor itself, or a copy of one that is laid out otherwise and needs no gradient; ``view`` takes either."""
    def cpu(self) -> Tensor:
        """The Tensor itself: the only device is the CPU."""
    def dim(self) -> builtins.int:
        """The number of axes; PyTorch's name for ``ndim``."""
    def numel(self) -> builtins.int:
        """The number of entries."""
    def nelement(self) -> builtins.int:
        """The number of entries."""
    def equal(self, other: Like) -> builtins.bool:
        """Whether both have the same shape and the same entries: one answer. ``==``, ``eq`` and ``np.equal`` compare each.

        >>> equal(tensor([1, 2]), tensor([1, 2])), equal(tensor([1, 2]), tensor([1]))
        (True, False)
        """
    def type(self, dtype: Any = None, non_blocking: builtins.bool = False) -> Tensor:
        """The Tensor in another type: a dtype, ``LongTensor`` or ``"torch.LongTensor"``; without one, its type's name.

        >>> tensor([1, 2]).type()
        'torch.LongTensor'
        >>> tensor([1, 2]).type("torch.FloatTensor").dtype
        dtype('float32')
        """
    def cuda(self, device: Any = None, non_blocking: builtins.bool = False) -> Tensor:
        """Raises ValueError: NumPy computes on the CPU."""
    def get_device(self) -> builtins.int:
        """The number of the GPU that the Tensor is on: −1, for it is on none."""
    def is_contiguous(self, memory_format: Any = None) -> builtins.bool:
        """Whether ``view`` takes the Tensor: it takes any layout."""
    def pin_memory(self) -> Tensor:
        """The Tensor itself: there is no GPU to copy to."""
    def element_size(self) -> builtins.int:
        """The bytes of one entry."""
    def ndimension(self) -> builtins.int:
        """The number of axes."""
    def abs_(self) -> Tensor:
        """Leave in the Tensor what :func:`absolute` makes of it, and return it."""
    def acos_(self) -> Tensor:
        """Leave in the Tensor what :func:`arccos` makes of it, and return it."""
    def acosh_(self) -> Tensor:
        """Leave in the Tensor what :func:`arccosh` makes of it, and return it."""
    def arctan2_(self, W: Like) -> Tensor:
        """Leave in the Tensor what :func:`arctan2` makes of it, and return it."""
    def asin_(self) -> Tensor:
        """Leave in the Tensor what :func:`arcsin` makes of it, and return it."""
    def asinh_(self) -> Tensor:
        """Leave in the Tensor what :func:`arcsinh` makes of it, and return it."""
    def atan_(self) -> Tensor:
        """Leave in the Tensor what :func:`arctan` makes of it, and return it."""
    def atan2_(self, W: Like) -> Tensor:
        """Leave in the Tensor what :func:`arctan2` makes of it, and return it."""
    def atanh_(self) -> Tensor:
        """Leave in the Tensor what :func:`arctanh` makes of it, and return it."""
    def ceil_(self) -> Tensor:
        """Leave in the Tensor what :func:`ceil` makes of it, and return it."""
    def clamp_(self, min: Like | None = None, max: Like | None = None) -> Tensor:
        """Leave in the Tensor what :func:`clip` makes of it, and return it."""
    def clip_(self, min: Like | None = None, max: Like | None = None) -> Tensor:
        """Leave in the Tensor what :func:`clip` makes of it, and return it."""
    def copysign_(self, W: Like) -> Tensor:
        """Leave in the Tensor what :func:`copysign` makes of it, and return it."""
    def cos_(self) -> Tensor:
        """Leave in the Tensor what :func:`cos` makes of it, and return it."""
    def cosh_(self) -> Tensor:
        """Leave in the Tensor what :func:`cosh` makes of it, and return it."""
    def cumprod_(
        self,
        axis: builtins.int | None = None,
        dtype: Any = None,
        *,
        dim: builtins.int | None = None,
    ) -> Tensor:
        """Leave in the Tensor what :func:`cumprod` makes of it, and return it."""
    def cumsum_(
        self,
        axis: builtins.int | None = None,
        dtype: Any = None,
        *,
        dim: builtins.int | None = None,
    ) -> Tensor:
        """Leave in the Tensor what :func:`cumsum` makes of it, and return it."""
    def deg2rad_(self) -> Tensor:
        """Leave in the Tensor what :func:`deg2rad` makes of it, and return it."""
    def div_(self, W: Like, rounding_mode: str | None = None) -> Tensor:
        """Leave in the Tensor what :func:`div` makes of it, and return it."""
    def eq_(self, W: Like) -> Tensor:
        """Leave in the Tensor what :func:`equal` makes of it, and return it."""
    def erf_(self) -> Tensor:
        """Leave in the Tensor what :func:`erf` makes of it, and return it."""
    def exp_(self) -> Tensor:
        """Leave in the Tensor what :func:`exp` makes of it, and return it."""
    def exp2_(self) -> Tensor:
        """Leave in the Tensor what :func:`exp2` makes of it, and return it."""
    def expm1_(self) -> Tensor:
        """Leave in the Tensor what :func:`expm1` makes of it, and return it."""
    def floor_(self) -> Tensor:
        """Leave in the Tensor what :func:`floor` makes of it, and return it."""
    def floor_divide_(self, W: Like) -> Tensor:
        """Leave in the Tensor what :func:`floor_divide` makes of it, and return it."""
    def fmod_(self, W: Like) -> Tensor:
        """Leave in the Tensor what :func:`fmod` makes of it, and return it."""
    def ge_(self, W: Like) -> Tensor:
        """Leave in the Tensor what :func:`greater_equal` makes of it, and return it."""
    def gt_(self, W: Like) -> Tensor:
        """Leave in the Tensor what :func:`greater` makes of it, and return it."""
    def hypot_(self, W: Like) -> Tensor:
        """Leave in the Tensor what :func:`hypot` makes of it, and return it."""
    def le_(self, W: Like) -> Tensor:
        """Leave in the Tensor what :func:`less_equal` makes of it, and return it."""
    def lerp_(self, end: Like, weight: Like) -> Tensor:
        """Leave in the Tensor what :func:`lerp` makes of it, and return it."""
    def log_(self) -> Tensor:
        """Leave in the Tensor what :func:`log` makes of it, and return it."""
    def log10_(self) -> Tensor:
        """Leave in the Tensor what :func:`log10` makes of it, and return it."""
    def log1p_(self) -> Tensor:
        """Leave in the Tensor what :func:`log1p` makes of it, and return it."""
    def log2_(self) -> Tensor:
        """Leave in the Tensor what :func:`log2` makes of it, and return it."""
    def logical_and_(self, W: Like) -> Tensor:
        """Leave in the Tensor what :func:`logical_and` makes of it, and return it."""
    def logical_not_(self) -> Tensor:
        """Leave in the Tensor what :func:`logical_not` makes of it, and return it."""
    def logical_or_(self, W: Like) -> Tensor:
        """Leave in the Tensor what :func:`logical_or` makes of it, and return it."""
    def logical_xor_(self, W: Like) -> Tensor:
        """Leave in the Tensor what :func:`logical_xor` makes of it, and return it."""
    def lt_(self, W: Like) -> Tensor:
        """Leave in the Tensor what :func:`less` makes of it, and return it."""
    def masked_fill_(self, mask: Like, value: Like) -> Tensor:
        """Leave in the Tensor what :func:`masked_fill` makes of it, and return it."""
    def mul_(self, W: Like) -> Tensor:
        """Leave in the Tensor what :func:`multiply` makes of it, and return it."""
    def nan_to_num_(
        self,
        nan: builtins.float = 0.0,
        posinf: builtins.float | None = None,
        neginf: builtins.float | None = None,
    ) -> Tensor:
        """Leave in the Tensor what :func:`nan_to_num` makes of it, and return it."""
    def ne_(self, W: Like) -> Tensor:
        """Leave in the Tensor what :func:`not_equal` makes of it, and return it."""
    def neg_(self) -> Tensor:
        """Leave in the Tensor what :func:`negative` makes of it, and return it."""
    def pow_(self, W: Like) -> Tensor:
        """Leave in the Tensor what :func:`power` makes of it, and return it."""
    def rad2deg_(self) -> Tensor:
        """Leave in the Tensor what :func:`rad2deg` makes of it, and return it."""
    def reciprocal_(self) -> Tensor:
        """Leave in the Tensor what :func:`reciprocal` makes of it, and return it."""
    def relu_(self) -> Tensor:
        """Leave in the Tensor what :func:`relu` makes of it, and return it."""
    def remainder_(self, W: Like) -> Tensor:
        """Leave in the Tensor what :func:`remainder` makes of it, and return it."""
    def round_(self, decimals: builtins.int = 0) -> Tensor:
        """Leave in the Tensor what :func:`round` makes of it, and return it."""
    def rsqrt_(self) -> Tensor:
        """Leave in the Tensor what :func:`rsqrt` makes of it, and return it."""
    def scatter_(
        self,
        dim: builtins.int,
        index: Like,
        src: Like | None = None,
        value: Like | None = None,
        reduce: str | None = None,
    ) -> Tensor:
        """Leave in the Tensor what :func:`scatter` makes of it, and return it."""
    def scatter_add_(self, dim: builtins.int, index: Like, src: Like) -> Tensor:
        """Leave in the Tensor what :func:`scatter_add` makes of it, and return it."""
    def scatter_reduce_(
        self,
        dim: builtins.int,
        index: Like,
        src: Like,
        reduce: str,
        include_self: builtins.bool = True,
    ) -> Tensor:
        """Leave in the Tensor what :func:`scatter_reduce` makes of it, and return it."""
    def sigmoid_(self) -> Tensor:
        """Leave in the Tensor what :func:`sigmoid` makes of it, and return it."""
    def sign_(self) -> Tensor:
        """Leave in the Tensor what :func:`sign` makes of it, and return it."""
    def sin_(self) -> Tensor:
        """Leave in the Tensor what :func:`sin` makes of it, and return it."""
    def sinc_(self) -> Tensor:
        """Leave in the Tensor what :func:`sinc` makes of it, and return it."""
    def sinh_(self) -> Tensor:
        """Leave in the Tensor what :func:`sinh` makes of it, and return it."""
    def sqrt_(self) -> Tensor:
        """Leave in the Tensor what :func:`sqrt` makes of it, and return it."""
    def square_(self) -> Tensor:
        """Leave in the Tensor what :func:`square` makes of it, and return it."""
    def tan_(self) -> Tensor:
        """Leave in the Tensor what :func:`tan` makes of it, and return it."""
    def tanh_(self) -> Tensor:
        """Leave in the Tensor what :func:`tanh` makes of it, and return it."""
    def tril_(self, diagonal: builtins.int = 0, k: builtins.int | None = None) -> Tensor:
        """Leave in the Tensor what :func:`tril` makes of it, and return it."""
    def triu_(self, diagonal: builtins.int = 0, k: builtins.int | None = None) -> Tensor:
        """Leave in the Tensor what :func:`triu` makes of it, and return it."""
    def trunc_(self) -> Tensor:
        """Leave in the Tensor what :func:`trunc` makes of it, and return it."""
    def addcdiv_(self, tensor1: Any, tensor2: Any, value: builtins.float = 1) -> Tensor:
        """Leave in the Tensor what :func:`addcdiv` makes of it, and return it."""
    def addcmul_(self, tensor1: Any, tensor2: Any, value: builtins.float = 1) -> Tensor:
        """Leave in the Tensor what :func:`addcmul` makes of it, and return it."""
    def addmm_(self, mat1: Any, mat2: Any, beta: builtins.float = 1, alpha: builtins.float = 1) -> Tensor:
        """Leave in the Tensor what :func:`addmm` makes of it, and return it."""
    def baddbmm_(self, batch1: Any, batch2: Any, beta: builtins.float = 1, alpha: builtins.float = 1) -> Tensor:
        """Leave in the Tensor what :func:`baddbmm` makes of it, and return it."""
    def index_add_(self, dim: builtins.int, index: Like, source: Any, alpha: builtins.float = 1) -> Tensor:
        """Leave in the Tensor what :func:`index_add` makes of it, and return it."""
    def index_copy_(self, dim: builtins.int, index: Like, source: Any) -> Tensor:
        """Leave in the Tensor what :func:`index_copy` makes of it, and return it."""
    def index_fill_(self, dim: builtins.int, index: Like, value: Like) -> Tensor:
        """Leave in the Tensor what :func:`index_fill` makes of it, and return it."""
    def add_(self, other: Like, *, alpha: builtins.float = 1) -> Tensor:
        """Leave in the Tensor what :func:`added` makes of it, and return it."""
    def sub_(self, other: Like, *, alpha: builtins.float = 1) -> Tensor:
        """Leave in the Tensor what :func:`subtracted` makes of it, and return it."""
    def subtract_(self, other: Like, *, alpha: builtins.float = 1) -> Tensor:
        """Leave in the Tensor what :func:`subtracted` makes of it, and return it."""
    def multiply_(self, W: Like) -> Tensor:
        """Leave in the Tensor what :func:`multiply` makes of it, and return it."""
    def divide_(self, W: Like, rounding_mode: str | None = None) -> Tensor:
        """Leave in the Tensor what :func:`div` makes of it, and return it."""
    def fill_(self, value: Like) -> Tensor:
        """Set every entry to ``value``, a number or a Tensor without axes.

        >>> Tensor([1.0, 2.0]).fill_(3.0).tolist()
        [3.0, 3.0]
        """
    def zero_(self) -> Tensor:
        """Set every entry to 0.

        >>> Tensor([1.0, 2.0]).zero_().tolist()
        [0.0, 0.0]
        """
    def copy_(self, src: Like, non_blocking: builtins.bool = False) -> Tensor:
        """Set the entries to those of ``src``, which is broadcast and brought to the type of this Tensor.

        >>> Tensor([[1.0, 2.0], [3.0, 4.0]]).copy_(Tensor([5.0, 6.0])).tolist()
        [[5.0, 6.0], [5.0, 6.0]]
        """
    def index_put_(self, indices: Like, values: Any, accumulate: builtins.bool = False) -> Tensor:
        """Set ``self[indices]`` to ``values``; with ``accumulate`` add them, as often as a place is named.

        >>> zeros(2).index_put_([tensor([1, 1])], Tensor([2.0, 3.0]), accumulate=True).tolist()
        [0.0, 5.0]
        """
    def fill_diagonal_(self, fill_value: Like, wrap: builtins.bool = False) -> Tensor:
        """Set the entries of the diagonal of a matrix to ``fill_value``. ``wrap`` begins anew below a tall matrix.

        >>> zeros(2, 2).fill_diagonal_(1).tolist()
        [[1.0, 0.0], [0.0, 1.0]]
        """
    def normal_(self, mean: builtins.float = 0, std: builtins.float = 1, *, generator: Any = None) -> Tensor:
        """Draw the entries from the normal distribution.

        >>> zeros(2, 3).normal_(std=0.02).shape
        (2, 3)
        """
    def uniform_(
        self,
        from_: builtins.float = 0,
        to: builtins.float = 1,
        *,
        generator: Any = None,
        **named: Any,
    ) -> Tensor:
        """Draw the entries evenly from ``from_`` up to ``to``; PyTorch calls the first ``from``, which Python reserves.

        >>> 0 <= zeros(1).uniform_().item() < 1
        True
        """
    def bernoulli_(self, p: Any = 0.5, *, generator: Any = None) -> Tensor:
        """Set each entry to 1 with probability ``p``, a number or a Tensor of probabilities, and else to 0.

        >>> zeros(2).bernoulli_(1.0).tolist()
        [1.0, 1.0]
        """
    def exponential_(self, lambd: builtins.float = 1, *, generator: Any = None) -> Tensor:
        """Draw the entries from the exponential distribution with the mean 1 / lambd.

        >>> zeros(1).exponential_().item() >= 0
        True
        """
    def random_(self, low: builtins.int = 0, to: builtins.int | None = None, *, generator: Any = None) -> Tensor:
        """Draw whole numbers from ``low`` to ``to`` − 1; a single number is the end, and without one the type's range.

        >>> zeros(1).random_(3, 4).item()
        3.0
        """
    def detach_(self) -> Tensor:
        """Cut the Tensor itself from the graph: it is a leaf from now on, which requires no gradient."""
    def t_(self) -> Tensor:
        """Let the Tensor itself be what :func:`t` makes of it, of the same memory."""
    def transpose_(self, *order: Any, axes: Any = None, dim0: Any = None, dim1: Any = None) -> Tensor:
        """Let the Tensor itself be what :func:`transpose` makes of it, of the same memory."""
    def swapaxes_(self, axis1: builtins.int, axis2: builtins.int) -> Tensor:
        """Let the Tensor itself be what :func:`swapaxes` makes of it, of the same memory."""
    def squeeze_(self, axis: Axes = None, *, dim: Axes = None) -> Tensor:
        """Let the Tensor itself be what :func:`squeeze` makes of it, of the same memory."""
    def unsqueeze_(self, axis: Axes) -> Tensor:
        """Let the Tensor itself be what :func:`expand_dims` makes of it, of the same memory."""
    def __add__(self, other: Like) -> Tensor: ...
    def __radd__(self, other: Like) -> Tensor: ...
    def __sub__(self, other: Like) -> Tensor: ...
    def __rsub__(self, other: Like) -> Tensor: ...
    def __mul__(self, other: Like) -> Tensor: ...
    def __rmul__(self, other: Like) -> Tensor: ...
    def __truediv__(self, other: Like) -> Tensor: ...
    def __rtruediv__(self, other: Like) -> Tensor: ...
    def __floordiv__(self, other: Like) -> Tensor: ...
    def __rfloordiv__(self, other: Like) -> Tensor: ...
    def __mod__(self, other: Like) -> Tensor: ...
    def __rmod__(self, other: Like) -> Tensor: ...
    def __pow__(self, other: Like) -> Tensor: ...
    def __rpow__(self, other: Like) -> Tensor: ...
    def __matmul__(self, other: Like) -> Tensor: ...
    def __rmatmul__(self, other: Like) -> Tensor: ...
    def __and__(self, other: Like) -> Tensor: ...
    def __rand__(self, other: Like) -> Tensor: ...
    def __or__(self, other: Like) -> Tensor: ...
    def __ror__(self, other: Like) -> Tensor: ...
    def __xor__(self, other: Like) -> Tensor: ...
    def __rxor__(self, other: Like) -> Tensor: ...
    def __lshift__(self, other: Like) -> Tensor: ...
    def __rlshift__(self, other: Like) -> Tensor: ...
    def __rshift__(self, other: Like) -> Tensor: ...
    def __rrshift__(self, other: Like) -> Tensor: ...
    def __lt__(self, other: Like) -> Tensor: ...
    def __le__(self, other: Like) -> Tensor: ...
    def __gt__(self, other: Like) -> Tensor: ...
    def __ge__(self, other: Like) -> Tensor: ...
    def __neg__(self) -> Tensor: ...
    def __abs__(self) -> Tensor: ...
    def __invert__(self) -> Tensor: ...
    def __eq__(self, other: object) -> Tensor: ...  # type: ignore[override]
    def __ne__(self, other: object) -> Tensor: ...  # type: ignore[override]
    def __getitem__(self, index: Any) -> Tensor: ...
    def _repr_html_(self) -> str: ...
    @property
    def T(self) -> Tensor:
        """All axes in reverse order."""
    @property
    def mT(self) -> Tensor:
        """The last two axes swapped: the transpose of each matrix of a batch."""
    @property
    def size(self) -> Size:
        """The number of entries, as in NumPy; ``t.size()`` is the shape and ``t.size(0)`` one axis, as in PyTorch."""
    @property
    def data(self) -> Tensor:
        """A Tensor without a graph that shares the array: what is written to one is written to the other."""
    @data.setter
    def data(self, value: Any) -> None: ...
    @property
    def device(self) -> device:
        """Where the Tensor is: always ``device("cpu")``, which equals ``"cpu"``."""
    @property
    def is_cuda(self) -> builtins.bool:
        """Whether the Tensor is on a GPU: it never is."""
    @property
    def is_cpu(self) -> builtins.bool:
        """Whether the Tensor is on the CPU: it always is."""
    @property
    def is_sparse(self) -> builtins.bool:
        """Whether only some entries are stored: all are."""
    @property
    def nbytes(self) -> builtins.int:
        """The bytes of all entries."""
    @property
    def itemsize(self) -> builtins.int:
        """The bytes of one entry."""
