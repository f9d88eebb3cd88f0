"""Advice is what nearer tasks gained, and is not followed where always doing the same has cost less."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tombola.advising.advice import advise
from tombola.advising.known import Features, Known, found_in, known_of, packed, shipped, unpacked, way
from tombola.advising.nearest import Case, cases, chosen, distance, leads
from tombola.advising.regret import ADVISED, advised, regrets
from tombola.errors import RequestError
from tombola.rows import Row, write_rows

FEW, MANY = Features(images=500, classes=10), Features(images=8000, classes=10)


def case(task: str, of: Features, robust: float, natural: float = 50.0, sparsity: float = 0.9) -> Case:
    return Case(task, of, sparsity, {"natural": natural, "linf 1/255": robust})


def known(task: str, of: Features, prior: str, accuracy: float, sparsity: float = 0.9) -> Known:
    return Known("study", task, of, prior, "OMP", "element", sparsity, accuracy)


def row(value: float, seed: int = 0, **cell: str | float) -> Row:
    at = {axis.replace("__", "."): level for axis, level in cell.items()}
    told = {"property": "accuracy", "metric": "accuracy", "unit": "%", "samples": 100}
    return Row(study="s", cell=at, seed=seed, value=value, **told)


def test_nearer_tasks_weigh_more() -> None:
    seen = [case("a", FEW, robust=54), case("b", MANY, robust=46)]
    assert leads(seen, "prior", FEW, 0.9)["linf 1/255"] > 3
    assert leads(seen, "prior", MANY, 0.9)["linf 1/255"] < -3
    assert leads(seen, "prior", Features(images=2000, classes=10), 0.9)["linf 1/255"] == pytest.approx(0, abs=1e-9)


@given(st.floats(0, 0.99), st.floats(0, 0.99), st.integers(10, 10**6), st.integers(2, 1000))
@settings(max_examples=30)
def test_distance_is_symmetric_and_what_is_not_known_counts_nothing(
    one: float, two: float, images: int, classes: int
) -> None:
    left, right = Features(images=images, classes=classes, gap=5.0), Features(images=300, classes=7, dense=50.0)
    assert distance(left, one, right, two) == pytest.approx(distance(right, two, left, one))
    assert distance(left, one, left, one) == 0
    assert distance(left, one, Features(), one) == 0


def test_the_base_is_chosen_where_nothing_is_expected_to_lead() -> None:
    assert chosen({"a": -1.0, "b": 2.0, "c": 1.0}, "base") == "b"
    assert chosen({"a": -1.0}, "base") == chosen({}, "base") == "base"


def test_regret_is_worked_by_hand() -> None:
    """Task b loses four points by the robust prior, task a wins two: each advises the other wrongly."""
    seen = [case("a", FEW, robust=52), case("b", FEW, robust=46)]
    found = regrets(seen, "prior").by_policy
    assert found["always natural"] == pytest.approx((2 + 0) / 2)
    assert found["always robust"] == found["always linf 1/255"] == pytest.approx((0 + 4) / 2)
    assert found[ADVISED] == pytest.approx((2 + 4) / 2)
    assert regrets(seen, "prior").best == "always natural"


def test_a_task_is_left_out_with_all_its_studies_and_counts_once() -> None:
    seen = [case("a", FEW, robust=52), case("a", MANY, robust=58), case("b", FEW, robust=46)]
    assert advised(seen, "prior", seen[0]) == "natural", "its other study says robust"
    found = regrets(seen, "prior")
    assert (found.tasks, found.cases) == (2, 3)
    assert found.by_policy["always natural"] == pytest.approx(((2 + 8) / 2 + 0) / 2)


def test_advice_is_followed_where_it_beats_always_doing_the_same() -> None:
    """Small sets gain by the robust prior, large ones lose, on three tasks each."""
    told = [(f"{name}{number}", of, robust) for number in range(3)
            for name, of, robust in (("few", FEW, 56.0), ("many", MANY, 44.0))]  # fmt: skip
    rows = [known(task, of, prior, value) for task, of, robust in told
            for prior, value in (("natural", 50.0), ("linf 1/255", robust))]  # fmt: skip
    (choice,) = advise(rows, FEW, 0.9).choices
    assert (choice.level, choice.regret.best) == ("linf 1/255", ADVISED)
    assert choice.regret.by_policy[ADVISED] == 0
    assert advise(rows, MANY, 0.9).of("prior") == "natural"
    assert "nearest tasks beat" in choice.why


def test_sparsity_is_the_largest_that_is_cheap_enough_nearby() -> None:
    dense = Features(images=500, classes=10, dense=60.0)
    rows = [
        known("a", dense, "natural", value, sparsity) for sparsity, value in ((0.5, 59.0), (0.8, 56.0), (0.9, 50.0))
    ]
    assert [advise(rows, FEW, max_drop=drop).sparsity for drop in (2, 5, 20)] == [0.5, 0.8, 0.9]
    found = advise(rows, FEW, max_drop=0.1)
    assert (found.sparsity, found.cost) == (0.5, 1.0)
    assert advise([], FEW).cost is None


def test_rows_become_cells_with_their_seeds_averaged() -> None:
    rows = [row(50 + seed, seed, prior="natural", task="a", draw__sparsity=0.9) for seed in range(3)]
    rows += [row(60, prior="natural", task="a", draw__sparsity=0.0)]
    found = known_of(rows, {"a": FEW})
    assert [(one.accuracy, one.features.dense, one.features.images) for one in found] == [(51, 60, 500), (60, 60, 500)]
    assert [way({"way": name}) for name in ("OMP", "OMP stripe 4", "LMP lr 0.1", "IMP-DS")] == [
        ("OMP", "element"), ("OMP", "stripe:4"), ("LMP", "element"), ("IMP-DS", "element")]  # fmt: skip
    assert unpacked(packed(found)) == found


def test_only_what_measure_says_of_accuracy_is_known() -> None:
    plain = row(90, prior="natural", task="a", draw__sparsity=0.9)
    others = [plain.model_copy(update={"property": name, "value": 50}) for name in ("bench", "calibration_error")]
    (found,) = known_of([plain, *others], {})
    assert found.accuracy == 90


def test_controls_are_no_priors_to_advise() -> None:
    names = ("natural", "untrained", "random ticket", "linf 1/255")
    found = known_of([row(90, prior=name, task="a", draw__sparsity=0.9) for name in names], {})
    assert [one.prior for one in found] == ["natural", "linf 1/255"]


def test_a_level_that_is_no_share_says_what_to_write() -> None:
    with pytest.raises(RequestError, match=r"draw\.sparsity=80% .* as 0\.8"):
        known_of([row(90, prior="natural", draw__sparsity="80%")], {})


def test_the_robust_prior_that_is_advised_is_one_that_was_measured() -> None:
    rows = [known(task, FEW, prior, value) for task in ("a", "b", "c")
            for prior, value in (("natural", 50.0), ("linf 2/255", 56.0))]  # fmt: skip
    (choice,) = advise(rows, MANY, 0.9).choices
    assert choice.level == "linf 2/255"


def test_rows_of_ones_own_count_beside_ours(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    write_rows(tmp_path / "mine" / "rows.jsonl", [row(50, prior=name, draw__sparsity=0.9) for name in ("natural", "x")])
    assert [one.prior for one in found_in(tmp_path)] == ["natural", "x"]
    assert len(cases([*shipped(), *found_in(tmp_path)], "prior")) == len(cases(shipped(), "prior")) + 1
    with pytest.raises(RequestError, match="has no rows"):
        found_in(tmp_path / "elsewhere")
