"""Calibration error: how far a model's confidence is from how often it is right, before and after temperature scaling.

What: ECE in per cent: test images are sorted by confidence (the largest probability) into 15 bins of equal width, and
  measured is the gap between mean confidence and accuracy in each, weighted by its images. Beside it the same over bins
  of equal numbers of images (``adaptive_error``), the negative log-likelihood (``nll``, nats), the Brier score summed
  over classes (``brier``, 0 to 2) and the accuracy. Then one temperature T is fitted to the validation split's NLL,
  never to the test split, and all are measured again on logits / T: ``scaled_error``, ``scaled_adaptive_error``,
  ``scaled_nll``, ``scaled_brier``; the accuracy stays.
When: confidences are acted on. Few test images bias ECE upwards: compare models on the same images only, and look at
  NLL and Brier, which reward the right answer as well. Validation images a model was trained on give too small a T.
Cost: a forward pass over the validation and test splits.
Options: bins; batch (not part of the identity). The model must give logits, one a class.
Reference: Guo et al., ICML 2017, arXiv 1706.04599; Nixon et al., CVPRW 2019, arXiv 1904.01685 (equal numbers).
"""

from typing import final

import torch
from torch import Tensor

from tombola.data._base import Images
from tombola.data._counts import Counts
from tombola.errors import DataError
from tombola.fitting.devices import device_of
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.properties._base import Measurement, Property
from tombola.properties._calibration import (
    HIGHEST,
    LOWEST,
    adaptive_error,
    best_temperature,
    brier,
    expected_error,
    nll,
)
from tombola.properties._responses import responses
from tombola.properties._test_images import images_of, ready, test_images
from tombola.rows import Scalar
from tombola.spec import option
from tombola.tasks._base import Task


@final
class CalibrationError(Property):
    """Confidence against accuracy."""

    bins: int = option(15, "how many bins confidences are sorted into", ge=1, le=1000)
    batch: int = option(256, "images a forward pass", identity=False, ge=1)

    def passes(self, counts: Counts) -> float:
        return counts.val + counts.test

    def measure(self, model: Network, task: Task, *, seed: int, session: Session) -> list[Measurement]:
        device = device_of(session.device)
        network = ready(model, device)
        val, test = images_of(task.splits().val, task), test_images(task, None)
        fitted, labels = self._outputs(network, val, "validation", device)
        temperature = best_temperature(fitted, labels)
        if temperature in (LOWEST, HIGHEST):
            session.reporter.note(
                f"calibration_error: on the validation split the NLL still falls at a temperature of {temperature:g},"
                " the end of the range; it may hold too few images, or only ones told right"
            )
        logits, labels = self._outputs(network, test, "test", device)
        scaled: dict[str, Scalar] = {"bins": self.bins, "fitted_on": len(val)}
        return [
            *self._errors("calibration_error", "", logits, labels, {"bins": self.bins}),
            Measurement("accuracy", 100 * float((logits.argmax(1) == labels).double().mean()), len(test), "%"),
            *self._errors("scaled_error", "scaled_", logits / temperature, labels, scaled),
            Measurement("temperature", temperature, len(val), better="neither"),
        ]

    def _outputs(self, network: Network, images: Images, split: str, device: torch.device) -> tuple[Tensor, Tensor]:
        """Logits and labels of a split that can be calibrated on."""
        _require_labels(images, split)
        logits = responses(network, images, "outputs", size=images.size, batch=self.batch, device=device)
        if int(images.labels.max()) >= logits.shape[1]:
            raise DataError(
                f"calibration_error: the {split} split has the label {int(images.labels.max())} and {network.source}"
                f" {logits.shape[1]} outputs; measure a model with a head for this task"
            )
        return logits, images.labels.cpu()

    def _errors(
        self, first: str, prefix: str, logits: Tensor, labels: Tensor, detail: dict[str, Scalar]
    ) -> list[Measurement]:
        confidence, answer = logits.softmax(1).max(1)
        correct = answer == labels
        found = {
            first: (100 * expected_error(confidence, correct, self.bins), "%"),
            prefix + "adaptive_error": (100 * adaptive_error(confidence, correct, self.bins), "%"),
            prefix + "nll": (nll(logits, labels), "nats"),
            prefix + "brier": (brier(logits, labels), ""),
        }
        return [Measurement(name, value, len(labels), unit, "lower", detail) for name, (value, unit) in found.items()]


def _require_labels(images: Images, split: str) -> None:
    """Raises `DataError` unless every image has one label, and there are two classes or more among them."""
    labels = images.labels
    if len(labels) == 0:
        raise DataError(f"calibration_error: the {split} split is empty; give the data a larger {_SHARE[split]}")
    if labels.ndim != 1 or labels.is_floating_point() or int(labels.min()) < 0:
        raise DataError(
            f"calibration_error: the {split} split has images without a class; it needs one label an image, 0 or more"
        )
    if len(torch.unique(labels)) < 2:
        raise DataError(
            f"calibration_error: the {split} split holds one class only, of which any confidence can be right;"
            " take a set of two classes or more"
        )


_SHARE = {"validation": "val_fraction", "test": "test_fraction"}
