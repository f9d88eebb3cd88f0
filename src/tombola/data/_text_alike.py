"""Texts that say the same: equal but for capitals, spaces and signs; splits that keep them on one side."""

import re
from collections.abc import Sequence

import torch
from torch import Tensor

from tombola.data._alike import firsts, together
from tombola.data._text_set import Row
from tombola.data._tokens import Written

_WORD = re.compile(r"\w+")


def words_in(text: Written) -> str:
    """What a text says, in small letters; a text of signs alone is itself.

    >>> words_in(Written("Fine,  FINE!")) == words_in(Written("fine fine"))
    True
    """
    parts = [" ".join(_WORD.findall(part.lower())) or part for part in text if part is not None]
    return "\0".join(parts)


def text_groups(rows: Sequence[Row]) -> Tensor:
    """For each row the number of the first that says the same, (N,) int64."""
    return firsts(words_in(row.text) for row in rows)


def carved_together(
    rows: Sequence[Row], classes: Sequence[str], fraction: float, seed: int
) -> tuple[list[Row], list[Row]]:
    """As `carved`, but what says the same stays together; the same rows where none do."""
    labels = torch.tensor([int(row.label) if classes else 0 for row in rows], dtype=torch.int64)
    kept, out = together(labels, text_groups(rows), fraction, seed)
    return [rows[index] for index in kept.tolist()], [rows[index] for index in out.tolist()]


def apart(rows: Sequence[Row], others: Sequence[Row]) -> list[Row]:
    """The rows that say nothing that others say."""
    said = {words_in(row.text) for row in others}
    return [row for row in rows if words_in(row.text) not in said]


def said_again(rows: Sequence[Row]) -> str:
    """``12 texts say the same as others, in 5 groups``; empty where none do."""
    counts = torch.bincount(text_groups(rows))
    several = counts[counts > 1]
    groups = f"{len(several)} group{'s' if len(several) > 1 else ''}"
    return f"{int(several.sum()):,} texts say the same as others, in {groups}" if len(several) else ""
