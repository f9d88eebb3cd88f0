"""Random tickets: exact, blind, and the same for the same seed."""

import pytest
import torch
from tests.schemes.control_toys import drawn, net

from tombola.models.digest import weights_digest
from tombola.schemes._base import Scheme


@pytest.mark.parametrize("budget", ["global", "uniform"])
@pytest.mark.parametrize("sparsity", [0.0, 0.31, 0.9])
def test_so_many_are_kept(budget: str, sparsity: float) -> None:
    ticket = drawn({"name": "random", "sparsity": sparsity, "budget": budget}, net())
    counts = ticket.masks.counts()
    assert ticket.masks.total - ticket.masks.kept == round(sparsity * ticket.masks.total)
    if budget == "uniform":
        assert all(abs(total - kept - sparsity * total) <= 1 for kept, total in counts.values())
    assert ticket.weights is None


def test_the_seed_decides_and_the_weights_do_not() -> None:
    one, other = net(0), net(1)
    options = {"name": "random", "sparsity": 0.5}
    assert drawn(options, one, seed=3).masks == drawn(options, other, seed=3).masks
    assert drawn(options, one, seed=3).masks != drawn(options, one, seed=4).masks


def test_under_global_every_layer_has_its_share_about() -> None:
    ticket = drawn({"name": "random", "sparsity": 0.5}, net())
    for kept, total in ticket.masks.counts().values():
        assert abs(kept / total - 0.5) < 4 * (0.25 / total) ** 0.5


def test_nothing_given_is_changed_and_the_global_generator_is_left_alone() -> None:
    model, state = net(), torch.get_rng_state()
    before = weights_digest(model)
    ticket = drawn({"name": "random"}, model)
    assert weights_digest(model) == before
    assert torch.equal(torch.get_rng_state(), state)
    assert ticket.lineage.scheme["name"] == "random"
    assert ticket.lineage.weights_digest == weights_digest(model.body)


def test_it_needs_a_seed_and_no_task() -> None:
    scheme = Scheme.parse("random")
    assert (scheme.seeded, scheme.needs_task, scheme.before) == (True, False, None)
