"""``tombola predict`` on files: lines, JSON, CSV, and what it says of those it cannot read."""

import csv
import json
from pathlib import Path

import pytest
from tests.predicting.finished import CLASSES, adapted, encoded, picture, pictures, text_ticket, ticket_of
from typer.testing import CliRunner

from tombola.cli.main import app


@pytest.fixture(scope="module")
def ticket(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(ticket_of(adapted(), tmp_path_factory.mktemp("ticket") / "x.ticket"))


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def done(*words: str, stdin: str | None = None) -> tuple[int, str, str]:
    """Exit code, stdout, stderr."""
    result = CliRunner().invoke(app, ["predict", *words], input=stdin)
    return result.exit_code, result.stdout, result.stderr


def test_a_folder_is_walked_and_every_image_answered(ticket: str) -> None:
    names = sorted(str(path) for path in pictures(Path("photos")))
    Path("photos/notes.txt").write_text("no picture")
    code, out, _ = done(ticket, "photos", "--top", "1")
    assert code == 0
    lines = dict(line.split(": ") for line in out.splitlines())
    assert sorted(lines) == names
    assert all(line.rpartition(" ")[0] in CLASSES and line.endswith("%") for line in lines.values())


def test_files_that_fail_are_named_and_the_rest_goes_on(ticket: str) -> None:
    Path("good.png").write_bytes(encoded(picture(1)))
    Path("cut.png").write_bytes(encoded(picture(1))[:200])
    Path("empty").mkdir()
    code, out, err = done(ticket, "cut.png", "good.png", "nowhere.png", "empty", "--json")
    assert code == 1
    found = json.loads(out)
    assert [one["name"] for one in found] == ["cut.png", "good.png", "nowhere.png", "empty"]
    assert found[1]["label"] in CLASSES
    assert len(found[1]["top"]) == 4
    assert found[2]["error"] == "there is no such file"
    assert "failed: cut.png: " in err
    assert "failed: empty: the folder holds no images" in err
    assert err.endswith("3 of 4 could not be read\n")


def test_a_csv_has_a_line_for_each_file(ticket: str) -> None:
    Path("good.png").write_bytes(encoded(picture(1)))
    code, out, _ = done(ticket, "good.png", "nowhere.png", "--top", "2", "-o", "x.csv")
    assert (code, out) == (1, "x.csv: 1 answers\n")
    with Path("x.csv").open(encoding="utf-8", newline="") as file:
        first, second = csv.DictReader(file)
    assert first["label"] in CLASSES
    assert float(first["score"]) >= float(first["score2"]) >= 0
    assert (first["error"], second["error"], second["label"]) == ("", "there is no such file", "")
    code, _, err = done(ticket, "good.png", "-o", "x.csv")
    assert code == 2
    assert "exists" in err


def test_texts_come_from_tables_lines_and_the_command(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    model = str(text_ticket(tmp_path / "t.ticket"))
    Path("a.csv").write_text('review,stars\n"fine, really",5\n,1\ndull,2\n')
    Path("b.txt").write_text("one line\n\nanother\n")
    code, out, err = done(
        model, "a.csv", "b.txt", "a text itself", "-", "--text", "review", "--json", stdin="by pipe\n"
    )
    names = ["a.csv:2", "a.csv:3", "a.csv:4", "b.txt:1", "b.txt:3", "a text itself", "-:1"]
    assert [one["name"] for one in json.loads(out)] == names
    assert code == 1
    assert "failed: a.csv:3: the text is empty" in err
    code, _, err = done(model, "a.csv")
    assert code == 1
    assert "no column 'text' (there are: 'review', 'stars'); write --text NAME" in err


def test_a_table_is_read_by_the_columns_that_it_was_adapted_with(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    model = str(text_ticket(tmp_path / "t.ticket", text="review"))
    Path("a.csv").write_text("review,text\nfine,3\n")
    code, out, _ = done(model, "a.csv", "--json")
    by_hand = done(model, "a.csv", "--json", "--text", "review")
    assert (code, out) == by_hand[:2]
    assert out != done(model, "a.csv", "--json", "--text", "text")[1]


def test_samples_of_the_other_kind_are_refused(ticket: str, tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    Path("a.csv").write_text("text\nx\n")
    Path("a.jpg").write_bytes(b"")
    assert done(ticket, "a.csv")[::2] == (
        2,
        f"error: {ticket} reads images, and a.csv holds texts; give images or a folder of them\n",
    )
    code, _, err = done(str(text_ticket(tmp_path / "t.ticket")), "a.jpg")
    assert code == 2
    assert "reads texts, and a.jpg is an image" in err
