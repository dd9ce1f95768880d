"""The type of every result is PyTorch's: the kind of the inputs decides, then arrays, then Tensors without axes."""

import itertools
import operator

import numpy as np
import pytest

import tinygrad_tf

torch = pytest.importorskip("torch", reason="PyTorch is the oracle")

TYPES = ["bool", "uint8", "int32", "int64", "float32", "float64"]
UNARY = [
    "neg", "abs", "square", "reciprocal", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "rsqrt",
    "tanh", "sigmoid", "erf", "sin", "cos", "tan", "sinh", "cosh", "asin", "acos", "atan", "asinh", "acosh", "atanh",
    "sign", "floor", "ceil", "trunc", "round", "relu", "sum", "mean", "prod", "var", "std", "amax", "amin", "max",
    "min", "argmax", "argmin", "all", "any", "logsumexp", "norm", "logical_not", "isnan", "isinf", "isfinite", "tril",
    "triu", "flatten", "t.T", "sort", "argsort", "nonzero", "trace", "diag", "cumsum 0", "cumprod 0", "cummax 0",
    "softmax 0", "log_softmax 0", "flip 0", "roll 1", "topk 1", "sinc", "deg2rad", "rad2deg", "isposinf", "isneginf",
    "rot90", "std_mean", "logcumsumexp 0", "atleast_3d", "gradient",
]  # fmt: skip
#: Where PyTorch goes its own way with booleans and bytes; NumPy's types are kept.
ODD = {
    ("sign", "bool"), ("all", "uint8"), ("any", "uint8"),
}  # fmt: skip
BINARY = [
    "add", "sub", "mul", "div", "pow", "maximum", "minimum", "fmod", "remainder", "floor_divide", "logaddexp", "eq",
    "lt", "logical_and", "bitwise_and", "logaddexp2", "hypot", "copysign", "kron", "inner",
    "fmax", "fmin",
]  # fmt: skip
OPERATORS = ["add", "sub", "mul", "truediv", "pow", "mod", "floordiv", "eq", "lt", "and_"]
NUMBERS = [True, 2, 2.5]


def types_of(call, *inputs):
    """The types of the results, or None if the call is refused."""
    try:
        with np.errstate(all="ignore"):
            result = call(*inputs)
    except (TypeError, ValueError, RuntimeError, NotImplementedError, IndexError):
        return None
    results = result if isinstance(result, tuple) else (result,)
    return [str(y.dtype).removeprefix("torch.") for y in results]


def differing(calls):
    """What is not as in PyTorch: of each named call and its arrays, our types and PyTorch's, if it takes them."""
    found = {}
    for name, (call, *arrays) in calls.items():
        theirs = types_of(call, torch, *[torch.from_numpy(np.array(a)) for a in arrays])
        ours = types_of(call, tinygrad_tf, *[tinygrad_tf.Tensor(a) for a in arrays])
        if theirs is not None and ours != theirs:
            found[name] = (ours, theirs)
    return found


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", UNARY)
def test_of_one(name):
    function, *args = name.split()
    call = (lambda t, x: x.T) if name == "t.T" else lambda t, x: getattr(t, function)(x, *map(int, args))
    values = [[1, 0], [1, 1]]
    assert differing({d: (call, np.array(values, d)) for d in TYPES if (name, d) not in ODD}) == {}


SHAPES = [((2,), (2,)), ((2,), ()), ((), (2,)), ((), ())]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", [*BINARY, "where", "cat", "stack"])
def test_of_two(name):
    def call(t, a, b):
        if name == "where":
            return t.where(a > 0, a, b)
        return getattr(t, name)((a, b)) if name in ("cat", "stack") else getattr(t, name)(a, b)

    calls = {
        (shapes, first, second): (call, np.ones(shapes[0], first), np.ones(shapes[1], second))
        for shapes, first, second in itertools.product(SHAPES, TYPES, TYPES)
    }
    assert differing(calls) == {}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", OPERATORS)
def test_of_one_and_a_number(name):
    function = getattr(operator, name)
    calls = {}
    for shape, dtype, number in itertools.product([(2,), ()], TYPES, NUMBERS):
        if (name, dtype, number) != ("pow", "bool", True):  # NumPy makes int8 of True ** True
            x = np.ones(shape, dtype)
            calls[shape, dtype, number] = (lambda t, x, n=number: function(x, n), x)
            calls[number, shape, dtype] = (lambda t, x, n=number: function(n, x), x)
    assert differing(calls) == {}
