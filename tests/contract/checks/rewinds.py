"""What every rewinding rule keeps: a whole, finite state of the same net, decided by what it says decides it."""

import torch
from tests.fitting.toys import Toy, network

from tombola.fitting.fit import Fit
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.schemes.rewinds._base import Rewind
from tombola.spec import build

from .faults import NAN, Fault, filled, first, gives, shake
from .room import Check, finite, same, untouched


def state(rewind: Rewind, model: Network | None = None, seed: int = 0) -> Network:
    """The state; a rule that does not train gets no task."""
    fit = build(Fit, {"epochs": "2ep", "batch": 20, "precision": "float32"})
    task = Toy() if rewind.TRAINS else None
    return rewind.state(model or network(), task, fit, seed=seed, session=Session())


def it_gives_a_whole_finite_state(rewind: Rewind) -> None:
    given, found = network().state_dict(), state(rewind).state_dict()
    assert {name: tensor.shape for name, tensor in found.items()} == {
        name: tensor.shape for name, tensor in given.items()
    }
    for tensor in found.values():
        finite(tensor)


def what_it_says_decides_the_state(rewind: Rewind) -> None:
    """One seed, one state; another seed is another state where it is `SEEDED` or `TRAINS`, and only there."""
    one, again, other = (state(rewind, seed=seed) for seed in (0, 0, 1))
    assert same(one, again)
    assert same(one, other) != (rewind.SEEDED or rewind.TRAINS)


def it_leaves_the_model_alone(rewind: Rewind) -> None:
    model = network()
    with untouched(model):
        found = state(rewind, model)
    shared = {tensor.data_ptr() for tensor in model.state_dict().values()}
    assert not shared & {tensor.data_ptr() for tensor in found.state_dict().values()}, "it shares the model's tensors"


def where_it_begins_is_where_its_training_ends(rewind: Rewind) -> None:
    begin, part = rewind.begin, rewind.part()
    assert begin.iterations(2) >= 0
    first, last, total = part.steps(4, 2)
    assert 0 <= first <= last <= total


CHECKS: tuple[Check, ...] = (
    it_gives_a_whole_finite_state,
    what_it_says_decides_the_state,
    it_leaves_the_model_alone,
    where_it_begins_is_where_its_training_ends,
)


FAULTS: tuple[Fault, ...] = (
    Fault("gives NaN", "pretrained", "state", gives(lambda net: filled(net, NAN)), it_gives_a_whole_finite_state),
    Fault("changes the model", "pretrained", "state", first(shake), it_leaves_the_model_alone),
    Fault(
        "has no seed",
        "pretrained",
        "state",
        gives(lambda net: filled(net, float(torch.rand(1)))),
        what_it_says_decides_the_state,
    ),
)
