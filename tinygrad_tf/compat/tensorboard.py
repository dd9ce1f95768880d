"""PyTorch's ``utils.tensorboard``: a training's curves as files for TensorBoard, written by its own package."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..autograd.tensor import Tensor
from ..errors import error
from ..wording.texts import encodable


def _package() -> tuple[Any, Any, Any]:
    """The writer and the two kinds of records of the package ``tensorboard``."""
    try:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.summary.writer.event_file_writer import EventFileWriter
    except ImportError as problem:
        raise error(
            ImportError,
            "SummaryWriter",
            got=f"no package tensorboard (Python: {problem})",
            rule="TensorBoard's files are written by its own package",
            cure="pip install tensorboard; or draw the curves with train.figures",
        ) from None
    return EventFileWriter, Event, Summary


class SummaryWriter:
    """Writes scalars, histograms and texts into a folder that ``tensorboard --logdir`` shows.

    ``log_dir`` is ``runs/`` and the time unless it is given. Raises ImportError where ``tensorboard`` is not installed.
    Images, graphs and embeddings are not written: AttributeError says what shows them here.
    """

    def __init__(
        self, log_dir: str | None = None, comment: str = "", purge_step: int | None = None, max_queue: int = 10,
        flush_secs: int = 120, filename_suffix: str = "",
    ) -> None:  # fmt: skip
        writer, self._event, self._summary = _package()
        self.log_dir = str(log_dir) if log_dir else f"runs/{time.strftime('%b%d_%H-%M-%S')}{comment}"
        self._writer = writer(self.log_dir, max_queue, flush_secs, filename_suffix)

    def get_logdir(self) -> str:
        """The folder that is written to."""
        return self.log_dir

    def _add(self, tag: str, step: Any, walltime: float | None, **value: Any) -> None:
        summary = self._summary(value=[self._summary.Value(tag=encodable(tag), **value)])
        event = self._event(wall_time=time.time() if walltime is None else walltime, summary=summary)
        if step is not None:
            event.step = int(step)
        self._writer.add_event(event)

    def add_scalar(
        self, tag: str, scalar_value: Any, global_step: int | None = None, walltime: float | None = None
    ) -> None:
        """A point of the curve ``tag``."""
        self._add(tag, global_step, walltime, simple_value=float(scalar_value))

    def add_scalars(
        self, main_tag: str, tag_scalar_dict: Mapping[str, Any], global_step: int | None = None,
        walltime: float | None = None,
    ) -> None:  # fmt: skip
        """A point of each curve ``main_tag/tag``. PyTorch makes a folder of each, to lay them over each other."""
        for tag, value in tag_scalar_dict.items():
            self.add_scalar(f"{main_tag}/{tag}", value, global_step, walltime)

    def add_histogram(
        self, tag: str, values: Any, global_step: int | None = None, bins: Any = 64, walltime: float | None = None
    ) -> None:
        """How the numbers of a Tensor or an array are spread over ``bins`` ranges."""
        x = np.asarray(values.array if isinstance(values, Tensor) else values, np.float64).ravel()
        counts, limits = np.histogram(x, 64 if isinstance(bins, str) else bins)
        histo = {
            "min": float(x.min()), "max": float(x.max()), "num": x.size, "sum": float(x.sum()),
            "sum_squares": float((x * x).sum()), "bucket_limit": limits[1:].tolist(), "bucket": counts.tolist(),
        }  # fmt: skip
        self._add(tag, global_step, walltime, histo=histo)

    def add_text(
        self, tag: str, text_string: str, global_step: int | None = None, walltime: float | None = None
    ) -> None:
        """A text."""
        written = [encodable(text_string).encode()]
        tensor = {"dtype": 7, "string_val": written, "tensor_shape": {"dim": [{"size": 1}]}}  # 7: string
        metadata = {"plugin_data": {"plugin_name": "text"}}
        self._add(f"{tag}/text_summary", global_step, walltime, tensor=tensor, metadata=metadata)

    def flush(self) -> None:
        """Write to the disk what was added so far."""
        self._writer.flush()

    def close(self) -> None:
        """Write to the disk, and end."""
        self._writer.close()

    def __enter__(self) -> SummaryWriter:
        return self

    def __exit__(self, *problem: Any) -> None:
        self.close()
