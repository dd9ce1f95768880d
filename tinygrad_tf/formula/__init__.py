"""From the source of a rule to the formula that a reader sees: ``dW = Xᵀ · dY``, in the names of the user's Tensors.

A rule's source is read (``reader``, with ``vocabulary``) into a tree (``expr``), which is written on one line, or as
MathML or LaTeX (``mathml``, ``latex``).
"""

from .expr import Expr, Text, gradient_name
from .rules import Formula, Names, forward_formula, gradient_formula, read_by

__all__ = ["Expr", "Formula", "Names", "Text", "forward_formula", "gradient_formula", "gradient_name", "read_by"]
