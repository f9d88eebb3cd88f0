"""What activations compute, in torch."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from tombola.graphs.ops import Activation

ACTIVATIONS: dict[Activation, Callable[[Tensor], Tensor]] = {
    "relu": F.relu,
    "relu6": F.relu6,
    "silu": F.silu,
    "hardswish": F.hardswish,
    "hardsigmoid": F.hardsigmoid,
    "sigmoid": torch.sigmoid,
    "gelu": F.gelu,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "tanh": torch.tanh,
}


def activated(x: Tensor, kind: Activation | None) -> Tensor:
    """``x`` after an activation, or as it is."""
    return x if kind is None else ACTIVATIONS[kind](x)
