"""The pace of this machine: a moment's steps of a study's own net, nothing loaded; of texts nothing is said."""

import json
from pathlib import Path

import pytest
import torch
from tests.study.toys import STUDY
from typer.testing import CliRunner

from tombola.cli.main import app
from tombola.models.source import Source
from tombola.study import pace
from tombola.study.pace import Pace, timed


@pytest.fixture(autouse=True)
def _a_short_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "MOMENT", 0.01)


def test_operations_a_second_of_a_small_net() -> None:
    threads = torch.get_num_threads()
    found = timed(Source.parse({"name": "resnet8", "width": 0.25}), 8, 10, batch=4)
    assert 1e6 < found.flops < 1e13
    assert found.timed == "resnet8, 4 images of 8 pixels a step"
    assert torch.get_num_threads() == threads


def test_of_large_images_a_step_takes_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "MOST", 3 * 16**2)
    narrow = Source.parse({"name": "resnet8", "width": 0.25})
    assert timed(narrow, 16, 10, batch=64).timed == "resnet8, 3 images of 16 pixels a step"
    assert timed(narrow, 40, 10, batch=64).timed == "resnet8, 1 images of 40 pixels a step"
    assert timed(narrow, 8, 10, batch=4).timed == "resnet8, 4 images of 8 pixels a step"


def test_twice_the_operations_take_twice_as_long() -> None:
    assert Pace(1e9, "").seconds(2e9) == 2 * Pace(1e9, "").seconds(1e9)


def test_a_plan_says_minutes_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("toy.yaml").write_text(json.dumps(STUDY))
    result = CliRunner().invoke(app, ["plan", "toy.yaml", "--json"])
    cost = json.loads(result.stdout)["cost"]
    assert cost["minutes_here_to_run"] == pytest.approx(cost["flops"] / cost["here"]["tflops"] / 1e12 / 60)
