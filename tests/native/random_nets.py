"""Small nets of all operations, drawn by hypothesis, with tickets drawn on them."""

from collections.abc import Callable

import torch
from hypothesis import strategies as st
from torch import Tensor, nn

from tombola.models.inputs.pixels import Normalise
from tombola.models.network import Network

ACTIVATIONS: tuple[Callable[[], nn.Module], ...] = (
    nn.Identity,
    nn.ReLU,
    nn.ReLU6,
    nn.SiLU,
    nn.Hardswish,
    nn.Hardsigmoid,
    nn.Sigmoid,
)


class Residual(nn.Module):
    """``x + inner(x)``, activated."""

    def __init__(self, inner: nn.Module, after: nn.Module) -> None:
        super().__init__()
        self.inner, self.after = inner, after

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.after(self.inner(x) + x)
        return out


class Excite(nn.Module):
    """Channels weighted by what two small layers make of their means."""

    def __init__(self, channels: int, gate: nn.Module) -> None:
        super().__init__()
        self.down, self.up, self.gate = nn.Conv2d(channels, 3, 1), nn.Conv2d(3, channels, 1), gate

    def forward(self, x: Tensor) -> Tensor:
        weights = self.up(torch.relu(self.down(x.mean((2, 3), keepdim=True))))
        out: Tensor = x * self.gate(weights)
        return out


class Beside(nn.Module):
    """The input and several paths' outputs, one after another in channels."""

    def __init__(self, paths: list[nn.Module], *, itself: bool) -> None:
        super().__init__()
        self.paths, self.itself = nn.ModuleList(paths), itself

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([*([x] if self.itself else []), *(path(x) for path in self.paths)], 1)


class Growing:
    """A net as it grows: the shape that the next layer gets."""

    def __init__(self, draw: st.DrawFn, channels: int, size: tuple[int, int]) -> None:
        self.draw, self.channels, self.size = draw, channels, size
        self.layers: list[nn.Module] = []

    def put(self, layer: nn.Module) -> None:
        """Append a layer that gives maps."""
        with torch.no_grad():
            out = layer.eval()(torch.zeros(1, self.channels, *self.size))
        self.layers.append(layer)
        self.channels, self.size = out.shape[1], (out.shape[2], out.shape[3])

    def one_of(self, *values: int) -> int:
        return self.draw(st.sampled_from(values))

    def activation(self) -> nn.Module:
        return self.draw(st.sampled_from(ACTIVATIONS))()

    def same(self, outputs: int | None = None) -> nn.Sequential:
        """A convolution that keeps height and width, a batch norm and an activation."""
        kernel = self.one_of(1, 3, 5)
        conv = nn.Conv2d(self.channels, outputs or self.channels, kernel, padding=kernel // 2, bias=False)
        return nn.Sequential(conv, nn.BatchNorm2d(conv.out_channels), self.activation())

    def convolution(self) -> None:
        """Any convolution that fits."""
        height, width = self.size
        kernel = self.one_of(*(k for k in (1, 2, 3, 5) if k <= height + 2)), self.one_of(1, 3)
        padding = self.one_of(*range(max(kernel) // 2 + 2)), self.one_of(0, 1, 2)
        dilation = self.one_of(1, 1, 2), self.one_of(1, 1, 2)
        fits = all(
            side + 2 * pad >= step * (length - 1) + 1
            for side, pad, step, length in zip((height, width), padding, dilation, kernel, strict=True)
        )
        if not fits:
            kernel, padding, dilation = (1, 1), (0, 0), (1, 1)
        stride = self.one_of(1, 1, 2, 3), self.one_of(1, 1, 2)
        groups = self.one_of(*(g for g in (1, 1, 2, 3, self.channels) if self.channels % g == 0))
        outputs = groups * self.one_of(1, 2, 4) if groups > 1 else self.one_of(1, 3, 5, 8, 17)
        bias = self.draw(st.booleans())
        conv = nn.Conv2d(self.channels, outputs, kernel, stride, padding, dilation, groups, bias)
        self.put(nn.Sequential(conv, nn.BatchNorm2d(outputs), self.activation()))

    def pooling(self) -> None:
        """A maximum or a mean by windows."""
        kernel = self.one_of(*(k for k in (1, 2, 3) if k <= min(self.size)))
        padding = self.one_of(*range(kernel // 2 + 1))
        stride = self.one_of(1, 2)
        if self.draw(st.booleans()):
            self.put(nn.MaxPool2d(kernel, stride, padding, ceil_mode=self.draw(st.booleans())))
        else:
            self.put(nn.AvgPool2d(kernel, stride, padding, count_include_pad=self.draw(st.booleans())))

    def block(self) -> None:
        """A layer or a few that belong together."""
        kind = self.draw(st.sampled_from(("conv", "conv", "pool", "residual", "excite", "beside", "border")))
        if kind == "conv":
            self.convolution()
        elif kind == "pool":
            self.pooling()
        elif kind == "residual":
            self.put(Residual(self.same(), self.activation()))
        elif kind == "excite":
            self.put(Excite(self.channels, self.draw(st.sampled_from((nn.Sigmoid, nn.Hardsigmoid)))()))
        elif kind == "border":
            self.put(nn.ConstantPad2d((1, 0, 2, 1), self.draw(st.sampled_from((0.0, 0.5)))))
        else:
            self.put(Beside([self.same(4), self.same(3)], itself=self.draw(st.booleans())))


@st.composite
def networks(draw: st.DrawFn) -> tuple[Network, tuple[int, int, int]]:
    """A network with a ticket on it, and the size of its images."""
    channels = draw(st.sampled_from((1, 3)))
    height, width = draw(st.integers(4, 19)), draw(st.integers(4, 19))
    growing = Growing(draw, channels, (height, width))
    torch.manual_seed(draw(st.integers(0, 10**6)))
    for _ in range(draw(st.integers(1, 4))):
        growing.block()
    cells = draw(st.sampled_from((1, 1, 2)))
    features = growing.channels * cells * cells
    hidden = [nn.Linear(features, 9), nn.ReLU()] if draw(st.booleans()) else []
    head = [nn.AdaptiveAvgPool2d(cells), nn.Flatten(), *hidden, nn.Linear(9 if hidden else features, 5)]
    body = nn.Sequential(*growing.layers, *head)
    fill(body)
    prune(draw, body)
    normalise = Normalise([0.4] * channels, [0.3] * channels)
    return Network(body, normalise, source="drawn").eval(), (channels, height, width)


def fill(body: nn.Module) -> None:
    """Batch norms that change something."""
    for module in body.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor, low, high in (
                (module.running_mean, -0.3, 0.3),
                (module.running_var, 0.5, 1.5),
                (module.weight, 0.5, 1.5),
                (module.bias, -0.3, 0.3),
            ):
                assert tensor is not None
                tensor.data.uniform_(low, high)


def prune(draw: st.DrawFn, body: nn.Module) -> None:
    """Zeros of every kind: single ones, in stripes, whole channels, whole layers."""
    for module in body.modules():
        if not isinstance(module, nn.Conv2d):
            continue
        weight = module.weight.data
        kind = draw(st.sampled_from(("dense", "element", "element", "stripe", "channel", "inputs", "empty")))
        keep = draw(st.sampled_from((0.5, 0.1)))
        if kind == "element":
            weight *= torch.rand_like(weight) < keep
        elif kind == "stripe":
            weight *= (torch.rand(-(-len(weight) // 4), *weight.shape[1:]) < keep).repeat_interleave(4, 0)[
                : len(weight)
            ]
        elif kind == "channel":
            weight *= torch.rand(len(weight), 1, 1, 1) < 0.5
        elif kind == "inputs":
            weight *= torch.rand(1, weight.shape[1], 1, 1) < 0.5
        elif kind == "empty":
            weight *= 0
