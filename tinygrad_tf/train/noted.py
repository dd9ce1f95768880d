"""What a Trainer notes in its checkpoints, read and checked: the model, the vocabulary, the history."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict
from typing import Any

from ..errors import error, shown
from ..fields import MAPPING, Kind, check, is_finite
from ..models import Transformer, TransformerConfig
from ..optim.groups import plain
from ..tasks import Task, Vocabulary
from .saving import Checkpoint, no_notes
from .settings import TrainConfig


def _is_number(value: Any) -> bool:
    return isinstance(value, float) or is_finite(value)  # a loss may have been NaN


_NUMBERS = Kind(lambda x: isinstance(x, list) and all(map(_is_number, x)), "a list of numbers", "[]")
_SCORES = Kind(
    lambda x: MAPPING.holds(x) and all(re.fullmatch("[0-9]{1,15}", step) and _is_number(x[step]) for step in x),
    "a dict from steps to scores",
    "{}",
)
_TEXTS = Kind(lambda x: isinstance(x, (str, list)), "a text, or a list of characters", "'abc'")


def identity(task: Task, model: Transformer, config: TrainConfig) -> dict[str, Any]:
    """What must not change between two parts of one training."""
    held_out = hashlib.sha256(repr(sorted(map(str, task.held_out))).encode()).hexdigest()  # equal names are not enough
    frozen = [name for name, p in model.named_parameters() if not p.requires_grad]
    types = sorted({str(p.dtype) for p in model.parameters()})
    letters: Any = task.vocabulary.characters
    if json.loads(json.dumps(letters)) != letters:  # JSON takes two halves of a letter, side by side, for the letter
        letters = [*letters]
    return as_noted({"task": task.name, "vocabulary": letters, "held_out": held_out, "types": types,
                     "frozen": frozen, "class": type(model).__name__, "model": asdict(model.config),
                     "training": asdict(config)})  # fmt: skip


def check_same(noted: dict[str, Any], identity: dict[str, Any]) -> None:
    """Raise ValueError if a checkpoint is that of another training."""
    for what, ours in identity.items():
        older = what in ("held_out", "types", "frozen", "class") and what not in noted
        if noted.get(what) != ours and not older:
            raise error(
                ValueError,
                "Trainer.resume",
                got=f"a checkpoint whose {what} is {noted.get(what)!r}",
                rule=f"this training's {what} is {ours!r}",
                cure="resume with the settings of the first run, or begin anew without resuming",
            )


def as_noted(settings: dict[str, Any]) -> Any:
    """Settings as a checkpoint gives them back: numbers of NumPy and Tensors are Python's."""
    try:
        return json.loads(json.dumps(settings, default=plain))
    except (TypeError, ValueError) as problem:
        raise no_notes(f"settings that JSON cannot hold (Python: {problem})") from None


def described(saved: Checkpoint) -> tuple[TransformerConfig, Vocabulary]:
    """The model's configuration and the vocabulary; the largest shapes are compared before memory is taken."""
    check("load_model", saved.notes, {"model": MAPPING, "vocabulary": _TEXTS}, "notes.")
    kind = saved.notes.get("class", Transformer.__name__)  # older files have none
    if kind != Transformer.__name__:
        raise error(
            ValueError,
            "load_model",
            got=f"a model of class {shown(kind)}",
            rule="it builds a Transformer, and another class may compute something else with the same parameters",
            cure="build the model yourself and write load_checkpoint(path).restore(model)",
        )
    config = TransformerConfig.from_dict(saved.notes["model"])
    vocabulary = Vocabulary(saved.notes["vocabulary"])
    if len(vocabulary) != config.vocab_size:
        raise error(
            ValueError,
            "load_model",
            got=f"a vocabulary of {len(vocabulary)} tokens and a model for {config.vocab_size}",
            rule="the model has an embedding for each token",
            cure="use an older copy, or train again",
        )
    shapes = [array.shape for array in saved.model.values()]
    for needed in ((config.vocab_size, config.d_model), (config.d_ff, config.d_model)):
        if shapes.count(needed) < (1 if needed[0] == config.vocab_size else 2 * config.n_layers):
            raise error(
                RuntimeError,
                "load_model",
                got=f"{config.n_layers} layers, and {shapes.count(needed)} parameters of the shape {needed}",
                rule="the file holds the embedding and all layers of the model that it notes",
                cure="use an older copy, or train again",
            )
    return config, vocabulary


def history_of(saved: Checkpoint) -> tuple[list[float], dict[int, float]]:
    """The loss of each step, and the scores by step."""
    check("Trainer.resume", {"history": None, **saved.notes}, {"history": MAPPING}, "notes.")
    history = {"loss": None, "accuracy": None, **saved.notes["history"]}
    check("Trainer.resume", history, {"loss": _NUMBERS, "accuracy": _SCORES}, "notes.history.")
    return history["loss"], {int(step): score for step, score in history["accuracy"].items()}  # JSON: text keys
