"""The methods of PyTorch's Tensors that ours have not: see :mod:`.missing`."""

from __future__ import annotations

from .missing import Row
from .missing_names import ALIKE, COMPLEX, LAYOUT, LINALG, NOT_YET, OTHERS, ROWS

_SHORT = "it is not here under this name"
#: Methods whose name is missing, not what they do: what to write.
_WRITTEN = {
    "absolute": "t.abs()", "arccos": "t.acos()", "arccosh": "t.acosh()", "arcsin": "t.asin()",
    "arcsinh": "t.asinh()", "arctan": "t.atan()", "arctanh": "t.atanh()", "argwhere": "t.nonzero()",
    "bitwise_and": "t & other", "bitwise_not": "~t", "bitwise_or": "t | other", "bitwise_xor": "t ^ other",
    "bitwise_left_shift": "t << other", "bitwise_right_shift": "t >> other", "byte": "t.to(uint8)",
    "char": "t.to(int8)", "clamp_max": "t.clamp(max=m)", "clamp_min": "t.clamp(min=m)", "divide": "t / other",
    "fix": "t.trunc()", "ger": "t.outer(other)", "greater": "t > other",
    "greater_equal": "t >= other", "index": "t[indices]", "is_nonzero": "bool(t)", "is_same_size": "t.shape == u.shape",
    "is_signed": "t.dtype.kind in 'if'", "less": "t < other", "less_equal": "t <= other",
    "multiply": "t * other", "mv": "t @ v", "negative": "-t", "not_equal": "t != other", "positive": "+t",
    "reshape_as": "t.view_as(other)", "select": "t[:, i]", "sgn": "t.sign()", "short": "t.to(int16)",
    "signbit": "t < 0", "split_with_sizes": "t.split(sizes)", "subtract": "t - other",
    "sum_to_size": "t.sum(dim, keepdim=True)", "swapdims": "t.transpose(i, j)", "true_divide": "t / other",
    "unsafe_chunk": "t.chunk(n)", "unsafe_split": "t.split(n)", "vdot": "t.dot(other)",
}  # fmt: skip
#: Methods of other names that begin a row elsewhere: torch has a function of each.
_AS_FUNCTIONS = (
    "addbmm", "addmv", "addr", "adjoint", "aminmax", "corrcoef", "cov", "diag_embed", "diagflat", "diagonal_scatter",
    "digamma", "dist", "erfc", "erfinv", "float_power", "frac", "frexp", "gcd", "hardshrink", "heaviside", "histc",
    "i0", "igamma", "igammac", "index_put", "index_reduce", "kthvalue", "lcm", "ldexp", "lgamma",
    "logit", "masked_scatter", "median", "mode", "msort", "mvlgamma", "nanmean", "nanmedian", "nanquantile", "nansum",
    "nextafter", "polygamma", "prelu", "put", "quantile", "renorm", "select_scatter", "slice_scatter", "stft",
    "istft", "unique_consecutive", "xlogy",
)  # fmt: skip
_IN_PLACE = ("bitwise_and_", "bitwise_or_", "bitwise_xor_")


def _rows() -> dict[str, Row]:
    rows = {name: Row("another name of what is written below", _SHORT, f"write {cure}") for name, cure in
            _WRITTEN.items()}  # fmt: skip
    for name in _IN_PLACE:
        rows[name] = Row(f"{name[:-1]} that writes into its Tensor", NOT_YET, f"write t = t.{name[:-1]}(…)")
    linalg = ("det", "logdet", "slogdet", "inverse", "pinverse", "svd", "qr", "lu", "cholesky", "matrix_exp",
              "matrix_power")  # fmt: skip
    rows |= dict.fromkeys(linalg, LINALG)
    rows |= dict.fromkeys(
        ("angle", "cdouble", "cfloat", "chalf", "conj", "imag", "is_complex", "is_conj", "mH", "H", "real",
         "resolve_conj"), COMPLEX)  # fmt: skip
    rows |= {
        "apply_": Row("a Python function for each entry", OTHERS, "write t.array[...] = np.vectorize(f)(t.array)"),
        "as_strided": Row("a view with strides of one's own", LAYOUT, "write t.unfold(dim, size, step) or an index"),
        "bfloat16": Row("the Tensor in bfloat16", "NumPy has no such type", "write t.float() or t.half()"),
        "coalesce": Row("a sparse Tensor in order", LAYOUT, "leave it out: all entries are stored"),
        "data_ptr": Row("where the entries lie in memory", OTHERS, "write t.array.ctypes.data"),
        "grad_fn": Row("the node that made the Tensor", ALIKE, "write t.op, t.inputs, or graph.explain(loss)"),
        "layout": Row("how entries are stored", LAYOUT, "leave it out: all entries are stored, one after the other"),
        "map_": Row("a Python function called on pairs", OTHERS, "write t.array[...] = np.vectorize(f)(t.array, u)"),
        "new": Row("a new Tensor of the same type", _SHORT, "write t.new_zeros(sizes) or t.new_tensor(data)"),
        "register_post_accumulate_grad_hook": Row(
            "a hook called when .grad was added to", NOT_YET, "write t.register_hook(hook), called before that"),
        "resize_": Row("another size for the same memory", LAYOUT, "write t = t.reshape(sizes), or zeros(sizes)"),
        "set_": Row("another memory for the Tensor", LAYOUT, "write t.array = other.array"),
        "share_memory_": Row("memory that processes share", OTHERS, "see tinygrad_tf.parallel"),
        "storage": Row("the memory of the entries", LAYOUT, "write t.array.ravel()"),
        "storage_offset": Row("where a view begins in its memory", LAYOUT, "write t.array.base"),
        "stride": Row("the distances of neighbours in memory", _SHORT,
                      "write [n // t.array.itemsize for n in t.array.strides]"),
        "to_dense": Row("a sparse Tensor with all entries", LAYOUT, "leave it out"),
        "to_sparse": Row("a Tensor that stores some entries", LAYOUT, "keep it as it is: all entries are stored"),
        "trapz": Row("the area below a curve", NOT_YET, "write ((t[1:] + t[:-1]) / 2 * dx).sum()"),
        "untyped_storage": Row("the memory of the entries", LAYOUT, "write t.array"),
        "xpu": Row("the Tensor on Intel's GPU", "NumPy computes on the CPU", "leave it out"),
    }  # fmt: skip
    return rows | {name: ROWS[""][name] for name in _AS_FUNCTIONS}


METHODS = _rows()
