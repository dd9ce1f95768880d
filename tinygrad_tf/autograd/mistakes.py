"""What the engine says of mistakes. Each function returns the error, so that one line is enough where it is raised."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import describe, error, shown

if TYPE_CHECKING:
    from .tensor import Array, Tensor

# ---- tensor ---------------------------------------------------------------------------------------------------------


def no_array(data: Any, dtype: Any, problem: Exception) -> Exception:
    if hasattr(dtype, "cure"):  # the name of a type that PyTorch has
        return error(TypeError, "Tensor", got={"dtype": dtype}, rule="NumPy has no such type", cure=dtype.cure)
    return error(
        type(problem),
        "Tensor",
        got={"data": data},
        rule=f"data must form an array (NumPy: {problem})",
        cure="give numbers, or nested lists whose rows have equal length",
    )


def no_numbers(dtype: Any) -> Exception:
    return error(
        TypeError,
        "Tensor",
        got=f"data of type {dtype}",
        rule="entries are booleans, integers or floats",
        cure="convert them first; strings become ids through a vocabulary, None has no number",
    )


def masked(array: Any) -> Exception:
    return error(
        TypeError,
        "Tensor",
        got=f"a masked array {array.shape}",
        rule="a Tensor has no mask: entries that are masked would count",
        cure="write array.filled(0.0) for the entries, and pass array.mask where a mask is taken",
    )


def no_input(name: str, x: Any) -> Exception:
    return error(
        TypeError,
        name,
        got=f"a {type(x).__name__}" if x is None or not callable(x) else f"the function or module {type(x).__name__}",
        rule="it is computed of Tensors, arrays, numbers and lists of numbers",
        cure="call a module first, as in module(x); strings become ids through a vocabulary",
    )


def several_entries(t: Tensor) -> Exception:
    return error(
        ValueError,
        "item",
        got={"self": t},
        rule="only a Tensor with one entry is a number",
        cure="reduce it first, e.g. with .sum(), or use .tolist()",
    )


def several_truths(t: Tensor) -> Exception:
    return error(
        ValueError,
        "bool",
        got={"self": t},
        rule="only a Tensor with one entry is true or false",
        cure="write (t > 0).all() or (t > 0).any()",
    )


def no_length(t: Tensor) -> Exception:
    return error(TypeError, "len", got={"self": t}, rule="a Tensor without axes has no length", cure="use .item()")


def gradient_would_be_lost(t: Tensor) -> Exception:
    return error(
        RuntimeError,
        "numpy",
        got={"self": t},
        rule="an array does not record what is done with it, so the gradient would be lost",
        cure="write .detach().numpy() to say that you do not need it",
    )


def no_flag(data: Any, given: Any) -> Exception:
    """The error for ``Tensor(2, 3)``."""
    return error(
        TypeError,
        "Tensor",
        got={"data": shown(data, 40), "requires_grad": shown(given, 40)},
        rule="Tensor takes the entries, and then whether they require a gradient, True or False",
        cure="write empty(2, 3) or zeros(2, 3) for a Tensor of these sizes",
    )


def no_float(array: Array) -> Exception:
    return error(
        RuntimeError,
        "requires_grad",
        got={"data": array},
        rule="only floats can be nudged, so only they have a gradient",
        cure="write Tensor(data, dtype='float32', requires_grad=True)",
    )


def no_leaf(t: Tensor) -> Exception:
    return error(
        RuntimeError,
        "requires_grad_",
        got={"self": t},
        rule="only a leaf chooses whether it gets a gradient",
        cure="use .detach() for the same values without a graph",
    )


def gets_no_gradient(name: str, t: Tensor) -> Exception:
    return error(
        RuntimeError,
        name,
        got={"self": t},
        rule="a Tensor that does not require a gradient gets none",
        cure="make it, or what it is computed from, with requires_grad=True",
    )


def belongs_to_a_graph(t: Tensor) -> Exception:
    return error(
        RuntimeError,
        "copy",
        got={"self": t},
        rule="a Tensor that an op made belongs to its graph and cannot be copied or pickled with it",
        cure="copy .detach() instead",
    )


def leaf_written_to(name: str, t: Tensor, leaf: Tensor) -> Exception:
    return error(
        RuntimeError,
        name,
        got={"self": t} if t is leaf else {"self": t, "a view of the leaf": leaf},
        rule="a leaf that requires a gradient is not changed while calls are recorded",
        cure="write it within `with no_grad():`, or change a copy: t = t.clone()",
    )


def closed_to_writes(name: str, t: Tensor) -> Exception:
    return error(
        RuntimeError,
        name,
        got={"self": t},
        rule="an array that is broadcast, a copy of a diagonal, or closed by its owner, is not written to",
        cure="write to the whole (a diagonal: fill_diagonal_, or t[range(n), range(n)] = v), or to t.clone()",
    )


def memory_is_shared(name: str, t: Tensor) -> Exception:
    return error(
        RuntimeError,
        name,
        got={"self": t},
        rule="what is written has a gradient, which another Tensor or array of the same memory would not know of",
        cure="write to the whole, t[i, j] = v for t[i][j] = v, or to a copy: t = t.clone()",
    )


def written_through_another(x: Tensor, name: str) -> Exception:
    return error(
        RuntimeError,
        name,
        got={"X": x},
        rule="X was used after its memory had been written to through another Tensor, and knows nothing of that",
        cure="write to X itself, X[i, j] = v for X[i][j] = v, and take views of X after the write",
    )


# ---- recording and operation ----------------------------------------------------------------------------------------


def no_op(forward: Any, types: Any) -> Exception | None:
    """What keeps an op from being made of these, if anything does."""
    if not hasattr(forward, "__code__"):
        return error(
            TypeError,
            "op",
            got=describe(forward),
            rule="a forward is a function written in Python, of which a rule and a formula can be read",
            cure="write def bell(X): …, and @op above it",
        )
    if types not in ("same", "float", None):
        return error(
            ValueError,
            "op",
            got={"types": repr(types)},
            rule='types is "same", "float" or None',
            cure='write types="float" for an op that gives floats, types="same" for one that keeps integers',
        )
    return None


def input_with_default(forward: Any) -> Exception:
    names = forward.__code__.co_varnames[: forward.__code__.co_argcount]
    name = next(n for n, value in zip(names[::-1], forward.__defaults__[::-1], strict=False) if value is not None)
    given = dict(zip(names[::-1], forward.__defaults__[::-1], strict=False))[name]
    return error(
        TypeError,
        f"op {forward.__name__}",
        got=f"an input with a default, {name}={given!r}",
        rule="inputs are Tensors that a gradient flows to; what has a default is a param, and its name is written",
        cure=f"put a star before it: def {forward.__name__}({names[0]}, …, *, {name}={given!r})",
    )


def several_results(op: str, made: Any) -> Exception:
    return error(
        TypeError,
        f"forward of {op}",
        got=f"a result of {len(made)} parts",
        rule="an op returns one array",
        cure="write an op for each part, or join them: np.concatenate, np.stack",
    )


def no_rule(op: str, Y: Tensor) -> Exception:
    return error(
        RuntimeError,
        f"backward of {op}",
        got={"result": Y},
        rule=f"{op} has no gradient rule, and a gradient arrives that would be lost",
        cure=f"write one, @{op}.rule, or .detach() what goes into it to say that you do not need it",
    )


def too_few_gradients(op: str, Y: Tensor, sent: Any) -> Exception:
    """For a rule that returns fewer gradients than ``Y`` has inputs, or something else than gradients."""
    n = len(sent) if isinstance(sent, (tuple, list)) else 1
    return error(
        RuntimeError,
        f"the gradient rule of {op}",
        got=f"{len(Y.inputs)} inputs and returned {n}",
        rule="it returns a gradient for each input",
        cure="return None for an input that has none",
    )


def wrong_gradient(op: str, X: Tensor, dX: Array) -> Exception:
    """For a rule that returns something else than a gradient of ``X``."""
    return error(
        RuntimeError,
        f"the gradient rule of {op}",
        got={"input": X, "its gradient": dX},
        rule="a gradient is an array of floats in its input's shape, up to broadcasting",
        cure=f"let the rule return one of shape {X.shape} there, or None where there is none",
    )


def changed(Y: Tensor, i: int) -> Exception:
    """For a value that changed between forward and backward: that of ``Y`` (i = 0) or of one of its inputs."""
    op: Any = Y.op
    letter = op.letters[i - 1] if 0 < i <= len(op.letters) else "Y" if i == 0 else f"X{i}"
    return changed_value(op.name, letter, (Y, *Y.inputs)[i])


def changed_value(name: str, letter: str, t: Tensor) -> Exception:
    return error(
        RuntimeError,
        f"the gradient rule of {name}",
        got={letter: t},
        rule=f"it reads the value of {letter}, which has been modified by an inplace operation since the forward",
        cure="call backward() before the change (optimizer.step(), t[i] = v, add_() …), or change a copy: t.clone()",
    )


# ---- walk -----------------------------------------------------------------------------------------------------------


def no_graph(t: Tensor) -> Exception:
    return error(
        RuntimeError,
        "backward",
        got={"self": t},
        rule="a Tensor that nothing requiring a gradient went into has no graph: it does not require grad",
        cure="make a leaf with requires_grad=True, and do not compute under no_grad()",
    )


def freed(t: Tensor) -> Exception:
    return error(
        RuntimeError,
        "backward",
        got={"self": t},
        rule="the graph was freed by an earlier backward(), to return its memory",
        cure="write retain_graph=True in the earlier call, or run the forward again",
    )


def several_outputs(name: str, t: Tensor) -> Exception:
    rule = "with several entries it is open how each of them counts"
    return error(
        RuntimeError,
        name,
        got={"self": t},
        rule=f"grad can be implicitly created only for scalar outputs: {rule}",
        cure="reduce to a loss first, e.g. loss = y.mean(), or pass the gradient of each entry",
    )


def gradient_of_another_shape(name: str, t: Tensor, gradient: Any) -> Exception:
    return error(
        RuntimeError,
        name,
        got={"self": t, "gradient": gradient},
        rule="the gradient of a Tensor has the Tensor's shape",
        cure="pass one number for each entry of the output",
    )


def not_as_many(name: str, outputs: int, gradients: int) -> Exception:
    return error(
        RuntimeError,
        name,
        got=f"{outputs} outputs and {gradients} gradients",
        rule="each output has a gradient to start from",
        cure="give None for an output that is a scalar",
    )


def no_inputs() -> Exception:
    return error(
        RuntimeError,
        "backward",
        got="an empty list of inputs",
        rule="inputs are the Tensors that get a gradient",
        cure="name some, or leave inputs out: then all leaves get theirs",
    )


def unused(x: Tensor) -> Exception:
    return error(
        RuntimeError,
        "grad",
        got={"input": x},
        rule="the outputs do not depend on it",
        cure="write allow_unused=True, which gives None, or leave it out, which gives zeros",
    )


def no_tensor(name: str, x: Any) -> Exception:
    return error(
        RuntimeError,
        name,
        got={"input": x},
        rule="outputs and inputs are Tensors, or lists of Tensors",
        cure="compute the outputs from Tensors with requires_grad=True",
    )


def input_without_gradient(name: str, x: Tensor) -> Exception:
    return error(
        RuntimeError,
        name,
        got={"input": x},
        rule="only a Tensor that requires a gradient has one",
        cure="make it with requires_grad=True before the forward",
    )


def hook_returned(Y: Tensor, changed: Any) -> Exception:
    return error(
        RuntimeError if hasattr(changed, "dtype") else TypeError,
        "a hook",
        got={"tensor": Y, "what it returned": changed},
        rule="a gradient is a Tensor of floats in its Tensor's shape",
        cure="return such a gradient, or None to leave it as it is",
    )
