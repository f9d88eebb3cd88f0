"""The verbs: names, specs and modules are all taken; nothing given is changed."""

from pathlib import Path

import pytest
import torch
from torch import nn

from tombola import verbs
from tombola.errors import RequestError, StageError, TicketError
from tombola.fitting.session import Session
from tombola.masks.masks import Masks
from tombola.models.digest import weights_digest
from tombola.models.network import Network
from tombola.models.source import Source
from tombola.tasks._base import Task
from tombola.tickets.ticket import Ticket
from tombola.transfers._base import Transfer

SOURCE = {"name": "resnet8", "width": 0.25}
FIT = {"epochs": "2it", "batch": 20}
DIGITS = {"name": "digits", "num_train": 60}
SHORT = {"name": "finetune", "fit": FIT}


def pretrained() -> Network:
    return verbs.pretrain(SOURCE, DIGITS, FIT, seed=1)


def test_pretrain_gives_a_new_network_that_the_seed_decides() -> None:
    given = Source.parse(SOURCE).load(seed=1)
    before = weights_digest(given)
    trained = verbs.pretrain(given, DIGITS, FIT, seed=1)
    assert weights_digest(given) == before != weights_digest(trained)
    assert weights_digest(pretrained()) == weights_digest(trained)
    assert weights_digest(verbs.pretrain(SOURCE, DIGITS, FIT, seed=2)) != weights_digest(trained)
    assert trained.source == "resnet8 (random, seed 1), trained here"


def test_the_whole_way_from_names() -> None:
    model = pretrained()
    before = weights_digest(model)
    ticket = verbs.draw(model, {"name": "omp", "sparsity": 0.5})
    adapted = verbs.transfer(model, ticket, DIGITS, SHORT, seed=0)
    weights = adapted.body.state_dict()
    assert sum(int(weights[name][~mask].count_nonzero()) for name, mask in ticket.masks.items()) == 0
    rows = verbs.measure(adapted, DIGITS, "accuracy", seed=4)
    assert [(row.property, row.metric, row.seed, row.unit) for row in rows] == [("accuracy", "accuracy", 4, "%")]
    assert 0 <= rows[0].value <= 100
    assert weights_digest(model) == before


class Regrowing(Transfer):
    """Adapts as a finetuning does, and brings a pruned weight back."""

    def adapt(self, model: Network, masks: Masks, task: Task, *, seed: int, session: Session) -> Network:
        found = Transfer.parse(SHORT).adapt(model, masks, task, seed=seed, session=session)
        name, mask = next((name, mask) for name, mask in masks.items() if not bool(mask.all()))
        with torch.no_grad():
            found.body.get_parameter(name)[~mask] += 1.0
        return found


def test_a_transfer_that_brings_pruned_weights_back_is_refused() -> None:
    model = pretrained()
    ticket = verbs.draw(model, {"name": "omp", "sparsity": 0.5})
    with pytest.raises(StageError, match=r"that the ticket prunes came back while it was adapted"):
        verbs.transfer(model, ticket, DIGITS, Regrowing())


def test_any_module_is_a_model() -> None:
    body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 10))
    (row,) = verbs.measure(body, DIGITS, ["accuracy"])
    assert row.samples == len(Task.parse("digits").splits().test)
    assert verbs.as_network(body).body is body
    assert verbs.draw(body, "omp").lineage.model_text == "Sequential"


def test_a_mask_only_ticket_of_other_weights_is_refused() -> None:
    ticket = verbs.draw(pretrained(), "omp")
    with pytest.raises(TicketError, match="drawn from other weights"):
        verbs.transfer(SOURCE, ticket, DIGITS, SHORT)


def test_an_adapted_network_comes_back_from_its_file(tmp_path: Path) -> None:
    model, target = verbs.as_network("resnet8"), Task.parse(DIGITS)
    ticket = verbs.draw(model, {"name": "omp", "sparsity": 0.5})
    adapted = verbs.transfer(model, ticket, target, SHORT)
    file = verbs.keep(adapted, ticket, target).save(tmp_path / "x.ticket")
    again = verbs.finished(str(file), target)
    assert weights_digest(again.body) == weights_digest(adapted.body)
    x = torch.rand(2, 3, 16, 16)
    assert torch.equal(again(x), adapted(x))
    assert Ticket.load(file).lineage.answers == target.adapted()


def test_the_base_of_a_ticket_is_the_model_it_names(tmp_path: Path) -> None:
    model = verbs.as_network("resnet8", seed=3)
    ticket = verbs.draw(model, "omp")
    assert weights_digest(verbs.base_of(ticket).body) == ticket.lineage.weights_digest
    trained = verbs.draw(pretrained(), "omp")
    with pytest.raises(TicketError, match="--model path:FILE"):
        verbs.base_of(trained)
    file = ticket.save(tmp_path / "x.ticket")
    with pytest.raises(TicketError, match="mask-only"):
        verbs.finished(str(file), Task.parse(DIGITS))


def test_unknown_names_are_explained_before_anything_runs() -> None:
    with pytest.raises(RequestError, match="did you mean 'omp'"):
        verbs.draw("resnet8", "omq")
    with pytest.raises(RequestError, match="write resnet8"):
        verbs.draw("resnet9", "omp")
    with pytest.raises(RequestError, match="epochz"):
        verbs.pretrain("resnet8", "digits", {"epochz": "1ep"})
