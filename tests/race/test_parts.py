"""The card says of every split how many samples it has and where they come from."""

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tombola.data._base import Dataset
from tombola.race.parts import parted, parts_of
from tombola.tasks._base import Task


def photos(folder: Path, *splits: str) -> Dataset:
    """Images of two classes, in the splits' folders where some are named."""
    for split in splits or ("",):
        for name in ("cat", "dog"):
            (folder / split / name).mkdir(parents=True)
            for number in range(10):
                Image.new("RGB", (8, 8), (number, 0, 0)).save(folder / split / name / f"{number}.png")
    return Dataset.parse({"name": "folder", "path": folder, "size": 8})


DRAWN = "20 % of all held out, 10 % of the others for validation, drawn by seed 0"
NAMED = "those that the data name held out, "


@pytest.mark.parametrize(
    ("splits", "said"),
    [
        ((), DRAWN),
        (("train", "test"), f"{NAMED}10 % of the others for validation, drawn by seed 0"),
        (("train", "val"), f"{NAMED}10 % of the others for validation, drawn by seed 0"),
        (("train", "val", "test"), f"{NAMED}those that the data name for validation"),
    ],
)
def test_a_folder_says_which_splits_are_its_own(tmp_path: Path, splits: tuple[str, ...], said: str) -> None:
    assert parted(photos(tmp_path / "photos", *splits)) == said


def test_samples_that_look_alike_are_said_to_be_on_one_side(tmp_path: Path) -> None:
    assert (
        parted(photos(tmp_path / "photos").replace(alike="together")) == f"{DRAWN}, those that look alike on one side"
    )


@pytest.mark.parametrize(
    ("splits", "said"),
    [((), DRAWN), (("val",), "20 % of all held out, those that the data name for validation, drawn by seed 0")],
)
def test_tables_of_texts_too(tmp_path: Path, splits: tuple[str, ...], said: str) -> None:
    for split in ("train", *splits):
        (tmp_path / f"{split}.csv").write_text("text,label\ngood,1\nbad,0\n", encoding="utf-8")
    assert parted(Dataset.parse({"name": "texts", "path": tmp_path, "tokenizer": "plain:300"})) == said


def test_a_published_set_names_its_test_samples() -> None:
    assert parted(Dataset.parse("cifar10")) == f"{NAMED}10 % of the others for validation, drawn by seed 0"


def test_sizes_are_of_what_trains() -> None:
    task: Any = Task.parse({"name": "digits", "num_train": 200})
    assert parts_of(task).startswith("200 training, 199 validation, 599 held-out samples; a part held out, a part for")
