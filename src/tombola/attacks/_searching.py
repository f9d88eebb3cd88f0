"""What attacks share that stop at an image's first mistake: who is attacked, who is done, and that it is true.

An attempt (a restart, or a target class) works on the images that still stand. It runs on the model with its batch
norms folded, which rounds differently; so every mistake it claims is tried again on the model as it is.
"""

import math
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor, nn

from tombola.attacks._crafting import BatchNormMode, crafting
from tombola.attacks._folding import folded
from tombola.errors import RequestError

KEPT = 0.9  # images that are done leave the batch when no more than this share of it stands: every new shape costs too


@dataclass(frozen=True)
class Found:
    """Per image the first misclassified point, or else the one of highest loss; ``fooled`` says which."""

    images: Tensor
    losses: Tensor
    fooled: Tensor

    @classmethod
    def nothing(cls, start: Tensor) -> "Found":
        """As many as ``start``, none fooled yet; to be filled in place."""
        losses = torch.full((len(start),), -math.inf, device=start.device)
        return cls(start.clone(), losses, torch.zeros_like(losses, dtype=torch.bool))

    def put(self, rows: Tensor, images: Tensor, losses: Tensor, *, fooled: bool) -> None:
        """Write these images' outcome."""
        self.images[rows] = images
        self.losses[rows] = losses.to(self.losses.dtype)
        self.fooled[rows] = fooled


Attempt: TypeAlias = Callable[[Tensor], Found]
"""The indices of the images to attack -> what was found against each."""


def search(
    model: nn.Module,
    x: Tensor,
    targets: Tensor,
    attempts: Callable[[Tensor], Iterable[Attempt]],
    *,
    bn: BatchNormMode,
) -> Tensor:
    """``x``, each image that is told right replaced by what the attempts find; those told wrong already stay.

    ``attempts`` is asked with the logits at ``x``. An image leaves when the model as it is gets it wrong; one that
    stands to the end is given as the point of highest loss.
    """
    found = x.clone()
    with crafting(model, bn):
        with torch.no_grad():
            logits = logits_of(model, x)
        standing = (logits.argmax(1) == targets).nonzero().squeeze(1)
        best = torch.full((len(x),), -math.inf, device=x.device)
        for attempt in attempts(logits):
            if len(standing) == 0:
                break
            got, wrong = _verified(model, targets, standing, attempt, bn)
            better = wrong | (got.losses > best[standing])
            found[standing[better]] = got.images[better]
            best[standing[better]] = got.losses[better]
            standing = standing[~wrong]
    return found


def _verified(
    model: nn.Module, targets: Tensor, rows: Tensor, attempt: Attempt, bn: BatchNormMode
) -> tuple[Found, Tensor]:
    """An attempt's outcome, and which images the model as it is gets wrong; what only the folded one did is redone."""
    with folded(model) if bn == "eval" else nullcontext():
        got = attempt(rows)
    wrong = _misclassified(model, got.images, targets[rows])
    doubtful = (got.fooled & ~wrong).nonzero().squeeze(1)
    if len(doubtful):
        again = attempt(rows[doubtful])
        got.images[doubtful], got.losses[doubtful] = again.images, again.losses
        wrong[doubtful] = _misclassified(model, again.images, targets[rows[doubtful]])
    return got, wrong


def _misclassified(model: nn.Module, images: Tensor, targets: Tensor) -> Tensor:
    with torch.no_grad():
        return logits_of(model, images).argmax(1) != targets


def logits_of(model: nn.Module, images: Tensor) -> Tensor:
    """The model's logits, (N, classes) with two classes or more, in float32 at least."""
    outputs: object = model(images)
    if not isinstance(outputs, Tensor) or outputs.dim() != 2 or outputs.shape[1] < 2:
        given = tuple(outputs.shape) if isinstance(outputs, Tensor) else type(outputs).__name__
        raise RequestError(
            f"this attack needs one row of logits an image, of two classes or more; the model gives {given}:"
            " use 'pgd', which climbs whatever loss the task has"
        )
    return outputs if outputs.dtype == torch.float64 else outputs.float()
