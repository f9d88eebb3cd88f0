"""A tokeniser that needs no file: words and signs in small letters, each numbered by a checksum of its own."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, final
from zlib import crc32

import torch

from tombola.data._tokens import Piece, Sliding, Tokenizer, Window, Written
from tombola.spec import Json

WORDS: Final = 4096
PAD, UNKNOWN, BEGIN, END, MASK = range(5)
_SPECIAL: Final = 5
_WORD: Final = re.compile(r"\w+|[^\w\s]")


@final
@dataclass(frozen=True)
class PlainWords(Tokenizer):
    """``words`` ids: five that stand for no word, and the rest shared by all words there are, several to an id.

    >>> PlainWords(100).pieces([Written("No, no.")], 8)[0][0].ids.tolist()
    [2, 29, 38, 29, 33, 3]
    """

    words: int = WORDS
    pad: int = PAD
    mask: int | None = MASK
    special: frozenset[int] = frozenset(range(_SPECIAL))

    def pieces(self, texts: Sequence[Written], length: int) -> list[list[Piece]]:
        return [
            self._of_one(first, length) if second is None else self._of_pair(first, second, length)
            for first, second in texts
        ]

    def windows(self, question: str, passage: str, how: Sliding) -> list[Window]:
        words = [*_WORD.finditer(passage)]
        ids, offsets = [self._id(word[0].lower()) for word in words], [word.span() for word in words]
        asked = [BEGIN, *self._ids(question)[: how.asked], END]
        room = how.length - len(asked) - 1
        step, nowhere = min(how.stride, room), [(-1, -1)]
        starts = [0, *range(step, len(ids) - room + step, step)]
        return [
            Window(
                *_piece([*asked, *ids[start : start + room], END], len(ids[start : start + room]) + 1),
                torch.tensor([*nowhere * len(asked), *offsets[start : start + room], *nowhere]),
            )
            for start in starts
        ]

    def bare(self, text: str) -> list[int]:
        return self._ids(text)

    def said(self, ids: Sequence[int]) -> str:
        """Numbers: a checksum cannot be undone."""
        return " ".join(f"#{number}" for number in ids)

    def frequent(self, most: int) -> list[int]:
        """The first ones: which words they stand for, nobody knows."""
        return [*range(_SPECIAL, self.words)][:most]

    def identity(self) -> Json:
        return f"plain:{self.words}"

    def _of_one(self, text: str, length: int) -> list[Piece]:
        ids, room = self._ids(text), length - 2
        starts = range(0, max(1, len(ids)), room)
        return [_piece([BEGIN, *ids[start : start + room], END], 0) for start in starts]

    def _of_pair(self, first: str, second: str, length: int) -> list[Piece]:
        """The longer of both gives way first; what is left of a pair that was cut is another piece, all of the rest."""
        one, two = self._ids(first), self._ids(second)
        room = length - 3
        more = min(len(one), max(room - len(two), -(-room // 2)))
        other = min(len(two), room - more)
        begin, end = [BEGIN, *one[:more], END], [*two[:other], END]
        left = [*one[more:], *two[other:]]
        return [_piece([*begin, *end], len(end)), *([_piece(left, 0)] if left else [])]

    def _ids(self, text: str) -> list[int]:
        return [self._id(word) for word in _WORD.findall(text.lower())]

    def _id(self, word: str) -> int:
        return _SPECIAL + crc32(word.encode()) % (self.words - _SPECIAL)


def _piece(ids: list[int], second: int) -> Piece:
    """Ids of which the last ``second`` are of the second text."""
    segments = torch.zeros(len(ids), dtype=torch.int64)
    segments[len(ids) - second :] = 1
    return Piece(torch.tensor(ids, dtype=torch.int64), segments)
