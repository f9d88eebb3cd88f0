"""Prompt: vectors that stand before a text and may be trained where nothing else is.

What: ``tokens`` vectors of the words' size are put among the embeddings, behind the first ``after`` tokens ([CLS] stays
    the first, since nets read their answer there). Masks and segments beside the text are lengthened as the token
    before the prompt has them. Vectors begin as the embeddings of ``ids``, or of words drawn from the table.
When: A frozen encoder is to be adapted by its input alone, or told what to do by given words. For nets with one answer
    a text: a head that answers at every token would answer at the prompt too.
Cost: ``tokens`` more positions a text.
Options: ``tokens``, ``ids``, ``after``.
Reference: Lester et al., EMNLP 2021, arXiv 2104.08691; behind [CLS] as in Liu et al. (P-tuning v2), arXiv 2110.07602.
"""

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, final

import torch
from torch import Tensor, nn

from tombola.errors import ModelError
from tombola.models.embeddings import answering, table_of
from tombola.models.inputs._base import Input, InputLayer
from tombola.models.inputs.tokens import require_texts
from tombola.registry import Examples
from tombola.spec import Json, option


@final
class Prompted(InputLayer):
    """The first layer of a network of texts with a prompt: ``vectors`` (k, D) behind the first ``after`` tokens."""

    bounds: ClassVar[tuple[float, float]] = (-math.inf, math.inf)
    READS: ClassVar[Literal["images", "texts"]] = "texts"

    def __init__(self, vectors: Tensor, after: int) -> None:
        super().__init__()
        self.vectors = nn.Parameter(vectors)
        self.after = after

    def run(self, body: nn.Module, x: Tensor, more: Mapping[str, Tensor]) -> Any:
        require_texts(body, x)
        table = table_of(body)
        text = x if x.is_floating_point() else table(x)
        whole = self._inserted(text, self.vectors.to(text.dtype).expand(x.shape[0], -1, -1))
        ids = self._lengthened(x.new_zeros(x.shape[:2], dtype=torch.long) if x.is_floating_point() else x)
        with answering(table, lambda _own: whole):
            return body(ids, **{name: self._lengthened(value) for name, value in more.items()})

    @property
    def inserted(self) -> int:
        return len(self.vectors)

    def described(self) -> dict[str, Json]:
        return {"input": {"name": "prompt", "tokens": len(self.vectors), "after": self.after}}

    def continuous(self, body: nn.Module, x: Tensor) -> Tensor:
        """The embeddings (N, L, D) of the text without the prompt."""
        found: Tensor = x if x.is_floating_point() else table_of(body)(x)
        return found

    def _lengthened(self, beside: Tensor) -> Tensor:
        """(N, L) as (N, L + k): what stands at the token before the prompt stands at the prompt too."""
        at = max(self.after - 1, 0)
        return self._inserted(beside, beside[:, at : at + 1].expand(-1, len(self.vectors)))

    def _inserted(self, text: Tensor, prompt: Tensor) -> Tensor:
        return torch.cat([text[:, : self.after], prompt, text[:, self.after :]], dim=1)


@final
class Prompt(Input):
    """Token ids with a prompt among them."""

    ARGUMENT: ClassVar[str | None] = "tokens"
    EXAMPLES: ClassVar[Examples] = ({"tokens": 2}, {"ids": (3, 1, 2), "after": 0})

    tokens: int = option(8, "how many vectors; with ids as many as these", ge=1, le=4096)
    ids: tuple[int, ...] = option((), "token ids whose embeddings the vectors begin as; empty: drawn from the table")
    after: int = option(1, "how many tokens of the text stay before the prompt", ge=0)

    def layer(self, body: nn.Module, *, generator: torch.Generator) -> InputLayer:
        table = table_of(body)
        rows = torch.tensor(self.ids) if self.ids else _drawn(self.tokens, table, generator)
        if int(rows.min()) < 0 or int(rows.max()) >= table.num_embeddings:
            raise ModelError(f"prompt ids={list(self.ids)}: the table has the ids 0 to {table.num_embeddings - 1}")
        return Prompted(table.weight.detach()[rows.to(table.weight.device)].clone(), self.after)


def _drawn(tokens: int, table: nn.Embedding, generator: torch.Generator) -> Tensor:
    return torch.randint(table.num_embeddings, (tokens,), generator=generator, device=generator.device)
