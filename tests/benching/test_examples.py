"""What engines are asked on: pictures or images of a task to calibrate on, and test samples of every class."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tombola.benching.asked import Questions, samples_to_test
from tombola.engines._base import Setting
from tombola.errors import RequestError
from tombola.shown import ShownImages, ShownTexts
from tombola.tasks._base import Task

SETTING = Setting(ShownImages((3, 16, 16)))


def test_pictures_given_come_before_the_task_and_without_either_there_are_none(tmp_path: Path) -> None:
    Image.new("RGB", (40, 30), (9, 9, 9)).save(tmp_path / "a.png")
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
    taken = Questions(task).calibration(Setting(shown))
    assert taken is not None
    assert taken.source == "60 training texts of the task"
