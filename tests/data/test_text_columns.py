"""Columns of tables of texts: by their names, by what they hold, and refused where nobody can tell."""

from pathlib import Path

import pytest
from tests.data.test_own_texts import own

from tombola.data._text_columns import TextColumns, text_columns
from tombola.errors import DataError

ROWS = [(number, f"a longer text about {number} things", ("good", "bad")[number % 2]) for number in range(24)]


def table(folder: Path, header: str) -> Path:
    """Two dozen rows of a number, a text and one of two words, under these names."""
    lines = [",".join(map(str, row)) for row in ROWS]
    (folder / "x.csv").write_text("\n".join([header, *lines]), encoding="utf-8")
    return folder / "x.csv"


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("id,text,label", TextColumns("text", "label")),
        ("nr,Review,Sentiment", TextColumns("Review", "Sentiment")),
        ("uid,was,wie", TextColumns("was", "wie")),  # by what they hold: numbers never come again
        ("label,sentence1,sentence2", TextColumns("sentence1", "label", "sentence2")),
    ],
)
def test_columns_are_found(header: str, found: TextColumns, tmp_path: Path) -> None:
    assert text_columns(table(tmp_path, header)) == found


def test_what_nobody_can_tell_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("a,b,c\nsome words,yes,1\nmore words,no,1\nsome words,yes,2\nmore words,no,2\n", encoding="utf-8")
    with pytest.raises(
        DataError, match=r"which column holds the class\? There are: a, b, c; write text=NAME and label"
    ):
        text_columns(file)
    file.write_text("", encoding="utf-8")
    with pytest.raises(DataError, match="There are: none"):
        text_columns(file)


def test_rows_that_are_none_are_skipped_and_said(tmp_path: Path) -> None:
    file = table(tmp_path, "id,text,label")
    with file.open("a", encoding="utf-8") as stream:
        stream.write("\n24, ,good\n25,no label,\n26,cut off")
    with pytest.warns(UserWarning, match=r"left out of .*x\.csv: 1 the text is empty: x\.csv: line 26; 1 no label"):
        splits = own(file, broken="skip").load()
    assert splits.left_out == {
        "x.csv: line 26": "the text is empty",
        "x.csv: line 27": "no label",
        "x.csv: line 28": "ends before its label",
    }
    assert len(splits.train) + len(splits.val) + len(splits.test) == 24
    with pytest.raises(DataError, match="line 26: the text is empty"):
        own(file).load()


def test_a_table_in_parquet(tmp_path: Path) -> None:
    file = tmp_path / "x.parquet"
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        file.write_bytes(b"PAR1")
        with pytest.raises(DataError, match="type: pip install pyarrow, or save the table as CSV"):
            own(file).load()
        return
    columns = {"text": [text for _, text, _ in ROWS], "label": [label for *_, label in ROWS]}
    parquet.write_table(pa.table(columns), file)
    assert own(file).load().classes == ("bad", "good")
    file.write_bytes(b"PAR1")
    with pytest.raises(DataError, match="no Parquet that can be read"):
        own(file).load()
