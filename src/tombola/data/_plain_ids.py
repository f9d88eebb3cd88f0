"""Words and signs in small letters, each numbered by a checksum of its own; no torch.

Programs that are shipped without Tombola hold this file.
"""

import re
from zlib import crc32

PAD, UNKNOWN, BEGIN, END, MASK = range(5)
SPECIAL = 5
WORD = re.compile(r"\w+|[^\w\s]")


def plain_id(word: str, words: int) -> int:
    """The number of a word in small letters, below ``words``."""
    return SPECIAL + crc32(word.encode()) % (words - SPECIAL)


def plain_ids(text: str, words: int) -> list[int]:
    """Those of a text's words and signs."""
    return [plain_id(word, words) for word in WORD.findall(text.lower())]


def plain_cut(first: str, second: str | None, words: int, length: int) -> tuple[list[int], list[int]]:
    """A text or a pair as ``length`` ids at most, and which of both each is of; of pairs the longer gives way."""
    one = plain_ids(first, words)
    if second is None:
        ids = [BEGIN, *one[: length - 2], END]
        return ids, [0] * len(ids)
    other, room = plain_ids(second, words), length - 3
    more = min(len(one), max(room - len(other), -(-room // 2)))
    begin, end = [BEGIN, *one[:more], END], [*other[: min(len(other), room - more)], END]
    return [*begin, *end], [0] * len(begin) + [1] * len(end)
