"""Gradual pruning: exact counts along the curve, nested, exactly zero, the same after a kill."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.fitting.toys import Failing, Interrupted, Toy, network

from tombola.errors import OptionError, RequestError
from tombola.fitting.changes._base import Change, Given
from tombola.fitting.changes.prune import risen
from tombola.fitting.fit import Fit
from tombola.fitting.session import Session
from tombola.masks.masks import Masks
from tombola.models.digest import weights_digest
from tombola.models.network import Network
from tombola.models.prunable import prunable
from tombola.objectives._base import Progress
from tombola.spec import build
from tombola.tasks._base import Task

FIT: dict[str, Any] = {"epochs": "16it", "batch": 10, "precision": "float32", "optimizer": {"name": "sgd", "lr": 0.05}}
TOTAL = 6 * 3 * 9 + 8 * 6 * 9


def prune(**options: Any) -> Change:
    return Change.parse({"name": "prune", "sparsity": 0.8, "every": "2it", **options})


def fit(*changes: Change, **options: Any) -> Fit:
    return build(Fit, {**FIT, "changes": list(changes), **options})


def trained(how: Fit, task: Task | None = None, folder: Path | None = None, masks: Masks | None = None) -> Network:
    return how.run(network(), task or Toy(), masks=masks, seed=0, session=Session(folder))


def kept(model: Network) -> int:
    return sum(int(weight.count_nonzero()) for weight in prunable(model.body).values())


def test_the_final_count_is_exact_and_zeros_are_zeros() -> None:
    found = trained(fit(prune()))
    assert kept(found) == TOTAL - round(0.8 * TOTAL)
    for weight in prunable(found.body).values():
        assert not bool(torch.signbit(weight[weight == 0]).any())


def sparsities(change: Change, steps: int = 16) -> dict[int, float]:
    """By the step before which it prunes, of a net whose weights stay as they are."""
    now, found = Given(network(), None, Toy(), seed=0), {}
    at_work = change.begin(now)
    for step in range(steps):
        edit = at_work.at(now, Progress(step, steps, 4))
        if edit is not None and edit.masks is not None:
            assert now.masks is None or edit.masks.nested_in(now.masks)
            now, found[step] = Given(edit.network, edit.masks, now.task, now.seed), edit.masks.sparsity
    return found


def test_sparsity_follows_zhu_and_guptas_cubic_curve() -> None:
    found = sparsities(prune(start=0.0, end=0.5))
    assert list(found) == [0, 2, 4, 6, 8]
    expected = [0.8 * (1 - (1 - step / 8) ** 3) for step in found]
    assert list(found.values()) == pytest.approx(expected, abs=1 / TOTAL)


def test_sparsity_rises_evenly_where_that_is_asked_and_the_end_is_always_there() -> None:
    found = sparsities(prune(start=0.25, end=1.0, curve="linear", every="1ep"))
    assert list(found) == [4, 8, 12, 15]  # the last step but none comes after the last
    assert list(found.values()) == pytest.approx([0, 0.8 * 4 / 11, 0.8 * 8 / 11, 0.8], abs=1 / TOTAL)


def test_it_begins_at_the_sparsity_of_the_masks_there_are_and_keeps_them() -> None:
    weights = prunable(network().body)
    half = Masks({name: torch.arange(w.numel()).view(w.shape) % 2 == 0 for name, w in weights.items()})
    found = trained(fit(prune()), masks=half)
    left = Masks.of(prunable(found.body))
    assert left.nested_in(half)
    assert left.kept == TOTAL - round(0.8 * TOTAL)
    assert found.masks == left, "the network says which masks it was left with"
    with pytest.raises(RequestError, match=r"ends at sparsity=0.25, and 0.5 of these weights are pruned already"):
        trained(fit(prune(sparsity=0.25)), masks=half)
    same = trained(fit(prune(sparsity=0.5)), masks=half)
    assert Masks.of(prunable(same.body)) == half


KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "average": {"ema": 0.9},
    "adamw": {"optimizer": {"name": "adamw", "lr": 0.01}},
    "shards": {"shards": 2},
}


@cache
def unharmed(kind: str) -> str:
    """What a training that nobody kills ends with."""
    return weights_digest(trained(fit(prune(), checkpoint_every="1it", **KINDS[kind])))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("good", [4, 9, *(pytest.param(more, marks=pytest.mark.slow) for more in (1, 15))])
def test_a_killed_training_ends_with_the_same_bits(tmp_path: Path, kind: str, good: int) -> None:
    how = fit(prune(), checkpoint_every="1it", **KINDS[kind])
    with pytest.raises(Interrupted):
        trained(how, Failing(good=good), tmp_path)
    assert weights_digest(trained(how, folder=tmp_path)) == unharmed(kind)


def test_what_validation_chose_before_the_last_masks_is_forgotten() -> None:
    found = trained(fit(prune(end=1.0), select="best_val", validate_every="1it"))
    assert kept(found) == TOTAL - round(0.8 * TOTAL)


def test_fits_without_changes_keep_their_keys_and_those_with_them_have_others() -> None:
    assert "changes" not in build(Fit, FIT).identity()
    assert fit().identity() == build(Fit, FIT).identity()
    assert fit(prune()).identity() != fit(prune(sparsity=0.7)).identity()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"start": 0.8}, "start=0.8 is not before end=0.75"),
        ({"budget": "cost"}, "budget cost counts operations"),
        ({"sparsity": 90}, "less than 1"),
    ],
)
def test_requests_that_make_no_sense_are_explained(options: dict[str, Any], problem: str) -> None:
    with pytest.raises((OptionError, ValueError), match=problem):
        fit(prune(**options))


def test_two_hands_on_the_same_masks_are_refused() -> None:
    with pytest.raises(OptionError, match="changes names prune twice"):
        fit(prune(), prune(sparsity=0.9))


def test_the_curve_begins_and_ends_where_it_should() -> None:
    assert risen(0.2, 0.9, 1.0, 3) == pytest.approx(0.2)
    assert risen(0.2, 0.9, 0.0, 3) == pytest.approx(0.9)
