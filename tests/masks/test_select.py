"""Exact-count selection against sorting, on every float type and with many equal scores."""

import math

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import Tensor

from tombola.errors import MaskError
from tombola.masks import select
from tombola.masks.select import all_but_smallest_of, smallest, smallest_of

FLOATS = [torch.float64, torch.float32, torch.bfloat16, torch.float16]
SPECIAL = [0.0, 1e-45, 1e-40, 1e-38, 0.5, 0.5000001, 1.0, 65504.0, 3e38, float("inf")]


def by_sorting(scores: Tensor, count: int) -> Tensor:
    order = torch.argsort(scores.double().reshape(-1) + 0.0, stable=True)
    chosen = torch.zeros(scores.numel(), dtype=torch.bool)
    chosen[order[:count]] = True
    return chosen.view(scores.shape)


@st.composite
def scores_and_count(draw: st.DrawFn) -> tuple[Tensor, int]:
    signs = draw(st.sampled_from([(1.0,), (-1.0,), (1.0, -1.0)]))
    anything = st.floats(0, allow_nan=False) | st.sampled_from(SPECIAL)
    values = draw(st.lists(st.builds(math.copysign, anything, st.sampled_from(signs)), min_size=1, max_size=60))
    scores = torch.tensor(values, dtype=torch.float64).to(draw(st.sampled_from(FLOATS)))
    return scores, draw(st.integers(0, len(values)))


@settings(deadline=None)  # other work on the machine must not fail it
@given(scores_and_count())
@example((torch.tensor([-0.0, 0.0, -0.0]), 2))
@example((torch.tensor([0.0, -0.0, -1e-45, 0.0, -torch.inf]), 3))
@example((torch.tensor([1.0, -torch.inf, 2.0, -torch.inf, 0.5]), 1))
def test_it_is_what_a_stable_sort_chooses(case: tuple[Tensor, int]) -> None:
    scores, count = case
    assert torch.equal(smallest(scores, count), by_sorting(scores, count))


@settings(deadline=None)  # other work on the machine must not fail it
@given(scores_and_count(), st.lists(st.integers(0, 60), max_size=4))
def test_many_tensors_are_as_one(case: tuple[Tensor, int], cuts: list[int]) -> None:
    scores, count = case
    parts = list(torch.tensor_split(scores, sorted(min(cut, len(scores)) for cut in cuts)))
    assert torch.equal(torch.cat(smallest_of(parts, count)), by_sorting(scores, count))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("levels", [1, 2, 7, 1000])
@pytest.mark.parametrize("below", [0.0, 0.5, 1.0], ids=["positive", "mixed", "negative"])
def test_heavy_ties_over_pieces_and_tensors(
    dtype: torch.dtype, levels: int, below: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(select, "_PIECE", 64)
    generator = torch.Generator().manual_seed(levels)
    scores = (torch.randint(levels, (1000,), generator=generator) / levels - below).to(dtype)
    for count in (0, 1, 63, 64, 65, 499, 900, 999, 1000):
        expected = by_sorting(scores, count)
        assert torch.equal(torch.cat(smallest_of(torch.split(scores, [1, 600, 0, 399]), count)), expected)
        assert int(expected.sum()) == count


def test_the_rest_is_the_complement() -> None:
    scores = [torch.tensor([3.0, 1.0]), torch.tensor([[2.0], [1.0]])]
    assert [kept.tolist() for kept in all_but_smallest_of(scores, 2)] == [[True, False], [[True], [False]]]


def test_tensors_of_different_types_are_compared_by_value() -> None:
    chosen = smallest_of(
        [torch.tensor([1.0, 0.1], dtype=torch.float16), torch.tensor([0.1, 0.0999], dtype=torch.float64)], 2
    )
    assert [mask.tolist() for mask in chosen] == [[False, True], [False, True]]
    mixed = smallest_of([torch.tensor([2.0], dtype=torch.bfloat16), torch.tensor([1.0], dtype=torch.float16)], 1)
    assert [mask.tolist() for mask in mixed] == [[False], [True]]


def test_shape_and_layout_do_not_matter_and_nothing_is_changed() -> None:
    scores = torch.rand(4, 3, 2, 2, generator=torch.Generator().manual_seed(0))
    before = scores.clone()
    plain = smallest(scores, 20)
    assert plain.shape == scores.shape
    assert torch.equal(smallest(scores.to(memory_format=torch.channels_last), 20), plain)
    assert torch.equal(smallest(scores[:, :, ::2], 10), by_sorting(scores[:, :, ::2], 10))
    assert torch.equal(scores, before)


def test_every_result_is_its_own_tensor() -> None:
    assert smallest(torch.zeros(0), 0).shape == (0,)
    assert smallest_of([], 0) == []
    first, second = smallest_of([torch.rand(3), torch.rand(3)], 6)
    first.zero_()
    assert bool(second.all())


@pytest.mark.parametrize("count", [0, 1, 3])
def test_nan_is_refused_by_name_and_place(count: int) -> None:
    with pytest.raises(MaskError, match=r"conv2: 1 of 2 scores are NaN, the first at index 1"):
        smallest_of([torch.ones(1), torch.tensor([1.0, float("nan")])], count, names=["conv1", "conv2"])
    with pytest.raises(MaskError, match="NaN"):
        smallest(torch.tensor([1.0, -float("nan"), 2.0]).copysign(torch.tensor([1.0, -1.0, 1.0])), count)


def test_what_is_pruned_already_goes_first() -> None:
    scores = torch.tensor([-3.0, -torch.inf, torch.inf, 0.0, -torch.inf])
    assert [smallest(scores, count).int().tolist() for count in range(1, 5)] == [
        [0, 1, 0, 0, 0],
        [0, 1, 0, 0, 1],
        [1, 1, 0, 0, 1],
        [1, 1, 0, 1, 1],
    ]


@pytest.mark.parametrize("dtype", FLOATS)
def test_the_scores_keep_their_signs(dtype: torch.dtype) -> None:
    scores = torch.tensor([-0.0, -2.0, 3.0], dtype=dtype)
    smallest(scores, 2)
    assert torch.signbit(scores).tolist() == [True, True, False]
    assert scores.tolist() == [0.0, -2.0, 3.0]


def test_wrong_counts_and_wrong_types_are_refused() -> None:
    with pytest.raises(MaskError, match=r"the 3 smallest of 2 scores; write a count from 0 to 2"):
        smallest(torch.tensor([1.0, 2.0]), 3)
    with pytest.raises(MaskError, match=r"torch.int64; they may be"):
        smallest(torch.tensor([1, 2]), 1)
