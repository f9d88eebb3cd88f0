"""Supernets: blocks of parallel paths, what a channel costs, and the smaller net that is built again as any other."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from tombola.batch import blank
from tombola.errors import ModelError
from tombola.exporters._base import Exporter
from tombola.graphs.interpret import interpret
from tombola.graphs.trace import trace
from tombola.joining import whole
from tombola.masks.masks import Masks
from tombola.models.digest import weights_digest
from tombola.models.network import Network
from tombola.models.prunable import prunable
from tombola.models.saved_tensors import save_tensors
from tombola.models.slimming import operations, slim
from tombola.models.source import Source
from tombola.models.supernet import Supernet
from tombola.tickets.lineage import Lineage
from tombola.tickets.ticket import Ticket

SMALL: dict[str, Any] = {"name": "supernet:1x2", "width": 0.34}


def net(**options: Any) -> Network:
    """Small, with statistics and scales that are no longer as at first."""
    found = Source.parse({**SMALL, **options}).load(num_classes=3, seed=0)
    drawn = torch.Generator().manual_seed(1)
    for module in found.body.modules():
        if isinstance(module, nn.BatchNorm2d):
            for value in (module.weight, module.bias, module.running_mean, module.running_var):
                assert value is not None
                value.data.uniform_(0.5, 1.5, generator=drawn)
    return found


def body(network: Network) -> Supernet:
    assert isinstance(network.body, Supernet)
    return network.body


def all_but(network: Network, gone: dict[str, list[int]]) -> dict[str, torch.Tensor]:
    """Every channel is alive but those given, whose scales become 0."""
    alive = {
        name: torch.ones(path.norm2.num_features, dtype=torch.bool) for name, path in body(network).paths().items()
    }
    for name, places in gone.items():
        alive[name][places] = False
        body(network).paths()[name].norm2.weight.data[places] = 0
    return alive


def test_its_blocks_and_the_published_size() -> None:
    full = Source.parse("supernet:2x2").load()
    assert len(body(full).blocks()) == 10
    assert 30_000 < sum(p.numel() for p in full.parameters()) < 60_000
    assert {path.depthwise.kernel_size for path in body(full).paths().values()} == {(3, 3), (5, 5)}
    assert full.head_name == "linear"
    assert full(torch.rand(2, 3, 9, 9)).shape == (2, 10)
    assert not any(name.startswith("linear") for name in prunable(full.body))


def test_a_channel_costs_its_part_of_three_convolutions_at_its_branch() -> None:
    model = net()
    found = operations(model, blank(8))
    assert found["stages.0.same.0.paths.k3"] == 4 * 64 + (9 + 4) * 64
    assert found["stages.0.down.0.paths.k5"] == 4 * 64 + (25 + 8) * 16
    assert found["stages.0.blocks.1.paths.k3"] == 8 * 16 + (9 + 8) * 16


@torch.no_grad()
def test_dead_channels_and_a_dead_path_go_and_outputs_stay() -> None:
    model, x = net(), torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    gone = {
        "stages.0.same.0.paths.k3": [0, 2, 5],
        "stages.0.blocks.1.paths.k5": list(range(16)),
        "gather.0.paths.k3": [7],
    }
    alive = all_but(model, gone)
    before, state = model(x), {name: value.clone() for name, value in model.state_dict().items()}
    kept = slim(model, alive)
    torch.testing.assert_close(model(x), before, atol=1e-5, rtol=1e-5)
    for name, places in kept.items():
        now = model.state_dict()[name]
        assert torch.equal(now, state[name].reshape(-1)[places])
    assert body(model).blocks()["stages.0.blocks.1"].units() == {3: 16, 5: 0}
    assert len(operations(model, blank(8))) == len(alive) - 1


@torch.no_grad()
def test_a_block_without_paths_is_its_shortcut() -> None:
    model = net()
    dead = {f"stages.0.{block}.paths.{k}": list(range(8)) for block in ("same.0", "down.0") for k in ("k3", "k5")}
    slim(model, all_but(model, dead))
    blocks = body(model).blocks()
    assert blocks["stages.0.same.0"].norm is None
    x = torch.rand(1, 4, 6, 6)
    assert torch.equal(blocks["stages.0.same.0"](x), x)
    assert blocks["stages.0.down.0"](x).shape == (1, 8, 3, 3)


@pytest.mark.slow
@torch.no_grad()
def test_its_ticket_is_loaded_exported_and_adapted_as_any_other(tmp_path: Path) -> None:
    model = net()
    slim(model, all_but(model, {"stages.0.same.0.paths.k3": [0, 1], "gather.0.paths.k5": list(range(8))}))
    again = Source.parse(model.origin.net).load(num_classes=3)
    assert {n: t.shape for n, t in again.state_dict().items()} == {n: t.shape for n, t in model.state_dict().items()}
    masks = Masks({name: torch.arange(w.numel()).view(w.shape) % 3 > 0 for name, w in prunable(model.body).items()})
    ticket = Ticket.of(model.body, masks, Lineage(origin=model.origin), keep_values=True)
    reloaded = whole(Ticket.load(ticket.save(tmp_path / "x.ticket")))
    ticket.apply(model.body)
    assert weights_digest(reloaded.body) == weights_digest(model.body)
    x = torch.rand(2, 3, 8, 8)
    assert torch.equal(reloaded(x), model(x))
    graph = trace(model, (3, 8, 8))
    torch.testing.assert_close(interpret(graph, x), model(x), atol=1e-4, rtol=1e-4)
    (small,) = Exporter.parse({"name": "shrink", "size": 8}).export_ticket(reloaded, ticket, tmp_path / "small.ticket")
    torch.testing.assert_close(whole(Ticket.load(small))(x), model(x), atol=1e-4, rtol=1e-4)


def test_weights_of_a_plain_net_are_refused_by_name(tmp_path: Path) -> None:
    plain = Source.parse({"name": "resnet8", "width": 0.25}).load()
    file = save_tensors(plain.state_dict(), tmp_path / "plain.safetensors")
    with pytest.raises(ModelError, match=r"its names are not those of supernet:1x1"):
        Source.parse({"name": f"path:{file}", "arch": "supernet:1x1"}).load()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"name": "supernet:0x2"}, r"write stages and branches, one to nine, as supernet:2x2"),
        ({"name": "supernet:2x9"}, r"2 stages make 3 branches at most, and 9 are asked for; write supernet:2x3"),
        ({"kernels": "3,4"}, "write odd sides up to 9"),
        ({"kernels": "3,3"}, "each once"),
        ({"channels": "8,8;8,8"}, "channels is of 5 blocks with 2 numbers each"),
    ],
)
def test_names_that_make_no_net_are_explained(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ModelError, match=problem):
        Source.parse({**SMALL, **options})


def test_kernels_are_read_as_a_command_line_gives_them() -> None:
    for given, text in ((3, "3"), ([3, 5], "3,5"), ("3,5", "3,5")):
        assert Source.parse({**SMALL, "kernels": given}) == Source.parse({**SMALL, "kernels": text})
