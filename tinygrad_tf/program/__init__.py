"""A recorded step as code: calls of the package's functions written as plain NumPy.

``plain`` writes a call, ``body`` keeps of a function's source what ran, ``calls`` says which function that is, and
``expressions`` puts names in. :func:`tinygrad_tf.graph.program` puts them together into the program of a whole step.
"""

from .calls import Unwritable
from .expressions import literal
from .plain import Call, Plain

__all__ = ["Call", "Plain", "Unwritable", "literal"]
