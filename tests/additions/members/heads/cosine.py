"""A cosine a class: how nearly the body's vector points where the class's does, however long both are.

What: scale * cos(x, w), of one vector w a class; the scale is trained with the vectors and starts at ``scale``.
When: classes of few samples beside classes of many: a class does not win by its vector's length.
Cost: Inputs times outputs.
Options: ``scale``.
Reference: Gidaris & Komodakis, "Dynamic Few-Shot Visual Learning without Forgetting", CVPR 2018, arXiv 1804.09458.
"""

from typing import ClassVar, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tombola.errors import ModelError
from tombola.models.heads._base import Features, Head
from tombola.registry import Examples
from tombola.spec import option


class Cosines(nn.Module):
    """The layer: ``weight`` (outputs, inputs) and one ``scale``."""

    def __init__(self, weight: Tensor, scale: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)
        self.scale = nn.Parameter(torch.tensor(scale))

    def forward(self, x: Tensor) -> Tensor:
        return self.scale * F.linear(F.normalize(x, dim=-1), F.normalize(self.weight, dim=-1))


@final
class Cosine(Head):
    """A layer of cosines."""

    ARGUMENT: ClassVar[str | None] = "scale"
    EXAMPLES: ClassVar[Examples] = ({}, {"scale": 4.0})

    scale: float = option(10.0, "what cosines are multiplied by before training", gt=0)

    def make(self, features: Features, outputs: int, *, generator: torch.Generator) -> nn.Module:
        if features.pointwise:
            raise ModelError("head=cosine reads one vector a sample, and this body's head stands at every place")
        return Cosines(torch.randn(outputs, features.channels, generator=generator), self.scale)

    def fits(self, layer: nn.Module) -> bool:
        return isinstance(layer, Cosines)

    def outputs(self, layer: nn.Module) -> int:
        assert isinstance(layer, Cosines)
        return len(layer.weight)

    def entered(self, layer: nn.Module) -> Features:
        assert isinstance(layer, Cosines)
        return Features(layer.weight.shape[1])
