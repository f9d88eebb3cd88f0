"""How claims about texts are judged: BERT's tickets and RLPrompt's prompts. Written before any of their rows."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import fmean
from typing import Final

from results.evidence.bounds import bounds, span_of
from results.evidence.judges import Finding, Leaning, all_above, by_first, tasks_of
from results.evidence.leads import SPARSITY, lead, where
from results.evidence.wording import told_of

from tombola.rows import Row
from tombola.verdicts.matching import matching
from tombola.verdicts.runs import Outcome
from tombola.verdicts.universal import universal

CONTROLS: Final = ("random mask", "new weights", "layers moved")
LEAST: Final = 0.5
BELOW: Final = 0.9
WORSE: Final = -2.0
"""By so many points a prompt of the dense model may be worse than a ticket's own and still serve it."""
TICKETS: Final = (0.2, 0.3)
SPLIT_AND_NET: Final = re.compile(r"split (\d+), found at (.+)")
_HEADLINES: Final = {"cola": "matthews", "stsb": "pearson", "squad": "answer_f1"}
_METRICS: Final = "accuracy, Matthews' correlation"


def headlines(rows: Sequence[Row]) -> list[Row]:
    """The rows of the metric that each task is judged by."""
    return [row for row in rows if row.metric == _HEADLINES.get(str(row.cell["task"]), "accuracy")]


def matches_between(rows: Sequence[Row]) -> Finding:
    """Every task's sparsest match, by intervals, is 50 % or more and below 90 %."""
    asked = headlines(rows)
    ends = {task: bounds(_matched([row for row in asked if row.cell["task"] == task])) for task in tasks_of(asked)}
    lean: Leaning = "open"
    if all(shown >= LEAST and possible < BELOW for shown, possible in ends.values()):
        lean = "for"
    elif any(possible < LEAST or shown >= BELOW for shown, possible in ends.values()):
        lean = "against"
    told = ", ".join(f"{task} {span_of(*found)}" for task, found in ends.items())
    return Finding(lean, _METRICS, None, {}, f"sparsest match: {told}", tuple(_means(asked)), len(asked))


def _means(rows: Sequence[Row]) -> Iterator[str]:
    """Each task's mean at each sparsity, in words."""
    for task in tasks_of(rows):
        here = [row for row in rows if row.cell["task"] == task]
        by_level: dict[float, list[float]] = {}
        for row in here:
            by_level.setdefault(float(str(row.cell[SPARSITY])), []).append(row.value)
        form = ".1f" if here[0].unit == "%" else ".3f"
        told = ", ".join(f"{fmean(values):{form}} at {level:.0%}" for level, values in sorted(by_level.items()))
        yield f"{task}, {here[0].metric}: {told}"


def _matched(rows: Sequence[Row]) -> Mapping[float, Outcome]:
    """Of one task, by sparsity, whether the ticket matches the dense net less one std."""
    by_level: dict[float, list[Row]] = {}
    for row in rows:
        by_level.setdefault(float(str(row.cell[SPARSITY])), []).append(row)
    dense = by_level.pop(0.0)
    return {level: matching(runs, dense).outcome for level, runs in by_level.items()}


def ticket_over_controls(rows: Sequence[Row]) -> Finding:
    """Each task's ticket over each control at 50 %: all must lead."""
    asked, leads = headlines(rows), {}
    for task in tasks_of(asked):
        here = [row for row in asked if row.cell["task"] == task]
        for control in CONTROLS:
            leads[f"{task}: ticket over {control}"] = lead(here, "drawn", "ticket, 50%", f"{control}, 50%")
    return all_above(leads, len(asked), _METRICS)


def level_by_level(rows: Sequence[Row]) -> Finding:
    """On each task IMP's lead over one shot at 70 %: both must lead."""
    asked = where(rows, "accuracy", draw__sparsity=0.7)
    leads = {
        f"{task}: level by level over one shot": lead(
            where(asked, "accuracy", task=task), "scheme", "level by level", "one shot"
        )
        for task in tasks_of(asked)
    }
    return all_above(leads, len(asked))


def words_serve(rows: Sequence[Row]) -> Finding:
    """By the other targets whose own ticket is reached: of masked words as few as are shown, of tasks all possible."""
    asked = [row for row in headlines(rows) if row.cell["drawn on"] != "dense"]
    reached = {source: _reached(asked, source) for source in ("words", *_sources(asked))}
    few, many = reached.pop("words")
    lean: Leaning = "open"
    if all(few >= possible for _, possible in reached.values()):
        lean = "for"
    elif any(many < shown for shown, _ in reached.values()):
        lean = "against"
    told = [f"{source} {shown} shown, {possible} possible" for source, (shown, possible) in reached.items()]
    head = f"other targets reached: masked words {few} shown, {many} possible; {'; '.join(told)}"
    counts = universal(_with_own(asked), source="drawn on", target="task")
    means = ", ".join(f"{source} {counts[source].count}" for source in ("words", *reached))
    return Finding(lean, _METRICS, None, {}, head, (f"by the means alone, as the paper counts: {means}",), len(asked))


def _sources(rows: Sequence[Row]) -> list[str]:
    return [task for task in tasks_of(rows) if any(row.cell["drawn on"] == task for row in rows)]


def _with_own(rows: Sequence[Row]) -> list[Row]:
    """The rows, those of the one-shot ticket as the own ticket of a task that draws none."""
    lacking = set(tasks_of(rows)) - set(_sources(rows))
    own = [row for row in rows if row.cell["drawn on"] == "one shot" and row.cell["task"] in lacking]
    return [*rows, *(row.model_copy(update={"cell": {**row.cell, "drawn on": row.cell["task"]}}) for row in own)]


def _reached(rows: Sequence[Row], source: str) -> tuple[int, int]:
    """On how many other targets its ticket is shown to reach the target's own, and on how many it may."""
    given = _with_own(rows)
    found = []
    for task in set(tasks_of(rows)) - {source}:
        here = [row for row in given if row.cell["task"] == task]
        ahead = lead(here, "drawn on", source, task)
        found.append((ahead.interval.low >= 0, ahead.interval.high >= 0))
    return sum(shown for shown, _ in found), sum(possible for _, possible in found)


def no_early_gain(rows: Sequence[Row]) -> Finding:
    """That no early step is ahead of the pretrained weights, by less than a point at the most; a shown gain is against.

    Its p is that of a gain of one point, or of none where one is shown.
    """
    asked = where(rows, "accuracy")
    leads = {
        f"pretrained over {state}, {level}": lead(where(asked, "accuracy", at=level), "drawn from", "pretrained", state)
        for level in sorted({str(row.cell["at"]) for row in asked})
        for state in ("a tenth", "a half")
    }
    gained = all_above(leads, len(asked))
    return gained if -1 in {found.sign for found in leads.values()} else all_above(leads, len(asked), bar=-1.0)


def learned_over_lucky(rows: Sequence[Row]) -> Finding:
    """The lead of `rl` over `random`, the classes' mean log-odds taken off; over a prompt by hand beside it."""
    asked = where(rows, "accuracy", calibrate="shots")
    leads = {f"rl over {other}": lead(asked, "search", "rl", other) for other in ("random", "manual", "none")}
    return by_first(leads, "accuracy", len(asked))


def prompts_transfer(rows: Sequence[Row]) -> Finding:
    """At 20 and 30 % the dense model's prompt over the ticket's own: both above the bar. The way back is told."""
    asked = asked_across(rows)
    leads = {
        f"the dense model's over its own, {level:.0%}": lead(
            where(asked, "accuracy", draw__sparsity=level), "found at", "0%", f"{level:.0%}"
        )
        for level in TICKETS
    }
    dense = where(asked, "accuracy", draw__sparsity=0.0)
    back = [f"back, {level:.0%}: {told_of(lead(dense, 'found at', f'{level:.0%}', '0%'))}" for level in TICKETS]
    return replace(all_above(leads, len(asked), bar=WORSE), numbers=tuple(back))


def asked_across(rows: Sequence[Row]) -> list[Row]:
    """The rows of prompts asked across: what the prompt was found on as an axis, the split of the shots as the seed."""
    found = []
    for row in rows:
        split, at = SPLIT_AND_NET.fullmatch(str(row.cell["prompt"])).groups()  # type: ignore[union-attr]
        cell = {**{axis: level for axis, level in row.cell.items() if axis != "prompt"}, "found at": at}
        found.append(row.model_copy(update={"cell": cell, "seed": int(split)}))
    return found
