"""The figures of a whole study, on numbers that can be checked by eye."""

import re

import pytest
from tests.report.rows import demo_about, demo_rows, row, wide_rows

from tombola.report.about import About, Tally
from tombola.report.figures._base import Drawn, Figure
from tombola.report.figures.cost import saved
from tombola.rows import Row, Scalar


def draw(name: str, rows: list[Row], about: About | None = None) -> Drawn | None:
    figure = Figure.parse(name)
    assert isinstance(figure, Figure)
    return figure.draw(rows, about or About())


def must(name: str, rows: list[Row], about: About | None = None) -> Drawn:
    drawn = draw(name, rows, about)
    assert drawn is not None
    return drawn


def cell(prior: str, sparsity: float, **more: Scalar) -> dict[str, Scalar]:
    return {"prior": prior, "draw__sparsity": sparsity, **more}


def table(drawn: Drawn) -> tuple[tuple[str, ...], ...]:
    assert drawn.table is not None
    return drawn.table.rows


def curve(*sparsities: float) -> list[Row]:
    return [row(80 - 10 * s, seed, **cell(p, s)) for s in sparsities for p in ("a", "b") for seed in range(3)]  # type: ignore[arg-type]  # axes by name


def test_the_zoom_needs_three_sparsities_of_ninety_per_cent_or_more_and_others() -> None:
    assert draw("extreme_sparsities", curve(0.0, 0.9, 0.95)) is None
    assert draw("extreme_sparsities", curve(0.9, 0.95, 0.99)) is None
    assert draw("extreme_sparsities", curve(0.0, 0.9, 0.95, 0.995)) is None
    drawn = must("extreme_sparsities", curve(0.0, 0.5, 0.9, 0.95, 0.99))
    labels = re.findall(r">([\d.]+ %)</text>", drawn.fragment)
    assert labels == ["10 %", "5 %", "1 %"]
    assert "log scale" in drawn.fragment
    assert drawn.fragment.count('class="mean"') == 6


def test_the_zoom_halves_the_kept_weights_at_equal_steps() -> None:
    drawn = must("extreme_sparsities", curve(0.0, 0.9, 0.95, 0.975))
    x = [float(value) for value in re.findall(r'class="hit"[^>]* data-x="([\d.]+)"', drawn.fragment)]
    assert x[2] - x[1] == pytest.approx(x[1] - x[0], abs=0.1)


def differences(better: str = "higher") -> list[Row]:
    values = {("t1", "a"): (90, 88), ("t1", "b"): (80, 83), ("t2", "a"): (70, 60), ("t2", "b"): (60, 60)}
    return [
        row(v + seed, seed, better=better, **cell(prior, s, target=target))  # type: ignore[arg-type]  # axes by name
        for (target, prior), pair in values.items()
        for s, v in zip((0.0, 0.9), pair, strict=True)
        for seed in range(3)
    ]


def test_a_matrix_says_pruned_less_dense_with_its_sign() -> None:
    drawn = must("transfer_matrix", differences())
    cells = re.findall(r'<td class="(\w+)"[^>]*--d:(\d+)%[^>]*><a[^>]*>([^<]+)</a>', drawn.fragment)
    assert cells == [("worse", "8", "−2.0"), ("better", "13", "+3.0"), ("worse", "42", "−10.0"), ("none", "0", "0.0")]
    assert table(drawn)[0] == ("accuracy, points", "t1", "a", "−2.0 ± 0.0")
    assert "10.0 points" in drawn.fragment


def test_a_matrix_of_errors_is_coloured_the_other_way_and_keeps_its_signs() -> None:
    drawn = must("transfer_matrix", differences("lower"))
    cells = re.findall(r'<td class="(\w+)"[^>]*><a[^>]*>([^<]+)</a>', drawn.fragment)
    assert cells[:2] == [("better", "−2.0"), ("worse", "+3.0")]
    assert "Less is better for accuracy" in drawn.caption


def test_a_matrix_needs_the_dense_network_and_several_settings() -> None:
    assert draw("transfer_matrix", [r for r in differences() if r.cell["draw.sparsity"]]) is None
    assert draw("transfer_matrix", [r for r in differences() if r.cell["target"] == "t1"]) is None


def distances(gains: dict[str, float], metric: str = "fid") -> list[Row]:
    rows: list[Row] = []
    for k, (target, gain) in enumerate(gains.items()):
        for seed in range(3):
            rows += [
                row(70.0 + seed, seed, **cell("natural", 0.9, target=target)),  # type: ignore[arg-type]  # axes by name
                row(70.0 + seed + gain, seed, **cell("robust", 0.9, target=target)),  # type: ignore[arg-type]  # as above
            ]
            for prior in ("natural", "robust"):
                place = cell(prior, 0.9, target=target)
                far = row(10.0 * k + (prior == "robust"), seed, "frechet_distance", "", "neither", **place)  # type: ignore[arg-type]  # as above
                rows.append(far.model_copy(update={"metric": metric}))
    return rows


def test_gain_against_distance_has_a_point_a_target_and_says_the_rank_correlation() -> None:
    drawn = must("fid_gain", distances({"a": 0.0, "b": 1.0, "c": 3.0, "d": 2.0}))
    assert drawn.fragment.count('class="mean"') == 4
    assert "robust less natural, 90 % pruned" in drawn.fragment
    assert "rank correlation +0.80 over n = 4 targets (p = 0.33)" in drawn.fragment
    assert [line[3:6] for line in table(drawn)] == [
        ("a", "0.000", "0.0"), ("b", "10.00", "1.0"), ("c", "20.00", "3.0"), ("d", "30.00", "2.0"),
    ]  # fmt: skip
    assert all(f">{name}</text>" in drawn.fragment for name in "abcd")


def test_a_distance_of_other_features_is_not_called_fid() -> None:
    rows = distances({"a": 0.0, "b": 1.0, "c": 3.0}, "feature_frechet_distance")
    assert ">FID<" not in must("fid_gain", rows).fragment
    assert "natural prior&#x27;s features" in must("fid_gain", rows).fragment


def test_gain_against_distance_needs_three_targets_a_distance_and_a_natural_prior() -> None:
    assert draw("fid_gain", distances({"a": 0.0, "b": 1.0})) is None
    rows = distances({"a": 0.0, "b": 1.0, "c": 3.0})
    assert draw("fid_gain", [r for r in rows if r.property == "accuracy"]) is None
    renamed = [
        r.model_copy(update={"cell": {**r.cell, "prior": str(r.cell["prior"]).replace("nat", "x")}}) for r in rows
    ]
    assert draw("fid_gain", renamed) is None


def test_a_radar_runs_from_0_to_100_and_turns_errors_round() -> None:
    values = {"accuracy": (100.0, "higher"), "calibration_error": (5.0, "lower"), "ood_auroc": (50.0, "higher")}
    rows = [row(v, 0, name, "%", better, **cell("a", 0.9)) for name, (v, better) in values.items()]  # type: ignore[arg-type]  # axes by name
    drawn = must("radar", rows)
    assert "100 % − calibration error" in drawn.fragment
    assert re.findall(r'<a class="cell"[^>]*>([^<]+)</a>', drawn.fragment) == ["100.0", "95.0", "50.0"]
    line = re.search(r'class="curve thin" d="M([\d.]+) ([\d.]+)L', drawn.fragment)
    rings = re.search(r'class="grid" d="([^"]*)"', drawn.fragment)
    assert line is not None
    assert rings is not None
    assert rings[1].split("M")[4].startswith(f"{line[1]} {line[2]}L")  # 100 % lies on the outermost ring


def test_a_radar_needs_three_shares_and_leaves_other_units_out() -> None:
    rows = [row(1.0, 0, name, unit, **cell("a", 0.9)) for name, unit in (("a", "%"), ("b", "%"), ("c", "nats"))]  # type: ignore[arg-type]  # axes by name
    assert draw("radar", rows) is None
    assert "adversarial" in must("radar", wide_rows(1)).fragment


def test_cost_says_what_sharing_and_the_store_saved() -> None:
    stages = {"pretrain": Tally(count=2, cached=1, seconds=20.0, alone=12), "draw": Tally(count=4, seconds=2.0)}
    assert saved(stages) == (100.0, 10.0)
    drawn = must("cost", [], About(stages=stages, cells=6, seconds=11.0, energy_kwh=0.25))
    told = re.findall(r"<li>(.*?)</li>", drawn.fragment)
    assert told[0] == "6 different stages took 22 s, whenever they ran."
    assert told[1].startswith("6 cells by themselves would run 12 stages: sharing saves 6 of them, about 1 min 40 s;")
    assert told[1].endswith("5.5 times as long.")
    assert told[2:] == [
        "The store had 1 stage already, which saved about 10 s of this run.",
        "The last run took 11 s from start to end.",
        "Energy of the run: 0.25 kWh.",
    ]


def test_energy_in_rows_is_told_as_well() -> None:
    rows = [row(v, 0, "energy", "Wh", "lower", **cell("a", s)) for s, v in ((0.0, 3.0), (0.9, 1.0))]  # type: ignore[arg-type]  # axes by name
    assert "energy (Wh): 1.000 to 3.000 over 2 cells." in must("cost", rows).fragment
    assert draw("cost", demo_rows()) is None


def test_every_number_has_its_seeds_values_keys_and_settings() -> None:
    rows = [row(90.0 + s, s, **cell("a b", 0.5)).model_copy(update={"key": f"{s}" * 64}) for s in range(2)]  # type: ignore[arg-type]  # axes by name
    drawn = must("every_number", rows, demo_about())
    cells = re.findall(r"<td>(.*?)</td>", drawn.fragment)
    assert cells == [
        "accuracy (%)", "<code>prior=a b</code> <code>draw.sparsity=0.5</code>", "90.5 ± 0.7",
        "0 1", "90 91", "100 100", f"{'0' * 16} {'1' * 16}", "",
    ]  # fmt: skip
    assert "tombola run demo" in drawn.fragment
