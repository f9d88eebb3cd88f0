"""How entrants are trained: what the user set wins, and nothing that nobody set changes with it."""

from pathlib import Path
from typing import Any

import pytest

from tombola.fitting.fit import Fit
from tombola.models.source import Source
from tombola.race.entrants import NOTHING, Entrant
from tombola.race.pace import asked_steps, batch_of, fit_of
from tombola.race.training import Start, from_net, from_source
from tombola.race.wanted import Wanted
from tombola.spec import build
from tombola.tasks._base import Task

TICKET = Entrant("ticket", {**NOTHING, "sparsity": 0.8}, ["native"])


def wanted(**fit: Any) -> Wanted:
    return Wanted(Source.parse("resnet8"), Task.parse("digits"), fit=fit)


def trained(**fit: Any) -> Fit:
    return build(Fit, fit_of(wanted(**fit), 7))


def test_another_rate_changes_the_rate_alone() -> None:
    usual = trained()
    assert trained(optimizer={"lr": 0.03}) == usual.replace(optimizer=usual.optimizer.replace(lr=0.03))
    assert trained(optimizer={"lr": usual.optimizer.lr}) == usual
    assert trained(schedule={"name": "cosine", "last": 0.1}).schedule != usual.schedule
    assert trained(optimizer="adamw").optimizer == build(Fit, {"optimizer": "adamw"}).optimizer, "another one, its own"


@pytest.mark.parametrize("name", ["dac", "cv-lth-small"])
def test_a_recipe_that_is_named_is_followed_whole_for_as_long_as_there_is_time(name: str) -> None:
    assert trained(preset=name) == build(Fit, {"preset": name, "epochs": "7it"})
    assert trained(preset=name, optimizer={"lr": 0.5}).optimizer.lr == 0.5
    assert batch_of(wanted(preset=name)) == build(Fit, {"preset": name}).batch
    assert asked_steps(wanted(preset=name)) is None, "a race has minutes, not the recipe's epochs"
    assert asked_steps(wanted(preset=name, epochs="9it")) == 9
    assert trained(preset=None) == trained()


def test_what_learns_from_the_dense_net_keeps_the_objective_and_the_changes_of_a_recipe(tmp_path: Path) -> None:
    taught = from_source(wanted(preset="trades"), TICKET, 30, tmp_path)["transfer"]["fit"]
    assert taught["objective"]["of"] == build(Fit, {"preset": "trades"}).objective
    pruned = from_net(wanted(preset="tost"), TICKET, 30, Start(tmp_path), None)["transfer"]["fit"]
    assert [one.name for one in build(Fit, pruned).changes] == ["soft_activations", "ghost_skips", "prune"]
