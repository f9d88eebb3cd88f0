"""Texts as token ids of many lengths, filled up batch by batch; texts of like lengths share one."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from tombola.batch import Batch
from tombola.data._base import Labelled
from tombola.errors import DataError


@dataclass(frozen=True)
class Texts(Labelled):
    """Texts in memory, a tensor of token ids (int64) each, with their labels.

    A batch is as long as its longest text, rounded up to ``multiple``, so that lengths are few; what is filled up holds
    ``pad`` and has 0 in ``attention_mask``, which stands in ``more``.

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

    def __post_init__(self) -> None:
        if len(self.ids) != len(self.labels):
            raise DataError(f"{len(self.ids)} texts with {len(self.labels)} labels; each text needs its own")
        if self.multiple < 1 or any(len(text) == 0 for text in self.ids):
            raise DataError("a text holds no token, or multiple is below 1; give each text at least one token")

    def take(self, indices: Tensor) -> Batch:
        chosen = [self.ids[index] for index in indices.tolist()]
        lengths = torch.tensor([len(text) for text in chosen])
        longest = -(-int(lengths.max()) // self.multiple) * self.multiple
        x = torch.full((len(chosen), longest), self.pad, dtype=torch.int64)
        filled = pad_sequence(chosen, batch_first=True, padding_value=self.pad)
        x[:, : filled.shape[1]] = filled
        seen = torch.arange(longest)[None] < lengths[:, None]
        return Batch(x, self.labels[indices], {"attention_mask": seen.long()})

    def some(self, indices: Tensor) -> "Texts":
        chosen = tuple(self.ids[index] for index in indices.tolist())
        return Texts(chosen, self.labels[indices], self.classes, self.pad, self.multiple)

    def order(self, generator: torch.Generator, batch: int) -> Tensor:
        """Full batches of texts of like lengths, in random order; what is left over, drawn at random, comes last."""
        drawn = torch.randperm(len(self), generator=generator)
        full = len(self) // batch * batch
        lengths = torch.tensor([len(text) for text in self.ids])[drawn[:full]]
        alike = drawn[:full][lengths.argsort(stable=True)].view(-1, batch)
        return torch.cat([alike[torch.randperm(len(alike), generator=generator)].flatten(), drawn[full:]])
