"""The contract of a tokeniser: texts as token ids, cut, parted, or looked at through windows."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from torch import Tensor

from tombola.spec import Json

Longer: TypeAlias = Literal["cut", "part"]


class Written(NamedTuple):
    """A text as it is written, or a pair of them."""

    first: str
    second: str | None = None


class Piece(NamedTuple):
    """A text's token ids, (L,) int64, and which of a pair each token is of: 0 or 1."""

    ids: Tensor
    segments: Tensor


class Window(NamedTuple):
    """A question with a part of its passage; ``offsets`` (L, 2) say which signs of the passage each token is of.

    From the first of them to behind the last; -1 where a token is none of the passage's.
    """

    ids: Tensor
    segments: Tensor
    offsets: Tensor


@dataclass(frozen=True)
class Sliding:
    """How a passage is looked at: ``length`` tokens at once, the question's ``asked`` first ones among them.

    Windows begin ``stride`` tokens of the passage apart, or as far as one reaches where that is less.
    """

    length: int
    stride: int
    asked: int


class Tokenizer(ABC):
    """Turns texts into ids from 0 to below ``words``. ``special`` are those that stand for no word of a text."""

    words: int
    pad: int
    mask: int | None
    """What stands where a word is hidden; None where there is no such id."""
    special: frozenset[int]

    @abstractmethod
    def pieces(self, texts: Sequence[Written], length: int) -> list[list[Piece]]:
        """For each text the pieces of at most ``length`` tokens that it comes to: one, or more where it is longer."""

    @abstractmethod
    def windows(self, question: str, passage: str, how: Sliding) -> list[Window]:
        """The question beside each part of the passage, in order; together they show all of it."""

    @abstractmethod
    def bare(self, text: str) -> list[int]:
        """The ids of a text as it stands inside another one: no special ones around it."""

    @abstractmethod
    def said(self, ids: Sequence[int]) -> str:
        """The text that ids stand for, as near as can be told."""

    @abstractmethod
    def frequent(self, most: int) -> list[int]:
        """Up to so many ids that each are a whole word by themselves, the frequent ones first."""

    @abstractmethod
    def identity(self) -> Json:
        """What tells it from others: a file's content, never where it lies."""
