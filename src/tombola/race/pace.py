"""How a net is trained here, and how long a step of it takes on this machine."""

import time
from collections.abc import Mapping
from typing import Any, Final

from tombola.fitting.fit import Fit
from tombola.fitting.presets import over
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.race.wanted import Wanted
from tombola.spec import build

_TIMED: Final = 4
MOST_EPOCHS: Final = 30
"""A pretrained net gains nothing from more, however long the budget."""

_IMAGES: Final[Mapping[str, Any]] = {
    "batch": 32,
    "optimizer": {"name": "sgd", "lr": 0.01, "momentum": 0.9, "weight_decay": 1e-4},
    "schedule": "cosine",
}
_TEXTS: Final[Mapping[str, Any]] = {"preset": "glue", "optimizer": {"name": "adamw", "lr": 1e-4}}


def fit_of(wanted: Wanted, steps: int) -> dict[str, Any]:
    """How every entrant is trained: what the user set over the usual finetuning for the task's kind, so many steps.

    A preset that the user names is there instead of the usual one.
    """
    usual = _TEXTS if wanted.of_texts else _IMAGES
    beneath = usual if wanted.fit.get("preset") is None else {}
    return {**over(beneath, wanted.fit), "epochs": f"{steps}it"}


def an_epoch(wanted: Wanted) -> int:
    """Steps of one."""
    return -(-len(wanted.task.splits().train) // batch_of(wanted))


def batch_of(wanted: Wanted) -> int:
    """Samples that a step learns from."""
    return build(Fit, fit_of(wanted, 1)).batch


def asked_steps(wanted: Wanted) -> int | None:
    """How long the user wrote the dense net should be trained, as ``fit.epochs``; None where that was left open."""
    if "epochs" not in wanted.fit:
        return None
    asked = build(Fit, {**fit_of(wanted, 1), "epochs": wanted.fit["epochs"]}).epochs
    return max(1, asked.iterations(an_epoch(wanted)))


def to_learn(wanted: Wanted, steps: int) -> int:
    """Steps that a net can still learn from after so many; none where the user said how long nets are to be trained."""
    return 0 if asked_steps(wanted) is not None else max(0, MOST_EPOCHS * an_epoch(wanted) - steps)


def seconds_a_step(network: Network, wanted: Wanted, device: str) -> float:
    """Of the steps after the first, which also reads the data and starts what is started once; no net is changed."""

    def took(steps: int) -> float:
        begun = time.perf_counter()
        build(Fit, fit_of(wanted, steps)).run(network, wanted.task, seed=wanted.seed, session=Session(device=device))
        return time.perf_counter() - begun

    took(1)
    return max(1e-3, (took(1 + _TIMED) - took(1)) / _TIMED)
