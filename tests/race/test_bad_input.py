"""What cannot be made is one clear error before anything trains; a machine without a compiler is told so."""

from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from tombola.cli.main import app
from tombola.errors import ModelError
from tombola.race import entrants
from tombola.race.entrants import dense, ladders, not_installed
from tombola.race.ship import left_out_of
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


def test_what_was_left_out_goes_beside_what_is_shipped(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for number in range(12):
            Image.new("RGB", (8, 8), (number, 0, 0)).save(tmp_path / name / f"{number}.png")
    (tmp_path / "dog" / "cut, off.png").write_bytes(b"PNG")
    (tmp_path / "dog" / "notes.txt").touch()
    with pytest.warns(UserWarning, match="skipped 1 broken image"):
        found = left_out_of(Task.parse({"name": f"folder:{tmp_path}", "size": 8, "broken": "skip"}))
    table = 'file,reason\n"dog/cut, off.png",not an image Pillow can read\ndog/notes.txt,"no image, by its name"\n'
    assert found == {"left_out.csv": table}
    assert left_out_of(Task.parse("digits")) == {}


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


@pytest.mark.parametrize("has", [True, False])
def test_large_blocks_race_where_dense_int8_has_tiles(has: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entrants, "tiles", lambda _: has)
    monkeypatch.setattr(entrants, "missing", lambda _: "")
    patterns = {rung.draw.get("pattern") for one in ladders(of_texts=False, by_size=False) for rung in one.rungs}
    assert ("block:16x4" in patterns) is has
    assert "block:1x4" in patterns


def test_without_a_compiler_what_runs_in_c_does_not_race_and_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "/nowhere/cc")
    assert "needs a compiler; no C compiler: looked for CC=/nowhere/cc" in not_installed()["native"]
    assert not any("native" in name for name in dense().engines)
    racing = ladders(of_texts=False, by_size=True)
    assert not any("native" in name for ladder in racing for rung in ladder.rungs for name in rung.engines)
