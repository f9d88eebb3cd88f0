"""Every exception Tombola raises on purpose, one tree.

    TombolaError
    ├── RequestError (a ValueError)     the request is wrong: nothing was done          exit code 2
    │   ├── UnknownName                 no such member; near names are offered
    │   ├── OptionError                 options out of bounds, all of them in one report
    │   ├── ModelError                  a model or its weights cannot be had
    │   ├── DataError                   a data set cannot be read
    │   ├── MaskError                   masks that do not fit the weights or each other
    │   ├── TicketError                 a .ticket file that is broken, foreign or does not fit
    │   └── RowError                    a result row that is not one
    └── StageError                      the request was right, the work failed          exit code 1
        ├── Diverged                    the loss became NaN or infinite
        ├── DiskError                   a file cannot be written: the disk is full, read-only or broken
        └── StoreError                  the store cannot be read or written

A message says what was given, what is allowed and what to write instead, and is never longer than a screen: what was
given may be a megabyte.
"""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final

_LONGEST: Final = 2800  # characters of a message
_MOST_LINES: Final = 40
_LONGEST_LINE: Final = 1000
_LONGEST_WORD: Final = 260


class TombolaError(Exception):
    """The root: catch this to catch everything Tombola raises on purpose."""

    exit_code: int = 1

    def __init__(self, message: str = "") -> None:
        super().__init__(readable(message))


class RequestError(TombolaError, ValueError):
    """The request is wrong; nothing was trained and nothing was written."""

    exit_code: int = 2


class UnknownName(RequestError):
    """A name that no member of a family carries."""


class OptionError(RequestError):
    """One or several options of ``subject`` are wrong; ``problems`` holds one sentence for each."""

    def __init__(self, subject: str, problems: Sequence[str]) -> None:
        self.subject: Final = subject
        self.problems: Final = tuple(problems)
        count = len(self.problems)
        head = f"{subject}: {count} problem{'s' if count != 1 else ''}"
        super().__init__("\n".join([head, *(f"  - {problem}" for problem in self.problems)]))


class ModelError(RequestError):
    """A model or its weights cannot be had."""


class DataError(RequestError):
    """A data set cannot be read."""


class MaskError(RequestError):
    """Masks that do not fit the weights or each other."""


class TicketError(RequestError):
    """A ticket file that is broken, hostile, foreign, or does not fit the model."""


class RowError(RequestError):
    """A line of a result file that is not a result row."""


class StageError(TombolaError):
    """The request was right and the work failed."""


class Diverged(StageError):
    """The loss became NaN or infinite; the last good checkpoint is kept."""


class DiskError(StageError):
    """A file cannot be written: the disk is full, read-only or broken. Nothing of it is left behind."""


class StoreError(StageError):
    """The store cannot be read or written."""


def readable(message: str) -> str:
    """A message that can be read: long words and lines lose their middle, and lines beyond a screen are counted.

    >>> readable("name='" + "x" * 5000 + "': no such name").count("x") < 300
    True
    """
    lines, shown = message.split("\n"), list[str]()
    for line in lines:
        short = _without_middle(re.sub(rf"\S{{{_LONGEST_WORD},}}", _short_word, line), _LONGEST_LINE)
        if len(shown) == _MOST_LINES or sum(map(len, shown)) + len(short) > _LONGEST:
            return "\n".join([*shown, f"  ... and {len(lines) - len(shown)} more"])
        shown.append(short)
    return "\n".join(shown)


def _short_word(match: re.Match[str]) -> str:
    return _without_middle(match[0], _LONGEST_WORD)


def _without_middle(text: str, most: int) -> str:
    """The text where it has at most so many characters, else its beginning and its end."""
    if len(text) <= most:
        return text
    kept = most // 2 - 20
    return f"{text[:kept]}...({len(text) - 2 * kept:,} characters)...{text[-kept:]}"


def near(name: str, names: Sequence[str]) -> str:
    """``", did you mean 'omp'?"`` when a name is close to one of ``names``, else an empty string."""
    close = get_close_matches(name, dict.fromkeys(names), n=2, cutoff=0.5)
    return f", did you mean {' or '.join(map(repr, close))}?" if close else ""


def offered(name: str, names: Sequence[str], most: int = 150) -> str:
    """``", did you mean 'omp'? (there are: imp, omp)"``; of a long list the beginning, and how many there are.

    >>> offered("opm", ["imp", "omp"])
    ", did you mean 'omp'? (there are: imp, omp)"
    >>> offered("x", ["abcdef"] * 30, most=30)
    ' (there are: abcdef, abcdef, abcdef, ..., 30 in all)'
    """
    return f"{near(name, names)} (there are: {listed(names, most)})"


def listed(names: Sequence[str], most: int = 150) -> str:
    """The names with commas, as many as so many characters hold."""
    text = ", ".join(names)
    return (text or "none") if len(text) <= most else f"{text[:most].rpartition(', ')[0]}, ..., {len(names)} in all"
