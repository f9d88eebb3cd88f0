"""Which kernels are gone: a picture of every layer, dark where kernels are kept and bright where whole ones are pruned.

What: for each prior, setting and sparsity the layers in the network's order; in a picture output channels go down and
what they read goes across. Large layers are drawn in tiles, as bright as the share of kernels that is gone in them. A
bright row is an output that is nothing, a bright column an input that nobody reads.
When: the study measures ``dead_kernels`` with pictures: ``{name: dead_kernels, side: 32}``.
Cost: nothing is measured; up to 10 kB a layer, so tickets are left out where there are more than a page holds.
Options: none.
Reference: the kernel-wise heat maps of Chen et al. (CV_LTH), CVPR 2021, arXiv 2012.06908, figure 7.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import ClassVar, Final, NamedTuple

from tombola.report.about import About
from tombola.report.axes import last_part, level
from tombola.report.choices import spaced
from tombola.report.curves import KERNELS
from tombola.report.figures._base import Drawn, Figure, Table
from tombola.report.layers import Layers, read_layers
from tombola.report.markup import Markup, tag
from tombola.report.numbers import number, percent
from tombola.rows import Row

_ALL: Final = 9
_MOST: Final = 160
"""Pictures in a page."""
_MOST_ROWS: Final = 3000
_SIDE: Final = 92
_KEPT, _GONE = "#17212b", "#ffd34d"  # in light and in dark alike: a picture's brightness is what it says

_SHOWN: Final = tuple(
    Row.model_validate(
        {
            "cell": {"prior": prior}, "seed": 0, "property": "dead_kernels", "metric": "layer_dead_kernels",
            "value": value, "unit": "%", "better": "neither", "samples": 0,
            "detail": {"layer": "conv1.weight", "place": 0, "kernels": kernels},
        }
    )
    for prior, value, kernels in (("natural", 50.0, "900/990"), ("simclr", 25.0, "009/005"))
)  # fmt: skip


class Picture(NamedTuple):
    """A layer of a ticket: what is behind its kernels' digits, row by row, and how many per cent of them are gone."""

    ticket: str
    layer: str
    rows: tuple[str, ...]
    gone: float


class KernelMap(Figure):
    """Tickets going down, their layers going across."""

    ORDER: ClassVar[int] = 42
    SHOWN: ClassVar[tuple[Row, ...]] = _SHOWN

    def draw(self, rows: Sequence[Row], about: About) -> Drawn | None:
        layers = read_layers([row for row in rows if KERNELS in row.detail], about.by)
        tickets = {name: [*found] for name, found in groupby(_pictures(layers), lambda picture: picture.ticket)}
        if not tickets:
            return None
        room = max(1, _MOST // max(map(len, tickets.values())))
        shown = spaced(list(tickets), room)
        caption = "Bright: the whole kernel is pruned; larger layers in tiles. Outputs go down, what they read across."
        left = len(tickets) - len(shown)
        return Drawn(
            "Which kernels are gone",
            tag("div", {"class": "block"}, *(_strip(name, tickets[name]) for name in shown)),
            f"{caption} The first seed.{f' {left} more tickets are in the table only.' if left else ''}",
            _table([picture for found in tickets.values() for picture in found]),
        )


def _pictures(layers: Layers) -> Iterator[Picture]:
    """Those of a ticket one after the other, layers in order; of several seeds the first."""
    for part, levels in layers.parts.items():
        if part.sparsity == 0:
            continue
        told = [f"{last_part(axis)} {level(value)}" for axis, value in zip(layers.axes.panels, part.panel, strict=True)]
        pruned = [] if part.sparsity is None else [f"{percent(part.sparsity)} pruned"]
        for colour, found in levels.items():
            name = ", ".join([*([level(colour)] if layers.axes.colour else []), *told, *pruned]) or "the ticket"
            for layer in found:
                row = layers.behind[part, colour, layer][0]
                yield Picture(name, layer, tuple(str(row.detail[KERNELS]).split("/")), row.value)


def _strip(name: str, pictures: Sequence[Picture]) -> Markup:
    style = "display:flex;flex-wrap:wrap;gap:8px 10px;margin:0 0 20px"
    return tag("div", None, tag("h3", None, name), tag("div", {"style": style}, *map(_picture, pictures)))


def _picture(picture: Picture) -> Markup:
    wide, tall = len(picture.rows[0]), len(picture.rows)
    said = f"{picture.layer.removesuffix('.weight')}, {number(picture.gone, '%')} % of its kernels gone"
    lines = [
        tag("path", {"d": drawn, "stroke": _GONE, "stroke-opacity": round(digit / _ALL, 2)})
        for digit in range(1, _ALL + 1)
        if (drawn := _runs(picture.rows, str(digit)))
    ]
    box = {"viewBox": f"0 -0.5 {wide} {tall}", "width": _SIDE, "height": _SIDE, "preserveAspectRatio": "none"}
    ground = tag("rect", {"y": -0.5, "width": wide, "height": tall, "fill": _KEPT})
    svg = tag("svg", {**box, "role": "img", "aria-label": said}, tag("title", None, said), ground, *lines)
    label = tag("figcaption", {"style": f"font-size:11px;max-width:{_SIDE}px"}, picture.layer.removesuffix(".weight"))
    return tag("figure", {"style": "margin:0"}, svg, label)


def _runs(rows: Sequence[str], digit: str) -> str:
    """A stroke for every run of a digit, of a width of 1 and along the middle of its row."""
    found = []
    for y, row in enumerate(rows):
        x = 0
        for key, run in groupby(row):
            length = len([*run])
            if key == digit:
                found.append(f"M{x} {y}h{length}")
            x += length
    return "".join(found)


def _table(pictures: Sequence[Picture]) -> Table:
    body = tuple((p.ticket, p.layer, number(p.gone, "%")) for p in pictures)
    return Table(("ticket", "layer", "kernels gone (%)"), body[:_MOST_ROWS])
