"""Run somebody's PyTorch script on this engine, unchanged, and look at the backward pass of one of its steps.

    python demos/your_code.py train.py
    python demos/your_code.py train.py --steps 20 --open -- --batch_size 4
    python demos/your_code.py gpt.py --set n_embd=32 --set eval_iters=1
    python demos/your_code.py model.py --then "loss = GPT(GPTConfig())(ids, ids)[1]; loss.backward()"

``import torch`` gives this package, in this process alone. The script runs until it calls ``backward()`` for the
``--steps``-th time. Then the tree of its module with the costs is printed, and a page is written on which one steps
through that backward pass. What stands after ``--`` is the script's own. ``--set`` gives a number of the script another
value, for a model that one can look at. With ``--then`` the file is a module, as after an ``import``, and what
follows it is the code that is given: for a file that only defines a model.
"""

from __future__ import annotations

import argparse
import ast
import sys
import types
import webbrowser
from pathlib import Path
from typing import Any, NoReturn

from tinygrad_tf import Tensor, graph, no_grad
from tinygrad_tf.autograd.debugging import Watcher
from tinygrad_tf.autograd.recording import thread
from tinygrad_tf.compat.names import Names
from tinygrad_tf.nn import Module, summary


class Outermost(Watcher):
    """Remembers the last call of the largest module among those that no other module calls."""

    call: tuple[Module, tuple[Any, ...], dict[str, Any]] | None = None

    def entered(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        super().entered(module, args, kwargs)
        if thread.state.root is module and (self.call is None or _size(module) >= _size(self.call[0])):
            self.call = module, args, kwargs


def _size(module: Module) -> int:
    return sum(p.size for p in module.parameters())


class Done(BaseException):
    """The step that was asked for has been looked at; no ``except Exception`` of the script keeps it."""


class Steps:
    """Stands in for ``Tensor.backward`` while the script runs: counts the calls, and looks at the last one."""

    def __init__(self, count: int, folder: Path, open_page: bool) -> None:
        self.left, self.folder, self.open_page = count, folder, open_page
        self.number = 0
        self.outermost = Outermost()
        self.backward = Tensor.backward

    def __enter__(self) -> Steps:
        steps = self

        def backward(loss: Tensor, gradient: Any = None, *args: Any, **kwargs: Any) -> None:
            steps.number += 1
            print(f"backward() {steps.number}: {_said(loss)}")
            if steps.number == steps.left:
                steps.look_at(loss if gradient is None else (loss * gradient).sum(), sys._getframe(1))
            steps.backward(loss, gradient, *args, **kwargs)

        Tensor.backward = backward  # type: ignore[method-assign]
        self.outermost.__enter__()
        return self

    def __exit__(self, *problem: Any) -> None:
        self.outermost.__exit__(*problem)
        Tensor.backward = self.backward  # type: ignore[method-assign]

    def look_at(self, loss: Tensor, caller: types.FrameType) -> NoReturn:
        """Print the module and its costs, write the page, and stop the script."""
        self.__exit__(None, None, None)
        if self.outermost.call is not None:
            module, args, kwargs = self.outermost.call
            try:
                with no_grad():
                    print(f"\n{summary(module, *args, **kwargs)}")
            except Exception as problem:  # a module that does not run a second time is only shown
                print(f"\n{module}\n(it did not run once more, for its costs: {problem})")
        names = {**caller.f_globals, **caller.f_locals}  # the page calls Tensors what the script calls them
        page = eval("explore(loss)", {**names, "explore": graph.explore, "loss": loss})
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "step.html"
        page.save(path)
        print(f"\nThe backward pass of this step is in {path}: open it in a browser.")
        if self.open_page:
            webbrowser.open(path.resolve().as_uri())
        raise Done


def _said(loss: Tensor) -> str:
    return f"loss {loss.item():.6g}" if loss.size == 1 else f"of a Tensor {tuple(loss.shape)}"


def with_values(source: str, file: Path, values: dict[str, str]) -> types.CodeType:
    """The code of a script in which ``name = …``, outside of functions, stands with the values that were given."""
    tree = ast.parse(source, str(file))
    left = dict(values)
    for statement in tree.body:
        if not isinstance(statement, ast.Assign):
            continue
        for target in statement.targets:
            if isinstance(target, ast.Name) and target.id in values:
                statement.value = _given(values[target.id], statement.value)
                left.pop(target.id, None)
            elif isinstance(target, ast.Tuple) and isinstance(statement.value, ast.Tuple):  # a, b = 1, 2
                for k, part in enumerate(target.elts):
                    if isinstance(part, ast.Name) and part.id in values:
                        statement.value.elts[k] = _given(values[part.id], statement.value.elts[k])
                        left.pop(part.id, None)
    if left:
        raise ValueError(f"--set {' '.join(left)}: {file.name} gives no such name a value outside of its functions")
    return compile(ast.fix_missing_locations(tree), str(file), "exec")


def _given(text: str, place: ast.expr) -> ast.expr:
    return ast.copy_location(ast.parse(text, mode="eval").body, place)


def run(code: types.CodeType, file: Path, own: list[str], then: str, steps: Steps) -> None:
    """The script, as ``python file own…`` runs it; or the file as a module, and then the code that was given."""
    main = types.ModuleType(file.stem if then else "__main__")
    main.__file__ = str(file)
    sys.argv, sys.modules[main.__name__] = [str(file), *own], main
    sys.path.insert(0, str(file.resolve().parent))
    with steps:
        exec(code, vars(main))
        exec(compile(then, "--then", "exec"), vars(main))


def main() -> None:
    argv = sys.argv[1:]
    argv, own = (argv[: argv.index("--")], argv[argv.index("--") + 1 :]) if "--" in argv else (argv, [])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, metavar="FILE.py", help="a script or a module written for PyTorch")
    parser.add_argument("--steps", type=int, default=1, help="look at this call of backward(); the first unless given")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a value for a name of the file"
    )
    parser.add_argument("--then", default="", metavar="CODE", help="what to run after the file, in its namespace")
    parser.add_argument("--out", type=Path, default=Path("out/your_code"), help="the folder for the page")
    parser.add_argument("--open", action="store_true", help="open the page in a browser")
    args = parser.parse_args(argv)
    if args.steps < 1:
        parser.error(f"--steps {args.steps}: the first call of backward() is number 1")
    if not args.file.is_file():
        parser.error(f"there is no file {args.file}")
    if "torch" in sys.modules:
        parser.error("PyTorch itself is loaded in this process: run this file by itself")
    unequal = [item for item in args.set if not item.partition("=")[2]]
    if unequal:
        parser.error(f"--set {unequal[0]}: write a name and a value, --set n_embd=32")
    try:
        values = dict(item.split("=", 1) for item in args.set)
        code = with_values(args.file.read_text(encoding="utf-8"), args.file, values)
    except (SyntaxError, UnicodeDecodeError, ValueError) as problem:
        parser.error(str(problem))
    Names("torch", str).install()
    steps = Steps(args.steps, args.out, args.open)
    try:
        run(code, args.file, own, args.then, steps)
    except Done:
        return
    called = f"backward() was called {steps.number} times" if steps.number else "backward() was never called"
    hint = "write fewer --steps" if steps.number else 'say what to run: --then "loss = …; loss.backward()"'
    parser.error(f"{args.file.name} ran to its end, and {called}: {hint}")


if __name__ == "__main__":
    main()
