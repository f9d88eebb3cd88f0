"""Images whose classes stand in a table: found by path, name or stem; columns by their names; the rest is named."""

import json
from pathlib import Path

import pytest
from PIL import Image
from tests.data.test_folder import COLOURS, colours, folder, loaded

from tombola.data._label_tables import Columns, columns_of
from tombola.errors import DataError

HERE = Path("labels.csv")


def flat(root: Path, each: int = 10) -> list[tuple[str, str]]:
    """Pictures in one folder, half of them in a folder below, and what each shows."""
    (root / "more").mkdir(parents=True)
    rows = []
    for number in range(each):
        for name, colour in COLOURS.items():
            file = f"{'more/' if number % 2 else ''}{name[0]}{number}.png"
            Image.new("RGB", (24, 20), (*colour[:2], colour[2] + number)).save(root / file)
            rows.append((file, name))
    return rows


def written(file: Path, header: str, rows: list[str]) -> Path:
    file.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return file


@pytest.mark.parametrize("form", ["path", "name", "stem", "jsonl", "semicolon"])
def test_a_table_gives_the_split_that_folders_would(form: str, tmp_path: Path) -> None:
    rows = flat(tmp_path)
    if form == "jsonl":
        lines = [json.dumps({"file_name": file, "label": name}) for file, name in rows]
        table = written(tmp_path / "metadata.jsonl", lines[0], lines[1:])
    elif form == "semicolon":
        table = written(tmp_path / "labels.csv", "label;image", [f"{name};{file}" for file, name in rows])
    else:
        names = [{"path": file, "name": Path(file).name, "stem": Path(file).stem}[form] for file, _ in rows]
        lines = [f"{name},{label}" for name, (_, label) in zip(names, rows, strict=True)]
        table = written(tmp_path / "labels.csv", "id,breed", lines)
    splits = loaded(folder(tmp_path, labels=table.name))
    assert splits.classes == ("cat", "dog", "eel")
    assert [len(part) for part in (splits.train, splits.val, splits.test)] == [21, 3, 6]
    assert [max(range(3), key=colour.__getitem__) for colour in colours(splits)] == [0, 1, 2]
    assert splits.left_out == {}


def test_a_column_says_the_split(tmp_path: Path) -> None:
    rows = flat(tmp_path)
    lines = [f"{file}\t{name}\t{'TEST' if place % 5 == 0 else 'train'}" for place, (file, name) in enumerate(rows)]
    written(tmp_path / "x.tsv", "file\tlabel\tsplit", lines)
    splits = loaded(folder(tmp_path, labels="x.tsv"))
    assert (len(splits.train) + len(splits.val), len(splits.test)) == (24, 6)
    written(tmp_path / "y.tsv", "file\tlabel\tsplit", [lines[0].replace("cat", "fox"), *lines[1:]])
    with pytest.raises(DataError, match="of the split test without training images: fox"):
        loaded(folder(tmp_path, labels="y.tsv"))


def test_what_a_table_says_wrongly_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    rows = [f"{file},{name}" for file, name in flat(tmp_path)]
    Image.new("RGB", (9, 9)).save(tmp_path / "extra.png")
    wrong = ["none.png,cat", ",dog", f"{rows[0].split(',')[0]},dog", "more/c1.png,"]
    written(tmp_path / "labels.csv", "file,label", [*rows[:3], *rows[4:], *wrong])
    with pytest.warns(
        UserWarning, match=r"left out of .*1 no such file, named in labels\.csv: labels\.csv/line 31: none\.png"
    ):
        splits = loaded(folder(tmp_path, labels="labels.csv"))
    assert splits.left_out == {
        "labels.csv/line 31: none.png": "no such file, named in labels.csv",
        "labels.csv/line 32: ": "no file named",
        "c0.png": "several labels in labels.csv",
        "more/c1.png": "no label in labels.csv",
        "extra.png": "not in labels.csv",
    }


def test_another_table_is_another_set(tmp_path: Path) -> None:
    rows = [f"{file},{name}" for file, name in flat(tmp_path)]
    written(tmp_path / "labels.csv", "file,label", rows)
    spec = folder(tmp_path, labels="labels.csv")
    before = spec.digest()
    written(tmp_path / "labels.csv", "file,label", [rows[0].replace("cat", "dog"), *rows[1:]])
    assert spec.digest() != before


@pytest.mark.parametrize(
    ("there", "asked", "found"),
    [
        (["id", "image", "label"], Columns("", ""), Columns("image", "label")),
        (["Filename", "Class", "Split"], Columns("", ""), Columns("Filename", "Class", "Split")),
        (["file", "what"], Columns("", ""), Columns("file", "what")),
        (["a", "b", "c"], Columns("b", "c"), Columns("b", "c")),
    ],
)
def test_columns(there: list[str], asked: Columns, found: Columns) -> None:
    assert columns_of(HERE, there, asked) == found


@pytest.mark.parametrize(
    ("there", "asked", "message"),
    [
        (["a", "b"], Columns("", ""), "which column holds the file"),
        (["file", "b", "c"], Columns("", ""), r"which column holds the label\? There are: b, c; write label=NAME"),
        (["file", "klass"], Columns("", "klas"), "no column 'klas', did you mean"),
    ],
)
def test_columns_that_nobody_can_tell(there: list[str], asked: Columns, message: str) -> None:
    with pytest.raises(DataError, match=message):
        columns_of(HERE, there, asked)


def test_a_table_that_is_not_there_or_none(tmp_path: Path) -> None:
    flat(tmp_path)
    written(tmp_path / "labels.csv", "file,label", ["nothing.png,cat"])
    for name, message in (("label.csv", r"there is no .*did you mean"), ("c0.png", "is no table")):
        with pytest.raises(DataError, match=message):
            folder(tmp_path, labels=name).digest()
    with pytest.raises(DataError, match="names no image that is there"):
        folder(tmp_path, labels="labels.csv").digest()
