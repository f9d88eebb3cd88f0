"""Quality against sparsity, one line for each prior, one panel for each transfer and measured value.

What: means over seeds joined by lines, a band of one standard deviation, a dot for each seed, the dense network's level
as a thin dotted line. Sparsity is drawn by halvings of what is kept, so 90 % and 95 % are as far apart as 0 % and 50 %.
When: the study has an axis whose last part is ``sparsity``; with a single sparsity the levels stand side by side.
Cost: nothing is measured; about 5 kB a panel.
Options: none.
Reference: Fu et al., "Robust Tickets Can Transfer Better", DAC 2023, figures 1 to 7 (arXiv 2304.11834).
"""

from collections.abc import Sequence
from typing import ClassVar

from tombola.report.about import About
from tombola.report.curves import Results, read_results
from tombola.report.figures._base import Drawn, Figure
from tombola.report.lines import Look, dense_shown
from tombola.report.markup import join
from tombola.report.numbers import percent
from tombola.report.panels import blocks, curve_table, left_out, legend
from tombola.rows import Row


class SparsityCurves(Figure):
    """Sparsity curves as small multiples."""

    ORDER: ClassVar[int] = 10

    def draw(self, rows: Sequence[Row], about: About) -> Drawn | None:
        results = read_results(rows, about.by)
        if not results.sparsities:
            return None
        lines = len(results.sparsities) > 1
        title = "of the weights pruned" if lines else f"at {percent(results.sparsities[0])} sparsity"
        look = Look(results.sparsities, percent, title)
        return Drawn(
            title="Quality against sparsity" if lines else "Quality at one sparsity",
            fragment=join(legend(results), blocks(results, look)),
            caption=_caption(results, look),
            table=curve_table(results, look),
        )


def _caption(results: Results, look: Look) -> str:
    several = len(results.seeds) > 1
    words = [
        ("Lines" if look.lines else "Marks") + (" are means over seeds" if several else " are single runs (one seed)"),
        ("bands" if look.lines else "bars") + " one standard deviation either way, small dots the seeds"
        if several
        else "",
        "thin dotted lines the dense network" if look.lines and dense_shown(results) else "",
    ]
    text = ", ".join(word for word in words if word) + "."
    text += " Sparsity is spaced by halvings of the weights kept." if look.lines else ""
    if len(results.panels) > 1 and any(list(results.panels_of(m).values()) == [""] for m in results.measures):
        text += " A panel without a name holds for all settings."
    if len(results.summaries) > len(results.measures):
        text += " Further metrics are among the rows below."
    hidden = left_out(results)
    return text + (f" {hidden} more panels are in the table only." if hidden else "")
