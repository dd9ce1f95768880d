"""Mistakes made with PyTorch's own spellings; rows as in mistakes."""

import io
import sys

import numpy as np

import tinygrad_tf
from tinygrad_tf import Function, Tensor, grad, nn
from tinygrad_tf.compat import amp, checkpoints, data_parallel, sequences, settings, tensorboard, types
from tinygrad_tf.compat import random as compat_random
from tinygrad_tf.compat.context import once_differentiable

from .mistakes import x


def own(backward, forward=lambda ctx, x, k: x * k):
    """The gradient of a Function of two arguments, a Tensor and a number, with this backward."""
    Own = type("Own", (Function,), {"forward": staticmethod(forward), "backward": staticmethod(backward)})
    return Own.apply(x(2), 2.0).sum()


def changed():
    saved = x(2)

    def forward(ctx, t, k):
        ctx.save_for_backward(t)
        return t * k

    backward = staticmethod(lambda ctx, dY: (dY * ctx.saved_tensors[0], None))
    Own = type("Own", (Function,), {"forward": staticmethod(forward), "backward": backward})
    loss = Own.apply(saved, 2.0).sum()
    nn.init.zeros_(saved)
    loss.backward()


def twice():
    a = x(2)

    def forward(ctx, t, k):
        ctx.save_for_backward(t)
        return t * t

    backward = once_differentiable(lambda ctx, dY: (2 * dY * ctx.saved_tensors[0], None))
    Own = type("Own", (Function,), {"forward": staticmethod(forward), "backward": staticmethod(backward)})
    dx = grad(Own.apply(a, 0).sum(), a, create_graph=True)
    grad(dx.sum(), a)


def without_tensorboard():
    names = [name for name in sys.modules if name.partition(".")[0] == "tensorboard"]
    kept = {name: sys.modules.pop(name) for name in names}
    sys.modules["tensorboard"] = None
    try:
        tensorboard.SummaryWriter("runs")
    finally:
        del sys.modules["tensorboard"]
        sys.modules.update(kept)


TYPES = [
    ("a type that NumPy has not", lambda: tinygrad_tf.zeros(2, dtype=tinygrad_tf.bfloat16), TypeError,
     "zeros got dtype bfloat16", "NumPy's", "float32"),
    ("a Tensor of it", lambda: Tensor([1.0], dtype=tinygrad_tf.bfloat16), TypeError,
     "Tensor got dtype bfloat16", "no such type", "float32"),
    ("LongTensor of a float", lambda: types.LongTensor(2.5), TypeError,
     "LongTensor got 2.5", "sizes, all integers", "tensor(data"),
    ("LongTensor of floats", lambda: types.LongTensor(x(2)), TypeError,
     "LongTensor got data x (2,) float64", "not of int64", 't.type("LongTensor")'),
    ("a default that is no float", lambda: types.set_default_dtype("int64"), TypeError,
     "set_default_dtype got d int64", "type of floats", "leave it out"),
    ("another default", lambda: types.set_default_dtype("float64"), NotImplementedError,
     "set_default_dtype got d float64", "become float32", "dtype='float64'"),
    ("finfo of integers", lambda: types.finfo("int64"), TypeError, "finfo got type int64", "float", "iinfo(int64)"),
    ("iinfo of floats", lambda: types.iinfo("float32"), TypeError,
     "iinfo got type float32", "integer", "finfo(float32)"),
    ("no generator", lambda: tinygrad_tf.rand(2, generator=3), TypeError,
     "generator got generator 3", "it is a Generator, of this package or of NumPy", "Generator()"),
    ("another generator's state", lambda: compat_random.set_rng_state(np.zeros(5056, np.uint8)), TypeError,
     "Generator.set_state got new_state (5056,) uint8", "37 bytes", "get_rng_state()"),
]  # fmt: skip

SETTINGS = [
    ("an unknown device", lambda: amp.autocast("abacus"), RuntimeError,
     "autocast got device_type 'abacus'", "one of cuda, cpu", 'autocast("cpu")'),
    ("an unknown precision", lambda: settings.set_float32_matmul_precision("best"), ValueError,
     "set_float32_matmul_precision got precision 'best'", "highest, high, medium", '"highest"'),
    ("no thread", lambda: settings.set_num_threads(0), ValueError,
     "set_num_threads got n 0", "at least one", "above 0"),
    ("an unknown profile", lambda: settings.set_printoptions(profile="wide"), ValueError,
     "set_printoptions got profile 'wide'", "default, short, full", "precision"),
    ("anomalies without NaN", lambda: settings.detect_anomaly(check_nan=False), NotImplementedError,
     "detect_anomaly got check_nan False", "not finite", "explain"),
    ("other random numbers in the backward", lambda: checkpoints.checkpoint(abs, x(2), preserve_rng_state=False),
     NotImplementedError, "checkpoint got preserve_rng_state False", "drawn again", "leave preserve_rng_state out"),
    ("several GPUs", lambda: data_parallel.DataParallel(nn.Linear(1, 1)), RuntimeError,
     "DataParallel got the module Linear", "on the CPU", "tinygrad_tf.parallel"),
    ("no tensorboard", without_tensorboard, ImportError,
     "SummaryWriter got no package tensorboard", "its own package", "pip install tensorboard"),
    ("a path in bytes", lambda: tinygrad_tf.save({}, b"m.pt"), TypeError,
     "save got b'm.pt'", "a text or a Path", "os.fsdecode(path)"),
    ("a file open as text", lambda: tinygrad_tf.save({}, io.StringIO()), TypeError,
     "save got a file that is open as text", "writes bytes", 'open(path, "wb")'),
    ("a file open to be read only", lambda: tinygrad_tf.save({}, io.BufferedReader(io.BytesIO())),
     io.UnsupportedOperation, "save got a file that is not writable", "writes bytes", 'open(path, "wb")'),
    ("a name of PyTorch's", lambda: tinygrad_tf.polar, AttributeError,
     "tinygrad_tf.polar got a name of PyTorch's: complex numbers", "real floats", "cos"),
]  # fmt: skip

CONTEXTS = [
    ("a context that writes", lambda: own(lambda ctx, dY: dY, lambda ctx, t, k: ctx.mark_dirty(t)), NotImplementedError,
     "mark_dirty got 1 Tensors", "returns new Tensors", "x.clone()"),
    ("too few gradients", lambda: own(lambda ctx, dY: dY).backward(), RuntimeError,
     "backward of Own got 1 gradients", "one for each argument of forward, of which there are 2", "return None"),
    ("a gradient of a number", lambda: own(lambda ctx, dY: (dY, dY)).backward(), RuntimeError,
     "backward of Own got a gradient in place 1", "no Tensor", "return None there"),
    ("a gradient that is no Tensor", lambda: own(lambda ctx, dY: (1.0, None)).backward(), RuntimeError,
     "backward of Own got a gradient in place 0 1.0", "a Tensor of floats", "with Tensors"),
    ("a saved Tensor that was written to", changed, RuntimeError,
     "saved_tensors of Own got saved x (2,) float64", "modified by an inplace operation", "clone()"),
    ("a derivative of once_differentiable", twice, RuntimeError,
     "backward got a gradient (2,) float64", "trying to differentiate twice", "take the mark off"),
    ("inputs of backward that are none", lambda: x(2).sum().backward(inputs=[]), RuntimeError,
     "backward got an empty list", "get a gradient", "leave inputs out"),
    ("an input that is not used", lambda: grad(x(2).sum(), x(2), allow_unused=False), RuntimeError,
     "grad got input x (2,) float64", "do not depend on it", "allow_unused=True"),
]  # fmt: skip

LAYERS = [
    ("a padding id beyond the rows", lambda: nn.Embedding(3, 2, padding_idx=3), ValueError,
     "Embedding got padding_idx 3, num_embeddings 3", "one of the rows", "from 0 to 2"),
    ("rows of one axis", lambda: nn.Embedding.from_pretrained(x(3)), ValueError,
     "Embedding.from_pretrained got embeddings x (3,) float64", "two axes", "(num_embeddings, embedding_dim)"),
]  # fmt: skip

SEQUENCES = [
    ("padding in the middle", lambda: sequences.pad_sequence([x(2)], padding_side="middle"), ValueError,
     "pad_sequence got padding_side 'middle', sequences 1 of them", "right or the left", 'padding_side="right"'),
]  # fmt: skip

TABLES = {
    "types by PyTorch's names": TYPES, "settings by PyTorch's names": SETTINGS, "functions with a context": CONTEXTS,
    "embeddings": LAYERS, "sequences": SEQUENCES,
}  # fmt: skip
