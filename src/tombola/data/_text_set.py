"""What every set of texts is: written texts, cut into words by a tokeniser that belongs to the set.

Most are rows (`RowSet`): a text or a pair, and its class or its number.
"""

import warnings
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import gcd
from typing import Any, ClassVar, Final, NamedTuple

import torch
from pydantic import field_validator, model_validator
from torch import Tensor

from tombola.answers import Answers, Classes, Number
from tombola.data._base import Dataset, Examples, Published, Splits, held_out
from tombola.data._texts import Texts
from tombola.data._tokenizers import MISSING, identity_of, tokenizer
from tombola.data._tokens import Longer, Piece, Tokenizer, Written
from tombola.errors import DataError
from tombola.spec import Json, option

_MULTIPLE: Final = 8


class Row(NamedTuple):
    """A text, and the number of its class, or the number asked for; 0 where nothing is."""

    text: Written
    label: float


@dataclass(frozen=True)
class Rows:
    """A set as it is written; ``classes`` is empty where texts have no labels, ``left_out`` says which rows are not."""

    classes: tuple[str, ...]
    train: Sequence[Row]
    val: Sequence[Row]
    test: Sequence[Row]
    left_out: Mapping[str, str] = field(default_factory=dict)


class TextSet(Dataset):
    """A set of texts. Which ids they become is part of what the set is."""

    RELEASED: ClassVar[Published | None] = None  # its counts as it was released, for a plan where no files are

    tokenizer: str = option(
        help="what cuts texts into words: the model's folder, its name on the hub, or plain, plain:2000"
    )
    length: int = option(64, "the most tokens of a text, its special ones included", ge=8, le=8192)

    @model_validator(mode="before")
    @classmethod
    def _say_which_tokenizer(cls, values: Any) -> Any:
        needed = cls.model_fields["tokenizer"].is_required()
        if needed and isinstance(values, Mapping) and not values.get("tokenizer"):
            raise ValueError(MISSING)
        return values

    @field_validator("tokenizer")
    @classmethod
    def _there_is_one(cls, value: str) -> str:
        if value.partition(":")[0] == "plain":
            tokenizer(value)
        return value

    @property
    def asks(self) -> type[Answers]:
        """What is asked of a text: its class, unless overridden."""
        return Classes

    @abstractmethod
    def content(self) -> Json:
        """What identifies what is in the set, wherever its files lie."""

    def cutting(self) -> Tokenizer:
        """The tokeniser meant."""
        return tokenizer(self.tokenizer)

    def identity(self) -> dict[str, Json]:
        return {**super().identity(), "tokenizer": identity_of(self.tokenizer), "content": self.content()}

    @abstractmethod
    def load(self) -> Splits[Examples]:
        """The three splits, as token ids."""


class RowSet(TextSet):
    """Texts or pairs, each a sample with its class or its number."""

    longer: Longer = option("cut", "a text of more tokens is cut, or parted into several, as for learning words")

    @abstractmethod
    def rows(self) -> Rows:
        """The texts of each split; the same every time."""

    def load(self) -> Splits[Texts]:
        rows, cutting = self.rows(), self.cutting()
        self._require_texts(rows)
        parts = [self._pieces(part, cutting) for part in (rows.train, rows.val, rows.test)]
        self._say_cut([piece for part in parts for piece in part])
        splits = zip((rows.train, rows.val, rows.test), parts, strict=True)
        train, val, test = (self._texts(part, found, rows.classes, cutting.pad) for part, found in splits)
        return Splits(train, val, test, left_out=rows.left_out)

    def shown(self, rows: Sequence[Row], classes: tuple[str, ...]) -> tuple[Texts, Tensor]:
        """Other rows as the set's own ones are shown, in the order given, and which have more than ``length``, (N,)."""
        cutting = self.cutting()
        pieces = self._pieces(rows, cutting)
        return self._texts(rows, pieces, classes, cutting.pad), torch.tensor([len(found) > 1 for found in pieces])

    def _pieces(self, rows: Sequence[Row], cutting: Tokenizer) -> list[list[Piece]]:
        return cutting.pieces([row.text for row in rows], self.length)

    def _texts(
        self, rows: Sequence[Row], pieces: Sequence[Sequence[Piece]], classes: tuple[str, ...], pad: int
    ) -> Texts:
        """One split; a text that is parted gives its label to each of its parts."""
        taken = [
            (piece, row.label)
            for row, found in zip(rows, pieces, strict=True)
            for piece in (found if self.longer == "part" and row.text.second is None else found[:1])
        ]
        pairs = any(row.text.second is not None for row in rows)
        return Texts(
            tuple(piece.ids for piece, _ in taken),
            torch.tensor([label for _, label in taken], dtype=torch.float32 if self.asks is Number else torch.int64),
            classes,
            pad,
            gcd(_MULTIPLE, self.length),  # filled up to few lengths, and never beyond the longest allowed
            segments=tuple(piece.segments for piece, _ in taken) if pairs else (),
        )

    def _require_texts(self, rows: Rows) -> None:
        counts = {"training": len(rows.train), "validation": len(rows.val), "test": len(rows.test)}
        empty = next((split for split, count in counts.items() if count == 0), None)
        if empty is not None:
            raise DataError(
                f"{self.name}: of {sum(counts.values())} texts none is left for the {empty} split; give it more texts,"
                " or other shares"
            )

    def _say_cut(self, pieces: Sequence[Sequence[Piece]]) -> None:
        longer = sum(len(found) > 1 for found in pieces)
        if longer and self.longer == "cut":
            warnings.warn(
                f"{self.name}: {longer:,} of {len(pieces):,} texts have more than length={self.length} tokens, and are"
                " cut there; write a larger length where the net takes one",
                stacklevel=4,
            )


def carved(rows: Sequence[Row], classes: Sequence[str], fraction: float, seed: int) -> tuple[list[Row], list[Row]]:
    """Rows in two, the second holding a fraction of every class, or of all where there are none; seeded."""
    labels = torch.tensor([row.label if classes else 0 for row in rows], dtype=torch.int64)
    kept, out = held_out(labels, max(1, len(classes)), fraction, seed)
    return [rows[index] for index in kept.tolist()], [rows[index] for index in out.tolist()]
