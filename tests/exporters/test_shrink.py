"""The smaller ticket: restored in a fresh process, measured, adapted and shrunk again; bad requests refused."""

import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TypeAlias

import pytest
import torch
from torch import nn

from tombola import verbs
from tombola.errors import ModelError, RequestError
from tombola.exporters._base import Exporter
from tombola.masks.masks import Masks
from tombola.models.network import Network
from tombola.models.source import Source
from tombola.tasks._base import Task
from tombola.tickets.ticket import Ticket

NET = {"name": "resnet8", "width": 0.5}


Shrunk: TypeAlias = tuple[Network, Ticket, Path]


@cache
def _masked() -> tuple[Network, Ticket]:
    """A net, and a ticket of its channels with their weights."""
    model = Source.parse(NET).load()
    drawn = verbs.draw(model, {"name": "coupled", "sparsity": 0.75, "budget": "uniform"})
    return model, drawn


@pytest.fixture(scope="module")
def shrunk(tmp_path_factory: pytest.TempPathFactory) -> Shrunk:
    """The net under its masks, the ticket that was drawn, and the file of the smaller one."""
    model, drawn = _masked()
    (file,) = verbs.export(model, drawn, "shrink", tmp_path_factory.mktemp("shrunk") / "small.ticket")
    return verbs.applied(model, drawn), drawn, file


def test_the_file_is_smaller_and_its_net_gives_the_same_logits(shrunk: Shrunk, tmp_path: Path) -> None:
    masked, _, file = shrunk
    whole = Ticket.of(masked.body, Masks({}), Ticket.load(file).lineage, keep_values=True).save(
        tmp_path / "whole.ticket"
    )
    assert file.stat().st_size < 0.4 * whole.stat().st_size
    ticket = Ticket.load(file)
    small = verbs.applied(verbs.base_of(ticket), ticket)
    image = torch.rand(3, 3, 32, 32)
    torch.testing.assert_close(small(image), masked(image), atol=1e-5, rtol=1e-5)


def test_the_lineage_stays_and_says_what_was_cut(shrunk: Shrunk) -> None:
    _, drawn, file = shrunk
    lineage = Ticket.load(file).lineage
    assert lineage.scheme == drawn.lineage.scheme
    before, after = lineage.extra["shrunk"]["parameters"]
    assert after < 0.4 * before
    assert len(lineage.extra["shrunk"]["pads"]) == 2


@pytest.mark.slow
def test_a_fresh_process_restores_it_by_name(shrunk: Shrunk) -> None:
    masked, _, file = shrunk
    code = (
        "import sys, torch\n"
        "from tombola import verbs\n"
        "from tombola.tickets.ticket import Ticket\n"
        "ticket = Ticket.load(sys.argv[1])\n"
        "print(verbs.applied(verbs.base_of(ticket), ticket)(torch.full((1, 3, 32, 32), 0.25)).tolist())\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=True)
    found = torch.tensor(eval(done.stdout))
    torch.testing.assert_close(found, masked(torch.full((1, 3, 32, 32), 0.25)), atol=1e-5, rtol=1e-5)


@pytest.mark.slow
def test_odd_numbers_of_channels_are_said_and_filled_up_on_request(tmp_path: Path) -> None:
    model = Source.parse({"name": "resnet8", "width": 1.0}).load()
    drawn = verbs.draw(model, {"name": "coupled", "sparsity": 0.6, "budget": "uniform"})
    told = {}
    for multiple in (1, 8):
        exporter = Exporter.parse({"name": "shrink", "multiple": multiple})
        files = exporter.export_ticket(verbs.applied(model, drawn), drawn, tmp_path / f"{multiple}.ticket")
        told[multiple] = exporter.told(files)
        assert Ticket.load(files[0]).weights is not None
    assert any("is no multiple of 8" in line and "--set multiple=8" in line for line in told[1])
    assert not any("multiple" in line for line in told[8])


def test_it_is_measured_as_the_masked_net_is(shrunk: Shrunk) -> None:
    masked, _, file = shrunk
    task = Task.parse("digits")
    small = verbs.finished(str(file), task)
    rows = [verbs.measure(net, task, "accuracy")[0].value for net in (masked, small)]
    assert rows[0] == rows[1]
    size = {row.metric: row.value for row in verbs.measure(small, task, "size")}
    assert size["dense_macs"] < 0.35 * {r.metric: r.value for r in verbs.measure(masked, task, "size")}["dense_macs"]


def test_it_is_adapted_and_kept_as_small(shrunk: Shrunk, tmp_path: Path) -> None:
    _, _, file = shrunk
    ticket = Ticket.load(file)
    task = Task.parse(
        {"name": "classification", "data": {"name": "glyphs", "num_train": 64, "num_val": 32, "num_test": 32}}
    )
    adapted = verbs.transfer(
        verbs.base_of(ticket), ticket, task, {"name": "finetune", "fit": {"epochs": "1ep", "batch": 32}}
    )
    kept = verbs.keep(adapted, ticket, task)
    path = kept.save(tmp_path / "adapted.ticket")
    again = verbs.finished(str(path), task)
    image = torch.rand(2, 3, 32, 32)
    assert torch.equal(again(image), adapted.eval()(image))
    assert again.body.get_parameter("conv1.weight").shape == ticket.masks.shapes()["conv1.weight"]


def test_it_can_be_shrunk_again(shrunk: Shrunk, tmp_path: Path) -> None:
    _, _, file = shrunk
    ticket = Ticket.load(file)
    base = verbs.applied(verbs.base_of(ticket), ticket)
    mask = torch.ones(ticket.masks.shapes()["layer1.0.conv1.weight"], dtype=torch.bool)
    mask[:1] = False
    more = Ticket.of(base.body, Masks({"layer1.0.conv1.weight": mask}), ticket.lineage, keep_values=True)
    (path,) = verbs.export(base, more, "shrink", tmp_path / "smaller.ticket")
    found = Ticket.load(path)
    assert found.lineage.extra["shrunk"]["pads"] == ticket.lineage.extra["shrunk"]["pads"]
    small, masked = verbs.applied(verbs.base_of(found), found), verbs.applied(base, more)
    image = torch.rand(3, 3, 32, 32)
    torch.testing.assert_close(small(image), masked(image), atol=1e-5, rtol=1e-5)


def test_values_can_be_rounded(shrunk: Shrunk, tmp_path: Path) -> None:
    model, drawn = _masked()
    (file,) = verbs.export(model, drawn, {"name": "shrink", "values": "float16"}, tmp_path / "half.ticket")
    whole = shrunk[2]
    assert file.stat().st_size < 0.7 * whole.stat().st_size


def test_the_member_alone_writes_a_ticket_too(tmp_path: Path) -> None:
    model, drawn = _masked()
    masked = verbs.applied(model, drawn)
    (file,) = Exporter.parse("shrink").export(masked, drawn.masks, tmp_path / "small.ticket")
    found = Ticket.load(file)
    assert verbs.applied(verbs.base_of(found), found)(torch.rand(1, 3, 32, 32)).shape == (1, 10)


def test_what_is_told_is_what_stays(shrunk: Shrunk, tmp_path: Path) -> None:
    _, _, file = shrunk
    (line,) = Exporter.parse("shrink").told([file])
    assert line.startswith(f"{sum(p.numel() for p in verbs.base_of(Ticket.load(file)).body.parameters()):,} of ")
    model = Source.parse(NET).load()
    drawn = verbs.draw(model, {"name": "omp", "sparsity": 0.5, "pattern": "channel"})
    uncoupled = verbs.export(model, drawn, "shrink", tmp_path / "uncoupled.ticket")
    assert "are zeros" in Exporter.parse("shrink").told(uncoupled)[1]


def test_it_writes_tickets_only_and_overwrites_nothing(tmp_path: Path) -> None:
    model, drawn = _masked()
    with pytest.raises(RequestError, match=r"write -o small\.ticket"):
        verbs.export(model, drawn, "shrink", tmp_path / "small.onnx")
    (tmp_path / "small.ticket").write_text("mine")
    with pytest.raises(RequestError, match="exists"):
        verbs.export(model, drawn, "shrink", tmp_path / "small.ticket")
    assert (tmp_path / "small.ticket").read_text() == "mine"


class Counting(nn.Module):
    """A net whose own code knows how many channels it has."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 1)
        self.last = nn.Conv2d(8, 4, 1)
        self.head = nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.last(self.conv(x).view(1 * len(x), 8, *x.shape[2:]))
        out: torch.Tensor = self.head(y.mean((2, 3)))
        return out


def test_a_net_that_counts_channels_itself_is_refused(tmp_path: Path) -> None:
    model = Network(Counting(), source="mine")
    mask = torch.ones(8, 3, 1, 1, dtype=torch.bool)
    mask[:4] = False
    with pytest.raises(ModelError, match="counts channels"):
        Exporter.parse("shrink").export(model, Masks({"conv.weight": mask}), tmp_path / "small.ticket")
    assert not (tmp_path / "small.ticket").exists()
