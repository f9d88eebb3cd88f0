"""One scale a tensor, found by gradient descent, so that the first step of a training lowers the loss the most.

GradInit (Zhu et al., arXiv 2102.08098), on weights some of which are pruned: zeros stay zeros whatever they are
multiplied by.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import torch
from torch import Tensor

Loss: TypeAlias = Callable[[Mapping[str, Tensor], int], Tensor]
"""Of these values in place of a network's own, on the batch of that number; it can be differentiated twice."""

_BETAS: Final = (0.9, 0.999)
_EPS: Final = 1e-8
_LARGEST_NORM: Final = 1.0
_LENGTH: Final = 0.1
_FLOOR: Final = 0.01


def scales(values: Mapping[str, Tensor], loss: Loss, *, steps: int, lr: float) -> dict[str, float]:
    """A factor for each tensor; 1 for one that is all zero. Nothing given is changed.

    Each step looks at the gradient g of two batches. While its norm is above 1, the norm goes down; else what goes down
    is the loss of one of them and a third after a step of .1 g / |g|. Factors are at least .01, those of biases 0.
    """
    moving = {name: value for name, value in values.items() if bool(value.count_nonzero())}
    search = _Search(moving, lr)
    for step in range(steps):
        factors = {name: factor.requires_grad_() for name, factor in search.factors.items()}
        found, of_norm = _objective({name: factors[name] * moving[name] for name in moving}, loss, 2 * step)
        search.move(torch.autograd.grad(found, list(factors.values())), of_norm=of_norm)
    return {name: float(search.factors[name]) if name in moving else 1.0 for name in values}


def _objective(scaled: Mapping[str, Tensor], loss: Loss, batch: int) -> tuple[Tensor, bool]:
    """What is to go down, and whether it is the gradient's norm."""
    first = (loss(scaled, batch) + loss(scaled, batch + 1)) / 2
    gradients = torch.autograd.grad(first, list(scaled.values()), create_graph=True)
    norm = torch.stack([gradient.square().sum() for gradient in gradients]).sum().sqrt()
    if float(norm.detach()) > _LARGEST_NORM:
        return norm, True
    stepped = {
        name: value - _LENGTH * gradient / norm
        for (name, value), gradient in zip(scaled.items(), gradients, strict=True)
    }
    return (loss(stepped, batch + 1) + loss(stepped, batch + 2)) / (2 * _LENGTH), False


class _Search:
    """The factors so far: Adam, with first moments of its own for each of the two aims."""

    def __init__(self, names: Mapping[str, Tensor], lr: float) -> None:
        self.factors = {name: torch.ones((), device=value.device) for name, value in names.items()}
        self._lr = lr
        self._floors = torch.tensor([0.0 if name.endswith("bias") else _FLOOR for name in names])
        self._means = {aim: torch.zeros(len(names)) for aim in (False, True)}
        self._counts = dict.fromkeys(self._means, 0)
        self._squares = torch.zeros(len(names))

    @torch.no_grad()
    def move(self, gradients: tuple[Tensor, ...], *, of_norm: bool) -> None:
        """One step of all factors."""
        slopes = torch.stack([gradient.cpu() for gradient in gradients]).clamp(-1, 1)
        self._counts[of_norm] += 1
        self._means[of_norm].lerp_(slopes, 1 - _BETAS[0])
        self._squares.lerp_(slopes.square(), 1 - _BETAS[1])
        mean = self._means[of_norm] / (1 - _BETAS[0] ** self._counts[of_norm])
        spread = (self._squares / (1 - _BETAS[1] ** sum(self._counts.values()))).sqrt()
        now = torch.stack([factor.detach().cpu() for factor in self.factors.values()])
        moved = torch.maximum(now - self._lr * mean / (spread + _EPS), self._floors)
        for (name, factor), value in zip(list(self.factors.items()), moved, strict=True):
            self.factors[name] = value.to(factor.device)
