"""Texts: filled up to few lengths, told by a mask, and batched with texts of like lengths, each once an epoch."""

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tombola.data._texts import Texts
from tombola.errors import DataError
from tombola.fitting.feed import Feed

CPU = torch.device("cpu")


def texts(lengths: list[int], multiple: int = 4) -> Texts:
    """Texts of these lengths, each of its own number (from 1), which is its label too."""
    ids = tuple(torch.full((length,), number + 1) for number, length in enumerate(lengths))
    return Texts(ids, torch.arange(len(ids)) + 1, multiple=multiple)


def test_a_batch_is_filled_up_and_its_mask_says_where() -> None:
    batch = texts([3, 5, 1]).take(torch.tensor([1, 0, 2]))
    assert batch.x.tolist() == [[2] * 5 + [0] * 3, [1] * 3 + [0] * 5, [3] + [0] * 7]
    assert torch.equal(batch.more["attention_mask"], (batch.x > 0).long())
    assert batch.targets.tolist() == [2, 1, 3]


def test_some_are_a_set_of_their_own() -> None:
    some = texts([3, 5, 1]).some(torch.tensor([2, 1]))
    assert [len(text) for text in some.ids] == [1, 5]
    assert some.take(torch.tensor([0])).targets.tolist() == [3]


@given(
    lengths=st.lists(st.integers(1, 40), min_size=1, max_size=60),
    batch=st.integers(1, 16),
    seed=st.integers(0, 3),
)
def test_an_epoch_has_each_text_once_in_batches_of_like_lengths(lengths: list[int], batch: int, seed: int) -> None:
    order = texts(lengths).order(torch.Generator().manual_seed(seed), batch)
    assert sorted(order.tolist()) == list(range(len(lengths)))
    full = len(lengths) // batch
    spans = [[lengths[index] for index in part.tolist()] for part in torch.split(order, batch)[:full]]
    ends = sorted((min(span), max(span)) for span in spans)
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(ends)), "batches overlap"


def test_padding_is_bounded() -> None:
    """Full batches together hold what their texts hold, the round-up of each, and the spread of lengths once."""
    lengths = [1 + (7 * number) % 50 for number in range(96)]
    feed = Feed(texts(lengths), 8, seed=0, device=CPU, drop_last=False)
    padded = sum(feed.batch_at(step).x.numel() for step in range(feed.per_epoch))
    assert padded <= sum(lengths) + 8 * (max(lengths) + 3 * feed.per_epoch)
    assert padded < 0.7 * len(lengths) * max(lengths)


def test_order_is_a_function_of_seed_and_epoch_alone() -> None:
    whole = texts([1 + number % 9 for number in range(24)])
    straight, again, other = (Feed(whole, 4, seed=seed, device=CPU, drop_last=False) for seed in (1, 1, 2))
    seen = [straight.batch_at(step).targets.tolist() for step in range(12)]
    assert again.batch_at(9).targets.tolist() == seen[9]
    assert seen[:6] != seen[6:]
    assert [other.batch_at(step).targets.tolist() for step in range(6)] != seen[:6]


def test_what_is_left_over_is_drawn_anew_each_epoch() -> None:
    """The longest texts are not those that are always left out."""
    feed = Feed(texts(list(range(1, 12))), 5, seed=0, device=CPU, drop_last=True)
    shown = {number for step in range(20) for number in feed.batch_at(step).targets.tolist()}
    assert shown == set(range(1, 12))


def test_broken_texts_are_refused() -> None:
    with pytest.raises(DataError, match="at least one token"):
        Texts((torch.empty(0, dtype=torch.int64),), torch.tensor([0]))
    with pytest.raises(DataError, match="each text needs its own"):
        Texts((torch.tensor([1]),), torch.tensor([0, 1]))


def test_parts_hold_each_text_once_beside_those_of_its_length() -> None:
    lengths = [1 + (7 * number) % 50 for number in range(150)]
    parts = texts(lengths).batches_of(100)
    assert sorted(torch.cat(parts).tolist()) == list(range(150))
    assert max(map(len, parts)) <= 64
    assert [lengths[index] for index in torch.cat(parts).tolist()] == sorted(lengths)
    assert texts([]).batches_of(8) == []
