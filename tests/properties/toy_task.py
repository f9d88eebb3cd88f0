"""A task of random images for the properties' tests; it holds no member of the family `tasks`."""

from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tombola.batch import Batch
from tombola.data._base import InMemory, Splits
from tombola.models.network import Network
from tombola.tasks._base import Task


class ToyTask(Task):
    """Bright images against dark ones, and some in between."""

    def splits(self) -> Splits:
        return _splits()

    def head(self, model: Network, *, generator: torch.Generator) -> Network:
        return model.with_head(2, generator=generator)

    def views(self, batch: Batch, *, generator: torch.Generator) -> Batch:
        return batch

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return F.cross_entropy(outputs, targets, reduction="none")

    def scores(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return (outputs.argmax(1) == targets).float()


@lru_cache
def _splits() -> Splits:
    """Image i is gray of brightness 10 * i; its class says whether that is above the middle, but image 0's is wrong."""
    level = torch.arange(26) * 10
    pixels = level.view(-1, 1, 1, 1).expand(-1, 3, 4, 4).to(torch.uint8).contiguous()
    labels = (level > 127).long()
    labels[0] = 1
    images = InMemory(pixels, labels, ("dark", "bright"))
    return Splits(images, images, images)


def brightness_net() -> Network:
    """Logits (-b, b) of the mean brightness above 127.5/255: its worst linf image is known."""
    linear = nn.Linear(48, 2)
    with torch.no_grad():
        linear.weight.copy_(torch.tensor([[-1.0], [1.0]]).expand(2, 48) / 48)
        linear.bias.copy_(torch.tensor([0.5, -0.5]))
    return Network(nn.Sequential(nn.Flatten(), nn.BatchNorm1d(48, affine=False, eps=1e-12), linear), source="toy")
