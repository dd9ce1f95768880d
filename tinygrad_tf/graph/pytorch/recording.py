"""PyTorch's recording of a module: the graph that torch.export gives, and of each call in it where it stands.

The graph alone says in which module an op ran and on which line. Here the frames themselves are noted while the module
runs, as our own ops and modules do it, so that values are called as the user's code calls them and a module that runs
twice is drawn twice.
"""

from __future__ import annotations

import sys
import types
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...autograd.places import Scope, Site, is_ours
from ...errors import error, is_explained
from .reading import READS, Readings, call

_OUTSIDE = (_outside := (lambda: None).__code__, -1, _outside, -1)  # the place of a call that no line of a user made


@dataclass(eq=False)
class Noted:
    """One call of a function of PyTorch: in which call of a module, on which line, and where each result is stored."""

    scope: Scope | None
    line: tuple[str, int]
    sites: list[Site]


@dataclass(eq=False)
class Recorded:
    """What PyTorch recorded.

    ``program`` is torch.export's, ``noted`` the calls in order, to whose places ``meta["custom"]["call"]`` of the nodes
    of its graph leads. ``structure`` is what the module returned, with a :class:`~.structure.Place` for each tensor.
    """

    program: Any
    noted: list[Noted]
    structure: Any


def record(
    torch: Any, module: Any, loss: Callable[..., Any] | None, given: Any, tensors: Sequence[Any], readings: Readings
) -> Recorded:
    """Record ``module`` as called with ``given``, (args, kwargs) with places for ``tensors``, and ``loss`` of that."""
    notes = Notes(torch, module)
    root, found = _root(torch, module, loss, given, notes, readings)
    handles = list(notes.hooked())
    try:
        with torch.fx.traceback.preserve_node_meta(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what concerns the user, the module's own run has said
            program = torch.export.export(root, tuple(tensors), strict=False)
            if any(_writes(node) for node in program.graph.nodes):
                program = program.run_decompositions({})  # what is written in place becomes a value of its own
    except Exception as problem:
        if is_explained(problem):
            raise
        raise error(
            RuntimeError,
            "from_torch",
            got=f"a {type(module).__name__} that torch.export cannot record: {_first_lines(problem)}",
            rule="torch.export follows the tensors through forward()",
            cure="the error above has the line; what it stops at is computed in another way, or outside of the module",
        ) from problem
    finally:
        for handle in handles:
            handle.remove()
    return Recorded(program, notes.noted, found[0])


def decomposed(torch: Any, recorded: Recorded, ops: Sequence[Any]) -> Recorded:
    """The same, with what PyTorch itself makes ``ops`` of in their place, as far as it says so."""
    found = torch._decomp.get_decompositions(ops)
    whole = torch.export.default_decompositions()
    found.update({op: whole[op] for op in ops if op in whole})
    with torch.fx.traceback.preserve_node_meta(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = recorded.program.run_decompositions(found)
    return Recorded(program, recorded.noted, recorded.structure)


def _root(torch: Any, module: Any, loss: Any, given: Any, notes: Notes, readings: Readings) -> tuple[Any, list[Any]]:
    """The module that is exported: it takes tensors alone and returns tensors alone, and runs the user's between."""
    found: list[Any] = []
    mode = _mode(torch, notes, readings)

    class Root(torch.nn.Module):  # type: ignore[misc]  # torch is imported where it is used
        def __init__(self) -> None:
            super().__init__()
            self.module = module

        def forward(self, *tensors: Any) -> Any:
            with mode:
                outputs, structure = call(torch, self.module, loss, given, tensors)
            found[:] = [structure]
            return tuple(outputs)

    return Root(), found


def _writes(node: Any) -> bool:
    return bool(getattr(getattr(node.target, "_schema", None), "is_mutable", False))


def _first_lines(problem: Exception) -> str:
    lines = [line.strip() for line in str(problem).splitlines() if line.strip()]
    return f"{type(problem).__name__}: {' '.join(lines[:2])}"[:400]


# ---- where each call stands -----------------------------------------------------------------------------------------


@dataclass(eq=False)
class Notes:
    """What is noted while a module is recorded."""

    torch: Any
    module: Any
    noted: list[Noted] = field(default_factory=list)
    made: dict[int, tuple[Noted, int]] = field(default_factory=dict)  # by the id of a result: its call and its place
    kept: list[Any] = field(default_factory=list)  # the results, so that no id is given twice
    scopes: list[Scope | None] = field(default_factory=lambda: [None])

    def __post_init__(self) -> None:
        self.folder = str(Path(self.torch.__file__).parent)

    def hooked(self) -> Iterator[Any]:
        """Hooks on each module that say when it is entered and left."""
        for path, part in self.module.named_modules():
            yield part.register_forward_pre_hook(self._entering(path))
            yield part.register_forward_hook(self._leaving, always_call=True)

    def _entering(self, path: str) -> Callable[..., None]:
        def entered(part: Any, args: Any) -> None:
            scope = Scope(path)
            scope.outer, scope.kind, scope.method = self.scopes[-1], type(part).__name__, "__call__"
            scope.site = self.site(sys._getframe(1)) if path else _OUTSIDE
            self.scopes.append(scope)

        return entered

    def _leaving(self, part: Any, args: Any, made: Any) -> None:
        scope = self.scopes.pop()
        if scope is None or scope.site is None or scope.site is _OUTSIDE:
            return
        several = isinstance(made, tuple)
        for i, t in enumerate(made if several else (made,)):
            self._returned(t, scope, (*scope.site[:4], i) if several else scope.site)

    def _returned(self, t: Any, scope: Scope, site: Site) -> None:
        """What a module of PyTorch's own returns is called as the user's code calls it, not as PyTorch's does."""
        call, i = self.made.get(id(t), (None, 0))
        within = call.scope if call else None
        while within is not None and within is not scope:
            within = within.outer
        if call and within is scope and self.is_torch(call.sites[i][0]) and not self.is_torch(site[0]):
            call.sites[i] = site

    def note(self, made: Any, frame: types.FrameType, number: int) -> None:
        """Note the call number ``number``, made by ``frame``, with what it made."""
        call = self.noted[number]
        if isinstance(made, self.torch.Tensor):
            call.sites.append(self.site(frame))
            self.made[id(made)] = call, 0
        elif isinstance(made, (tuple, list)):
            for i, t in enumerate(made):
                if isinstance(t, self.torch.Tensor):
                    call.sites.append((*self.site(frame), i))
                    self.made[id(t)] = call, len(call.sites) - 1
        self.kept.append(made)

    def is_torch(self, code: types.CodeType) -> bool:
        return code.co_filename.startswith(self.folder)

    def site(self, frame: types.FrameType | None) -> Site:
        """The place of a call: the frame that is no function of PyTorch's, and the one that called its function."""
        inner = self._written(frame)
        outer = self._written(inner.f_back if inner else None) or inner
        if inner is None or outer is None:
            return _OUTSIDE
        return inner.f_code, inner.f_lasti, outer.f_code, outer.f_lasti

    def _written(self, frame: types.FrameType | None) -> types.FrameType | None:
        """The next frame outward that somebody wrote as a model, and not what calls modules and functions."""
        while frame is not None and self.is_torch(frame.f_code) and not self._is_model(frame.f_code):
            frame = frame.f_back
        return frame

    def _is_model(self, code: types.CodeType) -> bool:
        path = Path(code.co_filename)
        return path.parent.name == "modules" and path.name != "module.py"

    def line(self, frame: types.FrameType | None) -> tuple[str, int]:
        """The file and the line of a user's that the call goes back to; PyTorch's, where none of his lies between."""
        first = self._written(frame)
        at = first
        while at is not None and self.is_torch(at.f_code):
            at = at.f_back
        at = first if at is None or is_ours(at.f_code) else at
        return ("", 0) if at is None else (at.f_code.co_filename, at.f_lineno)


def _mode(torch: Any, notes: Notes, readings: Readings) -> Any:
    """What is told of each call of a function of PyTorch, and puts its number on the nodes that the call makes."""

    class Mode(torch.overrides.TorchFunctionMode):  # type: ignore[misc]
        def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            frame = sys._getframe(1)
            read = readings.next(frame) if getattr(function, "__name__", "") in READS else []
            if read:
                return read[0]
            number = len(notes.noted)
            notes.noted.append(Noted(notes.scopes[-1], notes.line(frame), []))
            with torch.fx.traceback.annotate({"call": number}):
                made = function(*args, **(kwargs or {}))
            notes.note(made, frame, number)
            return made

    return Mode()
