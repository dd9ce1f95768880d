"""The recorded graph, run by PyTorch and here side by side, node for node, and compared at each.

What no gradient flows through (masks, positions, values of frozen weights alone) is computed by PyTorch and taken as a
constant, just as our own ops make no graph of it. So the table needs the ops that gradients flow through, and no more.
"""

from __future__ import annotations

import difflib
import linecache
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...autograd.places import Site
from ...autograd.recording import thread
from ...autograd.tensor import Tensor, numbers
from ...errors import error, is_explained
from ...wording.languages import translated
from ..callsite import names_of
from .aten import ATEN
from .comparing import Rounding, apart, difference, differs, size_of
from .drawing import DRAWING, with_mask
from .recording import Noted, Recorded

_NOT_HERE = {"conv": "convolutions", "pool": "pooling", "lstm": "recurrent layers", "gru": "recurrent layers",
             "rnn": "recurrent layers", "batch_norm": "batch norm", "upsample": "images",
             "autocast": "autocast"}  # fmt: skip


class Unknown(Exception):
    """An op that the table lacks, in call number ``call``, and what to say of it if PyTorch cannot take it apart."""

    def __init__(self, op: Any, call: int | None, said: Exception) -> None:
        super().__init__(str(said))
        self.op, self.call, self.said = op, call, said


class Lockstep:
    """One run: ``theirs`` and ``ours`` are the values by the graph's nodes; ``drew`` says whether masks were drawn.

    Values that PyTorch alone has computed are in ``theirs``; :meth:`taken` makes Tensors of them when they are used.
    """

    def __init__(self, torch: Any, recorded: Recorded, compared: bool = True) -> None:
        self.torch, self.noted, self.compared = torch, recorded.noted, compared
        self.program = recorded.program
        self.theirs: dict[Any, Any] = {}
        self.ours: dict[Any, Any] = {}
        self.rounding: dict[int, Rounding] = {}  # by the numbers of Tensors
        self.sites = _sites(self.program.graph, recorded.noted)
        self.drew = False

    def run(self, theirs: Mapping[str, Any], ours: Mapping[str, Tensor]) -> list[Any]:
        """The graph's outputs; ``theirs`` and ``ours`` are what goes in, by the names of the placeholders."""
        for node in self.program.graph.nodes:
            if node.op == "placeholder":
                self.theirs[node] = theirs[node.name]
                if node.name in ours:
                    self.ours[node] = ours[node.name]
            elif node.op == "get_attr":
                self.theirs[node] = getattr(self.program.graph_module, node.target)
            elif node.op == "call_function":
                self._step(node)
        returned = next(node for node in self.program.graph.nodes if node.op == "output").args[0]
        kinds = [spec.kind.name for spec in self.program.graph_signature.output_specs]
        nodes = [node for node, kind in zip(returned, kinds, strict=True) if kind == "USER_OUTPUT"]
        return [(self.theirs[node], self.taken(node)) for node in nodes]

    def taken(self, node: Any) -> Any:
        """Our value of a node; what PyTorch alone has, as a Tensor that bears the name which the user's code has."""
        if node not in self.ours:
            value = self.theirs[node]
            is_tensor = isinstance(value, self.torch.Tensor)
            self.ours[node] = Tensor.wrap(self._array(value, node), self._name(node)) if is_tensor else value
        return self.ours[node]

    def _name(self, node: Any) -> str | None:
        """What the user's code calls a constant; one in another shape is called as it was before."""
        while node not in self.ours:
            site = self.sites.get(node)
            names = names_of(site) if site else ()
            if len(names) == 1 and names[0]:
                return names[0]
            if str(node.target) not in _SHAPING:
                return None
            node = node.args[0]
        return getattr(self.ours[node], "name", None)

    def _array(self, value: Any, node: Any) -> np.ndarray[Any, Any]:
        try:
            return np.array(value.detach().resolve_conj().resolve_neg().numpy())
        except TypeError:
            raise self._no_type(value.dtype, node) from None

    def _no_type(self, dtype: Any, node: Any) -> Exception:
        return error(
            TypeError,
            "from_torch",
            got=f"{dtype} in {self._line(node)}",
            rule="values are booleans, integers, float16, float32 or float64, the types of NumPy",
            cure="let the module compute in float32: no .to(torch.bfloat16) in forward(), no autocast",
        )

    def _step(self, node: Any) -> None:
        torch = self.torch
        args = _each(node.args, self.theirs.get)
        kwargs = {name: _each(x, self.theirs.get) for name, x in node.kwargs.items()}
        needs = any((isinstance(x := self.theirs[n], torch.Tensor) and x.requires_grad) or isinstance(x, (tuple, list))
                    for n in node.all_input_nodes)  # fmt: skip
        name = str(node.target)
        draws = needs and name in DRAWING and DRAWING[name](*args, **kwargs)
        if draws:
            self.drew = True
            ours = self._call(node)
            made = with_mask(torch, name, args, kwargs, ours)
        else:
            before = torch.get_rng_state() if _is_random(torch, node) else None
            made = _INSTEAD.get(name, node.target)(*args, **kwargs)
            self.drew = self.drew or (before is not None and not torch.equal(before, torch.get_rng_state()))
            if not needs or not any(t.requires_grad for t in _tensors(torch, made)):
                self.theirs[node] = made
                return
            ours = self._call(node)
        self.theirs[node], self.ours[node] = made, ours
        if self.compared:
            self._compare(node, made, ours)

    def _call(self, node: Any) -> Any:
        """What the table has for a node, on our values, in the module and at the place where the user's code stands."""
        name = str(node.target)
        if name == "<built-in function getitem>":
            pair = self.ours[node.args[0]], node.args[1]
            return self._placed(node, pair[0][pair[1]], 0)
        if name not in ATEN:
            raise Unknown(node.target, node.meta.get("custom", {}).get("call"), self._unknown(node, name))
        args = [self._converted(x, node) for x in node.args]
        kwargs = {key: self._converted(x, node) for key, x in node.kwargs.items() if key not in _STRIDES}
        state, call = thread.state, self._noted(node)
        outer, start = state.scope, next(numbers)
        if call is not None and call.scope is not None:
            state.scope = call.scope
        try:
            made = ATEN[name](*args, **kwargs)
        except (TypeError, ValueError, IndexError, RuntimeError, NotImplementedError) as problem:
            why = "" if is_explained(problem) else f"{type(problem).__name__}: "
            raise error(
                type(problem) if is_explained(problem) else RuntimeError,
                "from_torch",
                got=f"{name} in {self._line(node)}, and here {why}{str(problem).splitlines()[0]}",
                rule="each op runs here with the arguments that PyTorch recorded",
                cure="write this line in forward() in another way",
            ) from problem
        finally:
            state.scope = outer
        return self._placed(node, made, start)

    def _placed(self, node: Any, made: Any, start: int) -> Any:
        """A result that knows the user's line; one that was there before keeps its own, if that gives it a name."""
        site = self.sites.get(node)
        if isinstance(made, Tensor) and made.op is not None and site is not None:
            is_new = made.number > start > 0
            if is_new or made.site is None or not names_of(made.site):
                made.site = site
        return made

    def _converted(self, x: Any, node: Any) -> Any:
        """An argument of ``node`` as our ops take it: Tensors, and types of NumPy."""
        if isinstance(x, (list, tuple)):
            return [self._converted(part, node) for part in x]
        if isinstance(x, self.torch.fx.Node):
            return self.taken(x)
        if isinstance(x, self.torch.dtype):
            try:
                return np.dtype(str(x).removeprefix("torch."))
            except TypeError:
                raise self._no_type(x, node) from None
        return None if isinstance(x, (self.torch.device, self.torch.layout, self.torch.memory_format)) else x

    def _compare(self, node: Any, theirs: Any, ours: Any) -> None:
        inputs = [x for n in node.all_input_nodes if isinstance(x := self.ours.get(n), Tensor)]
        before = [self.rounding[x.number].apart for x in inputs if x.number in self.rounding]
        rounding = Rounding(size_of(*[x.array for x in inputs]), max(before, default=0.0))
        several = isinstance(theirs, (tuple, list))
        for t, y in zip(theirs if several else [theirs], ours if several else [ours], strict=False):
            if not isinstance(t, self.torch.Tensor) or not t.requires_grad:
                continue
            array = self._array(t, node)
            how = difference(y.array, array, rounding)
            if how:
                raise differs(
                    f"{node.target} in {self._line(node)}", how, f"look at {node.target} in graph.pytorch.aten"
                )
            self.rounding[y.number] = Rounding(rounding.size, apart(y.array, array))

    # ---- what is said of a node --------------------------------------------------------------------------------------

    def _noted(self, node: Any) -> Noted | None:
        number = node.meta.get("custom", {}).get("call")
        return None if number is None else self.noted[number]

    def _line(self, node: Any) -> str:
        """The user's line: ``x = self.conv(x) (model.py, line 12, module blocks.0)``."""
        call = self._noted(node)
        if call is None or not call.line[0]:
            return "the recorded graph"
        file, line = call.line
        text = linecache.getline(file, line).strip()
        module = f", module {call.scope}" if call.scope else ""
        return f"{text or 'a line'} ({Path(file).name}, line {line}{module})"

    def _unknown(self, node: Any, name: str) -> Exception:
        short = {key.split(".")[1]: key for key in ATEN}
        near = [short[found] for found in difflib.get_close_matches((name + ".").split(".")[1], short, 3)]
        absent = next((what for part, what in _NOT_HERE.items() if part in name), "")
        why = [f"it is for Transformers, and has no {absent}"] if absent else []
        why.append(f"gradients flow through {len(ATEN)} ops of PyTorch here, named in graph.pytorch.ATEN")
        if near:
            why[-1] = f"{why[-1]}, such as {', '.join(near)}"
        return error(
            NotImplementedError,
            "from_torch",
            got=f"{name} in {self._line(node)}",
            rule="; ".join(map(translated, why)),
            cure=f"write it with those, or add what it is here: graph.pytorch.ATEN[{name!r}] = a function of the same "
            "arguments on Tensors",
        )


_SHAPING = ("aten.view.default", "aten.reshape.default", "aten.contiguous.default", "aten.flatten.using_ints",
            "aten.unsqueeze.default", "aten.expand.default", "aten.slice.Tensor", "aten.to.dtype")  # fmt: skip
#: What PyTorch does not run as it has recorded it: a view whose strides are others now, a copy with a gradient.
_INSTEAD = {
    "aten.view.default": lambda x, shape: x.reshape(shape),
    "aten.copy.default": lambda x, source, *_: source.to(x.dtype).expand(x.shape),
}
_STRIDES = ("memory_format", "layout", "device", "pin_memory", "non_blocking", "copy")


def _each(x: Any, value: Any) -> Any:
    """``x`` with the nodes in it replaced by their values."""
    if isinstance(x, (list, tuple)):
        return type(x)(_each(part, value) for part in x) if type(x) in (list, tuple) else [_each(p, value) for p in x]
    if isinstance(x, dict):
        return {key: _each(part, value) for key, part in x.items()}
    if isinstance(x, slice):
        return slice(_each(x.start, value), _each(x.stop, value), _each(x.step, value))
    return value(x) if type(x).__name__ == "Node" else x


def _tensors(torch: Any, made: Any) -> list[Any]:
    if isinstance(made, torch.Tensor):
        return [made]
    return [t for part in made for t in _tensors(torch, part)] if isinstance(made, (tuple, list)) else []


def _is_random(torch: Any, node: Any) -> bool:
    return torch.Tag.nondeterministic_seeded in getattr(node.target, "tags", ())


def _sites(graph: Any, noted: list[Noted]) -> dict[Any, Site]:
    """Where the result of each call is stored, by the nodes that are its results: those that others use."""
    groups: dict[int, list[Any]] = defaultdict(list)
    for node in graph.nodes:
        number = node.meta.get("custom", {}).get("call") if node.op == "call_function" else None
        if number is not None:
            groups[number].append(node)
    found: dict[Any, Site] = {}
    for number, nodes in groups.items():
        sites, own = noted[number].sites, set(nodes)
        ends = [node for node in nodes if not node.users or any(user not in own for user in node.users)]
        parts = {node.args[0] for node in ends if str(node.target) == "<built-in function getitem>"}
        if len(parts) == 1 and len(sites) > 1:
            found.update(
                {node: sites[node.args[1]] for node in ends if node.args[0] in parts and node.args[1] < len(sites)}
            )
        elif sites:
            found.update(zip(ends[-len(sites) :], sites, strict=False))
    return found
