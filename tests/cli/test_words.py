"""Texts from the shell: hidden words first, a ticket of that, told apart and measured, on files alone."""

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tombola.cli.main import app
from tombola.cli.settings import trained_as_usual
from tombola.data._text_tried import sentences
from tombola.tasks._base import Task

CONFIG = {
    "model_type": "bert", "vocab_size": 300, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2,
    "intermediate_size": 8, "max_position_embeddings": 64,
}  # fmt: skip
TEXTS = ("--set", "task.tokenizer=plain:300")


def said(*words: str) -> str:
    """What a command prints on stdout."""
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == 0, result.output
    return str(result.stdout)


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("transformers")
    monkeypatch.chdir(tmp_path)
    Path("bert-tiny").mkdir()
    Path("bert-tiny/config.json").write_text(json.dumps(CONFIG))
    with Path("texts.csv").open("w", newline="", encoding="utf-8") as file:
        rows = [(text, label) for label in ("calm", "loud") for text in sentences(label)]
        csv.writer(file).writerows([("text", "label"), *rows])


def test_pretrain_on_hidden_words_draw_transfer_to_text_and_measure() -> None:
    short = ("--set", "epochs=4it", "--set", "optimizer.lr=0.01")
    said(
        "pretrain", "hf:bert-tiny", "--task", "mlm:texts.csv", *TEXTS, "--preset", "mlm", *short, "-o", "p.safetensors"
    )
    said("draw", "path:p.safetensors", "--set", "sparsity=0.5", "--set", "prunable=bert", "-o", "x.ticket")
    said("transfer", "x.ticket", "--task", "text:texts.csv", *TEXTS, "--how", "linear", "-o", "y.ticket")
    Path("p.safetensors").unlink()  # an adapted ticket needs nothing beside itself
    rows = json.loads(
        said(
            "measure",
            "y.ticket",
            "--task",
            "text:texts.csv",
            *TEXTS,
            "--property",
            "accuracy",
            "--property",
            "f1",
            "--json",
        )
    )
    assert [(row["metric"], row["samples"]) for row in rows] == [("accuracy", 10), ("f1", 10)]
    assert rows[0]["value"] > 60


def test_a_task_without_a_tokenizer_says_what_to_write() -> None:
    result = CliRunner().invoke(app, ["pretrain", "hf:bert-tiny", "--task", "text:texts.csv", "-o", "p.safetensors"])
    assert result.exit_code == 2
    assert "tokenizer=FOLDER" in str(result.output) + str(result.exception)


def test_texts_are_trained_the_published_way_where_nothing_else_is_said() -> None:
    texts, words = Task.parse("text:prose"), Task.parse("mlm:prose")
    assert trained_as_usual({"epochs": 3}, texts) == {"preset": "glue", "epochs": 3}
    assert trained_as_usual({"optimizer": {"lr": 1e-3}}, words) == {"preset": "mlm", "optimizer": {"lr": 1e-3}}
    for said in ({"preset": "squad"}, {"optimizer": "sgd"}, {"optimizer": {"name": "sgd"}}):
        assert trained_as_usual(dict(said), texts) == said
    assert trained_as_usual({"epochs": 3}, Task.parse("digits")) == {"epochs": 3}
