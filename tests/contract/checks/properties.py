"""What every property keeps: finite numbers that say what they are, the same every time, the model as it was."""

import math
from dataclasses import asdict, replace
from functools import cache
from json import dumps

import torch
from tests.fitting.toys import Toy, network
from tests.tasks.toy_reader import reader

from tombola.data._counts import Counts
from tombola.errors import RequestError
from tombola.fitting.session import Session
from tombola.masks.masks import Masks
from tombola.models.digest import weights_digest
from tombola.models.network import Network
from tombola.properties._base import Measurement, PairProperty, Property, TicketProperty
from tombola.rows import Scalar
from tombola.tasks._base import Task
from tombola.tasks.spans import Spans
from tombola.tickets.lineage import Lineage
from tombola.tickets.ticket import Ticket
from tombola.transfers.linear import Linear
from tombola.verbs import pretrain

from .faults import NAN, Fault, first, gives, shake
from .room import (
    Check,
    boxed,
    detector,
    hidden_words,
    numbers,
    passages,
    pruned,
    residual,
    rng,
    scenes,
    segmenter,
    told_texts,
    two_views,
    untouched,
)


def subject(item: Property) -> tuple[Network, Task]:
    """A net and a task that it can be measured on: one answer an image, one a pixel, one a hidden word, ..."""
    if _judges(item, Toy()):
        return network().eval(), Toy()
    if _judges(item, scenes()):
        return segmenter().copy().eval(), scenes()
    if _judges(item, boxed()):
        return detector().copy().eval(), boxed()
    if _judges(item, told_texts()):
        return told_texts().head(reader(), generator=rng()).eval(), told_texts()
    if _judges(item, numbers()):
        return numbers().head(reader(), generator=rng()).eval(), numbers()
    if _judges(item, passages()):
        return passages().head(reader(), generator=rng()).eval(), passages()
    if _judges(item, two_views()):
        return two_views().head(residual(), generator=rng()).eval(), two_views()
    item.check(hidden_words())
    return hidden_words().head(reader(), generator=rng()).eval(), hidden_words()


def _judges(item: Property, task: Task) -> bool:
    try:
        item.check(task)
    except RequestError:
        return False
    return True


def measured(item: Property, model: Network, task: Task) -> list[Measurement]:
    """What it says of a net, of a ticket of it, or of it beside one that learned the task."""
    if isinstance(item, TicketProperty):
        return inspected(item, model, pruned(model))
    if isinstance(item, PairProperty):
        return item.compare(model, learned(task), task, seed=0, session=Session())
    return item.measure(model, task, seed=0, session=Session())


def inspected(item: TicketProperty, model: Network, masks: Masks) -> list[Measurement]:
    """What it says of a ticket."""
    lineage = Lineage(weights_digest=weights_digest(model.body))
    ticket = Ticket.of(model.body, masks, lineage, keep_values=False)
    return item.inspect(ticket, model, seed=0, session=Session())


def found(item: Property) -> list[Measurement]:
    """On the toy."""
    return measured(item, *subject(item))


def its_values_are_finite_and_say_what_they_are(item: Property) -> None:
    values = found(item)
    assert values, "it measured nothing"
    for one in values:
        assert one.metric
        assert math.isfinite(one.value)
        assert one.samples >= 0
        assert one.better in ("higher", "lower", "neither")
        assert one.unit != "%" or 0 <= one.value <= 100
        assert all(isinstance(value, Scalar) for value in one.detail.values())
        dumps(one.detail, allow_nan=False)
    assert len({dumps([one.metric, one.detail], sort_keys=True) for one in values}) == len(values), "two of one name"


def its_seed_decides_everything(item: Property) -> None:
    assert [asdict(one) for one in found(item)] == [asdict(one) for one in found(item)]


def it_leaves_the_model_alone(item: Property) -> None:
    model, task = subject(item)
    for training in (False, True):
        model.train(training)
        with untouched(model):
            measured(item, model, task)


def it_looks_at_what_it_is_given(item: Property) -> None:
    """Another net, or other masks, give other numbers: a constant measures nothing."""
    model, task = subject(item)
    if isinstance(item, TicketProperty):
        fewer = Masks({name: ~mask for name, mask in pruned(model).items()})
        other = inspected(item, model, fewer)
    else:
        other = measured(item, learned(task) if isinstance(task, Toy | Spans) else another(model), task)
    assert [one.value for one in measured(item, model, task)] != [one.value for one in other]


@cache
def learned(task: Task) -> Network:
    """The toy net, which answers every image alike, after it learned the toy task; or the reader, of passages."""
    if isinstance(task, Spans):
        return pretrain(reader(), task, {"epochs": "60it", "batch": 12, "optimizer": {"name": "adamw", "lr": 0.02}})
    model = network()
    return Linear().adapt(model, pruned(model), Toy(), seed=0, session=Session())


def another(model: Network) -> Network:
    """A copy with other weights everywhere."""
    found, drawn = model.copy(), rng(9)
    with torch.no_grad():
        for parameter in found.body.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=drawn))
    return found


def its_cost_is_a_number_or_unknown(item: Property) -> None:
    passes = item.passes(Counts(100, 10, 20, 3, 8))
    assert passes is None or passes >= 0


CHECKS: tuple[Check, ...] = (
    its_values_are_finite_and_say_what_they_are,
    its_seed_decides_everything,
    it_leaves_the_model_alone,
    it_looks_at_what_it_is_given,
    its_cost_is_a_number_or_unknown,
)


FAULTS: tuple[Fault, ...] = (
    Fault("says nothing", "accuracy", "measure", gives(lambda found: []), its_values_are_finite_and_say_what_they_are),
    Fault(
        "says NaN",
        "accuracy",
        "measure",
        gives(lambda found: [replace(one, value=NAN) for one in found]),
        its_values_are_finite_and_say_what_they_are,
    ),
    Fault(
        "says 300 %",
        "accuracy",
        "measure",
        gives(lambda found: [replace(one, value=300.0) for one in found]),
        its_values_are_finite_and_say_what_they_are,
    ),
    Fault(
        "says the same of all",
        "accuracy",
        "measure",
        gives(lambda found: [replace(one, value=50.0) for one in found]),
        it_looks_at_what_it_is_given,
    ),
    Fault(
        "says anything",
        "accuracy",
        "measure",
        gives(lambda found: [replace(one, value=float(torch.rand(1))) for one in found]),
        its_seed_decides_everything,
    ),
    Fault("changes the model", "accuracy", "measure", first(shake), it_leaves_the_model_alone),
)
