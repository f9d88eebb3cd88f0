"""Every registered figure draws what rows carry and leaves out what they do not."""

import re

from tests.report.rows import demo_rows, row

from tombola.report.about import About
from tombola.report.figures._base import Drawn, Figure
from tombola.rows import Row, Scalar

NO_SPARSITY = [row(v, s, prior=p) for p, v in (("a", 1.0), ("b", 2.0)) for s in range(3)]


def draw(name: str, *args: object) -> Drawn | None:
    figure = Figure.parse(name)
    return figure.draw(*args)  # type: ignore[arg-type]  # what the contract takes


def test_curves_need_a_sparsity_and_winners_need_two_levels() -> None:
    assert draw("sparsity_curves", NO_SPARSITY, About()) is None
    assert draw("winners", [row(1.0, prior="a", draw__sparsity=s) for s in (0.0, 0.5)], About()) is None
    assert draw("results", demo_rows(), About()) is None


def test_the_curves_table_has_a_row_a_curve_and_a_column_a_sparsity() -> None:
    levels = ((0.5, (90.0, 92.0, 97.0)), (0.9, (80.0, 80.0, 80.0)))
    rows = [row(v, s, prior="a", draw__sparsity=x) for x, values in levels for s, v in enumerate(values)]
    drawn = draw("sparsity_curves", rows, About())
    assert drawn is not None
    assert drawn.table is not None
    assert drawn.table.header == ("measured", "prior", "50 %", "90 %")
    assert drawn.table.rows == (("accuracy (%)", "a", "93.0 ± 3.6", "80.0 ± 0.0"),)


def test_a_panel_has_a_line_a_band_a_dense_level_and_the_seeds_of_each_prior() -> None:
    rows = [r for r in demo_rows() if r.cell["transfer"] == "linear" and r.property == "accuracy"]
    drawn = draw("sparsity_curves", rows, About())
    assert drawn is not None
    counts = {
        kind: drawn.fragment.count(f'class="{kind}') for kind in ("plot", "curve", "band", "dense", "seed", "mean")
    }
    assert counts == {"plot": 1, "curve": 2, "band": 2, "dense": 2, "seed": 2, "mean": 10}
    assert drawn.fragment.count('class="hit"') == 5
    assert sum(path.count("h0") for path in re.findall(r'class="seed" d="([^"]*)"', drawn.fragment)) == 30
    assert ">robust</text>" in drawn.fragment


def test_one_seed_has_no_band_and_one_sparsity_no_line() -> None:
    single = draw("sparsity_curves", demo_rows(1), About())
    flat = draw("sparsity_curves", [r for r in demo_rows() if r.cell["draw.sparsity"] == 0.9], About())
    assert single is not None
    assert flat is not None
    assert 'class="band"' not in single.fragment
    assert "one seed" in single.caption
    assert 'class="curve"' not in flat.fragment
    assert flat.fragment.count('class="bar"') == 8


def test_winners_say_who_by_how_much_and_what_is_undecided() -> None:
    levels = (("a", 0.0, 3.0), ("b", 0.0, 1.0), ("a", 0.5, 1.0), ("b", 0.5, 1.0))
    rows = [row(v + s, s, samples=0, prior=p, draw__sparsity=x) for p, x, v in levels for s in range(3)]
    drawn = draw("winners", rows, About())
    assert drawn is not None
    assert drawn.table is not None
    how = "3 shared seeds, all with the same lead"
    assert drawn.table.rows[0] == ("accuracy", "0 %", "a", "a", "b", "+2.0", "+2.0", "+2.0", "points", "3", how)
    assert drawn.table.rows[1][2] == "match"
    few = draw("winners", [one for one in rows if one.seed < 2], About())
    assert few is not None
    assert few.table is not None
    assert {(line[2], line[-1]) for line in few.table.rows} == {("undecided", "a has 2 seeds, 3 are needed")}
    assert drawn.title == "Which prior wins where"


def test_provenance_shows_what_was_run_and_how_to_run_it_again() -> None:
    drawn = draw("provenance", [], About.of({"commands": "tombola run demo", "versions": {"torch": "2.11"}, "host": 7}))
    assert drawn is not None
    for text in ("tombola run demo", "torch", "2.11", "Also recorded", "host"):
        assert text in drawn.fragment


ARMS = [
    row(value + seed, seed, drawn=drawn, task=task)
    for task in ("cola", "sst2")
    for drawn, value in (("dense", 90.0), ("random mask", 70.0), ("ticket", 88.0))
    for seed in range(3)
]


def test_levels_stand_side_by_side_where_no_sparsity_is_varied() -> None:
    drawn = draw("side_by_side", ARMS, About())
    assert drawn is not None
    assert drawn.fragment.count('class="plot') == 2
    assert drawn.fragment.count('class="bar"') == 6
    assert drawn.fragment.count('class="dense') == 2, "the dense network's mean, once a panel"
    assert "dotted line is the dense network" in drawn.caption
    assert draw("side_by_side", demo_rows(), About()) is None
    assert draw("side_by_side", [row(1.0, seed, prior="a") for seed in range(3)], About()) is None


def test_what_is_lost_on_each_target_against_a_level_called_dense() -> None:
    drawn = draw("transfer_matrix", ARMS, About())
    assert drawn is not None
    assert drawn.table is not None
    assert drawn.table.header == ("measured", "task", "drawn", "as drawn")
    assert drawn.table.rows[0] == ("accuracy, points", "cola", "random mask", "−20.0 ± 0.0")
    assert len(drawn.table.rows) == 4
    assert ">dense</th>" not in drawn.fragment
    assert draw("transfer_matrix", [r for r in ARMS if r.cell["drawn"] != "dense"], About()) is None


def test_overlap_stands_beside_what_chance_would_give() -> None:
    def overlap(drawn: str, reference: str, value: float, chance: float) -> list[Row]:
        told = [row(v, prop="overlap", better="neither", drawn=drawn) for v in (value, chance)]
        detail: dict[str, Scalar] = {"reference": reference}
        metrics = ("overlap", "expected_overlap")
        return [r.model_copy(update={"metric": m, "detail": detail}) for r, m in zip(told, metrics, strict=True)]

    rows = [
        *overlap("words", "omp", 60.0, 20.0),
        *overlap("words", "x.ticket", 30.0, 20.0),
        *overlap("sst2", "omp", 50.0, 20.0),
    ]
    drawn = draw("overlap_matrix", rows, About())
    assert drawn is not None
    assert drawn.table is not None
    assert drawn.table.header == ("ticket", "omp", "x.ticket")
    assert drawn.table.rows == (("sst2", "50.0 (20.0)", "–"), ("words", "60.0 (20.0)", "30.0 (20.0)"))
    assert "--d:17%" in drawn.fragment, "40 points above chance"
    assert draw("overlap_matrix", demo_rows(), About()) is None


def test_a_kernel_map_is_bright_where_whole_kernels_are_gone() -> None:
    def layer(prior: str, name: str, kernels: str, sparsity: float) -> Row:
        detail: dict[str, Scalar] = {"layer": name, "place": int(name[-1]), "kernels": kernels}
        one = row(50.0, prop="dead_kernels", better="neither", prior=prior, draw__sparsity=sparsity)
        return one.model_copy(update={"metric": "layer_dead_kernels", "detail": detail})

    rows = [layer(prior, f"conv{k}", "990/009", s) for prior in "ab" for k in (2, 1) for s in (0.0, 0.8)]
    drawn = draw("kernel_map", rows, About())
    assert drawn is not None
    assert drawn.table is not None
    assert [line[:2] for line in drawn.table.rows] == [
        (f"{prior}, 80 % pruned", f"conv{k}") for prior in "ab" for k in (1, 2)
    ]
    assert drawn.fragment.count("<svg") == 4, "none of the dense net"
    assert drawn.fragment.count('d="M0 0h2M2 1h1" stroke="#ffd34d" stroke-opacity="1"') == 4
    assert draw("kernel_map", [r.model_copy(update={"detail": {"layer": "a"}}) for r in rows], About()) is None
