"""`--robust`: how it is read, what it makes of the training, and what it refuses."""

from dataclasses import replace
from typing import Any

import pytest

from tombola.errors import RequestError
from tombola.models.source import Source
from tombola.race.attacked import SAMPLES, against_an_adversary, passes, under_attack
from tombola.race.wanted import Wanted
from tombola.tasks._base import Task

DIGITS = Task.parse("digits")


def test_everything_is_trained_against_the_radius_that_is_written() -> None:
    fit: dict[str, Any] = {"batch": 8}
    assert against_an_adversary("2/255", DIGITS, fit) == 2 / 255
    assert fit == {"batch": 8, "objective": {"name": "fast", "eps": 2 / 255}}
    untouched: dict[str, Any] = {}
    assert against_an_adversary(None, DIGITS, untouched) is None
    assert untouched == {}


@pytest.mark.parametrize("written", ["much", "0", "-1/255", "200/255"])
def test_what_is_no_radius_is_refused(written: str) -> None:
    with pytest.raises(RequestError, match=r"is no distance that pixels move; write it as in --robust 2/255"):
        against_an_adversary(written, DIGITS, {})


def test_an_objective_of_ones_own_and_texts_are_refused() -> None:
    with pytest.raises(RequestError, match="say the same"):
        against_an_adversary("2/255", DIGITS, {"objective": "natural"})
    with pytest.raises(RequestError, match=r"fit=double-win-adversarial, which has an objective of its own"):
        against_an_adversary("2/255", DIGITS, {"preset": "double-win-adversarial"})
    fit: dict[str, Any] = {"preset": "dac"}
    assert against_an_adversary("2/255", DIGITS, fit) == 2 / 255
    assert fit["objective"]["name"] == "fast", "of a preset that trains naturally the rest is kept"
    with pytest.raises(RequestError, match="moves pixels of images"):
        against_an_adversary("2/255", Task.parse("text:prose"), {})


def test_what_is_kept_is_counted_and_its_cost_is_known() -> None:
    wanted = Wanted(Source.parse({"name": "resnet8", "width": 0.25}), DIGITS, robust=8 / 255)
    kept, count = under_attack(wanted.model.load(num_classes=10), wanted, "cpu")
    assert count == SAMPLES
    assert 0 <= kept <= 100
    assert passes(replace(wanted, fit={"batch": 8})) == 4 * passes(wanted) > 0, "steps of fewer samples take less"
    assert passes(Wanted(wanted.model, DIGITS)) == 0
