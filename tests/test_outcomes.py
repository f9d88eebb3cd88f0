"""Outcomes as text: what was told right comes back, in order; text that is none is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.report.rows import row
from tombola.errors import RowError
from tombola.outcomes import Outcomes


@given(st.lists(st.booleans(), max_size=40))
def test_outcomes_come_back_from_their_text(right: list[bool]) -> None:
    made = Outcomes.made(right, "a")
    assert Outcomes.parse(made.text) == made
    assert made.table().tolist() == right


def test_a_bit_a_sample() -> None:
    assert len(Outcomes.made([True] * 10_000, "0123456789abcdef").text) < 1_700


@pytest.mark.parametrize("wrong", ["", "a", "a:3", "a:x:AA==", "a:9:AA==", "a:3:%"])
def test_other_text_is_refused(wrong: str) -> None:
    with pytest.raises(RowError, match="outcomes"):
        Outcomes.parse(wrong)


def test_rows_without_outcomes_are_spelled_as_before() -> None:
    assert "outcomes" not in row(1.0).json_line()
    with_them = row(1.0).model_copy(update={"outcomes": Outcomes.made([True], "a").text})
    assert type(with_them).model_validate_json(with_them.json_line()) == with_them
