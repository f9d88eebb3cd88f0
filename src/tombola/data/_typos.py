"""Typing errors: letters swapped, dropped, put in, or taken from the key beside; spaces and signs stay.

What is drawn for a letter does not depend on the rate, which changes how much is hit, not luck. Only letters of the
Latin alphabet are hit, and no word loses its last letter.
"""

from random import Random
from typing import Final, Literal, TypeAlias

Kind: TypeAlias = Literal["swap", "drop", "insert", "neighbour"]

KINDS: Final[tuple[Kind, ...]] = ("swap", "drop", "insert", "neighbour")
_ROWS: Final = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"


def _beside() -> dict[str, str]:
    """For each letter the keys that touch it on a keyboard of the United States."""
    at = {letter: (row, place) for row, letters in enumerate(_ROWS) for place, letter in enumerate(letters)}
    steps = ((0, -1), (0, 1), (-1, 0), (-1, 1), (1, -1), (1, 0))
    keys = {place: letter for letter, place in at.items()}
    return {
        letter: "".join(keys[row + down, place + right] for down, right in steps if (row + down, place + right) in keys)
        for letter, (row, place) in at.items()
    }


BESIDE: Final = _beside()


def mistyped(text: str, kind: Kind, rate: float, luck: Random) -> str:
    """The text with that share of its letters typed wrongly, by ``luck``.

    >>> mistyped("a quiet river", "drop", 1.0, Random(0)), mistyped("a quiet river", "swap", 0.0, Random(0))
    ('a t r', 'a quiet river')
    """
    done: list[str] = []
    drawn = [(luck.random(), luck.random()) for _ in text]
    place = 0
    while place < len(text):
        letter, (hit, which) = text[place], drawn[place]
        if hit >= rate or not _is_letter(letter):
            done.append(letter)
        elif kind == "swap" and place + 1 < len(text) and _is_letter(text[place + 1]):
            done += [text[place + 1], letter]
            place += 1
        elif kind == "drop" and not _is_last_left(text, place, done):
            pass
        elif kind == "insert":
            done += [letter, _picked(_LETTERS, which, letter)]
        elif kind == "neighbour":
            done.append(_picked(BESIDE[letter.lower()], which, letter))
        else:
            done.append(letter)
        place += 1
    return "".join(done)


def _is_letter(sign: str) -> bool:
    return sign.lower() in BESIDE


def _is_last_left(text: str, place: int, done: list[str]) -> bool:
    """Whether nothing of its word was kept, and nothing follows."""
    begun = bool(done) and done[-1].isalnum()
    goes_on = place + 1 < len(text) and text[place + 1].isalnum()
    return not begun and not goes_on


def _picked(letters: str, which: float, like: str) -> str:
    found = letters[int(which * len(letters))]
    return found.upper() if like.isupper() else found
