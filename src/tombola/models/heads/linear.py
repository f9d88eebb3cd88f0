"""One linear layer: a number a class from the body's vector, or a 1x1 convolution where that stands at every place.

What: W x + b, uniform within 1/sqrt(inputs) at first, as torch's own default.
When: Classification and regression; what every classifier of the zoos ends in.
Cost: Inputs times outputs.
Options: None.
Reference: Methods as usual.
"""

from typing import final

import torch
from torch import nn

from tombola.models.heads._base import Features, Head
from tombola.models.heads._drawing import uniform


@final
class Linear(Head):
    """A linear layer."""

    def make(self, features: Features, outputs: int, *, generator: torch.Generator) -> nn.Module:
        with torch.device("meta"):  # no values yet, so nothing is drawn from the global generator
            layer: nn.Module = (
                nn.Conv2d(features.channels, outputs, 1)
                if features.pointwise
                else nn.Linear(features.channels, outputs)
            )
        return uniform(layer, features.channels, generator)

    def fits(self, layer: nn.Module) -> bool:
        return isinstance(layer, nn.Linear) or (isinstance(layer, nn.Conv2d) and layer.kernel_size == (1, 1))

    def outputs(self, layer: nn.Module) -> int:
        return layer.out_features if isinstance(layer, nn.Linear) else next(layer.parameters()).shape[0]

    def entered(self, layer: nn.Module) -> Features:
        weight = next(layer.parameters())
        return Features(weight.shape[1], pointwise=isinstance(layer, nn.Conv2d))
