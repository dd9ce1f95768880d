"""The package stays light: little time to import beside NumPy's, little room on the disk, as the README says."""

import re
from pathlib import Path

from footprint import import_times, installed_bytes, lines

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def test_importing_it_costs_little_beside_importing_numpy():
    numpy, ours = import_times(5)
    assert ours < 2 * numpy + 0.05


def test_the_size_is_what_the_readme_says():
    said = float(re.search(r"fills ([\d.]+) MB", README)[1]) * 1e6
    assert abs(installed_bytes() - said) < 0.15 * said


def test_the_lines_are_what_the_readme_says():
    said = int(re.search(r"all of it about ([\d,]+)", README)[1].replace(",", ""))
    assert abs(lines() - said) < 0.15 * said
