"""Typing errors: of one kind, at the rate asked, the same by the same luck; words, spaces and signs stay."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tombola.data._typos import BESIDE, KINDS, Kind, mistyped

TEXT = "A quiet river, 12 stones [MASK] and the Garden's letters; x. " * 40
LETTERS = sum(letter.lower() in BESIDE for letter in TEXT)


def test_keys_beside_are_those_of_a_keyboard() -> None:
    assert set(BESIDE["g"]) == set("tyfhvb")
    assert set(BESIDE["q"]) == set("wa")
    assert all(letter in BESIDE[other] for letter in BESIDE for other in BESIDE[letter])


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_does_what_it_says_at_the_rate_asked(kind: Kind) -> None:
    found = mistyped(TEXT, kind, 0.1, Random("0"))
    assert found == mistyped(TEXT, kind, 0.1, Random("0"))
    assert found != mistyped(TEXT, kind, 0.1, Random("1"))
    assert len(found.split()) == len(TEXT.split())
    change = len(found) - len(TEXT)
    if kind in ("drop", "insert"):
        assert abs(change) == pytest.approx(0.1 * LETTERS, rel=0.35)
        assert (change > 0) == (kind == "insert")
        return
    assert change == 0
    wrong = [place for place, (a, b) in enumerate(zip(found, TEXT, strict=True)) if a != b]
    assert len(wrong) == pytest.approx((2 if kind == "swap" else 1) * 0.1 * LETTERS, rel=0.35)
    if kind == "neighbour":
        assert all(found[place].lower() in BESIDE[TEXT[place].lower()] for place in wrong)
        assert all(found[place].isupper() == TEXT[place].isupper() for place in wrong)
    else:
        assert sorted(found) == sorted(TEXT)


@given(
    text=st.text(alphabet="ab1é '.", max_size=30),
    kind=st.sampled_from(KINDS),
    rate=st.floats(0, 1),
    seed=st.integers(0, 9),
)
def test_no_word_goes_and_nothing_but_letters_changes(text: str, kind: Kind, rate: float, seed: int) -> None:
    found = mistyped(text, kind, rate, Random(seed))
    assert len(found.split()) == len(text.split())
    signs = [[sign for sign in one if sign.lower() not in BESIDE] for one in (found, text)]
    assert signs[0] == signs[1]
    assert mistyped(text, kind, 0.0, Random(seed)) == text
