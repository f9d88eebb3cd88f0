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
        └── StoreError                  the store cannot be read or written

A message says what was given, what is allowed and what to write instead.
"""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final


class TombolaError(Exception):
    """The root: catch this to catch everything Tombola raises on purpose."""

    exit_code: int = 1


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


class StoreError(StageError):
    """The store cannot be read or written."""


def near(name: str, names: Sequence[str]) -> str:
    """``", did you mean 'omp'?"`` when a name is close to one of ``names``, else an empty string."""
    close = get_close_matches(name, names, n=2, cutoff=0.5)
    return f", did you mean {' or '.join(map(repr, close))}?" if close else ""
