"""A word at every token: the head of masked language models, its decoder tied to the body's embeddings.

What: Linear layer, GELU, layer norm, and the table of words itself as the last layer with a bias of its own, (N, L, V).
    The table stays the body's: it comes once in files, and no rule may prune it.
When: Masked language modelling as a task; kept where one level of IMP follows another (``head=kept``).
Cost: The tokens' width squared in weights; a product with the whole vocabulary at every token.
Options: None.
Reference: Devlin et al. (BERT), NAACL 2019, arXiv 1810.04805, section 3.1.
"""

from typing import ClassVar, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tombola.errors import ModelError
from tombola.models.heads._base import Features, Head, Reads
from tombola.models.heads._drawing import uniform


@final
class TiedDecoder(nn.Module):
    """Logits of every word from vectors (..., D)."""

    def __init__(self, dense: nn.Module, table: nn.Embedding) -> None:
        super().__init__()
        self.dense = dense
        self.norm = nn.LayerNorm(table.embedding_dim)
        self.bias = nn.Parameter(torch.zeros(table.num_embeddings))
        self._table = (table,)  # not among its layers: the table is the body's, and a deep copy keeps the two together

    @property
    def words(self) -> int:
        """How many there are."""
        return len(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(self.norm(F.gelu(self.dense(x))), self._table[0].weight, self.bias)


@final
class Mlm(Head):
    """A word at every token."""

    READS: ClassVar[Reads] = "tokens"

    def make(self, features: Features, outputs: int, *, generator: torch.Generator) -> nn.Module:
        table = features.table
        if table is None:
            raise ModelError("head=mlm is tied to a table of words, and this body has none; take an encoder of texts")
        if outputs != table.num_embeddings:
            raise ModelError(f"head=mlm answers with one of the table's {table.num_embeddings} words, not of {outputs}")
        with torch.device("meta"):
            dense = nn.Linear(features.channels, table.embedding_dim)
        return TiedDecoder(uniform(dense, features.channels, generator), table)

    def words_of(self, table: nn.Embedding | None) -> int | None:
        return None if table is None else table.num_embeddings

    def fits(self, layer: nn.Module) -> bool:
        return isinstance(layer, TiedDecoder)

    def outputs(self, layer: nn.Module) -> int:
        assert isinstance(layer, TiedDecoder)
        return layer.words

    def entered(self, layer: nn.Module) -> Features:
        assert isinstance(layer, TiedDecoder)
        return Features(next(layer.dense.parameters()).shape[1])
