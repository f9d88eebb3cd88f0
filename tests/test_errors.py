"""What is said of a wrong request stays readable, whatever was given."""

import pytest

from tombola.errors import OptionError, RequestError, near, readable


def test_a_message_of_ordinary_length_is_left_as_it_is() -> None:
    text = "study x: 2 problems\n  - a: wrong; write b\n  - c: wrong; write d"
    assert readable(text) == text == str(RequestError(text))


def test_a_long_word_keeps_its_ends_and_says_how_much_it_lost() -> None:
    text = str(RequestError(f"name='begin{'x' * 5000}end': no such name; write resnet8"))
    assert len(text) < 400
    assert text.startswith("name='begin")
    assert "characters)" in text
    assert text.endswith("end': no such name; write resnet8")


@pytest.mark.parametrize(
    "text", ["x" * 10**6, "x " * 10**6, "x\n" * 10**6, "\n".join(["word " * 300] * 40)], ids=lambda text: text[:6]
)
def test_no_message_is_longer_than_a_screen(text: str) -> None:
    assert len(readable(text)) < 3000


def test_problems_beyond_a_screen_are_counted_and_kept() -> None:
    error = OptionError("study x", [f"axes.a{number}: no such option, did you mean b?" for number in range(500)])
    text = str(error)
    assert text.startswith("study x: 500 problems\n  - axes.a0: ")
    shown = text.count("  - ")
    assert 20 < shown < 500
    assert text.endswith(f"  ... and {500 - shown} more")
    assert len(error.problems) == 500


def test_a_near_name_is_offered_once_however_often_it_is_there() -> None:
    assert near("transfr", ["omp", "transfer", "transfer"]) == ", did you mean 'transfer'?"
    assert near("xyz", ["omp", "transfer"]) == ""
