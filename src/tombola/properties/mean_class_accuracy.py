"""Mean class accuracy: the accuracy of each class, averaged over the classes, so that a small class counts as a large.

What: the share of a class's test images told right, in per cent, averaged over the classes that have test images; how
    many classes those are stands in the detail, and how many were left out where any were. Equal to the accuracy where
    all classes have as many test images; only then do the rows say image by image what was told right. Elsewhere the
    detail says how few images weighing alike would be as noisy (``effective_samples``), and verdicts reckon with that.
When: test splits whose classes differ in size: the metric of aircraft, caltech101, caltech256, flowers102 and pets.
Cost: one forward pass over the test split.
Options: batch (not part of the identity).
Reference: Kornblith et al., "Do Better ImageNet Models Transfer Better?", CVPR 2019; Salman et al., arXiv 2007.08489.
"""

import torch
from torch import Tensor

from tombola.answers import Classes
from tombola.data._base import Images
from tombola.fitting.devices import device_of
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.properties._base import Measurement, Property
from tombola.properties._test_images import image_scores, outcomes, require_answers, test_images
from tombola.rows import Scalar
from tombola.spec import option
from tombola.tasks._base import Task


class MeanClassAccuracy(Property):
    """The share of test images told right, class by class, then averaged."""

    batch: int = option(256, "images a forward pass", identity=False, ge=1)

    def check(self, task: Task) -> None:
        instead = "write measure: [mean_iou], or --property mean_iou"
        require_answers(task, Classes, "mean_class_accuracy is of samples told right", instead)

    def measure(self, model: Network, task: Task, *, seed: int, session: Session) -> list[Measurement]:
        self.check(task)
        images = test_images(task, None)
        scores = image_scores(model, task, images, self.batch, device_of(session.device))
        return [by_class(scores, images)]


def by_class(scores: Tensor, images: Images) -> Measurement:
    """The mean over classes of the mean of one score an image, in the images' order."""
    labels, classes = images.labels.cpu(), len(images.classes)
    each, counts = class_means(scores, labels, classes)
    value = 100 * each.nanmean().item()
    seen = int((counts > 0).sum())
    detail: dict[str, Scalar] = {"classes": seen}
    if seen < classes:
        detail["classes_without_images"] = classes - seen
    # A verdict weighs images alike, which is this mean only where classes are of one size.
    even = len(torch.unique(counts[counts > 0])) == 1
    if not even:
        detail["effective_samples"] = as_noisy(counts)
    bits = outcomes(scores, images) if even else ""
    return Measurement("mean_class_accuracy", value, len(images), "%", detail=detail, outcomes=bits)


def class_means(scores: Tensor, labels: Tensor, classes: int) -> tuple[Tensor, Tensor]:
    """Each class's mean score, NaN for one without images, and how many images it has.

    >>> class_means(torch.tensor([1.0, 0.0, 1.0]), torch.tensor([0, 0, 2]), 3)[0].tolist()
    [0.5, nan, 1.0]
    """
    counts = torch.bincount(labels, minlength=classes)
    sums = torch.zeros(classes, dtype=torch.float64).index_add_(0, labels, scores.double())
    return sums / counts, counts


def as_noisy(counts: Tensor) -> int:
    """How many images weighing alike have a mean as noisy as that of classes of such sizes, were all equally hard.

    >>> as_noisy(torch.tensor([10, 10, 0])), as_noisy(torch.tensor([19, 1]))
    (20, 3)
    """
    sizes = counts[counts > 0].double()
    return int(len(sizes) ** 2 / sizes.reciprocal().sum().item())
