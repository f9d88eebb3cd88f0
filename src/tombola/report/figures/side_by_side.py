"""Levels side by side, where no sparsity is varied: what is drawn, or rewound to, and its controls.

What: a mark for each level at the mean over seeds, a bar of one standard deviation, a dot for each seed; a panel for
each task or other setting. A level called ``dense`` is a thin dotted line across, which the others are to reach.
When: the study has no sparsity axis and compares two levels or more.
Cost: nothing is measured; about 2 kB a panel.
Options: none.
Reference: Chen et al., NeurIPS 2020, arXiv 2007.12223, table 2: a ticket beside its controls.
"""

from collections.abc import Sequence
from typing import ClassVar

from tombola.report.about import About
from tombola.report.axes import last_part
from tombola.report.curves import DENSE, read_results
from tombola.report.figures._base import Drawn, Figure
from tombola.report.lines import Look
from tombola.report.markup import join
from tombola.report.numbers import percent
from tombola.report.panels import blocks, key_of, left_out
from tombola.rows import Row

_FEWEST = 2


class SideBySide(Figure):
    """Levels as marks with bars."""

    ORDER: ClassVar[int] = 10
    SHOWN: ClassVar[tuple[Row, ...]] = tuple(
        Row(
            cell={"drawn": level},
            seed=seed,
            property="accuracy",
            metric="accuracy",
            value=value + seed,
            unit="%",
            samples=100,
        )
        for level, value in ((DENSE, 90.0), ("ticket", 88.0), ("random mask", 70.0))
        for seed in range(3)
    )

    def draw(self, rows: Sequence[Row], about: About) -> Drawn | None:
        results = read_results(rows, about.by)
        if results.sparsities or len(results.colours) < _FEWEST:
            return None
        look = Look((), percent, last_part(results.axes.colour or ""))
        caption = "Marks are means over seeds, bars one standard deviation either way, small dots the seeds"
        caption += "; the thin dotted line is the dense network." if DENSE in results.colours else "."
        hidden = left_out(results)
        caption += f" {hidden} more panels are in the table only." if hidden else ""
        return Drawn("Levels side by side", join(key_of(results), blocks(results, look)), caption)
