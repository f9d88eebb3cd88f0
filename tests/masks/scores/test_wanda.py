"""Wanda against its formula, and every output loses the same part."""

import torch
from tests.fitting.toys import Toy, network
from tests.masks.scores.nets import ALL, everything, probe, smooth, weights
from torch import nn

from tombola.fitting.session import Session
from tombola.masks.scores.wanda import Wanda, ranks
from tombola.schemes._base import Scheme


def test_it_ranks_magnitude_times_norm_of_what_enters() -> None:
    model = smooth()
    found = Wanda(batch=ALL, batches=1).scores(weights(model), probe(model))["5.weight"]
    x, _ = everything()
    model.eval()
    entering = nn.Sequential(*list(model.body)[:5])(x.double())  # type: ignore[call-overload]  # a Sequential
    expected = model.get_parameter("body.5.weight").abs() * entering.norm(dim=0)
    torch.testing.assert_close(found, ranks(expected.detach()))


def test_an_input_that_is_nothing_makes_its_weights_the_first_to_go() -> None:
    model = smooth()
    norm = model.body[1]  # type: ignore[index]  # a Sequential
    with torch.no_grad():
        norm.weight[0] = norm.bias[0] = 0.0
        model.get_parameter("body.5.weight")[:, 0] = 100.0
    found = Wanda(batch=ALL, batches=1).scores(weights(model), probe(model))["5.weight"]
    assert bool((found[:, 0] < found[:, 1]).all())


def test_every_output_of_a_drawn_ticket_loses_the_same_part() -> None:
    scheme = {"name": "omp", "sparsity": 0.5, "score": {"name": "wanda", "batch": 20, "batches": 2}}
    (ticket,) = Scheme.parse(scheme).draw(network(), Toy(), seed=0, session=Session())
    for mask in ticket.masks.values():
        kept = mask.flatten(1).sum(1)
        assert int(kept.max() - kept.min()) <= 1


def test_a_ladder_prunes_by_it_what_it_trained() -> None:
    fit = {"epochs": "4it", "batch": 16, "optimizer": {"name": "sgd", "lr": 0.05}}
    options = {"name": "imp", "ladder": "geometric:0.5", "level": 2, "fit": fit}
    by_wanda = Scheme.parse({**options, "score": {"name": "wanda", "batch": 20, "batches": 2}})
    first, second = (ticket.masks for ticket in by_wanda.draw(network(), Toy(), seed=0, session=Session()))
    *_, plain = (ticket.masks for ticket in Scheme.parse(options).draw(network(), Toy(), seed=0, session=Session()))
    assert second.nested_in(first)
    assert second.kept == plain.kept
    assert second != plain
