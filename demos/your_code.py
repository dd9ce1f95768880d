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

import ast
import contextlib
import sys
import tokenize
import types
import webbrowser
from pathlib import Path
from typing import Any, NoReturn

from command_line import Parser, folder, whole

from tinygrad_tf import Tensor, graph, no_grad
from tinygrad_tf.autograd.debugging import Watcher
from tinygrad_tf.autograd.recording import thread
from tinygrad_tf.compat.names import Names
from tinygrad_tf.nn import Module, summary
from tinygrad_tf.wording.languages import either

ZH = """\
把别人写的 PyTorch 脚本原样放到这个引擎上运行，查看其中一步的反向传播。

    python demos/your_code.py train.py
    python demos/your_code.py train.py --steps 20 --open -- --batch_size 4
    python demos/your_code.py gpt.py --set n_embd=32 --set eval_iters=1
    python demos/your_code.py model.py --then "loss = GPT(GPTConfig())(ids, ids)[1]; loss.backward()"

只在这个进程里，``import torch`` 得到的是本包。脚本一直运行到第 ``--steps`` 次调用 ``backward()``，
然后打印模块的结构和计算量，并写出一个网页，可以一步步查看这次反向传播。``--`` 后面是脚本自己的参数。
``--set`` 给脚本里的某个数换一个值，让模型小到看得清。
用 ``--then`` 时，文件当作模块导入，接着运行所给的代码：适合只定义模型的文件。
"""


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
        self.done = False  # also where the script keeps Done to itself: except without a class, a thread
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
                why = either("it did not run once more, for its costs:", "为了计算开销再运行一次，但没有成功：")
                print(f"\n{module}\n({why} {problem})")
        names = {**caller.f_globals, **caller.f_locals}  # the page calls Tensors what the script calls them
        page = eval("explore(loss)", {**names, "explore": graph.explore, "loss": loss})
        path = self.folder / "step.html"
        try:
            page.save(path)
        except OSError as problem:  # a full disk is no mistake of the script
            raise SystemExit(str(problem)) from None
        self.done = True
        print(either(f"\nThe backward pass of this step is in {path}: open it in a browser.",
                     f"\n这一步的反向传播在 {path}：请用浏览器打开。"))  # fmt: skip
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
        raise ValueError(either(
            f"--set {' '.join(left)}: {file.name} gives no such name a value outside of its functions",
            f"--set {' '.join(left)}：{file.name} 在函数之外没有给这个名字赋值",
        ))  # fmt: skip
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
    args = arguments(argv)
    try:
        values = dict(item.split("=", 1) for item in args.set)
        with tokenize.open(args.file) as file:  # as Python reads it: its mark and its coding line count
            code = with_values(file.read(), args.file, values)
    except (SyntaxError, ValueError, OSError, RecursionError) as problem:  # the last: a sum of a thousand terms
        args.error(f"{args.file}: {problem}" if isinstance(problem, RecursionError) else str(problem))
    Names("torch", str).install()
    steps = Steps(args.steps, args.out.absolute(), args.open)  # the script may change the folder that it works in
    with contextlib.suppress(Done):
        run(code, args.file, own, args.then, steps)
    if steps.done:
        return
    name, then = args.file.name, '--then "loss = …; loss.backward()"'
    if steps.number:
        args.error(either(
            f"{name} ran to its end, and backward() was called {steps.number} times: write fewer --steps",
            f"{name} 运行完了，backward() 调用了 {steps.number} 次：请减小 --steps",
        ))  # fmt: skip
    args.error(either(
        f"{name} ran to its end, and backward() was never called: say what to run: {then}",
        f"{name} 运行完了，没有调用过 backward()：请写明要运行什么：{then}",
    ))  # fmt: skip


# fmt: off
def arguments(argv: list[str]) -> Any:
    """What was given, and ``error`` to say what is wrong with it."""
    parser = Parser(__doc__ or "", ZH)
    add = parser.add_argument
    add("file", type=Path, metavar="FILE.py", help=either(
        "a script or a module written for PyTorch", "为 PyTorch 写的脚本或模块"))
    add("--steps", type=whole(1), default=1, metavar="N", help=either(
        "look at the N-th call of backward()", "查看第 N 次调用 backward()"))
    add("--set", action="append", default=[], metavar="NAME=VALUE", help=either(
        "a value for a name of the file", "给文件里的某个名字换一个值"))
    add("--then", default="", metavar="CODE", help=either(
        "what to run after the file, in its namespace", "文件之后要运行的代码，在它的命名空间里"))
    add("--out", type=folder, default=Path("out/your_code"), help=either("the folder for the page", "网页放在哪里"))
    add("--open", action="store_true", help=either("open the page in a browser", "用浏览器打开网页"))
    args = parser.parse_args(argv)
    if not args.file.is_file():
        parser.error(either(f"there is no file {args.file}", f"没有文件 {args.file}"))
    if "torch" in sys.modules:
        parser.error(either("PyTorch itself is loaded in this process: run this file by itself",
                            "这个进程里已经载入了 PyTorch 本身：请单独运行本文件"))
    unequal = [item for item in args.set if not item.partition("=")[2]]
    if unequal:
        parser.error(either(f"--set {unequal[0]}: write a name and a value, --set n_embd=32",
                            f"--set {unequal[0]}：请写名字和值，--set n_embd=32"))
    args.error = parser.error
    return args
# fmt: on


if __name__ == "__main__":
    main()
