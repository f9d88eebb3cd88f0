"""How claims about priors with and without labels are judged: the CV tickets. Written before any of their rows.

A prior counts where its linear probe is `AHEAD` points above the untrained body's on both sets of `sensitivity`; what
does not pass is left out. The unit is the pretraining, which is the seed of these rows.
"""

from collections import defaultdict
from collections.abc import Sequence
from statistics import fmean
from typing import Final

from results.evidence.bounds import bounds
from results.evidence.floors import CONTROLS
from results.evidence.judges import Finding, Leaning, by_first, tasks_of
from results.evidence.leads import SPARSITY, Lead, lead, lead_of, where

from tombola.rows import Row
from tombola.verdicts.matching import matching
from tombola.verdicts.runs import Outcome, runs_of

LEAST: Final = 0.59
AHEAD: Final = 5.0
HEADLINES: Final = ("accuracy", "mean_iou", "average_precision")
NOISE: Final = "draw.scale"
_MOST: Final = 0.8  # four of five


def pretrained(rows: Sequence[Row]) -> list[str]:
    """The priors that count."""
    probes = [row for row in rows if row.cell.get(NOISE) == 0 and row.metric == "accuracy" and not row.cell[SPARSITY]]
    tasks, priors = tasks_of(probes), dict.fromkeys(str(row.cell["prior"]) for row in probes)

    def ahead(prior: str, task: str) -> bool:
        means = [
            fmean(row.value for row in where(probes, "accuracy", prior=name, task=task))
            for name in (prior, "untrained")
        ]
        return means[0] - means[1] >= AHEAD

    return [prior for prior in priors if prior not in CONTROLS and all(ahead(prior, task) for task in tasks)]


def _transfers(rows: Sequence[Row]) -> list[Row]:
    """The rows of transfers to targets, each with the name of its target as its task."""
    names = {"mean_iou": "camvid", "average_precision": "blood cells"}
    return [
        row.model_copy(update={"cell": {**row.cell, "task": row.cell.get("task") or names[row.metric]}, "study": ""})
        for row in rows
        if row.metric in HEADLINES and NOISE not in row.cell
    ]


def matches_everywhere(rows: Sequence[Row]) -> Finding:
    """Each prior on every target at 59 % or more; a ticket that does not lead the untrained net's leaves it open."""
    asked, priors = _transfers(rows), pretrained(rows)
    ends = {(prior, task): bounds(_matched(asked, prior, task)) for prior in priors for task in tasks_of(asked)}
    sure = [shown >= LEAST for shown, _ in ends.values()]
    out = [possible < LEAST for _, possible in ends.values()]
    lean: Leaning = "against" if any(out) else "for" if sure and all(sure) else "open"
    told = "; ".join(_told(prior, [found for (name, _), found in ends.items() if name == prior]) for prior in priors)
    here = where(asked, "accuracy", draw__sparsity=LEAST)
    leads = {f"{prior} over {control} at 59 %": lead(here, "prior", prior, control)
             for prior in priors for control in CONTROLS}  # fmt: skip
    return Finding(lean, "accuracy", None, leads, told or "no prior counts as pretrained", runs=len(asked))


def _told(prior: str, ends: Sequence[tuple[float, float]]) -> str:
    shown, out = (sum(found[0] >= LEAST for found in ends), sum(found[1] < LEAST for found in ends))
    return f"{prior} matches at 59 % or more on {shown} of {len(ends)} targets, not on {out}"


def _matched(rows: Sequence[Row], prior: str, task: str) -> dict[float, Outcome]:
    """By sparsity: yes where it matches, in at least four of five pretrainings, and leads the untrained net there."""
    here = [row for row in rows if row.cell["task"] == task]
    levels = sorted({float(str(row.cell[SPARSITY])) for row in here} - {0.0})
    return {level: _outcome(here, prior, level) for level in levels}


def _outcome(rows: Sequence[Row], prior: str, level: float) -> Outcome:
    metric = rows[0].metric
    ours, dense = (where(rows, metric, prior=prior, draw__sparsity=sparsity) for sparsity in (level, 0.0))
    found = matching(ours, dense)
    if found.outcome != "yes" or found.bar is None:
        return found.outcome
    values = [*runs_of(ours).values.values()]
    most = sum(value >= found.bar for value in values) >= _MOST * len(values)
    floor = lead(where(rows, metric, draw__sparsity=level), "prior", prior, "untrained")
    return "yes" if most and floor.sign == 1 else "undecided"


def source_serves(rows: Sequence[Row]) -> Finding:
    """By the share of targets on which the source's ticket reaches the mean of the target's own, less a half."""
    asked, priors = _transfers(rows), pretrained(rows)
    if not priors:
        return Finding("open", "accuracy", 1.0, {}, "no prior counts as pretrained", runs=len(asked))
    leads = {"share reached over a half": _share_over_half(asked, priors)}
    leads |= {f"{prior}: share reached over a half": _share_over_half(asked, [prior]) for prior in priors}
    leads["share reached over a half, by chance"] = _share_over_half(asked, priors, "by chance")
    return by_first(leads, "accuracy", len(asked))


def _share_over_half(rows: Sequence[Row], priors: Sequence[str], drawn: str = "source") -> Lead:
    """Never narrower than the share of as many trials can be, which keeps it from vanishing where all is reached."""
    reached: dict[int, list[bool]] = defaultdict(list)
    for prior in priors:
        for task in tasks_of(rows):
            here = [row for row in rows if row.cell["task"] == task and row.cell["prior"] == prior]
            own = fmean(row.value for row in here if row.cell["drawn on"] == "target")
            for row in here:
                if row.cell["drawn on"] == drawn:
                    reached[row.seed].append(row.value >= own)
    shares = [100 * fmean(found) for _, found in sorted(reached.items())]
    trials = sum(map(len, reached.values()))
    share = (trials * fmean(shares) / 100 + 1) / (trials + 2)
    noise = 1e4 * share * (1 - share) / (trials + 2)
    return lead_of([found - 50 for found in shares], (fmean(shares), 50.0), noise=noise, samples=trials)
