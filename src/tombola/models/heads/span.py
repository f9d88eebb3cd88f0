"""Two numbers a token: where in a text the answer begins, and where it ends.

What: One linear layer at every token, (N, L, 2).
When: Question answering over a passage, as SQuAD.
Cost: Twice the tokens' width.
Options: None.
Reference: Devlin et al. (BERT), NAACL 2019, arXiv 1810.04805, section 4.2.
"""

from typing import ClassVar, final

import torch
from torch import nn

from tombola.errors import ModelError
from tombola.models.heads._base import Features, Head, Reads
from tombola.models.heads._drawing import uniform


@final
class Span(Head):
    """Begin and end of a passage."""

    READS: ClassVar[Reads] = "tokens"
    ONLY: ClassVar[int | None] = 2

    def make(self, features: Features, outputs: int, *, generator: torch.Generator) -> nn.Module:
        if outputs != self.ONLY:
            raise ModelError(f"head=span gives 2 numbers a token, its begin and its end, and {outputs} are asked for")
        with torch.device("meta"):
            layer = nn.Linear(features.channels, outputs)
        return uniform(layer, features.channels, generator)

    def fits(self, layer: nn.Module) -> bool:
        return isinstance(layer, nn.Linear) and layer.out_features == self.ONLY

    def outputs(self, layer: nn.Module) -> int:
        return 2

    def entered(self, layer: nn.Module) -> Features:
        return Features(next(layer.parameters()).shape[1])
