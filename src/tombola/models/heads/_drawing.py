"""Initial values from a generator of ours: of single layers, and of what other libraries fill from torch's own."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


@torch.no_grad()
def uniform(layer: nn.Module, inputs: int, generator: torch.Generator) -> nn.Module:
    """The layer, made on the meta device, on the CPU with values within 1/sqrt(inputs), as torch's own default."""
    layer = layer.to_empty(device="cpu")
    for tensor in layer.parameters():
        tensor.uniform_(-(inputs**-0.5), inputs**-0.5, generator=generator)
    return layer


@contextmanager
def drawing_from(generator: torch.Generator) -> Iterator[None]:
    """Inside, the CPU's global generator goes on where ``generator`` stands; afterwards each has its own place."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.set_state(generator.get_state())
        yield
        drawn = torch.default_generator.get_state()
    generator.set_state(drawn)
