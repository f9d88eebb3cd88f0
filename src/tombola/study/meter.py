"""What a stage costs: forward passes of one image, two operations a multiply-add; or why it cannot be known."""

from dataclasses import dataclass
from typing import final

from tombola.answers import Boxes, Tokens, Vectors
from tombola.data._base import Dataset, of_images
from tombola.data._counts import Counts, counts_of
from tombola.errors import TombolaError
from tombola.models.source import Source
from tombola.registry import Member
from tombola.study.macs import forward_macs, text_macs
from tombola.tasks._base import Task


@dataclass(frozen=True)
class Cost:
    """Floating-point operations and the forward passes of one image they are of; or why they are unknown."""

    flops: float = 0.0
    passes: float = 0.0
    unknown: str = ""


@final
class Meter:
    """Reads the counts of each task once; nothing is downloaded, loaded on a device, trained or measured."""

    def __init__(self) -> None:
        self._counts: dict[str, Counts | TombolaError] = {}

    def counts(self, task: Task) -> Counts:
        """How many images a task has in each split, and how large they are; raises why that is unknown."""
        key = task.digest()
        if key not in self._counts:
            self._counts[key] = _counts(task)
        found = self._counts[key]
        if isinstance(found, TombolaError):
            raise found
        return found

    def times(self, who: Member, passes: float | None, model: Source, task: Task | None) -> Cost:
        """What a member costs that says so many forward passes of one image of the task."""
        if passes is None:
            return Cost(unknown=f"{who.name} does not say what it costs")
        if passes == 0:
            return Cost()
        if task is None:
            return Cost(unknown=f"{who.name} says no image size")
        counts = self.counts(task)
        passes *= 2 if issubclass(task.ANSWERS, Vectors) else 1  # both views of an image
        if counts.tokens is not None:
            asked = getattr(task, "share", None) if task.ANSWERS is Tokens else None
            return Cost(2 * text_macs(model.bare, model.options, counts.tokens, counts.classes, asked) * passes, passes)
        boxes = task.ANSWERS is Boxes
        outputs = Boxes(counts.classes).outputs if boxes else counts.classes
        decoder = "boxes" if boxes else getattr(task, "decoder", None)
        stride = getattr(task, "output_stride", None)
        macs = forward_macs(model.bare, counts.pixels, outputs, width=model.width, decoder=decoder, stride=stride)
        return Cost(2 * macs * passes, passes)


def _counts(task: Task) -> Counts | TombolaError:
    """Those of the task's data, less what a share of the labels leaves out."""
    try:
        data = getattr(task, "data", None)
        if isinstance(data, Dataset):
            found = counts_of(data).part(float(getattr(task, "fraction", 1.0)))
            shots = getattr(task, "shots", None)
            return found if shots is None else found.few(shots)
        splits = of_images(task.splits(), "an estimate of the cost")
        return Counts(len(splits.train), len(splits.val), len(splits.test), len(splits.classes), splits.train.size)
    except TombolaError as error:
        return error
