"""Build the wheel, install it in an empty environment of this Python, and run the tests against it.

    python .ci/test_wheel.py                  on Linux, macOS and Windows alike
    python .ci/test_wheel.py "numpy==2.0.*"   with this version of NumPy

What is tested is the installed wheel: the clone's own package is not on the path. The environment lies in a folder
whose name has a space and Chinese letters. The tests of the demos need the demos, and a browser, and run elsewhere.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]


def run(*command: object, **settings: object) -> None:
    print("$", *command, flush=True)
    subprocess.run([str(part) for part in command], check=True, **settings)  # type: ignore[call-overload]


def python_of(environment: Path) -> Path:
    scripts = Path(sysconfig.get_path("scripts", "venv", vars={"base": str(environment)}))
    return scripts / ("python.exe" if os.name == "nt" else "python")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "a place 地方"
        place.mkdir()
        run("git", "clone", "-q", ROOT, place / "clone")
        venv.create(place / "build", with_pip=True)
        run(python_of(place / "build"), "-m", "pip", "install", "-q", "build")
        run(python_of(place / "build"), "-m", "build", "-q", place / "clone", "--outdir", place / "dist")
        shutil.rmtree(place / "clone" / "tinygrad_tf")

        venv.create(place / "environment", with_pip=True)
        python = python_of(place / "environment")
        wheel = next((place / "dist").glob("*.whl"))
        needed = ("pytest", "pytest-xdist", "hypothesis", "mypy", *sys.argv[1:])
        run(python, "-m", "pip", "install", "-q", wheel, *needed)
        inside = {"cwd": place / "clone", "env": {k: v for k, v in os.environ.items() if k not in ("CI", "PYTHONPATH")}}
        run(python, "-m", "mypy", "--strict", "--config-file=", "tests/typed/program.py", **inside)
        run(python, "tests/footprint.py", **inside)
        run(python, "-m", "pytest", "-n", "auto", "--dist", "loadfile", "--ignore=tests/demos", **inside)


if __name__ == "__main__":
    main()
