"""``tombola draw`` of a ladder: every level in the store, the plan said, the rest of it run."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tombola.cli.main import app

FIT = [f"--set=fit.{text}" for text in ("epochs=3it", "batch=20", "optimizer.lr=0.02")]
NET = ["resnet8", "--set=model.width=0.25"]
ON = ["--scheme=imp", "--set=task=digits", "--set=task.num_train=60", "--device=cpu"]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TOMBOLA_STORE", raising=False)


def draw(*words: str) -> tuple[str, str]:
    """What the command prints on stdout and on stderr."""
    result = CliRunner().invoke(app, ["draw", *NET, *ON, *FIT, *words])
    assert result.exit_code == 0, result.output
    return result.stdout, result.stderr


def test_a_longer_ladder_runs_only_its_own_levels_and_says_so() -> None:
    _, told = draw("--set=level=2", "-o", "two.ticket")
    assert "plan: draw 2 stages, 0 in the store, 2 to run" in told
    printed, told = draw("--set=level=3", "-o", "three.ticket", "--json")
    assert "plan: draw 3 stages, 2 in the store, 1 to run" in told
    drawn = json.loads(printed)
    assert drawn["total"] - drawn["kept"] == pytest.approx(0.488 * drawn["total"], abs=2)
    _, told = draw("--set=level=3", "-o", "again.ticket")
    assert "0 to run" in told
    assert Path("three.ticket").read_bytes() == Path("again.ticket").read_bytes()


def test_the_ticket_goes_on_to_transfer_and_measure() -> None:
    draw("--set=level=2", "-o", "two.ticket")
    task = ["--task=digits", "--set=task.num_train=60", "--device=cpu"]
    for words in (
        ["transfer", "two.ticket", *task, "--how=linear", "-o", "adapted.ticket"],
        ["measure", "adapted.ticket", *task, "--property=accuracy", "--json"],
    ):
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)[0]["samples"] == 599


def test_a_scheme_that_looks_at_a_task_says_so_when_there_is_none() -> None:
    result = CliRunner().invoke(app, ["draw", "resnet8", "--scheme=imp", "--set=level=2", "-o", "x.ticket"])
    assert result.exit_code != 0
    assert "looks at a task: write --task digits" in str(result.exception) + result.output


def test_a_level_that_fails_is_reported_with_its_trace() -> None:
    result = CliRunner().invoke(
        app, ["draw", *NET, *ON, *FIT, "--set=level=2", "--set=fit.optimizer.lr=1e30", "-o", "x.ticket"]
    )
    assert result.exit_code == 1
    assert "failed: draw imp" in result.stderr
    assert not Path("x.ticket").exists()
