"""What every registered budget keeps to: the same exact count, ties by index, nesting, what is pruned stays pruned."""

import re

import pytest
import torch
from hypothesis import assume, given, reject, settings
from hypothesis import strategies as st
from tests.masks.budgets.groups import members, nets, pruned, sized, weights_gone, went

from tombola.errors import MaskError
from tombola.masks.budgets._base import Allocation, Groups
from tombola.masks.budgets._ranking import asked, one_size

NAMES = sorted(members(0))
SPARSITY = st.floats(0, 0.999)
UNDER_ONE_THRESHOLD = {"global", "lamp", "cost", "explicit"}

every = pytest.mark.parametrize("name", NAMES)
brief = settings(max_examples=15, deadline=None)


def allocated(name: str, groups: dict[str, Groups], sparsity: float, floor: int = 0) -> Allocation:
    """The allocation, where there is one: a half of tensor a must fit beside the rest, and floors must leave room."""
    count = asked(groups, sparsity)
    if name == "explicit":
        half = asked({"a": groups["a"]}, 0.5)
        rest = sum(float(item.sizes.sum()) for tensor, item in groups.items() if tensor != "a")
        slack = 0 if one_size(groups) else 3  # of unequal groups, a's half is only met to half a group
        assume(half + slack <= count <= half + rest - slack)
    try:
        return members(floor)[name].allocate(groups, sparsity)
    except MaskError as error:
        if floor == 0 or "write a sparsity" not in str(error):  # without a floor everything is possible
            raise
        return reject()


@every
@brief
@given(groups=st.sampled_from([1, 3, 9]).flatmap(nets), sparsity=SPARSITY)
def test_groups_of_one_size_go_in_exactly_the_number_that_is_asked(
    name: str, groups: dict[str, Groups], sparsity: float
) -> None:
    found = allocated(name, groups, sparsity)
    assert went(found) == round(sparsity * sum(item.scores.numel() for item in groups.values()))
    assert list(found.kept) == list(groups)
    assert {tensor: kept.shape for tensor, kept in found.kept.items()} == {
        tensor: item.scores.shape for tensor, item in groups.items()
    }


@every
@brief
@given(groups=st.sampled_from([1, 2, None]).flatmap(nets), sparsity=SPARSITY)
def test_of_each_tensor_the_lowest_go_and_of_equal_ones_the_first(
    name: str, groups: dict[str, Groups], sparsity: float
) -> None:
    for tensor, gone in pruned(allocated(name, groups, sparsity)).items():
        scores = groups[tensor].scores.flatten().tolist()
        assert gone == sorted(sorted(range(len(scores)), key=lambda place: (scores[place], place))[: len(gone)])


@every
@brief
@given(groups=st.sampled_from([1, None]).flatmap(nets), one=SPARSITY, two=SPARSITY, floor=st.integers(0, 2))
def test_what_goes_at_one_sparsity_goes_at_every_higher_one(
    name: str, groups: dict[str, Groups], one: float, two: float, floor: int
) -> None:
    less, more = (allocated(name, groups, sparsity, floor) for sparsity in sorted((one, two)))
    for tensor in groups:
        assert not bool((more.kept[tensor] & ~less.kept[tensor]).any())


@every
@brief
@given(groups=nets(1), sparsity=SPARSITY, before=SPARSITY, floor=st.integers(0, 1), seed=st.integers(0, 99))
def test_what_is_pruned_already_stays_pruned_and_counts(
    name: str, groups: dict[str, Groups], sparsity: float, before: float, floor: int, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    alive = {tensor: torch.rand(item.scores.shape, generator=generator) >= before for tensor, item in groups.items()}
    within = {
        tensor: Groups(item.scores.masked_fill(~alive[tensor], -torch.inf), item.sizes, item.layer)
        for tensor, item in groups.items()
    }
    if name == "explicit":  # more of a may be gone than its half
        assume(int((~alive["a"]).sum()) <= asked({"a": groups["a"]}, 0.5))
    found = allocated(name, within, sparsity, floor)
    gone = sum(int((~mask).sum()) for mask in alive.values())
    assert not any(bool((found.kept[tensor] & ~alive[tensor]).any()) for tensor in groups)
    if name == "explicit":
        half = asked({"a": groups["a"]}, 0.5)
        others = sum(int((~alive[tensor]).sum()) for tensor in ("b", "c"))
        assert went(found) == max(asked(groups, sparsity), half + others)
    else:
        assert went(found) == max(asked(groups, sparsity), gone)
    if floor:
        assert all(
            bool(found.kept[tensor].any()) or not bool(alive[tensor].any()) for tensor in groups if tensor != "a"
        )


@every
@brief
@given(groups=nets(None), sparsity=SPARSITY)
def test_groups_of_unequal_size_come_near_to_the_target(name: str, groups: dict[str, Groups], sparsity: float) -> None:
    found = allocated(name, groups, sparsity)
    target = sparsity * sum(int(item.sizes.sum()) for item in groups.values())
    largest = [int(item.sizes.max()) for item in groups.values()]
    slack = max(largest) / 2 if name in UNDER_ONE_THRESHOLD else sum(largest) / 2
    assert abs(weights_gone(found, groups) - target) <= slack + 1e-9


@every
@brief
@given(groups=nets(1), sparsity=SPARSITY, floor=st.integers(1, 3))
def test_a_floor_holds_in_every_tensor_and_the_count_stays_exact(
    name: str, groups: dict[str, Groups], sparsity: float, floor: int
) -> None:
    found = allocated(name, groups, sparsity, floor)
    assert went(found) == asked(groups, sparsity)
    for tensor, kept in found.kept.items():
        if not (name == "explicit" and tensor == "a"):
            assert int(kept.sum()) >= min(floor, kept.numel())


@every
@brief
@given(groups=nets(None), sparsity=SPARSITY)
def test_nothing_given_is_changed(name: str, groups: dict[str, Groups], sparsity: float) -> None:
    before = {tensor: (item.scores.clone(), item.sizes.clone()) for tensor, item in groups.items()}
    allocated(name, groups, sparsity)
    for tensor, item in groups.items():
        assert torch.equal(item.scores, before[tensor][0])
        assert torch.equal(item.sizes, before[tensor][1])


@every
def test_an_impossible_count_says_what_to_write(name: str) -> None:
    groups = {"a": sized([1, 2], [1, 1]), "b": sized([3, 4], [1, 1]), "c": sized([5, 6], [1, 1])}
    with pytest.raises(MaskError, match=re.escape("write a sparsity")) as caught:
        members(1)[name].allocate(groups, 0.9)
    advised = float(re.findall(r"(?:at most|to) (0\.\d+)", str(caught.value))[-1])
    assert went(members(1)[name].allocate(groups, advised)) == 3


@every
def test_scores_that_are_nan_are_refused(name: str) -> None:
    groups = {"a": sized([1, 2], [1, 1]), "b": sized([3, float("nan"), 1], [1, 1, 1]), "c": sized([5, 6], [1, 1])}
    with pytest.raises(MaskError, match="NaN"):
        members(0)[name].allocate(groups, 0.5)
    unequal = {**groups, "c": sized([5, 6], [1, 2])}
    with pytest.raises(MaskError, match="NaN"):
        members(0)[name].allocate(unequal, 0.5)
