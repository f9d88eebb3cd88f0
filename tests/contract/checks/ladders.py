"""What every ladder keeps: it rises, and ends exactly where it was asked to."""

from itertools import pairwise

from tombola.masks.ladders._base import Ladder

from .faults import Fault, gives
from .room import Check

TOTAL = 1000
ASKED = (0.5, 0.9)


def climbed(ladder: Ladder, sparsity: float) -> list[int]:
    """How many are pruned at each level, from 0; the last is what was asked for."""
    counts = [0]
    levels = ladder.levels(sparsity)
    assert isinstance(levels, int)
    assert 1 <= levels <= TOTAL
    for level in range(1, levels):
        counts.append(ladder.pruned(level, counts[-1], TOTAL))
    return [*counts, round(sparsity * TOTAL)]


def it_rises_to_what_is_asked(ladder: Ladder) -> None:
    for sparsity in ASKED:
        counts = climbed(ladder, sparsity)
        assert all(isinstance(count, int) for count in counts)
        assert all(low < high for low, high in pairwise(counts)), f"it does not rise: {counts}"


def it_is_a_pure_function(ladder: Ladder) -> None:
    assert climbed(ladder, 0.9) == climbed(ladder, 0.9)


def more_is_as_many_levels_or_more(ladder: Ladder) -> None:
    assert ladder.levels(0.5) <= ladder.levels(0.9)


def a_level_that_it_names_is_one_of_its_levels(ladder: Ladder) -> None:
    for sparsity in ASKED:
        level = ladder.level_of(sparsity)
        assert level is None or 1 <= level <= ladder.levels(sparsity)


def as_far_as_a_level_it_is_the_same(ladder: Ladder) -> None:
    part = ladder.upto(1)
    assert type(part) is type(ladder)
    assert part.pruned(1, 0, TOTAL) == ladder.pruned(1, 0, TOTAL)


CHECKS: tuple[Check, ...] = (
    it_rises_to_what_is_asked,
    it_is_a_pure_function,
    more_is_as_many_levels_or_more,
    a_level_that_it_names_is_one_of_its_levels,
    as_far_as_a_level_it_is_the_same,
)


FAULTS: tuple[Fault, ...] = (
    Fault("stays where it is", "linear", "pruned", gives(lambda count: 0), it_rises_to_what_is_asked),
    Fault("has no level", "linear", "levels", gives(lambda count: 0), it_rises_to_what_is_asked),
    Fault("prunes fractions", "linear", "pruned", gives(lambda count: count / 1.0), it_rises_to_what_is_asked),
)
