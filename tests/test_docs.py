"""Every example in a docstring and every Python block of a README runs, and prints what it says."""

import doctest
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import numpy as np
import pytest

import tinygrad_tf
from tinygrad_tf.op import Op

ROOT = Path(tinygrad_tf.__file__).parents[1]
READMES = [path for name in ("README.md", "README.zh.md") if (path := ROOT / name).exists()]
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
PUBLIC = {"np": np, **{name: getattr(tinygrad_tf, name) for name in tinygrad_tf.__all__}}


def documented(module):
    """The functions, classes, methods and ops that a module defines, and the module; with their names."""
    yield module.__name__, module
    for name, thing in vars(module).items():
        if getattr(thing, "__module__", None) != module.__name__:
            continue
        if isinstance(thing, Op) or inspect.isfunction(thing):
            yield f"{module.__name__}.{name}", thing
        elif inspect.isclass(thing):
            yield f"{module.__name__}.{name}", thing
            for member, value in vars(thing).items():
                function = value.__func__ if isinstance(value, (staticmethod, classmethod)) else value
                if inspect.isfunction(function) or isinstance(function, property):
                    yield f"{module.__name__}.{name}.{member}", function


def examples():
    """Each docstring with examples once, among the names of its module and the public ones of the packages around."""
    parser, seen = doctest.DocTestParser(), set()
    names = [m.name for m in pkgutil.walk_packages(tinygrad_tf.__path__, "tinygrad_tf.")]
    for module in map(importlib.import_module, ["tinygrad_tf", *names]):
        for name, thing in documented(module):
            text = thing.__doc__ or ""
            if ">>>" in text and text not in seen:
                seen.add(text)
                around = importlib.import_module(module.__package__)
                public = {n: getattr(around, n) for n in getattr(around, "__all__", [])}
                yield parser.get_doctest(text, {**PUBLIC, **public, **vars(module)}, name, inspect.getfile(module), 0)


EXAMPLES = list(examples())


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e.name.removeprefix("tinygrad_tf."))
def test_docstring_example(example, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said: list[str] = []
    doctest.DocTestRunner(optionflags=FLAGS).run(example, out=said.append)
    assert not said, "".join(said)


def test_examples_of_ops_are_among_them():
    found = {e.name for e in EXAMPLES}
    assert {
        "tinygrad_tf.ops.exponential.exp",
        "tinygrad_tf.ops.fused.rows.softmax",
        "tinygrad_tf.tensor.Tensor",
    } <= found


@pytest.mark.parametrize("readme", READMES, ids=lambda p: p.name)
def test_readme_blocks(readme, tmp_path, monkeypatch):
    """The blocks of a README run one after the other, as a reader would."""
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```", readme.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert blocks
    names: dict = {"__name__": "readme"}
    for block in blocks:
        if ">>>" in block:
            test = doctest.DocTestParser().get_doctest(block, names, readme.name, str(readme), 0)
            said: list[str] = []
            doctest.DocTestRunner(optionflags=FLAGS).run(test, out=said.append, clear_globs=False)
            assert not said, "".join(said)
            names.update(test.globs)
        else:
            exec(compile(block, readme.name, "exec"), names)
