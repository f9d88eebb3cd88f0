"""Lists of 16 outputs, squares of 16 survivors: what lies in them, when they are taken, and C that says the same."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.native.int8.nets import SLOW, Nets, answers, cells_layer, check, networks, on_small_maps, rounded
from tests.native.programs import HERE_WIDE, TILES, Machine
from torch import nn

from tombola.graphs.cells import CellConv
from tombola.graphs.int8 import graphing
from tombola.graphs.interpret import interpret
from tombola.models.inputs.pixels import Normalise
from tombola.models.network import Network
from tombola.native.int8 import choosing
from tombola.native.int8.choosing import Plan, plan
from tombola.native.int8.costing import work
from tombola.native.int8.squares import SQUARE, squares, streams
from tombola.native.layout import Layout


@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_squares_hold_every_survivor_once_and_zeros_beside(data: st.DataObject) -> None:
    outputs, channels, taps = (data.draw(st.integers(1, most)) for most in (40, 20, 9))
    generator = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    cells = generator.integers(1, 2**32, (outputs, channels * taps), np.uint32)
    cells[generator.random(cells.shape) < data.draw(st.sampled_from((0.0, 0.5, 0.95, 1.0)))] = 0
    distances = generator.permutation(10_000)[: channels * taps].astype(np.int64)
    found = squares(cells != 0, distances, taps)
    whole = np.pad(cells, ((0, -outputs % SQUARE), (0, 0)))
    values, places, counts = streams(whole, found)
    squared = np.asarray(values).reshape(-1, SQUARE, SQUARE)
    where = np.ascontiguousarray(places).view("<i4").reshape(-1, SQUARE + 1)
    again, number = np.zeros_like(whole), 0
    back = {int(distance): index for index, distance in enumerate(distances)}
    for row, count in enumerate(counts):
        lists = again[SQUARE * row : SQUARE * (row + 1)]
        for square in range(number, number + int(count)):
            for survivor in np.flatnonzero(squared[square].any(axis=0)):
                lists[:, back[int(where[square, survivor])]] += squared[square, :, survivor]
        number += int(count)
    assert np.array_equal(again, whole)
    assert sum(int(count) for count in counts) == len(squared) == found.even + found.copied


def test_dense_layers_of_many_channels_lie_evenly() -> None:
    distances = (np.arange(32)[:, None] * 400 + np.array([0, 1, 2, 30, 31, 32, 60, 61, 62])).reshape(-1)
    found = squares(np.ones((20, 288), bool), distances, 9)
    assert found.counts.tolist() == [18, 18], "20 outputs are two lists, and 9 x 32 cells 18 squares"
    assert (found.even, found.copied) == (36, 0)
    assert set(found.places[:, SQUARE].tolist()) == {400}
    kept = np.ones((16, 288), bool)
    kept[:, 9] = False
    copied = squares(kept, distances, 9).copied
    assert copied == 10, "one gone: nine go over from a kernel position to the next, and one is not full"


def block(channels: int, kept: float) -> Network:
    """A layer of whose cells a part is kept, 16 outputs alike, between two small ones."""
    torch.manual_seed(0)
    layer = nn.Conv2d(channels, channels, 3, 1, 1)
    alive = torch.rand(-(-channels // 16), -(-channels // 4), 3, 3) < kept
    layer.weight.data *= alive.repeat_interleave(16, 0)[:channels].repeat_interleave(4, 1)[:, :channels]
    body = nn.Sequential(nn.Conv2d(3, channels, 1), nn.ReLU(), layer, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return Network(nn.Sequential(body, nn.Linear(channels, 5)), Normalise([0.4] * 3, [0.3] * 3), source="small").eval()


@pytest.mark.parametrize("machine", [TILES, HERE_WIDE[1], HERE_WIDE[3]], ids=lambda machine: machine.name)
@pytest.mark.parametrize(("channels", "kept"), [(64, 1.0), (70, 0.3)], ids=["even", "copied"])
def test_squares_say_what_whole_numbers_say(machine: Machine, channels: int, kept: float, tmp_path: Path) -> None:
    machine.require()
    x = torch.rand(3, 3, 17, 13)
    graph = rounded(block(channels, kept), x[:2])
    ours = answers(graph, x, tmp_path / "net", machine, threads=2, batch=2, target="amx")
    assert re.search(r"^CELLS_TILE\(16,", (tmp_path / "net/net.c").read_text("utf-8"), re.MULTILINE)
    assert torch.equal(ours, interpret(graph, x))


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("nets", [networks, on_small_maps], ids=["any", "dense on small maps"])
@SLOW
@given(data=st.data(), threads=st.integers(1, 3), batch=st.integers(1, 3))
def test_random_nets_of_squares_alone(nets: Nets, data: st.DataObject, threads: int, batch: int) -> None:
    TILES.require()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(graphing, "FEW", 0.0)
        patch.setattr(choosing, "_of_squares", lambda *_: 0.0)
        check(TILES, *data.draw(nets()), threads, batch, target="amx")


def layer(kept: torch.Tensor) -> CellConv:
    """One of 1x1 with such cells (outputs, cells)."""
    return cells_layer(kept.float().repeat_interleave(4, 1)[..., None, None])


def planned(kept: torch.Tensor, side: int, tiles: bool = True) -> Plan:
    """How such a layer is computed on a map of such a side."""
    outputs, cells = kept.shape
    return plan(layer(kept), Layout(cells, side, side), Layout(outputs // 4, side, side), tiles)


def test_squares_are_taken_where_they_should_be_faster() -> None:
    generator = torch.Generator().manual_seed(0)
    alike = (torch.rand(8, 64, generator=generator) < 0.3).repeat_interleave(16, 0)
    each = torch.rand(128, 64, generator=generator) < 0.1
    assert planned(alike, 16).size == SQUARE
    assert planned(alike, 16, tiles=False).size == 4, "the same layer, where no processor with tiles is meant"
    assert planned(each, 2).size < SQUARE, "their weights, zeros and all, would take longer to read than the survivors"
    assert planned(torch.ones(128, 64, dtype=torch.bool), 16).size == SQUARE


def test_squares_cost_what_their_vectors_do() -> None:
    alike = layer(torch.ones(32, 64, dtype=torch.bool))
    *lists, ended, _, even, copied = work(alike, Layout(64, 16, 16), Layout(8, 16, 16), 16, tiles=True).tolist()
    assert lists[:3] == [0, 0, 0], "no survivor is multiplied by itself"
    assert (even, copied) == (2 * 4 * 16, 0), "two lists of 4 squares, at 16 vectors"
    assert ended == 32 * 16
