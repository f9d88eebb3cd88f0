"""What a point leads to: a name that stays, settings that read back as what they were, the command to add them to."""

from hypothesis import given
from hypothesis import strategies as st
from tests.report.rows import demo_rows, wide_rows

from tombola.report.curves import read_results
from tombola.report.points import base_command, link, point_id, setting
from tombola.rows import Row, Scalar
from tombola.study.settings import override

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(1 - 2**63, 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
)


@given(SCALARS)
def test_a_setting_reads_back_as_the_value_it_was(value: Scalar) -> None:
    path, values = override(setting("draw.sparsity", value))
    assert path == "draw.sparsity"
    assert len(values) == 1
    assert values[0] == value or str(values[0]) == str(value)  # YAML takes 1e-05 for a text; labels go by their text


def test_plain_values_are_written_plainly() -> None:
    assert setting("prior", "robust") == "prior=robust"
    assert setting("draw.pattern", "stripe:4") == "draw.pattern=stripe:4"
    assert setting("way", "OMP stripe 4") == "way=OMP stripe 4"
    assert setting("draw.sparsity", 0.9) == "draw.sparsity=0.9"
    assert setting("way", "yes") == 'way="yes"'
    assert setting("way", "") == 'way=""'


def test_the_name_of_a_point_stays_when_the_study_grows_and_tells_apart_what_differs() -> None:
    small = read_results([row for row in wide_rows(2) if row.cell["draw.sparsity"] in (0.0, 0.9)])
    large = read_results(wide_rows(3))
    assert set(small.ids.values()) < set(large.ids.values())
    assert len(set(large.ids.values())) == len(large.ids)
    assert point_id(("a",), {"x": 1}) == point_id(("a",), {"x": 1.0})
    assert point_id(("a",), {"x": 1}) != point_id(("a",), {"x": True})


def test_a_point_has_the_rows_its_mean_is_made_of() -> None:
    rows = demo_rows()
    results = read_results(rows)
    found: list[Row] = []
    for measure, places in results.behind.items():
        for place, behind in places.items():
            assert {row.seed: row.value for row in behind} == results.summaries[measure][place].values
            found += behind
    assert sorted(map(Row.json_line, found)) == sorted(map(Row.json_line, rows))


def test_the_command_is_the_one_that_runs_the_study() -> None:
    assert base_command(["pip install tombola", "tombola run demo --set task=digits"]) == (
        "tombola run demo --set task=digits"
    )
    assert base_command([]) == "tombola run STUDY"
    assert link("pa", "", "pb") == "pa+pb"
