"""`Geometry`: where the pixels that a convolution's weights meet lie, for a way of reading the input."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tombola.graphs.ops import Conv
from tombola.native.choosing import Choice
from tombola.native.layout import LINE, SLACK, Layout, rounded


@dataclass(frozen=True)
class Geometry:
    """``taps``: floats from the pixel a tile begins with to the one that kernel position (y, x) meets.

    ``line``: floats from a row of a tile to the next; ``channel``: to the next input channel; ``start``: from a plane's
    beginning to where tiles begin (of a panel: to the first pixel). ``views``: of a panel, the first padded pixel of
    each; none if tiles read the map. ``view_rows``: rows of a view beyond a band's own.
    """

    taps: npt.NDArray[np.int64]
    line: int
    channel: int
    start: int
    views: tuple[tuple[int, int], ...] = ()
    view_rows: int = 0
    view_plane: int = 0


def bordered(conv: Conv, inp: Layout, out: Layout) -> bool:
    """Whether a panel's rows can be copied without a look at where the input ends: its margin holds the padding."""
    top, _, left, _ = conv.padding
    down, right = (
        (size - 1) * conv.stride[i] + (conv.weight.shape[2 + i] - 1) * conv.dilation[i] + 1
        for i, size in enumerate((out.height, out.width))
    )
    needed = max(top, left, down - top - inp.height, right - left - inp.width)
    beyond = conv.stride[0] * inp.row + 2 * conv.stride[1] * (out.width + LINE)
    return needed <= inp.margin and conv.stride[1] <= 2 and beyond <= SLACK


def geometry(conv: Conv, inp: Layout, out: Layout, choice: Choice) -> Geometry:
    """Where ``choice.source`` puts the pixels."""
    ys, xs = (np.arange(conv.weight.shape[2 + i]) * conv.dilation[i] for i in (0, 1))
    taps = ys[:, None] * inp.row + xs
    if choice.source == "map":
        return Geometry(taps, inp.row, inp.plane, inp.origin - conv.padding[0] * inp.row - conv.padding[2])
    if choice.source == "rows":  # as they lie, the margins that rows share too; a row more for the last one's
        rows = int(ys.max()) + 1
        plane = rounded((choice.band + rows) * inp.row)
        return Geometry(taps, inp.row, plane, inp.origin, ((0, 0),), rows, plane)
    return _panel(conv, inp, out, choice, ys, xs)


def _panel(
    conv: Conv, inp: Layout, out: Layout, choice: Choice, ys: npt.NDArray[np.int64], xs: npt.NDArray[np.int64]
) -> Geometry:
    (down, over), columns = conv.stride, choice.source == "columns"
    first_y, first_x = ys % down, xs if columns else xs % over
    below, beside = (ys - first_y) // down, (xs - first_x) // over
    line = rounded(out.width) if columns else max(out.width + int(beside.max()), out.row)
    rows = int(below.max())
    plane = rounded((choice.band + rows) * line)
    views = sorted({(int(y), int(x)) for y in first_y for x in first_x})
    number = np.array([[views.index((int(y), int(x))) for x in first_x] for y in first_y])
    taps = number * plane + below[:, None] * line + beside
    return Geometry(taps, line, len(views) * plane, inp.origin, tuple(views), rows, plane)
