"""Average precision: whether boxes are found, the sure ones first, from one ranking over the whole test split.

What: COCO's: boxes of a class from the surest down, right where one covers a box of its class that none surer took;
    precision read at 101 recalls, averaged over classes and over the overlaps 0.5, 0.55, ..., 0.95, in per cent.
    ``ap50`` and ``ap75`` are those at one overlap. Each class's stands in the detail, empty where the test split has
    none of it. An image tells its 100 surest boxes. The 95 % interval is the bootstrap's over images.
When: The number of every detection study. Compare at one image size only.
Cost: One forward pass over the test split; the interval as much as counting it ``resamples`` times.
Options: resamples; batch (not part of the identity).
Reference: Lin et al. (Microsoft COCO), ECCV 2014, and its evaluation code; Efron and Tibshirani (the bootstrap), 1993.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final, final

import numpy as np
from torch import Tensor

from tombola.answers import Boxes
from tombola.batch import Batch
from tombola.errors import RequestError, StageError
from tombola.fitting.devices import device_of
from tombola.fitting.session import Session
from tombola.models.heads._detector import Detector
from tombola.models.network import Network
from tombola.properties._base import Measurement, Property
from tombola.properties._test_images import each_batch, require_answers, test_images
from tombola.registry import Examples
from tombola.rows import Scalar
from tombola.spec import option
from tombola.tasks._base import Task
from tombola.tasks.metrics.average_precision import OVERLAPS, Array, Judged, judged, precisions

_SHOWN: Final[Mapping[str, slice]] = {
    "average_precision": slice(None),
    "ap50": slice(0, 1),
    "ap75": slice(OVERLAPS.index(0.75), OVERLAPS.index(0.75) + 1),
}


@final
class AveragePrecisionOf(Property):
    """Average precision of boxes."""

    EXAMPLES: ClassVar[Examples] = ({"resamples": 5},)

    resamples: int = option(200, "how often images are drawn anew for the interval; 0: no interval", ge=0)
    batch: int = option(16, "images a forward pass", identity=False, ge=1)

    def check(self, task: Task) -> None:
        require_answers(task, Boxes, "average_precision is of boxes", "write accuracy, or what the task is judged by")

    def measure(self, model: Network, task: Task, *, seed: int, session: Session) -> list[Measurement]:
        self.check(task)
        head = model.head_kind
        if not task.fits(model) or not isinstance(head, Detector):
            raise RequestError(
                f"{model.source} tells no boxes of this task's classes; transfer a ticket to the detection task first"
            )
        images = test_images(task, None)

        def taken(shown: Batch, outputs: Tensor) -> list[dict[int, Judged]]:
            boxes = (own[own[:, 0] >= 0] for own in shown.targets.cpu())
            return [judged(one, own) for one, own in zip(head.told(outputs), boxes, strict=True)]

        parts = each_batch(model, images, self.batch, device_of(session.device), taken)
        each = [image for part in parts for image in part]
        spread = _drawn_anew(each, self.resamples, seed)
        return [_shown(name, precisions(each), spread, images.classes, len(images)) for name in _SHOWN]


def _drawn_anew(images: Sequence[dict[int, Judged]], times: int, seed: int) -> list[Mapping[int, Array | None]]:
    """The precisions of as many images drawn with putting back, so many times."""
    drawn = np.random.default_rng(seed)
    share = np.full(len(images), 1 / len(images))
    return [precisions(images, drawn.multinomial(len(images), share)) for _ in range(times)]


def _shown(
    name: str,
    found: Mapping[int, Array | None],
    spread: Sequence[Mapping[int, Array | None]],
    classes: Sequence[str],
    count: int,
) -> Measurement:
    """One of the measurements, in per cent; the interval stands in the detail."""
    value = _mean(found, name)
    if value is None:
        raise StageError(f"{name}: no image of the test split has a box, and none can be found")
    detail: dict[str, Scalar] = {}
    for place, label in enumerate(classes):
        of_class = found.get(place)
        detail[f"ap {label}"] = None if of_class is None else 100 * float(of_class[_SHOWN[name]].mean())
    if ends := [one for again in spread if (one := _mean(again, name)) is not None]:
        low, high = np.quantile(ends, [0.025, 0.975])
        detail |= {"low": 100 * float(low), "high": 100 * float(high), "level": 0.95}
    return Measurement(name, 100 * value, count, "%", detail=detail)


def _mean(found: Mapping[int, Array | None], name: str) -> float | None:
    each = [value[_SHOWN[name]].mean() for value in found.values() if value is not None]
    return float(np.mean(each)) if each else None
