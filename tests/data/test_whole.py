"""A folder measured as a whole: every image once, by name, and nothing to train on."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tombola.data._base import loaded, loaded_images
from tombola.data._whole import Together
from tombola.data.folder import Folder
from tombola.data.pack import Pack
from tombola.errors import DataError
from tombola.tasks._base import Task

SIZE = 8


def pictures(root: Path, *places: str) -> Path:
    """Three gray images in each place, each of a brightness of its own."""
    for number, place in enumerate(places):
        (root / place).mkdir(parents=True)
        for index in range(3):
            gray = np.full((SIZE, SIZE, 3), 10 * (3 * number + index), np.uint8)
            Image.fromarray(gray).save(root / place / f"{index}.png")
    return root


def test_every_image_once_and_by_name(tmp_path: Path) -> None:
    root = pictures(tmp_path, "train/ant", "train/bee", "test/ant", "test/bee")
    test = loaded(Folder(path=root, size=SIZE, split="all")).test
    assert isinstance(test, Together)
    shown = {test.title_of(index): int(test.pixels_at(torch.tensor([index]))[0, 0, 0, 0]) for index in range(len(test))}
    assert len(shown) == 12
    assert sorted(shown.values()) == [10 * level for level in range(12)]
    assert shown["test/bee/2.png"] == max(shown.values())
    assert torch.equal(torch.cat(test.batches_of(5)), torch.arange(12))
    order = torch.tensor([11, 0, 7])
    assert test.pixels_at(order)[:, 0, 0, 0].tolist() == [
        int(test.pixels_at(index[None])[0, 0, 0, 0]) for index in order
    ]


def test_all_or_a_share_and_the_key_of_before(tmp_path: Path) -> None:
    root = pictures(tmp_path, "ant", "bee")
    asked = {"name": f"folder:{root}", "size": SIZE, "test_fraction": 0.34, "val_fraction": 0.5}
    part, every = Task.parse(asked), Task.parse({**asked, "split": "all"})
    assert [len(task.splits().test) for task in (part, every)] == [2, 6]
    assert "split" not in str(part.identity())
    assert part.digest() != every.digest()
    assert "split=all takes the whole" in part.tested()
    assert "all images of" in every.tested()


def test_nothing_is_left_to_train_on(tmp_path: Path) -> None:
    task = Task.parse({"name": f"folder:{pictures(tmp_path, 'ant', 'bee')}", "size": SIZE, "split": "all"})
    with pytest.raises(DataError, match="leaves nothing to train on"):
        len(task.splits().train)


def test_large_folders_too(tmp_path: Path) -> None:
    root = pictures(tmp_path, "ant", "bee")
    test = loaded(Folder(path=root, size=SIZE, split="all", in_memory_mb=0)).test
    assert [test.title_of(index) for index in (0, 5)] == ["ant/0.png", "bee/2.png"]


def test_a_pack_too(tmp_path: Path) -> None:
    pixels = np.arange(6, dtype=np.uint8)[:, None, None, None] * np.ones((1, SIZE, SIZE, 3), np.uint8)
    for split, some in (("train", slice(0, 4)), ("test", slice(4, 6))):
        labels = np.arange(6)[some] % 2
        np.savez(tmp_path / f"set_{split}.npz", x=pixels[some], y=labels, classes=np.array(["ant", "bee"]))
    part, every = Pack(path=tmp_path), Pack(path=tmp_path, split="all")
    assert [len(loaded(one).test) for one in (part, every)] == [2, 6]
    assert sorted(loaded_images(every).test.pixels_at(torch.arange(6))[:, 0, 0, 0].tolist()) == list(range(6))
    assert part.identity() == {name: value for name, value in every.identity().items() if name != "split"}
    assert (part.tested(), every.tested()) == ("set_test.npz", f"all images of {tmp_path}")
