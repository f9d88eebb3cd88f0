"""What a language model says of fixed texts under one prompt after another: the logits of the classes' words."""

import inspect
from typing import Any, Final, Protocol, final

import torch
from torch import Tensor

from tombola.batch import Batch
from tombola.models.encoders import EncoderBody
from tombola.models.heads.lm import NextWord
from tombola.models.inputs.template import Templated
from tombola.models.network import Network
from tombola.transfers.prompt.form import Form, Ids

_BATCH: Final = 64
_MOST: Final = 256
"""Of how many texts keys and values are kept: about 3 MB each of a net of 135 million weights."""


class Reader(Protocol):
    """Fixed texts before a network."""

    def logits(self, prompt: Ids) -> Tensor:
        """Of each class's word behind each text and the prompt, (N, C) in float32 on the CPU."""


@final
class Whole:
    """Reads every text again for each prompt: any net can."""

    def __init__(self, network: Network, texts: Batch, form: Form, words: Ids) -> None:
        self._network, self._texts, self._form, self._words = network, texts, form, words

    @torch.no_grad()
    def logits(self, prompt: Ids) -> Tensor:
        layer, body = Templated(self._form.template(prompt, self._words)), self._network.body
        starts = range(0, len(self._texts), _BATCH)
        parts = [self._texts.part(slice(start, start + _BATCH)) for start in starts]
        return torch.cat([layer.run(body, part.x, part.more).float().cpu() for part in parts])


@final
class Remembering:
    """Reads every text once and keeps what attention needs of it, so that a prompt costs its own tokens alone.

    Of causal models: what stands behind a token does not change what attention sees at it.
    """

    def __init__(self, network: Network, texts: Batch, form: Form, words: Ids) -> None:
        body, head = network.body, network.head
        assert isinstance(body, EncoderBody)
        assert isinstance(head, NextWord)
        self._inner, self._rows = body.inner, head.matrix[list(words)]
        takes = inspect.signature(type(body.inner).forward).parameters
        self._called = "cache" if "cache" in takes else "past_key_values"  # as transformers before 5.24 has it
        self._lengths = (texts.more["attention_mask"].sum(1) - form.ends).clamp_min(1)
        x = texts.x[:, : int(self._lengths.max())]
        self._mask = (torch.arange(x.shape[1], device=x.device)[None] < self._lengths[:, None]).long()
        self._kept, self._last = self._read(x)

    @torch.no_grad()
    def logits(self, prompt: Ids) -> Tensor:
        if not prompt:
            return (self._last @ self._rows.T).float().cpu()
        some, count = len(self._mask), len(prompt)
        ids = torch.tensor(prompt, device=self._mask.device).expand(some, -1)
        found: Any = self._inner(
            input_ids=ids,
            attention_mask=torch.cat([self._mask, self._mask.new_ones(some, count)], 1),
            position_ids=self._lengths[:, None] + torch.arange(count, device=self._mask.device),
            use_cache=True,
            **{self._called: _cache(self._kept)},
        )
        last: Tensor = found.last_hidden_state[:, -1]
        return (last @ self._rows.T).float().cpu()

    @torch.no_grad()
    def _read(self, x: Tensor) -> tuple[list[tuple[Tensor, Tensor]], Tensor]:
        """Keys and values of each layer, and each text's last token's vector."""
        cache = _cache([])
        found: Any = self._inner(input_ids=x, attention_mask=self._mask, use_cache=True, **{self._called: cache})
        kept = [(layer.keys, layer.values) for layer in cache.layers]
        last = found.last_hidden_state[torch.arange(len(x)), self._lengths - 1]
        return kept, last


def reader_of(network: Network, texts: Batch, form: Form, words: Ids) -> Reader:
    """The cheapest reader that the network allows."""
    causal = isinstance(network.body, EncoderBody) and network.body.causal
    few = len(texts) <= _MOST and set(texts.more) == {"attention_mask"}
    if causal and few and isinstance(network.head, NextWord):
        return Remembering(network, texts, form, words)
    return Whole(network, texts, form, words)


def _cache(kept: list[tuple[Tensor, Tensor]]) -> Any:
    """A cache that begins with these; they stay as they are, since it grows by joining."""
    from transformers import DynamicCache

    found = DynamicCache()
    for number, (keys, values) in enumerate(kept):
        found.update(keys, values, number)
    return found
