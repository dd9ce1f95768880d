"""Figures of a training, drawn with matplotlib: its curves, and where the decoder looked while it wrote."""

from __future__ import annotations

import io
import os
import unicodedata
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from ..arguments import explains
from ..autograd.recording import no_grad
from ..errors import error
from ..files import check_temporary, shown, write_whole
from ..models import Transformer
from ..models.generation import evaluation
from ..tasks import Vocabulary, pad
from ..wording import fonts
from ..wording.languages import either
from ..wording.texts import clean
from .settings import History
from .trainer import translate

# Okabe and Ito's blue and vermilion: told apart with any colour vision, and by light and dark in print.
_BLUE, _ORANGE = "#0072b2", "#d55e00"


@explains
def save_curves(history: History, path: str | os.PathLike[str]) -> None:
    """Draw the loss of every step and the score on held-out pairs. The file's ending says PNG, SVG or PDF.

    >>> import tempfile
    >>> save_curves(History([2.0, 1.5, 1.0], {3: 0.25}), f"{tempfile.mkdtemp()}/curves.png")
    """
    labels = either(
        ("loss (nats per character)", "held-out, exact match (%)", "step"),
        ("损失（纳特/字符）", "留出集上完全答对（%）", "步"),
    )
    with _style("".join(labels)):
        figure = _matplotlib().figure.Figure(figsize=(7, 5.5), layout="constrained")
        loss, score = figure.subplots(2, 1, sharex=True)
        steps = range(1, len(history.loss) + 1)
        loss.plot(steps, history.loss, color=_BLUE, linewidth=1)
        loss.set_yscale("log" if any(x > 0 for x in history.loss) else "linear")
        loss.set_ylabel(labels[0])
        score.plot(list(history.accuracy), [100 * a for a in history.accuracy.values()], "o-", color=_ORANGE)
        if history.accuracy:
            step, last = [*history.accuracy.items()][-1]
            score.annotate(
                f"{last:.1%}",
                (step, 100 * last),
                textcoords="offset points",
                xytext=(0, -16 if last > 0.15 else 8),
                ha="right",
            )
        score.set_ylim(-3, 103)
        score.set_ylabel(labels[1])
        score.set_xlabel(labels[2])
        for axes in (loss, score):
            axes.grid(alpha=0.3)
        _save(figure, path)


@explains
def cross_attention(model: Transformer, vocabulary: Vocabulary, text: str) -> tuple[list[str], list[str], Any]:
    """Translate ``text`` and return what was written, what was read, and the attention between them.

    Returns the symbols that were written, one for each row (``<end>`` is the last); those that were read, one for each
    column; and the weights of the last decoder layer, (heads, rows, columns), in which each row adds up to 1.
    """
    output = translate(model, vocabulary, [text])[0]
    source, _ = pad([vocabulary.encode(text)])
    written = [*vocabulary.encode(output), vocabulary.end]
    layer, calls = model.decoder.layers[-1].multihead_attn, []
    handle = layer.register_forward_pre_hook(lambda module, inputs: calls.append(inputs))
    try:
        with evaluation(model), no_grad():  # the last layer is called again as in a pass through the translation
            model(source, np.array([[vocabulary.start, *written[:-1]]]))
            _, weights = layer(*calls[0], average_attn_weights=False)
    finally:
        handle.remove()
    return vocabulary.symbols(written), list(text), weights.array[0]


@explains
def save_attention(model: Transformer, vocabulary: Vocabulary, text: str, path: str | os.PathLike[str]) -> str:
    """Draw :func:`cross_attention` as a map. The row of a written character shows which characters it looked at.

    The heads are averaged. It warns if a character is Chinese and no font for it is installed. Returns the translation.
    """
    rows, columns, weights = cross_attention(model, vocabulary, text)
    translation = "".join(rows[:-1])
    labels = either(("read", "written", "attention, mean of the heads"), ("读到的", "写出的", "注意力，各头的平均"))
    with _style(text + labels[0]):
        size = (2.5 + 0.36 * len(columns), 1.6 + 0.36 * len(rows))
        figure = _matplotlib().figure.Figure(figsize=size, layout="constrained")
        axes = figure.subplots()
        image = axes.imshow(weights.mean(axis=0), cmap="Blues", vmin=0, aspect="equal")
        as_it_is = {"fontsize": 12, "parse_math": False}  # a $ is a letter here
        axes.set_xticks(range(len(columns)), [_visible(c) for c in columns], **as_it_is)
        axes.set_yticks(range(len(rows)), [_visible(r) for r in rows], **as_it_is)
        axes.set_xticks(np.arange(-0.5, len(columns)), minor=True)
        axes.set_yticks(np.arange(-0.5, len(rows)), minor=True)
        axes.grid(which="minor", color="0.85", linewidth=0.5)
        axes.tick_params(which="both", length=0)
        axes.set_xlabel(labels[0])
        axes.set_ylabel(labels[1])
        axes.set_title(clean(f"{text} → {translation}"), **as_it_is)
        figure.colorbar(image, cax=axes.inset_axes((1.03, 0, 0.04, 1)), label=labels[2])
        _save(figure, path)
    return translation


def _visible(symbol: str) -> str:
    return {" ": "␣", "\n": "↵", "\r": "↵", "\t": "⇥"}.get(symbol) or clean(symbol) or "\ufffd"


def _save(figure: Any, path: str | os.PathLike[str]) -> None:
    suffix, known = Path(path).suffix[1:].lower(), sorted(figure.canvas.get_supported_filetypes())
    if suffix and suffix not in known:
        raise error(
            ValueError,
            "figures",
            got=f"the path {shown(path)}",
            rule=f"it ends in one of {', '.join(known)}",
            cure="write curves.png",
        )
    with io.BytesIO() as content, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # _style has warned, once for all characters
        figure.savefig(content, format=suffix or "png", dpi=150, bbox_inches="tight")
        drawn = content.getvalue()
    write_whole(Path(path if suffix else f"{Path(path)}.png"), lambda beside: beside.write_bytes(drawn))


def _style(texts: str) -> Any:
    """Matplotlib settings for a figure with ``texts`` in it: a second font where they need one."""
    matplotlib = _matplotlib()
    families = list(matplotlib.rcParams["font.family"])
    if any(unicodedata.east_asian_width(c) in "WF" for c in texts):
        found = fonts.chinese()
        if found is None:
            warnings.warn(fonts.missing(), stacklevel=3)
        families += [found] if found else []
    return matplotlib.rc_context({"font.family": families})


def _matplotlib() -> Any:
    try:
        import matplotlib.figure
        import matplotlib.font_manager
    except ImportError:
        raise error(
            ImportError,
            "figures",
            got="no package matplotlib",
            rule="it draws the figures",
            cure='pip install "tinygrad_tf[train]"',
        ) from None
    except OSError:  # no folder for what it keeps
        check_temporary("figures")
        raise
    return matplotlib
