"""Splitting: exact counts, equal shares, nested subsets, and a cache that sees a change."""

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tombola.data._base import Dataset, InMemory, Subset, hold_out, loaded, stratified
from tombola.data.digits import Digits
from tombola.errors import DataError


def images(counts: list[int]) -> InMemory:
    labels = torch.cat([torch.full((count,), label) for label, count in enumerate(counts)])
    pixels = torch.arange(len(labels)).view(-1, 1, 1, 1).expand(-1, 3, 2, 2).to(torch.uint8)
    return InMemory(pixels, labels, tuple(f"c{label}" for label in range(len(counts))))


def indices(subset: Any) -> set[int]:
    assert isinstance(subset, Subset)
    return set(subset.indices.tolist())


def test_hold_out_parts_every_class_alike_and_loses_nothing() -> None:
    whole = images([20, 40])
    kept, held = hold_out(whole, 0.25, seed=3)
    assert torch.bincount(held.labels).tolist() == [5, 10]
    assert indices(kept) | indices(held) == set(range(60))
    assert not indices(kept) & indices(held)


def test_hold_out_depends_on_its_seed_alone() -> None:
    whole = images([30, 30])
    assert indices(hold_out(whole, 0.3, 1)[1]) == indices(hold_out(whole, 0.3, 1)[1])
    assert indices(hold_out(whole, 0.3, 1)[1]) != indices(hold_out(whole, 0.3, 2)[1])


@given(st.lists(st.integers(1, 30), min_size=1, max_size=6), st.data())
def test_stratified_is_exact_fair_and_nested(counts: list[int], data: st.DataObject) -> None:
    whole = images(counts)
    count = data.draw(st.integers(1, len(whole)))
    chosen = stratified(whole, count, seed=0)
    assert len(chosen) == len(indices(chosen)) == count
    drawn = torch.bincount(chosen.labels, minlength=len(counts))
    share = torch.tensor(counts) * count / len(whole)
    assert bool(((drawn - share).abs() <= len(counts)).all())
    if count > 1:
        assert indices(stratified(whole, count - 1, seed=0)) < indices(chosen)


def test_stratified_takes_equal_shares_of_equal_classes() -> None:
    assert torch.bincount(stratified(images([50] * 4), 20, seed=1).labels).tolist() == [5, 5, 5, 5]


def test_stratified_says_how_many_there_are() -> None:
    with pytest.raises(DataError, match=r"7 samples asked for, the set has 6"):
        stratified(images([3, 3]), 7, seed=0)


def test_a_subset_takes_from_the_whole_in_its_order() -> None:
    subset = Subset(images([3, 3]), torch.tensor([5, 0, 4]))
    assert subset.labels.tolist() == [1, 0, 1]
    assert subset.pixels_at(torch.tensor([1, 2]))[:, 0, 0, 0].tolist() == [0, 4]
    assert (len(subset), subset.size, subset.classes, subset.on_disk) == (3, 2, ("c0", "c1"), False)


def test_loaded_reads_a_set_once() -> None:
    assert loaded(Digits(size=9)) is loaded(Digits(size=9))
    assert loaded(Digits(size=9)) is not loaded(Digits(size=9, seed=1))


def test_only_sets_are_members() -> None:
    assert {"digits", "folder", "glyphs"} <= set(Dataset.family.names())
    assert all(issubclass(member, Dataset) for member in Dataset.family.members().values())
    assert not {"augment", "base", "counts", "corruptions"} & set(Dataset.family.names())
