"""Pixels: images in [0, 1], each channel shifted and scaled to what the body was trained on.

What: (x - mean) / std, a number of each a channel, kept as buffers.
When: Every network of images; models by name bring the numbers they were trained with.
Cost: None to speak of; exporters fold it into the first convolution.
Options: ``mean`` and ``std``, one number a channel.
Reference: Methods as usual.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self, final

import torch
from pydantic import model_validator
from torch import Tensor, nn

from tombola.errors import ModelError
from tombola.models.inputs._base import Input, InputLayer
from tombola.registry import Examples
from tombola.spec import Json, option


@final
class Normalise(InputLayer):
    """The first layer of a network of images: [0, 1] to what the body was trained on. Mean and std are buffers."""

    bounds: ClassVar[tuple[float, float]] = (0.0, 1.0)
    mean: Tensor
    std: Tensor

    def __init__(self, mean: Sequence[float] = (0.0,) * 3, std: Sequence[float] = (1.0,) * 3) -> None:
        super().__init__()
        if len(mean) != len(std) or min(std, default=0) <= 0:
            raise ModelError(f"mean={mean} std={std}: give one mean and one positive std for each channel")
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(std, dtype=torch.float32).view(1, -1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """The images (N, C, H, W), shifted and scaled."""
        return (x - self.mean) / self.std

    def run(self, body: nn.Module, x: Tensor, more: Mapping[str, Tensor]) -> Any:
        given: object = x  # attacks trace it with stand-ins, of which no branch may be asked
        if isinstance(given, Tensor) and given.dtype == torch.int64:
            raise ModelError(
                f"a batch of shape {tuple(x.shape)} in int64 is no image; a network of texts has another first layer:"
                " Network(body, Words(), ...) of tombola.models.inputs.tokens, or hf:FOLDER by name"
            )
        return body(self(x), **more)

    def described(self) -> dict[str, Json]:
        mean, std = (part.flatten().tolist() for part in (self.mean, self.std))
        return {"mean": mean, "std": std}

    def continuous(self, body: nn.Module, x: Tensor) -> Tensor:
        """The images themselves."""
        return x


@final
class Pixels(Input):
    """Images in [0, 1]."""

    EXAMPLES: ClassVar[Examples] = ({}, {"mean": (0.5, 0.4, 0.3), "std": (0.2, 0.3, 0.4)})

    mean: tuple[float, ...] = option((0.0, 0.0, 0.0), "of each channel, images being in [0, 1]", min_length=1)
    std: tuple[float, ...] = option((1.0, 1.0, 1.0), "standard deviation of each channel", min_length=1)

    @model_validator(mode="after")
    def _one_a_channel(self) -> Self:
        if len(self.mean) != len(self.std) or min(self.std) <= 0:
            raise ValueError("give one mean and one positive std for each channel")
        return self

    def layer(self, body: nn.Module, *, generator: torch.Generator) -> InputLayer:
        return Normalise(self.mean, self.std)
