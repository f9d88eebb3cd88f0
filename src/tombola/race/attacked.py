"""``--robust``: everything is trained against an adversary, and what is kept under one is told of what is shipped."""

from typing import Any, Final

from tombola import verbs
from tombola.errors import RequestError
from tombola.fitting.presets import PRESETS
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.race.pace import batch_of
from tombola.race.wanted import Wanted
from tombola.tasks._base import Task
from tombola.tasks.classification import Classification
from tombola.units import ratio

SAMPLES: Final = 200
STEPS: Final = 10
MOST: Final = 0.5
"""Of a pixel's whole range: further, an adversary may show anything."""


def against_an_adversary(written: str | None, task: Task, fit: dict[str, Any]) -> float | None:
    """The radius that a user wrote, and ``fit`` told to train against it, in place; None where nothing was written.

    Raises `RequestError` for what is no radius, for tasks whose samples have no pixels to move, and beside an
    objective that was named, or a preset that has one.
    """
    if written is None:
        return None
    try:
        eps = float(ratio(written))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        eps = 0.0
    if not 0 < eps <= MOST:
        raise RequestError(f"--robust {written}: is no distance that pixels move; write it as in --robust 2/255")
    if not isinstance(task, Classification):
        raise RequestError(f"--robust moves pixels of images with a label, and {task.name} has none; leave it out")
    if "objective" in fit:
        raise RequestError("--robust and --set fit.objective=... say the same; write one of them")
    named = fit.get("preset")
    if "objective" in PRESETS.get(str(named), {}):
        raise RequestError(
            f"--robust and --set fit={named}, which has an objective of its own, differ; write one of them"
        )
    fit["objective"] = {"name": "fast", "eps": eps}
    return eps


def under_attack(network: Network, wanted: Wanted, device: str) -> tuple[float, int]:
    """Per cent of so many held-out samples that it tells right whatever PGD makes of them; the net is in float32."""
    assert wanted.robust is not None
    attack = {"name": "pgd", "eps": wanted.robust, "steps": STEPS, "step": wanted.robust / 4}
    wished = {"name": "adversarial_accuracy", "attack": attack, "samples": SAMPLES}
    rows = verbs.measure(network, wanted.task, [wished], seed=wanted.seed, session=Session(device=device))
    (found,) = (row for row in rows if row.metric == "adversarial_accuracy")
    return found.value, found.samples


def passes(wanted: Wanted) -> float:
    """Steps of training that take as long as the attacks on two nets; 0 where nobody asked for any.

    A step of training moves its batch once and learns from it, two ways there and back; one of PGD takes one.
    """
    return 0.0 if wanted.robust is None else 2 * SAMPLES * (STEPS + 1) / (2 * batch_of(wanted))
