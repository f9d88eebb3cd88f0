"""Hidden words: exactly so many of each text, never a special token, the same by seed, and undone exactly."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tombola.data._hidden_words import NOTHING, HiddenWords, Hiding, hidden, restored
from tombola.data._texts import Texts

CLS, SEP, MASK = 2, 3, 4
HOW = Hiding(mask=MASK, words=60, special=frozenset(range(5)))


def texts(lengths: list[int]) -> Texts:
    """Texts of so many words between a beginning and an end."""
    drawn = torch.Generator().manual_seed(1)
    ids = tuple(
        torch.cat([torch.tensor([CLS]), torch.randint(5, 60, (length,), generator=drawn), torch.tensor([SEP])])
        for length in lengths
    )
    return Texts(ids, torch.zeros(len(ids), dtype=torch.int64))


@given(lengths=st.lists(st.integers(1, 60), min_size=1, max_size=8), seed=st.integers(0, 5))
def test_exactly_so_many_words_are_asked_for_and_no_special_token(lengths: list[int], seed: int) -> None:
    whole = texts(lengths).take(torch.arange(len(lengths)))
    batch = hidden(whole, torch.rand((*whole.x.shape, 3), generator=torch.Generator().manual_seed(seed)), HOW)
    asked = batch.targets != NOTHING
    assert asked.sum(1).tolist() == [max(1, round(0.15 * length)) for length in lengths]
    assert bool(asked.any(0).all()), "a column asks for nothing"
    assert torch.equal(batch.targets[asked], whole.x.gather(1, batch.more["at"])[asked])
    assert int(batch.targets[asked].min()) >= 5
    changed = batch.x != whole.x
    assert not bool((changed & (whole.x < 5)).any())
    assert not bool((changed.scatter(1, batch.more["at"], changed.gather(1, batch.more["at"]) & ~asked)).any())
    assert torch.equal(restored(batch).x, whole.x)


def test_of_the_hidden_eight_in_ten_are_masks_one_another_word_one_as_it_was() -> None:
    whole = texts([200] * 60).take(torch.arange(60))
    batch = hidden(whole, torch.rand((*whole.x.shape, 3), generator=torch.Generator().manual_seed(0)), HOW)
    shown = batch.x.gather(1, batch.more["at"])
    share = [float(found.float().mean()) for found in (shown == MASK, shown == batch.targets)]
    assert share == [pytest.approx(0.8, abs=0.03), pytest.approx(0.1, abs=0.03)]
    assert int(shown.min()) == MASK, "another word is a special token"


def test_the_same_words_are_hidden_whatever_shares_the_batch() -> None:
    found, again = (HiddenWords.of(texts([10, 30, 20]), HOW, seed) for seed in (0, 1))
    alone, together = found.take(torch.tensor([2])), found.take(torch.tensor([1, 2]))
    assert torch.equal(together.x[1, : alone.x.shape[1]], alone.x[0])
    assert torch.equal(found.some(torch.tensor([2])).take(torch.tensor([0])).x, alone.x)
    assert not torch.equal(again.take(torch.arange(3)).x, found.take(torch.arange(3)).x)


def test_a_text_without_a_word_asks_for_nothing() -> None:
    bare = Texts((torch.tensor([CLS, SEP]), torch.tensor([CLS, 9, SEP])), torch.zeros(2, dtype=torch.int64))
    batch = HiddenWords.of(bare, HOW, 0).take(torch.arange(2))
    assert batch.targets.tolist() == [[NOTHING], [9]]
