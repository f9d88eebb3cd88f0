"""`word_table`: a ``tokenizer.json`` of WordPiece as the tables that `native/c/texts/words.h` reads."""

import struct
import unicodedata
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import numpy as np

from tombola.exporters._alone.word_pieces import WordPieces

NAME: Final = "words.dat"
LONGEST: Final = 256
_HEAD: Final = 16
_GONE, _SPACE, _ALONE = range(3)
_SIGNS: Final = (range(0xD800), range(0xE000, 0x30000), range(0xE0000, 0xE0200), range(0xF0000, 0x110000, 0x10000))
"""All that Unicode has, but for planes of private signs, of which one stands for its whole plane."""


def word_table(words: WordPieces) -> bytes | None:
    """The file's bytes; None where something stands around texts that it has no place for."""
    begin, end = words.around
    if words.longest > LONGEST or len(begin) != 1 or len(end) != 1:
        return None
    ranges, others = _ranges(words)
    pieces, text = _pieces(words)
    numbers = (1, words.unknown, words.longest, begin[0], end[0], len(ranges), len(others), len(pieces), len(text))
    head = b"TOMWORDS" + struct.pack(f"<{len(numbers)}I", *numbers)
    tables = [np.array(table, "<u4").tobytes() for table in (ranges, others, pieces)]
    return head.ljust(4 * _HEAD, b"\0") + b"".join(tables) + text


def _ranges(words: WordPieces) -> tuple[list[list[int]], list[int]]:
    """First and last sign, what becomes of each, and where the signs that it becomes begin; and those signs."""
    found: list[list[int]] = []
    others: list[int] = []
    for first, last, made in _made(words):
        what = {"": _GONE, " ": _SPACE, f" {chr(first)} ": _ALONE}.get(made, _ALONE + len(made))
        if found and what <= _ALONE and found[-1][1:3] == [first - 1, what]:
            found[-1][1] = last
        else:
            found.append([first, last, what, len(others) if what > _ALONE else 0])
            others += map(ord, made) if what > _ALONE else ()
    return found, others


def _made(words: WordPieces) -> Iterator[tuple[int, int, str]]:
    """The signs that do not stay what they are, spaces where words end."""
    for signs in _SIGNS:
        for first in signs:
            sign = chr(first)
            made = "".join(" " if one.isspace() else one for one in words.parted(sign))
            if made in ("", " ") or made != sign:
                yield first, first + signs.step - 1 if unicodedata.category(sign) == "Co" else first, made


def _pieces(words: WordPieces) -> tuple[list[list[int]], bytes]:
    """Where each piece's bytes are, how many (and whether it goes on), its id: sorted; and the bytes."""
    sorted_pieces = sorted((goes_on, text.encode(), number) for goes_on, text, number in words.pieces)
    ends = np.cumsum([0, *(len(text) for _, text, _ in sorted_pieces)]).tolist()
    rows = [
        [start, end - start | goes_on << 31, number]
        for (start, end), (goes_on, _, number) in zip(pairwise(ends), sorted_pieces, strict=True)
    ]
    return rows, b"".join(text for _, text, _ in sorted_pieces)
