"""What is asked of an engine beside its time: whether its logits are torch's, and how many images it tells right."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tombola.benching.worker import Worker
from tombola.engines._base import Setting
from tombola.errors import RequestError
from tombola.models.network import Network
from tombola.tasks._base import Task

_CHECKED = 4
_NOTHING = 1e-6


@dataclass(frozen=True)
class Questions:
    """Accuracy on the first ``samples`` test images of a task, if one is given; and where the time goes."""

    task: Task | None = None
    samples: int = 1000
    layers: bool = False


@dataclass(frozen=True)
class FirstImages:
    """Test images in a file, and what they show."""

    task: Task
    file: Path
    targets: Tensor


def first_images(questions: Questions, setting: Setting, folder: Path) -> FirstImages:
    """The first test images of the task, written into ``folder``; raises `RequestError` for a task that has none."""
    task = questions.task
    assert task is not None
    if task.ANSWERS != "an image":
        raise RequestError(f"accuracy is of tasks with one answer an image, and {task.name} has {task.ANSWERS}")
    images = task.splits().test
    if images.size != setting.size[-1]:
        raise RequestError(
            f"the images of the task are {images.size} pixels wide, and the net is timed at {setting.size[-1]};"
            f" leave out --size, or write --set task.size={setting.size[-1]}"
        )
    chosen = torch.arange(min(questions.samples, len(images)))
    file = folder / "images.npy"
    np.save(file, images.take(chosen).numpy(), allow_pickle=False)
    return FirstImages(task, file, images.labels[chosen])


def accuracy(worker: Worker, images: FirstImages) -> float:
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
