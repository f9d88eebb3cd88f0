"""The terminal's table."""

from random import Random

from tests.report.rows import demo_rows, row

from tombola.report.curves import read_results
from tombola.report.table import grids_of, text_table


def test_a_row_a_sparsity_a_column_a_prior_and_the_winner_marked() -> None:
    values = {"natural": (90.0, 91.0, 92.0), "robust": (92.0, 93.0, 94.2)}
    rows = [
        row(value - 100 * s, seed, samples=0, prior=prior, draw__sparsity=s, transfer="linear")
        for prior, of_prior in values.items()
        for s in (0.0, 0.5)
        for seed, value in enumerate(of_prior)
    ]
    rule = "the 95 % interval of its lead over every other leaves 0 out, seeds and test samples allowed for"
    assert text_table(rows) == "\n".join(
        [
            "accuracy (%)",
            "sparsity     natural        robust",
            "------------------------------------",
            "     0 %  91.0 ± 1.0    93.1 ± 1.1 *",
            "    50 %  41.0 ± 1.0    43.1 ± 1.1 *",
            "",
            "mean ± standard deviation over 3 seeds",
            f"* wins: {rule} (3 shared seeds or more)",
        ]
    )


def test_a_star_is_a_win_of_the_verdict_and_not_a_lead_above_its_spread() -> None:
    leads = {"natural": (10.0, 40.0, 70.0), "robust": (11.0, 42.0, 73.0)}  # 2 with a std of 1, and 0 is in the interval
    rows = [row(v, s, samples=0, prior=p) for p, values in leads.items() for s, v in enumerate(values)]
    assert "*" not in text_table(rows)


def test_transfers_stand_over_the_priors() -> None:
    lines = text_table(demo_rows()).splitlines()
    assert lines[1].split() == ["finetune", "linear"]
    assert lines[2].split() == ["sparsity", "natural", "robust", "natural", "robust"]


def test_a_missing_cell_is_a_dash_and_one_seed_has_no_spread() -> None:
    text = text_table([row(1.0, prior="a", draw__sparsity=0.0), row(2.0, prior="b", draw__sparsity=0.5)])
    assert [line.split() for line in text.splitlines()[3:5]] == [["0", "%", "1.0", "–"], ["50", "%", "–", "2.0"]]
    assert "±" not in text
    assert "from 1 seed" in text


def test_wide_studies_are_cut_into_several_tables() -> None:
    rows = [row(1.0, prior=p, transfer=f"t{k}", draw__sparsity=0.5) for p in ("a", "b") for k in range(10)]
    assert [len(grid.header) for grid in grids_of(read_results(rows))] == [8, 8, 4]


def test_the_order_of_rows_does_not_matter() -> None:
    rows = demo_rows()
    Random(1).shuffle(rows)
    assert text_table(rows) == text_table(demo_rows())


def test_no_rows_are_said_so() -> None:
    assert text_table([]) == "no results yet"
