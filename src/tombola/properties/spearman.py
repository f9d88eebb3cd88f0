"""Spearman's correlation: how well numbers told and numbers asked for agree in their order.

What: Pearson's correlation of the ranks over the test samples, equal numbers sharing theirs: 1 where the order is the
    same, whatever the scale. The 95 % interval by Fisher's z, with the variance of Bonett and Wright, stands in the
    detail (``low``, ``high``). A net that tells the same number everywhere has no correlation: an error.
When: tasks that ask for a number, beside ``pearson``.
Cost: one forward pass over the test split.
Options: batch (not part of the identity).
Reference: Spearman, 1904; Bonett and Wright, Psychometrika 2000; scipy's spearmanr.
"""

from typing import final

from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.properties._base import Measurement, Property
from tombola.properties._told_numbers import Numbers, correlated, require_numbers
from tombola.spec import option
from tombola.tasks._base import Task


@final
class Spearman(Property):
    """Correlation of ranks."""

    batch: int = option(256, "samples a forward pass", identity=False, ge=1)

    def check(self, task: Task) -> None:
        require_numbers(task, "spearman")

    def measure(self, model: Network, task: Task, *, seed: int, session: Session) -> list[Measurement]:
        return [correlated("spearman", _correlation, _spread, model, task, self.batch, session)]


def _correlation(told: Numbers, true: Numbers) -> float:
    from scipy.stats import spearmanr

    return float(spearmanr(told, true).statistic)


def _spread(value: float) -> float:
    return 1 + value**2 / 2
