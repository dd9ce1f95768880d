"""Mistakes with autograd (derivatives, ops of one's own, hooks, debug mode) and with nn (modules, training, models)."""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from tinygrad_tf import (
    Function,
    Tensor,
    checkpoint,
    debug,
    gradcheck,
    hessian,
    hvp,
    jacobian,
    jvp,
    manual_seed,
    nn,
    optim,
    random,
    tasks,
    vjp,
    zeros,
)
from tinygrad_tf.autograd.operation import Op, op
from tinygrad_tf.models import Transformer, TransformerConfig
from tinygrad_tf.nn import init
from tinygrad_tf.optim import clip_grad_norm_
from tinygrad_tf.train.saving import save_checkpoint
from tinygrad_tf.train.trainer import TrainConfig, Trainer

from .mistakes import ids, ones, x


def of_rule(rule):
    """The gradient of an op with this rule."""
    product = Op(lambda X, W: X * W, name="product").function
    product.rule(rule)
    return product(x(2), x(2)).sum().backward()


def without_rule():
    Op(lambda X: np.sign(X), name="sign").function(x(2)).sum().backward()


def of_hook(returned):
    y = x(2) * 2
    y.register_hook(lambda dY: returned)
    y.sum().backward()


def changes_its_mind():
    runs = []
    y = checkpoint(lambda t: runs.append(1) or (t * 2)[: len(runs)], x(2))
    y.sum().backward()


DERIVATIVES = [
    ("sizes in place of entries", lambda: Tensor(2, 3), TypeError,
     "Tensor got data 2, requires_grad 3", "takes the entries", "write empty(2, 3)"),
    ("vjp with another shape", lambda: vjp(lambda t: t * t, x(2))[1](np.ones(3)), RuntimeError,
     "vjp got self (2,) float64, v (3,) float64", "of the shape of the output", "the shape (2,)"),
    ("jvp with another shape", lambda: jvp(lambda t: t * t, x(2), [1.0]), RuntimeError,
     "jvp got self (2,) float64, v (1,) float64", "of the shape of the input", "the shape (2,)"),
    ("jvp with too few directions", lambda: jvp(lambda t, u: t * u, (x(2), x(2)), (x(2),)), RuntimeError,
     "jvp got inputs 2, directions (", "each input has a direction", "(x, w), (v_x, v_w)"),
    ("hvp with a single direction", lambda: hvp(lambda t, u: (t * u).sum(), (x(2), x(2)), x(2)), RuntimeError,
     "hvp got inputs 2, directions x (2,) float64", "in a tuple as the inputs are", "(x, w), (v_x, v_w)"),
    ("the Hessian of several entries", lambda: hessian(lambda t: t * t, x(2)), RuntimeError,
     "hessian got result (2,) float64", "of a scalar function", "jacobian() twice"),
    ("the Hessian of a norm at 0", lambda: hessian(lambda t: (t * 0).norm() ** 2, x(2)), ValueError,
     "norm got X 0 in every entry, and a second derivative", "jumps at 0", "write (x * x).sum()"),
    ("hvp of several entries", lambda: hvp(lambda t: t * t, x(2), [1.0, 1.0]), RuntimeError,
     "hvp got result (2,) float64", "of a scalar function", "sum the result"),
    ("the Jacobian of two results", lambda: jacobian(lambda t: (t, t), x(2)), TypeError,
     "jacobian got result (Tensor", "one Tensor of floats", "stack(results)"),
    ("the Jacobian of integers", lambda: jacobian(lambda t: t.argmax(), x(2)), TypeError,
     "jacobian got result () int64", "one Tensor of floats", "each on its own"),
    ("the Jacobian at integers", lambda: jacobian(lambda t: t * t, ids(1, 2)), RuntimeError,
     "requires_grad got data (2,) int64", "only floats", "dtype='float32'"),
    ("a rule wrong by a thousandth", lambda: gradcheck(off_by_a_thousandth, x(2)), AssertionError,
     "gradcheck(off_by_a_thousandth) got input 0 (x) of shape (2,), derivative 1, with kernels: in entry (0,)",
     "both agree to", "gradcheck(op, x)"),
    ("gradcheck of constants", lambda: gradcheck(lambda t: t, ids(1)), ValueError,
     "gradcheck got 1 inputs, none of which", "Tensors that require one", "requires_grad=True"),
    ("gradcheck of integers", lambda: gradcheck(lambda t: t.argmax(), x(2)), TypeError,
     "gradcheck got result () int64", "a Tensor of floats", "ops made of"),
    ("the Jacobian of a number", lambda: jacobian(3, x(2)), TypeError, "jacobian got function 3",
     "a function of the inputs", "write jacobian(lambda x: …, x)"),
    ("gradcheck of a number", lambda: gradcheck(3, x(2)), TypeError, "gradcheck got function 3",
     "a function of the inputs", "write gradcheck(lambda x: …, x)"),
    ("checkpoint of what writes to its input", lambda: checkpoint(lambda h: h.add_(1) * 2, x(2) * 1), RuntimeError,
     "checkpoint got <lambda>, which writes", "would write a second time", "h.clone()"),
    ("checkpoint of two results", lambda: checkpoint(lambda t: (t, t), x(2)), TypeError,
     "checkpoint got result (Tensor", "one Tensor", "checkpoint them apart"),
    ("a function that changes its mind", changes_its_mind, RuntimeError,
     "checkpoint got the first result (1,) float64, the second result (2,)", "the same result", "generator alone"),
]  # fmt: skip


class Thousandth(Function):
    def forward(X):
        return X**3

    def backward(dY, Y, X):
        return dY * 3.003 * X**2


def off_by_a_thousandth(t):
    return Thousandth.apply(t)


def own(**functions):
    """A subclass of Function with these functions."""
    return type(Function)("Mine", (Function,), functions)


OWN_OPS = [
    ("Function without a rule", lambda: own(forward=lambda X: X * 2), TypeError,
     "Function Mine got no backward", "an op has both", "def backward(dY, Y, X)"),
    ("Function without a forward", lambda: own(backward=lambda dY, Y, X: dY), TypeError,
     "Function Mine got no forward", "an op has both", "def forward(X)"),
    ("a rule with ctx", lambda: own(forward=lambda X: X, backward=lambda ctx, dY: dY), TypeError,
     "Function Mine got forward(X) and backward(ctx, dY)", "ctx comes first in both", "def backward(dY, Y, X)"),
    ("a rule that leaves out an input", lambda: own(forward=lambda X, W: X * W, backward=lambda dY, Y, X: dY),
     TypeError, "got forward(X, W) and backward(dY, Y, X)", "all inputs and all params", "def backward(dY, Y, X)"),
    ("a rule that leaves out a param", lambda: own(forward=lambda X, *, k: X * k, backward=lambda dY, Y, X: dY),
     TypeError, "Function Mine got forward(X, *, k) and", "all inputs and all params", "def backward(dY, Y, X)"),
    ("a rule that returns too few", lambda: of_rule(lambda dY, Y, X, W: (dY,)), RuntimeError,
     "the gradient rule of product got 2 inputs and returned 1", "a gradient for each input", "return None"),
    ("an op with a default for an input", lambda: Op(lambda X, rate=0.1: X * rate, name="scaled"), TypeError,
     "an input with a default, rate=0.1", "what has a default is a param", "*, rate=0.1"),
    ("an op of a number", lambda: op(3), TypeError, "op got 3", "a function written in Python", "@op above it"),
    ("an op of a function that is built in", lambda: op(len), TypeError, "op got <built-in function len>",
     "a function written in Python", "@op above it"),
    ("an op of misspelt types", lambda: op(types="flaot")(lambda X: X), ValueError, "op got types 'flaot'",
     '"same", "float" or None', 'types="float"'),
    ("an op with two results", lambda: Op(lambda X: (X, X), name="twice").function(x(2)), TypeError,
     "forward of twice got a result of 2 parts", "an op returns one array", "np.stack"),
    ("an op without a rule", without_rule, RuntimeError,
     "backward of sign got result (2,) float64", "sign has no gradient rule", ".detach()"),
    ("a rule that returns another shape", lambda: of_rule(lambda dY, Y, X, W: (np.ones(3), dY)), RuntimeError,
     "the gradient rule of product got input x (2,) float64, its gradient (3,)",
     "its input's shape", "one of shape (2,)"),
]  # fmt: skip


def hooked(module, hook):
    module.register_full_backward_hook(hook)
    return module


class Dicts(nn.Module):
    def forward(self, t):
        return {"result": t * 2}


HOOKS = [
    ("a hook where no gradient comes", lambda: Tensor([1.0]).register_hook(print), RuntimeError,
     "register_hook got self (1,) float32", "does not require a gradient", "requires_grad=True"),
    ("retain_grad where no gradient comes", lambda: Tensor([1.0]).retain_grad(), RuntimeError,
     "retain_grad got self (1,) float32", "does not require a gradient", "requires_grad=True"),
    ("a hook that returns another shape", lambda: of_hook(Tensor(np.ones(3))), RuntimeError,
     "a hook got tensor (2,) float64, what it returned (3,) float64", "its Tensor's shape", "or None"),
    ("a hook that returns a number", lambda: of_hook(2.0), TypeError,
     "a hook got tensor (2,) float64, what it returned 2.0", "a gradient is a Tensor", "or None"),
    ("a hook that returns integers", lambda: of_hook(ids(1, 2)), RuntimeError,
     "what it returned (2,) int64", "of floats", "or None"),
    ("a module's hook that returns another shape",
     lambda: hooked(nn.Tanh(), lambda m, dXs, dYs: dXs[0][:1])(x(2)).sum().backward(), RuntimeError,
     "a backward hook of Tanh got gradients [(1,)] to put in place of [(2,)]", "one for each input", "or None"),
    ("a module's hook that returns too many",
     lambda: hooked(nn.Tanh(), lambda m, dXs, dYs: (dXs[0], dXs[0]))(x(2)).sum().backward(), RuntimeError,
     "gradients [(2,), (2,)] to put in place of [(2,)]", "one for each input", "return such a tuple"),
    ("a module's hook where no input has a gradient",
     lambda: hooked(nn.Linear(2, 1), lambda m, dXs, dYs: (dYs[0],))(Tensor([[1.0, 2.0]])).backward(), RuntimeError,
     "a backward hook of Linear got gradients [(1, 1)] to put in place of [None]", "has None", "None to leave"),
    ("a module's hook on a dict", lambda: hooked(Dicts(), print)(x(2)), TypeError,
     "a backward hook of Dicts got output {'result': Tensor(", "of a Tensor, or of a tuple", "a module inside"),
]  # fmt: skip


def in_debug(run):
    with debug():
        run()


def written_to():
    t = x(2, 2)
    y = (t @ t).sum()
    t.array[0, 0] = 5.0
    y.backward()


DEBUG = [
    ("the first NaN", lambda: in_debug(lambda: (x(2) - 2).sqrt()), FloatingPointError,
     "forward of sqrt in no module, called at ", "the first that is not", "a division by 0"),
    ("the first Inf of a gradient", lambda: in_debug((x(2) - 1).sqrt().sum().backward), FloatingPointError,
     "backward of sqrt in no module, called at a line before debug(), got a gradient of an input (2,) with 0 NaN and 1",
     "every number is finite", "learning rate"),
    ("an array that was written to", lambda: in_debug(written_to), RuntimeError,
     "the gradient rule of matmul in no module, called at ", "modified by an inplace operation", "write to a copy"),
    ("a rule that returns a number", lambda: in_debug(lambda: of_rule(lambda dY, Y, X, W: (1.0, dY))), RuntimeError,
     "got input x (2,) float64, its gradient 1.0", "an array of floats", "let the rule return one of shape"),
]  # fmt: skip


def attend(query=(1, 3, 4), key=(1, 2, 4), value=(1, 2, 4), batch_first=True, **masks):
    """MultiheadAttention(4, 2) of inputs of these shapes."""
    return nn.MultiheadAttention(4, 2, batch_first=batch_first).double()(x(*query), x(*key), x(*value), **masks)


def transform(source, target):
    return nn.Transformer(4, 2, 1, 1, 6, batch_first=True)(x(*source), x(*target))


MODULES = [
    ("a summary of no module", lambda: nn.summary(lambda x: x, x(2)), TypeError,
     "summary got model", "runs a module on its inputs", "summary(model, x)"),
    ("a state of no generator", lambda: random.set_state({"bit_generator": "PCG64"}), ValueError,
     "set_state got a state that NumPy does not take", "a generator PCG64", "what get_state() returned"),
    ("a seed below 0", lambda: manual_seed(-1), ValueError,
     "manual_seed got seed -1", "a whole number from 0 on", "manual_seed(0)"),
    ("a seed that is no number", lambda: manual_seed("a"), TypeError,
     "manual_seed got seed 'a'", "a whole number from 0 on", "manual_seed(0)"),
    ("a module without a forward", lambda: nn.Module()(x(2)), NotImplementedError,
     "Module got a call", "says in forward()", "def forward(self, x)"),
    ("a state dict of another shape",
     lambda: nn.Linear(2, 1).load_state_dict({"weight": np.ones((2, 2)), "bias": [0.0]}), RuntimeError,
     "load_state_dict of Linear got mis-shaped: weight (2, 2) for (1, 2)", "names and shapes", "the same sizes"),
    ("a state dict with other names", lambda: nn.Linear(2, 1, bias=False).load_state_dict({"W": np.ones((1, 2))}),
     RuntimeError, "got missing: weight; unexpected: W", "names and shapes", "strict=False"),
    ("values for a read-only array", lambda: read_only().load_state_dict({"weight": np.ones((1, 2))}), ValueError,
     "load_state_dict of Linear got values for weight, whose array is read-only", "none was changed", "array.copy()"),
    ("a tensor of PyTorch that is no array", lambda: nn.Linear(2, 1).load_state_dict({"weight": Meta(), "bias": [0.0]}),
     TypeError, "load_state_dict got a tensor of PyTorch that is no array", "numbers in a row", "to_dense()"),
    ("a state dict that is none", lambda: nn.Linear(2, 1).load_state_dict([1.0]), TypeError,
     "load_state_dict of Linear got [1.0]", "a dict with names as keys", "what state_dict() returned"),
    ("parameters as integers", lambda: nn.Linear(2, 1).to("int64"), TypeError,
     "Linear got dtype int64", "parameters are floats", '.to("float32")'),
    ("a Tensor in a parameter's place", lambda: setattr(nn.Linear(2, 1), "weight", Tensor([[1.0, 2.0]])), TypeError,
     "Linear.weight = … got weight (1, 2) float32", "takes a Parameter or None", "nn.Parameter(…)"),
    ("a part's name with a dot", lambda: nn.Module().add_module("a.b", nn.ReLU()), ValueError,
     "add_module got name 'a.b'", "without dots", '"layer1"'),
    ("a part's name that is taken", lambda: nn.Module().register_buffer("forward", Tensor([1.0])), ValueError,
     "register_buffer got name 'forward'", "already has something else", "another name"),
    ("a part that is not there", lambda: nn.Linear(2, 1).get_parameter("scale"), AttributeError,
     "get_parameter got target 'scale'", "one of those that named_parameters() gives", "in module.named_parameters()"),
    ("Dropout", lambda: nn.Dropout(1.5), ValueError, "Dropout got p 1.5", "0 … 1", "0.1"),
    ("Xavier of a vector", lambda: init.xavier_uniform_(x(3)), ValueError,
     "init got tensor x (3,) float64", "two axes", "zeros_"),
    ("Kaiming with a misspelt mode", lambda: init.kaiming_uniform_(x(3, 2), mode="fan-out"), ValueError,
     "init got mode 'fan-out'", "fan_in, fan_out", 'mode="fan_in"'),
    ("Kaiming for an unknown nonlinearity", lambda: init.kaiming_uniform_(x(3, 2), nonlinearity="gelu"), ValueError,
     "init got nonlinearity 'gelu'", "leaky_relu, relu, linear, tanh", 'nonlinearity="leaky_relu"'),
    ("an unknown gain", lambda: init.calculate_gain("gelu"), ValueError,
     "init got nonlinearity 'gelu'", "one of leaky_relu, relu", 'nonlinearity="leaky_relu"'),
    ("positions beyond the last", lambda: nn.SinusoidalPositions(4, 3)(x(1, 5, 4)), ValueError,
     "positions got x (1, 5, 4) float64, start 0", "0 … 2", "larger max_length"),
    ("rotary positions of an odd width", lambda: nn.RotaryPositions(3), ValueError,
     "RotaryPositions got head_dim 3", "in pairs", "even"),
    ("heads that do not divide", lambda: nn.MultiheadAttention(10, 3), ValueError,
     "MultiheadAttention got embed_dim 10, num_heads 3", "a multiple of num_heads", "embed_dim=512"),
    ("attention of vectors", lambda: attend((4,)), ValueError,
     "MultiheadAttention got query x (4,) float64", "three axes", "unsqueeze"),
    ("attention of another width", lambda: attend((1, 3, 5)), ValueError,
     "query x (1, 3, 5) float64", "last axes are (4, 4, 4)", "the widths"),
    ("attention with fewer values than keys", lambda: attend(value=(1, 1, 4)), ValueError,
     "value x (1, 1, 4) float64", "equal lengths", "as key and as value"),
    ("attention over another batch", lambda: attend(batch_first=False, query=(3, 1, 4), key=(2, 2, 4), value=(2, 2, 4)),
     ValueError, "query x (3, 1, 4) float64, key x (2, 2, 4)", "the batch, axis 1", "batch_first=True"),
    ("is_causal alone", lambda: attend(is_causal=True), RuntimeError,
     "MultiheadAttention got is_causal True", "the mask itself is needed", "generate_square_subsequent_mask"),
    ("a mask of integers", lambda: attend(attn_mask=ones(3, 2, dtype=int)), TypeError,
     "attn_mask (3, 2) int64", "boolean, true where attention is NOT allowed", ".astype(bool)"),
    ("a mask of another name", lambda: attend(attn_mask="padded"), ValueError,
     "MultiheadAttention got attn_mask 'padded'", 'is "causal"', 'attn_mask="causal"'),
    ("training with a cache", lambda: attend(cache=nn.Cache(), value=(1, 2, 4)), RuntimeError,
     "Cache got K (1, 2, 4) float64", "no gradient flows back", "under no_grad()"),
    ("a mask of another shape", lambda: attend(key_padding_mask=ones(2, 2)), ValueError,
     "key_padding_mask (2, 2) bool", "key_padding_mask has shape (1, 2)", "the shape (1, 2)"),
    ("an activation of another name", lambda: nn.TransformerEncoderLayer(4, 2, activation="swish"), RuntimeError,
     "Transformer got activation 'swish'", '"relu", "gelu"', 'activation="gelu"'),
    ("source and target of different batches", lambda: transform((1, 3, 4), (2, 3, 4)), RuntimeError,
     "Transformer got src x (1, 3, 4) float64, tgt x (2, 3, 4)", "the same batch size, in axis 0", "batch_first"),
    ("tokens that are not embedded", lambda: transform((1, 3, 5), (1, 3, 5)), RuntimeError,
     "src x (1, 3, 5) float64", "d_model, 4", "embed the tokens"),
]  # fmt: skip


def read_only():
    net = nn.Linear(2, 1, bias=False)
    net.weight.array.flags.writeable = False
    return net


def sgd(**settings):
    return optim.SGD([x(2)], **settings)


w = x(2)


def beyond_the_end():
    schedule = optim.OneCycleLR(sgd(momentum=0.9), 1.0, total_steps=3)
    for _ in range(4):
        schedule.step()


def after_the_cycle():
    optimizer = sgd(momentum=0.9)
    schedule = optim.CyclicLR(optimizer, 0.1, 1.0)
    optimizer.add_param_group({"params": [x(2)]})
    schedule.step()


def infinite():
    p = x(2)
    (p * np.inf).sum().backward()
    return p


def stepped(spoil):
    """Two parameters with gradients, the second of which is spoilt before the step."""
    params = [x(2), x(2)]
    for p in params:
        p.grad = Tensor(np.ones(2))
    spoil(params[1])
    try:
        optim.SGD(params).step()
    finally:
        assert params[0].tolist() == x(2).tolist()  # no half step


class Meta:
    """As a tensor of PyTorch on the device meta, which has no numbers."""

    def detach(self):
        raise NotImplementedError("no data")


def loaded_twice():
    p = [x(2), x(2)]
    optim.Adam(p).load_state_dict({"state": {}, "param_groups": [{**optim.Adam(p).param_groups[0], "params": [0, 0]}]})


def loaded(change):
    """An Adam that has stepped, loading its own state with this change."""
    p = x(2)
    optimizer = optim.Adam([p])
    (p * p).sum().backward()
    optimizer.step()
    state = optimizer.state_dict()
    change(state)
    optimizer.load_state_dict(state)


def trained_within_itself():
    job = small_training()
    job.evaluate = lambda n: job.fit(progress=False)
    job.fit(progress=False)


def saved_over_a_text():
    path = tempfile.mkdtemp() + "/diary"
    with open(path, "w") as file:
        file.write("Dear diary")
    save_checkpoint(path, nn.Linear(1, 1))


def small_training(path=None):
    task = tasks.reverse()
    return Trainer(Transformer(TransformerConfig(len(task.vocabulary), d_model=8, n_heads=2, n_layers=1, d_ff=8)), task,
                   TrainConfig(steps=1, batch_size=2), path)  # fmt: skip


def measured_by_another_thread():
    job = small_training()
    with ThreadPoolExecutor(1) as pool:
        job.evaluate = lambda n: pool.submit(Trainer.evaluate, job, n).result()
        job.fit(progress=False)


def task_of(held_out):
    return replace(tasks.reverse(), held_out=held_out)


TRAINING = [
    ("a training within itself", trained_within_itself, RuntimeError,
     "Trainer.fit got a model, or an optimizer, that another training is changing", "one training at a time", "a copy"),
    ("a checkpoint in the place of a text", saved_over_a_text, FileExistsError,
     "where a file is that is no checkpoint", "it replaces only checkpoints", "give another path"),
    ("a score that another thread measures", measured_by_another_thread, RuntimeError,
     "translate got a model that another thread is training", "into evaluation", "a copy"),
    ("a score of nothing", lambda: task_of(()), ValueError,
     "Task got held_out ()", "on pairs of texts, one at least", 'such as (("12", "21"),)'),
    ("a score of pairs that are none", lambda: task_of(("12", "21")), ValueError,
     "Task got held_out ('12', '21')", "on pairs of texts", "give a tuple"),
    ("a score of pairs that can be read once", lambda: task_of(iter([("12", "21")])), ValueError,
     "Task got held_out <list_iterator", "on pairs of texts", "give a tuple"),
    ("a score of letters that the task does not know", lambda: task_of((("1a", "1"),)), ValueError,
     "Vocabulary.encode got '1a', in which 'a' at position 1 is unknown", "the known characters", "write '1'"),
    ("a bound of gradients that is none", lambda: TrainConfig(max_norm=float("nan")), ValueError,
     "TrainConfig got max_norm nan", "a number above 0", "max_norm=1.0"),
    ("a bound of gradients below 0", lambda: TrainConfig(max_norm=-1.0), ValueError,
     "TrainConfig got max_norm -1.0", "a number above 0", "max_norm=1.0"),
    ("a rate that is a text", lambda: optim.SGD([x(2).requires_grad_()], lr="a"), TypeError,
     "SGD got lr 'a'", "lr is a number", "lr=0.001"),
    ("one beta for two", lambda: optim.Adam([x(2).requires_grad_()], betas=0.9), TypeError,
     "Adam got betas 0.9", "several numbers", "betas=(0.9, 0.999)"),
    ("a size that is a text", lambda: nn.Linear("a", 2), TypeError,
     "Linear got in_features 'a'", "a whole number", "in_features=1"),
    ("a size below 0", lambda: zeros(2, -1), ValueError,
     "zeros got size -1", "a whole number of at least 0", "for example 3"),
    ("a probability that is a text", lambda: nn.Dropout("a"), TypeError,
     "Dropout got p 'a'", "p is a number", "p=0.5"),
    ("a masked array", lambda: Tensor(np.ma.masked_greater(np.arange(3.0), 1.0)), TypeError,
     "Tensor got a masked array (3,)", "a Tensor has no mask", "array.filled(0.0)"),
    ("a loss with a reduction that does not exist", lambda: nn.MSELoss("mena"), ValueError,
     "MSELoss got reduction 'mena'", '"mean", "sum" or "none"', 'reduction="mean"'),
    ("an index to leave out that is a text", lambda: nn.CrossEntropyLoss(ignore_index="a"), TypeError,
     "CrossEntropyLoss got ignore_index 'a'", "a whole number", "ignore_index=-100"),
    ("a truth value that is a text", lambda: nn.PairwiseDistance(keepdim="no"), TypeError,
     "PairwiseDistance got keepdim 'no'", "keepdim is True or False", "keepdim=False"),
    ("a gradient of another shape", lambda: stepped(lambda p: setattr(p, "grad", Tensor(1.0))), ValueError,
     "SGD got a gradient of shape () for a parameter of shape (2,)", "no parameter was changed", "backward()"),
    ("a parameter that is read-only", lambda: stepped(lambda p: p.array.setflags(write=False)), ValueError,
     "SGD got a parameter (2,) whose array is read-only", "no parameter was changed", "a copy"),
    ("an optimiser of nothing", lambda: optim.SGD([]), ValueError,
     "SGD got no parameters", "something to change", "model.parameters()"),
    ("a negative learning rate", lambda: sgd(lr=-0.1), ValueError, "SGD got lr -0.1", "not negative", "downhill"),
    ("a beta of 1", lambda: optim.Adam([x(2)], betas=(0.9, 1.0)), ValueError,
     "Adam got betas (0.9, 1.0)", "[0, 1)", "betas=(0.9, 0.999)"),
    ("a result as a parameter", lambda: optim.SGD([x(2) * 2]), TypeError,
     "SGD got parameter (2,) float64", "leaf Tensors", "model.parameters()"),
    ("a parameter in two groups", lambda: optim.SGD([{"params": [w]}, {"params": [w]}]), ValueError,
     "SGD got parameter x (2,) float64", "optimised once", "leave it out"),
    ("Nesterov without momentum", lambda: sgd(nesterov=True), ValueError,
     "SGD got momentum 0", "needs a momentum", "nesterov=True"),
    ("Muon of a vector", lambda: optim.Muon([x(2)]), ValueError,
     "Muon got parameter x (2,) float64", "only a matrix", "AdamW the others"),
    ("Muon's scale", lambda: optim.Muon([x(2, 2)], adjust_lr_fn="mine"), ValueError,
     "Muon got adjust_lr_fn 'mine'", '"match_rms_adamw"', 'adjust_lr_fn="original"'),
    ("Muon's steps", lambda: optim.Muon([x(2, 2)], ns_steps=10**9), ValueError,
     "Muon got ns_steps 1000000000", "1 … 99 steps", "ns_steps=5"),
    ("a schedule's state that would never end",
     lambda: optim.CosineAnnealingWarmRestarts(sgd(), 5).load_state_dict({"last_epoch": 3, "T_0": -1}), ValueError,
     "CosineAnnealingWarmRestarts got T_0 -1", "at least one step", "T_0=10"),
    ("a state with a rate that is no number", lambda: loaded(lambda s: s["param_groups"][0].update(eps="a")),
     ValueError, "load_state_dict of Adam got optimizer.eps 'a' in the saved state", "and finite", "an older copy"),
    ("a parameter that has its state twice", loaded_twice, ValueError,
     "load_state_dict of Adam got the parameter 0 twice", "a number of its own", "an older copy"),
    ("a state that is none", lambda: sgd().load_state_dict({}), ValueError,
     "load_state_dict of SGD got a state that cannot be loaded (KeyError", "nothing was changed", "an older copy"),
    ("a state of other groups", lambda: loaded(lambda s: s["param_groups"][0]["params"].append(1)), ValueError,
     "load_state_dict of Adam got groups of [2] parameters", "groups of [1]", "groups of [2] parameters"),
    ("a state of other shapes", lambda: loaded(lambda s: s["state"][0].update(exp_avg=np.ones(3))), ValueError,
     "load_state_dict of Adam got exp_avg (3,) float64, parameter x (2,)", "its parameter's shape", "the sizes of"),
    ("a state without a part of it", lambda: loaded(lambda s: s["state"][0].pop("exp_avg_sq")), ValueError,
     "load_state_dict of Adam got a state with step, exp_avg and no exp_avg_sq", "has step, exp_avg", "the same class"),
    ("a state of integers", lambda: loaded(lambda s: s["state"][0].update(exp_avg=np.ones(2, int))), ValueError,
     "load_state_dict of Adam got exp_avg of int64 for a parameter of float64", "are floats", "the same class"),
    ("a state of no number of steps", lambda: loaded(lambda s: s["state"][0].update(step=-1)), ValueError,
     "load_state_dict of Adam got step -1", "of at least 0", "the same class"),
    ("a stack of no number of layers", lambda: nn.TransformerEncoder(nn.Linear(2, 2), "a"), TypeError,
     "TransformerEncoder got num_layers 'a'", "a whole number", "num_layers=1"),
    ("a state of another parameter", lambda: loaded(lambda s: s["state"].update({5: s["state"][0]})), ValueError,
     "load_state_dict of Adam got a state of parameter 5", "numbered from 0", "the same parameters"),
    ("parameters in a set", lambda: optim.SGD([{"params": {w}}]), TypeError,
     "SGD got a set of 1", "have an order", "pass a list"),
    ("names for some parameters", lambda: optim.SGD([("w", w), x(2)]), ValueError,
     "SGD got 1 parameters with names and 1 without", "or none has", "named_parameters()"),
    ("names for some groups", lambda: optim.SGD([{"params": [("w", w)]}, {"params": [x(2)]}]), ValueError,
     "SGD got a group without names beside others", "or those of none", "named_parameters() for all"),
    ("a step that has a derivative", lambda: sgd(differentiable=True), ValueError,
     "SGD got differentiable True", "no part of a graph", "differentiable=False"),
    ("two ways to be fast", lambda: sgd(fused=True, foreach=True), RuntimeError,
     "SGD got fused True, foreach True", "exclude each other", "leave both out"),
    ("clipping what is infinite", lambda: clip_grad_norm_(infinite(), 1.0, error_if_nonfinite=True), RuntimeError,
     "clip_grad_norm_ got norm inf", "is finite", "learning rate"),
    ("LambdaLR", lambda: optim.LambdaLR(sgd(), [abs, abs]), ValueError, "LambdaLR got 2 functions", "1 groups", "one"),
    ("LinearLR", lambda: optim.LinearLR(sgd(), start_factor=0), ValueError,
     "LinearLR got start_factor 0", "the first is not 0", "a larger lr"),
    ("ConstantLR", lambda: optim.ConstantLR(sgd(), factor=2.0), ValueError,
     "ConstantLR got factor 2.0", "in 0 … 1", "a larger lr"),
    ("a schedule of no steps", lambda: optim.CosineAnnealingLR(sgd(), T_max=0), ValueError,
     "CosineAnnealingLR got T_max 0", "divides by it", "T_max=1 or more"),
    ("a state of another schedule",
     lambda: optim.ExponentialLR(sgd(), 0.9).load_state_dict(optim.StepLR(sgd(), 3).state_dict()), ValueError,
     "load_state_dict of ExponentialLR got a state with 'step_size'", "its settings are gamma", "as those that were"),
    ("a state with momentums for groups without",
     lambda: optim.OneCycleLR(sgd(), 1.0, 3, cycle_momentum=False).load_state_dict({"cycle_momentum": True}),
     ValueError, "load_state_dict of OneCycleLR got a state with cycle_momentum, and groups without base_momentum",
     "those of the groups", "as those that were saved"),
    ("a plateau's state of more groups",
     lambda: optim.ReduceLROnPlateau(sgd()).load_state_dict({"min_lrs": [0.0, 0.0]}), ValueError,
     "load_state_dict of ReduceLROnPlateau got a state of 2 groups", "has 1 groups", "as those that were saved"),
    ("a plateau with bounds for other groups", lambda: optim.ReduceLROnPlateau(sgd(), min_lr=[0.1, 0.2]), ValueError,
     "ReduceLROnPlateau got min_lr [0.1, 0.2]", "1 groups", "one number for all"),
    ("a group that comes after its cycle", after_the_cycle, ValueError,
     "CyclicLR got 2 groups of parameters, and settings for 1", "when it is made", "make a new schedule"),
    ("SequentialLR", lambda: optim.SequentialLR(o := sgd(), [optim.StepLR(o, 1)], [3]), ValueError,
     "SequentialLR got 1 schedules and 1 milestones", "lies a milestone", "one entry fewer"),
    ("a state of SequentialLR with other milestones",
     lambda: optim.SequentialLR(o := sgd(), [optim.StepLR(o, 1)], []).load_state_dict({"_milestones": [2, 3]}),
     ValueError, "load_state_dict of SequentialLR got 1 schedules and 2 milestones", "lies a milestone", "as those"),
    ("ReduceLROnPlateau", lambda: optim.ReduceLROnPlateau(sgd(), factor=1.0), ValueError,
     "ReduceLROnPlateau got factor 1.0", "factor is below 1", "factor=0.1"),
    ("CosineAnnealingWarmRestarts", lambda: optim.CosineAnnealingWarmRestarts(sgd(), 0), ValueError,
     "CosineAnnealingWarmRestarts got T_0 0", "at least one step", "T_0=10"),
    ("CyclicLR", lambda: optim.CyclicLR(sgd(momentum=0.9), 0.1, 1.0, mode="square"), ValueError,
     "CyclicLR got mode 'square'", "mode is one of triangular", "scale_fn"),
    ("CyclicLR of two groups", lambda: optim.CyclicLR(sgd(momentum=0.9), [0.1, 0.2], 1.0), ValueError,
     "a schedule got base_lr [0.1, 0.2]", "1 groups", "one number for all"),
    ("a cycle of a momentum that is not there", lambda: optim.CyclicLR(optim.Adagrad([x(2)]), 0.1, 1.0), ValueError,
     "CyclicLR got optimizer Adagrad", "a momentum or betas", "cycle_momentum=False"),
    ("OneCycleLR", lambda: optim.OneCycleLR(sgd(momentum=0.9), 1.0), ValueError,
     "OneCycleLR got steps 0", "there are total_steps", "total_steps=1000"),
    ("a schedule beyond the numbers", lambda: optim.StepLR(sgd(), 1, gamma=1e300, last_epoch=1), ValueError,
     "StepLR got step 2, where the learning rate is no finite number", "finite at every step", "smaller settings"),
    ("OneCycleLR beyond its end", beyond_the_end, ValueError,
     "OneCycleLR got step 4", "has 3 steps", "total_steps=4"),
]  # fmt: skip


def model(**settings):
    return Transformer(
        TransformerConfig(vocab_size=5, d_model=4, n_heads=2, n_layers=1, d_ff=4, max_length=4, **settings)
    )


MODELS = [
    ("ids without a batch", lambda: model()([1, 2], [1]), ValueError,
     "Transformer got source (2,) int64", "(batch, length)", "ids[None, :]"),
    ("memory of another source", lambda: model().decode([[1]], x(1, 3, 4), [[1, 2]]), ValueError,
     "Transformer got source (1, 2) int64", "a vector for each source id", "the source that memory"),
    ("positions of another kind", lambda: model(positions="rotary"), ValueError,
     "TransformerConfig got positions 'rotary'", "sinusoidal, learned", 'positions="sinusoidal"'),
    ("a translation of no length", lambda: model().generate([[1]], decoder_start_token_id=1, max_new_tokens=0),
     ValueError, "generate got max_new_tokens 0", "at least one token", "max_new_tokens=20"),
    ("a first token beyond the vocabulary", lambda: model().generate([[1]], decoder_start_token_id=9), ValueError,
     "generate got decoder_start_token_id 9", "0 … 4", "trained with"),
]  # fmt: skip

TABLES = {
    "derivatives": DERIVATIVES, "ops of your own": OWN_OPS, "hooks": HOOKS, "debug mode": DEBUG, "modules": MODULES,
    "training": TRAINING, "models": MODELS,
}  # fmt: skip
