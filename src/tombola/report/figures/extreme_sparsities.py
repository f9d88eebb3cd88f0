"""The curves once more from 90 to 99 % alone, where few weights are left and tickets part.

What: the same lines on scales of their own: across, the weights kept on a log scale, so that halving them is always one
step; up, what these levels need. The dense level is drawn where it falls inside.
When: three sparsities or more lie from 0.9 to 0.99.
Cost: nothing is measured; about 4 kB a panel.
Options: none.
Reference: Fu et al., DAC 2023 (arXiv 2304.11834), figures 1 and 3: the claim about extreme sparsity is made there.
"""

from collections.abc import Sequence
from typing import ClassVar, Final

from tombola.report.about import About
from tombola.report.curves import read_results
from tombola.report.figures._base import Drawn, Figure
from tombola.report.lines import Look
from tombola.report.markup import join
from tombola.report.panels import blocks, curve_table, legend
from tombola.rows import Row

FEWEST: Final = 3
_ROUNDING = 1e-9


class ExtremeSparsities(Figure):
    """A zoom into the sparse end of the curves."""

    ORDER: ClassVar[int] = 11

    def draw(self, rows: Sequence[Row], about: About) -> Drawn | None:
        results = read_results(rows, about.by)
        inside = tuple(s for s in results.sparsities if 0.9 - _ROUNDING <= s <= 0.99 + _ROUNDING)
        if len(inside) < FEWEST or inside == results.sparsities:
            return None
        look = Look(inside, _kept, "of the weights kept (log scale)")
        caption = (
            "The curves above from 90 to 99 % sparsity, on scales of their own: heights do not compare with those."
        )
        return Drawn(
            "The sparse end: 90 to 99 %", join(legend(results), blocks(results, look)), caption,
            curve_table(results, look),
        )  # fmt: skip


def _kept(sparsity: float) -> str:
    """``5 %`` of 0.95."""
    return f"{round(100 * (1 - sparsity), 4):g} %"
