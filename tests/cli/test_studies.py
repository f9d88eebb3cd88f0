"""Studies through the command line: plan, run, run again, report, status and the store."""

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from tombola.cli.main import app

STUDY = {
    "name": "tiny",
    "model": {"name": "resnet8", "width": 0.25},
    "source": {"name": "digits", "seed": 1, "size": 8},
    "pretrain": {"epochs": "2it", "batch": 16},
    "draw": "omp",
    "target": {"name": "digits", "num_train": 60, "size": 8},
    "transfer": {"name": "linear", "strengths": [0.01]},
    "measure": "accuracy",
    "axes": {"draw.sparsity": [0.0, 0.9], "seed": [0, 1]},
}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("tiny.yaml").write_text(yaml.safe_dump(STUDY), encoding="utf-8")


def said(*words: str, code: int = 0) -> str:
    """What a command prints on stdout."""
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == code, result.output
    return str(result.stdout)


def test_a_study_is_planned_run_once_and_reported() -> None:
    plan = json.loads(said("plan", "tiny.yaml", "--json"))
    assert (plan["cells"], plan["stages"], plan["to_run"]) == (4, 2 + 4 + 4 + 4, 14)
    assert not Path("tombola-store").exists(), "planning leaves nothing behind"

    first = json.loads(said("run", "tiny.yaml", "--json"))
    assert (first["run"], first["rows"], first["failed"]) == (14, 4, {})
    rows = Path(first["rows_file"]).read_bytes()

    again = said("run", "tiny.yaml")
    assert "nothing to train" in again
    assert "report: runs/tiny/report.html" in again
    assert Path(first["rows_file"]).read_bytes() == rows

    wider = json.loads(said("run", "tiny.yaml", "--set", "draw.sparsity=0.0,0.5,0.9", "--json"))
    assert wider["run"] == 6, "a draw, a transfer and a measurement for each seed; the pretraining is shared"


def test_a_plan_names_the_axes_and_so_does_who_misses_one() -> None:
    lines = said("plan", "tiny.yaml", "--set", "seed=1,2,3").splitlines()
    assert lines[1:3] == ["  draw.sparsity: 0.0, 0.9", "  seed: 1, 2, 3"]
    refused = CliRunner().invoke(app, ["plan", "tiny.yaml", "--set", "task=digits"])
    assert "(axes here: draw.sparsity, seed)" in refused.stderr


@pytest.mark.slow
def test_the_report_is_made_from_the_store_alone() -> None:
    said("run", "tiny.yaml")
    made = said("report", "tiny.yaml", "--png", "curves.png")
    assert "picture: curves.png" in made
    assert Path("curves.png").read_bytes().startswith(b"\x89PNG")
    page = Path("runs/tiny/report.html").read_text(encoding="utf-8")
    assert "tombola run tiny.yaml" in page


@pytest.mark.slow
def test_status_says_what_is_left_and_the_store_is_looked_after() -> None:
    before = json.loads(said("status", "tiny.yaml", "--json"))
    assert (before["done"], len(before["left"])) == (0, 14)
    said("run", "tiny.yaml")
    assert json.loads(said("status", "tiny.yaml", "--json")) == {"done": 14, "left": []}

    assert len(json.loads(said("store", "ls", "--json"))) == 14
    assert "14 stages, 0 damaged" in said("store", "verify")
    damaged = next(Path("tombola-store").rglob("rows.jsonl"))
    damaged.write_bytes(damaged.read_bytes().replace(b"accuracy", b"accurocy"))
    result = CliRunner().invoke(app, ["store", "verify"])
    assert result.exit_code == 1
    assert damaged.parent.name in result.stderr

    Path("other.yaml").write_text(yaml.safe_dump(STUDY | {"axes": {"seed": [0]}}), encoding="utf-8")
    freed = json.loads(said("store", "gc", "--keep", "other.yaml", "--json"))
    assert freed["stages"] == 10
    assert len(json.loads(said("store", "ls", "--json"))) == 4


def test_a_stage_that_fails_gives_exit_code_one_and_names_the_stage() -> None:
    Path("bad.yaml").write_text(
        yaml.safe_dump(STUDY | {"pretrain": {"epochs": "8it", "batch": 16, "optimizer": {"name": "sgd", "lr": 1e30}}}),
        encoding="utf-8",
    )
    result = CliRunner().invoke(app, ["run", "bad.yaml"])
    assert result.exit_code == 1
    assert "failed: pretrain" in result.stderr
    assert "left out" in result.stderr


@pytest.mark.slow
def test_a_runner_takes_its_options_as_a_mapping_and_the_command_is_kept_as_it_can_be_pasted() -> None:
    said("run", "tiny.yaml", "--runner", "{name: inline, threads: 1}", "--set", "draw.sparsity=0.5, 0.9")
    about = json.loads(Path("runs/tiny/about.json").read_text(encoding="utf-8"))
    wanted = "tombola run tiny.yaml --set 'draw.sparsity=0.5, 0.9' --runner '{name: inline, threads: 1}'"
    assert about["commands"] == [wanted]
    refused = CliRunner().invoke(app, ["run", "tiny.yaml", "--runner", "{name: inline, thread: 2}"])
    assert refused.exit_code == 2
    assert "did you mean 'threads'" in refused.output
    broken = CliRunner().invoke(app, ["run", "tiny.yaml", "--runner", "{name: inline"])
    assert broken.exit_code == 2
    assert "no mapping of options" in broken.output
