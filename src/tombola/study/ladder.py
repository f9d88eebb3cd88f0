"""One ticket drawn through a store: every rung is a stage, so a killed ladder continues and a longer one climbs on."""

from collections.abc import Mapping
from dataclasses import dataclass

from tombola.fitting.session import Reporter
from tombola.models.source import Source
from tombola.schemes._base import Scheme
from tombola.study.plan import Tally
from tombola.study.run import check_data
from tombola.study.runners._base import Outcome
from tombola.study.runners.inline import Inline
from tombola.study.stage import TICKET, Stage
from tombola.study.stages import DrawStage, PretrainStage, draw_stage
from tombola.study.store import Store
from tombola.tasks._base import Task
from tombola.tickets.ticket import Ticket


@dataclass(frozen=True)
class Ladder:
    """The rungs that lead to one ticket, the first first, on a model taken as it comes."""

    rungs: tuple[DrawStage, ...]

    @classmethod
    def of(cls, source: Source, scheme: Scheme, task: Task | None, seed: int) -> "Ladder":
        """The rungs of a scheme on a model; published weights are shared by all seeds."""
        prior = PretrainStage(model=source, seed=seed if source.name == source.bare else 0)
        rungs = [draw_stage(prior, scheme, task, seed)]
        while (below := rungs[0].previous) is not None:
            rungs.insert(0, below)
        return cls(tuple(rungs))

    def tally(self, store: Store) -> Tally:
        """How many rungs there are, how many are in the store, how many must run."""
        cached = sum(store.has(rung.key) for rung in self.rungs)
        return Tally(len(self.rungs), cached, len([key for key in self.missing(store) if key in self._keys]))

    def missing(self, store: Store) -> Mapping[str, Stage]:
        """The stages that must run, inputs first: nothing below a rung that is in the store."""
        needed: dict[str, Stage] = {}
        waiting: list[Stage] = [self.rungs[-1]]
        while waiting:
            stage = waiting.pop()
            if not store.has(stage.key) and stage.key not in needed:
                needed[stage.key] = stage
                waiting += stage.inputs
        prior = self.rungs[0].prior
        order: list[Stage] = [prior, *self.rungs]
        return {stage.key: stage for stage in order if stage.key in needed}

    def climb(self, store: Store, *, device: str, reporter: Reporter) -> Outcome:
        """Draw what is missing, one rung after the other, in this process."""
        Inline().check(device)
        missing = self.missing(store)
        check_data(missing)
        if missing:
            store.require_place()
        return Inline().run(missing, store, device=device, reporter=reporter)

    def ticket(self, store: Store) -> Ticket:
        """The ticket of the last rung, which is in the store."""
        return Ticket.load(store.folder(self.rungs[-1].key) / TICKET)

    @property
    def _keys(self) -> set[str]:
        return {rung.key for rung in self.rungs}
