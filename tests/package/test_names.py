"""Every name that a reader of NumPy or PyTorch looks for: as a method, as a function, in nn.functional."""

import numpy as np
import pytest
from cases import functions

import tinygrad_tf
from tinygrad_tf import Tensor
from tinygrad_tf.autograd.tensor import NUMPY
from tinygrad_tf.nn import functional


def names(text):
    return text.split()


ELEMENTWISE = names("""
    abs neg sign exp exp2 expm1 log log2 log10 log1p sqrt rsqrt reciprocal square sin cos tan sinh cosh tanh asin
    acos atan asinh acosh atanh erf floor ceil trunc round sigmoid relu maximum minimum clip clamp pow fmod
    remainder floor_divide lerp logaddexp isnan isinf isfinite isclose allclose add sub mul div eq ne lt le gt ge
    logical_and logical_or logical_not logical_xor masked_fill
    hypot sinc logaddexp2 copysign deg2rad rad2deg isposinf isneginf fmax fmin
""")
ELEMENTWISE_FUNCTIONS = names("""
    absolute negative subtract multiply divide true_divide power arcsin arccos arctan arcsinh arccosh arctanh equal
    not_equal less less_equal greater greater_equal bitwise_and bitwise_or bitwise_xor bitwise_not invert left_shift
    right_shift where logsigmoid softplus leaky_relu elu selu silu mish gelu relu6 hardtanh hardsigmoid hardswish
""")
REDUCTIONS = names("""
    sum mean prod max min amax amin argmax argmin any all var std logsumexp norm cumsum cumprod cummax
    logcumsumexp
""")
SHAPES = names("""
    reshape flatten unflatten squeeze unsqueeze transpose permute swapaxes moveaxis broadcast_to repeat_interleave
    tile flip roll split chunk tril triu diagonal diag unfold t unbind narrow diff
    fliplr flipud rot90 tensor_split hsplit vsplit dsplit
""")
SHAPE_METHODS = names("""
    view ravel expand repeat contiguous dim numel movedim expand_as view_as nelement new_zeros new_ones new_full
    new_empty new_tensor type_as where
""")
SHAPE_FUNCTIONS = names("""
    vstack hstack meshgrid tensordot var_mean expand_dims pad concat cat concatenate stack ravel movedim
    swapdims permute_dims shape ndim size
    array_split column_stack append atleast_1d atleast_2d atleast_3d rollaxis gradient std_mean partition
""")
INDEXING = names("""
    multinomial bernoulli count_nonzero bincount histogram unique isin nan_to_num cummin gather scatter scatter_add
    scatter_reduce
    take_along_axis index_select masked_fill masked_select sort argsort topk nonzero take
""")
INDEXING_FUNCTIONS = names("""
    where one_hot take_along_dim
""")
ALGEBRA = names("""
    matmul dot mm bmm outer trace inner kron cross
""")
ALGEBRA_FUNCTIONS = names("""
    einsum mv
""")
MAKERS = names("""
    is_tensor tril_indices triu_indices tensor as_tensor from_numpy zeros ones full eye empty arange linspace
    zeros_like ones_like full_like empty_like
    rand rand_like randn randn_like randint randperm uniform normal manual_seed
""")
LOSSES = names("""
    mse_loss l1_loss smooth_l1_loss huber_loss nll_loss cross_entropy binary_cross_entropy
    binary_cross_entropy_with_logits kl_div
""")
TYPES = names("""
    float16 float32 float64 half float double int8 int16 int32 int64 uint8 short int long bool
""")
TYPE_METHODS = names("""
    half is_floating_point float double long int bool to type astype cpu clone detach item tolist numpy
""")
OTHERS = names("""
    no_grad enable_grad inference_mode set_grad_enabled is_grad_enabled grad gradcheck Tensor nn optim softmax
    log_softmax pi e inf nan
""")

METHODS = [*ELEMENTWISE, *REDUCTIONS, *SHAPES, *SHAPE_METHODS, *INDEXING, *ALGEBRA, *TYPE_METHODS]
TOP_LEVEL = [
    *ELEMENTWISE, *ELEMENTWISE_FUNCTIONS, *REDUCTIONS, *SHAPES, *SHAPE_FUNCTIONS, *INDEXING, *INDEXING_FUNCTIONS,
    *ALGEBRA, *ALGEBRA_FUNCTIONS, *MAKERS, *LOSSES, *TYPES, *OTHERS,
]  # fmt: skip
#: What PyTorch's users look for there.
FUNCTIONAL = names("""
    relu relu6 gelu silu elu selu celu leaky_relu prelu glu mish softplus softsign logsigmoid sigmoid tanh
    tanhshrink hardtanh hardsigmoid hardswish softmax log_softmax softmin cross_entropy nll_loss mse_loss l1_loss
    smooth_l1_loss huber_loss binary_cross_entropy binary_cross_entropy_with_logits kl_div
    scaled_dot_product_attention layer_norm rms_norm linear embedding dropout one_hot pad normalize
    cosine_similarity pairwise_distance
""")
#: What np.name(t) must find on a Tensor.
NUMPYS = names("""
    abs sign exp exp2 expm1 log log2 log10 log1p sqrt reciprocal square sin cos tan sinh cosh tanh arcsin arccos
    arctan arcsinh arccosh arctanh floor ceil trunc round around maximum minimum clip power fmod remainder mod
    floor_divide logaddexp isnan isinf isfinite isclose allclose logical_and logical_or logical_not logical_xor
    equal less greater sum mean prod max min amax amin argmax argmin any all var std cumsum cumprod reshape ravel
    squeeze expand_dims transpose permute_dims swapaxes moveaxis broadcast_to repeat tile flip roll pad concatenate
    concat stack split array_split tril triu diagonal diag take take_along_axis where nonzero sort argsort matmul
    dot outer trace einsum zeros_like ones_like full_like empty_like copy shape ndim size
    hsplit vsplit dsplit column_stack append atleast_1d atleast_2d atleast_3d rollaxis fliplr flipud rot90 inner
    kron cross gradient partition hypot sinc logaddexp2 copysign deg2rad rad2deg degrees radians isposinf isneginf
    fmax fmin fabs real conjugate select linspace
""")


def test_every_method_is_there():
    assert {name for name in METHODS if not callable(getattr(Tensor, name, None))} == set()


def test_every_name_is_at_the_top_level():
    assert {name for name in TOP_LEVEL if not hasattr(tinygrad_tf, name)} == set()


def test_every_function_is_in_nn_functional():
    assert {name for name in FUNCTIONAL if not callable(getattr(functional, name, None))} == set()
    assert {*FUNCTIONAL} - {*functional.__all__} == set()


def test_every_function_of_numpys_is_answered():
    assert {name for name in NUMPYS if getattr(np, name) not in NUMPY} == set()


def test_every_function_of_numpys_is_one_of_ours_under_the_same_name():
    same = {f.__name__: f for f in NUMPY.values() if not f.__name__.startswith("_") and f.__name__ != "equal"}
    assert {name: getattr(tinygrad_tf, name) for name in same} == same


def test_two_names_are_one_function():
    aliases = {
        "abs": "absolute", "cat": "concatenate", "clamp": "clip", "ge": "greater_equal", "asinh": "arcsinh",
        "unsqueeze": "expand_dims", "mm": "matmul", "take_along_dim": "take_along_axis",
    }  # fmt: skip
    found = {ours: getattr(tinygrad_tf, ours) for ours in aliases}
    assert found == {ours: getattr(tinygrad_tf, theirs) for ours, theirs in aliases.items()}


def test_nn_functional_and_the_top_level_are_one():
    both = [name for name in functional.__all__ if name in functions()]
    assert len(both) > 30
    assert [name for name in both if getattr(functional, name) is not getattr(tinygrad_tf, name)] == []


def test_every_function_takes_pytorchs_names_of_arguments():
    """Each is an op or is composed; both know ``input`` and ``dim`` beside the letter and ``axis``."""
    ours = [*functions().values(), *[getattr(functional, name) for name in functional.__all__]]
    makers = {"from_numpy", "is_tensor"}
    other = [f.__name__ for f in ours if not hasattr(f, "op") and not hasattr(f, "__wrapped__")]
    assert set(other) == makers


@pytest.mark.parametrize("space", [tinygrad_tf, functional], ids=["top", "functional"])
@pytest.mark.parametrize("name", ["softmax", "log_softmax", "softmin", "glu", "normalize"])
def test_input_and_dim_are_the_letter_and_axis(space, name):
    function = getattr(space, name, getattr(functional, name))
    x = Tensor(np.arange(8.0).reshape(2, 4))
    expected = function(x, axis=0).array
    for call in (function(input=x, dim=0), function(X=x, axis=0), function(x, dim=0)):
        np.testing.assert_array_equal(call.array, expected)


def test_everything_public_is_exported_without_hiding_pythons_own():
    import builtins

    assert not set(tinygrad_tf.__all__) & set(vars(builtins))
    assert {*TOP_LEVEL} - set(vars(builtins)) <= {*tinygrad_tf.__all__}


def test_size_is_numpys_number_and_pytorchs_method():
    t = Tensor(np.ones((2, 3)))
    assert (t.size, t.size(), t.size(-1), t.size(dim=0)) == (6, (2, 3), 3, 2)
    assert isinstance(t.size, int)


def test_the_module_is_found_both_ways():
    import tinygrad_tf.nn.functional as F  # the line that PyTorch's snippets begin with

    assert F is tinygrad_tf.nn.functional is functional
