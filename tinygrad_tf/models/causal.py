"""What decoder-only language models share: ids to logits through ``hidden``, the loss, generation, files."""

from __future__ import annotations

import copy
import os
from typing import Any, TypeVar

import numpy as np

from .. import nn
from ..autograd.tensor import Tensor, to_array
from ..errors import error, unwritten
from ..ops.fused import cross_entropy
from .folders import Digests, Folder
from .generation import Generates
from .hub import folder_of
from .placing import CONFIG
from .pretrained import Pretrained
from .settings import SETTINGS, GenerationConfig, as_settings

M = TypeVar("M", bound="CausalLM")
_GENERATION = "generation_config.json"


class CausalLM(Pretrained, Generates):
    """A model that predicts each next token. A subclass has ``hidden`` and the output layer ``lm_head``."""

    lm_head: nn.Module | None

    @property
    def output_layer(self) -> nn.Module | None:
        """What turns a token's vector into logits."""
        return self.lm_head

    def drop_head(self) -> None:
        super().drop_head()
        self.lm_head = None

    def configure(self, config: Any, max_positions: int | None) -> None:
        """Note the configuration, which is the model's own from here on, and what generation takes from it."""
        self.config, self.max_positions = copy.copy(config), max_positions
        self.generation = self._generation_of_config()

    def _generation_of_config(self) -> GenerationConfig:
        """What the model's configuration says of generation."""
        c = self.config
        return GenerationConfig(eos_token_id=c.eos_token_id, pad_token_id=c.pad_token_id, bos_token_id=c.bos_token_id)

    @classmethod
    def from_pretrained(
        cls: type[M], folder: str | os.PathLike[str], generation_config: GenerationConfig | None = None, *,
        sha256: Digests = None,
    ) -> M:  # fmt: skip
        """As :meth:`Pretrained.from_pretrained`, with the settings of generation_config.json if the folder has one.

        A folder without that file may have them in its config.json. In place of both, ``generation_config`` can be
        given. Where the one that is taken says nothing of ``eos_token_id`` and the like, config.json counts. Raises
        ValueError for settings that make no sense, and for those that would change the tokens but are not computed
        here.

        >>> import tempfile
        >>> from tinygrad_tf.models import GPT2, GPT2Config
        >>> folder = tempfile.mkdtemp()
        >>> GPT2(GPT2Config(vocab_size=20, n_positions=16, n_embd=8, n_layer=1, n_head=2)).save_pretrained(folder)
        >>> GPT2.from_pretrained(folder)(np.array([[3, 4, 5]])).shape
        (1, 3, 20)
        """
        files = Folder(folder_of(folder), sha256)  # once: a name on the hub is fetched here
        with files.unchanged():
            model = cls._of_folder(files)
            base = model.generation
            if generation_config is not None:
                model.generation = as_settings("from_pretrained", generation_config).filled(base)
            elif files.has(_GENERATION):
                model.generation = base.with_file(files.json(_GENERATION), files.path / _GENERATION)
            else:
                given = files.json(CONFIG)
                said = {name: value for name, value in given.items() if name in SETTINGS and value is not None}
                model.generation = base.with_file(said, files.path / CONFIG)
            return model

    def _descriptions(self) -> dict[str, Any]:
        """As of :class:`Pretrained`, with generation_config.json for settings that are not the defaults."""
        defaults, of_config = vars(GenerationConfig()), vars(self._generation_of_config())
        own = {
            name: value for name, value in vars(as_settings("save_pretrained", self.generation).but()).items()
            if value != defaults[name] or value != of_config[name]  # None, too, where config.json has an id
        }  # fmt: skip
        return {_GENERATION: own, **super()._descriptions()}

    def hidden(
        self, input_ids: Any, attention_mask: Any = None, position_ids: Any = None, cache: nn.Cache | None = None
    ) -> Tensor:
        """Ids (B, L) → what the output layer reads (B, L, D). A subclass writes it."""
        raise unwritten(self, "hidden(self, input_ids, attention_mask, position_ids, cache)")

    def forward(
        self, input_ids: Any, attention_mask: Any = None, position_ids: Any = None, cache: nn.Cache | None = None,
        logits_to_keep: int = 0,
    ) -> Tensor:  # fmt: skip
        """Ids (B, L) → logits (B, L, V), or those of the last ``logits_to_keep`` positions if that is not 0.

        ``attention_mask`` (B, S) is 0 at padding. With a ``cache`` the ids are the new ones alone, and S counts the
        tokens that it holds, too.
        """
        x = self.hidden(input_ids, attention_mask, position_ids, cache)
        return self.logits(x[:, -logits_to_keep:] if logits_to_keep else x)

    def logits(self, x: Tensor) -> Tensor:
        """What the output layer makes of ``hidden`` (B, L, D). Raises RuntimeError if the model has none."""
        layer = self.output_layer
        if layer is None:
            raise error(
                RuntimeError,
                type(self).__name__,
                got="a call for logits, and no output layer",
                rule=f"the folder that it was read from holds the bare model, {self.base}",
                cure="write model.hidden(ids): the vectors (B, L, D) that an output layer would read",
            )
        return layer(x)

    @nn.scoped
    def loss(self, input_ids: Any, labels: Any = None, attention_mask: Any = None) -> Tensor:
        """The mean of −log p(next token) over all labels (B, L) but the first. Labels of −100 do not count.

        By default the labels are the ids themselves: position i predicts the token i + 1.
        """
        logits = self(input_ids, attention_mask)
        labels = to_array(input_ids if labels is None else labels)[:, 1:]
        return cross_entropy(logits[:, :-1].reshape(-1, logits.shape[-1]), labels.reshape(-1))


def tokens_of(
    input_ids: Any, attention_mask: Any, position_ids: Any, cache: nn.Cache | None, max_positions: int | None
) -> tuple[Tensor, Any, Any]:
    """Ids as a Tensor (B, L), positions (L,) or (B, L), and the mask (B, 1, 1, S), which is None if all is allowed."""
    ids = input_ids if isinstance(input_ids, Tensor) else Tensor.wrap(to_array(input_ids), "ids")
    if ids.ndim != 2:
        raise error(
            ValueError,
            "model",
            got={"input_ids": ids},
            rule="token ids come as (batch, length)",
            cure="for one sequence write ids[None, :]",
        )
    start = 0 if cache is None else cache.length
    length = start + ids.shape[1]
    positions = np.arange(start, length) if position_ids is None else to_array(position_ids)
    if max_positions is not None and positions.size and positions.max() >= max_positions:
        raise error(
            ValueError,
            "model",
            got={"input_ids": ids},
            rule=f"the model has {max_positions} positions; these reach position {int(positions.max())}",
            cure=f"cut the sequence, e.g. input_ids[:, -{max_positions}:]",
        )
    if attention_mask is None:
        return ids, positions, None
    mask = to_array(attention_mask).astype(bool)
    if mask.shape != (ids.shape[0], length):
        raise error(
            ValueError,
            "model",
            got={"input_ids": ids, "attention_mask": mask},
            rule=f"the mask has a row for each sequence and {length} columns, one for each token",
            cure="write attention_mask=ids != pad_id",
        )
    return ids, positions, None if mask.all() else mask[:, None, None, :]
