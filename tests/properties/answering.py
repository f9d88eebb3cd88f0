"""A network whose logits are written in its images, and tasks made of them; no member of any family."""

import torch
from torch import Tensor, nn

from tombola.data._base import InMemory, Splits, of_images
from tombola.models.network import Network
from tombola.tasks._base import Task

from .toy_task import ToyTask

SIDE = 4


class Reader(nn.Module):
    """The red values of the first three pixels, 51 levels to a unit, as features and as logits, then ``last``."""

    def __init__(self, last: nn.Module | None = None) -> None:
        super().__init__()
        self.fc = nn.Linear(3, 3)
        self.last = last or nn.Identity()
        with torch.no_grad():
            self.fc.weight.copy_(torch.eye(3))
            self.fc.bias.zero_()

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.last(self.fc(5 * x[:, 0, 0, :3]))
        return found


def reader(last: nn.Module | None = None) -> Network:
    """A classifier of three classes."""
    return Network(Reader(last), source="reader")


def written(levels: Tensor, labels: Tensor, classes: int = 3) -> InMemory:
    """Images that say ``levels`` (N, 3) of 0 to 255."""
    pixels = torch.zeros(len(levels), 3, SIDE, SIDE, dtype=torch.uint8)
    pixels[:, 0, 0, :3] = levels.to(torch.uint8)
    return InMemory(pixels, labels, tuple(map(str, range(classes))))


def random(count: int, seed: int) -> InMemory:
    """Images of random logits from 0 to 5 whose labels are drawn as logits / 2 say."""
    generator = torch.Generator().manual_seed(seed)
    levels = torch.randint(0, 256, (count, 3), generator=generator)
    labels = (levels / 51 / 2).softmax(1).multinomial(1, generator=generator)[:, 0]
    return written(levels, labels)


class Written(ToyTask):
    """Logits in images, twice as sure as they should be; ``val`` and ``test`` can be spoilt."""

    val: str = "good"
    test: str = "good"

    def splits(self) -> Splits:
        return Splits(random(60, 0), _spoilt(random(300, 1), self.val), _spoilt(random(400, 2), self.test))


Written.name = "written"


def _spoilt(images: InMemory, how: str) -> InMemory:
    spoilt = {
        "good": images.labels,
        "empty": images.labels[:0],
        "one": torch.ones_like(images.labels),
        "unlabelled": torch.full_like(images.labels, -1),
        "turned": (images.labels + 1) % 3,
        "more": images.labels + 1,
    }[how]
    return InMemory(images.pixels[: len(spoilt)], spoilt, images.classes)


def logits_of(task: Task) -> tuple[Tensor, Tensor]:
    """What `reader` says of the test split, and the labels."""
    test = of_images(task.splits(), "a test").test
    return test.pixels_at(torch.arange(len(test)))[:, 0, 0, :3].double() / 51, test.labels
