"""Reviving: sparsity in even steps, values that live on under the mask, the same bits after a kill, an exact ticket."""

from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.fitting.toys import Failing, Interrupted, Toy, masks, network

from tombola.errors import OptionError, RequestError
from tombola.fitting.changes._base import Change, Given
from tombola.fitting.changes.revive import Revive
from tombola.fitting.fit import Fit
from tombola.fitting.session import Session
from tombola.masks.masks import Masks
from tombola.models.digest import weights_digest
from tombola.models.network import Network
from tombola.objectives._base import Progress
from tombola.spec import build
from tombola.tasks._base import Task

FIT: dict[str, Any] = {"epochs": "16it", "batch": 10, "precision": "float32", "optimizer": {"name": "sgd", "lr": 0.05}}


def revive(**options: Any) -> Revive:
    found = Change.parse({"name": "revive", "sparsity": 0.6, "rise": 0.2, "every": "2it", **options})
    assert isinstance(found, Revive)
    return found


def fit(*changes: Change, **options: Any) -> Fit:
    return build(Fit, {**FIT, "changes": list(changes), **options})


def trained(how: Fit, task: Task | None = None, folder: Path | None = None, given: Masks | None = None) -> Network:
    return how.run(network(), task or Toy(), masks=given, seed=0, session=Session(folder))


def steps(change: Change) -> Iterator[tuple[int, Masks, Network]]:
    """The masks after each edit of a training whose weights are drawn anew at every step."""
    now = Given(network(), None, Toy(), seed=0)
    at_work = change.begin(now)
    for step in range(16):
        edit = at_work.at(now, Progress(step, 16, 4))
        if edit is not None:
            assert edit.masks is not None
            now = Given(edit.network, edit.masks, now.task, now.seed)
            at_work.edited(edit)
            yield step, edit.masks, edit.network
        with torch.no_grad():
            for name, weight in now.network.body.named_parameters():
                weight.normal_(generator=torch.Generator().manual_seed(step))
                if now.masks is not None and name in now.masks:
                    weight.mul_(now.masks[name])


def test_sparsity_rises_in_even_steps_to_the_last() -> None:
    asked = {step: revive(rise=0.25).asked(Progress(step, 16, 4)) for step in range(16)}
    assert {step: found for step, found in asked.items() if found is not None} == {
        2: 0.25, 4: 0.5, 6: 0.6, 8: 0.6, 10: 0.6, 12: 0.6,
    }  # fmt: skip
    assert revive(rise=0.01).asked(Progress(12, 16, 4)) == 0.6
    under_a_ticket = [revive(rise=0.1).asked(Progress(step, 16, 4), 0.3) for step in (2, 4, 6, 12)]
    assert under_a_ticket == pytest.approx([0.4, 0.5, 0.6, 0.6])


@pytest.mark.parametrize("back", ["free", "none", "reset"])
def test_counts_are_exact_and_what_comes_back_is_as_said(back: str) -> None:
    found = list(steps(revive(back=back)))
    pruned = [(step, now) for step, now, _ in found if now.kept < now.total]
    for (_, now), share in zip(pruned, (0.2, 0.4, 0.6, 0.6, 0.6, 0.6), strict=True):
        assert now.total - now.kept == round(share * now.total)
    nested = all(later.nested_in(earlier) for (_, earlier), (_, later) in pairwise(pruned))
    assert nested == (back == "none")
    whole = [step for step, now, _ in found if now.kept == now.total]
    assert whole == ([3, 5, 7, 9, 11] if back == "reset" else [])


def test_what_comes_back_has_the_value_that_it_had() -> None:
    now = Given(network(), None, Toy(), seed=0)
    at_work = revive(sparsity=0.5, rise=0.5).begin(now)
    dense = now.network.body.get_parameter("0.weight").detach().clone()
    first = at_work.at(now, Progress(2, 16, 4))
    assert first is not None
    assert first.masks is not None
    with torch.no_grad():
        for name, mask in first.masks.items():
            now.network.body.get_parameter(name).mul_(mask).mul_(1e-3)
    second = at_work.at(Given(now.network, first.masks, now.task, 0), Progress(4, 16, 4))
    assert second is not None
    assert second.masks is not None
    back = second.masks["0.weight"] & ~first.masks["0.weight"]
    assert bool(back.any())
    assert torch.equal(second.revived["0.weight"], dense * back)


@pytest.mark.parametrize("average", [{}, {"ema": 0.5}])
def test_the_network_is_exactly_as_sparse_as_its_masks(average: dict[str, Any]) -> None:
    found = trained(fit(revive(), **average))
    assert found.masks is not None
    assert found.masks.total - found.masks.kept == round(0.6 * found.masks.total)
    for name, mask in found.masks.items():
        weight = found.body.get_parameter(name).detach()
        assert not bool(weight[~mask].count_nonzero())
        assert not bool(torch.signbit(weight[~mask]).any())
        assert bool(weight[mask].all())
    assert found.state_dict().keys() == network().state_dict().keys()


KINDS = {
    "free": fit(revive(), checkpoint_every="1it", ema=0.9),
    "reset": fit(revive(back="reset"), checkpoint_every="1it"),
}


@cache
def unharmed(kind: str) -> str:
    return weights_digest(trained(KINDS[kind]))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("good", [5, pytest.param(2, marks=pytest.mark.slow)])
def test_killed_at_an_edit_it_ends_with_the_same_bits(tmp_path: Path, kind: str, good: int) -> None:
    with pytest.raises(Interrupted):
        trained(KINDS[kind], Failing(good=good), tmp_path)
    assert weights_digest(trained(KINDS[kind], folder=tmp_path)) == unharmed(kind)


def test_what_makes_no_sense_is_refused() -> None:
    prune, regrow = (Change.parse({"name": name}) for name in ("prune", "regrow"))
    with pytest.raises(OptionError, match="changes names revive and prune, and each would undo the other's masks"):
        fit(revive(), prune)
    with pytest.raises(OptionError, match="changes names regrow and revive"):
        fit(regrow, revive())
    with pytest.raises(RequestError, match=r"revive ends at sparsity=0\.2, and 0\.3\d* of these weights are pruned"):
        trained(fit(revive(sparsity=0.2)), given=masks(network()))
    with pytest.raises((OptionError, RequestError), match="budget cost needs an image's size"):
        revive(budget="cost")
