"""Cells that hold pixels side by side: the same logits to the last bit, and fewer products."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.native.int8.nets import answers, rounded
from tests.native.programs import ELSEWHERE, HERE_WIDE, SANITIZED, Machine
from torch import Tensor, nn

from tombola.graphs.cells import CellConv, CellSums, SideBySide
from tombola.graphs.graph import Graph
from tombola.graphs.int8 import graphing
from tombola.graphs.int8.filling import filled
from tombola.graphs.integers import conv_sums, side_by_side
from tombola.graphs.interpret import interpret, values
from tombola.graphs.ops import Conv
from tombola.models.inputs.pixels import Normalise
from tombola.models.network import Network
from tombola.native.folder import layers_of
from tombola.native.lowering import lower


def a_graph(stem: nn.Conv2d, x: Tensor) -> Graph:
    """A stem and a head of ten classes."""
    body = nn.Sequential(stem, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(stem.out_channels, 10))
    normalise = Normalise([0.4] * stem.in_channels, [0.3] * stem.in_channels)
    return rounded(Network(body, normalise, source="test").eval(), x)


def plainly(stem: nn.Conv2d, x: Tensor, monkeypatch: pytest.MonkeyPatch) -> Graph:
    """The same with a byte of each cell left empty; sums of its pairs may be larger ones."""
    with monkeypatch.context() as patched:
        patched.setattr(graphing, "filled", lambda *_: None)
        return a_graph(stem, x)


def sums(graph: Graph) -> CellSums:
    """Its one convolution."""
    (found,) = (node.op for node in graph if isinstance(node.op, CellSums))
    return found


def cells(conv: CellSums) -> int:
    """Of weights that are not all zero, of all outputs."""
    weight = conv.weight
    full = torch.cat([weight, weight.new_zeros(len(weight), -weight.shape[1] % 4, *weight.shape[2:])], 1)
    return int(full.view(len(full), -1, 4, *full.shape[2:]).any(2).sum())


@pytest.mark.parametrize(
    ("channels", "kernel", "stride", "padding", "before", "after"),
    [
        (3, 7, 2, 3, 49, 42),
        (3, 5, 1, 2, 25, 20),
        (3, 4, 4, 0, 16, 12),
        (3, 16, 16, 0, 256, 192),
        (3, 11, 4, 2, 121, 99),
        (2, 3, 1, 1, 9, 6),
        (1, 3, 1, 1, 9, 3),
        (1, 7, 2, 3, 49, 14),
    ],
)
def test_fewer_cells(
    channels: int,
    kernel: int,
    stride: int,
    padding: int,
    before: int,
    after: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    torch.manual_seed(0)
    x = torch.rand(3, channels, 33, 37)
    stem = nn.Conv2d(channels, 5, kernel, stride, padding)
    with torch.no_grad():
        stem.weight.uniform_(0.5, 1.0)  # none is rounded to zero
    found, plain = a_graph(stem, x), plainly(stem, x, monkeypatch)
    assert (cells(sums(plain)), cells(sums(found))) == (5 * before, 5 * after)
    assert sums(found).places == sums(plain).weight.numel()


@pytest.mark.parametrize("stem", [nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 7), nn.Conv2d(3, 6, 5, groups=3)])
def test_where_nothing_is_saved_nothing_changes(stem: nn.Conv2d) -> None:
    graph = a_graph(stem, torch.rand(2, stem.in_channels, 16, 16))
    assert sums(graph).weight.shape == stem.weight.shape
    assert sums(graph).places is None


def test_weights_between_which_pixels_lie_are_no_gain() -> None:
    stem = nn.Conv2d(3, 1, 7)
    with torch.no_grad():
        stem.weight.zero_()
        stem.weight[:, :, :, ::3] = 1.0  # three cells a row by pixels, and more by bytes
    assert sums(a_graph(stem, torch.rand(2, 3, 16, 16))).places is None


def test_what_fills_up_counts_as_no_weight() -> None:
    graph = a_graph(nn.Conv2d(3, 4, 7, 2, 3), torch.rand(2, 3, 16, 16))
    (layer,) = (one for one in layers_of(lower(graph)) if one.packed.kind == "cells")
    assert layer.total == 4 * 3 * 7 * 7
    assert layer.survivors <= layer.total


def test_bytes_outside_the_map_are_its_zero() -> None:
    graph = a_graph(nn.Conv2d(1, 1, 3, padding=1), torch.rand(2, 1, 4, 4))
    (node,) = (node for node in graph if isinstance(node.op, SideBySide))
    assert isinstance(node.op, SideBySide)
    assert node.op.zero > 0
    found = values(graph, torch.rand(1, 1, 4, 4))[node.name]
    assert set(found[0, :, 0].flatten().tolist()) == {node.op.zero}, "the row above the map"
    assert set(found[0, 0, :, 0].tolist()) == {node.op.zero}, "the column left of it"


def test_pairs_of_bytes_side_by_side_cannot_overflow() -> None:
    """Weights of the last channel of a pixel and the first of the next one may be large together otherwise."""
    stem = nn.Conv2d(3, 2, 5, padding=2)
    with torch.no_grad():
        stem.weight.zero_()
        stem.weight[:, 0], stem.weight[:, 2] = 1.0, 1.0
    weight = sums(a_graph(stem, torch.rand(2, 3, 9, 9))).weight.long()
    assert int((weight[:, 0::2] + weight[:, 1::2]).max()) <= 128


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    channels=st.integers(1, 3),
    kernel=st.tuples(st.integers(1, 7), st.integers(2, 7)),
    stride=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    padding=st.tuples(*[st.integers(0, 3)] * 4),
    size=st.tuples(st.integers(7, 23), st.integers(7, 40)),
    seed=st.integers(0, 99),
)
def test_the_sums_are_the_same(
    channels: int,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int, int, int],
    size: tuple[int, int],
    seed: int,
) -> None:
    rng = torch.Generator().manual_seed(seed)
    weight = torch.randint(-127, 128, (4, channels, *kernel), generator=rng).float()
    q = torch.randint(0, 256, (2, channels, *size), generator=rng).to(torch.uint8)
    plain = CellConv(
        weight=weight.to(torch.int8),
        bias=torch.randint(-999, 999, (4,), generator=rng).int(),
        factor=torch.ones(4),
        entering=77,
        zero=0,
        least=0,
        largest=255,
        stride=stride,
        padding=padding,
    )
    wanted = conv_sums(plain, q)
    found = filled(Conv(weight, None, stride, padding), tuple(wanted.shape[1:]), 77)
    assume(found is not None)
    assert found is not None
    beside, full = found
    again = replace(plain, weight=full.to(torch.int8), stride=(1, 1), padding=(0, 0, 0, 0))
    assert torch.equal(conv_sums(again, side_by_side(beside, q)), wanted)


def same_bits(stem: nn.Conv2d, size: tuple[int, int], machine: Machine, folder: Path) -> None:
    machine.require()
    torch.manual_seed(1)
    x = torch.rand(3, stem.in_channels, *size)
    graph = a_graph(stem, x[:2])
    assert any(isinstance(node.op, SideBySide) for node in graph)
    extra = () if machine.emulator else SANITIZED
    ours = answers(graph, x, folder / "net", machine, extra, threads=2, batch=2)
    assert torch.equal(ours, interpret(graph, x))


@pytest.mark.parametrize("machine", HERE_WIDE, ids=lambda machine: machine.name)
def test_c_gives_the_same_bits(machine: Machine, tmp_path: Path) -> None:
    same_bits(nn.Conv2d(3, 7, 7, 2, 3), (37, 75), machine, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("machine", [*HERE_WIDE, *ELSEWHERE], ids=lambda machine: machine.name)
@pytest.mark.parametrize(
    ("channels", "kernel", "stride", "padding", "size"),
    [(1, 5, 1, 2, (16, 33)), (3, 4, 4, 0, (32, 100)), (2, (3, 6), (3, 2), 4, (19, 41)), (1, 4, 2, 0, (7, 7))],
)
def test_stems_of_all_kinds_in_c(
    channels: int,
    kernel: int | tuple[int, int],
    stride: int | tuple[int, int],
    padding: int,
    size: tuple[int, int],
    machine: Machine,
    tmp_path: Path,
) -> None:
    same_bits(nn.Conv2d(channels, 7, kernel, stride, padding), size, machine, tmp_path)
