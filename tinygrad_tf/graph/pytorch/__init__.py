"""Modules of PyTorch, run and differentiated here: :func:`from_torch`. It is loaded when it is first used.

``aten`` is the table of what each op is here, ``spelled`` the functions for it that ATen spells in its own way.
``given`` is what goes in. ``reading`` runs the module in PyTorch, ``recording`` has PyTorch record it, ``lockstep``
runs what was recorded in PyTorch and here, side by side (``drawing``: with the same random masks), ``comparing`` says
what differs, and ``taking`` puts it together.
"""

from .aten import ATEN
from .taking import from_torch, leaves

__all__ = ["ATEN", "from_torch", "leaves"]
