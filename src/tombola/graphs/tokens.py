"""Operations of transformers: a token is a pixel, its features are the channels, so a layer on tokens is a convolution.

Values are moved only where an operation asks for another order; `tombola.graphs.views` follows the rest.
"""

from dataclasses import dataclass

from torch import Tensor

from tombola.graphs.ops import Input, OfTokens
from tombola.graphs.views import Axes


@dataclass(frozen=True, eq=False)
class Norm(OfTokens):
    """Each pixel's channels less their mean, by their deviation, times ``scale`` plus ``shift`` if given."""

    eps: float
    scale: Tensor | None = None
    shift: Tensor | None = None


@dataclass(frozen=True, eq=False)
class Attention(OfTokens):
    """What queries make of keys and values, three maps of heads * d channels: softmax(scale q k + bias) v.

    The pixels are ``windows`` of so many tokens each, one behind another, that do not see each other. ``bias`` is
    (windows or 1, heads or 1, queries, keys).
    """

    heads: int
    scale: float
    bias: Tensor | None = None
    windows: int = 1


@dataclass(frozen=True, eq=False)
class Move(OfTokens):
    """Values in another order: the axes of the channels and of the pixels that come out, in steps of the input's.

    ``first`` is the input's channel and pixel that come first.
    """

    channels: Axes
    pixels: Axes
    first: tuple[int, int] = (0, 0)


@dataclass(frozen=True, eq=False)
class Part(OfTokens):
    """Channels from ``first`` on, as many as the shape says."""

    first: int


@dataclass(frozen=True, eq=False)
class Join(OfTokens):
    """The inputs' pixels one behind another."""


@dataclass(frozen=True, eq=False)
class Constant(OfTokens):
    """A map that is the same for every image: a token, a position's embedding. Its shape is the node's."""

    value: Tensor


@dataclass(frozen=True, eq=False)
class TokenIds(Input):
    """Texts as whole numbers, a channel for each of the network's inputs, so called: (inputs, 1, tokens).

    ``pad`` is the id that texts are filled up with; ``never`` one that no token of a text has, where the network counts
    on that.
    """

    names: tuple[str, ...]
    pad: int = 0
    never: int | None = None


@dataclass(frozen=True, eq=False)
class Embed(OfTokens):
    """Rows of a table (words, C) by the ids of input number ``place``; ``tensor`` as of `Conv`.

    ``steps`` (words,) where each row holds whole numbers of -127 to 127 of its own step, and may be kept as bytes.
    """

    table: Tensor
    place: int = 0
    tensor: str = ""
    steps: Tensor | None = None
