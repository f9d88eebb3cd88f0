"""Twelve snippets as people write them first: each runs, and is typed as strictly as the rest (`make types`)."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

import tombola
from tombola.errors import RequestError, TicketError


def small() -> tombola.Network:
    """A net that is drawn from in a moment."""
    return tombola.Source.parse({"name": "resnet8", "width": 0.25}).load()


class Net(nn.Module):
    """A module of one's own."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Conv2d(3, 8, 3)
        self.head = nn.Linear(8, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.as_tensor(self.head(self.features(x).mean((2, 3))))


def zeros(module: nn.Module) -> float:
    """The share of weights of convolutions that are zero."""
    weights = [one.weight for one in module.modules() if isinstance(one, nn.Conv2d)]
    return sum(int((w == 0).sum()) for w in weights) / sum(w.numel() for w in weights)


def test_draw_says_how_sparse() -> None:
    ticket = tombola.draw(small(), sparsity=0.9)
    assert ticket.sparsity == pytest.approx(0.9, abs=1e-3)


def test_draw_takes_a_name_and_options() -> None:
    ticket = tombola.draw("resnet8", "random", sparsity=0.5, seed=3)
    assert ticket.lineage.scheme["name"] == "random"


def test_draw_takes_options_of_options() -> None:
    ticket = tombola.draw(small(), sparsity=0.5, pattern="stripe:4", budget={"name": "uniform"})
    assert ticket.lineage.scheme["pattern"]["size"] == 4


def test_a_ticket_goes_onto_a_network() -> None:
    model = small()
    tombola.draw(model, sparsity=0.9).apply(model)
    assert zeros(model.body) > 0.85


def test_a_ticket_goes_onto_a_module_of_ones_own() -> None:
    net = Net()
    ticket = tombola.draw(net, sparsity=0.5)
    ticket.apply(net)
    assert zeros(net) == pytest.approx(0.5, abs=0.01)


def test_a_module_with_other_weights_is_refused_and_told_how() -> None:
    ticket = tombola.draw(Net(), sparsity=0.5)
    with pytest.raises(TicketError, match=r"other weights.*any_weights=True"):
        ticket.apply(Net())


def test_a_ticket_is_saved_and_loaded(tmp_path: Path) -> None:
    ticket = tombola.draw(small(), sparsity=0.9)
    assert tombola.Ticket.load(ticket.save(tmp_path / "x.ticket")).masks == ticket.masks


def test_rungs_are_the_whole_ladder() -> None:
    fit = {"epochs": "1it", "batch": 8}
    found = tombola.rungs(small(), {"name": "imp", "level": 2, "fit": fit}, task={"name": "digits", "size": 8})
    assert [round(ticket.sparsity, 2) for ticket in found] == [0.2, 0.36]


def test_pretrain_takes_options_and_transfer_and_measure_what_it_gave() -> None:
    model = tombola.pretrain(small(), "digits", {"epochs": "2it", "batch": 8})
    adapted = tombola.transfer(model, tombola.draw(model, sparsity=0.5), "digits", "linear")
    (row,) = tombola.measure(adapted, "digits", "accuracy")
    assert row.samples == 599


def test_export_writes_files(tmp_path: Path) -> None:
    model = small()
    (file,) = tombola.export(model, tombola.draw(model, sparsity=0.9), "state_dict", tmp_path / "x.safetensors")
    assert file.stat().st_size > 0


def test_masks_hold_in_a_loop_of_ones_own() -> None:
    net = Net()
    ticket = tombola.draw(net, sparsity=0.5)
    ticket.apply(net)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    enforcer = tombola.Enforcer(net, ticket.masks)
    enforcer.attach(optimizer)
    net(torch.rand(2, 3, 8, 8)).sum().backward()
    optimizer.step()
    enforcer.check()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: tombola.draw("resnet8", sparsity=90), "write 0.9"),
        (lambda: tombola.draw("resnet8", sparsty=0.9), "did you mean 'sparsity'"),
        (lambda: tombola.draw("resnet8", "imp"), "task='digits'"),
        (lambda: tombola.transfer(small(), "gone.ticket", "digits", "linear"), r"gone\.ticket"),
    ],
)
def test_errors_name_arguments_that_exist(call: Callable[[], object], said: str) -> None:
    with pytest.raises(RequestError, match=said):
        call()
