"""Shot noise: light comes in grains, and few of them make an image grainy where it is bright.

What: each value is drawn from the Poisson distribution whose mean it is, in units of 1 / rate. A value's count is the
  quantile of one uniform number, so the same luck serves every severity.
When: noise that depends on the brightness.
Cost: one random number and one look-up in a table a value.
Options: none.
Reference: Hendrycks & Dietterich, ICLR 2019, arXiv 1903.12261; constants of the generators published with it.
"""

from functools import lru_cache
from typing import ClassVar, final

import torch
from torch import Tensor

from tombola.data.corruptions._base import Corruption, Levels, Setting, each, to_bytes
from tombola.data.corruptions._streams import Streams, uniform


@final
class ShotNoise(Corruption):
    """Poisson counts."""

    LEVELS: ClassVar[Levels] = {
        32: each(500, 250, 100, 75, 50),
        64: each(250, 100, 50, 30, 15),
        224: each(60, 25, 12, 5, 3),
    }

    def change(self, x: Tensor, setting: Setting, own: Streams) -> Tensor:
        (rate,) = setting
        return counted(to_bytes(x), rate, uniform(own, *x.shape[1:])) / rate


def counted(levels: Tensor, rate: float, chance: Tensor) -> Tensor:
    """Poisson counts of mean rate x level / 255, ``levels`` being bytes: the quantiles of ``chance`` in [0, 1)."""
    table, width = _table(rate)
    row = levels.long()
    # One search in all rows at once: each row of the table lies two higher than the one before.
    found = torch.searchsorted(table, chance + 2 * row, right=True)
    return (found - width * row).clamp_(0, width - 1).double()


@lru_cache(maxsize=16)
def _table(rate: float) -> tuple[Tensor, int]:
    """The 256 distributions' cumulative probabilities one after the other, row r raised by 2 r, and a row's length."""
    import numpy as np
    from scipy.special import pdtr

    means = np.arange(256)[:, None] / 255 * rate
    width = int(rate + 10 * rate**0.5 + 20)
    return torch.from_numpy(pdtr(np.arange(width), means) + 2 * np.arange(256)[:, None]).flatten(), width
