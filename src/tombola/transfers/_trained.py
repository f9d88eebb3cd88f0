"""Transfers that train by a `Fit`, and so may learn from the dense network."""

from typing import Self

from tombola.fitting.fit import Fit
from tombola.models.network import Network
from tombola.spec import option
from tombola.transfers._base import Transfer


class Trained(Transfer):
    """What it learns from is its fit's to say."""

    fit: Fit = option(help="how to train: options, or the name of a recipe")

    def untaught(self) -> Self | None:
        fit = self.fit.untaught()
        return None if fit is None else self.replace(fit=fit)

    def taught(self, by: Network) -> Self:
        return self.replace(fit=self.fit.taught(by))
