"""Corruption error: how often a model errs on damaged pictures, 15 corruptions at 5 severities.

What: the mean error in per cent over every corruption and severity (``corruption_error``, each cell counting alike),
  beside it the error on the clean images (``clean_error``), what corruption adds to it (``relative_corruption_error``,
  points), the error by corruption (``fog_error``, ...) and by severity (``severity_1_error``, ...). Error is 100 % less
  the task's score. On ImageNet, told by 1000 classes called by their WordNet numbers at 224 pixels, with all 15
  corruptions and 5 severities, also ``mce`` and ``relative_mce``: each corruption's error as a share of AlexNet's
  before the mean is taken. No other set has this reference, and the two are never called alike.
  The pictures are made here, not read from the stored files of CIFAR-10-C and ImageNet-C (``pictures: made in memory``
  stands in every row; frost's textures are computed ones): compare with other numbers of this property, and with
  published ones in order only. They are the same for every model and every seed of a study.
When: natural damage instead of an adversary's; robust priors are said to keep more under noise and blur, less in fog.
Cost: 75 forward passes over the images and as many corruptions: roughly 4,000 images a second and core at 32 pixels,
  100 at 224. ``samples`` and ``severities`` make it cheaper.
Options: corruptions, severities, samples, images_seed, batch (not part of the identity).
Reference: Hendrycks & Dietterich, ICLR 2019, arXiv 1903.12261.
"""

from collections.abc import Sequence
from typing import ClassVar, final

import torch
from pydantic import field_validator
from torch import Tensor

from tombola.answers import Classes
from tombola.attacks._crafting import crafting
from tombola.batch import Batch
from tombola.data._base import Images
from tombola.data._counts import Counts
from tombola.data.corruptions._base import FIFTEEN, SEVERITIES, Corruption
from tombola.errors import DataError
from tombola.fitting.devices import device_of
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.properties._alexnet import is_imagenet, mean_errors_of_alexnet
from tombola.properties._base import Measurement, Property
from tombola.properties._damage import errors_by
from tombola.properties._test_images import answers, ready, require_answers, test_images
from tombola.registry import Examples
from tombola.rows import Scalar
from tombola.spec import option
from tombola.tasks._base import Task


@final
class CorruptionError(Property):
    """Errors on damaged pictures."""

    EXAMPLES: ClassVar[Examples] = ({"corruptions": ["fog", "jpeg"], "severities": [1]},)

    corruptions: tuple[Corruption, ...] = option(
        FIFTEEN, "which corruptions, by name; the fifteen of the benchmark by default", validate_default=True
    )
    severities: tuple[int, ...] = option(SEVERITIES, "which severities, of 1 (mild) to 5 (hard)")
    samples: int | None = option(None, "how many of the first test images; empty: all", ge=1)
    images_seed: int = option(0, "which random numbers damage the pictures; the same for every model and seed", ge=0)
    batch: int = option(256, "images a forward pass", identity=False, ge=1)

    @field_validator("severities")
    @classmethod
    def _one_to_five(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if not value or not set(value) <= set(SEVERITIES):
            raise ValueError("write one or more of 1, 2, 3, 4, 5")
        return tuple(sorted(set(value)))

    @field_validator("corruptions")
    @classmethod
    def _each_once(cls, value: tuple[Corruption, ...]) -> tuple[Corruption, ...]:
        names = [corruption.name for corruption in value]
        if not names or len(set(names)) < len(names):
            raise ValueError(f"name one corruption or more, each once, of {', '.join(FIFTEEN)}")
        return value

    def check(self, task: Task) -> None:
        instead = "elastic would move what is no label of a whole image; measure it on a task that tells images apart"
        require_answers(task, Classes, "corruption_error counts images told wrong", instead)

    def passes(self, counts: Counts) -> float:
        damaged = len(self.corruptions) * len(self.severities)
        return (1 + damaged) * min(counts.test, self.samples or counts.test)

    def measure(self, model: Network, task: Task, *, seed: int, session: Session) -> list[Measurement]:
        self.check(task)
        device = device_of(session.device)
        images = test_images(task, self.samples)
        if len(images) == 0:
            raise DataError("corruption_error: the test split holds no image; there is nothing to corrupt")
        network = ready(model, device)
        wrong = torch.zeros(len(self.corruptions), len(self.severities), dtype=torch.float64)
        clean = 0.0
        parts = torch.split(torch.arange(len(images)), self.batch)
        with (
            crafting(network, "eval"),
            torch.no_grad(),
            session.reporter.task("corruption_error", len(parts) * len(self.corruptions), 0) as bar,
        ):
            for part in parts:
                taken = images.take(part)
                clean += _lost(network, task, taken, device)
                for row, corruption in enumerate(self.corruptions):
                    for column, severity in enumerate(self.severities):
                        bad = corruption.corrupt(taken.x, severity, seed=self.images_seed, places=part.tolist())
                        wrong[row, column] += _lost(network, task, taken.replace(x=bad), device)
                    bar.advance(1, samples=len(part) * len(self.severities), loss=None)
        return self._measurements(100 * wrong / len(images), 100 * clean / len(images), images)

    def _measurements(self, errors: Tensor, clean: float, images: Images) -> list[Measurement]:
        """``errors`` in per cent, (corruptions, severities)."""
        names = [corruption.name for corruption in self.corruptions]
        by_corruption = dict(zip(names, errors.mean(1).tolist(), strict=True))
        return errors_by(
            "corruption",
            errors,
            clean,
            names,
            [f"severity_{severity}" for severity in self.severities],
            count=len(images),
            detail=self._detail(images.size),
            beside=self._normalised(by_corruption, clean, images),
        )

    def _normalised(self, errors: dict[str, float], clean: float, images: Images) -> dict[str, float]:
        """``mce`` and ``relative_mce``; nothing where there is no reference."""
        whole = set(errors) == set(FIFTEEN) and self.severities == SEVERITIES
        return mean_errors_of_alexnet(errors, clean) if whole and is_imagenet(images) else {}

    def _detail(self, size: int) -> dict[str, Scalar]:
        """How the pictures were made, the same in every row."""
        names = [corruption.name for corruption in self.corruptions]
        return {
            "pictures": "made in memory",
            "corruptions": "all 15" if names == list(FIFTEEN) else ", ".join(names),
            "severities": _joined(self.severities),
            "constants": _joined(sorted({corruption.published(size) for corruption in self.corruptions})),
            "pixels": size,
            "images_seed": self.images_seed,
        }


def _joined(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))


def _lost(network: Network, task: Task, taken: Batch, device: torch.device) -> float:
    """The sum over these images of 1 less the task's score."""
    shown = taken.to_float(device)
    return float((1 - task.scores(answers(network, shown), shown.targets).double()).sum())
