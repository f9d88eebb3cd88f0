"""``tombola verdict`` on rows and on a study."""

import json
from pathlib import Path

from tests.report.rows import demo_rows
from typer.testing import CliRunner

from tombola.cli.main import app
from tombola.rows import write_rows

ROWS = Path(__file__).parents[2] / "results" / "every-way-to-draw" / "glyphs-to-digits.jsonl"


def said(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["verdict", *words])
    assert result.exit_code == code, result.output
    return str(result.output)


def test_it_tells_brackets_and_winners_by_panel(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    write_rows(path, demo_rows())
    text = said(str(path), "--where", "transfer=linear")
    heads = [line for line in text.splitlines() if line and not line.startswith((" ", "sparsity", "interval"))]
    assert heads == ["accuracy", "adversarial accuracy"]
    assert text.count("95 % t interval over 3 shared seeds") == 1
    assert [line.split()[2:4] for line in text.splitlines()].count(["robust", "wins"]) == 5
    natural, robust = (
        next(line for line in text.splitlines() if line.startswith(f"  {prior}: nothing is shown"))
        for prior in ("natural", "robust")
    )
    assert "by means alone" not in natural  # the mean falls short of the bar too
    assert robust.endswith("(by means alone: 50 %)")
    found = json.loads(said(str(path), "--where", "transfer=linear", "--json"))
    attacked = next(one for one in found if "adversarial" in one["where"])
    assert {verdict["verdict"] for verdict in attacked["verdicts"][:3]} == {"robust"}
    assert all(verdict["low"] > 0 and verdict["seeds"] == 3 for verdict in attacked["verdicts"][:3])
    assert set(attacked["matching"]["natural"]) == {"std", "strict", "margin"}


def test_the_committed_rows_have_no_dense_run_and_say_so() -> None:
    plain = said(str(ROWS), "--where", "scheme=OMP", "--where", "pattern=element")
    assert "natural: undecided: there is no dense run, nothing was measured at 0 %." in plain
    against = said(str(ROWS), "--where", "scheme=OMP", "--where", "pattern=element", "--dense", "0.59")
    assert "natural: no sparsity matches 59 %; 83.2 % falls short." in against


def test_wrong_levels_are_told_with_the_right_ones() -> None:
    assert "did you mean 'transfer'?" in said(str(ROWS), "--where", "transfr=linear", code=2)
    assert "transfer has no such level" in said(str(ROWS), "--where", "transfer=liner", code=2)


def test_a_study_that_was_not_run_has_no_results(tmp_path: Path) -> None:
    assert said("demo", "--store", str(tmp_path / "none")).strip() == "no results yet"
