"""Pictures and derivations of how dW flows backward: :func:`draw`, :func:`explain` and :func:`explore`.

A Tensor is captured as plain data (``capture``), one backward walk over it is recorded (``flow``), and what that found
is drawn (``pictures``), told in words (``derivation``) or made a page to step through (``page``).
:func:`op_card` says of one op what it computes and what its rule is. :func:`from_torch` takes a module of PyTorch.
"""

from .card import Card, op_card
from .derivation import Explanation, explain
from .lines import record
from .page.explorer import Page, explore
from .pictures import Picture, draw
from .pytorch import from_torch, leaves
from .source import Program, program

__all__ = [
    "Card", "Explanation", "Page", "Picture", "Program", "draw", "explain", "explore", "from_torch", "leaves",
    "op_card", "program", "record",
]  # fmt: skip
