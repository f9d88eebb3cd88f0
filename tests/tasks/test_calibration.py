"""What int8 is calibrated on: training images of a task, never a test image, or pictures of a folder."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tombola.data._base import of_images
from tombola.errors import DataError, RequestError
from tombola.shown import IMAGES
from tombola.tasks._base import Task
from tombola.tasks._calibration import ENOUGH, of_folder, of_task

SIDE = 16


def gray(file: Path, value: int) -> None:
    """A picture of one gray."""
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (40, 30), (value,) * 3).save(file)


def test_of_a_task_they_are_training_images_of_every_class_and_no_test_image() -> None:
    task = Task.parse("digits")
    found = of_task(task)
    assert found.inputs[IMAGES].shape == (ENOUGH, 3, 16, 16)
    assert found.inputs[IMAGES].dtype == np.float32
    assert found.inputs[IMAGES].max() <= 1
    shown = {image.tobytes() for image in (found.inputs[IMAGES] * 255).round().astype(np.uint8)}
    splits = of_images(task.splits(), "a test")
    held = [
        {image.numpy().tobytes() for image in part.pixels_at(torch.arange(len(part)))}
        for part in (splits.train, splits.test)
    ]
    assert shown <= held[0]
    assert not shown & held[1]


def test_pictures_of_a_folder_and_those_within_are_cut_to_size(tmp_path: Path) -> None:
    gray(tmp_path / "b.png", 255)
    gray(tmp_path / "a" / "a.jpg", 0)
    (tmp_path / "notes.txt").write_text("no picture", encoding="utf-8")
    found = of_folder(tmp_path, SIDE)
    assert found.inputs[IMAGES].shape == (2, 3, 16, 16)
    assert found.inputs[IMAGES].mean((1, 2, 3)).tolist() == [0.0, 1.0]
    assert found.source == f"2 pictures of {tmp_path.name}"


def test_of_many_pictures_some_are_taken_from_all_over(tmp_path: Path) -> None:
    for number in range(2 * ENOUGH):
        gray(tmp_path / f"{number:03}.png", number % 256)
    means = of_folder(tmp_path, SIDE).inputs[IMAGES].mean((1, 2, 3))
    assert len(means) == ENOUGH
    assert means.max() > 0.9


def test_pictures_are_as_many_apart_however_many_there_are(tmp_path: Path) -> None:
    for kind, value in (("a", 0), ("b", 128), ("c", 255)):
        for number in range(80):
            gray(tmp_path / kind / f"{number}.png", value)
    means = of_folder(tmp_path, SIDE).inputs[IMAGES].mean((1, 2, 3))
    assert len(means) == ENOUGH
    assert [int((abs(means - value / 255) < 0.01).sum()) for value in (0, 128, 255)] == [43, 43, 42]


def test_hidden_files_are_passed_over_and_every_kind_of_picture_is_read(tmp_path: Path) -> None:
    gray(tmp_path / "a.gif", 255)
    (tmp_path / "._a.png").write_text("what a file system leaves", encoding="utf-8")
    assert len(of_folder(tmp_path, SIDE).inputs[IMAGES]) == 1


def test_a_folder_that_will_not_do_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="is no folder"):
        of_folder(tmp_path / "none", SIDE)
    with pytest.raises(RequestError, match="holds no picture"):
        of_folder(tmp_path, SIDE)
    (tmp_path / "bad.png").write_text("no picture", encoding="utf-8")
    with pytest.raises(DataError, match=r"bad\.png cannot be read"):
        of_folder(tmp_path, SIDE)
