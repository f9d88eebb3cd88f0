"""What cannot be made is one clear error before anything trains; a machine without a compiler is told so."""

from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from tombola.cli.main import app
from tombola.errors import ModelError
from tombola.race.entrants import dense, ladders, not_installed
from tombola.tasks._base import Task


def refused(*words: str) -> str:
    result: Any = CliRunner().invoke(app, ["make", *words])
    assert result.exit_code == 2, result.output
    return " ".join(str(result.output).split())


def test_pictures_without_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("flat").mkdir()
    for number in range(20):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(f"flat/{number}.png")
    told = refused("flat", "--model", "resnet8", "--set", "task.size=8")
    assert "needs images with labels, and these have none; put each class into a folder of its own" in told
    assert "or write labels=FILE.csv" in told
    assert not Path("made/model.ticket").exists()


def test_texts_for_a_net_of_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"fine {number},good\ndull {number},bad\n" for number in range(20))
    Path("x.csv").write_text("text,label\n" + rows, encoding="utf-8")
    told = refused("x.csv", "--model", "resnet8", "--set", "task.tokenizer=plain:300")
    assert "reads no words, and texts holds texts; write a model such as hf:FOLDER" in told


def test_images_for_a_net_of_texts() -> None:
    pytest.importorskip("transformers")
    from tests.models.encoders import encoder

    with pytest.raises(ModelError, match="reads texts, and digits holds images; write a model of images"):
        Task.parse("digits").head(encoder(), generator=torch.Generator())


def test_without_a_compiler_what_runs_in_c_does_not_race_and_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "/nowhere/cc")
    assert "needs a compiler; no C compiler: looked for CC=/nowhere/cc" in not_installed(of_texts=False)["native"]
    assert not any("native" in name for name in dense(of_texts=False).engines)
    racing = ladders(of_texts=False, by_size=True)
    assert not any("native" in name for ladder in racing for rung in ladder.rungs for name in rung.engines)
