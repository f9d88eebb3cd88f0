"""What every budget keeps: the exact count, ties by index, nesting, what is pruned stays pruned."""

from collections.abc import Callable

import torch
from torch import Size, Tensor

from tombola.masks.budgets._base import Allocation, Budget, Groups
from tombola.masks.layers import Layer, numbers

from .faults import Fault, gives
from .room import Check, rng

SHAPES = {"a": Size((4, 10)), "b": Size((5, 4)), "c": Size((4, 15))}
ASKED = (0.4, 0.5, 0.7)
"""A half of ``a`` fits beside the rest, for a budget that fixes it."""


def groups(scores: dict[str, Tensor]) -> dict[str, Groups]:
    """Single weights of three layers."""
    return {name: Groups(s, numbers(s.shape, 1), Layer(s.shape, positions=9)) for name, s in scores.items()}


def some() -> dict[str, Tensor]:
    """Scores with many equal ones."""
    drawn = rng()
    return {name: torch.randint(1, 12, shape, generator=drawn) / 8 for name, shape in SHAPES.items()}


def kept(budget: Budget, sparsity: float, scores: dict[str, Tensor]) -> dict[str, Tensor]:
    """What stays."""
    return budget.allocate(groups(scores), sparsity).kept


def it_prunes_exactly_as_many_as_asked(budget: Budget) -> None:
    total = sum(shape.numel() for shape in SHAPES.values())
    for sparsity in ASKED:
        found = kept(budget, sparsity, some())
        assert {name: (mask.shape, mask.dtype) for name, mask in found.items()} == {
            n: (s, torch.bool) for n, s in SHAPES.items()
        }
        assert sum(int((~mask).sum()) for mask in found.values()) == round(sparsity * total)


def the_lowest_go_and_of_equal_ones_the_first(budget: Budget) -> None:
    for name, mask in kept(budget, 0.5, some()).items():
        gone = (~mask).flatten().nonzero().flatten().tolist()
        scores = some()[name].flatten().tolist()
        assert gone == sorted(sorted(range(len(scores)), key=lambda place: (scores[place], place))[: len(gone)])


def what_goes_at_one_sparsity_goes_at_every_higher_one(budget: Budget) -> None:
    less, more = (kept(budget, sparsity, some()) for sparsity in (0.4, 0.7))
    assert not any(bool((more[name] & ~less[name]).any()) for name in SHAPES)


def what_is_pruned_already_stays_pruned_and_counts(budget: Budget) -> None:
    scores = {name: tensor.masked_fill(tensor == 0.125, -torch.inf) for name, tensor in some().items()}
    found = kept(budget, 0.5, scores)
    assert not any(bool((found[name] & (scores[name] == -torch.inf)).any()) for name in SHAPES)
    assert sum(int((~mask).sum()) for mask in found.values()) == round(0.5 * sum(map(torch.numel, scores.values())))


def it_changes_nothing_and_is_the_same_again(budget: Budget) -> None:
    scores = some()
    one, again = (kept(budget, 0.5, scores) for _ in range(2))
    assert all(torch.equal(one[name], again[name]) for name in SHAPES)
    assert all(torch.equal(scores[name], some()[name]) for name in SHAPES)


CHECKS: tuple[Check, ...] = (
    it_prunes_exactly_as_many_as_asked,
    the_lowest_go_and_of_equal_ones_the_first,
    what_goes_at_one_sparsity_goes_at_every_higher_one,
    what_is_pruned_already_stays_pruned_and_counts,
    it_changes_nothing_and_is_the_same_again,
)


def _kept(change: Callable[[Tensor], Tensor]) -> Callable[[Allocation], Allocation]:
    return lambda found: Allocation({name: change(tensor) for name, tensor in found.kept.items()})


FAULTS: tuple[Fault, ...] = (
    Fault("keeps everything", "global", "allocate", gives(_kept(torch.ones_like)), it_prunes_exactly_as_many_as_asked),
    Fault(
        "keeps the lowest",
        "uniform",
        "allocate",
        gives(_kept(lambda kept: kept.flatten().flip(0).view(kept.shape))),
        the_lowest_go_and_of_equal_ones_the_first,
    ),
    Fault(
        "gives numbers",
        "global",
        "allocate",
        gives(_kept(lambda kept: kept.float())),
        it_prunes_exactly_as_many_as_asked,
    ),
)
