"""The protocol is what the claims say, complete, and its order is the history's."""

import subprocess
from dataclasses import fields
from pathlib import Path

import pytest
from results.evidence import dates, protocol
from results.evidence.claim import HERE, Asked
from results.evidence.claims import BY_PAPER, CLAIMS, JUDGED

from tombola.study.study import Study

PAPERS = {"Robust Tickets", "Double-Win", "BERT tickets", "CV tickets", "ToST", "SuperTickets", "RLPrompt"}


def test_the_page_is_the_claims() -> None:
    assert protocol.PAGE.read_text(encoding="utf-8") == protocol.text()


def test_every_claim_of_every_paper_says_all_that_is_asked() -> None:
    assert set(BY_PAPER) == PAPERS
    for claim in CLAIMS:
        empty = [field.name for field in fields(Asked) if not getattr(claim.asked, field.name)]
        assert not empty, f"{claim.name}: {empty}"
        assert claim.rule, claim.name
        assert claim.says, claim.name
    assert all(claim.order == "before" for claim in CLAIMS if claim not in JUDGED)


@pytest.mark.parametrize("name", ["pretrainings", "autoattacked"])
def test_studies_without_rows_pretrain_anew_for_every_seed(name: str) -> None:
    study = Study.read(HERE / f"{name}.yaml")
    repeats = study.axes["repeat"]
    assert len(repeats) == 5
    assert all({sets["seed"], sets["pretrain_seed"], sets["target.seed"]} == {int(at)} for at, sets in repeats.items())
    assert {claim.pretrained for claim in CLAIMS if claim.study == name} == {"each seed"}
    assert all(claim.asked.units == len(repeats) for claim in CLAIMS if claim.study == name)


def git(folder: Path, *asked: str) -> None:
    who = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    subprocess.run(["git", *who, *asked], cwd=folder, check=True, capture_output=True)


def test_the_history_says_which_rule_stands_before_its_rows(tmp_path: Path) -> None:
    """One claim before its rows, one with them, one after; the file of each is the claim's own."""
    kept = {claim.name: claim for claim in CLAIMS}
    before, together, after = (kept[name] for name in ("OMP, finetuned", "Structured tickets", "Segmentation"))
    git(tmp_path, "init", "-q")
    (tmp_path / "results/evidence").mkdir(parents=True)

    def commit(rules: str, *rows: str) -> None:
        with (tmp_path / "results/evidence/rules.py").open("a", encoding="utf-8") as file:
            file.write(rules)
        for name in rows:
            at = tmp_path / "results/evidence" / name / "rows.jsonl"
            at.parent.mkdir()
            at.write_text("{}\n", encoding="utf-8")
        git(tmp_path, "add", "-A")
        git(tmp_path, "commit", "-q", "-m", "x")

    commit(f'"{before.name}"\n', after.study)
    commit(f'"{together.name}"\n', before.study, together.study)
    commit(f'"{after.name}"\n')
    rules, rows = dates.rules_of(CLAIMS, tmp_path), dates.rows_of(CLAIMS, tmp_path)
    found = [dates.order(rules[claim.name], rows[claim.name]) for claim in (before, together, after)]
    assert found == ["before", "together", "after"]
    assert dates.order(None, rows[after.name]) == "after"
    assert dates.order(None, None) is None


def test_a_study_file_with_its_rule_at_its_head_is_a_rule() -> None:
    (larger,) = [claim for claim in CLAIMS if claim.name == "A weak prior on a larger net, linear"]
    text = (HERE.parents[1] / larger.recipe).read_text(encoding="utf-8")
    assert dates._ruled(larger, text)
    assert not dates._ruled(larger, text.replace("holds if", ""))
