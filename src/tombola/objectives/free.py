"""Free adversarial training: each batch several times in a row, one backward for the weights and for the images.

What: A step trains on clamp(x + d, 0, 1); its backward also gives d's gradient, and d goes eps up the sign of it and is
    cut to [-eps, eps]. The batch stays, augmentation included, for ``replays`` steps; d starts at 0 and is carried on,
    also into the next batch.
When: Robust pretraining at a natural training's cost; somewhat stronger than ``fast`` at small budgets, and it rarely
    collapses.
Cost: A natural step each, the first layer's gradient more. ``epochs`` counts steps, so it is the cost: 80 epochs with 8
    replays see every image in 10 passes, 8 times each.
Options: eps, replays (8 for CIFAR, 4 for ImageNet), step (empty: eps).
Reference: Shafahi et al., Adversarial Training for Free!, NeurIPS 2019, arXiv 1904.12843.
"""

from collections.abc import Mapping
from typing import ClassVar, Final, Self, final

import torch
from pydantic import model_validator
from torch import Tensor, nn

from tombola.attacks._base import Criterion
from tombola.attacks.pgd import check_pixels
from tombola.batch import Batch
from tombola.errors import RequestError
from tombola.models.beside import bounds_of, continuous
from tombola.objectives._base import Found, Objective, Progress, Running
from tombola.spec import option
from tombola.tasks._base import Task
from tombola.units import Pixels


class Free(Objective):
    """The mean loss on images that move on with every step."""

    OWN_BATCH: ClassVar[bool] = True

    eps: Pixels = option(8 / 255, "the ball's radius (linf); images live in [0, 1], so write '8/255'", ge=0)
    replays: int = option(8, "steps in a row on the same batch", ge=1)
    step: Pixels | None = option(None, "how far the images move a step; empty: eps", gt=0)

    @model_validator(mode="after")
    def _in_unit_range(self) -> Self:
        check_pixels(self.eps, "linf", self.step)
        return self

    def loss(
        self, model: nn.Module, batch: Batch, criterion: Criterion, *, at: Progress, generator: torch.Generator
    ) -> Found:
        """Of the batch as it is: what moves it is carried by the training's `Running`."""
        outputs = model(batch.x, **batch.more)
        return Found(criterion(outputs, batch.targets).mean(), outputs)

    def begin(self, network: nn.Module, task: Task, *, seed: int) -> Running:
        return Replaying(self)

    def passes(self, classes: int, *, body: bool = True) -> float:
        return 3 if body else 2  # the images' gradient is asked for even where the body is frozen

    @property
    def stride(self) -> float:
        """How far what is carried moves a step."""
        return self.eps if self.step is None else self.step


@final
class Replaying(Running):
    """A batch trained on several times in a row, moved in between by what is carried from step to step.

    Each part of a batch carries its own, for as many samples as its largest so far: a smaller one uses the first of it.
    """

    def __init__(self, objective: Free) -> None:
        super().__init__(objective)
        self._free: Final = objective
        self._carried: dict[str, Tensor] = {}
        self._leaves: dict[str, Tensor] = {}
        self._worked: set[str] = set()

    @property
    def parted(self) -> bool:
        return True

    def batch_of(self, step: int) -> int:
        return step // self._free.replays

    def loss(
        self, model: nn.Module, batch: Batch, criterion: Criterion, *, at: Progress, generator: torch.Generator
    ) -> Found:
        net, x = continuous(model, batch)
        name = "perturbation" if at.parts == 1 else f"{at.part}/perturbation"
        leaf = self._leaves[name] = self._over(name, x)[: len(x)].detach().requires_grad_()
        outputs = net((x + leaf).clamp(*bounds_of(model)))
        return Found(criterion(outputs, batch.targets).mean(), outputs)

    @torch.no_grad()
    def after_backward(self) -> None:
        """Every carried number goes a step up the sign of its gradient and stays within eps of 0."""
        for name, leaf in self._leaves.items():
            assert leaf.grad is not None
            moved = self._carried[name][: len(leaf)]
            moved.add_(leaf.grad.sign(), alpha=self._free.stride).clamp_(-self._free.eps, self._free.eps)
        self._leaves.clear()

    def tensors(self) -> dict[str, Tensor]:
        """Of the parts that are worked here: another process has the others', which a checkpoint brought here too."""
        return {name: self._carried[name] for name in self._worked}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        self._carried = {name: _laid_out(tensor) for name, tensor in tensors.items()}

    def _over(self, name: str, x: Tensor) -> Tensor:
        """What is carried for so many samples, laid out as they are: nothing at first."""
        found = self._carried.get(name, x[:0])
        if found.shape[1:] != x.shape[1:]:
            raise RequestError(
                f"free carries one perturbation from batch to batch, and samples are {tuple(x.shape[1:])} after"
                f" {tuple(found.shape[1:])}; give samples of one shape, or write objective=adversarial"
            )
        found = found.to(x.device)
        if len(found) < len(x):
            found = torch.cat([found, x.new_zeros(len(x) - len(found), *x.shape[1:])])
        self._carried[name] = found = _laid_out(found)
        self._worked.add(name)
        return found


def _laid_out(carried: Tensor) -> Tensor:
    """In memory as images are; itself where it is so already."""
    return carried.contiguous(memory_format=torch.channels_last) if carried.ndim == 4 else carried
