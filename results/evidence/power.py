"""For each claim with rows, the effect that its n could have shown with a chance of 80 %.

    python results/evidence/power.py

The spread is the rows' own: the standard error of the lead that decides, paired by seed as its test is, with the noise
of the test images where the rows tell it. The effect delta solves

    P(|T'| > t) = 0.8,  T' noncentral Student's with the lead's degrees of freedom f and noncentrality delta / error,

where t is Student's two-sided bar at f: at 0.05, for a claim taken alone, and at 0.05 divided by the number of claims,
which is Holm's bar for the smallest p of the page. Where several leads must stand at once, each may miss its share of
the 20 %, so the effect is an upper bound; where some of many must (partial conjunction), each one's bar is divided too.
Of a rank correlation it is the correlation of two normal variables, found by drawing them.

Reference: D. B. Owen, The power of Student's t-test, J. of the American Statistical Association 60 (1965), 320-333;
J. Cohen, Statistical Power Analysis for the Behavioral Sciences, 2nd ed., 1988, chapter 2; degrees of freedom by F. E.
Satterthwaite, Biometrics Bulletin 2 (1946), 110-114; partial conjunction by Benjamini and Heller, Biometrics 64 (2008).
"""

import sys
from functools import lru_cache
from itertools import permutations
from math import sqrt
from pathlib import Path
from typing import Final

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script, it finds those beside it

from results.evidence.claims import JUDGED
from results.evidence.judges import Finding
from results.evidence.wording import effect, table, told_of

POWER: Final = 0.8
ALPHA: Final = 0.05
_DRAWS: Final = 2000


def detectable(error: float, freedom: float, alpha: float = ALPHA, power: float = POWER) -> float:
    """The mean lead, in the error's unit, that Student's test finds at ``alpha`` with a chance of ``power``."""
    from scipy.optimize import brentq
    from scipy.special import nctdtr, stdtrit

    bar = float(stdtrit(freedom, 1 - alpha / 2))

    def missing(away: float) -> float:
        return power - (1 - float(nctdtr(freedom, away, bar)))  # the other tail adds less than alpha / 2

    return error * float(brentq(missing, 0.0, 4 * bar + 10))


def in_deviations(units: int, alpha: float = ALPHA, power: float = POWER) -> float:
    """The same for a test over so many units, as multiples of the standard deviation of their paired differences."""
    return detectable(1 / sqrt(units), units - 1, alpha, power)


def effect_of(found: Finding, alpha: float = ALPHA, power: float = POWER) -> float | None:
    """What a finding's rows could have shown; None where no test is made, or where nothing could have passed."""
    if found.tasks:
        return correlation(found.tasks, alpha, power)
    if found.p is None:
        return None
    each = 1 - (1 - power) / found.must
    leads = list(found.leads.values())[:1] if found.must == 1 else list(found.leads.values())
    effects = sorted(detectable(one.error, one.freedom, alpha / found.share, each) for one in leads)
    return effects[found.must - 1]


@lru_cache
def correlation(tasks: int, alpha: float, power: float) -> float | None:
    """The correlation whose ranks over so many tasks have p below ``alpha`` with this chance; None where none has."""
    bar = _rank_bar(tasks, alpha)
    if bar is None:
        return None
    x, other = np.random.default_rng(0).standard_normal((2, _DRAWS, tasks))
    for rho in np.arange(0.5, 1.0, 0.01):
        found = _spearman(x, rho * x + sqrt(1 - rho**2) * other)
        if float(np.mean(np.abs(found) >= bar)) >= power:
            return float(rho)
    return None


def _rank_bar(tasks: int, alpha: float) -> float | None:
    """The least rank correlation that is rarer than ``alpha`` among all orders, either way."""
    order = np.arange(tasks, dtype=float)
    every = np.abs(_spearman(order, np.array(list(permutations(order)))))
    rare = [level for level in np.unique(every.round(9)) if float(np.mean(every >= level - 1e-9)) < alpha]
    return float(min(rare)) - 1e-9 if rare else None


def _spearman(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Of rows without ties: one less six times the squared distances of ranks over n (n^2 - 1)."""
    ranks = [np.argsort(np.argsort(side, axis=-1), axis=-1) for side in (left, right)]
    count = right.shape[-1]
    found: np.ndarray = 1 - 6 * ((ranks[0] - ranks[1]) ** 2).sum(-1) / (count * (count**2 - 1))
    return found


def main() -> None:
    """Print a line a claim: its lead, and what could have been shown alone and at Holm's first bar."""
    head = ("claim", "lead (95 % interval)", "seeds", "shown with 80 %, alone", f"at Holm's bar among {len(JUDGED)}")
    lines = []
    for claim in JUDGED:
        assert claim.judge is not None
        found = claim.judge(claim.rows())
        first = next(iter(found.leads.values()), None)
        lead = found.sum or (told_of(first) if first else "")
        both = (effect(effect_of(found, alpha)) for alpha in (ALPHA, ALPHA / len(JUDGED)))
        lines.append([claim.name, lead, str(first.seeds if first else ""), *both])
    print(table(head, lines))


if __name__ == "__main__":
    main()
