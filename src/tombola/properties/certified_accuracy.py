"""Certified accuracy: the share of images whose answer provably stays within an L2 ball, by randomized smoothing.

What: certified is the smoothed model, which answers with the class the model gives most often under Gaussian noise of
  sigma. For each image n0 noisy copies choose the class and n fresh ones count how often it is given; from the count
  follows a lower bound p of its probability (one-sided Clopper-Pearson, wrong for at most alpha of the images), and for
  p >= 1/2 a radius of sigma PhiInv(p) in which no other answer is possible; else the smoothed model abstains. A row
  ``certified_accuracy`` for each radius asked: the images told right and certified at least that far. Beside them the
  share abstained, the average certified radius (wrong and abstained ones count 0) and ``radius_ceiling``, which is
  where all n agree: beyond it nothing can be certified at this n, whatever the model.
When: robustness against every attack, not only those tried. Train on noise of the same sigma (objective ``noise``):
  other models see too few clean pixels. Noise leaves [0, 1] and is not clipped, as the proof has it.
Cost: n0 + n forward passes an image. The defaults are for CPUs: 100 images, n = 1,000, a ceiling of 2.46 sigma. To
  compare with published tables write n0=100, n=100000 (3.81 sigma) and every 20th image of CIFAR-10.
Options: sigma; radii; n0, n, alpha; num_samples, taken evenly from the test split; batch (not part of the identity).
Reference: Cohen et al., Certified Adversarial Robustness via Randomized Smoothing, ICML 2019, arXiv 1902.02918.
"""

from collections.abc import Iterator
from typing import ClassVar, Self, final

import torch
from pydantic import field_validator, model_validator
from torch import Tensor

from tombola.attacks._crafting import crafting
from tombola.attacks._streams import normal
from tombola.batch import to_float
from tombola.data._base import Images, Subset
from tombola.data._counts import Counts
from tombola.errors import DataError, RequestError, StageError
from tombola.fitting.devices import device_of
from tombola.fitting.seeds import generator
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.properties._base import Measurement, Property
from tombola.properties._smoothing import average_radius, ceiling, certificate, certified_share, fewest_to_certify
from tombola.properties._test_images import ready, test_images
from tombola.registry import Examples
from tombola.rows import Scalar
from tombola.spec import option
from tombola.tasks._base import Task
from tombola.units import Pixels

_LARGEST = 4.0


@final
class CertifiedAccuracy(Property):
    """The share of test images that are told right, certified, at each radius."""

    EXAMPLES: ClassVar[Examples] = ({"n0": 4, "n": 20, "num_samples": 6},)

    sigma: Pixels = option(0.25, "the noise's standard deviation; images live in [0, 1]", gt=0)
    radii: tuple[Pixels, ...] = option((0.0, 0.25, 0.5), "the L2 radii to certify at, rising", min_length=1)
    n0: int = option(32, "noisy samples that choose the class", ge=1)
    n: int = option(1000, "fresh noisy samples that certify it", ge=1)
    alpha: float = option(0.001, "the chance that an image's certificate is wrong", gt=0, lt=0.5)
    num_samples: int = option(100, "how many test images, taken evenly; all where there are no more", ge=1)
    batch: int = option(256, "noisy images a forward pass", identity=False, ge=1)

    @field_validator("radii")
    @classmethod
    def _rising(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if value[0] < 0 or list(value) != sorted(set(value)):
            raise ValueError("should rise from 0 or more, as [0, 0.25, 0.5]")
        return value

    @model_validator(mode="after")
    def _can_certify(self) -> Self:
        if self.sigma > _LARGEST:
            raise ValueError(
                f"sigma={self.sigma:g} drowns every image: images live in [0, 1]; for {self.sigma:g} of 255 write"
                f" '{self.sigma:g}/255'"
            )
        if self.n < (fewest := fewest_to_certify(self.alpha)):
            raise ValueError(
                f"n={self.n} samples certify nothing at alpha={self.alpha:g}, even if all agree; write n={fewest} or"
                " more (1000 certifies up to 2.46 sigma at alpha=0.001)"
            )
        return self

    def passes(self, counts: Counts) -> float:
        return (self.n0 + self.n) * min(self.num_samples, counts.test)

    def measure(self, model: Network, task: Task, *, seed: int, session: Session) -> list[Measurement]:
        device = device_of(session.device)
        images, places = _evenly(test_images(task, None), self.num_samples)
        network, top = ready(model, device), ceiling(self.n, sigma=self.sigma, alpha=self.alpha)
        self._warn(top, session)
        right: list[float | None] = []
        abstained = 0
        with crafting(network, "eval"), torch.no_grad(), session.reporter.task("certify", len(images), 0) as bar:
            for place, (x, label) in zip(places, _one_by_one(images, device), strict=True):
                answers = self._answers(network, x, generator(seed, "certify", place))
                chosen = int(next(answers).argmax())
                found = certificate(chosen, int(next(answers)[chosen]), self.n, sigma=self.sigma, alpha=self.alpha)
                abstained += found.radius is None
                right.append(found.radius if found.answer == label else None)
                bar.advance(1, samples=self.n0 + self.n, loss=None)
        return self._measurements(right, abstained / len(images), top)

    def _answers(self, network: Network, x: Tensor, own: torch.Generator) -> Iterator[Tensor]:
        """How often each class is given under n0 samples of noise, then under n fresh ones; from the image's stream."""
        for total in (self.n0, self.n):
            counts = torch.zeros(0, dtype=torch.int64)
            for done in range(0, total, self.batch):
                noise = normal([own] * min(self.batch, total - done), x.shape, x)
                outputs = network(torch.add(x, noise, alpha=self.sigma).contiguous(memory_format=torch.channels_last))
                found = _classes(outputs, network)
                counts = found if done == 0 else counts + found
            yield counts

    def _warn(self, top: float, session: Session) -> None:
        if self.radii[-1] > top:
            session.reporter.note(
                f"certified_accuracy: n={self.n} certifies up to radius {top:.3g} (alpha={self.alpha:g},"
                f" sigma={self.sigma:g}); at {self.radii[-1]:g} every model has 0; write a larger n or sigma"
            )

    def _measurements(self, right: list[float | None], abstained: float, top: float) -> list[Measurement]:
        budget: dict[str, Scalar] = {"sigma": self.sigma, "n0": self.n0, "n": self.n, "alpha": self.alpha}
        budget["radius_ceiling"] = top
        certified = [
            Measurement("certified_accuracy", share, len(right), "%", detail={**budget, "radius": at})
            for at in self.radii
            for share in [100 * certified_share(right, at)]
        ]
        return [
            *certified,
            Measurement("abstained", 100 * abstained, len(right), "%", "lower", budget),
            Measurement("average_certified_radius", average_radius(right), len(right), detail=budget),
            Measurement("radius_ceiling", top, len(right), better="neither", detail=budget),
        ]


def _evenly(images: Images, count: int) -> tuple[Images, list[int]]:
    """``count`` images, every k-th from the first on, and their places; all where there are no more."""
    if len(images) == 0:
        raise DataError("certified_accuracy: the test split holds no image; there is nothing to certify")
    if images.labels.ndim != 1:
        raise DataError("certified_accuracy: certified is one class an image, and these images have several labels")
    places = list(range(len(images)))[:: max(1, len(images) // count)][:count]
    return Subset(images, torch.tensor(places)), places


def _one_by_one(images: Images, device: torch.device) -> Iterator[tuple[Tensor, int]]:
    for place, label in enumerate(images.labels.tolist()):
        yield to_float(images.pixels_at(torch.tensor([place])), device)[0], label


def _classes(outputs: object, network: Network) -> Tensor:
    """How many rows of the outputs (N, C) each class wins, (C,) in whole numbers."""
    if not isinstance(outputs, Tensor) or outputs.ndim != 2 or outputs.shape[1] < 2:
        shape = tuple(outputs.shape[1:]) if isinstance(outputs, Tensor) else type(outputs).__name__
        raise RequestError(
            f"certified_accuracy: {network.source} gives {shape} for an image; it needs one score a class, of two or"
            " more classes"
        )
    if not bool(outputs.isfinite().all()):
        raise StageError(f"certified_accuracy: {network.source}: outputs hold NaN or infinities under noise")
    return outputs.argmax(1).bincount(minlength=outputs.shape[1]).cpu()
