"""What int8 is calibrated on: training images of a task, never a test image, or pictures of a folder."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tombola.benching.asked import Questions, samples_to_test
from tombola.benching.examples import ENOUGH, of_folder, of_task
from tombola.data._base import of_images
from tombola.engines._base import Setting
from tombola.errors import DataError, RequestError
from tombola.shown import IMAGES, ShownImages, ShownTexts
from tombola.tasks._base import Task

SETTING = Setting(ShownImages((3, 16, 16)))


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
    found = of_folder(tmp_path, SETTING)
    assert found.inputs[IMAGES].shape == (2, 3, 16, 16)
    assert found.inputs[IMAGES].mean((1, 2, 3)).tolist() == [0.0, 1.0]
    assert found.source == f"2 pictures of {tmp_path.name}"


def test_of_many_pictures_some_are_taken_from_all_over(tmp_path: Path) -> None:
    for number in range(2 * ENOUGH):
        gray(tmp_path / f"{number:03}.png", number % 256)
    means = of_folder(tmp_path, SETTING).inputs[IMAGES].mean((1, 2, 3))
    assert len(means) == ENOUGH
    assert means.max() > 0.9


def test_a_folder_that_will_not_do_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="is no folder"):
        of_folder(tmp_path / "none", SETTING)
    with pytest.raises(RequestError, match="holds no picture"):
        of_folder(tmp_path, SETTING)
    (tmp_path / "bad.png").write_text("no picture", encoding="utf-8")
    with pytest.raises(DataError, match=r"bad\.png cannot be read"):
        of_folder(tmp_path, SETTING)


def test_pictures_given_come_before_the_task_and_without_either_there_are_none(tmp_path: Path) -> None:
    gray(tmp_path / "a.png", 9)
    both = Questions(Task.parse("digits"), examples=tmp_path).calibration(SETTING)
    assert both is not None
    assert both.source.startswith("1 pictures")
    assert Questions().calibration(SETTING) is None


def test_accuracy_is_judged_on_images_of_every_class(tmp_path: Path) -> None:
    judged = samples_to_test(Questions(Task.parse("digits"), samples=50), SETTING, tmp_path)
    assert judged.samples.labels.bincount(minlength=10).min() >= 4
    assert len(judged.samples.labels) == 50 < judged.of


def test_texts_are_filled_up_to_the_length_they_are_timed_at(tmp_path: Path) -> None:
    task = Task.parse({"name": "text:prose", "num_train": 60, "tokenizer": "plain:300"})
    shown = ShownTexts(64, words=300, beside=("attention_mask", "token_type_ids"))
    judged = samples_to_test(Questions(task, samples=20), Setting(shown), tmp_path)
    found = {name: np.load(judged.folder / f"{name}.npy") for name in shown.names}
    assert {array.shape for array in found.values()} == {(20, 64)}
    assert found["input_ids"].max() < 300
    assert (found["input_ids"][found["attention_mask"] == 0] == 0).all()
    assert not found["token_type_ids"].any()
    assert (len(judged.samples.labels), judged.of) == (20, 443)
    with pytest.raises(RequestError, match="the net is timed at 9; write --length"):
        samples_to_test(Questions(task, samples=20), Setting(shown.at(9)), tmp_path)
    with pytest.raises(RequestError, match="leave it out"):
        Questions(task, examples=tmp_path).calibration(Setting(shown))
    assert Questions(task).calibration(Setting(shown)) is None
