"""The runs behind a verdict: one value a seed, and what the values are values of."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev
from typing import Final, Literal, TypeAlias

from tombola.errors import RequestError
from tombola.rows import Row

FEWEST_SEEDS: Final = 3
"""With fewer runs than this nothing is decided."""

Outcome: TypeAlias = Literal["yes", "no", "undecided"]


@dataclass(frozen=True)
class Runs:
    """One measure of one cell: its value by seed; ``share`` says that it is a share of ``samples`` test samples.

    ``outcomes`` says by seed which samples were right, as `tombola.outcomes` writes it, where that is known.
    """

    values: Mapping[int, float]
    unit: str = ""
    better: str = "higher"
    samples: int = 0
    share: bool = False
    outcomes: Mapping[int, str] = field(default_factory=dict)

    @property
    def n(self) -> int:
        return len(self.values)

    @property
    def mean(self) -> float:
        return fmean(self.values.values())

    @property
    def std(self) -> float:
        """The sample standard deviation over seeds (n - 1); 0 for one seed."""
        return stdev(self.values.values()) if self.n > 1 else 0.0

    @property
    def sign(self) -> float:
        """-1 where lower is better, so that a positive difference times it is always a lead."""
        return -1.0 if self.better == "lower" else 1.0

    def shared(self, other: "Runs") -> tuple[int, ...]:
        """The seeds both have, in order."""
        return tuple(sorted(set(self.values) & set(other.values)))


Given: TypeAlias = Runs | Sequence[Row]
"""What a verdict is asked about: the rows of one measure of one cell, in any order, or the runs made of them."""


def runs_of(given: Given) -> Runs:
    """The runs of the rows, which must be of one measure and of cells that differ in nothing but the seed.

    A row that is there twice counts once; different values of one seed count as their mean.
    """
    if isinstance(given, Runs):
        return given
    _must_agree(given)
    by_seed = values_of(given)
    if not given:
        return Runs(by_seed)
    one, samples = given[0], min(map(_behind, given))
    share = is_share(one.metric, one.unit, samples)
    return Runs(by_seed, one.unit, one.better, samples, share, outcomes_of(given))


def values_of(rows: Sequence[Row]) -> dict[int, float]:
    """The values by seed, in order: a seed measured twice counts once, different values of it with their mean."""
    told: dict[int, set[float]] = defaultdict(set)
    for row in rows:
        told[row.seed].add(row.value)
    return {seed: fmean(sorted(told[seed])) for seed in sorted(told)}


def outcomes_of(rows: Sequence[Row]) -> dict[int, str]:
    """The outcomes by seed, without the seeds that have none, or several."""
    told: dict[int, set[str]] = defaultdict(set)
    for row in rows:
        told[row.seed].add(row.outcomes)
    return {seed: texts.pop() for seed, texts in sorted(told.items()) if len(texts) == 1 and "" not in texts}


def _behind(row: Row) -> int:
    """How many samples weighing alike are as noisy as the row's, which says so where some of its weigh more."""
    told = row.detail.get("effective_samples")
    return told if isinstance(told, int) else row.samples


def is_share(metric: str, unit: str, samples: int) -> bool:
    """Whether a value is the share of test samples that are told right, so that it has binomial noise."""
    return unit == "%" and samples > 0 and metric.endswith("accuracy")


def undecidable(left: Runs, right: Runs, names: tuple[str, str]) -> str:
    """Why two sets of runs decide nothing; empty where they can."""
    for runs, name in zip((left, right), names, strict=True):
        if not runs.n:
            return f"{name} was not measured"
    if "neither" in (left.better, right.better):
        return "neither more nor less of it is better"
    if (left.unit, left.better) != (right.unit, right.better):
        return "the two are not values of one measure"
    for runs, name in zip((left, right), names, strict=True):
        if runs.n < FEWEST_SEEDS:
            return f"{name} has {_seeds(runs.n)}, {FEWEST_SEEDS} are needed"
    shared = len(left.shared(right))
    if shared < FEWEST_SEEDS:
        return f"{names[0]} and {names[1]} share {_seeds(shared)}, {FEWEST_SEEDS} are needed"
    return ""


def _seeds(count: int) -> str:
    return f"{count or 'no'} seed{'s' if count != 1 else ''}"


def _must_agree(rows: Sequence[Row]) -> None:
    for row in rows[1:]:
        ours, theirs = _subject(rows[0]), _subject(row)
        if differing := sorted(name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name)):
            name = differing[0]
            raise RequestError(
                f"a verdict is about one measure of one cell, and these rows differ in {name}:"
                f" {ours.get(name)!r} and {theirs.get(name)!r}; choose the rows of one of them"
            )


def _subject(row: Row) -> dict[str, object]:
    axes = {name: value for name, value in row.cell.items() if name.rpartition(".")[2] != "seed"}
    said = {"study": row.study, "property": row.property, "metric": row.metric, "unit": row.unit, "better": row.better}
    return {**axes, **said}
