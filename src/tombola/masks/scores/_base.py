"""The contract of a score: what each weight is worth, and what a score may ask of the network around the weights."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal, Protocol, TypeAlias

import torch
from torch import Tensor

from tombola.registry import Family, Member

Needs: TypeAlias = Literal["seed", "data", "image"]


class Probe(Protocol):
    """Answers questions about the network the weights belong to, which is never changed. Same question, same answer."""

    def losses(
        self, weights: Mapping[str, Tensor], *, batch: int, batches: int, temperature: float = 1.0
    ) -> Iterator[Tensor]:
        """The mean loss of one training batch after another with these weights in place, differentiable in them twice.

        Every call begins with the same batch. The network is in eval mode and unmasked but for ``weights``. The
        outputs are divided by ``temperature`` first. Each loss is computed when it is asked for, from the weights as
        they are then, so a score may move its own tensors between two of them.
        """

    def entering(self, weights: Mapping[str, Tensor], *, batch: int, batches: int) -> dict[str, Tensor]:
        """The squared norm of what each weight is multiplied by, over training images: of every weight's shape.

        In float64, with these weights in place, over all images and all places where the weight is used; the network
        is as for `losses`. Known of linear layers and convolutions.
        """

    def flow(self, weights: Mapping[str, Tensor]) -> Tensor:
        """The summed outputs for an image of ones, in float64, every other parameter and buffer by its magnitude.

        Differentiable in ``weights``, which are taken as they are given.
        """

    def generator(self, *purpose: str | int) -> torch.Generator:
        """A fresh generator on the CPU for a purpose."""


class Score(Member):
    """One number a weight, higher meaning more worth keeping. Nothing given is changed."""

    family: ClassVar[Family] = Family("scores", "tombola.masks.scores")

    NEEDS: ClassVar[frozenset[Needs]] = frozenset()
    """``data``: a task's training images (and so a seed too); ``seed``: it is random; ``image``: only their size."""

    @property
    def num_rounds(self) -> int:
        """In how many rounds it prunes, scoring anew what is left after each."""
        return 1

    def passes(self) -> float | None:
        """What one round costs, in forward passes of one image; None where a score that looks at images is silent."""
        return None if self.NEEDS & {"data", "image"} else 0.0

    @abstractmethod
    def scores(self, weights: Mapping[str, Tensor], probe: Probe) -> dict[str, Tensor]:
        """A tensor of its shape for every weight: any finite numbers, compared over all tensors by the budget."""


def leaves(weights: Mapping[str, Tensor], dtype: torch.dtype | None = None) -> dict[str, Tensor]:
    """Copies that gradients are taken in; the weights given stay as they are."""
    return {
        name: weight.detach().clone().to(dtype or weight.dtype).requires_grad_() for name, weight in weights.items()
    }


def mean_gradients(own: Mapping[str, Tensor], probe: Probe, *, batch: int, batches: int) -> dict[str, Tensor]:
    """The mean gradient of the task's loss in each of these `leaves`, over so many training batches."""
    means = {name: torch.zeros_like(weight) for name, weight in own.items()}
    for loss in probe.losses(own, batch=batch, batches=batches):
        for mean, gradient in zip(means.values(), gradients(loss, own), strict=True):
            mean += gradient / batches
    return means


def gradients(value: Tensor, weights: Mapping[str, Tensor], *, create_graph: bool = False) -> list[Tensor]:
    """The derivatives of a number in each weight, zeros where it does not depend on one."""
    return list(torch.autograd.grad(value, list(weights.values()), create_graph=create_graph, materialize_grads=True))
