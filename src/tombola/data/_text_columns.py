"""Which columns of a table hold the text, the second of a pair, and the class, where nobody said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from tombola.data._label_tables import LABELS
from tombola.data._text_files import records
from tombola.errors import DataError

_LONG: Final = ("review", "comment", "content", "body", "message", "tweet", "document", "description", "utterance")
_TEXTS: Final = ("text", "sentence", *_LONG, "question", "title")
_PAIRS: Final = (
    ("text", "text2"),
    ("text1", "text2"),
    ("text_a", "text_b"),
    ("sentence1", "sentence2"),
    ("question1", "question2"),
    ("premise", "hypothesis"),
    ("question", "sentence"),
)
_CLASSES: Final = (*LABELS, "sentiment", "polarity", "intent", "topic", "stars", "rating", "is_duplicate")
_LOOKED_AT: Final = 200


@dataclass(frozen=True)
class TextColumns:
    """Their names; ``second`` is empty where there is no pair."""

    text: str
    label: str
    second: str = ""

    def __str__(self) -> str:
        pair = f" and {self.second!r}" if self.second else ""
        return f"texts from the column {self.text!r}{pair}, classes from {self.label!r}"


def text_columns(file: Path) -> TextColumns:
    """The columns of a table, by their usual names in any case, else by what the first rows hold.

    The text is then the column with the longest texts, the class the only other one, or the only one in which values
    come again. Raises `DataError`, which lists the columns, where that leaves several.
    """
    rows = [row for _, row in islice(records(file), _LOOKED_AT)]
    names = list(rows[0]) if rows else []
    lower = {name.strip().lower(): name for name in reversed(names)}
    pair = next((pair for pair in _PAIRS if all(word in lower for word in pair)), None)
    text = lower[pair[0]] if pair else _named(_TEXTS, lower) or _longest(rows, names)
    second = lower[pair[1]] if pair else ""
    rest = [name for name in names if name not in (text, second)]
    label = _named(_CLASSES, {word: name for word, name in lower.items() if name in rest}) or _class_in(rows, rest)
    if not text or not label:
        raise DataError(
            f"{file}: which column holds the {'class' if text else 'text'}? There are: {', '.join(names) or 'none'};"
            " write text=NAME and label=NAME"
        )
    return TextColumns(text, label, second)


def _named(words: Sequence[str], lower: Mapping[str, str]) -> str:
    return next((lower[word] for word in words if word in lower), "")


def _longest(rows: Sequence[Mapping[str, object]], names: Sequence[str]) -> str:
    """The column with the longest texts, if they are twice as long as any other's."""
    lengths = {name: sum(len(str(row.get(name) or "")) for row in rows) for name in names}
    first, *others = sorted(names, key=lambda name: -lengths[name]) or [""]
    return first if first and all(lengths[first] >= 2 * lengths[other] for other in others) else ""


def _class_in(rows: Sequence[Mapping[str, object]], rest: Sequence[str]) -> str:
    if len(rest) == 1:
        return rest[0]
    again = [name for name in rest if 1 < len({str(row.get(name)) for row in rows}) <= len(rows) / 2]
    return again[0] if len(again) == 1 else ""
