"""Tiny things to train: forty images of three classes, a network of two convolutions, tasks that fail on demand."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tombola.batch import Batch
from tombola.data._base import InMemory, Splits
from tombola.masks.masks import Masks
from tombola.models.network import Network
from tombola.tasks._base import Task

SIZE = 8


class Interrupted(Exception):
    """What a test raises in the middle of a training."""


def images(count: int, seed: int) -> InMemory:
    """Noise with a bright square whose place tells the class."""
    drawn = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 3
    pixels = torch.randint(0, 120, (count, 3, SIZE, SIZE), generator=drawn, dtype=torch.uint8)
    for place, label in enumerate(labels.tolist()):
        pixels[place, :, 2 * label : 2 * label + 3, 2 * label : 2 * label + 3] += 120
    return InMemory(pixels, labels, ("a", "b", "c"))


class Toy(Task):
    """Three classes; the ``fail_at``-th batch of the process's count raises when asked to."""

    num_train: int = 40

    def splits(self) -> Splits:
        return Splits(images(self.num_train, 0), images(24, 1), images(30, 2))

    def head(self, model: Network, *, generator: torch.Generator) -> Network:
        return model.with_head(3, generator=generator)

    def views(self, batch: Batch, *, generator: torch.Generator) -> Batch:
        shift = torch.rand((len(batch), 1, 1, 1), generator=generator, device=batch.x.device)
        return batch.replace(x=(batch.x + 0.1 * (shift - 0.5)).clamp(0, 1))

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return F.cross_entropy(outputs, targets, reduction="none")

    def scores(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return (outputs.argmax(1) == targets).float()


Toy.name = "toy"


class Failing(Toy):
    """The same task, whose augmentation raises at the batch after ``good`` ones."""

    good: int = 0

    def identity(self) -> dict[str, Any]:
        return Toy(num_train=self.num_train).identity()

    def views(self, batch: Batch, *, generator: torch.Generator) -> Batch:
        _COUNTED[self.good] = _COUNTED.get(self.good, 0) + 1
        if _COUNTED[self.good] > self.good:
            _COUNTED.clear()
            raise Interrupted
        return super().views(batch, generator=generator)


Failing.name = "toy"
_COUNTED: dict[int, int] = {}


def body(seed: int = 0, dropout: float = 0.0) -> nn.Module:
    """Two convolutions with batch norm, pooling and a linear head."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Conv2d(3, 6, 3, padding=1, bias=False),
            nn.BatchNorm2d(6),
            nn.ReLU(),
            nn.Conv2d(6, 8, 3, padding=1, stride=2, bias=False),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Dropout(dropout),
            nn.Linear(8, 3),
        )


def network(seed: int = 0, dropout: float = 0.0) -> Network:
    """The body behind an input normaliser that changes nothing."""
    return Network(body(seed, dropout), source="toy")


def masks(model: Network) -> Masks:
    """Every third weight of both convolutions is pruned."""
    weights = {name: dict(model.body.named_parameters())[name] for name in ("0.weight", "3.weight")}
    return Masks({name: (torch.arange(w.numel()) % 3 != 0).view(w.shape) for name, w in weights.items()})


class Poisoned(Toy):
    """The same task, whose images are NaN from the batch after ``good`` ones."""

    good: int = 0

    def views(self, batch: Batch, *, generator: torch.Generator) -> Batch:
        _COUNTED[-1] = _COUNTED.get(-1, 0) + 1
        seen = super().views(batch, generator=generator)
        return seen.replace(x=seen.x * float("nan")) if _COUNTED[-1] > self.good else seen

    def splits(self) -> Splits:
        _COUNTED.clear()
        return super().splits()


Poisoned.name = "toy"
