"""Matthews' correlation and F1 against their formulas on counts one can see."""

import math

import pytest
import torch
from torch import nn

from tombola.data._base import Splits
from tombola.data._texts import Texts
from tombola.errors import RequestError
from tombola.fitting.session import Session
from tombola.models.inputs.tokens import Words
from tombola.models.network import Network
from tombola.properties._base import Measurement, Property
from tombola.tasks._base import Task

TOLD = torch.tensor([1, 1, 1, 0, 0, 1, 0, 0])
TRUE = torch.tensor([1, 1, 0, 0, 0, 1, 1, 0])  # 3 found, 1 told wrongly, 1 missed, 3 left alone


class Says(nn.Module):
    """Answers with the text's one word."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(2, 2)
        self.head = nn.Linear(2, 2)
        with torch.no_grad():
            self.words.weight.copy_(torch.eye(2))
            self.head.weight.copy_(torch.eye(2))
            self.head.bias.zero_()

    def forward(self, ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.head(self.words(ids[:, 0]))
        return found


class Told(Task):
    """Texts of one word, which is the answer."""

    def splits(self) -> Splits[Texts]:
        texts = Texts(tuple(TOLD[:, None]), TRUE, ("other", "same"))
        return Splits(texts, texts, texts)

    def head(self, model: Network, *, generator: torch.Generator) -> Network:
        return model.with_head(2, generator=generator)

    def losses(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return nn.functional.cross_entropy(outputs, targets, reduction="none")


def measured(what: object) -> Measurement:
    network = Network(Says(), Words(), source="toy", head="head").eval()
    (found,) = Property.parse(what).measure(network, Told(), seed=0, session=Session())
    return found


def test_matthews_is_the_correlation_of_the_table() -> None:
    found = measured("matthews")
    assert found.value == pytest.approx((3 * 3 - 1 * 1) / math.sqrt(4 * 4 * 4 * 4))
    assert (found.samples, found.better) == (8, "higher")


def test_f1_is_of_the_class_looked_for() -> None:
    assert measured("f1").value == pytest.approx(75.0)
    assert measured({"name": "f1", "positive": "other"}).detail == {"class": "other", "precision": 75.0, "recall": 75.0}
    with pytest.raises(RequestError, match=r"no class 'sane', did you mean 'same'.*\(there are: other, same\)"):
        measured({"name": "f1", "positive": "sane"})
