"""A shrunk ticket's net is made again from shapes; hostile shapes are refused."""

from typing import Any

import pytest
import torch
from tests.shrinking.nets import SIZE, channel_masks, network

from tombola.errors import TicketError
from tombola.masks.masks import Masks
from tombola.models.source import Source
from tombola.shown import ShownImages
from tombola.shrinking.replay import described, resized
from tombola.shrinking.shrunk import shrunk_with_masks
from tombola.tickets.lineage import Lineage
from tombola.tickets.ticket import Ticket


def _ticket(blocks: list[str], **says: Any) -> tuple[Ticket, torch.Tensor]:
    """A shrunk ticket, and its net's answer to an image of halves."""
    model = network(blocks)
    small, left = shrunk_with_masks(model, channel_masks(model, 0.5, seed=2), ShownImages(SIZE))
    lineage = Lineage(extra={"shrunk": {**described(model, small, {}), **says}})
    return Ticket.of(small.body, left, lineage, keep_values=True), small(torch.full((1, *SIZE), 0.5))


@pytest.mark.parametrize("blocks", [["residual", "joined"], ["grouped"], ["inverted", "exciting"], ["without norm"]])
def test_a_fresh_net_takes_the_tickets_shapes(blocks: list[str]) -> None:
    ticket, answer = _ticket(blocks)
    fresh = resized(network(blocks, seed=9), ticket)
    ticket.apply(fresh.body)
    assert torch.equal(fresh(torch.full((1, *SIZE), 0.5)), answer)


def test_a_shortcut_of_zeros_is_made_again() -> None:
    source = Source.parse("resnet8")
    model = source.load()
    masks = Masks({name: m for name, m in channel_masks(model, 0.7, seed=0).items() if not name.startswith("linear")})
    small, left = shrunk_with_masks(model, masks, ShownImages((3, 16, 16)))
    says = described(model, small, {})
    assert says["pads"]
    ticket = Ticket.of(small.body, left, Lineage(extra={"shrunk": says}), keep_values=True)
    again = resized(source.load(seed=5), ticket)
    ticket.apply(again.body)
    image = torch.rand(2, 3, 16, 16)
    assert torch.equal(again(image), small(image))


def test_resizing_twice_changes_nothing_more() -> None:
    ticket, _ = _ticket(["grouped"])
    once = resized(network(["grouped"]), ticket)
    assert resized(once, ticket).body.state_dict().keys() == once.body.state_dict().keys()


def test_any_other_ticket_leaves_the_network_alone() -> None:
    model = network(["plain"])
    assert resized(model, Ticket(Masks({}), Lineage())) is model


def test_the_network_given_is_not_changed() -> None:
    ticket, _ = _ticket(["residual"])
    model = network(["residual"])
    resized(model, ticket)
    assert model.body.get_parameter("blocks.0.one.conv.weight").shape == (8, 8, 3, 3)


@pytest.mark.parametrize("says", [{"groups": None}, {"pads": [1]}])
def test_a_ticket_that_does_not_say_how_is_refused(says: dict[str, Any]) -> None:
    ticket, _ = _ticket(["plain"], **says)
    with pytest.raises(TicketError, match="groups and pads"):
        resized(network(["plain"]), ticket)


@pytest.mark.parametrize("groups", [0, 7, "four", 10**9])
def test_groups_that_cannot_be_are_refused(groups: object) -> None:
    ticket, _ = _ticket(["grouped"], groups={"blocks.0.two.conv": groups})
    with pytest.raises(TicketError, match="which cannot be"):
        resized(network(["grouped"]), ticket)


def test_pads_that_cannot_be_are_refused() -> None:
    model = Source.parse("resnet8").load()
    lineage = Lineage(extra={"shrunk": {"groups": {}, "pads": {"layer2.0.shortcut": [3]}}})
    ticket = Ticket.of(model.body, Masks({}), lineage, keep_values=True)
    with pytest.raises(TicketError, match="two whole numbers"):
        resized(model, ticket)


def test_a_layer_larger_than_the_models_is_refused() -> None:
    large = network(["plain"], width=12)
    lineage = Lineage(extra={"shrunk": {"groups": {}, "pads": {}}})
    ticket = Ticket.of(large.body, Masks({}), lineage, keep_values=True)
    with pytest.raises(TicketError, match="no part of the model's"):
        resized(network(["plain"]), ticket)
