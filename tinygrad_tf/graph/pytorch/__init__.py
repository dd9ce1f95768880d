"""Modules of PyTorch, run and differentiated here: :func:`from_torch`. It is loaded when it is first used.

``aten`` is the table of what each op is here, ``spelled`` the functions for it that ATen spells in its own way.
``recording`` has PyTorch record a module, ``lockstep`` runs what was recorded in PyTorch and here, side by side,
``comparing`` says what differs, and ``taking`` puts it together.
"""

from .aten import ATEN
from .taking import from_torch, leaves

__all__ = ["ATEN", "from_torch", "leaves"]
