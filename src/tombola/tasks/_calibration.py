"""What to calibrate on: training samples of a task, or whatever pictures lie in a folder. Never a test sample."""

from pathlib import Path
from typing import Any, Final

import torch
from numpy.typing import NDArray
from torch import Tensor

from tombola.answers import Classes
from tombola.data._base import of_images, stratified
from tombola.data._decode import decode_all
from tombola.data._image_files import SUFFIXES, images_below
from tombola.data._texts import Texts
from tombola.errors import DataError, RequestError
from tombola.shown import IDS, IMAGES, TYPES, Examples
from tombola.tasks._base import Task

ENOUGH: Final = 128
"""Samples that are looked at: more of them change the range of a map by little."""


def of_task(task: Task) -> Examples:
    """Training samples, each class by its share, not augmented."""
    train: Any = task.splits().train
    if isinstance(train, Texts):
        return _of_texts(task, train)
    train = of_images(task.splits(), "calibration").train
    count = min(ENOUGH, len(train))
    chosen = stratified(train, count, seed=0) if issubclass(task.ANSWERS, Classes) else train
    return Examples({IMAGES: _floats(chosen.pixels_at(torch.arange(count)))}, f"{count} training images of the task")


def _of_texts(task: Task, train: Texts) -> Examples:
    count = min(ENOUGH, len(train))
    chosen = stratified(train, count, seed=0) if issubclass(task.ANSWERS, Classes) else train
    batch = chosen.take(torch.arange(count))
    given = {IDS: batch.x, TYPES: torch.zeros_like(batch.x), **batch.more}
    return Examples({name: one.numpy() for name, one in given.items()}, f"{count} training texts of the task")


def of_folder(folder: Path, side: int) -> Examples:
    """Pictures in a folder and the folders in it, the middle square of each, as many apart in the order of names."""
    if not folder.is_dir():
        raise RequestError(f"{folder} is no folder; name one with pictures like those to come")
    files = images_below(folder)
    if not files:
        raise RequestError(f"{folder} holds no picture ({', '.join(sorted(SUFFIXES))})")
    count = min(ENOUGH, len(files))
    chosen = [files[number * len(files) // count] for number in range(count)]
    pixels, broken = decode_all(chosen, side, workers=0)
    if broken:
        first, why = next(iter(broken.items()))
        raise DataError(f"{chosen[first]} cannot be read: {why}; mend or remove it")
    return Examples({IMAGES: _floats(pixels)}, f"{len(chosen)} pictures of {folder.name}")


def _floats(pixels: Tensor) -> NDArray[Any]:
    found: NDArray[Any] = (pixels.float() / 255).numpy()
    return found
