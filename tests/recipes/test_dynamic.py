"""Masks that move, rise or stay: every way ends at the sparsity it is called by, in as many steps."""

import pytest

from tombola.fitting.changes.prune import Prune
from tombola.fitting.changes.regrow import Regrow
from tombola.masks.scores.random import Random
from tombola.recipes._lookup import recipe
from tombola.study.experiment import Experiment
from tombola.transfers.finetune import Finetune


def experiments() -> dict[str, list[Experiment]]:
    found: dict[str, list[Experiment]] = {}
    for cell in recipe("dynamic/rigl").cells():
        found.setdefault(str(cell.labels["way"]), []).append(cell.experiment)
    return found


def test_every_way_has_its_seeds_and_as_many_steps() -> None:
    found = experiments()
    assert len(found) == 16
    assert {len(cells) for cells in found.values()} == {3}
    fits = {
        cell.transfer.fit.epochs for cells in found.values() for cell in cells if isinstance(cell.transfer, Finetune)
    }
    assert len(fits) == 1


@pytest.mark.parametrize("sparsity", [0.8, 0.9, 0.95])
def test_gradual_pruning_begins_dense_and_ends_where_the_others_are(sparsity: float) -> None:
    cells = {name: ones[0] for name, ones in experiments().items() if name.endswith(f" {sparsity:.0%}")}
    drawn = {name.split()[0]: cell.draw for name, cell in cells.items()}
    assert drawn["RigL"] == drawn["SET"] == drawn["OMP"]
    assert {name: draw.identity()["sparsity"] for name, draw in drawn.items()} == {
        "random": sparsity, "OMP": sparsity, "gradual": 0.0, "RigL": sparsity, "SET": sparsity,
    }  # fmt: skip
    changes = {
        name.split()[0]: cell.transfer.fit.changes
        for name, cell in cells.items()
        if isinstance(cell.transfer, Finetune)
    }
    (risen,), (rigl,), (at_random,) = changes["gradual"], changes["RigL"], changes["SET"]
    assert isinstance(risen, Prune)
    assert risen.sparsity == sparsity
    assert isinstance(rigl, Regrow)
    assert isinstance(at_random, Regrow)
    assert isinstance(at_random.grow, Random)
    assert rigl.replace(grow="random") == at_random
    assert changes["OMP"] == changes["random"] == ()


def test_under_corruptions_the_networks_are_the_same_and_as_many_at_half() -> None:
    plain = {str(cell.labels["way"]): cell.experiment for cell in recipe("dynamic/rigl").cells()}
    damaged = {str(cell.labels["way"]): cell.experiment for cell in recipe("dynamic/corruptions").cells()}
    assert len(damaged) == len(plain) + 5
    for way, cell in plain.items():
        assert damaged[way].replace(measure=cell.measure) == cell
    assert {item.name for item in damaged["dense"].measure} == {"accuracy", "corruption_error"}
