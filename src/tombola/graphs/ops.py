"""The operations of a `Graph`: each a frozen value that says how its output follows from its inputs.

Weights are float32 on the CPU. Pairs are (height, width); padding is (top, bottom, left, right), of zeros.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from torch import Tensor

Pair: TypeAlias = tuple[int, int]
Sides: TypeAlias = tuple[int, int, int, int]
Activation: TypeAlias = Literal[
    "relu", "relu6", "silu", "hardswish", "hardsigmoid", "sigmoid", "gelu", "gelu_tanh", "tanh"
]


@dataclass(frozen=True, eq=False)
class Input:
    """The images as they are given, in [0, 1]."""


@dataclass(frozen=True, eq=False)
class Conv:
    """A convolution; ``weight`` is (out, in / groups, kh, kw), ``tensor`` its name in the body's state dict.

    ``activation`` and ``residual`` are set by fusing alone: with ``residual`` the node has a second input, which is
    added after the bias and before the activation.
    """

    weight: Tensor
    bias: Tensor | None
    stride: Pair = (1, 1)
    padding: Sides = (0, 0, 0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1
    tensor: str = ""
    activation: Activation | None = None
    residual: bool = False


@dataclass(frozen=True, eq=False)
class Linear:
    """``x @ weight.T + bias`` of a vector; ``tensor`` and ``activation`` as of `Conv`."""

    weight: Tensor
    bias: Tensor | None
    tensor: str = ""
    activation: Activation | None = None


@dataclass(frozen=True, eq=False)
class Scale:
    """``x * scale + shift`` channel by channel: the normaliser, a batch norm in evaluation, a constant.

    ``module`` is the batch norm's name in the body, empty for what is none.
    """

    scale: Tensor
    shift: Tensor
    module: str = ""


@dataclass(frozen=True, eq=False)
class Activate:
    """An activation, element by element."""

    kind: Activation


@dataclass(frozen=True, eq=False)
class Add:
    """The sum of two inputs; a second one of shape (C, 1, 1) counts at every position."""


@dataclass(frozen=True, eq=False)
class Mul:
    """The product of two inputs; a second one of shape (C, 1, 1) counts at every position."""


@dataclass(frozen=True, eq=False)
class Concat:
    """The inputs' channels one after another."""


@dataclass(frozen=True, eq=False)
class Pad:
    """A border of ``value``; fusing takes a border of zeros into the convolution that reads it."""

    padding: Sides
    value: float = 0.0


@dataclass(frozen=True, eq=False)
class Widen:
    """Channels of zeros before and after the input's own, as a shortcut without weights has them."""

    before: int
    after: int


@dataclass(frozen=True, eq=False)
class Pool:
    """The maximum or the mean of windows; of one by one it takes every ``stride``-th position.

    ``counts_padding``: a mean divides by the whole window at the border too.
    """

    kind: Literal["max", "average"]
    kernel: Pair
    stride: Pair
    padding: Sides = (0, 0, 0, 0)
    dilation: Pair = (1, 1)
    counts_padding: bool = True


@dataclass(frozen=True, eq=False)
class Stem:
    """A convolution whose output has height and width ``size``, and the maximum of windows of that, or none."""

    conv: Conv
    pool: Pool | None
    size: Pair


@dataclass(frozen=True, eq=False)
class Adaptive:
    """The mean of as many windows as the output has positions, as torch's adaptive average pooling cuts them."""


@dataclass(frozen=True, eq=False)
class Flatten:
    """(C, H, W) as a vector, channels outermost."""


@dataclass(frozen=True, eq=False)
class OfCells:
    """An operation on rounded maps: `graphs.cells` has them."""


@dataclass(frozen=True, eq=False)
class OfTokens:
    """An operation of transformers, or one on the order of values: `graphs.tokens` has them."""


Op: TypeAlias = (
    Input
    | Conv
    | Linear
    | Scale
    | Activate
    | Add
    | Mul
    | Concat
    | Pad
    | Widen
    | Pool
    | Stem
    | Adaptive
    | Flatten
    | OfCells
    | OfTokens
)
