"""The benchmarks' code on tiny sizes, so that it cannot rot: everybody does the same work, and the tables come out.

No timing is asserted here; `python -m tests.benchmarks` measures.
"""

import json
import re
from pathlib import Path

import pytest

pytest.importorskip("psutil", reason='pip install "tinygrad_tf[bench]"')

from benchmarks import floor, measure, profile, report, scaling
from benchmarks.__main__ import parts
from benchmarks.contenders import CONTENDERS, OURS, RANKS, TORCH
from benchmarks.team import Member, together
from benchmarks.workloads import WORKLOADS, passes, products

from tinygrad_tf import kernels

ROOT = Path(__file__).parents[2]
OTHERS = [pytest.param(w, c, id=f"{w.name}-{c.name}") for w in WORKLOADS.values() for c in CONTENDERS.values()
          if c.takes(w) and c.name != OURS and not c.ranks]  # fmt: skip


def tiny(workload):
    return workload.at(workload.tiny)


def first_steps(contender, workload):
    step = contender.build(workload.kind, workload.sizes)
    return [step() for _ in range(3)]


@pytest.mark.parametrize("workload, contender", OTHERS)
def test_everybody_does_the_same_work(workload, contender):
    """Loss by loss over three steps, so that the gradients, the clipping and the optimiser agree as well."""
    if why := contender.absent():
        pytest.skip(why)
    if contender.name == "torch.compile":
        pytest.skip("compiling takes half a minute; the command compares its losses")
    w = tiny(workload)
    ours = first_steps(CONTENDERS[OURS], w)
    with kernels.use(kernels.chosen()):  # a contender chooses its own
        measure.agree({OURS: ours, contender.name: first_steps(contender, w)})
    if w.kind in ("seq2seq", "gpt"):
        assert ours[2] < ours[1] < ours[0]


def test_different_work_is_refused():
    with pytest.raises(ValueError, match="different work"):
        measure.agree({OURS: [1.0, 0.5], TORCH: [1.0, 0.5002]})


@pytest.mark.parametrize("workload", WORKLOADS.values(), ids=lambda w: w.name)
def test_the_floor_counts_every_product(workload):
    torch = pytest.importorskip("torch", reason="PyTorch counts the operations of what it runs")
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    w = tiny(workload)
    step = CONTENDERS[TORCH].build(w.kind, w.sizes)
    torch.manual_seed(0)
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        step()
    assert passes(w) * sum(p.flops for p in products(w)) == pytest.approx(counter.get_total_flops(), rel=0.02)


def test_the_floor_takes_the_best_of_each_product():
    w = tiny(WORKLOADS["char GPT"])
    times = [[2.0] * len(products(w)), [1.0] + [3.0] * (len(products(w)) - 1)]
    first, *rest = products(w)
    assert floor.floor(w, times)["seconds"] == 3 * (first.count + 2 * sum(p.count for p in rest))


def test_a_worker_answers():
    w = WORKLOADS["toy"]
    with together([Member(OURS, w.name, 1, w.tiny)]) as (member,):
        member.begin()
        assert member.ask("start", 3) == pytest.approx(first_steps(CONTENDERS[OURS], tiny(w)))
        member.stop()
        with member.turn() as meanwhile:
            assert len(member.ask("time", 0.0, 2)) == 2
            memory = member.ask("memory")
            assert len(member.ask("products")) == len(products(w))
    assert meanwhile["others"] >= 0
    assert memory["peak"] > memory["import"] > 2**20


def test_ranks_do_the_same_work():
    if why := CONTENDERS[RANKS].absent():
        pytest.skip(why)
    w = WORKLOADS["char GPT"]
    with together([Member(RANKS, w.name, 2, w.tiny)]) as (member,):
        member.begin()
        measure.agree({OURS: first_steps(CONTENDERS[OURS], tiny(w)), RANKS: member.ask("start", 3)})
        assert len(member.ask("time", 0.0, 2)) == 2


def test_a_worker_that_fails_says_so(capfd):
    with together([Member(OURS, "toy", 1, {"heads": 3})]) as (member,):
        member.begin()
        with pytest.raises(RuntimeError, match="ended before it answered"):
            member.ask("start", 1)
    assert "multiple of" in capfd.readouterr().err


# ---- the report ------------------------------------------------------------------------------------------------------


def entry(contender, median, threads=1):
    return {"contender": contender, "threads": threads, "rounds": [median] * 3, "others": [0.1], "first": [1.0],
            "median": median, "fastest": median * 0.9}  # fmt: skip


@pytest.fixture
def results():
    """What the command stores, with made-up numbers: ours take 2 ms, PyTorch 5 and 4 ms."""
    sample = {"entries": [entry(OURS, 2e-3), entry(TORCH, 5e-3), entry(TORCH, 4e-3, 2)],
              "floor": {"flops": 1e6, "seconds": 1e-3, "rate": 1e9}}  # fmt: skip
    peaks = {"entries": [{"contender": OURS, "import": 30 * 2**20, "peak": 60 * 2**20},
                         {"contender": TORCH, "import": 200 * 2**20, "peak": 240 * 2**20}]}  # fmt: skip
    grown = {"values": [4, 8], "seconds": [1.0, 2.0], "bytes": [1.0, 4.0], "most": {"seconds": 1.1, "bytes": 1.1},
             "slopes": {"seconds": 1.0, "bytes": 2.0}}  # fmt: skip
    found = {}
    for name in parts(quick=True):
        found[name] = peaks if name.startswith("memory") else grown if name.startswith("growth") else sample
    return {name: {"machine": report.machine(), **record} for name, record in found.items()}


def test_the_table_has_each_goal_with_the_best_of_each(results):
    rows = {cells[1].strip(): cells for line in report.goals(results).splitlines()[2:] if (cells := line.split("|"))}
    aside = {"toy without Numba", "char GPT without Numba", "tiny ops without compile()"}
    assert set(rows) == {*WORKLOADS, "cold start", *aside, "memory", "memory of long attention"}
    char = [cell.strip() for cell in rows["char GPT"]]
    assert char[2:-1] == ["≤ 0.8", "**0.50**", "2.00 ms (NumPy, 1 thread)", "4.00 ms (2 threads)", "1.00 ms", "2.0"]
    assert "0.50 ✗" in rows["cold start"][3]
    assert "**0.25**" in rows["memory"][3]


def test_a_slope_too_steep_is_marked(results):
    assert "2.00 ✗ (≤ 1.1)" in report.growth_table(results)
    assert "TOO STEEP" in report.part("growth with layers", results["growth with layers"])


@pytest.mark.parametrize("power", [1, 2])
def test_the_slope_is_the_exponent(power):
    assert measure.slope([1, 2, 4], [7, 3 * 2**power, 3 * 4**power]) == pytest.approx(power)


def test_the_page_names_everything_measured(results):
    page = report.page(json.loads(json.dumps(results)))
    assert [name for name in results if f"- {name}:" not in page] == []


@pytest.mark.parametrize("name", report.SENTENCES)
def test_the_readme_takes_the_table_between_its_markers(name, tmp_path, results):
    copy = tmp_path / name
    copy.write_text((ROOT / "tests" / "benchmarks" / name).read_text("utf-8"), "utf-8")
    report.write_readme(copy, results)
    report.write_readme(copy, results)  # a second time replaces, and adds nothing
    text = copy.read_text("utf-8")
    assert text.count("| long attention |") == 2
    outside = [re.sub("<!-- benchmarks -->.*<!-- /benchmarks -->", "", t, flags=re.DOTALL)
               for t in (text, (ROOT / "tests" / "benchmarks" / name).read_text("utf-8"))]  # fmt: skip
    assert outside[0] == outside[1]


def test_the_tables_of_the_chinese_readme_are_chinese(results):
    lines = report.for_readme(results, "README.zh.md").splitlines()
    words = {word for line in lines if line.startswith("| ") for word in re.findall(r"\b[a-z]{4,}\b", line)}
    names = re.sub(f"{'|'.join(report.OTHERWISE)}|memory", "", " ".join([*results, *CONTENDERS]))
    assert {word for word in words if word not in names} == set()


def test_the_figure(tmp_path, results):
    pytest.importorskip("matplotlib", reason='pip install "tinygrad_tf[train]"')
    from benchmarks import figure

    figure.draw(results, tmp_path)
    figure.draw_ratios(results, tmp_path / "speed.svg")
    figure.draw_ratios(results, tmp_path / "speed.zh.svg", report.IN_CHINESE)
    assert {path.name for path in tmp_path.iterdir()} == {"figure.png", "figure.svg", "speed.svg", "speed.zh.svg"}
    assert set(report.IN_CHINESE) == set(report.ALWAYS)


@pytest.mark.parametrize("functions", [False, True], ids=["files", "functions"])
def test_the_profile_finds_the_files_at_work(functions):
    found, step = profile.samples(profile.BUILDERS["chain"](WORKLOADS["tiny ops"].sizes), 0.3, functions)
    assert step > 0
    assert any(place.startswith("autograd") for place in found)
    assert all(((": " in place) == functions) for place in found)


def test_the_model_of_many_ranks_is_fitted_to_what_few_took():
    lan = scaling.Network("lan", 30e-6, 1e-9)
    sizes = [1 << k for k in (3, 10, 16, 20, 23)]
    fitted = scaling.fit(sizes, [scaling.all_reduce(n, 2, lan) for n in sizes], 2)
    assert fitted == pytest.approx((lan.message, lan.byte))
    work = scaling.Work("a model", 4 << 20, 0.001, 0.002, 12, 64)
    assert scaling.step_seconds(work, 1, lan) == pytest.approx(0.025)
    times = [scaling.step_seconds(work, p, lan) for p in scaling.RANKS]
    assert times == sorted(times)
    small = [scaling.all_reduce(1000, p, lan) for p in (2, 1024)]
    assert small[1] == pytest.approx(10 * small[0], rel=0.2)  # by the logarithm
    assert "| 1,024 |" in scaling.report([lan], [work])
