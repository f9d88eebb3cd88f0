"""Text regression: tell a number of a text, or of a pair, such as how much alike two sentences are.

What: squared error of one output on a fresh linear head, in the numbers' own unit. A sample's score, whose mean is the
    headline, is 1 / (1 + its squared error): 1 where the number is told exactly, a half where it is one off. What is
    reported are ``pearson`` and ``spearman``, properties, since a correlation is no mean over samples.
When: ``text_regression:stsb``, ``text_regression:FILE.csv`` of your own with numbers as labels.
Cost: none beyond the data's.
Options: ``data``; ``fraction`` of the training texts and which (``subset_seed``).
Reference: Cer et al., SemEval 2017, arXiv 1708.00055; Devlin et al. (BERT), NAACL 2019, arXiv 1810.04805.
"""

from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Self, cast, final

import torch
from torch import Tensor

from tombola.answers import Answers, Number
from tombola.data._base import Splits, loaded
from tombola.data._text_set import TextSet
from tombola.data._text_tried import scored
from tombola.data._texts import Texts
from tombola.errors import DataError
from tombola.models.network import Network
from tombola.spec import option
from tombola.tasks._texts import OfTexts, known_texts, share_of


@final
class TextRegression(OfTexts):
    """Which number is asked for?"""

    ANSWERS: ClassVar[type[Answers]] = Number

    fraction: float = option(1.0, "the share of the training texts that may be used", gt=0, le=1)
    subset_seed: int = option(0, "which of them", ge=0)

    @classmethod
    def examples(cls, folder: Path) -> list[Self]:
        return [cls.parse({"name": f"{cls.name}:{scored(folder)}", "tokenizer": "plain:300"})]

    @classmethod
    def meant(cls, value: object) -> TextSet:
        """One's own texts have numbers as labels here, unless told otherwise."""
        found = known_texts(value)
        own = "label_is" in type(found).model_fields and "label_is" not in found.model_fields_set
        return super().meant(found.replace(label_is="number") if own else found)

    @property
    def answers(self) -> Number:
        return Number()

    def splits(self) -> Splits[Texts]:
        return _splits(self, self.digest())

    def head(self, model: Network, *, generator: torch.Generator) -> Network:
        self.check_net(model)
        return model.with_head(self.answers.outputs, generator=generator)

    def fits(self, model: Network) -> bool:
        self.check_net(model)
        return super().fits(model) and model.head_kind.name == "linear"

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return (outputs[:, 0] - targets).square()

    def scores(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return 1 / (1 + self.losses(outputs, targets))


@lru_cache(maxsize=8)
def _splits(task: TextRegression, digest: str) -> Splits[Texts]:
    del digest  # part of the cache's key, as in `loaded`
    splits = cast("Splits[Texts]", loaded(task.data))
    numbers = splits.train.labels
    if bool((numbers == numbers[0]).all()):
        raise DataError(f"{task.data.name}: every text has the number {numbers[0]:g}; telling them needs two or more")
    return Splits(share_of(splits.train, task.fraction, task.subset_seed), splits.val, splits.test)
