"""``tombola bench --calibrate``: measured, kept, told; the measuring itself is tested beside the kernels."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tombola.cli.main import app
from tombola.native import calibrating, calibration
from tombola.native.calibration import Calibration


def quick(threads: int, told: object) -> Calibration:
    numbers = {"call": 12.0}, {"linear": 0.1}, 0.062, 100, 40, 31.0
    return Calibration("a processor", threads, *numbers, calibration.kernels())


@pytest.fixture(autouse=True)
def _fast(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOMBOLA_CACHE", str(tmp_path))
    monkeypatch.setattr(calibrating, "calibrate", quick)


def test_it_is_kept_and_its_error_said(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["bench", "--calibrate", "--threads", "2"])
    assert result.exit_code == 0, result.output
    assert "2 threads: 100 timings fitted in 31 s" in result.stdout
    assert "median error of the model on 40 timings of layers it had not seen: 6.2%" in result.stdout
    (file,) = (tmp_path / "native").iterdir()
    assert str(file) in result.stdout.replace("\n", "")


def test_as_json_the_file_and_all_numbers() -> None:
    result = CliRunner().invoke(app, ["bench", "--calibrate", "--json"])
    said = json.loads(result.stdout)
    assert json.loads(Path(said["file"]).read_text())["coefficients"] == said["coefficients"] == {"call": 12.0}


def test_it_is_about_the_machine_and_no_ticket() -> None:
    result = CliRunner().invoke(app, ["bench", "x.ticket", "--calibrate"])
    assert "leave the ticket out" in str(result.exception) + result.output
