"""Masked language modelling: some words of each text are hidden, and are what is asked for.

Of a text's words (special tokens are none) 15 % are drawn, at least one; of these 80 % become the mask, 10 % another
word, 10 % stay as they are. The rest of the text asks for nothing.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from tombola.batch import Batch
from tombola.data._base import Examples
from tombola.data._texts import Texts

NOTHING: Final = -100
"""The target where nothing is asked."""


@dataclass(frozen=True)
class Hiding:
    """How words are hidden: what share of them, which id stands for a hidden one, and which ids are no words."""

    mask: int
    words: int
    special: frozenset[int]
    share: float = 0.15

    @cached_property
    def ordinary(self) -> Tensor:
        """The ids that are words, sorted."""
        numbers = torch.arange(self.words)
        return numbers[~torch.isin(numbers, torch.tensor(sorted(self.special)))]


def hidden(batch: Batch, luck: Tensor, how: Hiding) -> Batch:
    """Whole texts with words hidden, by ``luck`` (N, L, 3) in [0, 1): which, what becomes of them, which other word.

    ``more["at"]`` (N, K) says where something is asked and ``targets`` (N, K) what stood there; texts shorter than the
    batch's longest ask for fewer, and have `NOTHING` in the rest. The batch given is not changed.
    """
    x = batch.x
    special = torch.tensor(sorted(how.special), device=x.device)
    word = batch.more["attention_mask"].bool() & ~torch.isin(x, special)
    counts = word.sum(1)
    asked = torch.minimum((how.share * counts).round().long().clamp_min(1), counts)
    at = torch.where(word, luck[..., 0], 2.0).argsort(dim=1, stable=True)[:, : max(1, int(asked.max()))]
    told = torch.arange(at.shape[1], device=x.device) < asked[:, None]
    stood, fate, which = x.gather(1, at), luck[..., 1].gather(1, at), luck[..., 2].gather(1, at)
    ordinary = how.ordinary.to(x.device)
    other = ordinary[(which * len(ordinary)).long().clamp_max(len(ordinary) - 1)]
    becomes = torch.where(fate < 0.8, how.mask, torch.where(fate < 0.9, other, stood))
    shown = x.scatter(1, at, torch.where(told, becomes, stood))
    return Batch(shown, stood.masked_fill(~told, NOTHING), {**batch.more, "at": at})


def restored(batch: Batch) -> Batch:
    """The texts as they were before `hidden`; targets say nothing then."""
    at, targets = batch.more["at"], batch.targets
    stood = torch.where(targets == NOTHING, batch.x.gather(1, at), targets)
    more = {name: value for name, value in batch.more.items() if name != "at"}
    return Batch(batch.x.scatter(1, at, stood), targets[:, 0], more)


@dataclass(frozen=True)
class HiddenWords(Examples):
    """Texts with the same words hidden every time, by ``seed``; nobody looks at their labels."""

    texts: Texts
    how: Hiding
    luck: tuple[Tensor, ...]  # (L, 3) a text

    @classmethod
    def of(cls, texts: Texts, how: Hiding, seed: int) -> "HiddenWords":
        """With luck drawn from ``seed``."""
        lengths = [len(ids) for ids in texts.ids]
        drawn = torch.rand((sum(lengths), 3), generator=torch.Generator().manual_seed(seed))
        return cls(texts, how, torch.split(drawn, lengths))

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, indices: Tensor) -> Batch:
        whole = self.texts.take(indices)
        luck = pad_sequence([self.luck[index] for index in indices.tolist()], batch_first=True)
        luck = torch.nn.functional.pad(luck, (0, 0, 0, whole.x.shape[1] - luck.shape[1]))
        return hidden(whole, luck, self.how)

    def some(self, indices: Tensor) -> "HiddenWords":
        return HiddenWords(self.texts.some(indices), self.how, tuple(self.luck[index] for index in indices.tolist()))

    def order(self, generator: torch.Generator, batch: int) -> Tensor:
        return self.texts.order(generator, batch)

    def title_of(self, index: int) -> str:
        return self.texts.title_of(index)
