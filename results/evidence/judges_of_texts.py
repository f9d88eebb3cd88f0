"""How claims about texts are judged: BERT's tickets and RLPrompt's prompts. Written before any of their rows."""

from collections.abc import Sequence
from typing import Final

from results.evidence.judges import Finding, all_above, by_first, tasks_of
from results.evidence.leads import lead, where

from tombola.rows import Row

CONTROLS: Final = ("random mask", "new weights", "layers moved")
_HEADLINES: Final = {"cola": "matthews"}


def ticket_over_controls(rows: Sequence[Row]) -> Finding:
    """Each task's ticket over each control at 50 %: all must lead."""
    leads, runs = {}, 0
    for task in tasks_of(rows):
        asked = where(rows, _HEADLINES.get(task, "accuracy"), task=task)
        runs += len(asked)
        for control in CONTROLS:
            leads[f"{task}: ticket over {control}"] = lead(asked, "drawn", "ticket, 50%", f"{control}, 50%")
    return all_above(leads, runs, "accuracy, Matthews' correlation")


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


def learned_over_lucky(rows: Sequence[Row]) -> Finding:
    """The lead of `rl` over `random`, the classes' mean log-odds taken off; over a prompt by hand beside it."""
    asked = where(rows, "accuracy", calibrate="shots")
    leads = {f"rl over {other}": lead(asked, "search", "rl", other) for other in ("random", "manual", "none")}
    return by_first(leads, "accuracy", len(asked))
