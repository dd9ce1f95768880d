"""Toy tasks with an exact score each: text in, text out, character by character.

Every task is a :class:`Task`. It has a vocabulary, ``sample(rng, n)`` for training, and ``held_out`` examples that are
never sampled. :func:`exact_match` scores what a model makes of these.

>>> task = reverse()
>>> [(source, target)] = task.sample(np.random.default_rng(0), 1)
>>> source == target[::-1]
True
>>> sorted(TASKS)
['addition', 'dates', 'reverse']
"""

from collections.abc import Callable

from .common import Batch, Pair, Task, Vocabulary, exact_match, pad
from .date_forms import FORMS, dates, iso, write
from .digits import addition, reverse

#: The tasks by name; each makes its :class:`Task` from a seed.
TASKS: dict[str, Callable[..., Task]] = {"addition": addition, "dates": dates, "reverse": reverse}

__all__ = [
    "FORMS", "TASKS", "Batch", "Pair", "Task", "Vocabulary", "addition", "dates", "exact_match", "iso", "pad",
    "reverse", "write",
]  # fmt: skip
