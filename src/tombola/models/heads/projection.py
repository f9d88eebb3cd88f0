"""Two linear layers with a ReLU between: vectors to compare, as contrastive pretraining does.

What: W2 relu(W1 x + b1) + b2, as wide between as the body's vector, or ``hidden``.
When: Self-supervision on two views (SimCLR, MoCo v2); a transfer puts a linear head in its place.
Cost: Inputs squared, and inputs times outputs.
Options: ``hidden``.
Reference: Chen et al. (SimCLR), ICML 2020, arXiv 2002.05709.
"""

from typing import ClassVar, final

import torch
from torch import nn

from tombola.errors import ModelError
from tombola.models.heads._base import Features, Head
from tombola.models.heads._drawing import uniform
from tombola.registry import Examples
from tombola.spec import option


@final
class Projection(Head):
    """An MLP of two layers."""

    ARGUMENT: ClassVar[str | None] = "hidden"
    EXAMPLES: ClassVar[Examples] = ({}, {"hidden": 5})

    hidden: int | None = option(None, "numbers between the layers; empty: as many as enter", ge=1, le=1 << 20)

    def make(self, features: Features, outputs: int, *, generator: torch.Generator) -> nn.Module:
        if features.pointwise:
            raise ModelError("head=projection reads one vector a sample, and this body's head stands at every place")
        inputs, hidden = features.channels, self.hidden or features.channels
        with torch.device("meta"):
            first, second = nn.Linear(inputs, hidden), nn.Linear(hidden, outputs)
        return nn.Sequential(uniform(first, inputs, generator), nn.ReLU(), uniform(second, hidden, generator))

    def fits(self, layer: nn.Module) -> bool:
        return isinstance(layer, nn.Sequential) and len(layer) > 0 and isinstance(layer[-1], nn.Linear)

    def outputs(self, layer: nn.Module) -> int:
        assert isinstance(layer, nn.Sequential)
        return int(next(layer[-1].parameters()).shape[0])

    def entered(self, layer: nn.Module) -> Features:
        return Features(next(layer.parameters()).shape[1])
