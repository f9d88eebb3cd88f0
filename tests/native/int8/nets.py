"""Nets that are computed in whole numbers from end to end, drawn by hypothesis or by hand, and their answers in C."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

import torch
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from tests.native.programs import SANITIZED, Machine, program, run
from tests.native.random_nets import Growing, Residual, fill, prune
from torch import Tensor, nn

from tombola.graphs.cells import CellConv
from tombola.graphs.graph import Graph
from tombola.graphs.int8.ranges import Clip
from tombola.graphs.int8.rounding import rounded_graph
from tombola.graphs.interpret import interpret
from tombola.models.inputs.pixels import Normalise
from tombola.models.network import Network
from tombola.native.folder import layers_of, prepared, write_program
from tombola.native.lowering import lower

ENDS: tuple[Callable[[], nn.Module], ...] = (nn.Identity, nn.ReLU, nn.ReLU, nn.ReLU6)

SLOW = settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
)
Nets: TypeAlias = Callable[[], st.SearchStrategy[tuple[Network, tuple[int, int, int]]]]


class Whole(Growing):
    """A net of what int8 computes to the last bit."""

    def activation(self) -> nn.Module:
        return self.draw(st.sampled_from(ENDS))()

    def block(self) -> None:
        kind = self.draw(st.sampled_from(("conv", "conv", "pool", "residual", "gate")))
        if kind == "conv":
            self.convolution()
        elif kind == "gate":
            self.put(ByMeans())
            self.convolution()
        elif kind == "pool":
            kernel = self.one_of(*(k for k in (1, 2, 3) if k <= min(self.size)))
            padding = self.one_of(*range(kernel // 2 + 1))
            self.put(nn.MaxPool2d(kernel, self.one_of(1, 2), padding, ceil_mode=self.draw(st.booleans())))
        else:
            self.put(Residual(self.same(), self.activation()))


@st.composite
def networks(draw: st.DrawFn) -> tuple[Network, tuple[int, int, int]]:
    """A network with a ticket on it, and the size of its images."""
    channels = draw(st.sampled_from((1, 3)))
    height, width = draw(st.integers(4, 19)), draw(st.integers(4, 19))
    growing = Whole(draw, channels, (height, width))
    torch.manual_seed(draw(st.integers(0, 10**6)))
    for _ in range(draw(st.integers(1, 4))):
        growing.block()
    hidden = [nn.Linear(growing.channels, 9), nn.ReLU()] if draw(st.booleans()) else []
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), *hidden, nn.Linear(9 if hidden else growing.channels, 5)]
    body = nn.Sequential(*growing.layers, *head)
    fill(body)
    prune(draw, body)
    return Network(body, Normalise([0.4] * channels, [0.3] * channels), source="drawn").eval(), (
        channels,
        height,
        width,
    )


def small() -> Network:
    """A stem with pooling, a block with a shortcut of its own, depthwise and 1x1 layers, and a head."""
    torch.manual_seed(0)
    down = nn.Sequential(nn.Conv2d(9, 13, 3, 2, 1), nn.ReLU(), nn.Conv2d(13, 13, 3, 1, 1))
    body = nn.Sequential(
        nn.Conv2d(3, 9, 7, 2, 3),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, 1),
        Residual(nn.Conv2d(9, 9, 3, 1, 1), nn.ReLU()),
        Shortcut(down, nn.Conv2d(9, 13, 1, 2)),
        nn.Conv2d(13, 13, 3, 1, 1, groups=13),
        nn.ReLU6(),
        nn.Conv2d(13, 20, 1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(20, 6),
    )
    for name, weight in body.named_parameters():
        if weight.ndim == 4 and name != "0.weight":
            weight.data *= torch.rand(weight.shape) < 0.4
    return Network(body, Normalise([0.4] * 3, [0.3] * 3), source="small").eval()


@st.composite
def on_small_maps(draw: st.DrawFn) -> tuple[Network, tuple[int, int, int]]:
    """Dense layers of many channels on maps of few pixels, with and without strides, and the size of its images."""
    height, width = draw(st.integers(2, 15)), draw(st.integers(2, 15))
    first, second = (draw(st.sampled_from((30, 32, 37, 64, 70))) for _ in range(2))
    kernel, stride = draw(st.sampled_from((1, 3))), draw(st.sampled_from((1, 2)))
    torch.manual_seed(draw(st.integers(0, 10**6)))
    body = nn.Sequential(
        nn.Conv2d(3, first, 3, 1, 1),
        nn.ReLU(),
        Residual(nn.Conv2d(first, first, 3, 1, 1), draw(st.sampled_from(ENDS))()),
        nn.Conv2d(first, second, kernel, stride, kernel // 2),
        nn.ReLU6(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(second, 5),
    )
    fill(body)
    return Network(body, Normalise([0.4] * 3, [0.3] * 3), source="drawn").eval(), (3, height, width)


class ByMeans(nn.Module):
    """Each channel times its own mean: a squeeze and excitation without layers, which are of floats."""

    def forward(self, x: Tensor) -> Tensor:
        return x * x.mean((2, 3), keepdim=True)


class NormOfChannels(nn.Module):
    """A layer norm over the channels of each pixel, which takes floats."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)

    def forward(self, x: Tensor) -> Tensor:
        normed: Tensor = self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return normed


class Shortcut(nn.Module):
    """Two ways, their sum after ReLU."""

    def __init__(self, first: nn.Module, second: nn.Module) -> None:
        super().__init__()
        self.first, self.second = first, second

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.first(x) + self.second(x))


def rounded(network: Network, x: Tensor, clip: Clip = "largest", in_float32: tuple[str, ...] = ()) -> Graph:
    """What the network computes, calibrated on these images."""
    size = (x.shape[1], x.shape[2], x.shape[3])
    return rounded_graph(prepared(network, size), x, clip, in_float32)


def answers(
    graph: Graph,
    x: Tensor,
    folder: Path,
    machine: Machine,
    extra: tuple[str, ...] = (),
    threads: int = 1,
    batch: int = 1,
    target: str = "avx2",
) -> Tensor:
    """The logits of a graph's C, packed for ``target``, by a program for ``machine``."""
    made = lower(graph)
    write_program(made, layers_of(made, target=target), folder, target="native", values="int8")
    return run(machine, program(folder, machine, extra), x, threads=threads, batch=batch)


def check(
    machine: Machine,
    network: Network,
    size: tuple[int, int, int],
    threads: int,
    batch: int,
    extra: tuple[str, ...] = SANITIZED,
    target: str = "avx2",
) -> None:
    """C's logits of three images are the graph's own, to the last bit."""
    x = torch.rand(3, *size)
    x[2] = 4 * x[2] - 2  # beyond what it was calibrated on
    graph = rounded(network, x[:2])
    with TemporaryDirectory() as work, torch.no_grad():
        ours = answers(graph, x, Path(work) / "net", machine, extra, threads, batch, target)
        assert torch.equal(ours, interpret(graph, x))


def cells_layer(weight: Tensor) -> CellConv:
    """A convolution of such weights, whose sums are bytes as they are."""
    outputs = len(weight)
    bias, factor = torch.zeros(outputs, dtype=torch.int32), torch.ones(outputs)
    whole = weight.to(torch.int8)
    return CellConv(weight=whole, bias=bias, factor=factor, entering=0, zero=0, least=0, largest=255)
