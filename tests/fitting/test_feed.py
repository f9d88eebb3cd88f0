"""Batches: every image once an epoch, the same ones whenever a step is asked for."""

from dataclasses import dataclass

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.fitting.toys import images
from torch import Tensor

from tombola.data._base import Images, InMemory, Subset
from tombola.errors import DataError
from tombola.fitting.feed import Feed

CPU = torch.device("cpu")


def numbered(count: int) -> InMemory:
    """Images whose label is their number."""
    return InMemory(torch.zeros(count, 3, 2, 2, dtype=torch.uint8), torch.arange(count), ("a",))


@dataclass(frozen=True)
class Decoded(Images):
    """Images that have to be made when asked for."""

    labels: Tensor
    classes: tuple[str, ...] = ("a",)
    size: int = 2

    def pixels_at(self, indices: Tensor) -> Tensor:
        return indices.to(torch.uint8).view(-1, 1, 1, 1).expand(-1, 3, 2, 2)


@given(count=st.integers(1, 60), batch=st.integers(1, 70), seed=st.integers(0, 3))
def test_an_epoch_shows_each_image_at_most_once_and_leaves_out_at_most_one(count: int, batch: int, seed: int) -> None:
    feed = Feed(numbered(count), batch, seed=seed, device=CPU, drop_last=False)
    for epoch in range(2):
        steps = range(epoch * feed.per_epoch, (epoch + 1) * feed.per_epoch)
        seen = torch.cat([feed.batch_at(step).targets for step in steps])
        assert len(set(seen.tolist())) == len(seen) >= count - (batch > 1)


def test_a_step_has_the_same_batch_whenever_it_is_asked_for() -> None:
    straight = Feed(images(40, 0), 16, seed=1, device=CPU, drop_last=False)
    batches = [straight.batch_at(step) for step in range(6)]
    resumed = Feed(images(40, 0), 16, seed=1, device=CPU, drop_last=False)
    assert torch.equal(resumed.batch_at(4).x, batches[4].x)
    assert torch.equal(resumed.batch_at(4).targets, batches[4].targets)
    other = Feed(images(40, 0), 16, seed=2, device=CPU, drop_last=False)
    assert not torch.equal(other.batch_at(4).x, batches[4].x)


def test_every_epoch_has_an_order_of_its_own() -> None:
    feed = Feed(numbered(40), 40, seed=1, device=CPU, drop_last=False)
    orders = [tuple(feed.batch_at(epoch).targets.tolist()) for epoch in range(4)]
    assert len({*orders, tuple(range(40))}) == 5


def test_images_decoded_on_demand_are_fetched_ahead_and_in_order() -> None:
    with Feed(Decoded(torch.arange(20)), 4, seed=0, device=CPU, drop_last=False) as feed:
        for step in range(3, 12):
            batch = feed.batch_at(step)
            assert torch.equal((batch.x[:, 0, 0, 0] * 255).round().long(), batch.targets)


def test_images_come_as_fractions_with_channels_last() -> None:
    x = Feed(images(8, 0), 4, seed=0, device=CPU, drop_last=False).batch_at(0).x
    assert x.is_contiguous(memory_format=torch.channels_last)
    assert 0 <= float(x.min()) <= float(x.max()) <= 1


def test_the_smaller_last_batch_can_be_left_out() -> None:
    assert Feed(numbered(10), 4, seed=0, device=CPU, drop_last=False).per_epoch == 3
    assert Feed(numbered(10), 4, seed=0, device=CPU, drop_last=True).per_epoch == 2


def test_nothing_to_train_on_is_refused() -> None:
    with pytest.raises(DataError, match="no example"):
        Feed(Subset(numbered(3), torch.arange(0)), 4, seed=0, device=CPU, drop_last=False)
