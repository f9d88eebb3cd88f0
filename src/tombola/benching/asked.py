"""What is asked of an engine beside its time: whether its logits are torch's, and how many samples it tells right."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from tombola.answers import Classes
from tombola.benching.numbers import SAMPLES
from tombola.benching.worker import Worker, written_inputs
from tombola.data._base import Images, Labelled, of_images, stratified
from tombola.data._texts import Texts
from tombola.engines._base import Setting
from tombola.errors import RequestError
from tombola.models.network import Network
from tombola.models.showing import batch_of
from tombola.properties._test_images import outcomes
from tombola.shown import IDS, IMAGES, MASK, TYPES, Arrays, Examples, Shown, ShownImages, ShownTexts
from tombola.tasks._base import Task
from tombola.tasks._calibration import of_folder, of_task

_CHECKED = 4
_NOTHING = 1e-6


@dataclass(frozen=True)
class Questions:
    """Accuracy on ``samples`` samples of a task's ``split``, if a task is given; and where the time goes.

    ``examples`` are pictures to calibrate int8 on, instead of training images of the task. Engines in ``only_timed``,
    by their labels, are not asked for accuracy.
    """

    task: Task | None = None
    samples: int = SAMPLES
    layers: bool = False
    examples: Path | None = None
    split: Literal["test", "val"] = "test"
    only_timed: Collection[str] = ()

    def calibration(self, setting: Setting) -> Examples | None:
        """Samples to calibrate on, none where neither pictures nor a task are given."""
        if self.examples is not None:
            if isinstance(setting.shown, ShownTexts):
                raise RequestError("--images are pictures to calibrate on, and the net reads texts; leave it out")
            return of_folder(self.examples, setting.shown.shape[-1])
        return None if self.task is None else of_task(self.task)


def questions_of(
    task: Task, split: Literal["test", "val"] = "test", only_timed: Collection[str] = (), samples: int = SAMPLES
) -> Questions:
    """What can be asked about a task: accuracy where there is one answer a sample."""
    return Questions(task if issubclass(task.ANSWERS, Classes) else None, samples, split=split, only_timed=only_timed)


@dataclass(frozen=True)
class Judged:
    """Samples in a folder, what they are, and of how many they were taken."""

    task: Task
    folder: Path
    samples: Labelled
    of: int


def samples_to_test(questions: Questions, setting: Setting, folder: Path) -> Judged:
    """Samples of the split, each class by its share, written into ``folder``; `RequestError` for a task of others."""
    task, split = questions.task, questions.split
    assert task is not None
    if not issubclass(task.ANSWERS, Classes):
        raise RequestError(f"accuracy is of tasks with one answer a sample, and {task.name} has {task.ANSWERS.WHAT}")
    if isinstance(setting.shown, ShownTexts):
        inputs, some, of = _texts_to_test(getattr(task.splits(), split), task.name, questions.samples, setting.shown)
    else:
        images = getattr(of_images(task.splits(), "bench"), split)
        inputs, some, of = _images_to_test(images, questions.samples, setting.shown)
    return Judged(task, written_inputs(inputs, folder / "test"), some, of)


def _images_to_test(images: Images, samples: int, shown: Shown) -> tuple[Arrays, Labelled, int]:
    side = shown.shape[-1]
    if images.size != side:
        raise RequestError(
            f"the images of the task are {images.size} pixels wide, and the net is timed at {side};"
            f" leave out --size, or write --set task.size={side}"
        )
    some = stratified(images, min(samples, len(images)), seed=0)
    return {IMAGES: some.pixels_at(torch.arange(len(some))).numpy()}, some, len(images)


def _texts_to_test(texts: Any, name: str, samples: int, shown: ShownTexts) -> tuple[Arrays, Labelled, int]:
    """Texts filled up to the length that the net is timed at."""
    if not isinstance(texts, Texts):
        raise RequestError(f"{name} holds no texts, and the net reads texts; name a task such as text:prose")
    some = stratified(texts, min(samples, len(texts)), seed=0)
    batch = some.take(torch.arange(len(some)))
    longest = int(batch.more[MASK].sum(1).max())
    if longest > shown.length:
        raise RequestError(
            f"the texts of the task have up to {longest} tokens, and the net is timed at {shown.length}; write"
            f" --length {longest}, or --set task.length={shown.length}"
        )
    given = {IDS: batch.x, TYPES: torch.zeros_like(batch.x), **batch.more}
    fill = {IDS: texts.pad}
    inputs = {name: _at_length(given[name], shown.length, fill.get(name, 0)) for name in shown.names}
    return inputs, some, len(texts)


def _at_length(tensor: Tensor, length: int, value: int) -> NDArray[Any]:
    cut = tensor[:, :length]
    return F.pad(cut, (0, length - cut.shape[1]), value=value).numpy()


def answered(worker: Worker, judged: Judged) -> tuple[float, str]:
    """Per cent of the samples that the engine tells right, and which they are."""
    scores = judged.task.scores(worker.answer(judged.folder), judged.samples.labels).double()
    return 100 * scores.mean().item(), outcomes(scores, judged.samples)


class Reference:
    """torch's logits of a few random samples, to compare every engine's with."""

    def __init__(self, network: Network, setting: Setting, folder: Path) -> None:
        inputs = _random(setting)
        self._folder = written_inputs(inputs, folder / "random")
        tensors = {name: torch.from_numpy(array) for name, array in inputs.items()}
        batch = batch_of(
            {name: item.float() / 255 if item.dtype == torch.uint8 else item for name, item in tensors.items()}
        )
        with torch.no_grad():
            self._wanted = network(batch.x, **batch.more)

    @property
    def alike(self) -> bool:
        """Whether every sample gets the same logits, as from a net of which a whole layer is pruned."""
        return float((self._wanted - self._wanted[:1]).abs().max()) <= _NOTHING * float(self._wanted.abs().max())

    def difference(self, worker: Worker) -> float:
        """The largest difference of a logit, as a part of the largest logit."""
        found = worker.answer(self._folder)
        most = self._wanted.abs().max().clamp_min(torch.finfo(torch.float32).tiny)
        return float((found - self._wanted).abs().max() / most)


def _random(setting: Setting) -> Arrays:
    """Images as bytes, which every program makes the same floats of."""
    numbers, shown = np.random.default_rng(1), setting.shown
    if isinstance(shown, ShownImages):
        return {IMAGES: numbers.integers(0, 256, (_CHECKED, *shown.shape), dtype=np.uint8)}
    return shown.drawn(_CHECKED, numbers)
