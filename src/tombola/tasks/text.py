"""Text classification: tell texts, or pairs of them, apart; the headline is accuracy.

What: cross-entropy on a fresh linear head over what the encoder shows of a text. Validation comes out of the training
    texts, the test split is only for measuring.
When: ``text:sst2``, ``text:FILE.csv`` of your own, ``text:prose``, which needs no download. Options of the data set may
    stand beside ``name``: ``{name: text:reviews.csv, tokenizer: ./bert-tiny}``.
Cost: none beyond the data's.
Options: ``data``; ``fraction`` of the training labels, each class by its share, or ``shots`` of each class, and which
    (``subset_seed``).
Reference: Devlin et al. (BERT), NAACL 2019, arXiv 1810.04805; Wang et al. (GLUE), ICLR 2019, arXiv 1804.07461.
"""

from functools import lru_cache
from typing import cast, final

import torch
from torch import Tensor
from torch.nn import functional as F

from tombola.data._base import Dataset, Splits, loaded
from tombola.data._texts import Texts
from tombola.errors import DataError
from tombola.models.network import Network
from tombola.spec import option
from tombola.tasks._answers import right
from tombola.tasks._classes import require_two
from tombola.tasks._texts import OfTexts, share_of


@final
class TextClassification(OfTexts):
    """Of which class is the text?"""

    fraction: float = option(1.0, "the share of the training labels that may be used", gt=0, le=1)
    shots: int | None = option(None, "so many training texts a class, in place of a share", absent=None, ge=1)
    subset_seed: int = option(0, "which of them, each class by its share", ge=0)

    def splits(self) -> Splits[Texts]:
        return _splits(self, self.digest())

    def head(self, model: Network, *, generator: torch.Generator) -> Network:
        self.check_net(model)
        return model.with_head(len(self.splits().classes), generator=generator)

    def fits(self, model: Network) -> bool:
        self.check_net(model)
        if model.normalise.outputs is not None:
            return model.normalise.outputs == self.answers.outputs
        return super().fits(model) and model.head_kind.name == "linear"

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return F.cross_entropy(outputs, targets, reduction="none")

    def scores(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return right(outputs, targets)


@lru_cache(maxsize=8)
def _splits(task: TextClassification, digest: str) -> Splits[Texts]:
    del digest  # part of the cache's key, as in `loaded`
    splits = cast("Splits[Texts]", loaded(task.data))
    _require_classes(task.data, splits)
    train = splits.train
    if task.shots is not None:
        return Splits(_few(task, train, task.shots), splits.val, splits.test)
    share = share_of(train, task.fraction, task.subset_seed)
    require_two(task.data.name, share.labels, splits.classes, of="texts", remedy="a larger fraction")
    return Splits(share, splits.val, splits.test)


def _few(task: TextClassification, train: Texts, shots: int) -> Texts:
    """So many texts of each class, seeded; fewer lie in more."""
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(task.subset_seed))
    each = [order[train.labels[order] == label] for label in range(len(train.classes))]
    if (fewest := min(map(len, each))) < shots:
        raise DataError(f"shots={shots}: {task.data.name} has a class of {fewest} training texts; write fewer shots")
    return train.some(torch.cat([found[:shots] for found in each]).sort().values)


def _require_classes(data: Dataset, splits: Splits[Texts]) -> None:
    classes = splits.classes
    if len(classes) < 2:
        only = f"one label only ({classes[0]})" if classes else "no labels"
        column = getattr(data, "label", None)
        named = f"; they are read from a column {column!r}: write task.label=NAME for another" if column else ""
        raise DataError(f"{data.name}: {only}; telling texts apart needs two or more{named}")
    missing = sorted(set(range(len(classes))) - set(splits.train.labels.tolist()))
    if missing:
        names = ", ".join(classes[label] for label in missing[:10])
        raise DataError(f"{data.name}: classes without a text to train on: {names}; take them out, or add texts")
