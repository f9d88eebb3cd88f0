"""The evidence page is what the stored rows give, worded as they allow; a number that no row gives is found."""

from dataclasses import replace
from pathlib import Path

import pytest
from results.evidence import __main__ as evidence
from results.evidence import floors
from results.evidence.claim import HERE, PRETRAINING, TRAINING, Asked, Claim, command
from results.evidence.claims import CLAIMS
from results.evidence.floors import floor
from results.evidence.holm import holm
from results.evidence.judged import judged
from results.evidence.judges import by_lead, gap_tells, least_p

from tests.results.test_leads import row, three
from tombola.recipes._lookup import recipe_names
from tombola.rows import Row, write_rows
from tombola.schemes.lmp import LMP
from tombola.study.study import Study

ASKED = Asked("points", "a net; a set", TRAINING, 3, "none", "theirs")


def claim(name: str, asked: Asked = ASKED) -> Claim:
    return Claim(name, "says", "robust-tickets/fig2", "rule", by_lead("accuracy", "robust"), asked)


def verdicts(rows: list[Row], names: str, asked: Asked = ASKED) -> list[str]:
    return [one.verdict for one in judged([claim(name, asked) for name in names], dict.fromkeys(names, rows))]


def test_a_verdict_is_one_among_all_claims() -> None:
    """p 0.026: alone it leaves 0 out, among three claims it does not stand."""
    ahead, level = three("robust", (52, 53, 54)), three("robust", (50, 51, 49))
    base = three("natural", (50, 50.5, 50.5))
    assert verdicts(ahead + base, "a") == ["holds"]
    assert verdicts(ahead + base, "abc") == ["leans for"] * 3
    assert verdicts(level + base, "a") == ["undecided"]
    behind = [one.model_copy(update={"value": 100 - one.value}) for one in ahead + base]
    assert (verdicts(behind, "a"), verdicts(behind, "abc")) == (["does not hold"], ["leans against"] * 3)


def test_with_fewer_pretrainings_than_asked_a_verdict_is_of_these_nets() -> None:
    rows = three("robust", (52, 53, 54)) + three("natural", (50, 50.5, 50.5))
    once = replace(ASKED, unit=PRETRAINING, units=5)
    assert verdicts(rows, "a", once) == ["holds on these nets"]
    each = replace(claim("a", replace(once, units=3)), pretrained="each seed")
    assert [one.verdict for one in judged([each], {"a": rows})] == ["holds"]


def test_holms_p_are_those_worked_by_hand() -> None:
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx({"a": 0.03, "c": 0.06, "b": 0.06})
    assert holm({"a": 0.5, "b": 0.9}) == {"a": 1.0, "b": 1.0}
    assert holm({}) == {}


def test_what_so_few_tasks_could_not_show_is_undecidable() -> None:
    """Five tasks in perfect order have p 2/120, which is above 0.05 among four claims already."""
    assert least_p(5) == pytest.approx((2 / 120, 10 / 120))
    tasks = dict(zip("abcde", range(5), strict=True))
    rows = [row(prior, seed, 50 + (prior == "linf 1/255") * tasks[task], task=task)
            for task in tasks for prior in ("natural", "linf 1/255") for seed in range(3)]  # fmt: skip
    far = [one.model_copy(update={"metric": "feature_frechet_distance", "value": tasks[str(one.cell["task"])]})
           for one in rows if one.cell["prior"] == "natural"]  # fmt: skip
    claims = [Claim(name, "says", "robust-tickets/table2", "rule", gap_tells, ASKED) for name in "abcd"]
    assert [one.verdict for one in judged(claims[:1], {"a": rows + far})] == ["holds"]
    assert {one.verdict for one in judged(claims, dict.fromkeys("abcd", rows + far))} == {"undecidable"}


def test_the_floor_is_the_mean_of_controls_in_the_same_cells() -> None:
    rows = three("untrained", (30, 31, 32)) + three("untrained", (20, 20, 20), sparsity=0.95)
    rows += three("random ticket", (40, 40, 40))
    both = [(("draw.sparsity", sparsity), ("task", "a")) for sparsity in (0.9, 0.95)]
    assert floor(rows, "accuracy", both) == {"untrained": 25.5}, "a control that some cell lacks is left out"
    assert floor(rows, "accuracy", both[:1]) == {"untrained": 31.0, "random ticket": 40.0}
    assert floor(rows, "mean_iou", both) == {}
    assert floor(rows, "accuracy", [(("draw.sparsity", 0.9), ("drawn", "US"))]) == {
        "untrained": 31.0,
        "random ticket": 40.0,
    }


def test_controls_are_lent_by_a_study_of_the_same_protocol(tmp_path: Path) -> None:
    rows = three("untrained", (30, 31, 32)) + three("natural", (40, 41, 42))
    element = [one.model_copy(update={"cell": {**one.cell, "draw.pattern": "element"}}) for one in rows]
    channel = [one.model_copy(update={"cell": {**one.cell, "draw.pattern": "channel"}}) for one in rows]
    (tmp_path / "robust-tickets-fig3-small").mkdir()
    write_rows(tmp_path / "robust-tickets-fig3-small" / "rows.jsonl", element + channel)
    assert floors.controls("robust-tickets-fig4-small", [], tmp_path) == element[:3]
    assert len(floors.controls("robust-tickets-fig3-small", [], tmp_path)) == 6
    assert floors.controls("robust-tickets-fig7-small", rows, tmp_path) == rows[:3], "its own, where it has any"


def test_the_learned_masks_are_judged_at_the_schemes_own_rate() -> None:
    (learned,) = [one for one in CLAIMS if one.name == "Learned masks"]
    assert learned.judge is not None
    assert [*learned.judge(learned.rows()).leads] == ["robust over natural"]
    way = next(str(level) for level in learned.only["way"] if "LMP" in str(level))
    study = Study.read(HERE.parents[1] / learned.recipe).axes["way"]
    drawn = LMP.model_validate({name: value for name, value in study[way]["draw"].items() if name != "name"})
    assert (drawn.fit.optimizer, drawn.fit.schedule) == (LMP().fit.optimizer, LMP().fit.schedule)


def test_a_number_that_no_row_gives_is_found_with_its_line() -> None:
    assert evidence.strays("fine +1.20\nwrong +9.99 and 80 %", "+1.20 at 80 %") == [(2, "+9.99")]
    assert evidence.strays("fig1, Table2 and ResNet-20 are names", "") == []


def test_every_claim_is_of_a_recipe_and_has_a_rule() -> None:
    files = {claim.recipe for claim in CLAIMS if claim.recipe.endswith(".yaml")}
    assert {claim.recipe for claim in CLAIMS} - files - {""} <= set(recipe_names())
    assert all((HERE.parents[1] / file).is_file() for file in files)
    assert len({claim.name for claim in CLAIMS}) == len(CLAIMS)
    assert all(claim.rule and claim.says for claim in CLAIMS)
    assert [claim.name for claim in CLAIMS if claim.recipe and claim.judge is None] == [], "each is judged from rows"


def test_rows_are_looked_for_where_the_command_puts_them() -> None:
    (matching,) = [one for one in CLAIMS if one.name == "CV: matching tickets"]
    places = {"cv-tickets-classification-small", "cv-tickets-sensitivity-small", "cv-tickets-segmentation-small",
              "cv-tickets-detection-small"}  # fmt: skip
    assert {file.parent.name for file in matching.files} == places
    assert {file.parent.parent for file in matching.files} == {HERE.parent / "cv-tickets"}
    assert command(matching.recipe).endswith(" --out results/cv-tickets")
    assert not matching.has_rows


def test_the_pages_are_what_the_stored_rows_give(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {name: getattr(evidence, name).read_text(encoding="utf-8") for name in ("PAGE", "DETAILS")}
    for name, text in texts.items():
        copy = tmp_path / name
        copy.write_text(text, encoding="utf-8")
        monkeypatch.setattr(evidence, name, copy)
    drawn = {file.name: file.read_text(encoding="utf-8") for file in evidence.PICTURES.glob("*.svg")}
    monkeypatch.setattr(evidence, "PICTURES", tmp_path / "pictures")
    assert evidence.main() == 0
    assert {name: (tmp_path / name).read_text(encoding="utf-8") for name in texts} == texts
    assert {file.name: file.read_text(encoding="utf-8") for file in (tmp_path / "pictures").glob("*")} == drawn


def test_a_number_that_no_row_gives_is_told_and_taken_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {name: tmp_path / name for name in ("PAGE", "DETAILS", "REMARKS")}
    for name, file in files.items():
        monkeypatch.setattr(evidence, name, file)
    monkeypatch.setattr(evidence, "JUDGED", ())
    monkeypatch.setattr(evidence, "PICTURES", tmp_path)
    (tmp_path / "of-no-row.svg").write_text("<svg/>", encoding="utf-8")
    files["REMARKS"].write_text("A lead of +99.99.\n", encoding="utf-8")
    assert evidence.main() == 1
    assert "REMARKS:1: +99.99 is not what the rows give" in (told := capsys.readouterr().err)
    assert "of-no-row.svg was not what the rows give" in told
    assert [file.name for file in tmp_path.glob("*.svg")] == ["effects.svg"]
