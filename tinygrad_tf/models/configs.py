"""What the configurations of the models share: from the settings of a config.json, and back."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from ..autograd.tensor import Tensor
from ..errors import error, shown
from ..fields import MAPPING, PROBABILITY, TRUTH, check, number, optional, several, text, whole
from ..ops.activation import hardswish, leaky_relu, mish, relu, relu6
from ..ops.exponential import sigmoid, tanh
from ..ops.fused import gelu, gelu_tanh, silu

#: Types of models, and how the names of transformers' classes for them begin.
_CLASSES = {"gpt2": "GPT2", "llama": "Llama", "bert": "Bert"}

_SIZE, _LENGTH, _ID = whole(1, 10**6, 12), whole(1, 10**9, 1024), whole(-1, 10**9, 2)
#: What each field of a configuration may be.
_FIELDS = {
    **dict.fromkeys(("n_embd", "n_head", "hidden_size", "intermediate_size", "num_attention_heads", "type_vocab_size"),
                    _SIZE),
    **dict.fromkeys(("n_inner", "num_key_value_heads", "head_dim"), optional(_SIZE)),
    **dict.fromkeys(("n_layer", "num_hidden_layers"), whole(0, 10**6, 12)),
    **dict.fromkeys(("vocab_size", "n_positions", "max_position_embeddings"), _LENGTH),
    **dict.fromkeys(("resid_pdrop", "embd_pdrop", "attn_pdrop", "hidden_dropout_prob", "attention_probs_dropout_prob",
                     "attention_dropout"), PROBABILITY),
    **dict.fromkeys(("layer_norm_epsilon", "layer_norm_eps", "rms_norm_eps"), number(0, 1, 1e-5)),
    "initializer_range": number(0, example=0.02),
    **dict.fromkeys(("bos_token_id", "pad_token_id"), optional(_ID)),
    "eos_token_id": optional(several(_ID)),
    **dict.fromkeys(("tie_word_embeddings", "bias", "is_decoder", "attention_bias", "mlp_bias"), TRUTH),
    **dict.fromkeys(("activation_function", "hidden_act"), text("gelu")),
    "rope_parameters": optional(MAPPING),
}  # fmt: skip


@dataclasses.dataclass
class Config:
    """The base of the models' configurations, which are dataclasses with transformers' names.

    Raises ValueError for a field that is not of its type, or out of its range.
    """

    model_type: ClassVar[str]
    #: Settings of transformers that change what a model computes, with the only value that is computed here.
    fixed: ClassVar[dict[str, Any]] = {}
    #: Other names of fields, by which transformers knows them, too.
    aliases: ClassVar[dict[str, str]] = {}
    #: The field that says how many layers there are.
    depth: ClassVar[str] = "num_hidden_layers"

    def __post_init__(self) -> None:
        check(type(self).__name__, vars(self), _FIELDS)

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
                    got=f"{name}={shown(given[name])}",
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
    kinds = {"model_type": optional(text("gpt2")), "architectures": optional(several(text("GPT2LMHeadModel")))}
    check("config.json", {name: value or None for name, value in settings.items() if name in kinds}, kinds)
    if settings.get("model_type"):
        return str(settings["model_type"])
    classes = list(settings.get("architectures") or ())
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
            got=f"{field} {shown(name)}",
            rule=f"it is one of {', '.join(ACTIVATIONS)}",
            cure=f'write {field}="{getattr(type(config), field)}", if the weights were trained with that',
        )
    return ACTIVATIONS[name]
