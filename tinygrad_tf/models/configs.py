"""What the configurations of the models share: from the settings of a config.json, and back."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from ..autograd.tensor import Tensor
from ..errors import error
from ..ops.activation import hardswish, leaky_relu, mish, relu, relu6
from ..ops.exponential import sigmoid, tanh
from ..ops.fused import gelu, gelu_tanh, silu

#: Types of models, and how the names of transformers' classes for them begin.
_CLASSES = {"gpt2": "GPT2", "llama": "Llama", "bert": "Bert"}


@dataclasses.dataclass
class Config:
    """The base of the models' configurations, which are dataclasses with transformers' names."""

    model_type: ClassVar[str]
    #: Settings of transformers that change what a model computes, with the only value that is computed here.
    fixed: ClassVar[dict[str, Any]] = {}
    #: Other names of fields, by which transformers knows them, too.
    aliases: ClassVar[dict[str, str]] = {}

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any]) -> Any:
        """Fields by their names; others are passed over, unless they would change what the model computes."""
        given = dict(settings)
        for other, name in cls.aliases.items():
            value = given.pop(other, None)
            if value is not None and given.setdefault(name, value) != value:
                raise error(
                    ValueError,
                    cls.__name__,
                    got={name: given[name], other: value},
                    rule=f"{other} is another name for {name}: there is one value for both",
                    cure=f"take one of them out of config.json; {name} says how large the weights are",
                )
        for name, value in cls.fixed.items():
            if given.get(name) not in (None, value):
                raise error(
                    ValueError,
                    cls.__name__,
                    got=f"{name}={given[name]!r}",
                    rule=f"{name} is {value!r}: nothing else is computed here",
                    cure=f"use a model with {name}={value!r}",
                )
        known = {f.name for f in dataclasses.fields(cls)}
        return cls(**{name: value for name, value in given.items() if name in known})

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


def family(settings: Mapping[str, Any]) -> str | None:
    """The type of model that a config.json names, itself or by transformers' class; None if it names neither.

    >>> family({"architectures": ["BertForMaskedLM"]})
    'bert'
    """
    if settings.get("model_type"):
        return str(settings["model_type"])
    classes = [str(name) for name in settings.get("architectures") or ()]
    for kind, begin in _CLASSES.items():
        if any(re.fullmatch(rf"{begin}(Model|LMHeadModel|DoubleHeadsModel|For\w+)", name) for name in classes):
            return kind
    return classes[0] if classes else None


def quick_gelu(X: Tensor) -> Tensor:
    """X · sigmoid(1.702 · X), which is near GELU."""
    return X * sigmoid(1.702 * X)


#: The functions that transformers' models name. Those of one line differ there in how they are computed.
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    **dict.fromkeys(("gelu", "gelu_python"), gelu),
    **dict.fromkeys(("gelu_new", "gelu_pytorch_tanh", "gelu_python_tanh", "gelu_fast", "gelu_accurate"), gelu_tanh),
    **dict.fromkeys(("silu", "swish"), silu),
    "gelu_10": lambda X: gelu(X).clip(-10, 10),
    "quick_gelu": quick_gelu,
    "relu": relu,
    "relu2": lambda X: relu(X) ** 2,
    "relu6": relu6,
    "leaky_relu": leaky_relu,
    "mish": mish,
    "hardswish": hardswish,
    "tanh": tanh,
    "sigmoid": sigmoid,
    "linear": lambda X: X,
}


def activation(config: Any, field: str) -> Callable[[Tensor], Tensor]:
    """The function that a field of a configuration names. Raises ValueError if there is none."""
    name = getattr(config, field)
    if name not in ACTIVATIONS:
        raise error(
            ValueError,
            type(config).__name__,
            got={field: repr(name)},
            rule=f"it is one of {', '.join(ACTIVATIONS)}",
            cure=f'write {field}="{getattr(type(config), field)}", if the weights were trained with that',
        )
    return ACTIVATIONS[name]
