"""Amounts as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tombola.spec import Spec, option
from tombola.units import Pixels, Steps, ratio


class Amounts(Spec):
    long: Steps = option("1ep", validate_default=True)
    eps: Pixels = option(0.0, ge=0, le=1)


@pytest.mark.parametrize(
    ("text", "per_epoch", "iterations"),
    [("20ep", 50, 1000), ("0.5ep", 5, 2), ("1.5 ep", 5, 8), ("500it", 7, 500), ("0it", 7, 0)],
)
def test_steps_count_epochs_or_iterations(text: str, per_epoch: int, iterations: int) -> None:
    assert Steps.parse(text).iterations(per_epoch) == iterations


@pytest.mark.parametrize("wrong", ["20", "ep", "-1ep", "1.5it", "20 epochs", 20, None, ""])
def test_other_spellings_are_refused_with_the_right_ones(wrong: object) -> None:
    with pytest.raises(ValueError, match=r"'\d+it'"):
        Steps.parse(wrong)


@given(st.integers(0, 10**5), st.sampled_from(["ep", "it"]))
def test_steps_come_back_from_their_text(count: int, unit: str) -> None:
    steps = Steps.parse(f"{count}{unit}")
    assert Steps.parse(str(steps)) == Steps.parse(steps) == steps


def test_amounts_are_options_with_a_plain_identity() -> None:
    amounts = Amounts(long="3ep", eps="8/255")
    assert amounts.identity() == {"long": "3ep", "eps": 8 / 255}
    assert Amounts(long=Steps(3, "ep"), eps=8 / 255) == amounts


@pytest.mark.parametrize(
    ("given_", "found"), [("8/255", 8 / 255), (" 1 / 4 ", 0.25), (0.5, 0.5), ("x", "x"), ("1/0", "1/0")]
)
def test_ratios_are_read_and_anything_else_is_left_to_the_field(given_: object, found: object) -> None:
    assert ratio(given_) == found
