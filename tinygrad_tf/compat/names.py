"""PyTorch's paths: where a module or a name lies here that PyTorch keeps elsewhere. Nothing is loaded before its use.

Two tables say it, and nothing is guessed. :class:`Names` is the finder that Python's ``import`` asks; :func:`find` is
what a module asks for a name that it does not have.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from opcode import opname
from types import ModuleType
from typing import Any

PACKAGE = __name__.partition(".")[0]

#: Modules: PyTorch's path below ``torch``, and the path below this package.
MODULES = {
    "amp": "compat.amp",
    "autograd.variable": "compat.context",
    "backends": "compat.backends",
    "backends.cuda": "compat.backends.cuda",
    "backends.cudnn": "compat.backends.cudnn",
    "backends.mkldnn": "compat.backends.mkldnn",
    "backends.mps": "compat.backends.mps",
    "cuda": "compat.cuda",
    "cuda.amp": "compat.amp",
    "distributed": "compat.distributed",
    "jit": "compat.jit",
    "multiprocessing": "compat.processes",
    "nn.modules": "nn",
    "nn.parallel": "compat.data_parallel",
    "nn.parameter": "nn.parts",
    "nn.utils.rnn": "compat.sequences",
    "optim.optimizer": "optim.base",
    "utils": "compat.utils",
    "utils.checkpoint": "compat.checkpoints",
    "utils.data": "compat.utils.data",
    "utils.tensorboard": "compat.tensorboard",
    "version": "compat.version",
}

#: Names of modules that are loaded with the package: where the name is looked up when somebody asks for it first.
NAMES = {
    "": {
        **dict.fromkeys(
            ("BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "FloatTensor", "HalfTensor", "IntTensor",
             "LongTensor", "ShortTensor", "Size", "bfloat16", "complex128", "complex64", "dtype", "finfo",
             "float8_e4m3fn", "float8_e5m2", "get_default_dtype", "iinfo", "numel", "set_default_dtype",
             "set_default_tensor_type"),
            "compat.types",
        ),
        **dict.fromkeys(("load", "save"), "compat.files"),
        **dict.fromkeys(
            ("Generator", "default_generator", "get_rng_state", "initial_seed", "seed", "set_rng_state"),
            "compat.random",
        ),
        **dict.fromkeys(("GradScaler", "autocast", "is_autocast_enabled"), "compat.amp"),
        **dict.fromkeys(
            ("are_deterministic_algorithms_enabled", "get_float32_matmul_precision", "get_num_threads",
             "set_float32_matmul_precision", "set_num_threads", "set_printoptions", "use_deterministic_algorithms"),
            "compat.settings",
        ),
    },
    "autograd": {"Variable": "compat.context", "detect_anomaly": "compat.settings", "gradcheck": "compat.checks",
                 "inference_mode": "compat.recording", "set_grad_enabled": "compat.recording"},
    "autograd.function": {"InplaceFunction": "compat.context", "once_differentiable": "compat.context"},
    "nn": {"DataParallel": "compat.data_parallel"},
}  # fmt: skip


class Names:
    """A finder of modules under another name: what is imported is the module itself, the same object under both.

    ``theirs`` is the first word of the names that it finds. ``place`` is given what follows it, ``"utils.data"``, and
    says where that lies below this package, or None where it is not the finder's business. It stands first in
    ``sys.meta_path``: a folder would otherwise be searched, and its file loaded a second time under the other name.

    With ``Names("torch", str)`` before an ``import torch``, this package takes PyTorch's place in the process.

    >>> import tinygrad_tf.cuda.amp
    >>> import tinygrad_tf.compat.amp
    >>> tinygrad_tf.cuda.amp is tinygrad_tf.compat.amp
    True
    """

    def __init__(self, theirs: str, place: Callable[[str], str | None]) -> None:
        self.theirs, self.place = theirs, place

    def install(self) -> None:
        """Let ``import`` ask this finder before all others."""
        sys.meta_path.insert(0, self)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """What Python asks for each module that is not loaded yet."""
        first, _, below = name.partition(".")
        if first != self.theirs:
            return None
        place = self.place(below)
        if place is None:
            return None
        real = f"{PACKAGE}.{place}" if place else PACKAGE
        return None if real == name else ModuleSpec(name, self, loader_state=real)  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The module itself."""
        module = importlib.import_module(spec.loader_state)
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """It has run already. Python has just put the other name's spec on it: its own comes back."""
        spec: Any = module.__spec__
        if spec is not None and spec.loader is self:
            module.__spec__ = spec.loader_state


class Missing:
    """A finder that is asked last: for a module that PyTorch has and this package has not it raises, and says why."""

    def install(self) -> None:
        """Let ``import`` ask this finder after all others."""
        sys.meta_path.append(self)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        """What Python asks for each module that nobody has found."""
        first, _, below = name.partition(".")
        if first == PACKAGE and below and not below.startswith("compat"):
            from .missing import module  # the texts are loaded when they are needed

            problem = module(below)
            if problem is not None:
                raise problem


def _place(below: str) -> str | None:
    """Where PyTorch's module lies here, None for one that this package does not keep elsewhere."""
    outer, inner = below, ""
    while outer:  # utils.data.dataset lies in utils.data, wherever that is
        if outer in MODULES:
            place = MODULES[outer] + inner
            if not inner or find_spec(f"{PACKAGE}.{place}") is not None:
                return place
            break
        outer, _, last = outer.rpartition(".")
        inner = f".{last}{inner}"
    return None


def find(path: str, name: str) -> Any:
    """What PyTorch has as ``name`` in its module ``path`` (``""``, ``"nn"``), loaded now.

    Raises AttributeError for what is not here, or ImportError where an ``import`` asks: what it is in PyTorch, whether
    it will come and what to write instead; a short one for a name that PyTorch has not either.
    """
    below = f"{path}.{name}" if path else name
    if below in MODULES:
        return importlib.import_module(f"{PACKAGE}.{below}")
    if name in NAMES.get(path, ()):
        module = importlib.import_module(f"{PACKAGE}.{NAMES[path][name]}")
        return getattr(module, name)
    from .missing import attribute  # the texts are loaded when they are needed

    frame, own = sys._getframe(1), __file__
    while frame.f_back is not None and frame.f_code.co_filename in (own, sys.modules[PACKAGE].__file__):
        frame = frame.f_back
    imports = frame.f_lasti >= 0 and opname[frame.f_code.co_code[frame.f_lasti]] == "IMPORT_FROM"
    raise attribute(path, name, ImportError if imports else AttributeError)


def with_context(cls: type[Any]) -> Callable[..., Any]:
    """The ``apply`` of a Function in PyTorch's form; what makes it is loaded for the first of them."""
    from .context import applied

    return applied(cls)


def finder_of(path: str) -> Callable[[str], Any]:
    """The ``__getattr__`` of a module: Python calls it only for names that the module does not have."""
    return lambda name: find(path, name)


def open_to(module: ModuleType, path: str) -> None:
    """Let a module of the engine, which lies below and knows nothing of PyTorch, find what PyTorch has in its place.

    A file also gets an empty search path, as a folder has one: Python then asks for modules below it, too.
    """
    module.__dict__["__getattr__"] = finder_of(path)
    module.__dict__.setdefault("__path__", [])


class Afterwards:
    """A finder that lets the module ``then`` follow the import of ``name``, whoever imports that and whenever.

    einops knows the kinds of arrays whose backend is loaded. Ours needs einops, and is loaded right after it.
    """

    def __init__(self, name: str, then: str) -> None:
        self.name, self.then = name, then
        if name in sys.modules:
            importlib.import_module(then)
        else:
            sys.meta_path.insert(0, self)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """What Python asks for each module that is not loaded yet."""
        if name != self.name:
            return None
        sys.meta_path.remove(self)
        found = (finder.find_spec(name, path, target) for finder in sys.meta_path)
        spec = next((spec for spec in found if spec is not None), None)
        if spec is not None and spec.loader is not None:
            self.real, spec.loader = spec.loader, self  # type: ignore[assignment]
        return spec

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """As the module's own loader does it."""
        return self.real.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Run the module by its own loader, which it keeps, and then ours."""
        module.__loader__ = self.real
        assert module.__spec__ is not None
        module.__spec__.loader = self.real
        self.real.exec_module(module)
        importlib.import_module(self.then)


def install() -> None:
    """Find PyTorch's paths below this package, and let einops know of Tensors."""
    Names(PACKAGE, _place).install()
    Missing().install()
    Afterwards("einops._backends", f"{PACKAGE}.compat.einops")
