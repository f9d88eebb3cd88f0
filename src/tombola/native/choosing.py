"""`Choice`: how one convolution is computed; `candidates`: the ways worth trying, by what they are thought to cost.

The sums of ``block`` output channels over ``tile`` vectors stay in registers while one pass goes over the group's
survivors. A survivor of one channel is worth one load and one multiply-add a vector, and loads bound it; channels that
share their survivors share the loads. Blocks of input channels keep what a tile reads in the first cache; each block
more costs a visit to the sums.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal, TypeAlias

import numpy as np

from tombola.graphs.ops import Conv
from tombola.native.layout import LINE, Layout, rounded
from tombola.native.sharing import rows_of
from tombola.native.targets import vector

Source: TypeAlias = Literal["map", "rows", "phases", "columns"]
TILES = {1: (20, 16, 14, 10, 8, 7, 5, 4, 2, 1), 2: (13, 10, 8, 5, 4, 2, 1), 4: (6, 5, 4, 2, 1), 8: (3, 2, 1)}
CHANNELS = (128, 64, 32, 24, 16)
ROOM = 1.15 * 6 / 4  # floats a survivor may take in the file, its step included
COPIED = 120_000  # floats of a panel
FARTHEST = 32767  # floats between two survivors
CROWDED = 0.3  # of the weights kept: from here on zeros may be listed too, whatever they take


@dataclass(frozen=True)
class Choice:
    """``source``: tiles read the map itself (stride 1), or a panel: its rows as they are (stride 1), one view for each
    phase of the stride, or one for each column of the kernel (rows at whole vectors).

    ``tile`` counts vectors where they have 16 floats. ``band``: output rows copied at once. ``channels``: those of a
    block of inputs. ``by_rows``: threads share the output channels; else the bands.
    """

    block: int
    tile: int
    source: Source
    band: int
    channels: int
    by_rows: bool

    @property
    def tiles(self) -> tuple[int, int, int, int]:
        """Vectors a tile for vectors of 16, 8, 4 and 1 floats: what the registers of such machines hold."""
        return self.tile, max(1, min(12 // self.block, 2 * self.tile)), self.tile, max(1, 8 // self.block)

    def vectors(self, floats: int) -> int:
        """Vectors a tile where they have so many floats."""
        return self.tiles[(16, 8, 4, 1).index(floats)]


@dataclass(frozen=True)
class Machine:
    """What a core takes, in its cycles; the numbers are those of one with AVX-512, measured.

    ``floats`` of a vector; everything that is said of one is of a vector of so many.
    """

    floats: int = 16
    first_cache: int = 36_000  # bytes of pixels that stay
    multiply: float = 0.52  # a multiply-add of a vector
    load: float = 0.5
    crossing: float = 1.9  # loads that an unaligned vector is worth
    single: float = 1.3  # times that, of groups of one channel, where nothing but loads bounds
    latency: float = 4.0  # from a survivor's sums to the next one's
    survivor: float = 0.7  # beside its vectors
    far_line: float = 2.6  # a line of pixels from the second cache
    missed: float = 0.001  # part that a group's survivor takes longer whose pixels are not in the first cache
    alone: float = 1.0  # times the first cache: what is near to groups of one channel, which loads bound anyway
    stream: float = 8.0  # a line of weights that come from memory
    second_cache: int = 1_500_000  # bytes of weights that stay
    visit: float = 1.5  # a vector of sums written, or taken up again
    far_visit: float = 2.2  # the same from the second cache
    call: float = 40.0  # a group at a tile, whatever it computes
    row: float = 60.0  # a row of a channel that is not as long as the input's
    copied: float = 6.0  # a vector of a panel
    nanoseconds: float = 0.32  # of a cycle


AVX2 = Machine(
    floats=8,
    first_cache=16_000,
    multiply=0.6,
    load=0.57,
    crossing=1.7,
    single=0.93,
    latency=3.2,
    far_line=2.4,
    missed=0.4,
    alone=2.25,
    stream=2.9,
    visit=4.3,
    far_visit=1.8,
    call=28.0,
    row=62.0,
    copied=16.0,
    nanoseconds=0.31,
)
"""One with vectors of 8 floats and 16 registers: `tombola bench --calibrate` on a Zen 3; what bounds the blocks of
input channels (the first cache, visits, what is missed) by single layers of ResNet-18 with blocks of every size."""


def shipped(floats: int) -> Machine:
    """A core with vectors of so many floats, as measured on one; of 4 and 1 as of 16: their tiles are alike."""
    return AVX2 if floats == AVX2.floats else Machine()


def here() -> Machine:
    """This machine as `tombola bench --calibrate` found it, or the numbers that are shipped for its vectors."""
    from tombola.native.calibration import coefficients

    known = coefficients()
    return shipped(vector("native")) if known is None else Machine(**known)  # type: ignore[arg-type]  # its fields


def machine_for(target: str) -> Machine:
    """What a net for a target is chosen by: this machine where it has such vectors, else one that has."""
    wanted = vector(target)
    return here() if wanted == vector("native") else shipped(wanted)


def chosen(conv: Conv, inp: Layout, out: Layout) -> Choice:
    """What should be fastest."""
    return candidates(conv, inp, out, 1)[0]


def candidates(conv: Conv, inp: Layout, out: Layout, most: int = 5, machine: Machine | None = None) -> list[Choice]:
    """Some that are worth trying, the one that should be fastest first."""
    known = machine or here()
    costs = {way: cost(conv, inp, out, way, lists, known) for way, lists in _ways(conv, inp, out, known.floats)}
    return sorted(costs, key=lambda way: costs[way])[:most]


def seconds(
    conv: Conv, inp: Layout, out: Layout, choice: Choice | None = None, machine: Machine | None = None
) -> float:
    """What an image should take on one thread, by ``choice`` or by the best."""
    known = machine or here()
    costs = [
        cost(conv, inp, out, way, lists, known)
        for way, lists in _ways(conv, inp, out, known.floats)
        if choice in (None, way)
    ]
    if not costs and choice:
        costs = [cost(conv, inp, out, choice, dict(lists_of(conv))[choice.block], known)]
    return 1e-9 * known.nanoseconds * min(costs)


def cost(conv: Conv, inp: Layout, out: Layout, choice: Choice, lists: int, machine: Machine) -> float:
    """Cycles; ``lists`` counts the survivors of all groups of ``choice.block`` channels together."""
    (line, views), inputs, floats = _line(conv, inp, out, choice), conv.weight.shape[1], machine.floats
    tile, vectors = choice.vectors(floats), -(-out.height * line // floats)
    tiles, blocks = -(-vectors // tile), -(-inputs // choice.channels)
    slots = max(vectors, tiles * (tile - 1), 1)  # vectors computed: some tiles are one shorter
    groups = -(-conv.weight.shape[0] // choice.block)
    near, missed = _pixels(conv, choice, line, views, machine)
    few = choice.block * tile * groups * 4 * floats < machine.first_cache / 2
    sums = (
        choice.block * slots * groups * (machine.visit + (blocks - 1) * (machine.visit if few else machine.far_visit))
    )
    ragged = machine.row * out.height * conv.weight.shape[0] if line != out.row else 0.0
    copied = inputs * conv.groups * views * out.height * rounded(line) / floats if choice.source != "map" else 0.0
    copied *= 1 + (conv.weight.shape[2] - 1) / choice.band if choice.source == "rows" else 1
    if choice.source == "map":  # survivors that lead on to far ones
        lists += int(inputs * inp.plane * groups / FARTHEST)
    passes = lists * _survivor(choice, near, machine) * (1 + machine.missed * missed) * slots / tile
    weights = lists * (4 * choice.block + 2)
    passes += machine.stream * tiles * weights / 64 if weights > machine.second_cache else 0.0
    return float(passes + sums + ragged + machine.copied * copied + machine.call * tiles * blocks * groups)


def _pixels(conv: Conv, choice: Choice, line: int, views: int, machine: Machine) -> tuple[bool, float]:
    """Whether what a tile meets between two visits is near, and the part that is gone from the first cache when a list
    comes back; that of the widest tile, as a smaller one gains nothing. Few inputs come in one block anyway.
    """
    widest = replace(choice, tile=TILES[choice.block][0])
    beyond = (conv.weight.shape[2] - 1) * conv.dilation[0] / conv.stride[0]
    own, most = (
        4 * choice.channels * views * (way.vectors(machine.floats) * machine.floats + beyond * line)
        for way in (choice, widest)
    )
    near = own < machine.first_cache * (machine.alone if choice.block == 1 else 1.0)
    splits = choice.block > 1 and conv.weight.shape[1] > CHANNELS[-1]
    return near, max(0.0, 1 - machine.first_cache / most) if splits else 0.0


def _survivor(choice: Choice, near: bool, machine: Machine) -> float:
    """Cycles of one survivor of a group at a tile."""
    size, tile = choice.block, choice.vectors(machine.floats)
    crossing = 1.0 if choice.source == "columns" else machine.crossing * (machine.single if size == 1 else 1.0)
    bounds = (machine.multiply * size * tile, machine.load * (tile * crossing + size + 1), machine.latency)
    far = 0.0 if near else machine.far_line * (tile * machine.floats / LINE + 0.9)
    return max(*bounds, far) + machine.survivor


def _line(conv: Conv, inp: Layout, out: Layout, choice: Choice) -> tuple[int, int]:
    """Floats of a row of what a tile reads, and how many views there are of a channel."""
    if choice.source in ("map", "rows"):
        return inp.row, 1
    (down, over), (height, width) = conv.stride, conv.weight.shape[2:]
    if choice.source == "columns":
        return rounded(out.width), min(down, height) * width
    return max(out.row, out.width + (width - 1) * conv.dilation[1] // over), min(down, height) * min(over, width)


def _ways(conv: Conv, inp: Layout, out: Layout, floats: int) -> Iterator[tuple[Choice, int]]:
    """Choices with what `cost` asks of the weights."""
    inputs, survivors = conv.weight.shape[1], int((conv.weight != 0).sum())
    band, by_rows = bands(conv, out)
    for size, lists in lists_of(conv):
        crowded = survivors > CROWDED * conv.weight.numel()
        if size > 1 and not crowded and lists * (size + 0.5) > ROOM * survivors:
            continue
        vectors = -(-out.height * max(inp.row if conv.stride == (1, 1) else 0, out.row) // LINE)
        for source, tile, channels in product(
            _sources(conv, inp, out), _tiles(size, vectors, floats), _channels(inputs)
        ):
            if source == "rows":
                yield Choice(size, tile, source, _few_rows(conv, inp, out), channels, by_rows=False), lists
            else:
                yield Choice(size, tile, source, band, channels, by_rows), lists


def _tiles(size: int, most: int, floats: int) -> Iterable[int]:
    """The tiles of groups of ``size`` channels, each once: several may be one where vectors are shorter."""
    found: dict[int, int] = {}
    for tile in TILES[size]:
        if tile <= most:
            found.setdefault(Choice(size, tile, "map", 1, 1, by_rows=True).vectors(floats), tile)
    return found.values() or [1]


def _channels(inputs: int) -> Iterable[int]:
    return [inputs, *(number for number in CHANNELS if number < inputs)]


def _sources(conv: Conv, inp: Layout, out: Layout) -> Iterator[Source]:
    yield "map" if reads_map(conv, inp, out) else "phases"
    if reads_map(conv, inp, out) and conv.groups == 1 and inp.plane > FARTHEST / 2:
        yield "rows"
    if conv.stride != (1, 1) and out.width >= LINE and conv.weight.shape[3] > 1:
        yield "columns"


def lists_of(conv: Conv) -> Iterator[tuple[int, int]]:
    """For each number of channels a group may have, the survivors of all groups."""
    kept = (conv.weight != 0).numpy().reshape(conv.groups, conv.weight.shape[0] // conv.groups, -1)
    for size in TILES:
        if size == 1 or size <= kept.shape[1]:
            yield size, sum(_union(of_group, size) for of_group in kept)


def _union(kept: np.ndarray, size: int) -> int:
    rows = rows_of(kept, size)
    padded = np.vstack([kept, np.zeros((1, kept.shape[1]), bool)])
    return int(padded[rows].any(axis=1).sum())


def bands(conv: Conv, out: Layout) -> tuple[int, bool]:
    """Rows of a band, and whether threads share channels: on large maps they share the pixels."""
    if out.height < 20 or conv.groups > 1 or (out.height < 40 and conv.stride != (1, 1)):
        return out.height, True
    return -(-out.height // max(1, round(out.height / 14))), False


def _few_rows(conv: Conv, inp: Layout, out: Layout) -> int:
    """Rows whose panel stays in the second cache."""
    rows = COPIED // (conv.weight.shape[1] * inp.row) - (conv.weight.shape[2] - 1) * conv.dilation[0]
    return max(1, min(rows, out.height))


def reads_map(conv: Conv, inp: Layout, out: Layout) -> bool:
    """Whether tiles can read the map itself: pixels a step apart, a margin as wide as the padding, no row longer."""
    top, _, left, _ = conv.padding
    down = (conv.weight.shape[2] - 1) * conv.dilation[0] + out.height - top - inp.height
    right = (conv.weight.shape[3] - 1) * conv.dilation[1] + out.width - left - inp.width
    return conv.stride == (1, 1) and max(top, left, down, right) <= inp.margin and out.width <= inp.row
