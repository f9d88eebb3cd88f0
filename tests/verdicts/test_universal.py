"""How universal a ticket is: BERT-Tickets' own table gives its own counts."""

import pytest
from tests.report.rows import row

from tombola.errors import RequestError
from tombola.rows import Row
from tombola.verdicts.universal import universal

TASKS = ("MNLI", "QQP", "STS-B", "WNLI", "QNLI", "MRPC", "RTE", "SST-2", "CoLA", "SQuAD", "MLM")
OWN = (0.14, -0.25, -1.75, -5.17, -0.19, -9.66, -7.79, -2.06, -15.62, -2.83, -0.34)
# Figure 2 at 70 % sparsity: the difference to the full model on every task, and the count beside it.
PUBLISHED = {
    "MNLI": ((0.14, -0.99, -3.63, -7.04, -1.80, -13.09, -5.41, -1.22, -43.32, -5.26, -5.96), 2),
    "QQP": ((-1.52, -0.25, -4.22, -2.82, -1.87, -12.93, -5.99, -3.25, -38.01, -6.59, -5.84), 2),
    "STS-B": ((-2.34, -1.93, -1.75, 1.41, -2.97, -12.52, -8.76, -4.13, -50.20, -7.42, -5.89), 1),
    "SQuAD": ((-1.49, -1.29, -4.31, -0.94, 0.26, -13.17, -6.23, -1.87, -46.48, -2.83, -6.01), 4),
    "MLM": ((0.20, -0.16, -0.97, 0.12, 0.30, -3.65, -6.35, -0.19, -7.36, -2.29, -0.34), 10),
}


def published(seeds: int = 3) -> list[Row]:
    cells = {(task, task): value for task, value in zip(TASKS, OWN, strict=True)}
    cells |= {(s, t): v for s, (line, _) in PUBLISHED.items() for t, v in zip(TASKS, line, strict=True)}
    return [row(v, seed, draw_on=s, target=t) for (s, t), v in cells.items() for seed in range(seeds)]


def test_the_published_counts() -> None:
    found = universal(published(), source="draw_on", target="target")
    assert {name: found[name].count for name in PUBLISHED} == {name: count for name, (_, count) in PUBLISHED.items()}
    assert found["MLM"].text == "Tickets of MLM reach the target's own on 10 of 10 other targets."
    assert found["STS-B"].reached == ("WNLI",)


def test_the_order_of_rows_and_doubles_do_not_matter() -> None:
    rows = published()
    assert universal([*reversed(rows), *rows[::3]], source="draw_on", target="target") == universal(
        rows, source="draw_on", target="target"
    )


def test_two_seeds_and_targets_without_a_ticket_are_undecided() -> None:
    assert universal(published(2), source="draw_on", target="target")["MLM"].count == 0
    lone = [row(90.0, seed, draw_on="a", target="b") for seed in range(3)]
    (found,) = universal(lone, source="draw_on", target="target").values()
    assert (found.undecided, found.text) == (
        ("b",),
        "Tickets of a reach the target's own on 0 of 1 other targets, 1 undecided.",
    )


def test_a_missing_axis_is_named() -> None:
    with pytest.raises(RequestError, match="no axis 'task'"):
        universal(published(), source="draw_on", target="task")
