"""`pack_stem`: a dense convolution of stride 2, and the pooling behind it, as `c/stem.h` reads them."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from tombola.graphs.ops import Conv, Stem
from tombola.native.choosing import Choice
from tombola.native.geometry import geometry
from tombola.native.initialisers import map_of, row_of
from tombola.native.layout import LINE, SLACK, Layout, rounded
from tombola.native.packed import Array, Packed
from tombola.native.packing import numbers
from tombola.native.tiling import even
from tombola.native.windows import MOST, Mixtures, mixtures

BLOCK = 4
WIDTHS = (16, 8, 4, 1)
KEPT = 3  # rows of a channel: STEM_ROWS in C


def pack_stem(stem: Stem, inp: Layout, out: Layout) -> Packed:
    """From maps laid out as ``inp`` to ``out``, the pooled one where it pools."""
    conv, whole = stem.conv, Layout(len(stem.conv.weight), *stem.size)
    choice = Choice(BLOCK, 6, "phases", 2, inp.channels, by_rows=False)
    place, ways = geometry(conv, inp, whole, choice), _phases(conv)
    tiles = tuple(even(whole.width, most, width) for most, width in zip(choice.tiles, WIDTHS, strict=True))
    less = tuple(max(1, vectors - 1) for vectors in tiles)
    values = _values(conv, ways)
    rows, survivors, _ = values.shape
    room = {
        "mixed": rounded(2 * survivors // conv.weight.shape[3] * place.line) + LINE,
        "panel": survivors * LINE * max(tiles),
        "stride": rounded(whole.width) + LINE * max(tiles),
    }
    views = inp.channels * len(place.views) * place.view_plane
    scratch = rows * BLOCK * KEPT * room["stride"] + room["panel"] + room["mixed"] + views + SLACK
    return Packed(
        "stem",
        {
            **{f"conv.{name}": number for name, number in numbers(conv, inp, whole, choice, place).items()},
            "conv.rows": rows,
            "conv.vectors": f"CONV_T({', '.join(map(str, tiles))})",
            **_pool(stem, out),
            **room,
            "points": row_of([len(way.points) for way in ways]),
            "counts": row_of(_counts(conv, ways)),
            "survivors": survivors,
            "tile": _name(tiles),
            "less": _name(less),
        },
        {
            "values": values.reshape(-1),
            "places": _places(conv, ways, place.line),
            "mixes": _mixes(ways),
            "bias": _bias(conv, rows),
            "conv.views": np.array(place.views, np.int32).reshape(-1),
        },
        tuple(dict.fromkeys(f"STEM_TILE({BLOCK}, {', '.join(map(str, some))})" for some in (tiles, less))),
        rounded(scratch),
        choice,
    )


def _phases(conv: Conv) -> tuple[Mixtures, Mixtures]:
    """Of the kernel's even rows, and of the odd ones."""
    rows = conv.weight.shape[2]
    return mixtures(-(-rows // 2)), mixtures(rows // 2)


def _values(conv: Conv, ways: tuple[Mixtures, Mixtures]) -> npt.NDArray[np.float32]:
    """(rows of channels, survivors, BLOCK): the weights at every point."""
    weight = conv.weight.detach().double().numpy()
    mixed = [
        np.einsum("k,oikx->oix", ways[phase].factors[own], weight[:, :, phase::2]).reshape(len(weight), -1)
        for phase, own in _by_point(ways)
    ]
    whole = np.zeros((rounded(len(weight), BLOCK), sum(part.shape[1] for part in mixed)))
    whole[: len(weight)] = np.concatenate(mixed, 1)
    return np.ascontiguousarray(whole.reshape(-1, BLOCK, whole.shape[1]).transpose(0, 2, 1), np.float32)


def _counts(conv: Conv, ways: tuple[Mixtures, Mixtures]) -> list[int]:
    """Survivors of a channel at each point."""
    each = conv.weight.shape[1] * conv.weight.shape[3]
    return [each * sum(point in way.points for way in ways) for point in range(MOST)]


def _places(conv: Conv, ways: tuple[Mixtures, Mixtures], line: int) -> Array:
    """Where each survivor's first pixel lies in the rows at every point: those of an input behind each other."""
    inputs, _, columns = conv.weight.shape[1:]
    channel, column = (each.reshape(-1) for each in np.meshgrid(np.arange(inputs), np.arange(columns), indexing="ij"))
    firsts = [0, len(ways[0].points)]
    rows = [firsts[phase] + own for phase, own in _by_point(ways)]
    found = [((channel * len(rows) + row) * 2 + column % 2) * line + column // 2 for row in rows]
    return np.concatenate(found).astype(np.int32)


def _by_point(ways: tuple[Mixtures, Mixtures]) -> Iterator[tuple[int, int]]:
    """A phase and the number of its mixture, for every point in turn."""
    for point in range(MOST):
        for phase, way in enumerate(ways):
            if point in way.points:
                yield phase, way.points.index(point)


def _mixes(ways: tuple[Mixtures, Mixtures]) -> Array:
    found = np.zeros((len(ways), MOST, MOST), np.float32)
    for phase, way in enumerate(ways):
        found[phase, : len(way.data), : way.data.shape[1]] = way.data
    return found.reshape(-1)


def _bias(conv: Conv, rows: int) -> Array:
    found = np.zeros(rows * BLOCK, np.float32)
    if conv.bias is not None:
        found[: len(conv.weight)] = conv.bias.detach().numpy()
    return found


def _pool(stem: Stem, out: Layout) -> dict[str, int | str]:
    """The map that is written, and the windows where there are some."""
    found: dict[str, int | str] = {"pool.out": map_of(out)}
    if (pool := stem.pool) is None:
        return found
    pairs = {"kernel": pool.kernel, "stride": pool.stride, "dilation": pool.dilation, "before": pool.padding[::2]}
    return found | {f"pool.{name}": row_of(pair) for name, pair in pairs.items()}


def _name(tiles: tuple[int, ...]) -> str:
    return "_".join(["stem_tile", *map(str, (BLOCK, *tiles))])
