"""Options that a task leaves open are those a network was adapted with; those it gives stay."""

from pathlib import Path
from typing import Any

from tombola.data._examples import class_folders
from tombola.models.adapted import Preprocessing
from tombola.tasks._base import Task

SEEN = Preprocessing(size=8, crop=0.5)


def test_what_is_left_open_is_filled() -> None:
    assert Task.parse("digits").made_ready(SEEN) == Task.parse({"name": "digits", "size": 8})
    assert Task.parse({"name": "digits", "size": 24}).made_ready(SEEN).side == 24
    cifar = Task.parse("cifar10").made_ready(SEEN)
    assert cifar.identity() == Task.parse({"name": "cifar10", "size": 8, "crop": 0.5}).identity()


def test_what_nobody_said_stays() -> None:
    assert Task.parse("digits").made_ready(Preprocessing()).identity() == Task.parse("digits").identity()


def test_the_files_that_a_net_was_adapted_to_are_split_as_they_were(tmp_path: Path) -> None:
    place = class_folders(tmp_path / "a")
    seen = Task.parse({"name": f"folder:{place}", "seed": 3, "alike": "together", "test_fraction": 0.3}).identity()
    theirs = seen["data"]
    assert isinstance(theirs, dict)
    plain: Any = Task.parse(f"folder:{place}").parted_as(theirs)
    assert (plain.data.seed, plain.data.alike, plain.data.test_fraction) == (3, "together", 0.3)
    given: Any = Task.parse({"name": f"folder:{place}", "seed": 1}).parted_as(theirs)
    assert (given.data.seed, given.data.alike) == (1, "together"), "what is written stands"
    (place / "cat" / "0.png").unlink()
    other = Task.parse(f"folder:{place}")
    assert other.parted_as(theirs) == other, "other files are another set"
    assert Task.parse("digits").parted_as(theirs) == Task.parse("digits")
