"""The cut keeps exactly what sorting would keep, whatever it remembers of the steps before."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tombola.masks.learning.cut import Cut, one_number
from tombola.masks.learning.split import searched
from tombola.masks.select import all_but_smallest_of

Walk = list[list[Tensor]]

STEPS: dict[str, Callable[[Tensor, torch.Generator], Tensor]] = {
    "drift": lambda score, g: score + 0.01 * torch.randn(score.shape, generator=g),
    "shrink": lambda score, _: score * 0.9,
    "jump": lambda score, g: 5 * torch.randn(score.shape, generator=g) + 3,
    "ties": lambda score, _: (score * 2).round() / 2,
    "equal": lambda score, _: torch.zeros_like(score),
    "signs": lambda score, _: torch.where(score.abs() < 0.5, score * 0.0, score),
    "infinite": lambda score, g: torch.where(torch.rand(score.shape, generator=g) < 0.3, -torch.inf, score),
    "still": lambda score, _: score.clone(),
}


def walk(shapes: list[tuple[int, ...]], steps: list[str], seed: int) -> Walk:
    """Scores after each step; every second tensor of four axes lies channels last."""
    drawn = torch.Generator().manual_seed(seed)
    scores = [torch.randn(shape, generator=drawn) for shape in shapes]
    found = [scores]
    for step in steps:
        scores = [STEPS[step](score, drawn) for score in scores]
        found.append(
            [
                score.contiguous(memory_format=torch.channels_last) if score.dim() == 4 and place % 2 == 0 else score
                for place, score in enumerate(scores)
            ]
        )
    return found


def by_sorting(scores: list[Tensor], sizes: list[Tensor], weight: float) -> list[Tensor]:
    """The definition, from the beginning: sort all, drop the count whose weight is nearest."""
    flat = np.concatenate([score.reshape(-1).double().numpy() for score in scores]) + 0.0
    each = np.concatenate([size.reshape(-1).numpy() for size in sizes])
    order = np.argsort(flat, kind="stable")
    distance = np.abs(np.concatenate([[0], np.cumsum(each[order])]) - weight)
    best = [int(count) for count in np.flatnonzero(distance == distance.min())]
    kept = np.ones(len(flat), dtype=np.bool_)
    kept[order[: min(best, key=lambda count: count % 2)]] = False
    pieces = np.split(kept, np.cumsum([score.numel() for score in scores])[:-1])
    return [torch.from_numpy(piece.reshape(score.shape)) for piece, score in zip(pieces, scores, strict=True)]


walks = st.builds(
    walk,
    st.lists(
        st.one_of(
            st.tuples(st.integers(1, 12), st.integers(1, 8), st.integers(1, 3), st.integers(1, 3)),
            st.tuples(st.integers(1, 60), st.integers(1, 60)),
        ),
        min_size=1,
        max_size=3,
    ),
    st.lists(st.sampled_from(sorted(STEPS)), min_size=1, max_size=8),
    st.integers(0, 1 << 30),
)


@settings(max_examples=60, deadline=None)
@given(walks, st.floats(0, 1), st.sampled_from([1, 16, 2048]))
def test_over_any_walk_it_keeps_exactly_what_select_keeps(steps: Walk, sparsity: float, few: int) -> None:
    sizes = [torch.full_like(score, 3, dtype=torch.int64) for score in steps[0]]
    count = round(sparsity * sum(score.numel() for score in steps[0]))
    cut = Cut(sizes, 3 * count)
    cut._few = few  # so that small tensors are searched as large ones are
    for scores in steps:
        for found, expected in zip(cut.kept(scores), all_but_smallest_of(scores, count), strict=True):
            assert torch.equal(found, expected)


@settings(max_examples=60, deadline=None)
@given(walks, st.floats(0, 1), st.integers(0, 1000), st.sampled_from([1, 16, 2048]))
def test_groups_of_unequal_size_go_until_the_weight_is_nearest(
    steps: Walk, sparsity: float, seed: int, few: int
) -> None:
    drawn = torch.Generator().manual_seed(seed)
    sizes = [torch.randint(1, 5, score.shape, generator=drawn) for score in steps[0]]
    weight = sparsity * sum(int(size.sum()) for size in sizes)
    cut = Cut(sizes, weight)
    cut._few = few
    for scores in steps:
        for found, expected in zip(cut.kept(scores), by_sorting(scores, sizes, weight), strict=True):
            assert torch.equal(found, expected)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_any_float_type_is_cut(dtype: torch.dtype) -> None:
    drawn = torch.Generator().manual_seed(0)
    cut = Cut([torch.ones(5000, dtype=torch.int64)], 4321)
    scores = torch.randn(5000, generator=drawn).to(dtype)
    for _ in range(4):
        (found,) = cut.kept([scores])
        assert torch.equal(found, all_but_smallest_of([scores], 4321)[0])
        scores = scores + 0.01 * torch.randn(5000, generator=drawn).to(dtype)


def test_a_slow_walk_is_cut_without_sorting_more_than_a_bracket(monkeypatch: pytest.MonkeyPatch) -> None:
    sorted_at_once: list[int] = []
    sort = Tensor.sort

    def counted(tensor: Tensor, **options: bool) -> object:
        sorted_at_once.append(tensor.numel())
        return sort(tensor, **options)

    monkeypatch.setattr(Tensor, "sort", counted)
    drawn = torch.Generator().manual_seed(0)
    scores, size = torch.rand(400_000, generator=drawn), 400_000
    cut = Cut([torch.ones(size, dtype=torch.int64)], 360_000)
    most = []
    for _ in range(6):
        sorted_at_once.clear()
        (kept,) = cut.kept([scores])
        assert int(kept.count_nonzero()) == 40_000
        most.append(sorted_at_once[:])
        scores = scores + 1e-4 * torch.randn(size, generator=drawn)
    assert max(max(each) for each in most) < size / 4
    assert all(len(each) == 1 and each[0] < size / 64 for each in most[2:]), "the bracket that is remembered serves"


def test_scores_that_are_not_numbers_go_first_and_the_count_holds() -> None:
    cut = Cut([torch.ones(6, dtype=torch.int64)], 2)
    nan, scores = float("nan"), torch.tensor([5.0, 1.0, 4.0, 2.0, 3.0, 6.0])
    assert cut.kept([scores])[0].tolist() == [True, False, True, False, True, True]
    assert cut.kept([torch.tensor([nan, 1, 2, 3, 4, 5])])[0].tolist() == [False, False, True, True, True, True]
    assert cut.kept([torch.full((6,), nan)])[0].tolist() == [False, False, True, True, True, True]


def test_the_scores_are_not_changed() -> None:
    scores = torch.tensor([0.3, -0.0, 0.0, 0.2])
    before = scores.clone()
    Cut([torch.ones(4, dtype=torch.int64)], 2).kept([scores])
    assert torch.equal(scores, before)
    assert torch.signbit(scores).tolist() == torch.signbit(before).tolist()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-3, 3), min_size=1, max_size=300), st.floats(0, 1), st.integers(1, 20))
def test_the_search_ends_in_a_bracket_around_the_threshold(values: list[int], share: float, few: int) -> None:
    scores, target = torch.tensor(values, dtype=torch.float32), share * len(values)
    low, high = searched(scores, torch.ones(len(values), dtype=torch.int64), target, few)
    below = int((scores < low).count_nonzero())
    inside = int(((scores >= low) & (scores <= high)).count_nonzero())
    assert below <= target <= below + inside
    assert inside <= few or low == high


def test_one_number_is_told_without_reading_a_tensor_that_repeats_one() -> None:
    assert one_number(torch.tensor(3).expand(1 << 20, 1 << 10)) == 3
    assert one_number(torch.ones(0, dtype=torch.int64)) == 1
    differing = torch.tensor([1, 2])
    assert one_number(differing) is differing
    assert all(one_number(torch.full((n,), n)) == n for n, _ in pairwise(range(1, 4)))
