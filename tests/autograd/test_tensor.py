"""Tensor by itself: what it is made of, the type of what is made of it, and how Python and NumPy see it."""

import copy
import itertools
import pickle

import numpy as np
import pytest

import tinygrad_tf
from tinygrad_tf import Tensor, grad

f32, f64, i32, i64 = np.float32, np.float64, np.int32, np.int64


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", reason="PyTorch is the oracle")


def leaf(*values):
    return Tensor(np.array(values), requires_grad=True)


# ---- making one -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data, dtype",
    [
        (1.5, f32), (1, f32), (True, np.bool_), ([1.0, 2.0], f32), ([1, 2], f32), ([True], np.bool_), ([1, 2.5], f32),
        ([], f32), (np.float64(1), f64), (np.float32(1), f32), (np.ones(2), f64), (np.ones(2, f32), f32),
        (np.arange(2, dtype=i32), i32), (np.ones(2, np.float16), np.float16), (range(3), i64),
        ([np.float64(1.0)], f32), ((1.0, (2.0)), f32),
    ],
    ids=str,
)  # fmt: skip
def test_dtype_is_what_the_user_brought_and_else_float32(data, dtype):
    assert Tensor(data).dtype == dtype


@pytest.mark.parametrize("dtype", [f64, "float64", np.dtype("f8"), float])
def test_dtype_can_be_chosen(dtype):
    assert Tensor([1, 2], dtype=dtype).dtype == f64


@pytest.mark.parametrize(
    "make",
    [lambda a: Tensor(a), lambda a: Tensor(a.T), lambda a: Tensor(a[:1]), lambda a: Tensor(a, dtype=f64),
     lambda a: Tensor(Tensor.wrap(a)), lambda a: Tensor(memoryview(a))],
    ids=["array", "transposed", "slice", "same dtype", "Tensor", "buffer"],
)  # fmt: skip
def test_an_array_is_copied(make):
    a = np.ones((2, 2))
    t = make(a)
    a[...] = 7
    assert np.all(t.array == 1)


def test_a_list_of_tensors_becomes_one():
    t = Tensor([Tensor([1.0, 2.0]), [Tensor(3.0), 4.0]])
    assert (t.tolist(), t.dtype, t.requires_grad) == ([[1.0, 2.0], [3.0, 4.0]], f32, False)


def test_fields_of_a_leaf():
    t = Tensor([[1.0, 2.0]], requires_grad=True, name="W")
    assert (t.shape, t.ndim, t.size, t.numel(), t.name, t.is_leaf, t.requires_grad) == (
        (1, 2),
        2,
        2,
        2,
        "W",
        True,
        True,
    )
    assert (t.op, t.inputs, t.grad) == (None, (), None)


def test_requires_grad_can_be_set():
    t = Tensor([1.0])
    assert t.requires_grad_() is t
    assert (t * 2).requires_grad
    assert not t.requires_grad_(False).requires_grad


def test_results_do_not_share_memory_with_their_detached_copies_only():
    t = leaf(1.0, 2.0)
    assert t.detach().array is t.array
    assert not t.detach().requires_grad
    assert t.clone().array is not t.array


# ---- types that meet, as in PyTorch ---------------------------------------------------------------------------------

DTYPES = ["float32", "float64", "int32", "int64", "uint8", "bool"]
OPERANDS = {
    **{f"{d} with axes": (lambda lib, d=d: lib(np.ones((2,), d))) for d in DTYPES},
    **{f"{d} without axes": (lambda lib, d=d: lib(np.ones((), d))) for d in DTYPES},
    "2.5": lambda lib: 2.5,
    "2": lambda lib: 2,
    "True": lambda lib: True,
}
OPERATORS = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "power": lambda a, b: a**b,
    "less": lambda a, b: a < b,
}


def result_type(call, lib):
    try:
        return str(call(lib).dtype).removeprefix("torch.")
    except (RuntimeError, TypeError) as problem:
        return type(problem)


@pytest.mark.parametrize("name", OPERATORS)
def test_types_meet_as_in_pytorch(name, torch):
    """All pairs of dtypes, with axes, without, and Python's numbers, on both sides."""
    wrong = []
    for (left, a), (right, b) in itertools.product(OPERANDS.items(), repeat=2):
        plain = left in ("2.5", "2", "True") and right in ("2.5", "2", "True")
        if not plain and not (name == "power" and "bool" in left and right == "True"):  # no power in either library
            call = lambda lib, a=a, b=b: OPERATORS[name](a(lib), b(lib))
            theirs = result_type(call, torch.from_numpy)
            if isinstance(theirs, str) and result_type(call, Tensor) != theirs:
                wrong.append(f"{left} {name} {right}: {result_type(call, Tensor)}, in PyTorch {theirs}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("number", [np.float64(2), np.float32(2), 2.0, np.int64(2), 2])
def test_numbers_do_not_change_a_float(number):
    for dtype in (f32, f64):
        t = Tensor(np.ones(2, dtype))
        for y in (t * number, number * t, t**number, number / t, tinygrad_tf.maximum(number, t)):
            assert y.dtype == dtype


@pytest.mark.parametrize(
    "name, theirs", [("exp", "exp"), ("sqrt", "sqrt"), ("sigmoid", "sigmoid"), ("tanh", "tanh"), ("log", "log")]
)
@pytest.mark.parametrize("dtype", DTYPES)
def test_curves_of_integers_are_float32(name, theirs, dtype, torch):
    a = np.ones(2, dtype)
    expected = getattr(torch, theirs)(torch.from_numpy(a)).numpy()
    np.testing.assert_allclose(getattr(Tensor(a), name)().array, expected, rtol=1e-6, strict=True)


@pytest.mark.parametrize("dtype", DTYPES)
def test_joining_and_choosing_meet_alike(dtype, torch):
    a, b = np.ones(2, dtype), np.ones(2, f32)
    assert (
        tinygrad_tf.concatenate([Tensor(a), Tensor(b)]).dtype
        == torch.cat([torch.tensor(a), torch.tensor(b)]).numpy().dtype
    )
    assert (
        tinygrad_tf.where(a > 0, Tensor(a), 2.5).dtype
        == torch.where(torch.tensor(a > 0), torch.tensor(a), 2.5).numpy().dtype
    )


def test_sums_of_integers_and_booleans_count():
    assert Tensor([True, True]).sum().tolist() == 2
    assert Tensor([True, True]).sum().dtype == i64
    assert Tensor(np.array([1, 2])).mean().dtype == f32


def test_a_python_number_is_as_exact_as_the_tensor():
    x = Tensor(np.array([1.0]))
    assert (0.1 * x).item() == (x * 0.1).item() == 0.1
    assert tinygrad_tf.where(x > 2, x, 0.1).item() == tinygrad_tf.where(x < 2, 0.1, x).item() == 0.1


# ---- Python ---------------------------------------------------------------------------------------------------------


def test_numbers_out():
    t = Tensor([[2.5]])
    assert (t.item(), float(t), int(t), bool(t), f"{t:.2f}") == (2.5, 2.5, 2, True, "2.50")
    assert [10, 20, 30][Tensor(np.array(1))] == 20


def test_len_and_iteration():
    t = leaf(1.0, 2.0, 3.0)
    assert len(t) == 3
    a, b, _ = t
    assert grad(a * b, t).tolist() == [2.0, 1.0, 0.0]


def test_equality_is_by_entry_and_hash_by_identity():
    a, b = Tensor([1.0, 2.0]), Tensor([1.0, 3.0])
    assert (a == b).tolist() == [True, False]
    assert (a != b).tolist() == [False, True]
    assert {a: "a", b: "b"}[a] == "a"


@pytest.mark.parametrize(
    "tensor, text",
    [
        (lambda: Tensor([1.0, 2.0]), "Tensor([1., 2.], dtype=float32)"),
        (lambda: Tensor(np.array(3)), "Tensor(3, dtype=int64)"),
        (
            lambda: Tensor([1.0], requires_grad=True, name="W"),
            "Tensor([1.], dtype=float32, name='W', requires_grad=True)",
        ),
        (lambda: Tensor([1.0], requires_grad=True) * 2, "Tensor([2.], dtype=float32, op=multiply)"),
    ],
    ids=["plain", "integer", "parameter", "result"],
)
def test_repr(tensor, text):
    assert repr(tensor()) == text


def test_repr_of_a_large_tensor_is_short():
    assert len(repr(Tensor(np.zeros((1000, 1000))))) < 1000


@pytest.mark.parametrize(
    "again", [copy.deepcopy, copy.copy, lambda t: pickle.loads(pickle.dumps(t))], ids=["deepcopy", "copy", "pickle"]
)
def test_a_leaf_is_copied_with_its_gradient(again):
    t = Tensor(np.array([1.0, 2.0]), requires_grad=True, name="W")
    (t * t).sum().backward()
    other = again(t)
    assert (other.tolist(), other.dtype, other.requires_grad, other.name) == ([1.0, 2.0], f64, True, "W")
    assert other.grad.tolist() == [2.0, 4.0]
    assert other.number > t.number
    other.array[...] = 0
    assert t.tolist() == [1.0, 2.0]


def test_deepcopy_keeps_what_is_shared_shared():
    t = leaf(1.0)
    a, b = copy.deepcopy([t, t])
    assert a is b
    assert a is not t


# ---- NumPy ----------------------------------------------------------------------------------------------------------

A = np.array([[1.0, 2.0], [3.0, 4.0]])

NUMPY = [
    ("exp", np.exp), ("log", np.log), ("sqrt", np.sqrt), ("tanh", np.tanh), ("abs", np.abs), ("negative", np.negative),
    ("sign", np.sign), ("add", lambda t: np.add(t, 1)), ("maximum", lambda t: np.maximum(2.5, t)),
    ("matmul", lambda t: np.matmul(A, t)), ("sum", np.sum), ("sum over an axis", lambda t: np.sum(t, axis=0)),
    ("mean, kept", lambda t: np.mean(t, 1, keepdims=True)), ("max", lambda t: np.max(t, axis=1)), ("min", np.min),
    ("argmax", lambda t: np.argmax(t, axis=1)), ("where", lambda t: np.where(A > 2, t, 0)),
    ("reshape", lambda t: np.reshape(t, (4, 1))), ("transpose", np.transpose),
    ("swapaxes", lambda t: np.swapaxes(t, 0, 1)),
    ("transpose by axes", lambda t: np.transpose(t, (1, 0))), ("squeeze", lambda t: np.squeeze(t[:1], 0)),
    ("expand_dims", lambda t: np.expand_dims(t, 1)), ("concatenate", lambda t: np.concatenate([t, A], axis=1)),
    ("stack", lambda t: np.stack([A, t])), ("broadcast_to", lambda t: np.broadcast_to(t, (2, 2, 2))),
    ("all", lambda t: np.all(t > 1, axis=0)), ("any", lambda t: np.any(t > 3)),
    ("logical_and", lambda t: np.logical_and(t, 0)),
    ("greater", lambda t: np.greater(t, 2)), ("invert", lambda t: np.invert(t > 2)), ("copy", np.copy),
    ("array * t", lambda t: A * t), ("array - t", lambda t: A - t), ("array / t", lambda t: A / t),
    ("array ** t", lambda t: A**t), ("array @ t", lambda t: A @ t), ("array == t", lambda t: A == t),  # noqa: SIM300
    ("array < t", lambda t: A < t),  # noqa: SIM300
    ("scalar * t", lambda t: np.float64(2) * t), ("list + t", lambda t: [1.0, 2.0] + t),
    ("t + list", lambda t: t + [1.0, 2.0]), ("t @ list", lambda t: t @ [[1.0], [2.0]]),
    ("t == list", lambda t: t == [1.0, 2.0]),
]  # fmt: skip


@pytest.mark.parametrize("call", [c for _, c in NUMPY], ids=[name for name, _ in NUMPY])
def test_numpy_works_on_tensors(call):
    ours, expected = call(Tensor(A)), call(A)
    assert isinstance(ours, Tensor)
    np.testing.assert_allclose(ours.array, expected)


def test_numpy_records():
    t = leaf(1.0, 2.0)
    assert grad(np.sum(np.exp(t) * np.array([1.0, 3.0])), t).array == pytest.approx(np.exp([1, 2]) * [1, 3])


def test_an_array_of_it():
    t = Tensor([1.0, 2.0])
    np.testing.assert_array_equal(np.asarray(t), np.array([1, 2], f32), strict=True)
    assert np.asarray(t, f64).dtype == f64
    assert t.numpy() is t.array


def test_methods_of_numpy_and_pytorch_agree_where_both_have_them():
    t = Tensor(A)
    for mine, other in [(t.T, t.mT), (t.permute(1, 0), t.transpose(0, 1)), (t.view(4), t.reshape((4,)))]:
        np.testing.assert_array_equal(mine.array, other.array)


@pytest.mark.parametrize("name, dtype", [("float", f32), ("double", f64), ("long", i64), ("bool", np.bool_)])
def test_casts(name, dtype):
    assert getattr(Tensor(np.array([0, 2])), name)().dtype == dtype


@pytest.mark.parametrize("data", [[1, 2], (1, 2), 3, [[1, 2], [3, 4]], [1, 2.5]], ids=str)
def test_pythons_numbers_are_floats_and_arrays_keep_their_type(data):
    """``Tensor([1, 2])`` is float32, as torch.Tensor([1, 2]) is; ``tensor([1, 2])`` is not."""
    assert Tensor(data).dtype == np.float32
    np.testing.assert_array_equal(Tensor(data).array, np.asarray(data, np.float32))
    assert Tensor(np.asarray(data)).dtype == np.asarray(data).dtype
    assert Tensor(data, dtype="int64").dtype == np.int64
    assert tinygrad_tf.tensor(data).dtype == (np.float32 if data == [1, 2.5] else np.int64)


def test_integers_may_require_a_gradient_where_they_become_floats():
    x = Tensor([1, 2], requires_grad=True)
    (x * x).sum().backward()
    assert x.grad.tolist() == [2.0, 4.0]
