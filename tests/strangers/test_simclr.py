"""A stranger to a house of labels: SimCLR learns letters from two views of each, and a ticket drawn of it tells digits.

Views are made by the task, the projection head stands in the classifier's place, and natural and adversarial objectives
train it alike: nothing of the house is told that there are no labels.
"""

from functools import cache
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

import tombola
from tombola.answers import Answers, Vectors
from tombola.batch import Batch
from tombola.data._augment import augment
from tombola.data._base import Splits
from tombola.data._unlabelled import Unlabelled
from tombola.data.glyphs import Glyphs
from tombola.models.digest import weights_digest
from tombola.models.heading import headed
from tombola.models.network import Network
from tombola.tasks._base import Task

GLYPHS = {"num_train": 512, "num_val": 10, "num_test": 64, "noise": 0.0}
NET = {"name": "resnet8", "width": 0.5}
SHORT = {"batch": 64, "optimizer": {"name": "adamw", "lr": 0.01, "weight_decay": 0.0}, "schedule": "constant"}
PGD = {"name": "adversarial", "attack": {"name": "pgd", "eps": "4/255", "steps": 2}}
WIDE, TEMPERATURE = 16, 0.2


@cache
def letters() -> Splits[Unlabelled]:
    """Drawn once."""
    found = Glyphs.model_validate(GLYPHS).load()
    return Splits(*(Unlabelled(images) for images in (found.train, found.val, found.test)))


class Views(Task):
    """Which of the other views is of the same image?"""

    ANSWERS: ClassVar[type[Answers]] = Vectors

    @property
    def answers(self) -> Answers:
        return Vectors(WIDE)

    def splits(self) -> Splits[Unlabelled]:
        return letters()

    def head(self, model: Network, *, generator: torch.Generator) -> Network:
        seed = int(torch.randint(2**31, (), generator=generator))
        return headed(model, "projection", self.answers.outputs, seed=seed)

    def views(self, batch: Batch, *, generator: torch.Generator) -> Batch:
        """Two of each: moved by up to a pixel, and lit otherwise."""
        moved = augment(torch.cat([batch.x, batch.x]), "shift", generator=generator)
        light = 0.6 + 0.4 * torch.rand(len(moved), 1, 1, 1, generator=generator)
        return Batch(moved * light, batch.targets.repeat(2))

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """NT-Xent: each view is to be known among all others of the batch by the one of its image."""
        return F.cross_entropy(likeness(outputs), partner(targets), reduction="none")

    def scores(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return (likeness(outputs).argmax(1) == partner(targets)).float()


Views.name = "views_toy"


def likeness(outputs: Tensor) -> Tensor:
    """Cosines over the temperature, none with itself."""
    unit = F.normalize(outputs.float(), dim=1)
    return (unit @ unit.T / TEMPERATURE).fill_diagonal_(-1e9)


def partner(targets: Tensor) -> Tensor:
    """Where the other view of each one's image stands."""
    same = targets[:, None] == targets[None]
    return (same & ~torch.eye(len(targets), dtype=torch.bool)).float().argmax(1)


def known(network: Network) -> float:
    """The share of 128 views of test images that find their partner among the others; by chance one in 127 does."""
    task = Views()
    batch = task.splits().test.take(torch.arange(64)).to_float()
    shown = task.views(batch, generator=torch.Generator().manual_seed(9))
    with torch.no_grad():
        return float(task.scores(network.eval()(shown.x), shown.targets).mean())


def pretrained(steps: int, **more: Any) -> Network:
    return tombola.pretrain(NET, Views(), {**SHORT, "epochs": f"{steps}it", **more})


@pytest.fixture(scope="module")
def simclr() -> Network:
    """Trained for a little while."""
    return pretrained(50)


def test_it_learns_to_know_an_image_again(simclr: Network) -> None:
    assert known(simclr) > max(0.3, known(pretrained(1)) + 0.1)


def test_its_seed_decides_everything() -> None:
    assert weights_digest(pretrained(3)) == weights_digest(pretrained(3))


def test_attacks_move_both_views_and_it_learns_against_them() -> None:
    natural, robust = pretrained(3), pretrained(3, objective=PGD)
    assert weights_digest(natural) != weights_digest(robust)
    assert known(pretrained(25, objective=PGD)) > 0.1


def test_a_ticket_of_it_tells_digits_apart(simclr: Network) -> None:
    (ticket,) = tombola.draw(simclr, {"name": "omp", "sparsity": 0.5})
    digits = tombola.transfer(simclr, ticket, {"name": "digits", "num_train": 200}, "linear")
    (row,) = tombola.measure(digits, "digits", "accuracy")
    assert isinstance(row.value, float)
    assert row.value > 60
    weights = dict(digits.body.named_parameters())
    assert all(not bool(weights[name][~mask].any()) for name, mask in ticket.masks.items() if name in weights)
