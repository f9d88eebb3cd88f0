"""Smaller dense nets of the same family, which race unpruned; those whose weights are not here are said to be."""

from collections.abc import Sequence
from typing import Final

from tombola.models.kinds._base import kind_of
from tombola.models.source import Source
from tombola.race.entrants import NOTHING, Entrant, Ladder
from tombola.race.wanted import Wanted

MOST: Final = 3
_WHAT: Final = "smaller nets of the family"


def smaller_nets(wanted: Wanted, engines: Sequence[str]) -> tuple[Ladder, dict[str, str]]:
    """Up to three that have weights at hand, the largest first, in the engines given; and why others do not race."""
    if wanted.model.file is not None:
        why = "the weights are a file's, and which file holds a smaller net's nobody said"
        return Ladder(_WHAT, (), even=False), {_WHAT: why}
    kind, net = kind_of(wanted.model.name)
    found = kind.smaller(net)
    here = [name for name, at_hand in found.items() if at_hand]
    away = [name for name, at_hand in found.items() if not at_hand]
    rungs = [
        Entrant(name, NOTHING, engines, Source.parse({**_options(wanted.model), "name": name})) for name in here[:MOST]
    ]
    left = dict.fromkeys(away, "its weights are not on this machine, and a race downloads none")
    left |= dict.fromkeys(here[MOST:], "three smaller nets of the family race already")
    return Ladder(_WHAT, rungs, even=False), left or ({} if found else {_WHAT: f"{wanted.model.name} has none by name"})


def _options(model: Source) -> dict[str, object]:
    """What the user set of the model beside its name."""
    return {
        name: getattr(model, name) for name in model.model_fields_set if name != "name" and name in Source.model_fields
    }
