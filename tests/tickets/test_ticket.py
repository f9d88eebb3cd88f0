"""Tickets on modules: masks and states go on whole or not at all, and say what does not fit."""

import pytest
import torch
from tests.tickets.samples import LINEAGE, masks, net, same_bits, ticket

from tombola.errors import TicketError
from tombola.masks.masks import Masks
from tombola.tickets.ticket import Lineage, Ticket


def test_of_copies_and_leaves_the_body_alone() -> None:
    body = net()
    before = {name: value.clone() for name, value in body.state_dict().items()}
    made = Ticket.of(body, masks(body), LINEAGE, keep_values=True)
    assert all(same_bits(value, before[name]) for name, value in body.state_dict().items())
    body.conv.weight.data.zero_()
    assert made.weights is not None
    assert made.weights["conv.weight"].count_nonzero() > 0
    assert made.weights.keys() == body.state_dict().keys()


def test_a_mask_only_ticket_makes_pruned_weights_positive_zero_and_keeps_the_rest() -> None:
    body, made = net(seed=1), ticket(keep_values=False)
    before = {name: value.clone() for name, value in body.state_dict().items()}
    made.apply(body, any_weights=True)
    for name, value in body.state_dict().items():
        kept = made.masks[name] if name in made.masks else torch.ones_like(value, dtype=torch.bool)
        assert same_bits(value[kept], before[name][kept])
        assert same_bits(value[~kept], torch.zeros_like(value[~kept]))


def test_a_self_contained_ticket_sets_the_whole_state() -> None:
    body, made = net(seed=1), ticket(keep_values=True)
    made.apply(body)
    assert made.weights is not None
    assert all(same_bits(value, made.weights[name]) for name, value in body.state_dict().items())


def test_other_dense_weights_are_refused_unless_told() -> None:
    body, made = net(), ticket(keep_values=False)
    before = body.conv.weight.clone()
    with pytest.raises(TicketError, match=r"resnet8 had the digest 5{12}\.\.\., this model has 777.*any_weights=True"):
        made.apply(body, digest="7" * 64)
    assert same_bits(body.conv.weight.detach(), before.detach())
    made.apply(body, digest="7" * 64, any_weights=True)
    made.apply(net(), digest="5" * 64)
    ticket(keep_values=True).apply(net(), digest="7" * 64)


def test_what_does_not_fit_is_listed() -> None:
    with pytest.raises(TicketError) as caught:
        ticket(keep_values=True).apply(net(classes=7))
    text = str(caught.value)
    assert "head.weight: [5, 8] in the ticket, [7, 8] in the model" in text
    assert "head.bias: [5] in the ticket, [7] in the model" in text
    assert "num_classes" in text
    with pytest.raises(TicketError, match=r"no tensor 'bn\.weight' in the ticket(.|\n)*and 1 more"):
        _with_many_gone().apply(net())
    for keep_values in (False, True):
        with pytest.raises(TicketError, match="no tensor 'gone' in the model"):
            Ticket.of(net(), Masks({"gone": torch.ones(2, dtype=torch.bool)}), Lineage(), keep_values=keep_values)


def _with_many_gone() -> Ticket:
    others = {f"other{i}": torch.zeros(1) for i in range(5)}
    return Ticket(Masks({}), Lineage(), others)


def test_rows_and_summary_count() -> None:
    made = ticket(keep_values=False)
    assert [(row.name, row.shape, row.kept, row.total) for row in made.rows()] == [
        ("conv.weight", (8, 3, 3, 3), 54, 216),
        ("head.weight", (5, 8), 10, 40),
    ]
    summary = made.summary()
    assert (summary.kept, summary.total, summary.density) == (64, 256, 0.25)
    assert made.sparsity == 0.75
    assert summary.bound_bytes == pytest.approx(256 * 0.811278 / 8, rel=1e-5)
    assert "192 of 256 prunable weights pruned" in summary.text()
