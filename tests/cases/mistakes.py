"""The table of mistakes: what is wrong, the call, the class of the error, and words of its three lines."""

import copy

import numpy as np

from tinygrad_tf import Tensor, grad, nn, no_grad, optim, zeros
from tinygrad_tf.autograd import backward
from tinygrad_tf.ops import arithmetic, choice, fused, heads, indexing, join, reduction


def x(*sizes):
    return Tensor(np.linspace(1, 2, int(np.prod(sizes))).reshape(sizes), requires_grad=True, name="x")


def ids(*values):
    return Tensor(np.array(values))


def ones(*sizes, dtype=bool):
    return np.ones(sizes, dtype)


# Each row: what is wrong, the call (given some Tensors), the class, words of the message in their order:
# the op and what it got, then a piece of the rule, then a piece of the cure.
SHAPES = [
    ("add", lambda: x(2, 3) + x(2, 4), ValueError,
     "add got X x (2, 3) float64, Z x (2, 4) float64", "each pair of sizes is equal, or one of them is 1", "unsqueeze"),
    ("array times Tensor", lambda: ones(2, 3) * x(4), ValueError,
     "multiply got X (2, 3) bool, W x (4,)", "aligned", "[:, None]"),
    ("where", lambda: choice.where(ones(5), x(2), x(2)), ValueError,
     "where got C (5,) bool", "aligned", "reshape"),
    ("masked_fill", lambda: x(2).masked_fill(ones(3), 0.0), ValueError, "where got C (3,) bool", "aligned", "reshape"),
    ("matmul", lambda: x(2, 3) @ x(2, 3), ValueError,
     "matmul got X x (2, 3) float64, W x (2, 3) float64", "the last axis of X must equal the second to last of W",
     "W.mT"),
    ("matmul with a vector", lambda: x(2, 3) @ x(2), ValueError,
     "matmul got X x (2, 3) float64, W x (2,) float64", "or the only one", "X[:, None] * W"),
    ("matmul of a batch", lambda: x(2, 2, 3) @ x(3, 3, 2), ValueError,
     "matmul got X x (2, 2, 3)", "must broadcast", "W.mT"),
    ("matmul with a number", lambda: x(2) @ 2.0, ValueError, "matmul got X x (2,)", "at least one axis", "X * W"),
    ("split_heads", lambda: heads.split_heads(x(1, 2, 6), n_heads=4), ValueError,
     "split_heads got X x (1, 2, 6) float64, n_heads 4", "X is (..., L, n_heads · d)", "divides"),
    ("join_heads", lambda: heads.join_heads(x(2, 3)), IndexError,
     "join_heads got X x (2, 3) float64", "X is (..., H, L, d)", "x[None]"),
    ("reshape", lambda: x(2, 3).reshape(4, 2), ValueError,
     "reshape got X x (2, 3) float64, shape (4, 2)", "the same number of entries", "write -1 for one of the sizes"),
    ("reshape with two -1", lambda: x(2, 3).reshape(-1, -1), ValueError, "reshape got", "one size may be -1", "sizes"),
    ("expand", lambda: x(2, 3).expand(4, 3), ValueError, "got X x (2, 3) float64, shape (4, 3)", "or 1", "unsqueeze"),
    ("broadcast_to", lambda: x(2, 3).broadcast_to((3, 2)), ValueError,
     "broadcast_to got X x (2, 3)", "or 1", "unsqueeze"),
    ("concatenate", lambda: join.concatenate([x(2, 3), x(2, 4)]), ValueError,
     "concatenate got X0 x (2, 3) float64, X1 x (2, 4) float64, axis 0", "the same shape, except", "stack(tensors)"),
    ("concatenate nothing", lambda: join.concatenate([]), ValueError,
     "concatenate got no Tensors", "at least one", "list"),
    ("stack", lambda: join.stack([x(2), x(3)]), ValueError,
     "stack got Tensors of shapes (2,), (3,)", "same shape", "pad"),
    ("split", lambda: x(5).split([2, 2]), ValueError,
     "split got X x (5,) float64, sections [2, 2]", "add up to", "sum"),
    ("split into pieces of 0", lambda: x(5).split(0), ValueError,
     "split got X x (5,) float64, sections 0", "add up", "size"),
    ("layer_norm", lambda: fused.layer_norm(x(2, 3), 4), ValueError,
     "layer_norm got X x (2, 3) float64, normalized_shape (4,)", "the last axes of X", "build LayerNorm"),
    ("rms_norm", lambda: fused.rms_norm(x(2, 3), 4), ValueError,
     "rms_norm got X x (2, 3) float64, normalized_shape (4,)", "the last axes of X", "build RMSNorm"),
    ("layer_norm's weight", lambda: fused.layer_norm(x(2, 3), 3, x(1)), ValueError,
     "layer_norm got X x (2, 3) float64, W x (1,) float64", "the normalised shape, (3,)", "build LayerNorm"),
    ("layer_norm's bias", lambda: fused.layer_norm(x(2, 3), 3, None, x(2, 3)), ValueError,
     "layer_norm got X x (2, 3) float64, W None, b x (2, 3)", "the normalised shape", "build LayerNorm"),
    ("linear", lambda: fused.linear(x(2, 3), x(4, 5)), ValueError,
     "linear got X x (2, 3) float64, W x (4, 5) float64", "X is (..., in), W (out, in)", "in_features"),
    ("linear's bias", lambda: fused.linear(x(2, 2, 3), x(4, 3), x(4, 4)), ValueError,
     "linear got X x (2, 2, 3) float64, W x (4, 3) float64, b x (4, 4)", "b (out,)", "(out_features, in_features)"),
    ("linear of a number", lambda: fused.linear(x(), x(4, 3)), ValueError,
     "linear got X x ()", "X is (..., in)", "in_f"),
    ("attention's width", lambda: fused.attention(x(2, 3), x(4, 2), x(4, 2)), ValueError,
     "attention got Q x (2, 3) float64, K x (4, 2)", "Q is (..., H, L, d_k), K (..., G, S, d_k)", "the same last axis"),
    ("attention's keys and values", lambda: fused.attention(x(2, 3), x(4, 3), x(5, 2)), ValueError,
     "attention got Q x (2, 3) float64, K x (4, 3) float64, V x (5, 2)", "V (..., G, S, d_v)", "the same length S"),
    ("attention's heads", lambda: fused.scaled_dot_product_attention(x(2, 2, 3), x(3, 4, 3), x(3, 4, 2)), ValueError,
     "attention got Q x (2, 2, 3)", "H is a multiple of G", "x[None]"),
    ("attention of more heads than keys have",
     lambda: fused.scaled_dot_product_attention(x(4, 2, 3), x(2, 4, 3), x(2, 4, 2)), ValueError,
     "attention got Q x (4, 2, 3)", "H is a multiple of G", "the same last axis"),
    ("a mask for each head of the keys",
     lambda: fused.attention(x(4, 2, 3), x(2, 4, 3), x(2, 4, 2), ones(2, 2, 4)), ValueError,
     "mask (2, 2, 4) bool", "broadcasts to (..., H, L, S)", "a mask the shape (L, S)"),
    ("attention without rows", lambda: fused.attention(x(3), x(4, 3), x(4, 2)), ValueError,
     "Q x (3,)", "L, d_k", "x[None]"),
    ("a mask that does not fit", lambda: fused.attention(x(2, 3), x(4, 3), x(4, 2), ones(2, 5)), ValueError,
     "mask (2, 5) bool", "a mask broadcasts to (..., H, L, S)", "the shape (L, S)"),
    ("a mask that is too large", lambda: fused.attention(x(2, 3), x(4, 3), x(4, 2), ones(3, 2, 4)), ValueError,
     "mask (3, 2, 4) bool", "a mask broadcasts to (..., H, L, S)", "the shape (L, S)"),
    ("cross_entropy", lambda: fused.cross_entropy(x(2, 3), ids(0, 1, 2)), ValueError,
     "cross_entropy got input x (2, 3) float64, target (3,) int64", "without its class axis", "flatten both"),
    ("class weights", lambda: fused.cross_entropy(x(2, 3), ids(0, 1), weight=[1.0, 2.0]), ValueError,
     "cross_entropy got weight (2,)", "one entry per class, (3,)", "each class"),
    ("embedding's table", lambda: fused.embedding(ids(0), x(4)), ValueError,
     "embedding got W x (4,)", "a row", "shape"),
    ("add_at", lambda: indexing.add_at(x(3), index=[0, 1], shape=(4,)), ValueError,
     "add_at got X x (3,)", "shape of X", "shape"),
]  # fmt: skip

PLACES = [
    ("sum", lambda: x(2, 3).sum(axis=2), IndexError,
     "sum got X x (2, 3) float64, axis 2", "-ndim … ndim - 1", "axis=-1"),
    ("sum twice", lambda: x(2, 3).sum(axis=(0, 0)), ValueError, "axis (0, 0)", "none is named twice", "axis=(0, 1)"),
    ("mean", lambda: x(2).mean(1), IndexError,
     "mean got X x (2,) float64, axis 1", "-ndim … ndim - 1", "axis=-1"),
    ("softmax", lambda: x(2, 3).softmax(2), IndexError,
     "softmax got X x (2, 3) float64, axis 2", "-ndim …", "axis=-1"),
    ("max of nothing", lambda: x(0, 3).max(), ValueError, "max got X x (0, 3) float64", "no largest", "if x.size"),
    ("argmax of nothing", lambda: x(0).argmax(), ValueError,
     "argmax got X x (0,) float64", "no largest", "if x.size"),
    ("permute", lambda: x(2, 3).permute(0, 0), ValueError,
     "transpose got X x (2, 3) float64, axes (0, 0)", "reordering", "swapaxes"),
    ("permute some", lambda: x(2, 3, 4).permute(0, 1), ValueError, "axes (0, 1)", "reordering", "each axis once"),
    ("swapaxes", lambda: x(2, 3).swapaxes(0, 2), IndexError,
     "swapaxes got X x (2, 3) float64, axis 2", "-2 … 1", "axis=-1"),
    ("mT of a row", lambda: x(2).mT, IndexError, "swapaxes got X x (2,) float64, axis -2", "-1 … 0", "axis=-1"),
    ("squeeze", lambda: x(2, 1).squeeze(2), IndexError,
     "squeeze got X x (2, 1) float64, axis 2", "-2 … 1", "axis=-1"),
    ("unsqueeze", lambda: x(2).unsqueeze(5), IndexError,
     "unsqueeze got X x (2,) float64, axis 5", "-2 … 1", "axis=-1"),
    ("flatten", lambda: x(2, 3).flatten(3), IndexError,
     "flatten got X x (2, 3) float64, axis 3", "-2 … 1", "axis=-1"),
    ("flatten backward", lambda: x(2, 3).flatten(1, 0), RuntimeError,
     "start_dim 1, end_dim 0", "does not come after", "start_dim=0, end_dim=1"),
    ("concatenate", lambda: join.concatenate([x(2), x(2)], 5), IndexError,
     "concatenate got X x (2,) float64, axis 5", "-1 … 0", "axis=-1"),
    ("split", lambda: x(5).split(2, dim=3), IndexError,
     "split got X x (5,) float64, axis 3", "-1 … 0", "axis=-1"),
    ("index", lambda: x(3)[3], IndexError,
     "getitem got X x (3,) float64, index 3", "ints lie in -n … n - 1", "x[-1] for the last"),
    ("too many indices", lambda: x(3)[0, 0], IndexError, "index (0, 0)", "an index is", "x[..., i]"),
    ("a list of indices", lambda: x(3)[[0, 5]], IndexError, "index [0, 5]", "ints lie in", "len(x) - 1"),
    ("an index that is a float", lambda: x(3)[1.0], IndexError,
     "index 1.0", "an index is an int, slice", "x[i]"),
    ("a mask as index", lambda: x(3)[ones(2)], IndexError,
     "index (2,) bool", "boolean arrays have the shape", "x[i]"),
    ("add_at", lambda: indexing.add_at(x(2), index=[0, 5], shape=(4,)), IndexError,
     "add_at got", "ints lie in", "shape"),
    ("a token beyond the vocabulary", lambda: fused.embedding(ids(0, 9), x(4, 2)), IndexError,
     "embedding got ids (2,) int64, W (4, 2) float64, the id 9", "ids lie in 0 … 3", "vocabulary"),
    ("a negative token", lambda: fused.embedding(ids(0, -1), x(4, 2)), IndexError,
     "the id -1", "ids lie in 0 … 3", "vocab"),
    ("padding_idx", lambda: fused.embedding(ids(0), x(4, 2), padding_idx=4), ValueError,
     "padding_idx 4", "one of them", "shape"),
    ("a class beyond the last", lambda: fused.cross_entropy(x(2, 3), ids(0, 3)), IndexError,
     "cross_entropy got target (2,) int64, the class 3", "classes lie in 0 … 2", "ignore_index=3"),
    ("a negative class", lambda: fused.cross_entropy(x(2, 3), ids(0, -1)), IndexError,
     "class -1", "ignore_index (-100)", "ignore_index=-1"),
]  # fmt: skip

TYPES = [
    ("a string", lambda: Tensor("abc"), TypeError,
     "Tensor got data of type <U3", "booleans, integers or floats", "vocabulary"),
    ("None", lambda: Tensor([1, None]), TypeError,
     "Tensor got data of type object", "booleans, integers or floats", "None"),
    ("complex", lambda: Tensor(1j), TypeError,
     "Tensor got data of type complex128", "booleans, integers or floats", "convert"),
    ("uneven rows", lambda: Tensor([[1], [2, 3]]), ValueError,
     "Tensor got data [[1], [2, 3]]", "form an array", "equal length"),
    ("an unknown dtype", lambda: Tensor([1.0], dtype="sharp"), TypeError, "Tensor got data [1.0]", "'sharp'", "give"),
    ("integers with a gradient", lambda: Tensor(np.array([1]), requires_grad=True), RuntimeError,
     "requires_grad got data (1,) int64", "only floats", "dtype='float32'"),
    ("integers with a gradient, later", lambda: ids(1).requires_grad_(), RuntimeError,
     "requires_grad got", "only floats", "dtype="),
    ("a string added", lambda: x(2) + "a", TypeError,
     "add got a str", "Tensors, arrays, numbers and lists", "vocabulary"),
    ("texts added", lambda: arithmetic.add("a", "b"), TypeError, "add got a str", "lists of numbers", "vocabulary"),
    ("sets added", lambda: arithmetic.add({1}, {2}), TypeError, "add got a set", "lists of numbers", "ids"),
    ("a module multiplied", lambda: x(2) * nn.Linear(2, 2), TypeError,
     "multiply got the function or module Linear", "lists of numbers", "module(x)"),
    ("a module in a layer", lambda: nn.Linear(2, 2)(nn.Linear(2, 2)), TypeError,
     "linear got the function or module Linear", "Tensors", "module(x)"),
    ("a module in a composed function", lambda: nn.functional.layer_norm(nn.Linear(2, 2), 2), TypeError,
     "layer_norm got the function or module Linear", "Tensors", "module(x)"),
    ("None in a layer", lambda: nn.Linear(2, 2)(None), TypeError, "linear got a NoneType", "Tensors", "module(x)"),
    ("a module to optimise", lambda: optim.AdamW(nn.Linear(2, 2)), TypeError,
     "AdamW got the module Linear", "parameters", "model.parameters()"),
    ("a module to clip", lambda: optim.clip_grad_norm_(nn.Linear(2, 2), 1.0), TypeError,
     "clip_grad got the module Linear", "parameters", "model.parameters()"),
    ("rows of another width", lambda: nn.Linear(3, 2)(x(4, 5)), ValueError,
     "linear got X x (4, 5)", "X is (..., in)", "a last axis of 3, or make the layer with in_features=5"),
    ("None added", lambda: x(2) + None, TypeError, "add got no 'Z'", "its arguments are X, Z", "give Z"),
    ("booleans subtracted", lambda: Tensor([True]) - Tensor([True]), TypeError,
     "subtract got X (1,) bool", "types", ".astype("),
    ("floats bit by bit", lambda: x(2) & x(2), TypeError,
     "bitwise_and got X x (2,) float64", "types of the inputs", ".astype("),
    ("floats inverted", lambda: ~x(2), TypeError, "invert got X x (2,) float64", "types of the inputs", ".astype("),
    ("integers to a negative power", lambda: ids(2) ** -1, ValueError,
     "power got X (1,) int64, W -1", "no negative powers", "x.float()"),
    ("axis as a float", lambda: x(2).sum(axis=0.5), TypeError,
     "sum got X x (2,) float64, axis 0.5", "types", "convert"),
    ("astype to text", lambda: x(2).astype("str"), TypeError,
     "astype got X (2,) float64", "booleans, integers or floats", "'int64'"),
    ("ids as floats", lambda: fused.embedding(Tensor([1.0]), x(4, 2)), TypeError,
     "embedding got ids (1,) float32", "ids are integers", "ids.astype('int64')"),
    ("classes as floats", lambda: fused.cross_entropy(x(1, 3), Tensor([1.0])), TypeError,
     "cross_entropy got input x (1, 3) float64, target (1,) float32", "targets are class indices", "astype('int64')"),
    ("logits as integers", lambda: fused.cross_entropy(ids([1, 2]), ids(0)), TypeError,
     "input (1, 2) int64", "logits are floats", "astype("),
    ("class weights that want a gradient", lambda: fused.cross_entropy(x(1, 3), ids(0), weight=x(3)), RuntimeError,
     "cross_entropy got weight x (3,)", "not differentiated", ".detach()"),
    ("a mask of integers", lambda: fused.attention(x(2, 3), x(4, 3), x(4, 2), ones(2, 4, dtype=int)), TypeError,
     "mask (2, 4) int64", "a mask is boolean (true: may attend) or float", "mask.astype(bool)"),
    ("an item of two", lambda: x(2).item(), ValueError, "item got self x (2,) float64", "one entry", ".tolist()"),
    ("the truth of two", lambda: bool(x(2)), ValueError, "bool got self x (2,) float64", "one entry", ".all()"),
    ("the length of a number", lambda: len(x()), TypeError, "len got self x () float64", "no length", ".item()"),
    ("rows of a number", lambda: list(x()), TypeError, "len got self x () float64", "no length", ".item()"),
    ("an array of what has a gradient", lambda: np.asarray(x(2)), RuntimeError,
     "numpy got self x (2,)", "does not record", ".detach()"),
    ("a copy of a result", lambda: copy.deepcopy(x(2) * 2), RuntimeError,
     "copy got self (2,)", "belongs to its graph", ".detach()"),
]  # fmt: skip

ARGUMENTS = [
    ("unknown", lambda: x(2).sum(foo=1), TypeError,
     "sum got an unknown 'foo'", "X, axis=None, keepdims", "leave it out"),
    ("of NumPy only", lambda: np.sum(x(2), where=True), TypeError,
     "sum got an unknown 'where'", "X, axis=None, keepdims", "leave it out"),
    ("missing", lambda: arithmetic.add(x(2)), TypeError, "add got no 'Z'", "its arguments are X, Z", "give Z"),
    ("too many", lambda: arithmetic.add(x(2), x(2), x(2)), TypeError,
     "add got too many positional arguments", "X, Z", "give at most 2"),
    ("too many params", lambda: reduction.sum(x(2), 0, True, None, 5), TypeError,
     "sum got too many positional arguments", "X, axis", "give at most 4"),
    ("twice", lambda: reduction.sum(x(2), 0, axis=0), TypeError,
     "sum got multiple values for argument 'axis'", "X, axis=None", "give it once"),
    ("twice, as dim", lambda: reduction.sum(x(2), 0, dim=0), TypeError,
     "sum got multiple values for argument 'axis'", "X, axis=None", "give it once"),
    ("axis and dim", lambda: reduction.sum(x(2), axis=0, dim=0), TypeError,
     "sum got an unknown 'dim'", "X, axis", "leave it out"),
    ("gelu", lambda: fused.gelu(x(2), approximate="erf"), ValueError,
     "gelu got approximate 'erf'", '"none" or "tanh"', "gelu(x"),
    ("dropout", lambda: fused.dropout(x(2), 1.5), ValueError,
     "dropout got p 1.5", "p is a probability, 0 … 1", "p=0.1"),
    ("attention's dropout",
     lambda: fused.scaled_dot_product_attention(x(2, 3), x(2, 3), x(2, 3), dropout_p=2), ValueError,
     "attention got p 2", "p is a probability", "p=0.1"),
    ("causal as a number", lambda: fused.attention(x(2, 3), x(2, 3), x(2, 3), causal=0), TypeError,
     "attention got causal 0, offset None", "causal is True or False", "offset=0"),
    ("an offset of what is not causal", lambda: fused.attention_weights(x(2, 3), x(2, 3), offset=0), TypeError,
     "attention_weights got causal False, offset 0", "said beside it", "causal=True, offset=0"),
    ("two masks",
     lambda: fused.scaled_dot_product_attention(x(2, 3), x(2, 3), x(2, 3), ones(2, 2), is_causal=True), ValueError,
     "attn_mask (2, 2) bool, is_causal True", "given or it is causal", "combine"),
    ("reduction", lambda: fused.cross_entropy(x(1, 3), ids(0), reduction="avg"), ValueError,
     "cross_entropy got reduction 'avg'", '"mean", "sum" or "none"', "write"),
    ("smoothing", lambda: fused.cross_entropy(x(1, 3), ids(0), label_smoothing=2.0), ValueError,
     "label_smoothing 2.0", "0 … 1", "write"),
]  # fmt: skip


def changed():
    w = Tensor(np.ones(2), requires_grad=True)
    loss = (x(2) * w).sum()
    with no_grad():
        w -= 1.0
    loss.backward()


def twice():
    y = x(2).sum()
    y.backward()
    y.backward()


def updated(w, by):
    with no_grad():
        w += by


WHOLE = zeros(2, 2)


def written_through_another():
    h = x(3) * 1
    view = h[:2]
    h[0] = 5.0
    (view.sum() + h.sum()).backward()


BACKWARD = [
    ("of several entries", lambda: (x(2) * 2).backward(), RuntimeError,
     "backward got self (2,) float64", "grad can be implicitly created only for scalar outputs", "loss = y.mean()"),
    ("without a graph", lambda: Tensor([1.0]).backward(), RuntimeError,
     "backward got self (1,) float32", "does not require grad", "requires_grad=True"),
    ("twice", twice, RuntimeError,
     "backward got self () float64", "freed by an earlier backward()", "retain_graph=True"),
    ("after a change", changed, RuntimeError,
     "the gradient rule of multiply got W (2,) float64", "reads the value of W, which has been modified", "t.clone()"),
    ("from weights of another shape", lambda: (x(2) * 2).backward(np.ones(3)), RuntimeError,
     "backward got self (2,) float64, gradient (3,) float64", "the Tensor's shape", "one number for each entry"),
    ("grad of several entries", lambda: grad(x(2) * 2, x(2)), RuntimeError,
     "grad got self (2,)", "scalar outputs", "loss ="),
    ("grad of what requires none", lambda: grad(x(2).sum(), ids(1)), RuntimeError,
     "grad got input (1,) int64", "only a Tensor that requires a gradient", "before the forward"),
    ("grad of an array", lambda: grad(x(2).sum(), [np.ones(2)]), RuntimeError,
     "grad got input (2,) float64", "are Tensors", "compute"),
    ("backward of several, too few weights", lambda: backward([x(2).sum(), x(2)], [None]), RuntimeError,
     "backward got 2 outputs and 1 gradients", "each output", "None"),
    ("too few weights", lambda: grad([x(2).sum(), x(2).sum()], x(2), [1.0]), RuntimeError,
     "grad got 2 outputs and 1 gradients", "each output", "None"),
    ("a result told not to", lambda: (x(2) * 2).requires_grad_(False), RuntimeError,
     "requires_grad_ got", "only a leaf", ".detach()"),
    ("writing into a leaf", lambda: x(3).__setitem__(0, 1.0), RuntimeError,
     "t[index] = value got self x (3,) float64", "while calls are recorded", "no_grad"),
    ("writing into a view of a leaf", lambda: x(3, 2)[0].__setitem__(0, 1.0), RuntimeError,
     "a view of the leaf x (3, 2) float64", "while calls are recorded", "t.clone()"),
    ("writing what does not fit", lambda: (x(3) * 1).__setitem__(slice(2), np.ones(3)), ValueError,
     "index slice(None, 2, None), value (3,) float64", "the shape of X[index]", "give V the shape"),
    ("writing beyond the end", lambda: (x(3) * 1).__setitem__(3, 1.0), IndexError,
     "index 3", "ints lie in -n … n - 1", "indices within X"),
    ("writing into what is broadcast", lambda: x(3).detach().expand(2, 3).__setitem__(0, 1.0), RuntimeError,
     "self (2, 3) float64", "is not written to", "t.clone()"),
    ("writing with a gradient into another view of a constant", lambda: WHOLE.T.__setitem__(0, x(3).sum()),
     RuntimeError, "self (2, 2) float32", "would not know of", "t[i, j] = v"),
    ("a view from before the write", written_through_another, RuntimeError,
     "the gradient of sum got X (2,) float64", "knows nothing of that", "X[i, j] = v"),
    ("changing a leaf in place", lambda: x(3).__iadd__(1.0), RuntimeError,
     "t += x got self x (3,) float64", "while calls are recorded", "no_grad"),
    ("changing a leaf's shape", lambda: updated(x(3), np.ones((2, 3))), RuntimeError,
     "t += x got self x (3,) float64, the result (2, 3) float64", "its shape and kind", "g.sum(axis=0)"),
    ("filling with many", lambda: zeros(2).fill_(np.ones(2)), RuntimeError,
     "fill_ got self (2,) float32", "one number", "copy_"),
    ("the diagonal of a vector", lambda: zeros(2).fill_diagonal_(1), RuntimeError,
     "fill_diagonal_ got self (2,) float32", "a matrix", "range(n)"),
    ("drawing with a negative deviation", lambda: zeros(2).normal_(0, -1), RuntimeError,
     "normal_ got std -1", "not negative", "arguments"),
    ("a generator of another kind", lambda: zeros(2).normal_(generator=3), TypeError,
     "generator got generator 3", "it is a Generator", "manual_seed(0)"),
]  # fmt: skip

TABLES = {"shapes": SHAPES, "places": PLACES, "types": TYPES, "arguments": ARGUMENTS, "backward": BACKWARD}
