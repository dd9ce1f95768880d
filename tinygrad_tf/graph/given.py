"""What is drawn and explained is looked at first: a loss, and a Tensor that its gradient reaches."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from typing import Any

from ..autograd.tensor import Tensor
from ..errors import error, shown
from ..fields import is_whole
from ..wording.languages import LANGUAGES, chosen
from .capture import Graph


def checked_losses(op: str, loss: Any) -> Any:
    """``loss`` if it is a Tensor, or a list or a dict of Tensors with one entry each.

    Raises TypeError for a Module, None and whatever else has no graph, ValueError for losses of more entries, and for
    none at all.
    """
    if not isinstance(loss, (list, tuple, dict)):
        _check_loss(op, "loss", loss)
        return loss
    named = loss if isinstance(loss, dict) else {f"losses[{i}]": t for i, t in enumerate(loss)}
    for name, t in named.items():
        _check_loss(op, name, t)
    if not named or (len(named) > 1 and any(t.size != 1 for t in named.values())):
        raise error(
            ValueError,
            op,
            got=named or {"loss": repr(loss)},
            rule="of several losses each is one number, for it is their sum whose gradient flows",
            cure="reduce each first, e.g. with .sum() or .mean()" if named else f"give at least one: {op}([loss])",
        )
    return loss


def _check_loss(op: str, name: str, loss: Any) -> None:
    if isinstance(loss, Tensor):
        return
    if callable(getattr(loss, "named_parameters", None)):
        cure = f"call it first, and make one number of what it returns: {op}(model(x).sum())"
    elif loss is None:
        cure = "return the loss from where it is computed; a function without a return gives None"
    else:
        cure = "compute it with Tensors, of which at least one requires a gradient"
    raise error(
        TypeError,
        op,
        got={name: _kind(loss)},
        rule="the graph is that of a Tensor, the loss, which holds what it was made of; or of a list or dict of losses",
        cure=cure,
    )


def checked_end(op: str, graph: Graph, end: Any, name: str = "path_to") -> Tensor:
    """``end`` if it is a Tensor. Raises TypeError otherwise; of a name it says which Tensors are called so."""
    if isinstance(end, Tensor):
        return end
    got: Any = _kind(end)
    cure = "give the Tensor itself, as model.layer.weight"
    if isinstance(end, str):
        got = repr(end)
        found = [node for node in graph.nodes if node.name == end or (node.name or "").endswith(f".{end}")]
        if found:
            cure = f"give the Tensor itself: {', '.join([f'{node.name} {node.shape}' for node in found[:4]])}"
            cure = f"{cure} and {len(found) - 4} more are called so" if len(found) > 4 else cure
        else:
            names = dict.fromkeys(node.name for node in graph.nodes if node.name)
            near = difflib.get_close_matches(end, names, 3, 0.4) or list(names)[:3]
            cure = "give the Tensor itself; none here is called so"
            cure = f"give the Tensor itself; none here is called so, but {', '.join(near)}" if near else cure
    elif callable(getattr(end, "named_parameters", None)):
        cure = "give one of its parameters, as model.layer.weight"
    elif isinstance(end, (list, tuple)):
        cure = "give one Tensor; a picture or a page shows the way to each by itself"
    raise error(TypeError, op, got={name: got}, rule="the way leads to one Tensor of the graph", cure=cure)


def checked_whole(op: str, name: str, n: Any) -> None:
    """Raises TypeError or ValueError for what is no whole number from 0 on."""
    if not is_whole(n) or n < 0:
        raise error(
            ValueError if is_whole(n) else TypeError,
            op,
            got={name: n},
            rule=f"{name} is a whole number, 0 or more",
            cure=f"write {name}={abs(int(n)) if isinstance(n, (int, float)) and 0 < abs(n) < math.inf else 1}",
        )


def checked_about(op: str, about: Any) -> dict[str, str] | None:
    """The sentences that are not empty, by language. Raises TypeError for what is no text, and other languages."""
    said = {"en": about or ""} if about is None or isinstance(about, str) else about
    if not isinstance(said, Mapping) or any(k not in LANGUAGES or not isinstance(v, str) for k, v in said.items()):
        raise error(
            TypeError,
            op,
            got=f"about {shown(about)}",
            rule="about is a sentence, or one for each language",
            cure='write about={"en": "…", "zh": "…"}',
        )
    return {lang: text for lang, text in said.items() if text} or None


def _kind(x: Any) -> str:
    if x is None:
        return "None"
    of = f" of {len(x)}" if isinstance(x, (list, tuple)) else ""
    name = type(x).__name__
    return f"{'an' if name[0] in 'aeioAEIO' or name == 'ndarray' else 'a'} {name}{of}"


def checked_language(op: str, lang: str | None, both: bool = False) -> str:
    """The language that was given, which may be "both" where that is meant, or the one that is chosen."""
    if lang is not None and lang not in (*LANGUAGES, *["both"] * both):
        rule = 'lang is one of "en", "zh", "both"' if both else 'lang is "en" or "zh"'
        raise error(ValueError, op, got={"lang": repr(lang)}, rule=rule, cure='write lang="zh" for Chinese')
    return lang or chosen()
