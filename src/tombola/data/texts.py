"""Texts: your own, as a table, as a folder a class, or as plain text.

What: ``FILE.csv``, ``.tsv``, ``.jsonl`` or ``.parquet`` with a column ``text`` (for pairs ``text2`` too) and a column
    ``label``, of words or numbers; a folder with ``train`` and ``test`` tables (``val`` where there is one); a folder a
    class of ``.txt`` files; or one ``.txt`` file of paragraphs, a line each, for learning words. UTF-8. Where there is
    no test table, test and validation texts are drawn once by ``seed``, in equal shares of every class.
When: any texts on disk; write ``text:FILE.csv`` as a task.
Cost: all texts in memory as ids. Every key reads the files.
Options: ``path``; ``broken``: a row without a text or a label is refused by its line, or skipped with a warning;
    ``alike``: texts that are equal but for capitals, spaces and signs may be on both sides of a split, or on one;
    ``tokenizer``, the model's folder; ``length``; ``longer``; ``text``, ``second`` and ``label``, the
    columns' names; ``label_is`` class or number; ``val_fraction``, ``test_fraction``, ``seed``.
Reference: none.
"""

import math
import warnings
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Literal, Self

from tombola.answers import Answers, Classes, Number
from tombola.data._files import files_identity
from tombola.data._left_out import grouped
from tombola.data._text_alike import apart, carved_together, said_again
from tombola.data._text_files import TABLES, records, text_of
from tombola.data._text_set import Row, Rows, RowSet, carved
from tombola.data._text_tried import table
from tombola.data._tokens import Written
from tombola.errors import DataError
from tombola.spec import Json, option

_HOW = (
    "expected FILE.csv, .tsv, .jsonl or .parquet, a folder with train.csv and test.csv, a folder a class of .txt, or"
    " FILE.txt"
)


class OwnTexts(RowSet):
    """Texts on disk."""

    ARGUMENT: ClassVar[str | None] = "path"

    path: Path = option(help="the file or folder; a copy of it elsewhere is the same set", identity=False)
    text: str = option("text", "the column that holds the text")
    second: str = option("text2", "the column that holds the second text of a pair, where there is one")
    label: str = option("label", "the column that says the class")
    label_is: Literal["class", "number"] = option(
        "class", "a label is the name of a class, or a number to be told", absent="class"
    )
    broken: Literal["refuse", "skip"] = option("refuse", "what to do about rows that are none", identity=False)
    alike: Literal["anywhere", "together"] = option(
        "anywhere", "texts that say the same: on any side of a split, or all on one", absent="anywhere"
    )
    val_fraction: float = option(0.1, "the share of the training texts held out", gt=0, lt=1)
    test_fraction: float = option(0.2, "the share of all texts held out, where there is no test table", gt=0, lt=1)
    seed: int = option(0, "which split", ge=0)

    @classmethod
    def examples(cls, folder: Path) -> list[Self]:
        return [cls(path=table(folder), tokenizer="plain:200")]

    @property
    def root(self) -> Path:
        return self.path.expanduser().absolute()

    @property
    def asks(self) -> type[Answers]:
        return Classes if self.label_is == "class" else Number

    def content(self) -> Json:
        files = [file for part in self._parts().values() for file in part]
        return files_identity(self.root if self.root.is_dir() else self.root.parent, files)

    def rows(self) -> Rows:
        left: dict[str, str] = {}
        found = {
            split: [one for file in files for one in self._read(file, left)] for split, files in self._parts().items()
        }
        if left:
            warnings.warn(f"texts: left out of {self.root}: {grouped(left)}", stacklevel=2)
        classes, number = self._labels({label for rows in found.values() for _, label in rows})
        parts = {split: [Row(text, number[label]) for text, label in rows] for split, rows in found.items()}
        carve = carved_together if self.alike == "together" else carved
        rest, test = (
            (parts["train"], parts["test"])
            if "test" in parts
            else carve(parts["train"], classes, self.test_fraction, self.seed)
        )
        train, val = (rest, parts["val"]) if "val" in parts else carve(rest, classes, self.val_fraction, self.seed)
        if self.alike == "together":
            train, val = self._apart(train, val, test)
        return Rows(classes, train, val, test, left)

    def given(self) -> Collection[str]:
        return self._parts().keys() & {"test", "val"}

    def _apart(self, train: Sequence[Row], val: Sequence[Row], test: Sequence[Row]) -> tuple[list[Row], list[Row]]:
        """Training and validation texts that no later split has too; how many say the same is said."""
        if told := said_again([*train, *val, *test]):
            kept = apart(val, test)
            fewer = apart(train, [*kept, *test])
            gone = len(train) + len(val) - len(fewer) - len(kept)
            out = f"; {gone:,} that were in two splits are left out of the earlier" if gone else ""
            warnings.warn(f"texts: {told}; each group is kept on one side of a split{out}", stacklevel=3)
            return fewer, kept
        return list(train), list(val)

    def _labels(self, found: set[str | None]) -> tuple[tuple[str, ...], Mapping[str | None, float]]:
        """The classes, and what number each label stands for; texts without any have nothing to be told."""
        labels = sorted(label for label in found if label is not None)
        if None in found and (labels or self.label_is == "number"):
            raise DataError(f"{self.root}: some texts have a {self.label} and some have none; give each one")
        if self.label_is == "number":
            return (), {label: self._number(label) for label in labels}
        return tuple(labels), {None: 0, **{label: place for place, label in enumerate(labels)}}

    def _number(self, label: str) -> float:
        try:
            number = float(label)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise DataError(
                f"{self.root}: the {self.label} {label!r} is no number; write numbers, or the task text:FILE"
            )
        return number

    def _parts(self) -> Mapping[str, Sequence[Path]]:
        """The files of each split; all are ``train`` where nothing is called test."""
        if self.root.is_file() and self.root.suffix.lower() in (*TABLES, ".txt"):
            return {"train": [self.root]}
        if not self.root.is_dir():
            raise DataError(f"texts: {self.root} is {'no such file' if self.root.exists() else 'not there'}; {_HOW}")
        tables = {file.stem: [file] for file in sorted(self.root.iterdir()) if file.suffix.lower() in TABLES}
        if "train" in tables:
            return {split: tables[split] for split in ("train", "val", "test") if split in tables}
        files = sorted(self.root.glob("*/*.txt"))
        if not files:
            raise DataError(f"texts: {self.root} holds no texts; {_HOW}")
        return {"train": files}

    def _read(self, file: Path, left: dict[str, str]) -> list[tuple[Written, str | None]]:
        """The texts of a file; rows that are none are refused, or noted in ``left``."""
        if file.suffix.lower() == ".txt":
            found = self._plain(file)
        else:
            found = [(line, self._row(file, row), row) for line, row in records(file)]
        good = []
        for line, one, row in found:
            why = self._wrong(file, row)
            if why and self.broken == "refuse":
                raise DataError(f"{file}: line {line}{why}")
            if why:
                left[f"{file.name}: line {line}"] = why.removeprefix(":").strip().partition(";")[0]
            else:
                good.append(one)
        return good

    def _plain(self, file: Path) -> list[tuple[int, tuple[Written, str | None], Mapping[str, object]]]:
        """A file in the folder of its class is one text; a file by itself is a text a line."""
        text = text_of(file)
        if file != self.root:
            return [(1, (Written(text.strip()), file.parent.name), {self.text: text})]
        lines = [(number, line.strip()) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
        return [(number, (Written(line), None), {self.text: line}) for number, line in lines or [(1, "")]]

    def _row(self, file: Path, row: Mapping[str, object]) -> tuple[Written, str | None]:
        if self.text not in row:
            names = ", ".join(map(repr, row)) or "none"
            raise DataError(f"{file}: no column {self.text!r} (there are: {names}); write text=..., label=...")
        text, second, label = (row.get(name) for name in (self.text, self.second, self.label))
        return Written(str(text), None if second is None else str(second)), None if label is None else str(label)

    def _wrong(self, file: Path, row: Mapping[str, object]) -> str:
        """What is wrong with a row, as the end of a sentence about its line; empty where nothing is."""
        second, label = row.get(self.second), row.get(self.label)
        for value, name in ((row.get(self.text), "text"), *([] if second is None else [(second, self.second)])):
            if value is not None and not isinstance(value, str):
                return f": the {name} is {value!r}, which is none; write it in quotes"
            if value is None or not value.strip():
                return f": the {name} is empty; write one, or take the line out"
        if label is None and self.label in row and file.suffix.lower() in (".csv", ".tsv"):
            return f" ends before its {self.label}; write it, and close quotes that are open"
        if self.label in row and (label is None or not str(label).strip()):
            return f": no {self.label}; write one, or take the line out"
        return ""
