"""draw(): the graph with its gradients as a picture. Forward runs down; purple arrows carry the gradient back up."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ...autograd.tensor import Tensor
from ...errors import error
from ...fields import TRUTH, check
from ..capture import Losses, capture, variables_of
from ..flow import Arrays, Sums, record, routes
from ..given import checked_end, checked_language, checked_losses, checked_whole
from ..modules import boxes_of
from ..words import Words
from .drawing import Drawing, Look
from .dual import Dual
from .render import Picture

__all__ = ["Picture", "draw"]

VIEWS = ("both", "forward", "backward", "dual")


def draw(
    loss: Losses, path_to: Tensor | None = None, depth: int | None = None, values: bool = False, view: str = "both",
    lang: str | None = None, open: Sequence[str] | None = None,
) -> Picture:  # fmt: skip
    """A picture of how ``loss`` was computed and of the gradient that flows back from it.

    Every operation, parameter, input and constant is a node with its shape; modules are boxes. Each purple arrow is a
    step backward: the rule that ran on it in your names, and the norm of the gradient that it carried; it is as wide as
    the logarithm of that norm. Where arrows join, the node says how many gradients are summed and their sum's norm.

    Args:
        loss: a Tensor with one entry, before ``backward()`` has freed its graph; or a list of several, or a dict of
            them by their names: then the gradient is that of their sum, and a weight says what came from which.
        path_to: keep only what lies between the loss and this Tensor, and number the steps.
        depth: how many levels of modules are open; those below are one node each. None: as many as fit
            on a page, about 60 boxes, or 30 steps to one weight. Of equal neighbours only the first is shown.
        values: show the entries of small Tensors, and mean and range of large ones.
        view: "both", only "forward" or only "backward", or "dual": forward on the left, the gradients on the right,
            and dotted lines from the arrays that a rule needs.
        lang: "en", "zh" or "both", by default that of :class:`tinygrad_tf.language`.
        open: the paths of the modules to open, ``["encoder.layers.0"]``; the others are closed.

    The picture shows itself in Jupyter; ``.render("dw.svg")`` writes SVG, PNG or PDF.

    >>> X = Tensor([[1.0, 2.0]], name="X")
    >>> W = Tensor([[3.0], [4.0]], requires_grad=True)
    >>> picture = draw((X @ W).sum(), path_to=W)
    >>> "dW = Xᵀ · dA₁" in picture.source
    True
    """
    if view not in VIEWS:
        rule = f"view is one of {', '.join(VIEWS)}"
        raise error(ValueError, "draw", got={"view": repr(view)}, rule=rule, cure='write view="both"')
    check("draw", {"values": values}, {"values": TRUTH})
    lang = checked_language("draw", lang, both=True)
    if depth is not None:
        checked_whole("draw", "depth", depth)
    graph = capture(checked_losses("draw", loss), variables_of(sys._getframe(1)))
    if path_to is not None:
        checked_end("draw", graph, path_to)
    boxes = boxes_of(graph, depth, path_to, open)
    sums, arrays = Sums(graph, {id: box.id for id, box in boxes.items()}), Arrays()
    flow = record(graph, sums, *([arrays] if values else []))
    to = None if path_to is None else routes(flow, path_to)
    look = Look(values, view, Words(lang))
    return (Dual if view == "dual" else Drawing)(flow, boxes, sums, arrays, to, look).picture()
