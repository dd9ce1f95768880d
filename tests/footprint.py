"""What the package costs before it does anything: the time to import it beside NumPy's own, and its size on the disk.

``python tests/footprint.py`` prints both for the package that this Python imports.
"""

from __future__ import annotations

import importlib.util
import os
import statistics
import subprocess
import sys
from pathlib import Path

TIMES = 15


def seconds(module: str) -> float:
    """The processor's time that a fresh process takes to import ``module``: what else runs does not count."""
    code = f"import time; start = time.process_time(); import {module}; print(time.process_time() - start)"
    keeps = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=keeps)
    return float(run.stdout)


def import_times(times: int = TIMES) -> tuple[float, float]:
    """Medians for NumPy and for the package, in seconds; measured in turn, so that a busy moment meets both."""
    seconds("tinygrad_tf")  # compiles what has not been compiled
    pairs = [(seconds("numpy"), seconds("tinygrad_tf")) for _ in range(times)]
    numpy, ours = zip(*pairs, strict=True)
    return statistics.median(numpy), statistics.median(ours)


def files(suffix: str = "") -> list[Path]:
    """The package's files, without what Python compiles from them; those with ``suffix`` only."""
    spec = importlib.util.find_spec("tinygrad_tf")
    assert spec is not None
    assert spec.origin is not None
    return [f for f in Path(spec.origin).parent.rglob(f"*{suffix}") if f.is_file() and "__pycache__" not in f.parts]


def installed_bytes(suffix: str = "") -> int:
    return sum(f.stat().st_size for f in files(suffix))


def lines() -> int:
    """Of Python, with comments and docstrings."""
    return sum(len(f.read_text(encoding="utf-8").splitlines()) for f in files(".py"))


def main() -> None:
    numpy, ours = import_times()
    print(f"import numpy        {1000 * numpy:6.0f} ms")
    print(f"import tinygrad_tf  {1000 * ours:6.0f} ms, NumPy's {1000 * numpy:.0f} ms among them")
    print(f"installed           {installed_bytes() / 1e3:6.0f} kB, {installed_bytes('.py') / 1e3:.0f} kB of it Python")
    print(f"lines of Python     {lines():6}")


if __name__ == "__main__":
    main()
