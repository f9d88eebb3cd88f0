"""Tombola draws sparse subnetworks from pretrained networks, adapts them to your task and measures what they kept.

The public names, loaded when first used, so that ``import tombola`` is fast:

    pretrain, draw, transfer, measure, export     the verbs
    rungs                                         all the tickets of a ladder, where draw gives the last
    load                                          a finished model that answers: a ticket, an ONNX file, a folder of C
    adopt, Attached                               a ticket from elsewhere; several tickets on one model
    Source, Fit, Network, Masks, Ticket, Steps    the nouns they take and give
    Session, Tracking                             where and how work runs, and who keeps its numbers
    Enforcer                                      masks that hold in a loop of your own
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tombola.adopting import adopt
    from tombola.attached import Attached
    from tombola.fitting.fit import Fit
    from tombola.fitting.session import Session
    from tombola.fitting.tracking import Tracking
    from tombola.masks.enforce import Enforcer
    from tombola.masks.masks import Masks
    from tombola.models.inputs.pixels import Normalise
    from tombola.models.network import Network
    from tombola.models.source import Source
    from tombola.predicting.loading import load
    from tombola.tickets.ticket import Ticket
    from tombola.units import Steps
    from tombola.verbs import draw, export, measure, pretrain, rungs, transfer

__version__ = "0.1.0"

_HOME = {
    "Attached": "tombola.attached",
    "Enforcer": "tombola.masks.enforce",
    "Fit": "tombola.fitting.fit",
    "Masks": "tombola.masks.masks",
    "Network": "tombola.models.network",
    "Normalise": "tombola.models.inputs.pixels",
    "Session": "tombola.fitting.session",
    "Source": "tombola.models.source",
    "Steps": "tombola.units",
    "Ticket": "tombola.tickets.ticket",
    "Tracking": "tombola.fitting.tracking",
    "adopt": "tombola.adopting",
    "draw": "tombola.verbs",
    "export": "tombola.verbs",
    "load": "tombola.predicting.loading",
    "measure": "tombola.verbs",
    "pretrain": "tombola.verbs",
    "rungs": "tombola.verbs",
    "transfer": "tombola.verbs",
}

__all__ = [
    "Attached",
    "Enforcer",
    "Fit",
    "Masks",
    "Network",
    "Normalise",
    "Session",
    "Source",
    "Steps",
    "Ticket",
    "Tracking",
    "adopt",
    "draw",
    "export",
    "load",
    "measure",
    "pretrain",
    "rungs",
    "transfer",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"tombola has no {name!r}; it has {', '.join(__all__)}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
