"""Mistakes: which images were told wrong, class by class: accuracies, the confusion matrix, the images' names.

What: the share of each class's test images told right; how many of a class were told as which other, where any were;
  and every image told wrong, by its file's name where there is one, else by its number, and how sure the model was.
When: a finished model is to be looked at before it is shipped; with split=all on images it has never seen.
Cost: one forward pass over the test split.
Options: batch (not part of the identity).
Reference: the confusion matrix, as usual.
"""

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from tombola.answers import Classes
from tombola.attacks._crafting import crafting
from tombola.data._base import Images
from tombola.data._loading import batches
from tombola.fitting.devices import device_of
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.properties._base import Measurement, Property
from tombola.properties._test_images import ready, require_answers, test_images
from tombola.rows import Scalar
from tombola.spec import option
from tombola.tasks._base import Task


@final
class Mistakes(Property):
    """What was told wrong, and as what."""

    batch: int = option(256, "images a forward pass", identity=False, ge=1)

    def check(self, task: Task) -> None:
        instead = "write measure: [mean_iou], or --property mean_iou"
        require_answers(task, Classes, "mistakes are of images told wrong", instead)

    def measure(self, model: Network, task: Task, *, seed: int, session: Session) -> list[Measurement]:
        self.check(task)
        images, device = test_images(task, None), device_of(session.device)
        network = ready(model, device)
        with crafting(network, "eval"), torch.no_grad():
            answers = [network(shown.x).softmax(1).max(1) for shown in batches(images, self.batch, device=device)]
        sure, told = (torch.cat([part[place].cpu() for part in answers]) for place in (0, 1))
        told_wrong = Told(images, told, sure)
        return [*told_wrong.by_class(), *told_wrong.confusions(), *told_wrong.wrong()]


@dataclass(frozen=True)
class Told:
    """Images, the class each was told as, and how sure that was, in [0, 1]."""

    images: Images
    told: Tensor
    sure: Tensor

    def by_class(self) -> list[Measurement]:
        """The accuracy of each class that has images."""
        counts = self._matrix().sum(1).tolist()
        right = self._matrix().diagonal().tolist()
        return [
            Measurement("class_accuracy", 100 * hits / count, count, "%", detail={"class": name})
            for name, hits, count in zip(self.images.classes, right, counts, strict=True)
            if count
        ]

    def confusions(self) -> list[Measurement]:
        """How many images of one class were told as another, the most first."""
        matrix, names = self._matrix().fill_diagonal_(0), self.images.classes
        cells = sorted(matrix.nonzero().tolist(), key=lambda cell: -int(matrix[cell[0], cell[1]]))
        return [
            Measurement("confused", int(matrix[a, b]), len(self.told), better="lower", detail=_pair(names[a], names[b]))
            for a, b in cells
        ]

    def wrong(self) -> list[Measurement]:
        """Every image told wrong, and how sure the model was of it in per cent."""
        labels, names = self.images.labels.cpu(), self.images.classes
        return [
            Measurement(
                "wrong",
                100 * float(self.sure[index]),
                1,
                "%",
                better="lower",
                detail={"image": self.images.title_of(index), **_pair(names[labels[index]], names[self.told[index]])},
            )
            for index in (labels != self.told).nonzero().flatten().tolist()
        ]

    def _matrix(self) -> Tensor:
        """Rows are the classes, columns what they were told as."""
        size = len(self.images.classes)
        labels = self.images.labels.cpu()
        return torch.bincount(labels * size + self.told, minlength=size * size).view(size, size)


def _pair(name: str, told: str) -> dict[str, Scalar]:
    return {"class": name, "told": told}
