"""WordPiece from a ``tokenizer.json``, as the library ``tokenizers`` does it for BERT and its kin; no libraries.

A text is cut at special tokens; cleaned; its Chinese signs set apart; accents and capitals taken off where the file
says so; cut at spaces and at every sign; and each word into the longest pieces that the vocabulary has. Signs that
Unicode has since its version 8 may be cut otherwise than there.
"""

import json
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_CHINESE = ((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F),
    (0x2B920, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F))  # fmt: skip

_ODD = ("single_word", "lstrip", "rstrip", "normalized")


class WordPieces:
    """What a ``tokenizer.json`` of WordPiece does to a text or a pair."""

    def __init__(self, told: dict[str, Any]) -> None:
        model, how = told["model"], told["normalizer"]
        self._words: dict[str, int] = model["vocab"]
        self._more, self.longest = model["continuing_subword_prefix"], int(model["max_input_chars_per_word"])
        self.unknown = self._words[model["unk_token"]]
        self._cleaned, self._chinese = how["clean_text"], how["handle_chinese_chars"]
        self._small = how["lowercase"]
        self._bare = self._small if how["strip_accents"] is None else how["strip_accents"]
        added = {token["content"]: int(token["id"]) for token in told["added_tokens"]}
        longest = sorted(added, key=lambda text: -len(text))
        self._added, self._apart = added, re.compile(f"({'|'.join(map(re.escape, longest))})") if longest else None
        self._single, self._pair = _around(told["post_processor"])

    @property
    def pieces(self) -> list[tuple[int, str, int]]:
        """Of each whether it goes on a word, its text, and its id."""
        more = len(self._more)
        found = [(int(word.startswith(self._more)), word, number) for word, number in self._words.items()]
        return [(goes_on, word[more:] if goes_on else word, number) for goes_on, word, number in found]

    @property
    def around(self) -> tuple[list[int], list[int]]:
        """The ids before and behind a single text."""
        middle = [part for part, _ in self._single].index("A")
        ids = [part for part, _ in self._single]
        return ids[:middle], ids[middle + 1 :]

    def cut(self, first: str, second: str | None, length: int) -> tuple[list[int], list[int]]:
        """``length`` ids at most, and which of both each is of; of a pair the longer gives way first."""
        around = self._single if second is None else self._pair
        room = length - sum(isinstance(part, int) for part, _ in around)
        one, two = self._ids(first), [] if second is None else self._ids(second)
        most, other = _shares(len(one), len(two), room)
        inside = {"A": one[:most], "B": two[:other]}
        parts = [([part] if isinstance(part, int) else inside[part], of) for part, of in around]
        return [number for ids, _ in parts for number in ids], [of for ids, of in parts for _ in ids]

    def _ids(self, text: str) -> list[int]:
        parts = [text] if self._apart is None else self._apart.split(text)
        found: list[int] = []
        for part in parts:
            found += [self._added[part]] if part in self._added else self._of_text(part)
        return found

    def _of_text(self, text: str) -> Iterator[int]:
        for word in self.parted(text).split():
            yield from self._pieces(word)

    def parted(self, text: str) -> str:
        """The words of a text with spaces between them: it is cut at spaces and at signs, each a word."""
        return "".join(f" {sign} " if _is_sign(sign) else sign for sign in self._normal(text))

    def _normal(self, text: str) -> str:
        if self._cleaned:
            text = "".join(" " if _is_space(sign) else sign for sign in text if not _is_control(sign))
        if self._chinese:
            text = "".join(f" {sign} " if _is_chinese(sign) else sign for sign in text)
        if self._bare:
            signs = unicodedata.normalize("NFD", text)
            text = "".join(sign for sign in signs if unicodedata.category(sign) != "Mn")
        return "".join(map(str.lower, text)) if self._small else text

    def _pieces(self, word: str) -> list[int]:
        """The longest pieces from the left; the unknown word where some part is none."""
        found, start = [], 0
        while start < len(word) and len(word) <= self.longest:
            begin = self._more if start else ""
            ends = range(len(word), start, -1)
            end = next((end for end in ends if begin + word[start:end] in self._words), None)
            if end is None:
                break
            found.append(self._words[begin + word[start:end]])
            start = end
        return found if start == len(word) else [self.unknown]


def word_pieces(file: Path) -> WordPieces | None:
    """What a ``tokenizer.json`` does, where it is of this kind; None for others."""
    return pieces_of(json.loads(file.read_text("utf-8")))


def pieces_of(told: dict[str, Any]) -> WordPieces | None:
    """The same of what such a file says."""
    kinds = [(told.get(part) or {}).get("type") for part in ("model", "normalizer", "pre_tokenizer")]
    after = (told.get("post_processor") or {}).get("type")
    plain = not any(token[how] for token in told["added_tokens"] for how in _ODD)
    fits = plain and kinds == ["WordPiece", "BertNormalizer", "BertPreTokenizer"]
    return WordPieces(told) if fits and after in ("TemplateProcessing", "BertProcessing") else None


def _around(told: dict[str, Any]) -> tuple[list[tuple[Any, int]], list[tuple[Any, int]]]:
    """What stands around a text and around a pair: special ids, and A or B for the texts, with which each is of."""
    if told["type"] == "BertProcessing":
        begin, end = (int(told[name][1]) for name in ("cls", "sep"))
        single: list[tuple[Any, int]] = [(begin, 0), ("A", 0), (end, 0)]
        return single, [*single, ("B", 1), (end, 1)]
    return _template(told, "single"), _template(told, "pair")


def _template(told: dict[str, Any], which: str) -> list[tuple[Any, int]]:
    found: list[tuple[Any, int]] = []
    for part in told[which]:
        ((kind, one),) = part.items()
        ids = [one["id"]] if kind == "Sequence" else told["special_tokens"][one["id"]]["ids"]
        found += [(number, int(one["type_id"])) for number in ids]
    return found


def _shares(first: int, second: int, room: int) -> tuple[int, int]:
    """How much stays of two lengths so that both fit: the longer gives way first, at last they are as long."""
    short, long = sorted((first, second))
    left = short if short > room else max(short, room - short)
    if short + left > room:
        short, left = room // 2, room - room // 2
    return (short, min(long, left)) if first <= second else (min(long, left), short)


def _is_sign(sign: str) -> bool:
    return (sign.isascii() and not sign.isalnum() and sign.isprintable() and sign != " ") or unicodedata.category(
        sign
    ).startswith("P")


def _is_space(sign: str) -> bool:
    return sign in "\t\n\r" or (sign.isspace() and sign not in "\x1c\x1d\x1e\x1f")


def _is_control(sign: str) -> bool:
    return sign in "\0\ufffd" or (sign not in "\t\n\r" and unicodedata.category(sign) in ("Cc", "Cf", "Co"))


def _is_chinese(sign: str) -> bool:
    return any(low <= ord(sign) <= high for low, high in _CHINESE)
