"""The whole guide: runs the chapters and writes out/tour/index.html and out/tour/index.zh.html.

    python demos/tour.py

It takes one to three minutes. What has been computed is kept: a chapter runs again only if it, the package or what it
uses of this folder has changed. Options: --short (trains little; seconds instead of minutes), --only 05 (that chapter
alone, in a page of its own), --jobs 1 (one chapter at a time).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import re
import subprocess
import sys
import time
import webbrowser
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy is imported; the chapters inherit it

import numpy as np
from command_line import Parser, as_program, folder, stops_as_by_ctrl_c, whole, write
from pages.chapters import FOLDER, files
from pages.page import write_pages
from tqdm import tqdm

import tinygrad_tf
from tinygrad_tf.locks import try_lock
from tinygrad_tf.wording.languages import either

ZH = """\
整部教程：运行各章，写出 out/tour/index.html 和 out/tour/index.zh.html。

    python demos/tour.py

需要一到三分钟。算过的会保留：某一章、本包或该章用到的本文件夹里的文件改动了，那一章才重新运行。
选项：--short（少训练，只要几秒），--only 05（只要那一章，单独成页），--jobs 1（一次一章）。
"""


def main() -> int:
    args = arguments()
    out = args.out or Path("out/tour/short" if args.short else "out/tour")
    os.environ["TOUR_OUT"] = str(out)
    if args.short:
        os.environ["TOUR_SHORT"] = "1"
    chosen = files(args.only)
    if not chosen:
        print(f"no chapter begins with {args.only!r}; there are {', '.join(p.name for p in files())}", file=sys.stderr)
        return 2
    start = time.perf_counter()
    stops_as_by_ctrl_c()
    lock = alone_in(out)
    try:
        failed = run_all(chosen, out, args.jobs, args.short, lock)
    except KeyboardInterrupt:
        print("\nstopped; the chapters that have run are kept, and the next run goes on from there", file=sys.stderr)
        return 130
    for path, said in failed.items():
        print(f"\n{path.name} failed:\n{said}", file=sys.stderr)
    if failed:
        return 1
    pages = write_pages(chosen, out, chosen[0].stem if args.only else "index")
    print(f"{len(chosen)} chapters in {time.perf_counter() - start:.0f} s")
    for page in pages:
        print(f"{page}  ({page.stat().st_size / 1e6:.1f} MB)")
    if args.open:
        webbrowser.open(either(*pages[:2]).resolve().as_uri())
    return 0


def alone_in(out: Path) -> list[int]:
    """Lock the folder of the results; returns the open descriptor, none on Windows, where a folder cannot be opened.

    The chapters inherit it, so that the lock lasts as long as the last of them, also where the guide was killed.
    """
    out.mkdir(parents=True, exist_ok=True)
    if os.name == "nt":
        return []
    opened = os.open(out, os.O_RDONLY)
    if try_lock(opened) is False:
        raise SystemExit(either(
            f"{out}: another run of the guide, or a chapter that a killed one left, writes there; wait until it has "
            "ended, or choose another --out",
            f"{out}：教程的另一次运行，或被杀掉的运行留下的某一章，正在往那里写；请等它结束，或用 --out 选别的文件夹",
        ))  # fmt: skip
    return [opened]


def run_all(chosen: Iterable[Path], out: Path, jobs: int, short: bool, lock: list[int]) -> dict[Path, str]:
    """Run the chapters whose results are not there yet, ``jobs`` at a time; returns what failed, with its words."""
    package = Path(tinygrad_tf.__file__).parent.rglob("*.py")
    shared = fingerprint(package, str(short), np.__version__, platform.python_version())
    keys = {path: fingerprint(sources(path), shared) for path in chosen}
    due = [path for path, key in keys.items() if not done(out, path, key)]
    failed: dict[Path, str] = {}
    running: set[subprocess.Popen[str]] = set()
    with ThreadPoolExecutor(jobs) as pool, bar(len(keys), len(keys) - len(due)) as progress:
        pending = {pool.submit(run, [str(path)], lock, running): path for path in due}
        try:
            while pending:
                for future in wait(pending, return_when=FIRST_COMPLETED).done:
                    path, problem = pending.pop(future), future.result()
                    if not problem and not (out / path.stem / "items.json").is_file():
                        problem = "its results could not be written"
                    if problem:
                        failed[path] = problem
                    else:
                        write(out / path.stem / "key", keys[path])
                    progress.set_postfix_str(path.stem)
                    progress.update()
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)  # or the chapters that wait would still run
            for chapter in [*running]:
                chapter.terminate()
            raise
    return failed


def run(command: list[str], lock: list[int], running: set[subprocess.Popen[str]]) -> str:
    """Run Python in a process of its own; returns what it complained of, nothing if it went well."""
    root = str(Path(tinygrad_tf.__file__).parents[1])
    path = os.pathsep.join([str(FOLDER), root, os.environ.get("PYTHONPATH", "")])
    env = {**os.environ, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"}
    with subprocess.Popen([sys.executable, *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.PIPE, encoding="utf-8", env=env, pass_fds=lock) as chapter:  # fmt: skip
        running.add(chapter)
        said = chapter.communicate()[1]
        running.remove(chapter)
    return "" if chapter.returncode == 0 else said[-3000:] or f"it ended with {chapter.returncode}"


def done(out: Path, path: Path, key: str) -> bool:
    """Whether a chapter's results are there, and made by what is there now."""
    kept, items = out / path.stem / "key", out / path.stem / "items.json"
    if not (kept.is_file() and items.is_file() and kept.read_bytes() == key.encode()):
        return False
    try:
        notes = json.loads(items.read_text(encoding="utf-8"))
        return all((out / path.stem / file).is_file() for item in notes["items"] for file in item.get("files", []))
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):  # it is damaged
        return False


def sources(path: Path) -> set[Path]:
    """A chapter and the files beside it on which its results depend: those that it imports or names, and so on."""
    found = {path}
    ahead = [path]
    while ahead:
        text = ahead.pop().read_text(encoding="utf-8")
        names = re.findall(r"""^\s*(?:from|import) (\w+)|["']([a-z]\w*)(?:\.py)?["']""", text, flags=re.MULTILINE)
        new = {file for name in names if (file := path.with_name(f"{''.join(name)}.py")).exists()} - found
        found |= new
        ahead += new
    return found


def fingerprint(paths: Iterable[Path], *more: str) -> str:
    """A hash of files and words."""
    found = hashlib.sha256("\0".join(more).encode())
    for path in sorted(paths):
        found.update(path.read_bytes())
    return found.hexdigest()


def bar(total: int, initial: int) -> tqdm:
    return tqdm(total=total, initial=initial, unit="chapter", dynamic_ncols=True)


# fmt: off
def arguments() -> argparse.Namespace:
    parser = Parser(__doc__ or "", ZH)
    add, short = parser.add_argument, bool(os.environ.get("TOUR_SHORT"))
    add("--short", action="store_true", default=short, help=either(
        "train little, as the tests do", "少训练，像测试那样"))
    add("--only", default="", metavar="05", help=either(
        "only the chapters whose names begin so", "只要名字这样开头的章"))
    add("--jobs", type=whole(1), default=2, metavar="N", help=either(
        "how many chapters run at a time", "同时运行几章"))
    add("--out", type=folder, help=either(
        "the folder for all results (default: out/tour, or out/tour/short)",
        "结果放在哪里（默认 out/tour，或 out/tour/short）"))
    add("--open", action="store_true", help=either("open the page in the browser", "用浏览器打开网页"))
    return parser.parse_args()
# fmt: on


if __name__ == "__main__":
    as_program(main)
