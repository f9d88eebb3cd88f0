"""The test split in batches, and a model ready to be measured on it."""

from collections.abc import Iterator

import torch
from torch import Tensor

from tombola.data._base import Images, Subset
from tombola.data._loading import batches
from tombola.errors import RequestError
from tombola.models.network import Network
from tombola.tasks._base import Task


def test_images(task: Task, samples: int | None) -> Images:
    """The task's test split, or its first ``samples`` images; raises `RequestError` when it has fewer."""
    images = task.splits().test
    if samples is None:
        return images
    if samples > len(images):
        raise RequestError(f"samples={samples}: the test split holds {len(images)} images; leave it empty for all")
    return Subset(images, torch.arange(samples))


def in_order(images: Images, batch: int, device: torch.device) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches in the images' own order, the last one smaller."""
    return batches(images, batch, device=device)


def ready(model: Network, device: torch.device) -> Network:
    """The model on ``device``: itself where it is there already, else a copy, so the one given stays where it is."""
    here = next(iter(model.state_dict().values())).device
    return model if here == device else model.copy().to(device)
