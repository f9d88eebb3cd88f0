"""Sets of GLUE, read from its TSV files in a folder or in a zip, as GLUE lays them out or with a labelled test split.

A set's folder is called as GLUE calls it (``SST-2``) or as the set is called here (``sst2``). Rows are found by the
names in a file's first line, where it has one, else by their places. The test split is the first of the files for it
whose rows have labels: GLUE's own test files have none. Where nothing but that is there, a fifth of it is the test
split.
"""

import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final, Self

from tombola.data._in_zips import Place, contents_of, found_in, there
from tombola.data._text_files import columns_of
from tombola.data._text_set import Row, Rows, RowSet, carved
from tombola.data._text_tried import sentences
from tombola.data._tokens import Written
from tombola.data._torchvision import ROOT
from tombola.errors import DataError
from tombola.spec import Json, option

_OF_TEST: Final = 0.2


@dataclass(frozen=True)
class Layout:
    """Where a set's texts and labels stand: file names of the splits, columns by name and by place."""

    folder: str
    train: tuple[str, ...]
    test: tuple[str, ...]
    first: tuple[str, int]
    label: tuple[str, int]
    second: tuple[str, int] | None = None
    broken: float = 0.0
    """The share of a file's rows that may be cut off, as they are where a text holds the end of a line."""


class GlueSet(RowSet):
    """One of GLUE's sets of single texts or pairs, each of a class; validation is held out of the training texts.

    A set whose texts have numbers in place of classes overrides `asks` and `label_of`.
    """

    ARGUMENT: ClassVar[str | None] = "root"
    LAYOUT: ClassVar[Layout]
    LABELS: ClassVar[Mapping[str, str]] = {}  # what stands in the files -> the class's name, in the classes' order
    KNOWS: ClassVar[str] = ""  # which labels there are, where LABELS do not say

    root: Path = option(ROOT, "the folder, or the zip, that holds the set's own folder", identity=False)
    val_fraction: float = option(0.1, "the share of the training texts held out", gt=0, lt=1)
    seed: int = option(0, "which texts are held out", ge=0)

    @classmethod
    def examples(cls, folder: Path) -> list[Self]:
        """A small set of made-up texts in the layout that has names."""
        place = folder / cls.name
        place.mkdir(parents=True, exist_ok=True)
        for split, names, words in (("train", cls.LAYOUT.train, 24), ("test", cls.LAYOUT.test, 8)):
            (place / names[0]).write_text(
                _made_up(cls.LAYOUT, list(cls.LABELS) or ["1.25", "4"], split, words), encoding="utf-8"
            )
        return [cls(root=folder, tokenizer="plain:200")]

    @property
    def layout(self) -> Layout:
        """Where everything stands; overridden where options say which files."""
        return self.LAYOUT

    def label_of(self, text: str) -> float | None:
        """The number of the class that a label stands for; None where it is no label."""
        names = [*self.LABELS]
        return names.index(text) if text in names else None

    def content(self) -> Json:
        """Of the files, where they are here."""
        return contents_of([] if self._found() is None else self._files())

    def rows(self) -> Rows:
        place, classes = self._place(), tuple(self.LABELS.values())
        test = self._read(self._test(place))
        every = [row for file in self._training(place) for row in self._read(file)]
        if not every:
            every, test = carved(test, classes, _OF_TEST, self.seed)
        train, val = carved(every, classes, self.val_fraction, self.seed)
        return Rows(classes, train, val, test)

    def given(self) -> Collection[str]:
        return ["test"] if self._training(self._place()) else []

    def tested(self) -> str:
        place = self._place()
        share = "" if self._training(place) else f"{_OF_TEST:.0%}, drawn by seed {self.seed}, of "
        return f"{share}{self._test(place).name} of {self.name}"

    def _files(self) -> Sequence[Place]:
        place = self._place()
        return [*self._training(place), self._test(place)]

    def _training(self, place: Place) -> list[Place]:
        return [place / name for name in self.layout.train if there(place, name)]

    def _test(self, place: Place) -> Place:
        named = (name for name in self.layout.test if there(place, name))
        found = next((place / name for name in named if self._labelled(place / name)), None)
        if found is None:
            raise DataError(
                f"{self.name}: no labelled test texts in {place} (looked for {', '.join(self.layout.test)})"
            )
        return found

    def _place(self) -> Place:
        """The set's own folder; raises `DataError` where there is none."""
        found, root = self._found(), self.root.expanduser().absolute()
        if found is None:
            raise DataError(
                f"{self.name}: not found in {root}; get {self.layout.folder} of https://gluebenchmark.com/tasks, so"
                f" that {root}/{self.layout.folder}/{self.layout.train[0]} is there, or write {self.name}:FOLDER for a"
                " FOLDER that holds it"
            )
        return found

    def _found(self) -> Place | None:
        files = (*self.layout.train, *self.layout.test)
        return found_in(self.root, (self.name, self.layout.folder), files, self.name)

    def _labelled(self, file: Place) -> bool:
        rows = columns_of(file)
        where, body = _columns(self.layout, rows)
        return (
            bool(body)
            and where is not None
            and len(body[0]) > where[1]
            and self.label_of(body[0][where[1]]) is not None
        )

    def _read(self, file: Place) -> list[Row]:
        where, body = _columns(self.layout, columns_of(file))
        if where is None:
            raise DataError(f"{file}: no labels; {self.name} is trained and judged on texts that have some")
        whole = [row for row in body if len(row) > max(where)]
        cut = len(body) - len(whole)
        if 0 < cut <= self.layout.broken * len(body):
            warnings.warn(f"{file}: {cut} of {len(body):,} rows are cut off, and left out", stacklevel=4)
            body = whole
        return [self._row(row, where, f"{file}: row {place}") for place, row in enumerate(body, 1)]

    def _row(self, row: list[str], where: tuple[int, int, int], who: str) -> Row:
        first, label, second = where
        if len(row) <= max(where):
            raise DataError(f"{who} has {len(row)} columns, and {max(where) + 1} are needed; get the file again")
        number = self.label_of(row[label])
        if number is None:
            known = self.KNOWS or ", ".join(self.LABELS)
            raise DataError(f"{who}: the label is {row[label]!r}; {self.name} knows {known}")
        return Row(Written(row[first], None if second < 0 else row[second]), number)


def _columns(layout: Layout, rows: list[list[str]]) -> tuple[tuple[int, int, int] | None, list[list[str]]]:
    """Where first text, label and second text stand (-1: there is no second), and the rows below the names.

    None where a file has names and none is the label's.
    """
    wanted = (layout.first, layout.label, layout.second or ("", -1))
    names = rows[0] if rows else []
    if layout.first[0] not in names:
        return (wanted[0][1], wanted[1][1], wanted[2][1]), rows
    if layout.label[0] not in names:
        return None, rows[1:]
    first, label, second = (names.index(name) if name in names else -1 for name, _ in wanted)
    return (first, label, second), rows[1:]


def _made_up(layout: Layout, labels: list[str], split: str, count: int) -> str:
    columns: dict[str, list[str]] = {}
    told = [label for label in labels for _ in range(count)]
    texts = [
        f"{split} : {'so ' * (place // 2)}{text}"
        for place in range(len(labels))
        for text in sentences(("calm", "loud")[place % 2], count)
    ]
    columns[layout.first[0]] = texts
    if layout.second is not None:
        columns[layout.second[0]] = texts[::-1]
    columns[layout.label[0]] = told
    lines = ["\t".join(columns), *("\t".join(row) for row in zip(*columns.values(), strict=True))]
    return "\n".join(lines) + "\n"
