"""The arithmetic of a backward step: its formulas with the numbers put in, down to the sum behind one entry.

A formula is computed from its own tree (``evaluate``) and taken apart into the matrices that its entries are made of
(``equation``). What does not come out as what the rule computed is not shown.
"""

from .equation import Equation, Operand, Picked
from .step import worked_step

__all__ = ["Equation", "Operand", "Picked", "worked_step"]
