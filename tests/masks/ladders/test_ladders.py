"""Ladders: the grids of the papers, to the last weight."""

import pytest

from tombola.errors import RequestError
from tombola.masks.ladders._base import Ladder


def climbed(ladder: Ladder, total: int, levels: int) -> list[int]:
    """What is pruned after each level."""
    pruned = [0]
    for level in range(1, levels + 1):
        pruned.append(ladder.pruned(level, pruned[-1], total))
    return pruned[1:]


def test_the_geometric_grid_of_the_vision_papers() -> None:
    grid = [round(100 * count / 1e8, 2) for count in climbed(Ladder.parse("geometric"), 10**8, 19)]
    assert grid == [
        20, 36, 48.8, 59.04, 67.23, 73.79, 79.03, 83.22, 86.58, 89.26,
        91.41, 93.13, 94.50, 95.60, 96.48, 97.19, 97.75, 98.20, 98.56,
    ]  # fmt: skip


def test_geometric_rounds_what_remains_half_to_even_as_python_does() -> None:
    """torch.nn.utils.prune removes round(0.2 x remaining): 12.5 of 25 at a half, 12 and not 13."""
    assert climbed(Ladder.parse("geometric:0.5"), 25, 3) == [12, 18, 22]  # 12.5 -> 12, 6.5 -> 6, 3.5 -> 4


def test_the_linear_grid_of_bert_tickets() -> None:
    assert climbed(Ladder.parse("linear"), 85_524_480, 9) == [round(85_524_480 * k / 10) for k in range(1, 10)]


def test_the_tenth_linear_level_would_prune_everything_and_says_so() -> None:
    with pytest.raises(RequestError, match=r"level 10 of linear:0\.1 would prune everything"):
        climbed(Ladder.parse("linear"), 1000, 10)


def test_a_list_is_climbed_as_written_and_must_rise() -> None:
    ladder = Ladder.parse({"name": "listed", "sparsities": [0.5, 0.75]})
    assert climbed(ladder, 1001, 2) == [500, 751]
    with pytest.raises(RequestError, match="the ladder lists 2 sparsities"):
        ladder.pruned(3, 751, 1001)
    with pytest.raises(RequestError, match="rise from level to level"):
        Ladder.parse({"name": "listed", "sparsities": [0.5, 0.5]})


@pytest.mark.parametrize(
    ("ladder", "sparsity", "levels"),
    [
        ("geometric", 0.8926, 10),
        ("geometric", 0.2, 1),
        ("geometric", 0.05, 1),
        ("geometric", 0.0, 1),
        ("geometric:0.5", 0.9, 3),
        ("linear", 0.7, 7),
        ("linear", 0.05, 1),
        ({"name": "listed", "sparsities": [0.3, 0.6, 0.9]}, 0.6, 2),
        ({"name": "listed", "sparsities": [0.3, 0.6, 0.9]}, 0.7, 3),
    ],
)
def test_how_many_levels_lead_to_a_sparsity(ladder: object, sparsity: float, levels: int) -> None:
    assert Ladder.parse(ladder).levels(sparsity) == levels


def test_a_rung_depends_on_no_level_above_it() -> None:
    short = Ladder.parse({"name": "listed", "sparsities": [0.3, 0.6]})
    long = Ladder.parse({"name": "listed", "sparsities": [0.3, 0.6, 0.9]})
    assert long.upto(2) == short
    assert Ladder.parse("geometric").upto(3) == Ladder.parse("geometric")
