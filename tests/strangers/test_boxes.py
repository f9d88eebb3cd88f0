"""A stranger to a house of labels: a detector with padded boxes finds squares in small images, and its ticket too."""

from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

import tombola
from tombola.answers import Answers, Boxes
from tombola.data._base import InMemory, Splits
from tombola.data._boxes import with_boxes
from tombola.fitting.validate import headline
from tombola.models.heading import headed
from tombola.models.network import Network
from tombola.tasks._base import Task
from tombola.tasks.metrics._base import Metric
from tombola.tasks.metrics.average_precision import AveragePrecision

SIDE, CELL = 16, 4
SHORT = {"batch": 16, "optimizer": {"name": "adamw", "lr": 0.01, "weight_decay": 0.0}, "schedule": "constant"}


def drawn_between(low: int, high: int, generator: torch.Generator) -> int:
    """A whole number from ``low`` to below ``high``."""
    return int(torch.randint(low, high, (), generator=generator))


def squares(count: int, seed: int) -> InMemory:
    """One or two squares of 4 to 7 pixels on grey, bright or dark, which is their class; some images are empty."""
    drawn = torch.Generator().manual_seed(seed)
    pixels = torch.full((count, 3, SIDE, SIDE), 128, dtype=torch.uint8)
    boxes = []
    for place in range(count):
        own = []
        for half in range(int(place % 8 > 0) + int(place % 8 > 4)):
            side, down, kind = (
                int(torch.randint(low, high, (), generator=drawn)) for low, high in ((4, 8), (0, 9), (0, 2))
            )
            left = 8 * half + drawn_between(0, 9 - side, drawn)
            pixels[place, :, down : down + side, left : left + side] = 250 * kind
            own.append([float(kind), left, down, left + side, down + side])
        boxes.append(torch.tensor(own).view(-1, 5))
    return with_boxes(pixels, boxes, ("dark", "bright"))


class Detection(Task):
    """Where are the squares, and of which kind is each?"""

    ANSWERS: ClassVar[type[Answers]] = Boxes

    def splits(self) -> Splits:
        return Splits(squares(160, 0), squares(16, 1), squares(48, 2))

    def head(self, model: Network, *, generator: torch.Generator) -> Network:
        seed = int(torch.randint(2**31, (), generator=generator))
        return headed(model, "boxes", self.answers.outputs, output_stride=CELL, seed=seed)

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The place that an object's middle is in tells it: its corners, its class, and that it is there."""
        across = SIDE // CELL
        image, own = (targets[..., 0] >= 0).nonzero(as_tuple=True)
        kind, corners = targets[image, own, 0].long(), targets[image, own, 1:]
        middle = ((corners[:, :2] + corners[:, 2:]) / 2 // CELL).long().clamp(0, across - 1)
        told = outputs[image, middle[:, 1] * across + middle[:, 0]]
        there = torch.zeros(outputs.shape[:2]).index_put((image, middle[:, 1] * across + middle[:, 0]), torch.ones(()))
        placed = F.smooth_l1_loss(told[:, :4] / CELL, corners / CELL, reduction="none").sum(1)
        of_boxes = placed + F.cross_entropy(told[:, 5:], kind, reduction="none")
        sure = F.binary_cross_entropy_with_logits(outputs[..., 4], there, reduction="none").sum(1)
        return sure + torch.zeros(len(outputs)).index_add(0, image, of_boxes)

    def metric(self) -> Metric:
        return AveragePrecision()


Detection.name = "detection_toy"


def found(network: Network) -> float:
    return headline(network, Detection().splits().test, Detection(), device=torch.device("cpu"), bfloat16=False)


def lost(network: Network) -> float:
    test = Detection().splits().test
    batch = test.take(torch.arange(len(test))).to_float()
    with torch.no_grad():
        return float(Detection().losses(network.eval()(batch.x), batch.targets).mean())


@pytest.fixture(scope="module")
def detector() -> Network:
    """A small net trained for a little while."""
    return tombola.pretrain({"name": "resnet8", "width": 0.25}, Detection(), {**SHORT, "epochs": "6ep"})


def test_it_learns_where_squares_are(detector: Network) -> None:
    first = tombola.pretrain({"name": "resnet8", "width": 0.25}, Detection(), {**SHORT, "epochs": "1it"})
    assert lost(detector) < lost(first) - 1
    assert found(detector) > max(0.3, found(first))


def test_a_ticket_of_it_learns_it_too(detector: Network) -> None:
    (ticket,) = tombola.draw(detector, {"name": "omp", "sparsity": 0.4})
    how: dict[str, Any] = {"name": "finetune", "fit": {**SHORT, "epochs": "4ep"}}
    sparse = tombola.transfer(detector, ticket, Detection(), how)
    assert found(sparse) > 0.3
    pruned = dict(sparse.body.named_parameters())
    assert all(not bool(pruned[name][~mask].any()) for name, mask in ticket.masks.items() if "linear" not in name)
