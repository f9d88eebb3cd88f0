"""A tokeniser that needs no file: words and signs in small letters, each numbered by a checksum of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, final

import torch

from tombola.data._plain_ids import BEGIN, END, MASK, PAD, SPECIAL, WORD, plain_cut, plain_id, plain_ids
from tombola.data._tokens import Piece, Sliding, Tokenizer, Window, Written
from tombola.spec import Json

WORDS: Final = 4096


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
    special: frozenset[int] = frozenset(range(SPECIAL))

    def pieces(self, texts: Sequence[Written], length: int) -> list[list[Piece]]:
        return [
            self._of_one(first, length) if second is None else self._of_pair(first, second, length)
            for first, second in texts
        ]

    def windows(self, question: str, passage: str, how: Sliding) -> list[Window]:
        words = [*WORD.finditer(passage)]
        ids, offsets = [plain_id(word[0].lower(), self.words) for word in words], [word.span() for word in words]
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
        return [*range(SPECIAL, self.words)][:most]

    def identity(self) -> Json:
        return f"plain:{self.words}"

    def _of_one(self, text: str, length: int) -> list[Piece]:
        ids, room = self._ids(text), length - 2
        starts = range(0, max(1, len(ids)), room)
        return [_piece([BEGIN, *ids[start : start + room], END], 0) for start in starts]

    def _of_pair(self, first: str, second: str, length: int) -> list[Piece]:
        """The longer of both gives way first; what is left of a pair that was cut is another piece, all of the rest."""
        ids, of = plain_cut(first, second, self.words, length)
        one, two, end = self._ids(first), self._ids(second), sum(of)
        left = [*one[len(ids) - end - 2 :], *two[end - 1 :]]
        return [_piece(ids, end), *([_piece(left, 0)] if left else [])]

    def _ids(self, text: str) -> list[int]:
        return plain_ids(text, self.words)


def _piece(ids: list[int], second: int) -> Piece:
    """Ids of which the last ``second`` are of the second text."""
    segments = torch.zeros(len(ids), dtype=torch.int64)
    segments[len(ids) - second :] = 1
    return Piece(torch.tensor(ids, dtype=torch.int64), segments)
