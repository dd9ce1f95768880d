"""At the ends of the types values and gradients are PyTorch's, or nearer to the truth: the whole table, in both sets.

What stays different stands here with its reason. The gate runs float32; ``-m slow`` runs float64 and float16, too.
"""

import warnings

import numpy as np
import pytest
from cases.extremes import ROWS, trials

from tinygrad_tf import kernels

ALL = ("0 and −0", "subnormal", "tiny", "squares are tiny", "squares are huge", "huge", "∞", "−∞", "NaN", "far from 0",
       "all equal", "one is huge")  # fmt: skip
ENDLESS = ("∞", "−∞")
ODD = (*ENDLESS, "NaN")

#: Why an op's rows differ at some extremes. Each reason is needed: a test below says when one is not any more.
REASONS = {
    "NaN has no slope: its gradient is NaN, or that of one side. PyTorch says 0, 1 or NaN, op by op": {
        "absolute": ["NaN"], "sign": ["NaN"], "l1_loss": ODD, "smooth_l1_loss": ODD, "norm": ["NaN"],
        "nn.functional.pairwise_distance": ODD, "relu": ["NaN"], "elu": ["NaN"], "selu": ["NaN"],
        "nn.functional.celu": ["NaN"], "hardswish": ["NaN"], "clip": ["NaN"], "maximum": ["NaN"],
        "div": ["NaN"],
    },
    "the gradient of an extreme that is NaN goes to the NaNs; PyTorch makes all of it NaN": {
        "amax": ["NaN"], "amin": ["NaN"], "max": ["NaN"], "min": ["NaN"], "scatter_reduce": ["NaN"],
    },
    "the gradient of a product is the product of the others; PyTorch divides by the entry, and ∞ / ∞ is NaN": {
        "prod": ODD, "cumprod": ODD, "scatter": ODD, "scatter_reduce": ENDLESS,
    },
    "two equal infinities share the gradient, or pass it on; PyTorch subtracts them and gets NaN": {
        "logaddexp": ENDLESS, "logaddexp2": ENDLESS, "logcumsumexp": ENDLESS, "copysign": ENDLESS, "remainder": ENDLESS,
    },
    "what is not chosen, not seen by a query or not counted may hold anything; PyTorch multiplies it by 0": {
        "dropout": ["−∞"], "attention": ODD, "scaled_dot_product_attention": ODD, "cross_entropy": (*ODD, "all equal"),
        "hardswish": ["−∞"],
    },
    "one of its infinite terms is left out or comes in another order, so that ∞ − ∞ is met elsewhere": {
        "einsum": ENDLESS, "layer_norm": ENDLESS, "norm": ["−∞"], "power": ["−∞"], "gradient": ["−∞"],
        "logsumexp": ["∞"], "var_mean": ENDLESS, "std_mean": ENDLESS,
    },
    "a row of finite numbers beside one that is infinite is a sum in another order": {
        "matmul": ["∞"], "nn.functional.cosine_similarity": (*ENDLESS, "one is huge"),
    },
    "squares, differences or sums on the way leave the type, where PyTorch computes in float64 or divides first": {
        "std_mean": ["huge"], "var_mean": ["huge"], "gradient": ["huge"], "layer_norm": ["huge"], "cumprod": ["huge"],
        "matmul": ["huge"], "cross_entropy": ["huge"], "scaled_dot_product_attention": ("huge", "one is huge"),
    },
    "PyTorch's formula loses the digits, in float64 as well: the truth it is measured by here is off": {
        "sinc": ("subnormal", "tiny", "squares are tiny", "huge"), "logsumexp": ["huge"],
        "logcumsumexp": ("squares are huge", "huge", "one is huge"),
    },
    "outside of −1 … 1 there is no value; the two halves of the slope there lose their digits": {
        "arctanh": ("far from 0", "squares are huge"),
    },
    "a difference of two products: PyTorch's machine code rounds one of them later": {"cross": ["far from 0"]},
    "the true gradient is 0, and both have what a sum leaves that cancels": {
        "attention": ("far from 0", "all equal"), "scaled_dot_product_attention": ["all equal"],
    },
    "so small a number has few digits, and PyTorch multiplies in another order": {
        "layer_norm": ["subnormal"], "binary_cross_entropy": ["subnormal"],
    },
    "the gradient is that of the value, whose logarithm is cut at −100, and 0 · ln 0 is 0": {
        "binary_cross_entropy": ["0 and −0"], "kl_div": ["0 and −0"],
    },
    "the gradient to P, near its bound of 1e-12, or to a target is a difference of two numbers near 1": {
        "binary_cross_entropy_with_logits": ("subnormal", "tiny", "squares are tiny"),
    },
    "a rounded quotient's gradient is 0 times that of the quotient, which is infinite": {
        "div": ("0 and −0", "subnormal"),
    },
    "the mean over classes of weight 0 is 0 / 0, and its gradient counts as 0": {"cross_entropy": ["0 and −0"]},
    "which of several equal entries is named, and which of them gets the gradient": {
        "topk": ("0 and −0", "all equal"), "clip": ["one is huge"], "scatter_reduce": ("0 and −0", "all equal"),
    },
    "no limits of bins can be made of these, and the error says so": {"histogram": (*ODD, "huge", "one is huge")},
}  # fmt: skip

#: What differs in float64, in float16, in the compiled kernels or on some processors alone.
ELSEWHERE = {
    "NumPy's erf is off by 2e-14 in float64": {"erf": ["NaN", *ENDLESS], "gelu": ["NaN", *ENDLESS]},
    "a class weight of 1e37 beside others of 1": {"cross_entropy": ["one is huge"]},
    "a product whose sums leave the type, in the order that the processor's vectors give": {"linear": ["huge"]},
    "sums that cancel, in another order": {"nn.functional.cosine_similarity": ("far from 0", "all equal"),
                                           "softmax": ENDLESS, "sinc": ODD},
    "which of several equal entries is named": {"partition": ("huge", "0 and −0", "all equal")},
    "float16: 10ⁿ · X, a square or the number 1e-7 leaves the type": {
        "round": ["huge"], "arctan2": ["subnormal"], "isclose": ["tiny"],
    },
}  # fmt: skip

IN_FUSED_OPS = [c for c in ROWS if c.op in kernels.KERNELS or c.op == "scaled_dot_product_attention"]


def listed(*tables):
    return {(op, extreme) for table in tables for ops in table.values() for op, at in ops.items() for extreme in at}


def wrong(rows, dtype):
    """The trials that differ, and are not nearer to the truth."""
    found = []
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for trial in trials(rows, dtype):
            try:
                right = trial.is_right()
            except (RuntimeError, ValueError):  # refused here, and not there
                right = False
            if not right:
                found.append(trial)
    return found


@pytest.fixture(scope="module")
def of_float32():
    pytest.importorskip("torch", reason="PyTorch is the oracle")
    return wrong(ROWS, np.float32)


def unlisted(found):
    known = listed(REASONS, ELSEWHERE)
    return [trial.id for trial in found if (trial.case.op, trial.extreme) not in known]


def test_the_table_is_large():
    assert len(ROWS) * len(ALL) > 10_000


def test_float32_is_that_of_pytorch_or_nearer_to_the_truth(of_float32):
    assert unlisted(of_float32) == []


def test_no_reason_is_given_for_what_is_not_different(of_float32):
    assert listed(REASONS) - {(trial.case.op, trial.extreme) for trial in of_float32} == set()


def test_the_compiled_kernels_are_as_near():
    pytest.importorskip("torch", reason="PyTorch is the oracle")
    pytest.importorskip("numba", reason='the compiled kernels need Numba: pip install "tinygrad_tf[fast]"')
    with kernels.use("compiled"):
        assert unlisted(wrong(IN_FUSED_OPS, np.float32)) == []


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float64, np.float16], ids=lambda d: d.__name__)
@pytest.mark.parametrize("name", ["numpy", "compiled"])
def test_the_other_types_too(name, dtype):
    pytest.importorskip("torch", reason="PyTorch is the oracle")
    if name == "compiled":
        pytest.importorskip("numba", reason='the compiled kernels need Numba: pip install "tinygrad_tf[fast]"')
    with kernels.use(name):
        assert unlisted(wrong(ROWS if name == "numpy" else IN_FUSED_OPS, dtype)) == []


#: Extremes at which most rows keep their digits, and the ops that lose some there, in PyTorch as well.
MILD = ("0 and −0", "all equal", "squares are tiny")
LOSE = {"std", "norm", "binary_cross_entropy_with_logits", "cross_entropy", "rms_norm", "attention", "nan_to_num",
        "scaled_dot_product_attention", "nn.functional.cosine_similarity"}  # fmt: skip


@pytest.mark.filterwarnings("ignore")
def test_float32_is_float64_rounded_also_where_there_is_no_pytorch():
    far = []
    with np.errstate(all="ignore"):
        for trial in trials([c for c in ROWS if c.op not in LOSE], np.float32):
            if trial.extreme in MILD and not trial.is_near_to_itself(np.float64):
                far.append(trial.id)
    assert far == []
