"""Checkpoints: what is written comes back bit for bit, and nothing else does."""

from pathlib import Path

import pytest
import torch

from tombola.errors import StoreError
from tombola.fitting.checkpoints import Checkpoint, Checkpoints

TENSORS = {"a": torch.tensor([1.5, float("nan"), -0.0]), "b/c": torch.arange(6).view(2, 3).T, "empty": torch.zeros(0)}


def saved(folder: Path, *steps: int, work: str = "work") -> tuple[Checkpoints, list[str]]:
    notes: list[str] = []
    kept = Checkpoints(folder, work, notes.append)
    for step in steps:
        kept.save(Checkpoint(step, TENSORS, {"loss": 0.1 + 0.2, "history": [step]}))
    return kept, notes


def test_the_last_one_comes_back_bit_for_bit_whatever_its_layout(tmp_path: Path) -> None:
    found = saved(tmp_path, 5, 20)[0].latest()
    assert found is not None
    assert (found.step, found.facts) == (20, {"loss": 0.1 + 0.2, "history": [20]})
    for name, tensor in TENSORS.items():
        assert tensor.contiguous().view(torch.uint8).equal(found.tensors[name].view(torch.uint8))


def test_only_two_are_kept_and_nothing_half_written(tmp_path: Path) -> None:
    (tmp_path / "step-000000001.part").write_bytes(b"half")
    saved(tmp_path, 1, 2, 3)
    assert sorted(file.name for file in tmp_path.iterdir()) == [f"step-00000000{n}.safetensors" for n in (2, 3)]


@pytest.mark.parametrize("place", range(0, 500, 17))
def test_any_flipped_bit_sends_us_to_the_one_before(place: int, tmp_path: Path) -> None:
    kept, notes = saved(tmp_path, 1, 2)
    file = tmp_path / "step-000000002.safetensors"
    content = bytearray(file.read_bytes())
    content[place % len(content)] ^= 1
    file.write_bytes(content)
    found = kept.latest()
    assert found is not None
    assert found.step == 1
    assert len(notes) == 1


def test_one_of_another_training_is_not_taken(tmp_path: Path) -> None:
    saved(tmp_path, 1)
    assert Checkpoints(tmp_path, "other", lambda _: None).latest() is None


def in_(folder: Path) -> list[int]:
    """The steps of the checkpoints in a folder."""
    return sorted(int(file.stem.removeprefix("step-")) for file in folder.glob("step-*.safetensors"))


def latest(folder: Path) -> int | None:
    """The step that the training would go on from if it began again."""
    found = Checkpoints(folder, "work", lambda _: None).latest()
    return None if found is None else found.step


def test_another_training_that_was_further_leaves_room(tmp_path: Path) -> None:
    saved(tmp_path, 900, 1000, work="other")
    kept, _ = saved(tmp_path, 100)
    assert (in_(tmp_path), latest(tmp_path)) == ([100], 100)
    kept.save(Checkpoint(200, TENSORS, {}))
    kept.save(Checkpoint(300, TENSORS, {}))
    assert (in_(tmp_path), latest(tmp_path)) == ([200, 300], 300)


def test_damaged_ones_take_the_place_of_no_whole_one(tmp_path: Path) -> None:
    saved(tmp_path, 1, 2)
    (tmp_path / "step-000000003.safetensors").write_bytes(b"damaged")
    (tmp_path / "step-000000009.safetensors").write_bytes(b"damaged")
    saved(tmp_path, 4)
    assert in_(tmp_path) == [2, 4]
    (tmp_path / "step-000000004.safetensors").write_bytes(b"damaged since")
    assert latest(tmp_path) == 2


def test_after_the_newest_was_damaged_the_one_gone_on_from_stays(tmp_path: Path) -> None:
    saved(tmp_path, 1, 2)
    (tmp_path / "step-000000002.safetensors").write_bytes(b"damaged")
    kept, _ = saved(tmp_path)
    assert kept.latest() is not None
    kept.save(Checkpoint(3, TENSORS, {}))
    assert in_(tmp_path) == [1, 3]


def test_a_folder_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        saved(tmp_path / "file", 1)
