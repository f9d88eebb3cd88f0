"""Tickets and their nets: found by origin alone, older tickets by what they said; what travels, travels."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from tombola import verbs
from tombola.errors import TicketError
from tombola.exporters._base import Exporter
from tombola.joining import applied, base_of, whole
from tombola.masks.masks import Masks
from tombola.models.digest import weights_digest
from tombola.models.files import save_network
from tombola.models.network import Network, origin_of
from tombola.models.said import said_in
from tombola.models.source import Source
from tombola.tasks._base import Task
from tombola.tickets.ticket import Lineage, Ticket

NARROW: dict[str, Any] = {"name": "resnet8", "width": 0.25, "normalise": "cifar10"}
DIGITS = Task.parse({"name": "digits", "size": 8, "num_train": 60})
X = torch.rand(2, 3, 8, 8)


@pytest.fixture
def drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Network, Ticket]:
    """A narrow network that was saved and loaded, and a ticket of it."""
    monkeypatch.chdir(tmp_path)
    save_network(Source.parse(NARROW).load(seed=5), tmp_path / "m.safetensors")
    model = verbs.as_network("path:m.safetensors")
    return model, verbs.draw(model, {"name": "omp", "sparsity": 0.5})


def test_the_width_survives_a_file_and_a_ticket(drawn: tuple[Network, Ticket]) -> None:
    model, ticket = drawn
    found = base_of(ticket)
    assert weights_digest(found.body) == ticket.lineage.weights_digest
    assert torch.equal(found(X), model(X))


def test_a_ticket_that_brings_its_weights_needs_no_file(drawn: tuple[Network, Ticket]) -> None:
    model, ticket = drawn
    own = Ticket.of(model.body, ticket.masks, ticket.lineage, keep_values=True)
    Path("m.safetensors").unlink()
    found = whole(own)
    assert torch.equal(found(X), applied(model, ticket)(X))
    assert found.origin == ticket.lineage.origin, "real weights are not called random"
    with pytest.raises(TicketError, match=r"no m\.safetensors here; write --model path:FILE"):
        base_of(ticket)


def test_an_older_ticket_finds_its_narrow_net(drawn: tuple[Network, Ticket]) -> None:
    model, ticket = drawn
    net = dict(origin_of(model).net)
    older = ticket.lineage.replace(origin=None, model=str(model.origin), extra={"net": net})
    assert "origin" not in older.json_text()
    assert torch.equal(base_of(Ticket(ticket.masks, older))(X), model(X))


def test_an_older_adapted_ticket_still_answers(drawn: tuple[Network, Ticket]) -> None:
    model = drawn[0].with_head(10, generator=torch.Generator().manual_seed(0))
    extra = {"net": dict(origin_of(model).net), "adapted_to": DIGITS.identity()}
    older = Lineage(model="resnet8 (random, seed 5)", extra=extra)
    found = whole(Ticket.of(model.body, Masks({}), older, keep_values=True))
    assert torch.equal(found(X), model(X))
    assert found.adapted is not None
    assert (found.adapted.preprocessing.size, found.adapted.classes) == (8, ())


def test_nets_that_no_name_builds_are_said() -> None:
    body = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.Flatten(), torch.nn.Linear(144, 2))
    ticket = verbs.draw(body, "omp")
    with pytest.raises(TicketError, match="'Sequential' is of a program's own"):
        base_of(ticket)
    with pytest.raises(TicketError, match="does not say which model"):
        base_of(Ticket(Masks({}), Lineage()))


def adapted(how: str = "linear") -> Ticket:
    model = Source.parse(NARROW).load(seed=1)
    ticket = verbs.draw(model, {"name": "omp", "sparsity": 0.5})
    return verbs.keep(verbs.transfer(model, ticket, DIGITS, how), ticket, DIGITS)


def test_what_was_adapted_travels() -> None:
    ticket = adapted()
    found = ticket.lineage.adapted
    assert found == DIGITS.adapted()
    assert found is not None
    assert (found.preprocessing.size, found.classes) == (8, tuple("0123456789"))
    assert whole(ticket).adapted == found


def test_exports_say_where_the_weights_come_from_and_what_they_answer(tmp_path: Path) -> None:
    ticket = adapted()
    (file,) = verbs.export(None, ticket, "state_dict", tmp_path / "net.safetensors")
    said = said_in(file)
    assert said.origin == ticket.lineage.origin
    assert said.adapted == ticket.lineage.adapted
    loaded = Source.parse(f"path:{file}").load()
    assert torch.equal(loaded(X), whole(ticket)(X)), "net and normaliser are those of the ticket"
    (small,) = verbs.export(None, ticket, "shrink", tmp_path / "small.ticket")
    assert Ticket.load(small).lineage.adapted == ticket.lineage.adapted
    assert Ticket.load(small).lineage.origin == ticket.lineage.origin


@pytest.mark.slow
def test_a_c_folder_says_it_too_and_is_of_the_size_adapted_with(tmp_path: Path) -> None:
    ticket = adapted()
    Exporter.parse({"name": "native", "target": "plain"}).export_ticket(whole(ticket), ticket, tmp_path / "net")
    about = json.loads((tmp_path / "net" / "net.json").read_text())
    assert about["image"] == [3, 8, 8]
    assert about["origin"]["source"]["width"] == 0.25
    assert about["adapted"]["classes"] == list("0123456789")
    assert (tmp_path / "net" / "labels.txt").read_text().split() == list("0123456789")
