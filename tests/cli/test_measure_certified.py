"""What `tombola measure` prints of certificates and gaps: radii, the ceiling, counts."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tombola.cli.main import app


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def printed(*words: str) -> tuple[str, str]:
    """What a measurement of a small net on the digits prints on stdout and stderr."""
    result = CliRunner().invoke(app, ["measure", "resnet8", "--task", "digits", *words])
    assert result.exit_code == 0, result.output
    return result.stdout, result.stderr


def test_each_radius_has_its_line_and_the_ceiling_one() -> None:
    settings = ["n0=4", "n=20", "num_samples=2", "radii=[0,0.1,0.9]"]
    out, err = printed("--property", "certified_accuracy", *(word for text in settings for word in ("--set", text)))
    *lines, judged = out.splitlines()
    assert judged.startswith("judged on")
    assert [line.rpartition("radius ")[2] for line in lines[:3]] == ["0", "0.1", "0.9"]
    assert lines[-1].split()[:2] == ["radius_ceiling", "0.14"]
    assert all("(n=2)" in line for line in lines)
    assert "n=20 certifies up to radius 0.137" in err


def test_the_gap_says_how_many_images() -> None:
    out, err = printed("--property", "frechet_distance:digits", "--set", "samples=30", "--set", "other_samples=40")
    assert out.split()[0] == "feature_frechet_distance"
    assert "30 images of the task, 40 of digits, 64 features" in err
    assert "30 images are too few for 64 features" in err


def test_a_missing_inception_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    words = ["measure", "resnet8", "--task", "digits", "--property", "frechet_distance:digits"]
    result = CliRunner().invoke(app, [*words, "--set", "features=inception"])
    assert result.exit_code == 2
    assert "pt_inception-2015-12-05-6726825d.pth" in result.stderr
