"""Texts as token ids of many lengths, filled up batch by batch; texts of like lengths share one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from tombola.batch import Batch
from tombola.data._base import Labelled, cut
from tombola.errors import DataError

_ANSWERED: Final = 64


@dataclass(frozen=True)
class Texts(Labelled):
    """Texts in memory, a tensor of token ids (int64) each, with their labels.

    A batch is as long as its longest text, rounded up to ``multiple``, so that lengths are few; what is filled up holds
    ``pad`` and has 0 in ``attention_mask``, which stands in ``more``. Where texts are pairs ``segments`` say which of
    the two each token is of, and ``token_type_ids`` stands there too.

    >>> texts = Texts((torch.tensor([5, 6]), torch.tensor([7])), torch.tensor([0, 1]), ("no", "yes"), multiple=2)
    >>> batch = texts.take(torch.tensor([1, 0]))
    >>> batch.x.tolist(), batch.more["attention_mask"].tolist()
    ([[7, 0], [5, 6]], [[1, 0], [1, 1]])
    """

    ids: Sequence[Tensor]
    labels: Tensor
    classes: tuple[str, ...] = ()
    pad: int = 0
    multiple: int = 8
    segments: Sequence[Tensor] = ()

    def __post_init__(self) -> None:
        if len(self.ids) != len(self.labels):
            raise DataError(f"{len(self.ids)} texts with {len(self.labels)} labels; each text needs its own")
        if self.segments and [*map(len, self.segments)] != [*map(len, self.ids)]:
            raise DataError("segments say of each token of each text which one of a pair it is of; give as many")
        if self.multiple < 1 or any(len(text) == 0 for text in self.ids):
            raise DataError("a text holds no token, or multiple is below 1; give each text at least one token")

    def take(self, indices: Tensor) -> Batch:
        chosen = indices.tolist()
        lengths = torch.tensor([len(self.ids[index]) for index in chosen])
        longest = -(-int(lengths.max()) // self.multiple) * self.multiple
        seen = torch.arange(longest)[None] < lengths[:, None]
        more = {"attention_mask": seen.long()}
        if self.segments:
            more["token_type_ids"] = filled([self.segments[index] for index in chosen], longest, 0)
        return Batch(filled([self.ids[index] for index in chosen], longest, self.pad), self.labels[indices], more)

    def some(self, indices: Tensor) -> "Texts":
        chosen = indices.tolist()
        return replace(
            self,
            ids=tuple(self.ids[index] for index in chosen),
            labels=self.labels[indices],
            segments=tuple(self.segments[index] for index in chosen) if self.segments else (),
        )

    def order(self, generator: torch.Generator, batch: int) -> Tensor:
        """Full batches of texts of like lengths, in random order; what is left over, drawn at random, comes last."""
        drawn = torch.randperm(len(self), generator=generator)
        full = len(self) // batch * batch
        lengths = torch.tensor([len(text) for text in self.ids])[drawn[:full]]
        alike = drawn[:full][lengths.argsort(stable=True)].view(-1, batch)
        return torch.cat([alike[torch.randperm(len(alike), generator=generator)].flatten(), drawn[full:]])

    def batches_of(self, most: int) -> list[Tensor]:
        """Those of like lengths together, few at a time: what lies between two layers then stays in a cache."""
        order = torch.tensor([len(text) for text in self.ids]).argsort(stable=True)
        return cut(order, min(most, _ANSWERED))


def filled(rows: Sequence[Tensor], longest: int, value: int) -> Tensor:
    """Rows of integers as one tensor (n, longest), what they lack filled up.

    >>> filled([torch.tensor([5]), torch.tensor([6, 7])], 3, 0).tolist()
    [[5, 0, 0], [6, 7, 0]]
    """
    whole = torch.full((len(rows), longest), value, dtype=torch.int64)
    together = pad_sequence([*rows], batch_first=True, padding_value=value)
    whole[:, : together.shape[1]] = together
    return whole
