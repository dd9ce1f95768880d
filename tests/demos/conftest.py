"""What the tests of the demos share."""

import sys
from pathlib import Path

import pytest

DEMOS = Path(__file__).parents[2] / "demos"


@pytest.fixture(scope="module")
def tools():
    """What lies in demos/ can be imported, as by a script that lies there; afterwards all is as it was."""
    before = set(sys.modules)
    sys.path.insert(0, str(DEMOS))
    yield
    sys.path.remove(str(DEMOS))
    for name in set(sys.modules) - before:
        if Path(getattr(sys.modules[name], "__file__", None) or "/").is_relative_to(DEMOS):
            del sys.modules[name]
