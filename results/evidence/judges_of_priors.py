"""How claims about what priors differ in are judged: masks, and noise on weights. Written before any of their rows."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations
from math import comb, isclose, log, sqrt
from statistics import fmean
from typing import Final

from results.evidence.judges import Finding, by_first, tasks_of
from results.evidence.judges_of_vision import NOISE, pretrained
from results.evidence.leads import SPARSITY, Lead, lead_of, where

from tombola.rows import Row

SHOWN: Final = 0.79
POINTS: Final = 2.0
_FEWEST: Final = 3


def masks_differ(rows: Sequence[Row]) -> Finding:
    """By what two pretrainings of one prior share beyond chance less what those of two priors do, at 79 %.

    Every pretraining stands in two of the values, so their spread is taken as much larger as that can hide.
    """
    priors = pretrained(rows)
    shares = {seed: found for seed, found in _beyond_chance(rows, priors).items() if len(found) == 2}
    if len(shares) < _FEWEST:
        return Finding("open", "overlap", 1.0, {}, "fewer than two priors count as pretrained", runs=len(rows))
    within, between = ([fmean(found[same]) for found in shares.values()] for same in (True, False))
    found = [left - right for left, right in zip(within, between, strict=True)]
    mean, wider = fmean(found), sqrt(2 / (1 - 1 / (len(found) - 1)))
    spread = [mean + wider * (value - mean) for value in found]
    leads = {"within a prior over between priors": lead_of(spread, (fmean(within), fmean(between)))}
    return by_first(leads, "overlap", len(rows))


def _beyond_chance(rows: Sequence[Row], priors: Sequence[str]) -> dict[int, dict[bool, list[float]]]:
    """By seed, of one prior (True) and of two, the points that a pair of tickets shares beyond chance."""
    signs = {"overlap": 1.0, "expected_overlap": -1.0}
    pairs: dict[tuple[int, str, str], float] = defaultdict(float)
    for row in rows:
        if row.metric in signs and isclose(float(str(row.cell[SPARSITY])), SHOWN, abs_tol=0.005):
            pairs[row.seed, str(row.cell["prior"]), str(row.detail["reference"])] += signs[row.metric] * row.value
    found: dict[int, dict[bool, list[float]]] = defaultdict(lambda: defaultdict(list))
    for (seed, prior, reference), share in sorted(pairs.items()):
        if {prior, reference} <= set(priors):
            found[seed][prior == reference].append(share)
    return found


def bear_differently(rows: Sequence[Row]) -> Finding:
    """By the surest pair of priors, its p taken times the number of pairs; no difference can be shown to be none."""
    priors, tasks = pretrained(rows), tasks_of([row for row in rows if NOISE in row.cell])
    logs = {task: borne(rows, task) for task in tasks}
    leads = {f"{one} over {other}": found for one, other in combinations(priors, 2)
             if (found := _apart(logs, one, other)) is not None}  # fmt: skip
    if not leads:
        return Finding("open", "accuracy", 1.0, {}, "no pair of priors can be compared", runs=len(rows))
    pairs = comb(len(priors), 2)
    surest = dict(sorted(leads.items(), key=lambda item: item[1].p))
    p = min(1.0, pairs * next(iter(surest.values())).p)
    return Finding("for" if p < 0.05 else "open", "accuracy", p, surest, runs=len(rows), share=pairs)


def _apart(logs: Mapping[str, Mapping[str, Mapping[int, float]]], one: str, other: str) -> Lead | None:
    """The difference of two priors' logs, the mean over the tasks that have both; None with too few pretrainings."""
    found: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for by_prior in logs.values():
        left, right = by_prior.get(one, {}), by_prior.get(other, {})
        for seed in set(left) & set(right):
            found[seed].append((left[seed], right[seed]))
    if len(found) < _FEWEST:
        return None
    sides = [[fmean(pair[side] for pair in pairs) for _, pairs in sorted(found.items())] for side in (0, 1)]
    return lead_of([a - b for a, b in zip(*sides, strict=True)], (fmean(sides[0]), fmean(sides[1])))


def borne(rows: Sequence[Row], task: str) -> dict[str, dict[int, float]]:
    """By prior and seed, the log of the noise at which dense nets are two points below themselves without it.

    Those that lose less at the largest noise have none.
    """
    curves: dict[tuple[str, int], dict[float, float]] = defaultdict(dict)
    for row in where(rows, "accuracy", task=task, draw__sparsity=0.0):
        if NOISE in row.cell:
            curves[str(row.cell["prior"]), row.seed][float(str(row.cell[NOISE]))] = row.value
    found: dict[str, dict[int, float]] = defaultdict(dict)
    for (prior, seed), curve in sorted(curves.items()):
        if (at := crossing(curve, curve[0.0] - POINTS)) is not None:
            found[prior][seed] = at
    return found


def crossing(curve: Mapping[float, float], bar: float) -> float | None:
    """The log of the first noise at which a curve is down at the bar, straight between two scales in the log.

    >>> from math import exp
    >>> round(exp(crossing({0.0: 90.0, 0.1: 90.0, 1.0: 86.0}, 88.0)), 3)  # half way down, from 0.1 to 1
    0.316
    """
    scales = sorted(scale for scale in curve if scale > 0)
    for before, scale in zip([scales[0], *scales], scales, strict=False):
        if curve[scale] <= bar:
            fall = curve[before] - curve[scale]
            share = (curve[before] - bar) / fall if fall > 0 and before < scale else 1.0
            return log(before) + share * (log(scale) - log(before))
    return None
