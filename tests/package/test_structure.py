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

# What each folder and module may import of the package. Everything else is forbidden.
_ENGINE = {"errors", "random", "autograd", "ops"}
_NETWORK = _ENGINE | {"nn", "optim"}
ALLOWED = {
    "errors": set(),
    "random": set(),
    "files": {"errors"},
    "kernels": set(),  # NumPy alone
    "autograd": {"errors", "random"},  # knows no op by name
    "ops": {"errors", "random", "autograd", "kernels"},
    "transforms": {"errors", "autograd"},
    "compat": {"errors", "autograd", "ops"},
    "formula": {"errors", "autograd"},
    "graph": {"errors", "files", "autograd", "ops", "formula"},
    "nn": _ENGINE,
    "optim": _ENGINE | {"nn", "kernels"},
    "tasks": {"errors", "random"},
    "models": _NETWORK | {"files"},
    "parallel": _NETWORK,
    "train": _NETWORK | {"files", "models", "tasks", "parallel"},
}
#: The engine's files in the order in which one reads them: each imports only those before it.
READ_IN_ORDER = ["mistakes", "tensor", "recording", "rule", "operation", "walk", "function", "recompute", "debugging"]


FOUND = pkgutil.walk_packages(tinygrad_tf.__path__, "tinygrad_tf.", onerror=lambda name: None)
MODULES = ["tinygrad_tf", *[m.name for m in FOUND]]


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
    assert wrong == []


@pytest.mark.parametrize("name", READ_IN_ORDER)
def test_the_engine_is_read_in_order(name):
    path = ROOT / "autograd" / f"{name}.py"
    later = READ_IN_ORDER[READ_IN_ORDER.index(name) :]
    found = imports(ast.parse(path.read_text(encoding="utf-8")), module_name(path), False)
    wrong = [(target, function) for target, function in found if target.split(".")[-1] in later]
    allowed = [("tinygrad_tf.autograd.walk", "backward")] if name == "tensor" else []  # the one place that reaches up
    assert wrong == allowed


@pytest.mark.parametrize("name", [m for m in MODULES if "." in m])
def test_no_module_is_hidden_by_a_function_of_its_name(name):
    if name.startswith("tinygrad_tf.kernels.compiled"):
        pytest.importorskip("numba", reason='pip install "tinygrad_tf[fast]"')
    module = importlib.import_module(name)
    parent, _, last = name.rpartition(".")
    assert getattr(sys.modules[parent], last) is module


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


def lines_of(*names):
    return sum(len((ROOT / "autograd" / f"{name}.py").read_text(encoding="utf-8").splitlines()) for name in names)


def test_the_engine_is_read_in_an_evening():
    assert {f.stem for f in (ROOT / "autograd").glob("*.py")} == {*READ_IN_ORDER, "__init__"}
    assert lines_of(*READ_IN_ORDER[1:6]) < 1250
    assert lines_of(*READ_IN_ORDER, "__init__") < 1800


def test_the_primitives_stay_few():
    """Ops with a rule of their own, those with a kernel apart; everything else is composed of them."""
    primitives = sorted(o.name for o in engine_ops() if o.backward is not None and o.kernel is None)
    assert len(primitives) <= 50, primitives
