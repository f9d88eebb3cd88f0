"""Accuracy against a count by hand."""

import pytest
import torch

from tombola.data._base import InMemory
from tombola.fitting.session import Session
from tombola.outcomes import Outcomes
from tombola.properties._base import Property
from tombola.properties.accuracy import Accuracy

from .toy_task import ToyTask, brightness_net


@pytest.mark.parametrize("batch", [1, 7, 256])
def test_accuracy_is_the_share_told_right(batch: int) -> None:
    found = Accuracy(batch=batch).measure(brightness_net(), ToyTask(), seed=0, session=Session())
    assert len(found) == 1
    assert (found[0].metric, found[0].unit, found[0].samples) == ("accuracy", "%", 26)
    assert found[0].value == pytest.approx(100 * 25 / 26)


def test_the_models_mode_and_statistics_come_back() -> None:
    net = brightness_net().train()
    Accuracy().measure(net, ToyTask(), seed=0, session=Session())
    assert net.training
    assert int(net.state_dict()["body.1.num_batches_tracked"]) == 0


def test_the_batch_is_not_part_of_the_identity() -> None:
    assert Accuracy(batch=3).identity() == Property.parse("accuracy").identity() == {"name": "accuracy"}


@pytest.mark.parametrize("batch", [1, 256])
def test_the_row_says_which_images_were_right_and_of_which_images(batch: int) -> None:
    net = brightness_net()
    found = Outcomes.parse(Accuracy(batch=batch).measure(net, ToyTask(), seed=0, session=Session())[0].outcomes)
    for value in net.parameters():
        value.data.neg_()
    opposite = Outcomes.parse(Accuracy().measure(net, ToyTask(), seed=0, session=Session())[0].outcomes)
    assert (found.of, found.count) == (opposite.of, 26)
    assert found.table().tolist() == [False, *[True] * 25]
    assert opposite.table().tolist() == [True, *[False] * 25]


def test_who_was_right_is_told_in_the_examples_order_whatever_order_they_are_asked_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        InMemory, "batches_of", lambda self, most: list(torch.split(torch.arange(len(self)).flip(0), most))
    )
    found = Accuracy(batch=7).measure(brightness_net(), ToyTask(), seed=0, session=Session())[0]
    assert Outcomes.parse(found.outcomes).table().tolist() == [False, *[True] * 25]
