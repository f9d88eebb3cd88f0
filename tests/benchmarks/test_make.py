"""What benchmarks/make.py asks beside the race: commands that are read, new files, and programs without Tombola."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from benchmarks.make_jobs import Job
from benchmarks.make_plainly import Plain, _commands

from benchmarks import make_alone
from tests.docs.test_commands import read
from tests.predicting.finished import adapted, ticket_of

DIGITS = Job("digits", "digits", "resnet20", [], 3.0)


def test_the_six_commands_are_commands(tmp_path: Path) -> None:
    table = tmp_path / "reviews.csv"
    table.write_text("text,label\na,b\n", encoding="utf-8")
    texts = Job("reviews", str(table), "hf:minilm", ["model.pool=mean"], 1.0, pictures=False)
    photos = replace(DIGITS, examples=str(tmp_path), options=["model.arch=resnet8", "task.size=96"])
    for job in (DIGITS, texts, photos):
        commands = list(_commands(job, 60))
        assert [words[0] for words in commands] == ["transfer", "draw", "transfer", "measure", "export", "bench"]
        for words in commands:
            read(words)
    assert "task.tokenizer=minilm" in next(_commands(texts, 60))


def test_what_six_commands_give_is_told_beside_float32() -> None:
    engines = [
        {"engine": "native", "p50_ms": 2.0, "bytes": 1000, "accuracy": None},
        {"engine": "onnxruntime", "p50_ms": 3.0, "bytes": 4000, "accuracy": 90.0},
    ]
    lines = list(Plain([["draw", "x"]], 1.0, 88.0, 599, engines).lines())
    assert lines[1:3] == ["  tombola draw x", "  88.00 % of 599 held-out samples"]
    assert lines[3] == "  native: 2.000 ms, 1.50 times as fast as ONNX Runtime in float32, 1,000 bytes"


def test_new_files_are_of_every_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(make_alone, "COUNT", 7)
    files = make_alone.new_files(DIGITS, tmp_path / "new")
    assert len(files) == 7
    assert {Path(file).suffix for file in files} == {".jpg", ".png", ".bmp", ".JPG"}
    table = tmp_path / "reviews.csv"
    table.write_text("text,label\n" + "".join(f"word {number},x\n" for number in range(28)), encoding="utf-8")
    (new,) = make_alone.new_files(replace(DIGITS, examples=str(table), pictures=False), tmp_path / "texts")
    assert Path(new).read_text("utf-8").splitlines()[:2] == ["text", "word 0 word 1"]


@pytest.mark.slow
def test_programs_alone_tell_new_files_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(make_alone, "COUNT", 7)
    (tmp_path / "made").mkdir()
    ticket_of(adapted(), tmp_path / "made" / "model.ticket")
    found = make_alone.alike_alone(DIGITS, tmp_path / "made", Path(sys.executable), tmp_path)
    assert found == {"ONNX, predict.py": 1.0, "C, predict.py": 1.0, "C, classify": 1.0}
