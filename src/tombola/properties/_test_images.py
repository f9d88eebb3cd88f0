"""The test split in batches, and a model ready to be measured on it."""

from collections.abc import Iterator
from hashlib import sha256
from typing import Final

import torch
from torch import Tensor

from tombola.attacks._crafting import crafting
from tombola.data._base import Images, Subset
from tombola.data._loading import batches
from tombola.errors import RequestError, StageError
from tombola.models.network import Network
from tombola.outcomes import Outcomes
from tombola.tasks._base import Task

_LOOKED_AT: Final = 64


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


def image_scores(model: Network, task: Task, images: Images, batch: int, device: torch.device) -> Tensor:
    """The task's score of every image, in the images' order, by the model in eval mode."""
    network = ready(model, device)
    with crafting(network, "eval"), torch.no_grad():
        scored = [
            task.scores(answers(network, x), targets).double().cpu() for x, targets in in_order(images, batch, device)
        ]
    return torch.cat(scored)


def answers(network: Network, x: Tensor) -> Tensor:
    """The network's outputs; raises `StageError` where they hold NaN, of which nothing can be measured."""
    outputs: Tensor = network(x)
    if bool(outputs.isnan().any()):
        raise StageError(
            f"{network.source}: its outputs hold NaN, so nothing can be measured of it; its weights or batch-norm"
            " statistics are broken: train it again with a lower optimizer.lr, or take a file from before"
        )
    return outputs


def outcomes(scores: Tensor, images: Images) -> str:
    """Which images were told right, in order; nothing where a score is neither 0 nor 1."""
    if not bool(((scores == 0) | (scores == 1)).all()):
        return ""
    return Outcomes.made((scores == 1).tolist(), _name(images)).text


def _name(images: Images) -> str:
    """Sixteen hex digits of the images in their order: of all labels and, as decoding takes time, of some pixels."""
    some = torch.linspace(0, len(images) - 1, min(len(images), _LOOKED_AT)).long()
    digest = sha256(images.labels.numpy().tobytes())
    digest.update(images.take(some).numpy().tobytes())
    return digest.hexdigest()[:16]


def ready(model: Network, device: torch.device) -> Network:
    """The model on ``device``: itself where it is there already, else a copy, so the one given stays where it is."""
    here = next(iter(model.state_dict().values())).device
    return model if here == device else model.copy().to(device)
