"""The next word at every token: the head of causal language models, most often the body's own table of words.

What: A product of each token's vector with a vector a word, (N, L, V), without a bias. Tied, those are the body's
    table, which comes once in files and which no rule may prune; nets whose files hold another matrix bring it along.
When: Causal language models: as they come, to be prompted, or to go on learning.
Cost: The vocabulary times the width at every token asked.
Options: None.
Reference: Press and Wolf, EACL 2017, arXiv 1608.05859; Radford et al. (GPT-2), 2019.
"""

from typing import ClassVar, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tombola.errors import ModelError
from tombola.models.heads._base import Features, Head, Reads


@final
class NextWord(nn.Module):
    """Logits of every word from vectors (..., D): by the body's table, or by a matrix (V, D) of its own."""

    def __init__(self, table: nn.Embedding, own: Tensor | None = None) -> None:
        super().__init__()
        self.weight = None if own is None else nn.Parameter(own)
        self._table = (table,)  # not among its layers: the table is the body's, and a deep copy keeps the two together

    @property
    def matrix(self) -> Tensor:
        """A row a word."""
        return self._table[0].weight if self.weight is None else self.weight

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.matrix)


@final
class Lm(Head):
    """The next word at every token."""

    READS: ClassVar[Reads] = "tokens"

    def make(self, features: Features, outputs: int, *, generator: torch.Generator) -> nn.Module:
        table = features.table
        if table is None or table.embedding_dim != features.channels:
            raise ModelError("head=lm is tied to a table of words as wide as the tokens, and this body has none")
        if outputs != table.num_embeddings:
            raise ModelError(f"head=lm answers with one of the table's {table.num_embeddings} words, not of {outputs}")
        return NextWord(table)

    def fits(self, layer: nn.Module) -> bool:
        return isinstance(layer, NextWord)

    def outputs(self, layer: nn.Module) -> int:
        assert isinstance(layer, NextWord)
        return layer.matrix.shape[0]

    def entered(self, layer: nn.Module) -> Features:
        assert isinstance(layer, NextWord)
        return Features(layer.matrix.shape[1])
