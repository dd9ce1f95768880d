"""The shape of the package: which file may import which, what importing it costs, and that names lead somewhere."""

import ast
import importlib
import importlib.util
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

from cases import engine_ops

import tinygrad_tf

ROOT = Path(tinygrad_tf.__file__).parent
README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
FILES = sorted(ROOT.rglob("*.py"))

# What each folder and module may import of the package. Everything else is forbidden.
_ENGINE = {"errors", "arguments", "fields", "wording", "random", "sums", "autograd", "ops"}
_NETWORK = _ENGINE | {"nn", "optim"}
ALLOWED = {
    "wording": set(),
    "errors": {"wording"},
    "arguments": {"errors"},
    "random": {"errors"},
    "signals": set(),
    "made_from": set(),
    "locks": {"errors", "wording"},
    "files": {"errors", "wording", "locks", "signals"},
    "contents": {"errors"},
    "fields": {"errors"},
    "products": set(),  # NumPy alone
    "sums": {"products"},
    "kernels": {"errors", "products", "sums"},  # NumPy, and what to say of a wrong array
    "autograd": {"errors", "arguments", "wording", "random", "signals", "sums", "made_from"},  # knows no op by name
    "ops": {"errors", "arguments", "fields", "random", "sums", "autograd", "kernels"},
    "transforms": {"errors", "arguments", "wording", "autograd"},
    "compat": _ENGINE | {"contents", "files", "nn", "optim", "products", "transforms"},
    "formula": {"errors", "wording", "autograd"},
    "program": {"errors", "wording", "random", "sums", "autograd", "kernels", "ops"},
    "graph": {"errors", "fields", "wording", "files", "autograd", "ops", "formula", "program"},
    "nn": _ENGINE | {"signals"},
    "optim": _ENGINE | {"nn", "kernels", "signals"},
    "tasks": {"errors", "wording", "random"},
    "models": _NETWORK | {"contents", "files", "locks", "signals"},
    "parallel": _NETWORK | {"signals"},
    "train": _NETWORK | {"contents", "files", "locks", "signals", "models", "tasks", "parallel"},
}
#: The engine's files in the order in which one reads them: each imports only those before it.
READ_IN_ORDER = [
    "mistakes", "places", "recording", "tensor", "rule", "changes", "versions", "dtypes", "operation", "walk",
    "function", "recompute", "debugging",
]  # fmt: skip


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


def imports_of(path: Path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return list(imports(tree, module_name(path), path.name == "__init__.py"))


def test_imports_point_one_way():
    wrong = []
    for path in FILES:
        part = part_of(path)
        if path == ROOT / "__init__.py":
            continue
        assert part in ALLOWED, f"{part} is new: say in ALLOWED what it may import"
        for target, function in imports_of(path):
            reached = target.split(".")[1] if "." in target else "the package itself"
            if reached != part and reached not in ALLOWED[part]:
                wrong.append((str(path.relative_to(ROOT)), target, function))
    assert wrong == []


def test_the_engine_is_read_in_order():
    later = {
        (name, target.removeprefix("tinygrad_tf.autograd."), function)
        for i, name in enumerate(READ_IN_ORDER)
        for target, function in imports_of(ROOT / "autograd" / f"{name}.py")
        if target.split(".")[-1] in READ_IN_ORDER[i:]
    }
    assert later == {("tensor", "walk", "backward")}  # the one place that reaches up


def loaded():
    """Every module of the package by its name; those that need another package only where that is."""
    needed = {"tinygrad_tf.kernels.compiled": "numba", "tinygrad_tf.compat.einops": "einops"}
    absent = tuple(name for name, package in needed.items() if importlib.util.find_spec(package) is None)
    return {name: importlib.import_module(name) for name in MODULES if not name.startswith(absent or ("?",))}


def test_no_module_is_hidden_by_a_function_of_its_name():
    modules = loaded()
    assert len(modules) > 100
    parents = {name: name.rpartition(".")[::2] for name in modules if "." in name}
    assert [n for n, (parent, last) in parents.items() if getattr(modules[parent], last) is not modules[n]] == []


def test_the_table_has_no_circle():
    done: set[str] = set()
    while len(done) < len(ALLOWED):
        ready = {part for part, uses in ALLOWED.items() if part not in done and uses <= done}
        assert ready, f"a circle among {set(ALLOWED) - done}"
        done |= ready


def test_kernels_import_numpy_and_the_standard_library_alone():
    """Those that are compiled, Numba and its compiler besides; they are imported when they are chosen."""
    wrong = []
    for path in (p for p in FILES if part_of(p) == "kernels"):
        found = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add(node.module.split(".")[0])
        compiled = {"numba", "llvmlite"} if path.parent.name == "compiled" else set()
        wrong += [(path.name, name) for name in found - {"numpy", *sys.stdlib_module_names, *compiled}]
    assert wrong == []


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


def test_every_public_name_exists_once():
    public = [(name, module, getattr(module, "__all__", [])) for name, module in loaded().items()]
    assert [(name, n) for name, module, names in public for n in names if not hasattr(module, n)] == []
    assert [name for name, _, names in public if len(set(names)) < len(names)] == []


def test_every_public_name_is_documented():
    public = [getattr(tinygrad_tf, name) for name in tinygrad_tf.__all__]
    assert [o for o in public if not (getattr(o, "__doc__", "") or "").strip()] == []


# ---- it stays small -------------------------------------------------------------------------------------------------


def lines_of(*names):
    return sum(len((ROOT / "autograd" / f"{name}.py").read_text(encoding="utf-8").splitlines()) for name in names)


def test_the_engine_is_read_in_an_evening():
    assert {f.stem for f in (ROOT / "autograd").glob("*.py")} == {*READ_IN_ORDER, "__init__"}
    said = re.search(r"under ([\d,]+) lines, all of `autograd/` under ([\d,]+)", README)
    core, whole = (int(number.replace(",", "")) for number in said.groups())
    assert lines_of("tensor", "recording", "dtypes", "operation", "rule", "walk") < core
    assert lines_of(*READ_IN_ORDER, "__init__") < whole


def test_the_primitives_stay_few():
    """Ops with a rule of their own, those with a kernel apart; everything else is composed of them."""
    primitives = sorted(o.name for o in engine_ops() if o.backward is not None and o.kernel is None)
    assert len(primitives) <= 60, primitives
