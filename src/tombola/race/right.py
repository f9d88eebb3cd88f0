"""What a net told right of the samples it was judged on: with the interval, and class by class."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import torch

from tombola.data._base import Labelled, stratified
from tombola.outcomes import Outcomes, wilson
from tombola.properties._test_images import outcomes
from tombola.race.finish import Finish
from tombola.tasks._base import Task

SHOWN: Final = 5
"""Classes at either end of a table, where there are more than twice as many."""


@dataclass(frozen=True)
class OfClass:
    """How many of a class's samples were told right."""

    name: str
    right: int
    samples: int

    @property
    def share(self) -> float:
        """Of 1."""
        return self.right / self.samples


def interval(right: int, samples: int) -> str:
    """The 95 % interval of an accuracy in per cent (Wilson, 1927).

    >>> interval(90, 100)
    '82.56 to 94.48'
    """
    low, high = wilson(right, samples)
    return f"{100 * low:.2f} to {100 * high:.2f}"


def accuracy(one: Finish) -> str:
    """The accuracy of a finish with its interval."""
    return f"{one.accuracy:.2f} % ({interval(round(one.accuracy * one.samples / 100), one.samples)})"


def by_class(held_out: Finish, task: Task) -> list[OfClass]:
    """The classes of held-out samples, the worst first; none where it is not known which samples they were."""
    judged = _judged(held_out, task)
    if judged is None:
        return []
    right = torch.from_numpy(Outcomes.parse(held_out.outcomes).table())
    of = [(name, judged.labels == label) for label, name in enumerate(judged.classes)]
    found = [OfClass(name, int(right[mine].sum()), int(mine.sum())) for name, mine in of if bool(mine.any())]
    return sorted(found, key=lambda one: (one.share, -one.samples, one.name))


def _judged(held_out: Finish, task: Task) -> Labelled | None:
    """The samples that the outcomes are of, as a bench takes them of the test split."""
    test = task.splits().test
    if not held_out.outcomes or not isinstance(test, Labelled):
        return None
    told = Outcomes.parse(held_out.outcomes)
    some = stratified(test, min(told.count, len(test)), seed=0)
    same = Outcomes.parse(outcomes(torch.ones(len(some)), some))
    return some if (same.of, same.count) == (told.of, told.count) else None


def table(classes: Sequence[OfClass]) -> Iterator[str]:
    """Lines for the card: all of few classes, of many the worst and the best."""
    if not classes:
        return
    few = len(classes) <= 2 * SHOWN
    shown = classes if few else [*classes[:SHOWN], *classes[-SHOWN:]]
    which = "worst first" if few else f"the {SHOWN} worst and the {SHOWN} best of {len(classes)}"
    yield from (
        f"## Class by class (held-out samples, {which})",
        "| class | right | accuracy (95 %) |",
        "|---|---|---|",
    )
    yield from map(_row, shown)
    yield ""


def _row(one: OfClass) -> str:
    name = " ".join(one.name.replace("|", "\\|").split())
    return f"| {name} | {one.right} of {one.samples} | {100 * one.share:.1f} % ({interval(one.right, one.samples)}) |"
