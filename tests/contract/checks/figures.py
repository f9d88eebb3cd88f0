"""What every figure keeps: something drawn of rows that carry it, nothing of others, whatever the rows' order."""

from dataclasses import replace
from functools import cache
from random import Random
from xml.etree import ElementTree as ET

from tests.report.rows import demo_about, demo_rows, layer_rows, row, wide_rows

from tombola.report.about import About
from tombola.report.figures._base import Drawn, Figure
from tombola.rows import Row

from .faults import Fault, gives
from .room import Check


@cache
def studies() -> dict[str, list[Row]]:
    """Rows of every kind of study there is."""
    plain = [row(value + seed, seed, prior=prior) for prior, value in (("a", 1.0), ("b", 2.0)) for seed in range(3)]
    return {"demo": demo_rows(), "wide": wide_rows(3), "layers": layer_rows(), "without a sparsity": plain}


def drawn(figure: Figure) -> dict[str, Drawn]:
    """What it draws, of the studies that carry it; of its own rows where it brings some."""
    of = {"its own": list(figure.SHOWN)} if figure.SHOWN else studies()
    found = {name: figure.draw(rows, demo_about()) for name, rows in of.items()}
    return {name: piece for name, piece in found.items() if piece is not None}


def it_draws_rows_that_carry_it(figure: Figure) -> None:
    pieces = drawn(figure)
    assert pieces, "it draws none of the rows of a study; rows of another kind that it does draw are its SHOWN"
    for piece in pieces.values():
        assert piece.title
        ET.fromstring(f"<div>{piece.fragment}</div>")
        assert piece.fragment or piece.table is not None, "there is nothing to see"
        if piece.table is not None:
            assert piece.table.rows
            assert {len(cells) for cells in piece.table.rows} == {len(piece.table.header)}


def it_leaves_out_what_rows_do_not_carry(figure: Figure) -> None:
    assert figure.draw([], About()) is None


def the_order_of_rows_does_not_matter_and_they_are_left_alone(figure: Figure) -> None:
    for name, rows in ({"its own": list(figure.SHOWN)} if figure.SHOWN else studies()).items():
        if name == "wide":
            continue  # the largest, and of the demo's kind
        mixed = list(rows)
        Random(5).shuffle(mixed)
        before = list(mixed)
        assert figure.draw(mixed, demo_about()) == figure.draw(rows, demo_about())
        assert mixed == before


def the_numbers_are_those_of_the_rows(figure: Figure) -> None:
    """Other values give another piece, unless what it draws is no value at all."""
    for name, piece in drawn(figure).items():
        rows = list(figure.SHOWN) if figure.SHOWN else studies()[name]
        other = [one.model_copy(update={"value": one.value / 3, "cell": {}, "property": "accuracy"}) for one in rows]
        if figure.draw(other, About()) != piece:
            return
    raise AssertionError("it draws the same whatever the rows say")


CHECKS: tuple[Check, ...] = (
    it_draws_rows_that_carry_it,
    it_leaves_out_what_rows_do_not_carry,
    the_order_of_rows_does_not_matter_and_they_are_left_alone,
    the_numbers_are_those_of_the_rows,
)


FAULTS: tuple[Fault, ...] = (
    Fault("draws nothing", "every_number", "draw", gives(lambda piece: None), it_draws_rows_that_carry_it),
    Fault(
        "draws no HTML",
        "every_number",
        "draw",
        gives(lambda piece: piece and replace(piece, fragment="<b>")),
        it_draws_rows_that_carry_it,
    ),
    Fault(
        "draws what is not there",
        "every_number",
        "draw",
        gives(lambda piece: piece or Drawn("a", "b")),
        it_leaves_out_what_rows_do_not_carry,
    ),
    Fault(
        "draws the same of all",
        "every_number",
        "draw",
        gives(lambda piece: piece and Drawn("a", "b")),
        the_numbers_are_those_of_the_rows,
    ),
    Fault(
        "hangs on the order",
        "every_number",
        "draw",
        lambda method: (
            lambda self, rows, about: (found := method(self, rows, about)) and replace(found, title=str(rows[0].value))
        ),
        the_order_of_rows_does_not_matter_and_they_are_left_alone,
    ),
)
