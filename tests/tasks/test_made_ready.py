"""Options that a task leaves open are those a network was adapted with; those it gives stay."""

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
