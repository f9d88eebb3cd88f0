"""WikiText: paragraphs without headings; its validation part is trained on where a copy has no other."""

from pathlib import Path
from zipfile import ZipFile

import pytest

from tombola.data._base import Dataset
from tombola.data._counts import counts_of
from tombola.data._wikitext import WikiText
from tombola.errors import DataError, RequestError
from tombola.tasks._base import Task

LINES = ["", " = A river = ", " The river is long . ", "", " = = Its course = = ", " It ends in the sea . "]


def wiki(root: Path) -> WikiText:
    found = Dataset.parse({"name": "wikitext2", "root": root, "tokenizer": "plain:100", "val_fraction": 0.5})
    assert isinstance(found, WikiText)
    return found


def put(place: Path, **parts: list[str]) -> None:
    place.mkdir(parents=True, exist_ok=True)
    for name, lines in parts.items():
        (place / f"{name}.txt").write_text("\n".join(lines), encoding="utf-8")


def test_headings_are_no_paragraphs(tmp_path: Path) -> None:
    put(tmp_path / "wikitext2", train=LINES * 2, valid=LINES, test=LINES[:4])
    rows = wiki(tmp_path).rows()
    assert [row.text.first for row in rows.test] == ["The river is long ."]
    assert (len(rows.train), len(rows.val), rows.classes) == (4, 2, ())


def test_without_a_training_part_the_validation_part_is_trained_on(tmp_path: Path) -> None:
    put(tmp_path / "wikitext-2", valid=LINES * 4, test=LINES)
    rows = wiki(tmp_path).rows()
    assert (len(rows.train), len(rows.val), len(rows.test)) == (4, 4, 2)


def test_a_zip_is_read_as_the_folder_is(tmp_path: Path) -> None:
    put(tmp_path / "wikitext2", valid=LINES * 4, test=LINES)
    with ZipFile(tmp_path / "x.zip", "w") as archive:
        for file in sorted((tmp_path / "wikitext2").iterdir()):
            archive.write(file, f"wikitext2/{file.name}")
    assert wiki(tmp_path / "x.zip").digest() == wiki(tmp_path).digest()
    assert wiki(tmp_path / "x.zip").rows() == wiki(tmp_path).rows()


def test_without_files_it_can_be_planned_and_not_read(tmp_path: Path) -> None:
    missing = wiki(tmp_path)
    assert missing.identity()["content"] == {"files": 0, "of": "names"}
    assert counts_of(missing).train == 36_718 // 2
    with pytest.raises(DataError, match=r"wikitext2: not found in .*; get it from https://huggingface"):
        missing.load()


def test_it_asks_for_words_alone(tmp_path: Path) -> None:
    put(tmp_path / "wikitext2", valid=LINES * 4, test=LINES)
    with pytest.raises(RequestError, match=r"wikitext2 has an answer a token.*write mlm:wikitext2"):
        Task.parse({"name": "text:wikitext2", "root": tmp_path, "tokenizer": "plain:100"})
    assert len(Task.parse({"name": "mlm:wikitext2", "root": tmp_path, "tokenizer": "plain:100"}).splits().test) == 2
