"""What every pattern keeps: each weight in one group, kept or pruned with it, nested and as many as asked."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Size, Tensor

from tombola.masks.budgets.global_ import Global
from tombola.masks.drawing import draw_by_scores, groupings
from tombola.masks.layers import Heads, Layer
from tombola.masks.masks import Masks
from tombola.masks.patterns._base import Grouping, Pattern

from .faults import Fault, first, gives
from .room import Check, rng

CONVOLUTIONS = {"a": Layer(Size((8, 4, 3, 3))), "b": Layer(Size((9, 7))), "c": Layer(Size((6, 2, 3, 3)), groups=2)}
_FOUR, _TWO = ("q", "k", "v", "out"), ("both", "o")
HEADS = {name: Layer(Size((16, 16)), heads=Heads(_FOUR, 8, read=name == "out")) for name in _FOUR}
HEADS |= {
    "both": Layer(Size((24, 8)), heads=Heads(_TWO, 4, 3)),
    "o": Layer(Size((8, 8)), heads=Heads(_TWO, 4, read=True)),
}


def layers(pattern: Pattern) -> dict[str, Layer]:
    """Layers it groups the weights of."""
    return HEADS if pattern.OF == "attention" else CONVOLUTIONS


def weights(pattern: Pattern, seed: int = 0) -> dict[str, Tensor]:
    """Multiples of 1/8, so that sums are exact, with a few equal ones."""
    drawn = rng(seed)
    return {name: torch.randint(-40, 40, item.shape, generator=drawn) / 8 for name, item in layers(pattern).items()}


def groups(pattern: Pattern) -> Iterator[tuple[str, Grouping]]:
    """Of every layer."""
    yield from groupings(weights(pattern), pattern, layers(pattern)).items()


def every_weight_is_in_one_group_of_the_size_that_is_said(pattern: Pattern) -> None:
    for name, grouping in groups(pattern):
        sizes = grouping.sizes
        owner = grouping.expand(torch.arange(sizes.numel(), dtype=torch.float64).view(sizes.shape)).long()
        assert (owner.shape, sizes.dtype) == (layers(pattern)[name].shape, torch.int64)
        assert torch.equal(torch.bincount(owner.flatten(), minlength=sizes.numel()), sizes.flatten())
        assert int(sizes.min()) > 0


def what_is_given_to_groups_is_their_mean(pattern: Pattern) -> None:
    for _, grouping in groups(pattern):
        kept = torch.arange(grouping.sizes.numel()).view(grouping.sizes.shape) % 3 == 0
        mask = grouping.expand(kept)
        assert mask.dtype == torch.bool
        assert torch.equal(grouping.means(mask.float()), kept.float())


def draws_are_exact_and_nested_and_whole_groups(pattern: Pattern) -> None:
    shared, within = groupings(weights(pattern), pattern, layers(pattern)), None
    only = pattern.only
    for sparsity in (0.3, 0.5, 0.8) if only is None else (only,):
        masks = draw_by_scores(
            weights(pattern, 1),
            sparsity,
            pattern=pattern,
            budget=Global(),
            groupings=shared,
            layers=layers(pattern),
            within=within,
        )
        assert within is None or masks.nested_in(within)
        assert all(
            set(grouping.means(masks[name].double()).flatten().tolist()) <= {0.0, 1.0}
            for name, grouping in shared.items()
        )
        assert only is not None or near(masks, largest(pattern, shared), sparsity)
        within = masks


def near(masks: Masks, largest: int, sparsity: float) -> bool:
    """Whether as many weights are pruned as asked, to half of the largest group."""
    return abs(masks.total - masks.kept - sparsity * masks.total) <= largest / 2


def largest(pattern: Pattern, shared: dict[str, Grouping]) -> int:
    """How many weights the largest group has: those of a head lie in several matrices."""
    found: dict[object, int] = {}
    for name, grouping in shared.items():
        heads = layers(pattern)[name].heads
        together = name if heads is None else heads.names
        found[together] = found.get(together, 0) + int(grouping.sizes.max())
    return max(found.values())


def it_changes_nothing(pattern: Pattern) -> None:
    for name, weight in weights(pattern).items():
        before = weight.clone()
        grouping = pattern.grouping(weight, layers(pattern)[name])
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
