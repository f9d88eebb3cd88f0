"""`Plan`: a study's experiments as a graph of stages, each once, with keys that are known without running anything."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from tombola.study.chain import ALWAYS, STAGES, stages_of
from tombola.study.stage import Stage
from tombola.study.study import Cell, Study


@dataclass(frozen=True)
class PlannedCell:
    """A cell and the stages whose rows are its rows."""

    cell: Cell
    measures: tuple[Stage, ...]

    @cached_property
    def stages(self) -> dict[str, Stage]:
        """What the cell would run by itself, by key, inputs first: its properties share what they measure."""
        return {stage.key: stage for measure in self.measures for stage in behind(measure)}


@dataclass(frozen=True)
class Tally:
    """Of one kind of stage: how many there are, how many are in the store, how many must run."""

    total: int
    cached: int
    to_run: int


@dataclass(frozen=True)
class Counts:
    """A plan in numbers. ``shared`` is how many stages the cells would run a second time if nothing were shared."""

    cells: int
    shared: int
    kinds: Mapping[str, Tally]

    @property
    def stages(self) -> int:
        """All different stages."""
        return sum(tally.total for tally in self.kinds.values())

    @property
    def cached(self) -> int:
        """Those in the store."""
        return sum(tally.cached for tally in self.kinds.values())

    @property
    def to_run(self) -> int:
        """Those that must run: a stage that only led to something that is cached need not."""
        return sum(tally.to_run for tally in self.kinds.values())


@dataclass(frozen=True)
class Plan:
    """The stages of a study by key, inputs before what is made from them."""

    study: Study
    cells: tuple[PlannedCell, ...]
    stages: Mapping[str, Stage] = field(repr=False)

    @classmethod
    def of(cls, study: Study) -> "Plan":
        """The plan of a study; raises the one `OptionError` with all its problems."""
        cells = tuple(PlannedCell(cell, tuple(stages_of(cell.experiment))) for cell in study.cells())
        stages: dict[str, Stage] = {}
        for planned in cells:
            for key, stage in planned.stages.items():
                stages.setdefault(key, stage)
        return cls(study, cells, stages)

    def missing(self, has: Callable[[str], bool]) -> dict[str, Stage]:
        """The stages that must run, in order: a cached stage needs nothing of what it was made from."""
        found: dict[str, bool] = {key: has(key) for key in self.stages}
        needed: set[str] = set()
        waiting = [measure for planned in self.cells for measure in planned.measures]
        while waiting:
            stage = waiting.pop()
            if not found[stage.key] and stage.key not in needed:
                needed.add(stage.key)
                waiting += stage.inputs
        return {key: stage for key, stage in self.stages.items() if key in needed}

    def counts(self, has: Callable[[str], bool]) -> Counts:
        """The plan in numbers, given what a store has."""
        total = Counter(stage.STAGE for stage in self.stages.values())
        cached = Counter(stage.STAGE for stage in self.stages.values() if has(stage.key))
        to_run = Counter(stage.STAGE for stage in self.missing(has).values())
        kinds = {kind: Tally(total[kind], cached[kind], to_run[kind]) for kind in self.kinds}
        return Counts(len(self.cells), self.alone().total() - len(self.stages), kinds)

    @property
    def kinds(self) -> list[str]:
        """The kinds of stages that are told of, in the order in which they lead to each other."""
        here = {stage.STAGE for stage in self.stages.values()}
        return [kind for kind in STAGES if kind in ALWAYS or kind in here]

    def alone(self) -> Counter[str]:
        """How many stages of each kind the cells would run by themselves."""
        return Counter(stage.STAGE for planned in self.cells for stage in planned.stages.values())


def behind(stage: Stage) -> Iterator[Stage]:
    """A stage and all it is made from, inputs first; one that several are made from comes as often."""
    for source in stage.inputs:
        yield from behind(source)
    yield stage
