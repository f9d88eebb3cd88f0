"""Rows of any shape make a page and a table."""

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.report.test_page import Checker

from tombola.report.about import About
from tombola.report.page import page
from tombola.report.table import text_table
from tombola.rows import Row

LEVELS = st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.floats(0, 1), st.text(max_size=4))
AXES = st.sampled_from(["prior", "draw.sparsity", "pretrain.objective", "transfer", "seed", "", "<i>"])
VALUES = st.one_of(st.floats(-1e9, 1e9), st.floats(-1e-9, 1e-9), st.sampled_from([0.0, 50.0, 100.0]))
ROWS = st.builds(
    Row,
    study=st.sampled_from(["", "a", "b"]),
    cell=st.dictionaries(AXES, LEVELS, max_size=4),
    seed=st.integers(0, 3),
    property=st.sampled_from(["accuracy", "ece"]),
    metric=st.sampled_from(["accuracy", "ece", "x_y"]),
    value=VALUES,
    unit=st.sampled_from(["%", "", "bytes"]),
    better=st.sampled_from(["higher", "lower", "neither"]),
    samples=st.integers(0, 9),
    detail=st.dictionaries(st.sampled_from(["eps", "steps", "layer", "place"]), LEVELS, max_size=2),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(ROWS, max_size=12))
def test_rows_of_any_shape_make_a_page_and_a_table(rows: list[Row]) -> None:
    Checker(page(rows, About()))
    assert text_table(rows)
