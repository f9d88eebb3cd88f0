"""Spans: tell where in a passage the answer to a question stands.

What: cross-entropy over a window's tokens, of the answer's first one and of its last one, halved, under a fresh head
    with two numbers a token; what fills a window up counts for nothing. In a window without the answer both are the
    first token. A sample is a window, and its score 1 where both are told right. What is reported are ``exact_match``
    and ``answer_f1``, properties, since they are of questions and of words.
When: ``spans:squad``, ``spans:squad:FILE.json`` of your own.
Cost: long windows: some six times a sentence's tokens, and attention by their square.
Options: ``data``; ``fraction`` of the training windows and which (``subset_seed``).
Reference: Rajpurkar et al. (SQuAD), EMNLP 2016; Devlin et al. (BERT), NAACL 2019, arXiv 1810.04805, section 4.2.
"""

from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Self, cast, final

import torch
from torch import Tensor
from torch.nn import functional as F

from tombola.answers import Answers, Span
from tombola.data._base import Splits, loaded
from tombola.data._passages import Passages
from tombola.data._text_tried import asked_about
from tombola.errors import DataError
from tombola.models.network import Network
from tombola.spec import option
from tombola.tasks._texts import OfTexts, share_of


@final
class Spans(OfTexts):
    """Where does the answer stand?"""

    ANSWERS: ClassVar[type[Answers]] = Span
    PRESET: ClassVar[str] = "squad"

    fraction: float = option(1.0, "the share of the training windows that may be used", gt=0, le=1)
    subset_seed: int = option(0, "which of them", ge=0)

    @classmethod
    def examples(cls, folder: Path) -> list[Self]:
        short = {"tokenizer": "plain:300", "length": 24, "stride": 8, "asked": 8}
        return [cls.parse({"name": f"{cls.name}:squad:{asked_about(folder)}", **short})]

    @property
    def answers(self) -> Span:
        return Span()

    def splits(self) -> Splits[Passages]:
        return _splits(self, self.digest())

    def head(self, model: Network, *, generator: torch.Generator) -> Network:
        self.check_net(model)
        return model.with_head(self.answers.outputs, generator=generator, head="span")

    def fits(self, model: Network) -> bool:
        self.check_net(model)
        return model.head_kind.name == "span"

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """One loss a window, (N,), of outputs (N, L, 2)."""
        shown = within(outputs, targets)
        both = [F.cross_entropy(shown[..., end], targets[:, end], reduction="none") for end in (0, 1)]
        return (both[0] + both[1]) / 2

    def scores(self, outputs: Tensor, targets: Tensor) -> Tensor:
        told = within(outputs, targets).argmax(1) == targets[:, :2]
        return told.all(1).float().masked_fill(outputs.isnan().any(2).any(1), torch.nan)


def within(outputs: Tensor, targets: Tensor) -> Tensor:
    """The numbers of a window's own tokens; what fills it up can be no answer."""
    if outputs.ndim != 3 or outputs.shape[2] != Span().outputs:
        raise DataError(
            f"outputs of shape {tuple(outputs.shape)} for windows of a passage: the network has no head of spans;"
            " transfer a ticket to this task first, or load the model with decoder=span"
        )
    places = torch.arange(outputs.shape[1], device=outputs.device)
    return outputs.masked_fill((places >= targets[:, 2:])[..., None], -torch.inf)


@lru_cache(maxsize=4)
def _splits(task: Spans, digest: str) -> Splits[Passages]:
    del digest  # part of the cache's key, as in `loaded`
    splits = cast("Splits[Passages]", loaded(task.data))
    train = cast("Passages", share_of(splits.train, task.fraction, task.subset_seed))
    return Splits(train, splits.val, splits.test)
