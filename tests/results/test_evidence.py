"""The evidence page: leads are what the rows give, and a number that no row gives is found."""

from pathlib import Path

import numpy as np
import pytest
from results.evidence import __main__ as evidence
from results.evidence.claims import CLAIMS, by_sign
from results.evidence.leads import gap, lead, where
from scipy.stats import spearmanr

from tombola.outcomes import Outcomes
from tombola.recipes._lookup import recipe_names
from tombola.report.correlation import rank_correlation
from tombola.rows import Row


def row(prior: str, seed: int, value: float, sparsity: float = 0.9, task: str = "a", outcomes: str = "") -> Row:
    return Row(
        cell={"prior": prior, "draw.sparsity": sparsity, "task": task},
        seed=seed,
        property="accuracy",
        metric="accuracy",
        value=value,
        unit="%",
        samples=100,
        outcomes=outcomes,
    )


def three(prior: str, values: tuple[float, float, float], sparsity: float = 0.9) -> list[Row]:
    return [row(prior, seed, value, sparsity) for seed, value in enumerate(values)]


def test_a_lead_pools_cells_by_seed_and_has_students_interval() -> None:
    rows = three("robust", (52, 53, 54)) + three("natural", (50, 50, 50))
    rows += three("robust", (41, 42, 43), sparsity=0.95) + three("natural", (41, 41, 41), sparsity=0.95)
    found = lead(rows, "prior", "robust", "natural")
    by_seed = np.array([(2 + 0) / 2, (3 + 1) / 2, (4 + 2) / 2])
    half = 4.302653 * by_seed.std(ddof=1) / np.sqrt(3)
    assert found.mean == pytest.approx(2.0)
    assert (found.interval.low, found.interval.high) == pytest.approx((2 - half, 2 + half), abs=1e-4)
    assert (found.cells, found.seeds, found.sign) == (2, 3, 0)
    assert by_sign(found) == "undecided"


def test_what_test_images_differ_by_is_in_the_interval() -> None:
    right = {"robust": np.arange(100) % 2 == 0, "natural": np.arange(100) % 4 == 0}
    rows = [
        row(prior, seed, 100 * table.mean(), outcomes=Outcomes.made(table, "images").text)
        for prior, table in right.items()
        for seed in range(3)
    ]
    found = lead(rows, "prior", "robust", "natural")
    variance = np.var(right["robust"].astype(float) - right["natural"]) * 1e4 / 100
    assert found.mean == pytest.approx(25.0)
    assert found.interval.high - found.mean == pytest.approx(1.984 * np.sqrt(variance), rel=1e-3)
    bare = lead([one.model_copy(update={"outcomes": ""}) for one in rows], "prior", "robust", "natural")
    assert (bare.interval.low, bare.interval.high) == (25.0, 25.0)


def test_fewer_than_three_shared_seeds_give_no_lead() -> None:
    rows = three("robust", (1, 2, 3)) + three("natural", (1, 2, 3))[:2]
    with pytest.raises(ValueError, match="share 2 seeds"):
        lead(rows, "prior", "robust", "natural")


def test_lower_is_better_turns_the_lead_round() -> None:
    rows = three("robust", (10, 10, 10)) + three("natural", (12, 12, 12))
    rows = [one.model_copy(update={"better": "lower"}) for one in rows]
    assert lead(rows, "prior", "robust", "natural").mean == 2.0


def test_a_gap_of_leads_is_no_surer_than_either() -> None:
    one = lead(three("robust", (5, 6, 7)) + three("natural", (1, 1, 1)), "prior", "robust", "natural")
    found = gap(one, one)
    assert found.mean == 0.0
    assert found.interval.high - found.interval.low > one.interval.high - one.interval.low


def test_where_chooses_by_metric_and_levels() -> None:
    rows = three("robust", (1, 2, 3)) + three("robust", (4, 5, 6), sparsity=0.5)
    assert [one.value for one in where(rows, "accuracy", draw__sparsity=(0.5,))] == [4, 5, 6]
    assert where(rows, "mean_iou") == []


def test_rank_correlation_is_scipys() -> None:
    left, right = [3.0, 1.0, 4.0, 1.5, 9.0], [2.0, 7.0, 1.0, 8.0, 2.5]
    found, same = rank_correlation(left, right), rank_correlation(left, left)
    assert found is not None
    assert same is not None
    assert found.rho == pytest.approx(spearmanr(left, right).statistic)
    assert 0 < found.p <= 1
    assert same.p == pytest.approx(2 / 120)


def test_a_number_that_no_row_gives_is_found_with_its_line() -> None:
    assert evidence.strays("fine +1.20\nwrong +9.99 and 80 %", "+1.20 at 80 %") == [(2, "+9.99")]
    assert evidence.strays("fig1, Table2 and ResNet-20 are names", "") == []


def test_every_claim_is_of_a_recipe_and_has_a_rule() -> None:
    files = {claim.recipe for claim in CLAIMS if claim.recipe.endswith(".yaml")}
    assert {claim.recipe for claim in CLAIMS} - files <= set(recipe_names())
    assert all((evidence.HERE.parents[1] / file).is_file() for file in files)
    assert len({claim.name for claim in CLAIMS}) == len(CLAIMS)
    assert all(claim.rule and claim.says for claim in CLAIMS)


def test_the_page_is_what_the_stored_rows_give(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = evidence.PAGE.read_text(encoding="utf-8")
    copy = tmp_path / "EVIDENCE.md"
    copy.write_text(text, encoding="utf-8")
    monkeypatch.setattr(evidence, "PAGE", copy)
    assert evidence.main() == 0
    assert copy.read_text(encoding="utf-8") == text
    copy.write_text(text + "\nand a lead of +99.99\n", encoding="utf-8")
    assert evidence.main() == 1
    assert copy.read_text(encoding="utf-8") == text
