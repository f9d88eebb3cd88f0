"""OoD AUROC: how well a model tells images of its own task from those of another set.

What: each image of the task's test split (in) and of another set's (out) gets a score of how familiar it is; measured
  is how well the score parts the two. AUROC is the chance that an image from inside has the higher score than one from
  outside, ties counting half: 50 % is guessing. Beside it stand the average precisions with either side as the positive
  one (``aupr_in``, ``aupr_out``; they depend on how many images there are of each), and both rates called FPR95:
  ``fpr_ood_at_95tpr_id``, the outside images accepted when 95 % of the inside ones are (ODIN's), and
  ``fpr_id_at_95tpr_ood``, the inside images refused when 95 % of the outside ones are (OpenOOD's, pytorch-ood's).
When: a model that meets images of no class it knows. Measure several sets, near and far, each a property of its own,
  and never choose a score or its options by the set reported.
Cost: a forward pass over both test splits, and over the training split for the scores that look at features.
Options: out: a data set, whose test split is brought to the task's image size and whose labels are not looked at;
  score: msp, max_logit, energy, mahalanobis, knn; batch (not part of the identity).
Reference: Hendrycks & Gimpel, ICLR 2017, arXiv 1610.02136; Yang et al., NeurIPS 2022 (OpenOOD), arXiv 2210.07242.
"""

from typing import ClassVar, final

import torch
from torch import Tensor

from tombola.data._base import Dataset, Images, loaded_images
from tombola.data._counts import Counts, counts_of
from tombola.errors import DataError, RequestError
from tombola.fitting.devices import device_of
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.properties._base import Measurement, Property
from tombola.properties._detection import auroc, average_precision, false_positive_rate
from tombola.properties._responses import responses
from tombola.properties._sets import label_of
from tombola.properties._test_images import images_of, ready, test_images
from tombola.properties.ood_scores._base import Known, OODScore
from tombola.registry import Examples
from tombola.rows import Scalar
from tombola.spec import option
from tombola.tasks._base import Task

_RECALL = 0.95


@final
class OODAUROC(Property):
    """Known images against unknown ones."""

    ARGUMENT: ClassVar[str | None] = "out"
    EXAMPLES: ClassVar[Examples] = ({"out": {"name": "digits", "size": 8, "num_train": 40}},)

    out: Dataset = option(help="the data set whose test images the model should not know; its labels do not matter")
    score: OODScore = option(
        "msp", "how familiar an image is: a name, or a mapping with options", validate_default=True
    )
    batch: int = option(256, "images a forward pass", identity=False, ge=1)

    def passes(self, counts: Counts) -> float:
        """Over both test splits, and the training split for scores of features."""
        known = counts.train if self.score.READS == "features" else 0
        return counts.test + counts_of(self.out).test + known

    def measure(self, model: Network, task: Task, *, seed: int, session: Session) -> list[Measurement]:
        inside, outside = test_images(task, None), loaded_images(self.out).test
        _require_two_sets(inside, outside, self.out)
        scores = self._scores(model, task, inside, outside, device_of(session.device))
        known, unknown = scores[: len(inside)], scores[len(inside) :]
        counts = {"in_samples": len(inside), "out_samples": len(outside)}
        detail: dict[str, Scalar] = {**self.score.told(), "out": label_of(self.out), **counts}
        return [
            Measurement(name, 100 * value, len(scores), "%", "lower" if name.startswith("fpr") else "higher", detail)
            for name, value in detection(known, unknown).items()
        ]

    def _scores(self, model: Network, task: Task, inside: Images, outside: Images, device: torch.device) -> Tensor:
        """The images' scores, those from inside first."""
        network = ready(model, device)

        def seen(images: Images) -> Tensor:
            return responses(network, images, self.score.READS, size=inside.size, batch=self.batch, device=device)

        def known() -> Known:
            train = images_of(task.splits().train, task)
            return Known(seen(train), train.labels)

        return self.score.scores(torch.cat([seen(inside), seen(outside)]), known)


def detection(known: Tensor, unknown: Tensor) -> dict[str, float]:
    """Every metric of two sets of scores, as a share; higher scores should be the known ones'."""
    return {
        "ood_auroc": auroc(known, unknown),
        "aupr_in": average_precision(known, unknown),
        "aupr_out": average_precision(-unknown, -known),
        "fpr_ood_at_95tpr_id": false_positive_rate(known, unknown, recall=_RECALL),
        "fpr_id_at_95tpr_ood": false_positive_rate(-unknown, -known, recall=_RECALL),
    }


def _require_two_sets(inside: Images, outside: Images, out: Dataset) -> None:
    for images, whose in ((inside, "the task"), (outside, f"out={out.name}")):
        if len(images) == 0:
            raise DataError(f"ood_auroc: the test split of {whose} holds no image; there is nothing to tell apart")
    first = torch.arange(min(16, len(inside)))
    alike = len(inside) == len(outside) and inside.size == outside.size
    if alike and torch.equal(inside.pixels_at(first), outside.pixels_at(first)):
        raise RequestError(f"ood_auroc: out={out.name} is the task's own data; name another set, as in out=glyphs")
