"""Squeeze and excitation, SiLU and hardswish in int8: on cells from end to end, and in C what the graph says."""

from pathlib import Path

import pytest
import torch
from tests.native.int8.nets import ByMeans, answers, rounded
from tests.native.programs import ELSEWHERE, HERE_WIDE, SANITIZED, Machine, difference
from tests.native.random_nets import Excite, fill
from torch import Tensor, nn

from tombola.graphs.cells import CellConv, CellGate, CellMean, FromCells, ToCells
from tombola.graphs.graph import Graph
from tombola.graphs.int8.graphing import in_cells
from tombola.graphs.int8.rounding import calibrated
from tombola.graphs.int8.straight import straight
from tombola.graphs.int8.weights import whole_weights
from tombola.graphs.interpret import interpret
from tombola.graphs.ops import Activate, Conv, Mul
from tombola.models.inputs.pixels import Normalise
from tombola.models.network import Network
from tombola.native.folder import prepared

SIZE = (3, 11, 9)
SMALL = (3, 3, 2)
"""Maps of fewer cells than a vector has."""


def network(gate: nn.Module, activation: type[nn.Module], channels: int = 10) -> Network:
    """A stem, a map gated, and a layer that reads it."""
    torch.manual_seed(0)
    body = nn.Sequential(
        nn.Conv2d(3, channels, 3, padding=1),
        activation(),
        gate,
        nn.Conv2d(channels, 7, 3, padding=1),
        activation(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(7, 5),
    )
    fill(body)
    return Network(body, Normalise([0.4] * 3, [0.3] * 3), source="gated").eval()


def images(size: tuple[int, int, int] = SIZE) -> Tensor:
    return torch.rand(3, *size, generator=torch.Generator().manual_seed(0))


def kinds(graph: Graph) -> list[type]:
    return [type(node.op) for node in graph]


@pytest.mark.parametrize("activation", [nn.SiLU, nn.Hardswish])
def test_a_net_of_gates_lies_in_cells(activation: type[nn.Module]) -> None:
    made = network(Excite(10, nn.Sigmoid()), activation)
    graph = rounded(made, images())
    found = kinds(graph)
    assert found.count(CellConv) == 2
    assert found.count(CellMean) == 2
    assert found.count(CellGate) == 1
    assert not {Conv, Mul, FromCells} & {*found}
    rounded_again = [node.shape[1:] for node in graph if isinstance(node.op, ToCells)]
    assert {*rounded_again} <= {(), (1, 1)}, "vectors for linear layers; no map is turned back and forth"
    with torch.no_grad():
        assert difference(interpret(graph, images()), made(images())) < 0.1


def test_what_no_convolution_reads_is_not_rounded_for_it() -> None:
    body = nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU(), ByMeans(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    made = Network(nn.Sequential(*body, nn.Linear(6, 4)), Normalise([0.4] * 3, [0.3] * 3), source="last").eval()
    assert CellGate not in kinds(rounded(made, images()))
    assert Mul in kinds(rounded(made, images()))


@pytest.mark.parametrize("size", [SIZE, SMALL])
@pytest.mark.parametrize("channels", [8, 10])
@pytest.mark.parametrize(
    ("machine", "extra"),
    [
        (HERE_WIDE[1], ()),
        *(pytest.param(machine, SANITIZED, marks=pytest.mark.slow) for machine in HERE_WIDE),
        *(pytest.param(machine, (), marks=pytest.mark.slow) for machine in ELSEWHERE),
    ],
    ids=["width 8, as it is", *(machine.name for machine in (*HERE_WIDE, *ELSEWHERE))],
)
def test_gates_in_c_are_what_whole_numbers_say(
    machine: Machine, extra: tuple[str, ...], channels: int, size: tuple[int, int, int], tmp_path: Path
) -> None:
    machine.require()
    x = 2 * images(size) - 0.5  # beyond what it was calibrated on
    graph = rounded(network(ByMeans(), nn.ReLU, channels), images(size))
    assert CellGate in kinds(graph)
    ours = answers(graph, x, tmp_path / "net", machine, extra, threads=2, batch=2)
    with torch.no_grad():  # of its maps to the last bit; the head is of floats
        torch.testing.assert_close(ours, interpret(graph, x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("activation", [nn.SiLU, nn.Hardswish])
@pytest.mark.parametrize(
    ("machine", "extra"),
    [(HERE_WIDE[1], ()), *(pytest.param(machine, SANITIZED, marks=pytest.mark.slow) for machine in HERE_WIDE)],
    ids=["width 8, as it is", *(machine.name for machine in HERE_WIDE)],
)
def test_activations_in_c_are_what_the_graph_says(
    machine: Machine, extra: tuple[str, ...], activation: type[nn.Module], tmp_path: Path
) -> None:
    machine.require()
    graph = rounded(network(Excite(10, nn.Sigmoid()), activation), images())
    assert {node.op.activation for node in graph if isinstance(node.op, CellConv)} != {None}
    assert Activate not in kinds(graph)[:4]
    ours = answers(graph, images(), tmp_path / "net", machine, extra, threads=2, batch=2)
    with torch.no_grad():  # an exponential of another library may round to the next of 256 steps
        assert difference(ours, interpret(graph, images())) < 0.02


def test_what_is_trained_is_what_is_shipped() -> None:
    made = network(Excite(10, nn.Sigmoid()), nn.Hardswish)
    found = calibrated(prepared(made, SIZE), images())
    x = (1.5 * images() - 0.2).requires_grad_()
    logits = straight(in_cells(found.graph, found.how, (), whole_weights), x)
    with torch.no_grad():
        torch.testing.assert_close(logits, interpret(found.in_cells(), x), rtol=1e-5, atol=1e-5)
    logits.sum().backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    assert x.grad is not None
    assert x.grad.abs().sum() > 0
