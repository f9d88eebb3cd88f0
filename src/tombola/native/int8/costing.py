"""`CellMachine`: what a core takes for convolutions of cells; `cell_seconds`: what one should take; `fitted`: by times.

The model is a sum of eight parts, so that it is fitted to times by least squares: the products of a vector, its pixels'
load, a survivor and a list beside their vectors, a vector of sums that becomes bytes, a vector of a panel, and where
there are tiles a square at a vector, whose rows lie evenly or are copied.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tombola.graphs.cells import CELL, CellSums
from tombola.native.int8.choosing import WIDTHS, Plan, plan
from tombola.native.layout import Layout

PULL: Final = 0.05
"""How much an error of all of a number, against what is shipped, counts against one of all of a time."""


@dataclass(frozen=True)
class CellMachine:
    """Nanoseconds of a core; the numbers are those of a Zen 3 with AVX2 (vectors of 8), measured beside other work, of
    squares those of a Xeon with AMX (model 207)."""

    product: float = 0.27
    load: float = 0.12
    survivor: float = 0.54
    list: float = 12.5
    ended: float = 1.33
    copied: float = 2.06
    even: float = 10.5
    uneven: float = 17.2


VNNI: Final = CellMachine(product=0.29, load=0.1, survivor=0.3, list=10.0, ended=1.5, copied=2.0)
"""Of vectors of 16 with an instruction for a sum of four products: 199 billion products a second were measured."""


def shipped(floats: int) -> CellMachine:
    """A core with vectors of so many floats; of 4 and 1 as of 8, which count of everything more."""
    return VNNI if floats == 16 else CellMachine()


def cell_seconds(
    conv: CellSums, inp: Layout, out: Layout, machine: CellMachine, floats: int, tiles: bool = False
) -> float:
    """What an image should take on one thread."""
    return 1e-9 * float(np.dot(work(conv, inp, out, floats, tiles), astuple(machine)))


def work(conv: CellSums, inp: Layout, out: Layout, floats: int, tiles: bool = False) -> NDArray[np.float64]:
    """How often each part of a `CellMachine` is met in an image, by a processor with ``tiles`` or one without."""
    how = plan(conv, inp, out, tiles)
    if how.turns is not None:
        return _taking_turns(how, how.turns, inp, out, floats)
    vectors = -(-out.height * how.place.line // floats)
    passes = -(-vectors // how.tiles[WIDTHS.index(floats)])
    outputs, survivors = len(how.cells), 0 if how.squares else how.survivors
    bands = -(-out.height // how.choice.band) if how.place.views else 0
    return np.array(
        [
            survivors * how.size * vectors,
            survivors * vectors,
            survivors * passes,
            outputs // min(how.size, CELL) * passes,  # a list of squares begins and ends as four others do
            outputs * vectors,
            bands * _panel(how, inp, floats),
            how.squares.even * vectors if how.squares else 0,
            how.squares.copied * vectors if how.squares else 0,
        ],
        np.float64,
    )


def _panel(how: Plan, inp: Layout, floats: int) -> float:
    """Vectors of one; none where tiles read the map."""
    return inp.channels * len(how.place.views) * how.place.view_plane / floats


def _taking_turns(how: Plan, turns: tuple[int, int], inp: Layout, out: Layout, floats: int) -> NDArray[np.float64]:
    """The same where outputs lie in vectors: a pixel is loaded for each product of two vectors, and each is an end."""
    rows, pixels = turns
    groups = -(-out.height // rows) * -(-out.width // pixels)
    products = how.survivors * how.size // floats * groups * rows * pixels
    ends = len(how.cells) * groups * rows * pixels / floats
    lists = len(how.cells) // how.size * groups
    panel = _panel(how, inp, floats)  # one band: the map is small
    return np.array([products, products / 2, how.survivors * groups, lists, ends, panel, 0, 0], np.float64)


def fitted(parts: Sequence[NDArray[np.float64]], seconds: Sequence[float], start: CellMachine) -> CellMachine:
    """The machine whose times are nearest, in parts of each; none of its numbers is below 0."""
    from scipy.optimize import nnls

    first = np.array(astuple(start))
    rows = np.stack(parts) / (1e9 * np.array(seconds))[:, None]
    pull = np.diag(PULL * np.sqrt(len(parts)) / first)
    found, _ = nnls(np.vstack([rows, pull]), np.concatenate([np.ones(len(rows)), pull @ first]))
    return CellMachine(*map(float, found))
