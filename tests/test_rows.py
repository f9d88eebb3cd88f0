"""Result rows: one spelling, read back as written, a wrong line named."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tombola.errors import RowError
from tombola.rows import Row, read_rows, same, write_rows

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)


def row(**changes: object) -> Row:
    return Row.model_validate({"property": "accuracy", "metric": "accuracy", "value": 97.1, "samples": 599, **changes})


@given(st.dictionaries(st.text(), scalars, max_size=3), st.floats(allow_nan=False, allow_infinity=False))
def test_a_row_comes_back_from_its_line(cell: dict[str, object], value: float) -> None:
    made = row(cell=cell, value=value)
    assert Row.model_validate_json(made.json_line()) == made
    assert Row.model_validate_json(made.json_line()).json_line() == made.json_line()


def test_files_come_back_and_replace_what_was_there(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    write_rows(file, [row(), row(seed=1), row(cell={"draw.sparsity": 0.5})])
    write_rows(file, [row(seed=2)])
    assert read_rows(file) == [row(seed=2)]


@pytest.mark.parametrize(
    "wrong", ['{"value": 1}', "{", '{"property": "a", "metric": "a", "value": NaN, "samples": 1}', "[]"]
)
def test_a_line_that_is_no_row_is_named_by_file_and_line(tmp_path: Path, wrong: str) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(f"{row().json_line()}\n\n{wrong}\n")
    with pytest.raises(RowError, match=r"rows\.jsonl:3: not a result row"):
        read_rows(file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RowError, match=r"none\.jsonl: cannot be read"):
        read_rows(tmp_path / "none.jsonl")


@pytest.mark.parametrize("changes", [{"value": float("nan")}, {"better": "more"}, {"samples": -1}, {"extra": 1}])
def test_wrong_values_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(changes))):
        row(**changes)


def test_cells_are_the_same_when_all_axes_but_the_ignored_agree() -> None:
    assert same({"a": 1, "b": 2}, {"a": 1, "b": 3}, ignoring=["b"])
    assert not same({"a": 1}, {"a": 1, "b": 3})
