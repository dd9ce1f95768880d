"""Run somebody's PyTorch script on this engine, unchanged, and look at the backward pass of one of its steps.

    python demos/your_code.py train.py
    python demos/your_code.py train.py --steps 20 --open -- --batch_size 4
    python demos/your_code.py model.py --then "loss = GPT(GPTConfig())(ids, ids)[1]; loss.backward()"

``import torch`` gives this package, in this process alone. The script runs until it calls ``backward()`` for the
``--steps``-th time. Then the tree of its module with the costs is printed, and a page is written on which one steps
through that backward pass. What stands after ``--`` is the script's own. A file that only defines a model is told
with ``--then`` what to run: Python code that ends in a ``backward()``.
"""

from __future__ import annotations

import argparse
import runpy
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
    """Remembers the last call of a module that was not made by another module."""

    call: tuple[Module, tuple[Any, ...], dict[str, Any]] | None = None

    def entered(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        super().entered(module, args, kwargs)
        if thread.state.root is module:
            self.call = module, args, kwargs


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
        print(f"\n{page!r}\nwritten: {path}")
        if self.open_page:
            webbrowser.open(path.resolve().as_uri())
        raise Done


def _said(loss: Tensor) -> str:
    return f"loss {loss.item():.6g}" if loss.size == 1 else f"of a Tensor {tuple(loss.shape)}"


def run(file: Path, own: list[str], then: str, steps: Steps) -> None:
    """The script, as ``python file own…`` runs it, and then the code that was given."""
    sys.argv, before = [str(file), *own], sys.argv
    sys.path.insert(0, str(file.resolve().parent))
    try:
        with steps:
            space = runpy.run_path(str(file), run_name="__main__")
            if then:
                exec(compile(then, "--then", "exec"), space)
    finally:
        sys.argv = before
        sys.path.pop(0)


def main() -> None:
    argv = sys.argv[1:]
    argv, own = (argv[: argv.index("--")], argv[argv.index("--") + 1 :]) if "--" in argv else (argv, [])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, metavar="FILE.py", help="a script or a module written for PyTorch")
    parser.add_argument("--steps", type=int, default=1, help="look at this call of backward(); the first unless given")
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
    Names("torch", str).install()
    steps = Steps(args.steps, args.out, args.open)
    try:
        run(args.file, own, args.then, steps)
    except Done:
        return
    called = f"backward() was called {steps.number} times" if steps.number else "backward() was never called"
    hint = "write fewer --steps" if steps.number else 'say what to run: --then "loss = …; loss.backward()"'
    parser.error(f"{args.file.name} ran to its end, and {called}: {hint}")


if __name__ == "__main__":
    main()
