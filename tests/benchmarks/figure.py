"""The figures: time beside PyTorch's and growth; and, for the README, our best over PyTorch's best."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tinygrad_tf.wording import fonts

from .contenders import CONTENDERS, TORCH
from .report import ALWAYS, OF_US, best
from .workloads import WORKLOADS

COLOURS = {"tinygrad_tf": "#7b3fa0", "torch": "#d9772b", "jax": "#3a7d44", "autograd": "#888", "micrograd": "#bbb"}
EXPONENTS = {"seconds": ("time", "seconds a step"), "bytes": ("memory", "MiB above import")}


def draw(results: dict[str, Any], folder: Path) -> None:
    """figure.png and figure.svg."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    growths = [name for name in results if "slopes" in results[name]]
    columns = max(1, len(growths))
    figure = Figure(figsize=(max(11, 3.1 * columns), 10.5), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(3, columns, height_ratios=[1.5, 1, 1])
    beside(figure.add_subplot(grid[0, :]), results)
    for column, name in enumerate(growths):
        for line, what in enumerate(EXPONENTS, start=1):
            grows(figure.add_subplot(grid[line, column]), name, results[name], what)
    for ending in ("png", "svg"):
        figure.savefig(folder / f"figure.{ending}", dpi=110)


def draw_ratios(results: dict[str, Any], path: Path, said: Mapping[str, str] | None = None) -> None:
    """A bar for each workload: our best time over PyTorch's best, on a line that is 1. It is drawn as it is printed.

    ``said`` is what workloads are called in Chinese, beside their names.
    """
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    names = [n for n in ALWAYS if n in results and best(results[n], OF_US) and best(results[n], [TORCH])]
    ratios = [best(results[n], OF_US)["median"] / best(results[n], [TORCH])["median"] for n in names]  # type: ignore[index]
    figure = Figure(figsize=(8.3, 0.4 * len(names) + 0.5), layout="constrained")
    FigureCanvasSVG(figure)
    axes = figure.add_subplot()
    axes.barh(names[::-1], ratios[::-1], color=COLOURS["tinygrad_tf"], height=0.62)
    for at, ratio in enumerate(ratios[::-1]):
        axes.text(ratio + 0.01, at, f"{ratio:.2f}", va="center")
    if said:
        words = [f"{name} {said[name]}" for name in names[::-1]]
        axes.set_yticks(range(len(names)), words, family=["DejaVu Sans", *filter(None, [fonts.chinese()])])
    axes.axvline(1, color=COLOURS["torch"], lw=2)
    axes.set_xlabel("tinygrad_tf ÷ PyTorch")
    axes.set_xlim(0, 1.08)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    figure.savefig(path, facecolor="white", metadata={"Date": None})


def beside(axes: Any, results: dict[str, Any]) -> None:
    """Everybody's best time over PyTorch's; below 1 is faster. A line on each workload marks the goal."""
    names = [n for n in ALWAYS if n in results and best(results[n], [TORCH])]
    shown = [c for c in CONTENDERS.values() if any(best(results[n], [c.name]) for n in names)]
    width = 0.8 / max(1, len(shown))
    hatches: dict[str, int] = {}
    for i, c in enumerate(shown):
        found = [(at, best(results[n], [c.name]), best(results[n], [TORCH])) for at, n in enumerate(names)]
        bars = [(at + (i - (len(shown) - 1) / 2) * width, e["median"] / t["median"]) for at, e, t in found if e and t]
        seen = hatches[c.library] = hatches.get(c.library, -1) + 1
        axes.bar(*zip(*bars, strict=True), width, label=c.name, color=COLOURS[c.library], edgecolor="white",
                 hatch=["", "///", "...", "xxx"][seen])  # fmt: skip
    for at, name in enumerate(names):
        goal = WORKLOADS[name].goal if name in WORKLOADS else 0.15
        axes.plot([at - 0.45, at + 0.45], [goal, goal], color="black", lw=1, label="goal" if at == 0 else None)
    axes.axhline(1, color="#999999", lw=0.8, zorder=0)
    axes.set_yscale("log")
    axes.set_xticks(range(len(names)), names)
    axes.set_ylabel("time ÷ PyTorch eager's best")
    axes.set_title("Everybody's best time; lower is faster")
    axes.legend(ncols=3, fontsize=8, frameon=False)
    axes.spines[["top", "right"]].set_visible(False)


def grows(axes: Any, name: str, record: dict[str, Any], what: str) -> None:
    title, label = EXPONENTS[what]
    y = [v / 2**20 if what == "bytes" else v for v in record[what]]
    x, most = record["values"], record["most"][what]
    axes.loglog(x, y, "o-", color=COLOURS["tinygrad_tf"])
    axes.loglog(x, [y[-1] * (v / x[-1]) ** round(most) for v in x], "--", color="#999999", lw=0.8,
                label=f"~ {'n' if round(most) == 1 else 'n²'}")  # fmt: skip
    axes.set_xticks(x, [str(v) for v in x])
    axes.minorticks_off()
    axes.set_title(f"{title}, {name}\nexponent {record['slopes'][what]:.2f}", fontsize=9)
    axes.set_ylabel(label, fontsize=8)
    axes.tick_params(labelsize=8)
    axes.legend(frameon=False, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
