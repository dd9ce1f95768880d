"""Pictures and derivations of how dW flows backward: :func:`draw` and :func:`explain`.

A Tensor is captured as plain data (``capture``), one backward walk over it is recorded (``flow``), and what that found
is drawn (``dot``, ``render``) or told (``text``).
"""

from .dot import draw
from .render import Picture
from .text import Explanation, explain

__all__ = ["Explanation", "Picture", "draw", "explain"]
