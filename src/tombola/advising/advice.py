"""What to try first: a prior, a scheme, a pattern and a sparsity, each with what following such advice has cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tombola.advising.known import NATURAL, Features, Known
from tombola.advising.nearest import BASES, Case, cases, chosen, distance, leads
from tombola.advising.regret import RIVALS, Regrets, first, regrets


@dataclass(frozen=True)
class Choice:
    """One axis: what is advised, what nearest tasks expect of each level, and the regret that decided."""

    axis: str
    level: str
    expected: Mapping[str, float]
    regret: Regrets

    @property
    def why(self) -> str:
        """In a sentence, whose word was taken."""
        found = self.regret
        told = ", ".join(f"{policy} {points:.2f}" for policy, points in _sorted(found.by_policy))
        head = f"nearest tasks beat {' and '.join(map(repr, found.rivals))}" if found.advice_wins else (
            f"nearest tasks do not beat '{found.best}', which is taken: {found.tasks} tasks are few"
        )  # fmt: skip
        return f"{head} (points lost, each task left out in turn: {told})"


@dataclass(frozen=True)
class Advice:
    """A choice for every axis, and a sparsity with the points it is expected to cost (None: nobody measured)."""

    choices: tuple[Choice, ...]
    sparsity: float
    cost: float | None

    def of(self, axis: str) -> str:
        """What is advised of an axis."""
        return next(one.level for one in self.choices if one.axis == axis)


def advise(known: Sequence[Known], of: Features, sparsity: float | None = None, max_drop: float = 5.0) -> Advice:
    """For a task of these features; ``sparsity`` where it is wanted, else the largest that costs no more than
    ``max_drop`` points where it was measured, and half where none is so cheap."""
    costs = drops(known, of)
    cheap = [level for level, cost in costs.items() if cost <= max_drop]
    wanted = sparsity if sparsity is not None else max(cheap, default=0.5)
    choices = tuple(choice for axis in BASES if (choice := _choice(known, axis, of, wanted)) is not None)
    near = min(costs, key=lambda level: abs(level - wanted), default=None)
    cost = costs[near] if near is not None and abs(near - wanted) < 0.01 else None
    return Advice(choices, wanted, cost)


def _choice(known: Sequence[Known], axis: str, of: Features, sparsity: float) -> Choice | None:
    """None where no study compares levels of the axis."""
    seen = cases(known, axis)
    if not seen:
        return None
    expected, found = leads(seen, axis, of, sparsity), regrets(seen, axis)
    level = chosen(expected, BASES[axis]) if found.advice_wins else _always(found.best, axis, seen)
    return Choice(axis, level, expected, found)


def _always(policy: str, axis: str, seen: Sequence[Case]) -> str:
    """What always doing so takes: of a rival's levels the first that was measured anywhere."""
    name, order = RIVALS.get(axis, ("", ()))
    return first(order if policy == name else (), BASES[axis], *seen)


def drops(known: Sequence[Known], of: Features) -> dict[float, float]:
    """By sparsity, the points below dense that one-shot tickets of single weights and natural priors lost nearby."""
    plain = [one for one in known if (one.prior, one.scheme, one.pattern) == (NATURAL, "OMP", "element")]
    found = {}
    for level in sorted({one.sparsity for one in plain if one.sparsity > 0}):
        here = [one for one in plain if one.sparsity == level and one.features.dense is not None]
        if here:
            nearest = min(here, key=lambda one: distance(one.features, level, of, level))
            assert nearest.features.dense is not None
            found[level] = nearest.features.dense - nearest.accuracy
    return found


def _sorted(by_policy: Mapping[str, float]) -> list[tuple[str, float]]:
    return sorted(by_policy.items(), key=lambda pair: pair[1])
