"""How entrants are trained: the dense net as usual; a ticket from the dense net once adapted, pruned as it learns."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tombola.fitting.fit import Fit
from tombola.objectives._base import Objective
from tombola.race.entrants import Entrant
from tombola.race.pace import fit_of
from tombola.race.wanted import Wanted
from tombola.spec import build

PRUNED_BY: Final = 0.6
"""The part of a training after which all is pruned; the rest is for recovering."""
_TIMES: Final = 20
"""How often masks are drawn anew until then: what pruning costs stays small beside the steps."""


@dataclass(frozen=True)
class Start:
    """A net to begin at: the file of one that answers the task, how much of it is pruned, the steps it learned for."""

    net: Path
    sparsity: float = 0.0
    learned: int = 0
    """Since it was the dense net; of the dense net itself, all."""
    rate: float = 1.0
    """The part of the usual rate that it goes on with."""


def from_source(wanted: Wanted, entrant: Entrant, steps: int, teacher: Path | None) -> dict[str, Any]:
    """Options of an experiment: a pretrained net finetuned, learning from the file ``teacher`` where there is one."""
    usual = fit_of(wanted, steps)
    fit = _taught(usual, build(Fit, usual).objective, teacher)
    model = wanted.model if entrant.source is None else entrant.source
    return {"model": model, "draw": dict(entrant.draw), "transfer": {"name": "finetune", "fit": fit}}


def from_net(wanted: Wanted, entrant: Entrant, steps: int, start: Start, teacher: Path | None) -> dict[str, Any]:
    """Options of an experiment: the net at ``start`` is pruned and trained on, taught by that in another file if any.

    What is drawn by ``omp`` is pruned little by little, from where the start is; other schemes draw once, before the
    training. What is pruned at the start is 0, so a draw of as much finds the same.
    """
    usual = fit_of(wanted, steps)
    own = build(Fit, usual)
    fit = _taught(usual, own.objective, teacher)
    if start.rate != 1:
        fit["optimizer"] = own.optimizer.replace(lr=start.rate * own.optimizer.lr)
    draw = dict(entrant.draw)
    if draw["name"] == "omp" and entrant.sparsity > start.sparsity:
        how = {name: value for name, value in draw.items() if name != "name"}
        every = f"{max(1, round(PRUNED_BY * steps / _TIMES))}it"
        fit["changes"] = [*own.changes, {"name": "prune", "end": PRUNED_BY, "every": every, **how}]
        draw["sparsity"] = start.sparsity
    return {"model": {"name": f"path:{start.net}"}, "draw": draw, "transfer": {"name": "retrain", "fit": fit}}


def _taught(fit: dict[str, Any], own: Objective, teacher: Path | None) -> dict[str, Any]:
    """The training with a teacher's answers beside its own objective, where there is one and it can stand there."""
    if teacher is None or own.OWN_BATCH or own.spent or own.name == "distill":
        return {**fit}
    return {**fit, "objective": {"name": "distill", "of": own, "teacher": f"path:{teacher}"}}
