"""What is asked of an engine beside its time: whether its logits are torch's, and how many images it tells right."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tombola.answers import Classes
from tombola.benching.examples import of_folder, of_task
from tombola.benching.worker import Worker
from tombola.data._base import of_images, stratified
from tombola.engines._base import Examples, Setting
from tombola.errors import RequestError
from tombola.models.network import Network
from tombola.tasks._base import Task

_CHECKED = 4
_NOTHING = 1e-6


@dataclass(frozen=True)
class Questions:
    """Accuracy on ``samples`` test images of a task, if one is given; and where the time goes.

    ``examples`` are pictures to calibrate int8 on, instead of training images of the task.
    """

    task: Task | None = None
    samples: int = 1000
    layers: bool = False
    examples: Path | None = None

    def calibration(self, setting: Setting) -> Examples | None:
        """Images to calibrate on, none where neither pictures nor a task are given."""
        if self.examples is not None:
            return of_folder(self.examples, setting)
        return None if self.task is None else of_task(self.task)


def questions_of(task: Task) -> Questions:
    """What can be asked about a task: accuracy where there is one answer an image."""
    return Questions(task if issubclass(task.ANSWERS, Classes) else None)


@dataclass(frozen=True)
class Judged:
    """Test images in a file, what they show, and of how many they are."""

    task: Task
    file: Path
    targets: Tensor
    of: int


def images_to_test(questions: Questions, setting: Setting, folder: Path) -> Judged:
    """Test images, each class by its share, written into ``folder``; `RequestError` for a task that has none."""
    task = questions.task
    assert task is not None
    if not issubclass(task.ANSWERS, Classes):
        raise RequestError(f"accuracy is of tasks with one answer an image, and {task.name} has {task.ANSWERS.WHAT}")
    images = of_images(task.splits(), "bench").test
    if images.size != setting.size[-1]:
        raise RequestError(
            f"the images of the task are {images.size} pixels wide, and the net is timed at {setting.size[-1]};"
            f" leave out --size, or write --set task.size={setting.size[-1]}"
        )
    some = stratified(images, min(questions.samples, len(images)), seed=0)
    file = folder / "images.npy"
    np.save(file, some.pixels_at(torch.arange(len(some))).numpy(), allow_pickle=False)
    return Judged(task, file, some.labels, len(images))


def accuracy(worker: Worker, images: Judged) -> float:
    """Per cent of the images that the engine tells right."""
    logits = worker.answer(images.file)
    return 100 * images.task.scores(logits, images.targets).double().mean().item()


class Reference:
    """torch's logits of a few random images, to compare every engine's with."""

    def __init__(self, network: Network, setting: Setting, folder: Path) -> None:
        pixels = np.random.default_rng(1).integers(0, 256, (_CHECKED, *setting.size), dtype=np.uint8)
        self._file = folder / "random.npy"
        np.save(self._file, pixels, allow_pickle=False)
        with torch.no_grad():
            self._wanted = network(torch.from_numpy(pixels).float() / 255)

    @property
    def alike(self) -> bool:
        """Whether every image gets the same logits, as from a net of which a whole layer is pruned."""
        return float((self._wanted - self._wanted[:1]).abs().max()) <= _NOTHING * float(self._wanted.abs().max())

    def difference(self, worker: Worker) -> float:
        """The largest difference of a logit, as a part of the largest logit."""
        found = worker.answer(self._file)
        most = self._wanted.abs().max().clamp_min(torch.finfo(torch.float32).tiny)
        return float((found - self._wanted).abs().max() / most)
