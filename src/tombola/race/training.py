"""How entrants are trained: the dense net as usual; a ticket from the dense net once adapted, pruned as it learns."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tombola.objectives._base import Objective
from tombola.race.entrants import Entrant
from tombola.race.pace import fit_of
from tombola.race.wanted import Wanted

PRUNED_BY: Final = 0.6
"""The part of a training after which all is pruned; the rest is for recovering."""
_TIMES: Final = 20
"""How often masks are drawn anew until then: what pruning costs stays small beside the steps."""


def from_source(wanted: Wanted, entrant: Entrant, steps: int) -> dict[str, Any]:
    """Options of an experiment: the pretrained net finetuned."""
    return {
        "model": wanted.model,
        "draw": dict(entrant.draw),
        "transfer": {"name": "finetune", "fit": fit_of(wanted, steps)},
    }


def from_dense(wanted: Wanted, entrant: Entrant, steps: int, dense: Path) -> dict[str, Any]:
    """Options of an experiment: the net adapted in the file ``dense`` is pruned and trained on, taught by itself.

    What is drawn by ``omp`` is pruned little by little; other schemes draw once, before the training.
    """
    net, fit = {"name": f"path:{dense}"}, {**fit_of(wanted, steps), "objective": _taught(wanted, dense)}
    draw = dict(entrant.draw)
    if draw["name"] == "omp" and draw["sparsity"]:
        how = {name: value for name, value in draw.items() if name != "name"}
        every = f"{max(1, round(PRUNED_BY * steps / _TIMES))}it"
        fit["changes"] = [*fit.get("changes", ()), {"name": "prune", "end": PRUNED_BY, "every": every, **how}]
        draw["sparsity"] = 0.0
    return {"model": net, "draw": draw, "transfer": {"name": "retrain", "fit": fit}}


def _taught(wanted: Wanted, dense: Path) -> Mapping[str, Any] | str:
    """The user's objective beside the dense net's answers, where a teacher can stand beside it."""
    own = wanted.fit.get("objective", "natural")
    found = Objective.parse(own)
    if found.OWN_BATCH or found.spent or found.name == "distill":
        return own  # type: ignore[no-any-return]  # as the user wrote it
    return {"name": "distill", "of": own, "teacher": f"path:{dense}"}
