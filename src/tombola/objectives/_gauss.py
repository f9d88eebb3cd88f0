"""Gaussian numbers laid out like the images they are added to."""

import torch
from torch import Tensor


def gaussian(x: Tensor, generator: torch.Generator) -> Tensor:
    """Standard normal numbers of x's shape, dtype, device and memory format, drawn where the generator lives."""
    drawn = torch.randn(x.shape, generator=generator, device=generator.device, dtype=torch.float32)
    return torch.empty_like(x).copy_(drawn)
