"""A stranger: a net that loses channels in the middle of its training, and goes on with the same bits after a kill."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.fitting.toys import SIZE, Failing, Interrupted, Toy, network
from torch import Tensor

from tombola.errors import StageError
from tombola.fitting.changes._base import Change, Changing, Edit, Given
from tombola.fitting.fit import Fit
from tombola.fitting.session import Session
from tombola.graphs.trace import trace
from tombola.masks.enforce import apply_masks
from tombola.models.digest import weights_digest
from tombola.models.network import Network
from tombola.objectives._base import Progress
from tombola.schemes._base import Scheme
from tombola.shrinking.choosing import choose
from tombola.shrinking.cutting import cut
from tombola.shrinking.replay import resize
from tombola.shrinking.widening import widenings
from tombola.spec import build
from tombola.tasks._base import Task

WHEN, STEPS = 6, 12
FIT: dict[str, Any] = {"epochs": f"{STEPS}it", "batch": 10, "precision": "float32", "checkpoint_every": "1it"}


class Smaller(Change):
    """Half of the channels go before one step, those of smallest weights, and their momenta with them."""

    when: int = WHEN

    def begin(self, given: Given) -> Changing:
        return _Smaller(self.when)


class _Smaller(Changing):
    def __init__(self, when: int) -> None:
        self._when = when

    def at(self, given: Given, progress: Progress) -> Edit | None:
        if progress.step != self._when:
            return None
        return made_smaller(given.network)

    def resumed(self, network: Network, tensors: Mapping[str, Tensor]) -> Network:
        small = network.copy()
        resize(small.body, {name.removeprefix("body."): tensor for name, tensor in tensors.items()})
        return small


def made_smaller(network: Network) -> Edit:
    """The network without half of its channels; made once of the same weights, since many trainings come to them."""
    key = weights_digest(network)
    if key not in _MADE:
        _MADE[key] = _made_smaller(network)
    small, places = _MADE[key]
    return Edit(small.copy(), None, dict(places))


_MADE: dict[str, tuple[Network, dict[str, Tensor]]] = {}


def _made_smaller(network: Network) -> tuple[Network, dict[str, Tensor]]:
    small = network.copy().cpu().eval()
    scheme = Scheme.parse({"name": "coupled", "sparsity": 0.6, "image": SIZE})
    (ticket,) = scheme.draw(small, None, seed=0, session=Session())
    apply_masks(small.body, ticket.masks)
    graph, before = trace(small, (3, SIZE, SIZE)), small.body.state_dict()
    widens = widenings(small.body, graph)
    done = cut(small.body, choose(graph, widens, 1), widens)
    places = {name: torch.arange(before[name].numel()).view(before[name].shape) for name in done if name in before}
    return small, {f"body.{name}": done[name](place) for name, place in places.items()}


def trained(task: Task | None = None, folder: Path | None = None, **options: Any) -> Network:
    fit = build(Fit, {**FIT, "changes": [Smaller()], **options})
    return fit.run(network(), task or Toy(), seed=0, session=Session(folder))


def size(model: Network) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.slow
def test_the_net_that_is_given_back_is_the_smaller_one_and_works() -> None:
    found = trained()
    assert size(found) < 0.6 * size(network())
    assert not any((parameter == 0).all() for parameter in found.parameters())
    assert found(torch.rand(2, 3, SIZE, SIZE)).shape == (2, 3)


@pytest.mark.slow
def test_it_learns_on_after_it_became_smaller() -> None:
    images = Toy().splits().test
    short, long = trained(), trained(epochs="120it", select="best_val", validate_every="40it")
    x = images.take(torch.arange(len(images))).x.float() / 255
    right = [(model(x).argmax(1) == images.labels).float().mean().item() for model in (short, long)]
    assert right[1] > 0.8
    assert size(short) == size(long)


KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "average": {"optimizer": {"name": "adamw", "lr": 0.01}, "ema": 0.9},
    "best": {"select": "best_val", "validate_every": "2it"},
    "pruned": {"changes": [Smaller(), {"name": "prune", "sparsity": 0.3, "every": "2it", "start": 0.6, "end": 0.9}]},
}


@cache
def unharmed(kind: str) -> Network:
    """What a training that nobody kills ends with."""
    return trained(**KINDS[kind])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "good", [WHEN, WHEN + 1, *(pytest.param(more, marks=pytest.mark.slow) for more in (WHEN - 1, STEPS - 1))]
)
def test_a_killed_training_ends_with_the_same_bits(tmp_path: Path, kind: str, good: int) -> None:
    whole, options = unharmed(kind), KINDS[kind]
    with pytest.raises(Interrupted):
        trained(Failing(good=good), tmp_path, **options)
    again = trained(folder=tmp_path, **options)
    assert [parameter.shape for parameter in again.parameters()] == [p.shape for p in whole.parameters()]
    assert weights_digest(again) == weights_digest(whole)


def test_momenta_are_cut_as_their_weights_are() -> None:
    """Begun anew they would be other numbers, and another net."""

    class Forgetful(Smaller):
        def begin(self, given: Given) -> Changing:
            return _Forgetful(self.when)

    class _Forgetful(_Smaller):
        def at(self, given: Given, progress: Progress) -> Edit | None:
            edit = super().at(given, progress)
            return None if edit is None else Edit(edit.network, edit.masks)

    assert weights_digest(trained()) != weights_digest(trained(changes=[Forgetful()]))


def test_a_change_that_cannot_make_its_network_again_is_told_so(tmp_path: Path) -> None:
    class Careless(Smaller):
        def begin(self, given: Given) -> Changing:
            return _Careless(self.when)

    class _Careless(_Smaller):
        def resumed(self, network: Network, tensors: Mapping[str, Tensor]) -> Network:
            return network

    with pytest.raises(Interrupted):
        trained(Failing(good=STEPS - 1), tmp_path, changes=[Careless()])
    with pytest.raises(StageError, match="the checkpoint's network has other shapes"):
        trained(folder=tmp_path, changes=[Careless()])
