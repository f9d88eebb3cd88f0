"""``--track``: the numbers of a command's trainings, and what is refused before it trains."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tombola.cli.main import app

PRETRAIN = (
    "pretrain",
    "resnet8",
    "--task",
    "digits",
    "--size",
    "8",
    "--epochs",
    "2it",
    "--batch",
    "8",
    "-o",
    "x.safetensors",
)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_training_of_a_command_is_kept() -> None:
    pytest.importorskip("tensorboard")
    done = CliRunner().invoke(app, [*PRETRAIN, "--track", "{name: tensorboard, folder: logs}"])
    assert done.exit_code == 0, done.output
    (file,) = Path("logs").rglob("events.*")
    content = file.read_bytes()
    assert b"optimizer.lr" in content
    assert b"loss" in content


@pytest.mark.parametrize(
    ("tracker", "said"),
    [
        ("tensorbord", "did you mean 'tensorboard'"),
        ("tensorboard:", "folder"),
        ("{name: mlflow, x: 1}", "x"),
        ("{tensorboard", "no mapping of options"),
    ],
)
def test_a_wrong_one_is_refused_before_anything_trains(tracker: str, said: str) -> None:
    done = CliRunner().invoke(app, [*PRETRAIN, "--track", tracker])
    assert done.exit_code == 2
    assert said in done.output
    assert not Path("x.safetensors").exists()
