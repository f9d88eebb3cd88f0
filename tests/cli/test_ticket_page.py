"""The page of a ticket: its facts in words, a row a layer, and the short form that verbs end in."""

from tests.tickets.samples import ticket

from tombola.cli.output import Table
from tombola.cli.ticket_page import brief, number, page
from tombola.tickets.ticket import Ticket


def text_of(made: Ticket) -> str:
    parts = page(made.summary())
    return "\n".join("\n".join(part.plain()) if isinstance(part, Table) else part for part in parts)


def test_a_page_has_facts_in_words_and_a_row_a_layer() -> None:
    made = ticket(keep_values=False)
    told = text_of(made)
    assert told.startswith("mask-only ticket of resnet8")
    assert "dense weights  digest 555555555555..." in told
    assert "{'" not in told
    row = next(line for line in told.splitlines() if line.startswith("conv.weight"))
    assert row.split() == ["conv.weight", "8x3x3x3", "54", "216", "25.00%", "█████"]


def test_a_scheme_is_told_by_its_axes_and_what_is_not_usual() -> None:
    made = ticket(keep_values=False)
    scheme = {
        "name": "omp",
        "sparsity": 0.9,
        "budget": {"name": "global", "floor": 7},
        "pattern": {"name": "element"},
        "image": None,
    }
    lineage = made.lineage.replace(
        scheme=scheme, objective={"name": "adversarial", "attack": {"name": "pgd", "eps": 8 / 255}}
    )
    told = text_of(Ticket(made.masks, lineage))
    assert "drawn by       omp, sparsity 0.9, budget global, floor 7, pattern element\n" in told
    assert "0.0313" not in told


def test_the_short_form_is_three_lines_at_most() -> None:
    assert len(brief(ticket(keep_values=True).summary())) <= 3


def test_pixels_are_of_255() -> None:
    assert (number(8 / 255), number(0.2), number(0.05)) == ("8/255", "0.2", "0.05")
