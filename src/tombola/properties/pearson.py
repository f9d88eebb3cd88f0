"""Pearson's correlation: how well numbers told and numbers asked for lie on a line.

What: the product-moment correlation over the test samples: 1 on a rising line, 0 where they have nothing to do with
    each other. The 95 % interval by Fisher's z stands in the detail (``low``, ``high``); it takes samples for
    independent and says nothing of seeds. A net that tells the same number everywhere has no correlation: an error.
When: tasks that ask for a number: the metric of STS-B, and the column of the BERT tickets' tables.
Cost: one forward pass over the test split.
Options: batch (not part of the identity).
Reference: Pearson, 1895; Fisher, 1921; scipy's pearsonr.
"""

from typing import final

from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.properties._base import Measurement, Property
from tombola.properties._told_numbers import Numbers, correlated, require_numbers
from tombola.spec import option
from tombola.tasks._base import Task


@final
class Pearson(Property):
    """Correlation of numbers."""

    batch: int = option(256, "samples a forward pass", identity=False, ge=1)

    def check(self, task: Task) -> None:
        require_numbers(task, "pearson")

    def measure(self, model: Network, task: Task, *, seed: int, session: Session) -> list[Measurement]:
        return [correlated("pearson", _correlation, lambda _: 1.0, model, task, self.batch, session)]


def _correlation(told: Numbers, true: Numbers) -> float:
    from scipy.stats import pearsonr

    return float(pearsonr(told, true).statistic)
