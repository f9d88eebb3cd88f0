"""The state of a model while an attack works on it, and its exact return."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, TypeAlias

import torch
from torch import nn

BatchNormMode: TypeAlias = Literal["eval", "train"]


@contextmanager
def crafting(model: nn.Module, bn: BatchNormMode) -> Iterator[None]:
    """Gradients are on and reach the images only; every mode and requires_grad comes back, also after an error.

    ``bn="eval"`` puts all layers in eval mode: batch norm uses its running statistics and keeps them. ``bn="train"``
    leaves the model in the mode it is in, so one in training uses batch statistics and moves its running ones at
    every step (Double-Win's way), while one in eval mode stays there. No ``.grad`` is read or written.
    """
    modes = [(module, module.training) for module in model.modules()]
    wanted = [(parameter, parameter.requires_grad) for parameter in model.parameters()]
    try:
        for parameter, _ in wanted:
            parameter.requires_grad = False
        if bn == "eval":
            for module, training in modes:
                if training:
                    module.training = False
        with torch.enable_grad():
            yield
    finally:
        for module, training in modes:
            if module.training != training:
                module.training = training
        for parameter, requires_grad in wanted:
            parameter.requires_grad = requires_grad
