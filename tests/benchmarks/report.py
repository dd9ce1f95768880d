"""From what was measured to Markdown, to a figure and to the READMEs of this folder."""

from __future__ import annotations

import platform
import re
import statistics
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

from .contenders import CONTENDERS, CORES, OURS, PROGRAM, TORCH, TORCH_COMPILE
from .workloads import WORKLOADS

Record = dict[str, Any]

MARKERS = "<!-- benchmarks -->", "<!-- /benchmarks -->"
OF_US = [c.name for c in CONTENDERS.values() if c.library == "tinygrad_tf"]
NEW_PROCESS = {"cold start": ("new process: import, build toy, first step done", 0.08)}
PEAKS = {"memory": ("char GPT", 0.5), "memory of long attention": ("long attention", 1.0)}
#: Goals of a part of us, or beside another than PyTorch's best: the row's name, the workload, who, and beside whom.
ASIDE = (
    ("char GPT ÷ torch.compile", "char GPT", OF_US, TORCH_COMPILE, 1.0),
    ("toy without Numba", "toy", (OURS, PROGRAM), TORCH, 0.75),
    ("char GPT without Numba", "char GPT", (OURS, PROGRAM), TORCH, 1.3),
    ("tiny ops without compile()", "tiny ops", (OURS,), TORCH, 0.7),
)
ALWAYS = [*WORKLOADS, *NEW_PROCESS]
#: What the names of workloads end with that are measured under other conditions.
OTHERWISE = "busy machine", "products in AVX2"


# ---- the machine -----------------------------------------------------------------------------------------------------


def machine() -> Record:
    return {
        "processor": processor(),
        "cores": CORES,
        "load": round(psutil.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "versions": {name: version_of(name) for name in
                     ("numpy", "numba", "mpi4py", "torch", "jax", "autograd", "micrograd")},
    }  # fmt: skip


def processor() -> str:
    """Its name, and the widest vectors that it has."""
    try:
        told = Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        told = ""
    found = re.search(r"^model name\s*: (.*)", told, re.MULTILINE)
    name = found[1] if found else platform.processor() or platform.machine()
    vectors = next((shown for flag, shown in (("avx512f", "AVX-512"), ("avx2", "AVX2")) if flag in told), "")
    return f"{name} with {vectors}" if vectors else name


def version_of(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def machine_line(m: Record) -> str:
    packages = ", ".join(f"{name} {number}" for name, number in m["versions"].items() if number)
    return f"{m['processor']}, {m['cores']} cores; {m['system']}; {packages}."


# ---- one part --------------------------------------------------------------------------------------------------------


def best(record: Record, names: Iterable[str]) -> Record | None:
    """The entry with the smallest median among contenders of these names."""
    found = [e for e in record["entries"] if e["contender"] in names]
    return min(found, key=lambda e: e["median"]) if found else None


def seconds(t: float) -> str:
    """Three digits with a fitting unit.

    >>> seconds(0.01234), seconds(1.5), seconds(0.000123)
    ('12.3 ms', '1.50 s', '123 µs')
    """
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if t >= size:
            return f"{digits(t / size)} {unit}"
    return f"{digits(t * 1e6)} µs"


def digits(x: float) -> str:
    return f"{x:.0f}" if x >= 100 else f"{x:.1f}" if x >= 10 else f"{x:.2f}"


def threads(entry: Record) -> str:
    unit = "ranks" if CONTENDERS[entry["contender"]].ranks else "threads"
    return {0: "default", 1: "1 thread"}.get(entry["threads"], f"{entry['threads']} {unit}")


def part(name: str, record: Record) -> str:
    """What was measured, line by line."""
    if "slopes" in record:
        return growth_line(name, record)
    if "peak" in record["entries"][0]:
        return "\n".join(f"  {e['contender']:24} peak {e['peak'] / 2**20:6.0f} MiB, import alone "
                         f"{e['import'] / 2**20:.0f}" for e in record["entries"])  # fmt: skip
    theirs = best(record, [TORCH])
    lines = []
    for e in record["entries"]:
        ratio = f"{e['median'] / theirs['median']:6.2f} of PyTorch's best" if theirs else ""
        elsewhere = f", {max(e['others']):.1f} cores busy elsewhere" if e["others"] else ""
        lines.append(f"  {e['contender']:24} {threads(e):9} {seconds(e['median']):>8} (fastest "
                     f"{seconds(e['fastest']):>8}){ratio}, {len(e['rounds'])} rounds{elsewhere}")  # fmt: skip
    if "floor" in record:
        f = record["floor"]
        lines.append(f"  floor: {f['flops'] / 1e9:.3g} GFLOP of matrix products, {seconds(f['seconds'])} alone, "
                     f"at up to {f['rate'] / 1e9:.0f} GFLOP/s")  # fmt: skip
    return "\n".join(lines)


def growth_line(name: str, record: Record) -> str:
    held = [f"{what} ~ {p:.2f}{'' if p <= record['most'][what] else ' TOO STEEP'} (at most {record['most'][what]})"
            for what, p in record["slopes"].items()]  # fmt: skip
    return f"  {name} {record['values']}: exponents of {', '.join(held)}"


# ---- the tables ------------------------------------------------------------------------------------------------------


def verdict(ratio: float, goal: float) -> str:
    return f"**{ratio:.2f}**" if ratio <= goal else f"{ratio:.2f} ✗"


def row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def table(header: list[str], rows: list[list[str]]) -> str:
    return "\n".join([row(header), "|" + "---|" * len(header), *map(row, rows)])


def goals(results: Record) -> str:
    """The goals: our best beside PyTorch's best, and the matrix products alone."""
    goal = {n: WORKLOADS[n].goal if n in WORKLOADS else NEW_PROCESS[n][1] for n in ALWAYS}
    rows = [goal_row(n, results.get(n), OF_US, TORCH, goal[n], True) for n in ALWAYS]
    rows += [goal_row(name, results.get(of), ours, theirs, most) for name, of, ours, theirs, most in ASIDE]
    return table(["workload", "goal", "ours ÷ PyTorch", "tinygrad_tf, best", "PyTorch eager, best",
                  "products alone", "ours ÷ products"], [*filter(None, rows), *memory_rows(results)])  # fmt: skip


def goal_row(
    name: str, record: Record | None, us: Iterable[str], them: str, goal: float, beside_products: bool = False
) -> list[str]:
    """Empty where it was not measured."""
    ours, theirs = (best(record, us), best(record, [them])) if record else (None, None)
    if record is None or ours is None or theirs is None:
        return []
    floor = record.get("floor") if beside_products else None
    return [
        name, f"≤ {goal}", verdict(ours["median"] / theirs["median"], goal),
        f"{seconds(ours['median'])} ({ours['contender'].removeprefix('tinygrad_tf').strip(', ') or 'NumPy'}, "
        f"{threads(ours)})",
        f"{seconds(theirs['median'])} ({threads(theirs)})",
        seconds(floor["seconds"]) if floor else "",
        f"{ours['median'] / floor['seconds']:.1f}" if floor else "",
    ]  # fmt: skip


def memory_rows(results: Record) -> list[list[str]]:
    """Peaks of whole processes, and in brackets what importing the library alone takes."""
    rows = []
    for part in PEAKS:
        entries = {e["contender"]: e for e in results[part]["entries"]} if part in results else {}
        if TORCH not in entries:
            continue
        ours, most = min((entries[n] for n in OF_US if n in entries), key=lambda e: e["peak"]), PEAKS[part][1]
        rows.append([
            part, f"≤ {most}", verdict(ours["peak"] / entries[TORCH]["peak"], most),
            *[f"{e['peak'] / 2**20:.0f} MiB ({e['import'] / 2**20:.0f} by importing)" for e in (ours, entries[TORCH])],
            "", "",
        ])  # fmt: skip
    return rows


def everyone(results: Record, names: Iterable[str]) -> str:
    """Each contender's best time on each workload."""
    there = [n for n in names if n in results]
    taking_part = [c for c in CONTENDERS if any(best(results[n], [c]) for n in there)]
    rows = []
    for name in there:
        found = [best(results[name], [c]) for c in taking_part]
        rows.append([name, *[f"{seconds(e['median'])} ({threads(e)})" if e else "" for e in found]])
    return table(["best time of", *taking_part], rows)


def by_threads(results: Record) -> str:
    """Every measurement, with the fastest step and how busy the machine was with other things."""
    rows = [
        [name, e["contender"], threads(e), seconds(e["median"]), seconds(e["fastest"]),
         f"{sum(e['others']) / len(e['others']):.2f}" if e["others"] else ""]
        for name, record in results.items() if "entries" in record
        for e in record["entries"] if "median" in e
    ]  # fmt: skip
    return table(["workload", "contender", "threads", "median", "fastest", "cores busy elsewhere"], rows)


def growth_table(results: Record) -> str:
    rows = []
    for name, record in results.items():
        if "slopes" in record:
            slopes = [f"{verdict(p, most)} (≤ {most})" for what, p in record["slopes"].items()
                      if (most := record["most"][what])]  # fmt: skip
            rows.append([name, ", ".join(map(str, record["values"])), *slopes])
    return table(["growth", "values", "exponent of time", "exponent of memory"], rows) if rows else ""


SENTENCES = {
    "README.md": (
        "Everybody's best over 1, 2 and all threads:",
        "Under other conditions: with one core kept busy by another program, each library at the number of threads it "
        "takes by itself; and with NumPy's products in vectors of 256 bits, as PyTorch's are on AMD's processors:",
        "Measured on {machine}. Apart from what is measured, {others:.2f} cores were busy (the median of all rounds).",
    ),
    "README.zh.md": (
        "各家在 1、2 和全部线程中的最好成绩：",
        "换两种条件：另一个程序一直占着一个核，各家用自己默认的线程数；"
        "以及让 NumPy 的矩阵乘法只用 256 位的向量，与 PyTorch 在 AMD 处理器上一样：",
        "测量所用的机器：{machine}。除了被测的程序，还有 {others:.2f} 个核在忙（所有轮次的中位数）。",
    ),
}


HEADINGS: dict[str, dict[str, str]] = {
    "README.md": {},
    "README.zh.md": {
        "workload": "任务", "goal": "目标", "ours ÷ PyTorch": "本包 ÷ PyTorch", "tinygrad_tf, best": "本包最好成绩",
        "PyTorch eager, best": "PyTorch 最好成绩", "products alone": "纯矩阵乘法",
        "ours ÷ products": "本包 ÷ 矩阵乘法", "best time of": "最好成绩",
        "tinygrad_tf, compile() and Numba": "tinygrad_tf，compile() 与 Numba",
        "tinygrad_tf, compile()": "tinygrad_tf，compile()", "tinygrad_tf, ranks": "tinygrad_tf，多进程",
    },
}  # fmt: skip


#: What the figure says beside the names of workloads.
IN_CHINESE = {
    "tiny ops": "小运算链", "toy": "小模型", "char GPT": "字符级 GPT", "base": "论文的 base 规模",
    "long attention": "长序列注意力", "decode": "逐词元生成", "cold start": "冷启动",
}  # fmt: skip

#: What the cells say in Chinese; the names of workloads stay, as they are those of the program.
CELLS = [
    (r" \(([^|]*?)\)(?= \|)", r"（\1）"), (r", (?=\d+ (?:thread|rank)|default)", "，"), (" and Numba", " 与 Numba"),
    (r"(\d+) threads?", r"\1 线程"), (r"(\d+) ranks?", r"\1 进程"), (r"\bdefault\b", "默认"),
    (r"(\d+) by importing", r"其中导入 \1"), (", busy machine", "，机器繁忙"),
    (", products in AVX2", "，矩阵乘法用 AVX2"), (r" without (.*?)(?= \|)", r"，不用 \1"),
    (r"memory of (.*?)(?= \|)", r"\1 的内存"), (r"(?<=\| )memory(?= \|)", "内存"),
]  # fmt: skip


def headed(table: str, name: str) -> str:
    """The table in the language of the README of that name."""
    first, line, rest = table.partition("\n")
    cells = [HEADINGS[name].get(cell, cell) for cell in first.strip("| ").split(" | ")]
    for english, chinese in CELLS if HEADINGS[name] else []:
        rest = re.sub(english, chinese, rest)
    return f"| {' | '.join(cells)} |{line}{rest}"


def for_readme(results: Record, name: str) -> str:
    """What stands between the markers of the README of that name, in its language."""
    best, otherwise, machine = SENTENCES[name]
    other_parts = [part for part in results if part.endswith(OTHERWISE)]
    others = [n for part, record in results.items() if not part.endswith("busy machine")
              for entry in record.get("entries", []) for n in entry.get("others", [])]  # fmt: skip
    line = machine_line(list(results.values())[-1]["machine"])
    first, second, third = (headed(table, name) for table in
                            (goals(results), everyone(results, ALWAYS), everyone(results, other_parts)))  # fmt: skip
    if HEADINGS[name]:
        line = line.replace(" with ", "，带 ").replace(" cores", " 核").replace("; ", "；").replace(", ", "，")
    told = machine.format(machine=line.removesuffix("."), others=statistics.median(others or [0.0]))
    return "\n\n".join([first, best, second, otherwise, third, told])


def page(results: Record) -> str:
    sections = [
        ("Goals", goals(results)),
        ("Everybody's best", everyone(results, ALWAYS)),
        ("Under other conditions", everyone(results, [n for n in results if n.endswith(OTHERWISE)])),
        ("Growth", growth_table(results)),
        ("Every measurement", by_threads(results)),
        ("The machine", "\n".join(f"- {name}: load {r['machine']['load']} before; {machine_line(r['machine'])}"
                                  for name, r in results.items())),
    ]  # fmt: skip
    return "# Benchmarks\n\n" + "\n\n".join(f"## {title}\n\n{text}" for title, text in sections if text) + "\n"


def write_readme(path: Path, results: Record) -> None:
    """Put what was measured between the markers of a README."""
    text = for_readme(results, path.name)
    before, rest = path.read_text("utf-8").split(MARKERS[0])
    _, after = rest.split(MARKERS[1])
    path.write_text(f"{before}{MARKERS[0]}\n{text}\n{MARKERS[1]}{after}", "utf-8")
