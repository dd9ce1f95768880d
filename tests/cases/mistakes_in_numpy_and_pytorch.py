"""Mistakes of the table made in NumPy or in PyTorch: what class do they raise? By the names of the rows."""

import copy
import types

import numpy as np

from . import mistakes_functions
from .case import F, torch

schedules = torch and torch.optim.lr_scheduler


def a(*sizes):
    return np.ones(sizes)


def t(*sizes):
    return torch.ones(*sizes, requires_grad=True)


def ids(*values):
    return torch.tensor(values)


def twice():
    y = (t(2) ** 2).sum()
    y.backward()
    y.backward()


def of_hook(returned):
    y = t(2) * 2
    y.register_hook(lambda dY: returned)
    y.sum().backward()


def of_rule(rule, *inputs):
    functions = {"forward": staticmethod(lambda ctx, *xs: xs[0] * 1), "backward": staticmethod(rule)}
    type("Mine", (torch.autograd.Function,), functions).apply(*inputs).sum().backward()


def hooked(module, returned):
    module.register_full_backward_hook(lambda m, dXs, dYs: returned)
    return module


def attend(query=(1, 3, 4), key=(1, 2, 4), value=(1, 2, 4), **masks):
    return torch.nn.MultiheadAttention(4, 2, batch_first=True)(t(*query), t(*key), t(*value), **masks)


def of_result(function):
    """Of a result of an op."""
    return function(t(2) * 2)


NUMPYS = {
    "shapes: add": lambda: a(2, 3) + a(2, 4),
    "shapes: where": lambda: np.where(a(5), a(2), a(2)),
    "shapes: matmul": lambda: a(2, 3) @ a(2, 3),
    "shapes: matmul of a batch": lambda: a(2, 2, 3) @ a(3, 3, 2),
    "shapes: matmul with a number": lambda: a(2) @ np.float64(2.0),
    "shapes: reshape": lambda: a(2, 3).reshape(4, 2),
    "shapes: reshape with two -1": lambda: a(2, 3).reshape(-1, -1),
    "shapes: broadcast_to": lambda: np.broadcast_to(a(2, 3), (3, 2)),
    "shapes: concatenate": lambda: np.concatenate([a(2, 3), a(2, 4)]),
    "shapes: concatenate nothing": lambda: np.concatenate([]),
    "shapes: stack": lambda: np.stack([a(2), a(3)]),
    "places: sum": lambda: a(2, 3).sum(axis=2),
    "places: sum twice": lambda: a(2, 3).sum(axis=(0, 0)),
    "places: mean": lambda: a(2).mean(1),
    "places: max of nothing": lambda: a(0, 3).max(),
    "places: argmax of nothing": lambda: a(0).argmax(),
    "places: permute": lambda: a(2, 3).transpose(0, 0),
    "places: permute some": lambda: a(2, 3, 4).transpose(0, 1),
    "places: swapaxes": lambda: a(2, 3).swapaxes(0, 2),
    "places: squeeze": lambda: a(2, 1).squeeze(2),
    "places: unsqueeze": lambda: np.expand_dims(a(2), 5),
    "places: concatenate": lambda: np.concatenate([a(2), a(2)], 5),
    "places: index": lambda: a(3)[3],
    "places: too many indices": lambda: a(3)[0, 0],
    "places: a list of indices": lambda: a(3)[[0, 5]],
    "places: an index that is a float": lambda: a(3)[1.0],
    "places: a mask as index": lambda: a(3)[np.ones(2, bool)],
    "types: uneven rows": lambda: np.array([[1], [2, 3]]),
    "types: an unknown dtype": lambda: np.array([1.0], dtype="sharp"),
    "types: None added": lambda: a(2) + None,
    "types: booleans subtracted": lambda: np.array([True]) - np.array([True]),
    "types: floats bit by bit": lambda: a(2) & a(2),
    "types: floats inverted": lambda: ~a(2),
    "types: integers to a negative power": lambda: np.array([2]) ** -1,
    "types: axis as a float": lambda: a(2).sum(axis=0.5),
    "types: an item of two": lambda: a(2).item(),
    "types: the truth of two": lambda: bool(a(2)),
    "types: the length of a number": lambda: len(a()),
    "types: rows of a number": lambda: list(a()),
    "arguments: unknown": lambda: a(2).sum(foo=1),
    "arguments: missing": lambda: np.add(a(2)),
    "arguments: too many params": lambda: np.sum(a(2), 0, None, None, False, 0, True, 5),
    "arguments: twice": lambda: np.sum(a(2), 0, axis=0),
}


def written_to():
    x = t(2, 2)
    y = (x.exp() @ x).sum()
    with torch.no_grad():
        x[0, 0] = 5.0
    y.backward()


def sgd(**settings):
    return torch.optim.SGD([t(2)], **settings)


def infinite():
    p = t(2)
    (p * np.inf).sum().backward()
    torch.nn.utils.clip_grad_norm_(p, 1.0, error_if_nonfinite=True)


def loaded(change):
    p = t(2)
    optimizer = torch.optim.Adam([p])
    (p * p).sum().backward()
    optimizer.step()
    state = optimizer.state_dict()
    change(state)
    optimizer.load_state_dict(state)


def beyond_the_end():
    schedule = schedules.OneCycleLR(sgd(momentum=0.9), 1.0, total_steps=3)
    for _ in range(4):
        schedule.step()


def model_of_two_batches():
    return torch.nn.Transformer(4, 2, 1, 1, 6, batch_first=True)(t(1, 3, 4), t(2, 3, 4))


PYTORCHS = {
    "shapes: cross_entropy": lambda: F.cross_entropy(t(2, 3), ids(0, 1, 2)),
    "places: softmax": lambda: t(2, 3).softmax(2),
    "places: mT of a row": lambda: torch.transpose(t(2), -2, -1),
    "places: flatten": lambda: t(2, 3).flatten(3),
    "places: split": lambda: t(5).split(2, dim=3),
    "places: a token beyond the vocabulary": lambda: F.embedding(ids(0, 9), t(4, 2)),
    "places: a class beyond the last": lambda: F.cross_entropy(t(2, 3), ids(0, 3)),
    "types: integers with a gradient": lambda: torch.tensor([1], requires_grad=True),
    "types: integers with a gradient, later": lambda: ids(1).requires_grad_(),
    "types: an array of what has a gradient": lambda: np.asarray(t(2)),
    "types: a copy of a result": lambda: of_result(copy.deepcopy),
    "arguments: dropout": lambda: F.dropout(t(2), 1.5),
    "arguments: reduction": lambda: F.cross_entropy(t(1, 3), ids(0), reduction="avg"),
    "types: class weights that want a gradient": lambda: F.cross_entropy(t(1, 3), ids(0), weight=t(3)).backward(),
    "backward: of several entries": lambda: (t(2) * 2).backward(),
    "backward: without a graph": lambda: torch.tensor([1.0]).backward(),
    "backward: twice": twice,
    "backward: from weights of another shape": lambda: (t(2) * 2).backward(torch.ones(3)),
    "backward: grad of several entries": lambda: torch.autograd.grad(t(2) * 2, t(2)),
    "backward: grad of what requires none": lambda: torch.autograd.grad(t(2).sum(), ids(1)),
    "backward: grad of an array": lambda: torch.autograd.grad(t(2).sum(), [np.ones(2)]),
    "backward: too few weights":
        lambda: torch.autograd.grad([t(2).sum(), t(2).sum()], t(2), [torch.ones(())]),
    "backward: a result told not to": lambda: of_result(lambda y: y.requires_grad_(False)),
    "derivatives: vjp with another shape": lambda: torch.func.vjp(lambda x: x * x, t(2))[1](torch.ones(3)),
    "derivatives: jvp with another shape":
        lambda: torch.autograd.functional.jvp(lambda x: x * x, t(2), torch.ones(1)),
    "derivatives: jvp with too few directions":
        lambda: torch.autograd.functional.jvp(lambda x, u: x * u, (t(2), t(2)), (t(2),)),
    "derivatives: hvp with a single direction":
        lambda: torch.autograd.functional.hvp(lambda x, u: (x * u).sum(), (t(2), t(2)), t(2)),
    "derivatives: the Hessian of several entries": lambda: torch.autograd.functional.hessian(lambda x: x * x, t(2)),
    "derivatives: hvp of several entries":
        lambda: torch.autograd.functional.hvp(lambda x: x * x, t(2), torch.ones(2)),
    "derivatives: the Jacobian at integers": lambda: torch.func.jacrev(lambda x: x * x)(ids(1, 2)),
    "derivatives: gradcheck of constants": lambda: torch.autograd.gradcheck(lambda x: x, ids(1)),
    "hooks: a hook where no gradient comes": lambda: torch.ones(1).register_hook(print),
    "hooks: retain_grad where no gradient comes": lambda: torch.ones(1).retain_grad(),
    "hooks: a hook that returns another shape": lambda: of_hook(torch.ones(3)),
    "hooks: a hook that returns a number": lambda: of_hook(2.0),
    "hooks: a hook that returns integers": lambda: of_hook(ids(1, 1)),
    "ops of your own: a rule that returns too few": lambda: of_rule(lambda ctx, dY: None, t(2), t(2)),
    "ops of your own: a rule that returns another shape": lambda: of_rule(lambda ctx, dY: torch.ones(3), t(2)),
    "debug mode: a rule that returns a number": lambda: of_rule(lambda ctx, dY: 1.0, t(2)),
    "hooks: a module's hook that returns another shape":
        lambda: hooked(torch.nn.Tanh(), (torch.ones(1),))(t(2)).sum().backward(),
    "hooks: a module's hook that returns too many":
        lambda: hooked(torch.nn.Tanh(), (torch.ones(2), torch.ones(2)))(t(2)).sum().backward(),
    "hooks: a module's hook where no input has a gradient":
        lambda: hooked(torch.nn.Linear(2, 1), (torch.ones(1, 2),))(torch.ones(1, 2)).backward(),
    "debug mode: an array that was written to": written_to,
    "modules: a module without a forward": lambda: torch.nn.Module()(t(2)),
    "modules: a state dict of another shape":
        lambda: torch.nn.Linear(2, 1).load_state_dict({"weight": torch.ones(2, 2), "bias": torch.ones(1)}),
    "modules: a state dict with other names": lambda: torch.nn.Linear(2, 1).load_state_dict({"W": torch.ones(1, 2)}),
    "modules: parameters as integers": lambda: torch.nn.Linear(2, 1).to(torch.int64),
    "modules: a Tensor in a parameter's place": lambda: setattr(torch.nn.Linear(2, 1), "weight", torch.ones(1, 2)),
    "modules: a part that is not there": lambda: torch.nn.Linear(2, 1).get_parameter("scale"),
    "modules: Dropout": lambda: torch.nn.Dropout(1.5),
    "modules: Xavier of a vector": lambda: torch.nn.init.xavier_uniform_(torch.ones(3)),
    "modules: an unknown gain": lambda: torch.nn.init.calculate_gain("gelu"),
    "modules: is_causal alone": lambda: attend(is_causal=True),
    "modules: an activation of another name": lambda: torch.nn.TransformerEncoderLayer(4, 2, activation="swish"),
    "modules: source and target of different batches": model_of_two_batches,
    "training: an optimiser of nothing": lambda: torch.optim.SGD([]),
    "training: a negative learning rate": lambda: torch.optim.SGD([t(2)], lr=-0.1),
    "training: a beta of 1": lambda: torch.optim.Adam([t(2)], betas=(0.9, 1.0)),
    "training: a parameter in two groups":
        lambda: (lambda p: torch.optim.SGD([{"params": [p]}, {"params": [p]}]))(t(2)),
    "training: Nesterov without momentum": lambda: torch.optim.SGD([t(2)], nesterov=True),
    "training: a state of other groups": lambda: loaded(lambda s: s["param_groups"][0]["params"].append(1)),
    "training: parameters in a set": lambda: torch.optim.SGD([{"params": {t(2)}}]),
    "training: names for some parameters": lambda: torch.optim.SGD([("w", t(2)), t(2)]),
    "training: names for some groups":
        lambda: torch.optim.SGD([{"params": [("w", t(2))]}, {"params": [t(2)]}]),
    "training: two ways to be fast": lambda: torch.optim.SGD([t(2)], fused=True, foreach=True),
    "training: ConstantLR": lambda: schedules.ConstantLR(sgd(), factor=2.0),
    "training: a plateau with bounds for other groups":
        lambda: schedules.ReduceLROnPlateau(sgd(), min_lr=[0.1, 0.2]),
    "training: clipping what is infinite": infinite,
    "training: LambdaLR": lambda: schedules.LambdaLR(sgd(), [abs, abs]),
    "training: LinearLR": lambda: schedules.LinearLR(sgd(), start_factor=0),
    "training: SequentialLR": lambda: (lambda o: schedules.SequentialLR(o, [schedules.StepLR(o, 1)], [3]))(sgd()),
    "training: ReduceLROnPlateau": lambda: schedules.ReduceLROnPlateau(sgd(), factor=1.0),
    "training: CosineAnnealingWarmRestarts": lambda: schedules.CosineAnnealingWarmRestarts(sgd(), 0),
    "training: CyclicLR of two groups": lambda: schedules.CyclicLR(sgd(momentum=0.9), [0.1, 0.2], 1.0),
    "training: a cycle of a momentum that is not there":
        lambda: schedules.CyclicLR(torch.optim.Adagrad([t(2)]), 0.1, 1.0),
    "training: OneCycleLR beyond its end": beyond_the_end,
    "training: Muon's scale": lambda: torch.optim.Muon([t(2, 2)], adjust_lr_fn="mine"),
    "modules: tokens that are not embedded":
        lambda: torch.nn.Transformer(4, 2, 1, 1, 6, batch_first=True)(t(1, 3, 5), t(1, 3, 5)),
    "places: a negative token": lambda: F.embedding(ids(0, -1), t(4, 2)),
    "places: a negative class": lambda: F.cross_entropy(t(2, 3), ids(0, -1)),
    "places: add_at": lambda: torch.zeros(4).index_add(0, ids(0, 5), t(2)),
    "arguments: too many": lambda: torch.add(t(2), t(2), t(2)),
    "training: Muon of a vector": lambda: torch.optim.Muon([t(2)]),
    "training: OneCycleLR": lambda: schedules.OneCycleLR(sgd(momentum=0.9), 1.0),
    "training: CyclicLR":
        lambda: schedules.CyclicLR(sgd(momentum=0.9), 0.1, 1.0, mode="square"),
}  # fmt: skip


def in_pytorch(call):
    """The same call with PyTorch for the engine."""
    theirs = {
        "t": torch,
        "F": F,
        "x": lambda *n: t(n),
        "ids": ids,
        "Tensor": torch.tensor,
        "ones": lambda *n: torch.ones(n).bool(),
    }
    return types.FunctionType(call.__code__, {**vars(mistakes_functions), **theirs})


SURFACE = {f"{table}: {row[0]}": row[1] for table, rows in mistakes_functions.TABLES.items() for row in rows}
NUMPYS |= mistakes_functions.IN_NUMPY
PYTORCHS |= {
    name: in_pytorch(call)
    for name, call in SURFACE.items()
    if torch is not None and name not in NUMPYS.keys() | mistakes_functions.OURS_ALONE
}

CALLS = NUMPYS | (PYTORCHS if torch is not None else {})
