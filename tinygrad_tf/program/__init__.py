"""A step as code: to read, as plain NumPy, and to run, as straight-line code.

``plain`` writes a call, ``body`` keeps of a function's source what ran, ``calls`` says which function that is, and
``expressions`` puts names in. :func:`tinygrad_tf.graph.program` puts them together into the program of a whole step,
which one reads.

:func:`compile` makes programs that run. ``tracing`` notes what a call of a function does, as a ``trace``; ``noticing``
has the Tensors that notice who reads them, ``readers`` who may. ``straight`` writes a trace out, with ``lines`` and
``exact``. ``programs`` run, ``guards`` say whether one still holds for what is reached by name, ``arguments`` which one
is asked for, and ``compiling`` keeps the programs of a function.
"""

from .calls import Unwritable
from .compiling import compile
from .expressions import literal
from .plain import Call, Plain

__all__ = ["Call", "Plain", "Unwritable", "compile", "literal"]
