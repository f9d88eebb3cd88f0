"""What every scheme keeps: a ticket that fits, exactly as sparse as asked, decided by what it says decides it."""

from dataclasses import replace

import torch
from tests.fitting.toys import Toy

from tombola.fitting.session import Session
from tombola.masks.masks import Masks
from tombola.models.network import Network
from tombola.schemes._base import Rung, Scheme
from tombola.tickets.ticket import Ticket

from .faults import Fault, first, gives, shake
from .room import Check, deeper, finite, untouched


def drawn(scheme: Scheme, model: Network | None = None, seed: int = 0) -> list[Ticket]:
    """The tickets of the chain; a scheme that needs no task gets none."""
    task = Toy() if any(item.needs_task for item in scheme.chain()) else None
    return list(scheme.draw(model or deeper(), task, seed=seed, session=Session()))


def it_draws_a_ticket_that_fits_and_prunes(scheme: Scheme) -> None:
    model, ticket = deeper(), drawn(scheme)[-1]
    assert 0 < ticket.masks.kept < ticket.masks.total
    assert ticket.lineage.scheme, "the lineage does not say what drew it"
    ticket.apply(model.body, any_weights=True)
    for name, mask in ticket.masks.items():
        weight = model.body.get_parameter(name)
        assert not bool(weight[~mask].any()), "a pruned weight is not 0"
        finite(weight)


def it_prunes_exactly_as_many_as_asked(scheme: Scheme) -> None:
    asked, pattern = getattr(scheme, "sparsity", None), getattr(scheme, "pattern", None)
    if asked is None or pattern is None or pattern.name != "element":
        return
    masks = drawn(scheme)[-1].masks
    assert masks.total - masks.kept == round(asked * masks.total)


def what_it_says_decides_the_ticket(scheme: Scheme) -> None:
    """One seed, one ticket; and only a scheme that is seeded looks at the seed, or at the task."""
    one, again, other = (drawn(scheme, seed=seed)[-1] for seed in (0, 0, 1))
    assert alike(one, again), "two draws with one seed differ"
    if not any(item.seeded for item in scheme.chain()):
        assert alike(one, other), "it is not seeded, and the seed changes the ticket"


def it_leaves_the_model_alone(scheme: Scheme) -> None:
    for training in (False, True):
        model = deeper()
        model.train(training)
        with untouched(model):
            drawn(scheme, model)


def its_cost_is_a_number_or_unknown(scheme: Scheme) -> None:
    if not scheme.needs_task:
        assert scheme.passes(None) == 0


def alike(one: Ticket, other: Ticket) -> bool:
    """Whether two tickets have the same masks and the same values, bit for bit."""
    if one.masks != other.masks or (one.weights is None) != (other.weights is None):
        return False
    pairs = ((tensor, (other.weights or {})[name]) for name, tensor in (one.weights or {}).items())
    return all(bool((a == b).all()) for a, b in pairs)


CHECKS: tuple[Check, ...] = (
    it_draws_a_ticket_that_fits_and_prunes,
    it_prunes_exactly_as_many_as_asked,
    what_it_says_decides_the_ticket,
    it_leaves_the_model_alone,
    its_cost_is_a_number_or_unknown,
)


def _all_kept(rung: Rung) -> Rung:
    return replace(rung, ticket=replace(rung.ticket, masks=Masks.full(rung.ticket.masks.shapes())))


def _one_more(rung: Rung) -> Rung:
    name, mask = next((name, mask) for name, mask in rung.ticket.masks.items() if bool(mask.any()))
    mask.view(-1)[int(mask.view(-1).nonzero()[0])] = False
    return replace(rung, ticket=replace(rung.ticket, masks=Masks({**rung.ticket.masks, name: mask})))


def _other_every_time(rung: Rung) -> Rung:
    masks = {name: torch.rand(mask.shape) > 0.5 for name, mask in rung.ticket.masks.items()}
    return replace(rung, ticket=replace(rung.ticket, masks=Masks(masks)))


FAULTS: tuple[Fault, ...] = (
    Fault("prunes nothing", "omp", "rung", gives(_all_kept), it_draws_a_ticket_that_fits_and_prunes),
    Fault("prunes one more", "omp", "rung", gives(_one_more), it_prunes_exactly_as_many_as_asked),
    Fault("has no seed", "omp", "rung", gives(_other_every_time), what_it_says_decides_the_ticket),
    Fault("changes the model", "omp", "rung", first(shake), it_leaves_the_model_alone),
)
