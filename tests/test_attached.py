"""Attached tickets: switching restores every bit, and what would be lost or does not belong is refused."""

import pytest
import torch
from torch import nn

from tests.tickets.samples import same_bits
from tombola import verbs
from tombola.attached import Attached
from tombola.errors import TicketError
from tombola.models.digest import weights_digest
from tombola.models.network import Network
from tombola.models.source import Source
from tombola.tickets.ticket import Ticket


def model(seed: int = 0) -> Network:
    return Source.parse({"name": "resnet8", "width": 0.25}).load(seed=seed)


def drawn(network: Network, sparsity: float, rule: str = "double_win") -> Ticket:
    return verbs.draw(network, {"name": "omp", "sparsity": sparsity, "prunable": rule})


def test_switching_there_and_back_restores_every_bit() -> None:
    network = model()
    with torch.no_grad():
        network.body.conv1.weight.view(-1)[:2] = torch.tensor([-0.0, torch.inf])  # type: ignore[union-attr,operator]  # a convolution
    tickets = {"a": drawn(network, 0.5), "b": drawn(network, 0.9, "open_lth")}
    alone = {name: weights_digest(verbs.applied(network, ticket).body) for name, ticket in tickets.items()}
    dense = weights_digest(network.body)
    parameters = [id(parameter) for parameter in network.parameters()]
    with Attached(network, tickets) as attached:
        assert weights_digest(network.body) == dense
        for name in "abaab":
            attached.use(name)
            assert attached.current == name
            assert weights_digest(network.body) == alone[name]
            state = network.body.state_dict()
            for tensor, mask in tickets[name].masks.items():
                pruned = state[tensor][~mask]
                assert same_bits(pruned, torch.zeros_like(pruned))
        attached.detach()
        assert weights_digest(network.body) == dense
        attached.use("a")
    assert attached.current is None
    assert weights_digest(network.body) == dense
    assert [id(parameter) for parameter in network.parameters()] == parameters


def test_a_ticket_may_have_statistics_and_a_head_of_its_own() -> None:
    network = model()
    tickets = {"a": drawn(network, 0.5), "b": drawn(network, 0.9)}
    dense, own_head = weights_digest(network.body), network.head
    mean, head = torch.full_like(network.body.state_dict()["bn1.running_mean"], 3.0), nn.Linear(16, 7)
    attached = Attached(network, tickets, states={"a": {"bn1.running_mean": mean}}, heads={"a": head})
    attached.use("a")
    assert network.head is head
    assert network.body.state_dict()["bn1.running_mean"].equal(mean)
    assert network(torch.rand(1, 3, 16, 16)).shape == (1, 7)
    with torch.no_grad():
        head.weight.zero_()  # a ticket's own head may be trained
    attached.use("b")
    assert network.head is own_head
    assert not network.body.state_dict()["bn1.running_mean"].equal(mean)
    attached.detach()
    assert weights_digest(network.body) == dense


def test_training_meanwhile_is_refused_and_detaching_still_works() -> None:
    network = model()
    attached = Attached(network, {"a": drawn(network, 0.5)})
    dense = weights_digest(network.body)
    attached.use("a")
    network.train()
    network(torch.rand(4, 3, 16, 16))  # batch norm statistics move
    with pytest.raises(TicketError, match=r"changed while tickets were attached.*tombola\.transfer"):
        attached.use("a")
    attached.detach()
    assert weights_digest(network.body) == dense
    attached.use("a")
    with torch.no_grad():
        network.body.conv1.weight.add_(1)  # type: ignore[union-attr,operator]  # a convolution
    with pytest.raises(TicketError, match="changed while"):
        attached.use("a")


def test_what_does_not_belong_is_refused_and_the_model_stays_as_it_is() -> None:
    network, other = model(), model(seed=1)
    ticket, dense = drawn(network, 0.5), weights_digest(network.body)
    whole = Ticket.of(network.body, ticket.masks, ticket.lineage, keep_values=True)
    body = network.body
    wide = drawn(Source.parse("resnet8").load(), 0.5)
    for tickets, options, match in [
        ({"a": drawn(other, 0.5)}, {}, "drawn from other weights"),
        ({"a": wide}, {}, "does not fit the model"),
        ({"a": whole}, {}, "'a' is self-contained"),
        ({"a": ticket}, {"states": {"b": {}}}, "'b', which is no ticket here; there are 'a'"),
        ({"a": ticket}, {"states": {"a": {"conv1.weight": torch.zeros(1)}}}, "no 'conv1.weight' of shape"),
        ({"a": drawn(network, 0.5, "open_lth")}, {"heads": {"a": nn.Linear(16, 2)}}, "masks the head"),
    ]:
        with pytest.raises(TicketError, match=match):
            Attached(network, tickets, **options)  # type: ignore[arg-type]  # a table of cases
    with pytest.raises(TicketError, match=r"heads need a tombola\.Network"):
        Attached(body, {"a": ticket}, heads={"a": nn.Linear(16, 2)})
    with pytest.raises(TicketError, match=r"no ticket 'aa' is attached.*there are 'a'"):
        Attached(network, {"a": ticket}).use("aa")
    assert weights_digest(network.body) == dense
