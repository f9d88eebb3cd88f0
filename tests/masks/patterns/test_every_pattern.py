"""Every registered pattern over random layers: each weight in one group, exact means and counts, nested draws."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Size, Tensor

from tombola.errors import RequestError
from tombola.masks.budgets._base import Allocation, Budget, Groups
from tombola.masks.budgets._ranking import all_but, asked
from tombola.masks.drawing import draw_by_scores, groupings
from tombola.masks.layers import Layer
from tombola.masks.masks import Masks
from tombola.masks.patterns._base import Grouping, Pattern

PATTERNS = [
    pattern
    for member in Pattern.family.members().values()
    for pattern in member.examples(Path())
    if isinstance(pattern, Pattern) and pattern.OF == "any weight"
]
KERNELS = [(), (1,), (3,), (1, 1), (3, 3), (1, 3), (2, 3), (2, 1, 3)]


class Plain(Budget):
    """The lowest of all tensors together, without a floor."""

    def allocate(self, groups: Mapping[str, Groups], sparsity: float) -> Allocation:
        return Allocation(all_but(groups, asked(groups, sparsity)))


@dataclass(frozen=True)
class Case:
    """Two layers with weights in multiples of 1/8, so that sums are exact, and a few equal ones."""

    layers: dict[str, Layer]
    weights: dict[str, Tensor]


@st.composite
def layers(draw: st.DrawFn) -> Layer:
    kernel = draw(st.sampled_from(KERNELS))
    outputs, inputs = draw(st.integers(1, 9)), draw(st.integers(1, 7))
    if not kernel:
        return Layer(Size((outputs, inputs)))
    groups = draw(st.integers(1, 3))
    if draw(st.booleans()):
        return Layer(Size((groups * inputs, outputs, *kernel)), groups=groups, transposed=True)
    return Layer(Size((groups * outputs, inputs, *kernel)), groups=groups)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    found = {"first": draw(layers()), "second": draw(layers())}
    generator = torch.Generator().manual_seed(draw(st.integers(0, 999)))
    return Case(found, {name: numbers(layer.shape, generator) for name, layer in found.items()})


def numbers(shape: Size, generator: torch.Generator) -> Tensor:
    return torch.randint(-40, 40, shape, generator=generator) / 8


def identity(pattern: Pattern) -> str:
    return "-".join(str(value) for value in pattern.identity().values())


def members(grouping: Grouping) -> Tensor:
    """The number of its group for every weight."""
    sizes = grouping.sizes
    return grouping.expand(torch.arange(sizes.numel(), dtype=torch.float64).view(sizes.shape)).long()


def sparsities(pattern: Pattern, wanted: list[float]) -> list[float]:
    """What a pattern can be asked for: all that is wanted, or only its own."""
    return wanted if pattern.only is None else [0.0, pattern.only]


@pytest.mark.parametrize("pattern", PATTERNS, ids=identity)
@settings(deadline=None, max_examples=25)  # other work on the machine must not fail it
@given(case=cases())
def test_every_weight_is_in_one_group_of_the_size_that_is_said(pattern: Pattern, case: Case) -> None:
    for name, grouping in groupings(case.weights, pattern, case.layers).items():
        sizes = grouping.sizes
        owner = members(grouping)
        assert owner.shape == case.layers[name].shape
        assert sizes.dtype == torch.int64
        assert torch.equal(torch.bincount(owner.flatten(), minlength=sizes.numel()), sizes.flatten())
        assert int(sizes.min()) > 0


@pytest.mark.parametrize("pattern", PATTERNS, ids=identity)
@settings(deadline=None, max_examples=25)
@given(case=cases(), dtype=st.sampled_from([torch.float64, torch.float32]))
def test_means_are_those_of_a_loop_and_can_be_trained_through(pattern: Pattern, case: Case, dtype: torch.dtype) -> None:
    for name, grouping in groupings(case.weights, pattern, case.layers).items():
        values = case.weights[name].to(dtype).requires_grad_()
        means = grouping.means(values)
        assert means.shape == grouping.sizes.shape
        assert means.dtype == dtype
        owner = members(grouping)
        sums = [0.0] * means.numel()
        for place, value in zip(owner.flatten().tolist(), values.flatten().tolist(), strict=True):
            sums[place] += value
        expected = (torch.tensor(sums, dtype=torch.float64).view(means.shape) / grouping.sizes).to(dtype)
        single = grouping.sizes == 1
        assert torch.equal(means[single], expected[single])
        assert torch.allclose(means, expected)
        weight = torch.arange(means.numel(), dtype=dtype).view(means.shape)
        (gradient,) = torch.autograd.grad((means * weight).sum(), values)
        assert torch.allclose(gradient, grouping.expand(weight / grouping.sizes))


@pytest.mark.parametrize("pattern", PATTERNS, ids=identity)
@settings(deadline=None, max_examples=25)
@given(case=cases())
def test_what_is_given_to_groups_is_their_mean(pattern: Pattern, case: Case) -> None:
    for grouping in groupings(case.weights, pattern, case.layers).values():
        kept = torch.arange(grouping.sizes.numel()).view(grouping.sizes.shape) % 3 == 0
        mask = grouping.expand(kept)
        assert mask.dtype == torch.bool
        assert torch.equal(grouping.means(mask.float()), kept.float())


@pytest.mark.parametrize("pattern", PATTERNS, ids=identity)
@settings(deadline=None, max_examples=20)
@given(case=cases(), asked=st.lists(st.floats(0, 0.99), min_size=2, max_size=3))
def test_draws_are_exact_nested_and_constant_on_groups(pattern: Pattern, case: Case, asked: list[float]) -> None:
    shared = groupings(case.weights, pattern, case.layers)
    within: Masks | None = None
    for number, sparsity in enumerate(sparsities(pattern, sorted(asked))):
        scores = {
            name: numbers(weight.shape, torch.Generator().manual_seed(number)) for name, weight in case.weights.items()
        }
        masks = draw_by_scores(
            scores,
            sparsity,
            pattern=pattern,
            budget=Plain(),
            groupings=shared,
            layers=case.layers,
            within=within,
        )
        assert within is None or masks.nested_in(within)
        for name, grouping in shared.items():
            shares = grouping.means(masks[name].double())
            assert set(shares.flatten().tolist()) <= {0.0, 1.0}
        if pattern.only is None:
            assert_nearest(masks, shared, sparsity)
        within = masks


def assert_nearest(masks: Masks, shared: dict[str, Grouping], sparsity: float) -> None:
    """As many weights pruned as asked for, as near as groups of these sizes allow."""
    sizes = torch.cat([grouping.sizes.flatten() for grouping in shared.values()])
    pruned = masks.total - masks.kept
    if int(sizes.min()) == int(sizes.max()):
        assert pruned == int(sizes[0]) * round(sparsity * len(sizes))
    else:
        assert abs(pruned - sparsity * masks.total) <= int(sizes.max()) / 2


@pytest.mark.parametrize("pattern", PATTERNS, ids=identity)
def test_its_groups_change_nothing(pattern: Pattern) -> None:
    weight = torch.randn(8, 4, 3, 3, generator=torch.Generator().manual_seed(0))
    before = weight.clone()
    grouping = pattern.grouping(weight, Layer.of(weight))
    grouping.expand(grouping.means(weight))
    assert torch.equal(weight, before)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("pattern", PATTERNS, ids=identity)
def test_means_of_half_precision_do_not_overflow(pattern: Pattern, dtype: torch.dtype) -> None:
    values = torch.full((8, 64, 3, 3), 1000.0, dtype=dtype)
    means = pattern.grouping(values, Layer.of(values)).means(values)
    assert means.dtype == dtype
    assert bool((means == 1000).all())


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("stripe:0", r"size='0'.*from 1 to \d+, as in stripe:4"),
        ("stripe:x", r"size='x'.*from 1 to \d+, as in stripe:4"),
        ("stripe:-2", r"as in stripe:4"),
        ({"name": "stripe", "size": 2.5}, r"size=2.5.*whole number"),
        ({"name": "stripe:4", "order": "best"}, r"order='best': input should be 'given' or 'matched'"),
        ("nm:5:4", r"ratio='5:4'.*1 <= n <= m <= \d+, as in nm:2:4"),
        ("5:4", r"ratio='5:4'.*1 <= n <= m"),
        ("nm:0:4", r"ratio='0:4'.*1 <= n <= m"),
        ("nm:2", r"ratio='2'.*as in nm:2:4"),
        ("block:4", r"size='4'.*as in block:4x4"),
        ("block:0x4", r"size='0x4'.*both 1 to \d+"),
        ("row:3", r"takes no text behind a colon"),
        ("strip:4", r"did you mean 'stripe'"),
    ],
)
def test_a_wrong_argument_says_what_to_write(text: object, problem: str) -> None:
    with pytest.raises(RequestError, match=problem):
        Pattern.parse(text)


def test_arguments_written_differently_are_one_identity() -> None:
    assert Pattern.parse("2:4").identity() == Pattern.parse("nm: 02:4").identity() == {"name": "nm", "ratio": "2:4"}
    assert Pattern.parse("block:4x04") == Pattern.parse({"name": "block", "size": "4x4"})
    assert Pattern.parse("stripe:8").identity() == {"name": "stripe", "order": "given", "size": 8}
