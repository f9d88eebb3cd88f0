"""What a notebook shows of a ticket."""

import io

import torch

from tombola.masks.masks import Masks
from tombola.models.origin import Origin
from tombola.tickets.lineage import Lineage
from tombola.tickets.ticket import Ticket


def ticket(*names: str) -> Ticket:
    """Each layer of eight weights keeps two."""
    mask = torch.arange(8).view(2, 4) < 2
    return Ticket(Masks(dict.fromkeys(names, mask)), Lineage(origin=Origin.unnamed("<b>my</b> net")))


def test_a_notebook_shows_counts_and_a_row_a_layer() -> None:
    shown = ticket("first.weight", "<script>")._repr_html_()
    assert "4 of 16 prunable weights kept (25.00%)" in shown
    assert shown.count("<tr>") == 3
    assert "width:25.0%" in shown
    assert "<script>" not in shown, "names are text, whatever they hold"
    assert "&lt;b&gt;my&lt;/b&gt; net" in shown


def test_many_layers_are_counted() -> None:
    shown = ticket(*(f"layer{number}" for number in range(203)))._repr_html_()
    assert "and 3 more layers" in shown
    assert "layer199<" in shown
    assert "layer200" not in shown


def test_the_picture_has_a_bar_a_layer_and_can_be_drawn() -> None:
    figure = ticket("first", "second$x$").plot()
    (plot,) = figure.axes
    assert [round(float(bar.get_width()), 3) for bar in plot.patches] == [1.0, 1.0, 0.25, 0.25]  # type: ignore[attr-defined]
    assert [text.get_text() for text in plot.texts] == ["2 of 8", "2 of 8"]
    figure.savefig(io.BytesIO(), format="png", dpi=40)


def test_a_ticket_that_masks_nothing_is_shown_too() -> None:
    assert "0 of 0" in ticket()._repr_html_()
    ticket().plot().savefig(io.BytesIO(), format="png", dpi=40)
