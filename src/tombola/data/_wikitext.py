"""WikiText: paragraphs of good and featured articles of Wikipedia, for learning words; its headings are left out.

Where a copy has no training part, its validation part is trained on, and a share of its paragraphs held out.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Final, Self

from tombola.answers import Answers, Tokens
from tombola.data._in_zips import Place, contents_of, found_in, there
from tombola.data._text_files import text_of
from tombola.data._text_set import Row, Rows, RowSet, carved
from tombola.data._text_tried import sentences
from tombola.data._tokens import Written
from tombola.data._torchvision import ROOT
from tombola.errors import DataError
from tombola.spec import Json, option

_FILES: Final = {
    split: (f"wiki.{split}.raw", f"wiki.{split}.tokens", f"{split}.txt") for split in ("train", "valid", "test")
}
_HEADING: Final = "="


class WikiText(RowSet):
    """A part of WikiText; a line is a paragraph."""

    ARGUMENT: ClassVar[str | None] = "root"
    FOLDERS: ClassVar[tuple[str, ...]]

    root: Path = option(ROOT, "the folder, or the zip, that holds the set's own folder", identity=False)
    val_fraction: float = option(0.1, "the share held out where there is no training part", gt=0, lt=1)
    seed: int = option(0, "which paragraphs are held out", ge=0)

    @classmethod
    def examples(cls, folder: Path) -> list[Self]:
        """A small set of made-up paragraphs without a training part."""
        place = folder / cls.FOLDERS[0]
        place.mkdir(parents=True, exist_ok=True)
        for split, count in (("valid", 24), ("test", 8)):
            lines = ["", " = A heading = ", *(f" {split} : {text} " for text in sentences("calm", count))]
            (place / f"{split}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return [cls(root=folder, tokenizer="plain:200")]

    @property
    def asks(self) -> type[Answers]:
        return Tokens

    def content(self) -> Json:
        """Of the files, where they are here."""
        return contents_of([file for split in _FILES if (file := self._file(split)) is not None])

    def rows(self) -> Rows:
        train, valid, test = (self._read(split) for split in _FILES)
        if not valid or not test:
            raise DataError(
                f"{self.name}: not found in {self.root}; get it from https://huggingface.co/datasets/Salesforce/wikitext"
                f" so that {self.root}/{self.FOLDERS[0]}/test.txt, valid.txt and train.txt are there, or write"
                f" {self.name}:FOLDER for a FOLDER that holds it"
            )
        if not train:
            train, valid = carved(valid, (), self.val_fraction, self.seed)
        return Rows((), train, valid, test)

    def tested(self) -> str:
        return f"the test part of {self.name}"

    def _found(self) -> Place | None:
        return found_in(self.root, self.FOLDERS, _FILES["test"], self.name)

    def _file(self, split: str) -> Place | None:
        place = self._found()
        names = [] if place is None else [name for name in _FILES[split] if there(place, name)]
        return place / names[0] if place is not None and names else None

    def _read(self, split: str) -> Sequence[Row]:
        file = self._file(split)
        lines = [] if file is None else [line.strip() for line in text_of(file).split("\n")]
        return [Row(Written(line), 0) for line in lines if line and not line.startswith(_HEADING)]
