"""The pace of this machine: a moment's steps of a study's own net, nothing loaded."""

import json
from pathlib import Path

import pytest
import torch
from tests.study.toys import STUDY
from typer.testing import CliRunner

from tombola.cli.main import app
from tombola.models.source import Source
from tombola.study import pace
from tombola.study.macs import text_macs
from tombola.study.pace import Pace, timed, timed_on_texts

TINY = {"model_type": "bert", "vocab_size": 40, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
ENCODER = {
    "name": "hf:tiny@config",
    "config": json.dumps({**TINY, "intermediate_size": 32, "max_position_embeddings": 64}),
}


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


@pytest.mark.parametrize("pool", ["cls", "mean"])
def test_operations_a_second_of_a_small_encoder(pool: str) -> None:
    pytest.importorskip("transformers")
    found = timed_on_texts(Source.parse({**ENCODER, "pool": pool}), 12, 3, batch=4)
    assert found is not None
    assert 1e5 < found.flops < 1e13
    assert found.timed == "hf:tiny@config, 4 texts of 12 tokens a step"


def test_of_texts_a_step_has_so_many_operations_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("transformers")
    source = Source.parse(ENCODER)
    monkeypatch.setattr(pace, "MOST_FLOPS", 2.5 * 6 * text_macs(source.bare, source.options, 12, 3))
    found = timed_on_texts(source, 12, 3, batch=32)
    assert found is not None
    assert found.timed == "hf:tiny@config, 2 texts of 12 tokens a step"


def test_a_net_too_large_to_make_is_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("transformers")
    source = Source.parse(ENCODER)
    numbers = sum(weight.numel() for weight in source.load(num_classes=2).parameters())
    monkeypatch.setattr(pace, "MOST_PARAMETERS", numbers - 1)
    assert timed_on_texts(source, 12, 3, batch=4) is None
    monkeypatch.setattr(pace, "MOST_PARAMETERS", numbers)
    assert timed_on_texts(source, 12, 3, batch=4) is not None


def test_twice_the_operations_take_twice_as_long() -> None:
    assert Pace(1e9, "").seconds(2e9) == 2 * Pace(1e9, "").seconds(1e9)


def test_a_plan_says_minutes_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("toy.yaml").write_text(json.dumps(STUDY))
    result = CliRunner().invoke(app, ["plan", "toy.yaml", "--json"])
    cost = json.loads(result.stdout)["cost"]
    assert cost["minutes_here_to_run"] == pytest.approx(cost["flops"] / cost["here"]["tflops"] / 1e12 / 60)


def test_a_plan_says_minutes_of_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("transformers")
    monkeypatch.chdir(tmp_path)
    task = {"name": "text:rte", "root": str(tmp_path), "tokenizer": "bert-base-uncased", "length": 8}
    transfer = {"name": "finetune", "fit": {"preset": "glue", "epochs": "1ep"}}
    study = {"name": "toy", "model": ENCODER, "target": task, "draw": {"name": "omp", "prunable": "bert"}}
    Path("toy.yaml").write_text(json.dumps({**study, "transfer": transfer, "measure": ["accuracy"]}))
    result = CliRunner().invoke(app, ["plan", "toy.yaml", "--json"])
    cost = json.loads(result.stdout)["cost"]
    assert cost["minutes_here_to_run"] == pytest.approx(cost["flops"] / cost["here"]["tflops"] / 1e12 / 60)
    assert "tokens a step" in cost["here"]["timed"]
