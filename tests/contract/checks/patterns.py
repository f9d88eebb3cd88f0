"""What every pattern keeps: each weight in one group, kept or pruned with it, nested and as many as asked."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Size, Tensor

from tombola.masks.budgets.global_ import Global
from tombola.masks.drawing import draw_by_scores, groupings
from tombola.masks.layers import Layer
from tombola.masks.masks import Masks
from tombola.masks.patterns._base import Grouping, Pattern

from .faults import Fault, first, gives
from .room import Check, rng

LAYERS = {"a": Layer(Size((8, 4, 3, 3))), "b": Layer(Size((9, 7))), "c": Layer(Size((6, 2, 3, 3)), groups=2)}


def weights(seed: int = 0) -> dict[str, Tensor]:
    """Multiples of 1/8, so that sums are exact, with a few equal ones."""
    drawn = rng(seed)
    return {name: torch.randint(-40, 40, layer.shape, generator=drawn) / 8 for name, layer in LAYERS.items()}


def groups(pattern: Pattern) -> Iterator[tuple[str, Grouping]]:
    """Of every layer."""
    yield from groupings(weights(), pattern, LAYERS).items()


def every_weight_is_in_one_group_of_the_size_that_is_said(pattern: Pattern) -> None:
    for name, grouping in groups(pattern):
        sizes = grouping.sizes
        owner = grouping.expand(torch.arange(sizes.numel(), dtype=torch.float64).view(sizes.shape)).long()
        assert (owner.shape, sizes.dtype) == (LAYERS[name].shape, torch.int64)
        assert torch.equal(torch.bincount(owner.flatten(), minlength=sizes.numel()), sizes.flatten())
        assert int(sizes.min()) > 0


def what_is_given_to_groups_is_their_mean(pattern: Pattern) -> None:
    for _, grouping in groups(pattern):
        kept = torch.arange(grouping.sizes.numel()).view(grouping.sizes.shape) % 3 == 0
        mask = grouping.expand(kept)
        assert mask.dtype == torch.bool
        assert torch.equal(grouping.means(mask.float()), kept.float())


def draws_are_exact_and_nested_and_whole_groups(pattern: Pattern) -> None:
    shared, within = groupings(weights(), pattern, LAYERS), None
    only = pattern.only
    for sparsity in (0.3, 0.5, 0.8) if only is None else (only,):
        masks = draw_by_scores(
            weights(1), sparsity, pattern=pattern, budget=Global(), groupings=shared, layers=LAYERS, within=within
        )
        assert within is None or masks.nested_in(within)
        assert all(
            set(grouping.means(masks[name].double()).flatten().tolist()) <= {0.0, 1.0}
            for name, grouping in shared.items()
        )
        assert only is not None or near(masks, shared, sparsity)
        within = masks


def near(masks: Masks, shared: dict[str, Grouping], sparsity: float) -> bool:
    """Whether as many weights are pruned as asked, to half of the largest group."""
    largest = max(int(grouping.sizes.max()) for grouping in shared.values())
    return abs(masks.total - masks.kept - sparsity * masks.total) <= largest / 2


def it_changes_nothing(pattern: Pattern) -> None:
    for name, weight in weights().items():
        before = weight.clone()
        grouping = pattern.grouping(weight, LAYERS[name])
        grouping.expand(grouping.means(weight))
        assert torch.equal(weight, before)


CHECKS: tuple[Check, ...] = (
    every_weight_is_in_one_group_of_the_size_that_is_said,
    what_is_given_to_groups_is_their_mean,
    draws_are_exact_and_nested_and_whole_groups,
    it_changes_nothing,
)


@dataclass
class _Doubled(Grouping):
    """Says twice the size, and prunes its first weight alone."""

    whole: Grouping
    wrong_sizes: bool

    @property
    def sizes(self) -> Tensor:
        return self.whole.sizes * (2 if self.wrong_sizes else 1)

    def means(self, values: Tensor) -> Tensor:
        return self.whole.means(values)

    def expand(self, values: Tensor) -> Tensor:
        found = self.whole.expand(values).clone()
        found.view(-1)[0] = 0 if not self.wrong_sizes else found.view(-1)[0]
        return found


FAULTS: tuple[Fault, ...] = (
    Fault(
        "says wrong sizes",
        "row",
        "grouping",
        gives(lambda g: _Doubled(g, wrong_sizes=True)),
        every_weight_is_in_one_group_of_the_size_that_is_said,
    ),
    Fault(
        "splits a group",
        "row",
        "grouping",
        gives(lambda g: _Doubled(g, wrong_sizes=False)),
        what_is_given_to_groups_is_their_mean,
    ),
    Fault("changes the weight", "row", "grouping", first(lambda weight, layer: weight.add_(1)), it_changes_nothing),
)
