"""Packs of images with boxes: read as they are or at another size, and what is wrong with a file, in words."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tombola.data._base import Splits
from tombola.data.box_pack import BoxPack
from tombola.errors import DataError, OptionError
from tombola.tasks._base import Task


@pytest.fixture
def packed(tmp_path: Path) -> BoxPack:
    """A small one: 12 images of 16x16 a file, the first without a box."""
    return BoxPack.examples(tmp_path)[0]


def changed(pack: BoxPack, **arrays: Any) -> BoxPack:
    """The same with other arrays in its test file; None takes one away."""
    file = pack.files()["test"]
    with np.load(file) as held:
        kept = {name: held[name] for name in held.files}
    np.savez(
        file, allow_pickle=False, **{name: value for name, value in {**kept, **arrays}.items() if value is not None}
    )
    return pack


def test_it_is_read_as_it_is(packed: BoxPack) -> None:
    splits: Splits = packed.load()
    assert [len(part) for part in (splits.train, splits.val, splits.test)] == [11, 1, 12]
    assert (splits.classes, splits.test.size) == (("cat", "dog"), 16)
    assert splits.test.labels[:2].tolist() == [[[-1, 0, 0, 0, 0]], [[0, 0, 2, 6, 9]]]


def test_another_size_moves_boxes_and_is_another_set(packed: BoxPack) -> None:
    small = packed.replace(height=8, width=12)
    splits: Splits = small.load()
    assert splits.test.pixels_at(torch.tensor([0])).shape == (1, 3, 8, 12)
    assert splits.test.labels[1].tolist() == [[0, 0, 1, 3, 4.5]]
    assert small.digest() != packed.digest()
    with pytest.raises((OptionError, ValueError), match="height and width go together"):
        BoxPack(path=packed.path, height=8)


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"boxes": None}, "has no boxes; expected data, offsets, boxes"),
        ({"boxes": np.zeros((11, 3))}, r"boxes of shape \(11, 3\)"),
        ({"box_labels": np.zeros(11)}, "N whole ones"),
        ({"box_offsets": np.arange(12)}, "box_offsets that do not rise"),
        ({"box_offsets": np.array([0, *range(11), 9])}, "box_offsets that do not rise"),
        ({"box_labels": np.full(11, 5)}, "image 1 has a box of class 5; there are 0 to 1"),
        ({"boxes": np.full((11, 4), np.nan)}, "no number"),
        ({"classes": np.array(["cat", "mouse"])}, "different classes or shapes"),
    ],
)
def test_a_wrong_file_is_refused(packed: BoxPack, arrays: dict[str, Any], says: str) -> None:
    with pytest.raises(DataError, match=says):
        changed(packed, **arrays).load()


@pytest.mark.realdata
def test_blood_cells_are_read() -> None:
    data = Path(os.environ.get("TOMBOLA_DATA", "../shared/data")) / "bccd"
    if not data.is_dir():
        pytest.skip(f"no {data}")
    splits = Task.parse(f"detection:box_pack:{data}").splits()
    assert splits.classes == ("RBC", "WBC", "Platelets")
    counts = [int((part.labels[..., 0] >= 0).sum()) for part in (splits.train, splits.val, splits.test)]  # type: ignore[attr-defined]
    assert counts == [2804, 1137, 945]
