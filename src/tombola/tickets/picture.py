"""A ticket as a notebook shows it: a table of its layers, and a picture of what each keeps. No torch."""

from html import escape
from typing import TYPE_CHECKING, Final

from tombola.colours import PRUNED, TICKET
from tombola.tickets.summary import LayerCount, Summary

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST: Final = 200
"""Layers that are shown; of more than these the rest is counted."""


def html_of(summary: Summary) -> str:
    """The counts and the origin, then a row a layer with a bar of what is kept; whatever the names hold is text."""
    head = (
        f"<p><b>{summary.kind} ticket</b> of {escape(summary.lineage.model_text or 'a model without a name')}<br>"
        f"{summary.kept:,} of {summary.total:,} prunable weights kept ({summary.density:.2%})"
        f"{_adapted(summary)}</p>"
    )
    rows = "".join(map(_row, summary.layers[:_MOST]))
    left = len(summary.layers) - _MOST
    more = f'<tr><td colspan="4">and {left} more layers</td></tr>' if left > 0 else ""
    names = "".join(f"<th>{name}</th>" for name in ("layer", "shape", "kept", "of it"))
    return f"{head}<table><thead><tr>{names}</tr></thead><tbody>{rows}{more}</tbody></table>"


def figure_of(summary: Summary) -> "Figure":
    """A bar a layer, the first on top: the part that is kept, and beside it how many weights that are."""
    from matplotlib.figure import Figure

    layers = summary.layers[:_MOST]
    figure = Figure(figsize=(8.0, 0.24 * len(layers) + 1.2), layout="constrained", facecolor="white")
    plot = figure.subplots()
    places = range(len(layers))
    plot.barh(places, [1.0] * len(layers), color=PRUNED, height=0.7)
    plot.barh(places, [layer.density for layer in layers], color=TICKET, height=0.7)
    for place, layer in zip(places, layers, strict=True):
        plot.text(1.01, place, f"{layer.kept:,} of {layer.total:,}", va="center", fontsize=7)
    plot.set_yticks(places, [_plainly(layer.name) for layer in layers], fontsize=7)
    plot.invert_yaxis()
    plot.set_xlim(0, 1.3)
    plot.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "50 %", "75 %", "100 %"])
    plot.set_title(f"{summary.density:.2%} of {summary.total:,} weights are kept", loc="left", fontsize=10)
    plot.spines[["top", "right"]].set_visible(False)
    return figure


def _plainly(name: str) -> str:
    """A name that matplotlib takes for no formula."""
    return name.replace("$", r"\$")


def _adapted(summary: Summary) -> str:
    answers = summary.lineage.answers
    return "" if answers is None else f"<br>adapted to {escape(str(answers))}"


def _row(layer: LayerCount) -> str:
    shape = "x".join(map(str, layer.shape)) or "scalar"
    bar = (
        f'<div style="width:120px;background:{PRUNED}">'
        f'<div style="width:{layer.density:.1%};background:{TICKET};height:0.8em"></div></div>'
    )
    cells = (escape(layer.name), shape, f"{layer.kept:,}", f"{bar}{layer.density:.2%}")
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
