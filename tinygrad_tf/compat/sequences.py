"""PyTorch's ``nn.utils.rnn``: sequences of several lengths in one batch. Packed ones belong to recurrent layers."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from ..autograd.tensor import Tensor
from ..errors import error
from ..ops.borders import pad
from ..ops.join import stack
from ..ops.shape import swapaxes
from .names import open_to

open_to(sys.modules[__name__], "nn.utils.rnn")


def pad_sequence(
    sequences: Sequence[Tensor], batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right"
) -> Any:
    """Sequences (L, …) as one Tensor (L_max, B, …), or (B, L_max, …) with ``batch_first``; what is short is filled up.

    >>> pad_sequence([Tensor([1.0, 2.0]), Tensor([3.0])], batch_first=True).tolist()
    [[1.0, 2.0], [3.0, 0.0]]
    """
    if padding_side not in ("right", "left") or not len(sequences):
        raise error(
            ValueError,
            "pad_sequence",
            got={"padding_side": repr(padding_side), "sequences": f"{len(sequences)} of them"},
            rule="there is at least one sequence, and it is filled up at the right or the left",
            cure='write pad_sequence(sequences, padding_side="right")',
        )
    longest = max(len(x) for x in sequences)
    rows = []
    for x in sequences:
        short = longest - len(x)
        ends = (0, short) if padding_side == "right" else (short, 0)
        rows.append(pad(x, (*[0] * (2 * (x.ndim - 1)), *ends), "constant", padding_value) if short else x)
    batch = stack(rows)  # (B, L, …)
    return batch if batch_first else swapaxes(batch, 0, 1)


def unpad_sequence(padded_sequences: Tensor, lengths: Any, batch_first: bool = False) -> list[Any]:
    """The sequences of a batch, each cut to its length.

    >>> [x.tolist() for x in unpad_sequence(Tensor([[1.0, 2.0], [3.0, 0.0]]), [2, 1], batch_first=True)]
    [[1.0, 2.0], [3.0]]
    """
    batch = padded_sequences if batch_first else swapaxes(padded_sequences, 0, 1)
    return [batch[i, : int(n)] for i, n in enumerate(lengths)]
