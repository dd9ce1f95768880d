"""The shape of the package: which file may import which, what importing it costs, and that names lead somewhere."""

import ast
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest
from cases import engine_ops

import tinygrad_tf

ROOT = Path(tinygrad_tf.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

# What each part of the design may import of the package. Everything else is forbidden.
_ENGINE = {"errors", "tensor", "op", "autograd", "ops", "random"}
_NETWORK = _ENGINE | {"nn", "optim"}
ALLOWED = {
    "errors": set(),
    "random": set(),
    "kernels": set(),  # NumPy alone
    "memory": set(),
    "source": set(),
    "files": set(),
    "tensor": {"errors"},
    "op": {"errors", "tensor", "kernels", "source"},
    "quick": {"tensor", "op"},
    "autograd": {"errors", "tensor", "op"},  # knows no op by name
    "recording": {"op", "autograd"},
    "function": {"errors", "op"},
    "recompute": {"errors", "tensor", "op", "autograd", "random"},
    "debug": {"errors", "tensor", "op"},
    "ops": {"errors", "tensor", "op", "quick", "random", "kernels"},
    "makers": {"tensor", "random"},
    "devices": {"tensor"},
    "clipping": {"errors", "tensor"},
    "transforms": {"errors", "tensor", "op", "autograd"},
    "formula": {"errors", "tensor", "op", "source"},
    "graph": {"errors", "files", "tensor", "op", "ops", "autograd", "debug", "formula"},
    "notebook": {"tensor", "graph"},
    "nn": _ENGINE | {"clipping"},
    "optim": _ENGINE | {"kernels", "clipping"},
    "saving": _NETWORK | {"files"},
    "beams": set(),  # NumPy alone
    "generate": _NETWORK | {"beams"},  # works on any model that gives logits; the models inherit it
    "pretrained": _NETWORK | {"saving", "files"},
    "models": _NETWORK | {"generate", "pretrained"},
    "tasks": {"errors", "random"},
    "parallel": _NETWORK,
    "train": _NETWORK | {"models", "saving", "generate", "tasks", "parallel"},
    "figures": _NETWORK | {"models", "generate", "tasks", "train"},
}


def part_of(path: Path) -> str:
    """The part of the package that a file belongs to: its folder or its name."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(tree: ast.AST, module: str, is_package: bool):
    """Every module of the package that a file imports, with the function in which it does, if any."""
    for node, function in walk(tree, None):
        if isinstance(node, ast.Import):
            yield from ((alias.name, function) for alias in node.names if alias.name.startswith("tinygrad_tf"))
        elif isinstance(node, ast.ImportFrom):
            base = module.split(".") if is_package else module.split(".")[:-1]
            base = base[: len(base) - node.level + 1] if node.level else []
            target = ".".join([*base, *([node.module] if node.module else [])])
            if target.split(".")[0] == "tinygrad_tf":
                for alias in node.names:
                    deeper = f"{target}.{alias.name}"
                    yield deeper if is_module(deeper) else target, function


def walk(node, function):
    """All nodes of a file that run, not those that only a type checker reads, with the function that they are in."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child, function
        inside = child.name if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)) else function
        yield from walk(child, inside)


def is_module(name: str) -> bool:
    path = ROOT.parent.joinpath(*name.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize(
    "path", [p for p in FILES if p != ROOT / "__init__.py"], ids=lambda p: str(p.relative_to(ROOT))
)
def test_imports_point_one_way(path):
    part = part_of(path)
    assert part in ALLOWED, f"{part} is new: say in ALLOWED what it may import"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    wrong = []
    for target, function in imports(tree, module_name(path), path.name == "__init__.py"):
        reached = target.split(".")[1] if "." in target else "the package itself"
        if reached != part and reached not in ALLOWED[part]:
            wrong.append((target, function))
    allowed = [("tinygrad_tf.autograd", "backward")] if part == "tensor" else []  # the one place that reaches up
    assert wrong == allowed


def test_the_table_has_no_circle():
    done: set[str] = set()
    while len(done) < len(ALLOWED):
        ready = {part for part, uses in ALLOWED.items() if part not in done and uses <= done}
        assert ready, f"a circle among {set(ALLOWED) - done}"
        done |= ready


@pytest.mark.parametrize("path", [p for p in FILES if part_of(p) == "kernels"], ids=lambda p: p.name)
def test_kernels_import_numpy_and_the_standard_library_alone(path):
    """Those that are compiled, Numba and its compiler besides; they are imported when they are chosen."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module.split(".")[0])
    compiled = {"numba", "llvmlite"} if path.parent.name == "compiled" else set()
    assert found <= {"numpy", *sys.stdlib_module_names, *compiled}


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_nothing_is_imported_by_star(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    stars = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.names[0].name == "*"]
    assert stars == []


def test_importing_the_package_imports_little():
    heavy = [
        "torch",
        "matplotlib",
        "tqdm",
        "safetensors",
        "graphviz",
        "pygraphviz",
        "tinygrad_tf.graph",
        "scipy",
        "mpi4py",
    ]
    code = f"import sys, tinygrad_tf; print([m for m in {heavy} if m in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT.parent)
    assert ran.stdout.strip() == "[]"


FOUND = pkgutil.walk_packages(tinygrad_tf.__path__, "tinygrad_tf.", onerror=lambda name: None)
MODULES = ["tinygrad_tf", *[m.name for m in FOUND]]


@pytest.mark.parametrize("name", MODULES)
def test_every_public_name_exists(name):
    if name.startswith("tinygrad_tf.kernels.compiled"):
        pytest.importorskip("numba", reason='pip install "tinygrad_tf[fast]"')
    module = importlib.import_module(name)
    public = getattr(module, "__all__", [])
    assert [n for n in public if not hasattr(module, n)] == []
    assert len(set(public)) == len(public)


def test_every_public_name_is_documented():
    public = [getattr(tinygrad_tf, name) for name in tinygrad_tf.__all__]
    assert [o for o in public if not (getattr(o, "__doc__", "") or "").strip()] == []


# ---- it stays small -------------------------------------------------------------------------------------------------


def test_the_engine_is_read_in_an_evening():
    lines = {name: len((ROOT / f"{name}.py").read_text(encoding="utf-8").splitlines())
             for name in ("tensor", "op", "autograd", "errors")}  # fmt: skip
    assert sum(lines.values()) < 1200, lines


def test_the_primitives_stay_few():
    """Ops with a rule of their own, those with a kernel apart; everything else is composed of them."""
    primitives = sorted(o.name for o in engine_ops() if o.backward is not None and o.kernel is None)
    assert len(primitives) <= 50, primitives
