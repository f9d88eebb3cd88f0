"""Iterative magnitude pruning: train, prune the smallest, go back, again; adversarial when the fit's objective is.

What: level k trains the network under the masks of level k - 1 from the rewound state to the fit's last step, prunes
  the smallest of its weights as the ladder says, and leaves the new masks on the rewound state. Masks are drawn from
  the last step's weights, never from the best validated; the optimizer begins anew at every level. Under an
  adversarial objective this is A-IMP. Drawn on the source task it is US, on the downstream task DS.
When: sparse tickets for one task, where one-shot pruning has lost too much.
Cost: a training a level; each level is stored, so a longer ladder climbs on from a shorter one, and a killed one
  continues at its level.
Options: ``sparsity`` or ``level``, where the ladder ends; ``ladder`` (geometric, linear, listed); ``fit`` of a level;
  ``rewind`` (pretrained, initial, early, finetuned); ``head`` (fresh: the same new one at every level; pretrained;
  kept: trained on from level to level, as BERT-Tickets does); ``first`` (prune: level 1 is drawn from the state itself
  without training; train: it is trained first); ``schedule`` of the learning rate (per_level: each level has all of
  it; whole_run: one over all levels; restarted: as whole_run, but each level plays only its first part, as
  BERT-Tickets' code does); ``pattern``, ``budget``, ``prunable``, ``image`` as for omp.
Reference: Frankle & Carbin, ICLR 2019; Chen et al., ICML 2022 (Double-Win); Fu et al., DAC 2023, equation 1 (A-IMP).
"""

from collections.abc import Mapping
from typing import Any, Literal, Self, final

from pydantic import model_validator
from torch import Tensor

from tombola.fitting.fit import Fit
from tombola.fitting.part import Part
from tombola.fitting.session import Session
from tombola.fitting.state import filed, load, under
from tombola.masks.budgets._base import Budget
from tombola.masks.drawing import draw_by_scores, groupings
from tombola.masks.ladders._base import Ladder
from tombola.masks.ladders._climbing import sparsity_after
from tombola.masks.masks import Masks
from tombola.masks.patterns._base import Pattern
from tombola.models.network import Network
from tombola.models.prunable import PrunableRule, prunable
from tombola.schemes._base import Rung, Scheme
from tombola.schemes._drawn import mask_only, weights_and_layers
from tombola.schemes._heads import with_fresh_head, with_pretrained_head
from tombola.schemes._rewound import check, digest_of, restore, with_values
from tombola.schemes.rewinds._base import Rewind
from tombola.spec import option
from tombola.tasks._base import Task
from tombola.tickets.ticket import Ticket

_STATE, _HEAD = "state", "head"
"""The folders in which a rung carries the rewound state and the trained head to the next one."""


@final
class IMP(Scheme):
    """One level of a ladder of trained, pruned and rewound tickets."""

    sparsity: float | None = option(None, "where the ladder ends; 0.9 unless a level is given", ge=0, lt=1)
    level: int | None = option(None, "where it ends, as a level of the ladder instead of a sparsity", ge=0)
    ladder: Ladder = option("geometric", "how the sparsity rises from level to level", validate_default=True)
    fit: Fit = option("cv-lth-imp", "how a level is trained: options, or a recipe's name", validate_default=True)
    rewind: Rewind = option("pretrained", "the state that every level starts from", validate_default=True)
    head: Literal["fresh", "pretrained", "kept"] = option("fresh", "the head a level starts from")
    first: Literal["prune", "train"] = option("prune", "whether level 1 prunes at once, or trains first")
    schedule: Literal["per_level", "whole_run", "restarted"] = option(
        "per_level", "the learning rate: all of its schedule at each level, or one schedule over the whole ladder"
    )
    levels: int | None = option(None, "of the whole ladder, filled in where the schedule spans it", ge=1)
    pattern: Pattern = option("element", "which weights live or die together", validate_default=True)
    budget: Budget = option("global", "how what is kept is shared out among the tensors", validate_default=True)
    prunable: PrunableRule = option(
        "double_win", "which tensors may be pruned: double_win, cv_lth, open_lth or re:PATTERN", validate_default=True
    )
    image: int | None = option(None, "pixels of an image's side, for budgets that count operations", ge=1)

    @model_validator(mode="before")
    @classmethod
    def _ninety(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and values.get("sparsity") is None and values.get("level") is None:
            return {**values, "sparsity": 0.9}
        return values

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if self.sparsity is not None and self.level is not None:
            raise ValueError(f"sparsity={self.sparsity:g} and level={self.level} both say where it ends; write one")
        if self.sparsity is not None and (level := self.ladder.level_of(self.sparsity)) is not None:
            self._be(sparsity=None, level=level, ladder=self.ladder.upto(level))  # the same rung by its other name
        if self.number < self._lowest:
            least = "0, the state that is rewound to" if self._lowest == 0 else "1"
            raise ValueError(f"level={self.level}: the lowest level with rewind={self.rewind.name} is {least}")
        if self.schedule == "per_level" and self.levels is not None:
            raise ValueError("levels goes with schedule=whole_run or restarted; with per_level leave it out")
        if self.schedule != "per_level" and self.levels is None:
            self._be(levels=self.number)
        return self

    def _be(self, **values: Any) -> None:
        """Fill in while it is made; frozen from then on."""
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @property
    def number(self) -> int:
        """The level this rung is."""
        if self.level is not None:
            return self.level
        assert self.sparsity is not None
        return self.ladder.levels(self.sparsity)

    @property
    def before(self) -> Scheme | None:
        if self.number == self._lowest:
            return None
        below = self.number - 1
        return self.replace(sparsity=None, level=below, ladder=self.ladder.upto(below), levels=self.levels)

    @property
    def needs_task(self) -> bool:
        return self.number == 0 or self._trains

    @property
    def seeded(self) -> bool:
        return self.needs_task or self.rewind.SEEDED

    def rung(self, model: Network, task: Task | None, start: Rung | None, *, seed: int, session: Session) -> Rung:
        state = self._state(model, task, start, seed, session)
        check(state, start)
        trained = self._trained(state, task, start, seed, session) if self._trains else state
        masks = Masks.full(prunable(model.body, self.prunable))
        if self.number > 0:
            masks = self._drawn(model, trained, None if start is None else start.ticket.masks, session)
        return Rung(self._ticket(model, state, masks, task), self._carried(start, state, trained))

    # The parts of a level -----------------------------------------------------------------------------------------

    @property
    def _lowest(self) -> int:
        return 0 if self.rewind.TRAINS else 1

    @property
    def _trains(self) -> bool:
        return self.number > 1 or (self.number == 1 and self.first == "train")

    def _state(self, model: Network, task: Task | None, start: Rung | None, seed: int, session: Session) -> Network:
        """The dense network every level starts from, with the head this level starts from."""
        headed = self._headed(model, task if self.needs_task else None, seed)
        carried = {} if start is None else start.carried
        if not self.rewind.TRAINS or self.number == 0:
            state = self.rewind.state(headed, task, self.fit, seed=seed, session=session)
        else:
            state = headed
            restore(state, under(carried, _STATE), with_head=self._trains)
        if self.head == "kept" and self._trains and (kept := under(carried, _HEAD)):
            load(state.head, kept)
        return state

    def _headed(self, model: Network, task: Task | None, seed: int) -> Network:
        if task is None:
            return model.copy()
        return (
            with_pretrained_head(model, task) if self.head == "pretrained" else with_fresh_head(model, task, seed=seed)
        )

    def _trained(self, state: Network, task: Task | None, start: Rung | None, seed: int, session: Session) -> Network:
        assert task is not None
        masks = None if start is None else start.ticket.masks
        fit = self.fit.replace(select="last")  # masks are drawn from the last step's weights
        return fit.run(state, task, masks=masks, seed=seed, session=session, part=self._part())

    def _part(self) -> Part:
        if self.levels is None:
            return Part(begin=self.rewind.begin)
        # Level 1 may prune without training: the trained levels then are 2 to levels, rounds 0 to levels - 2.
        skipped = 2 if self.first == "prune" else 1
        rounds = max(1, self.levels - skipped + 1)
        place = self.number - skipped if self.schedule == "whole_run" else 0
        return Part(begin=self.rewind.begin, round=place, rounds=rounds)

    def _drawn(self, model: Network, trained: Network, within: Masks | None, session: Session) -> Masks:
        dense, layers = weights_and_layers(model, self.prunable, self.budget, self.image)
        groups = groupings(dense, self.pattern, layers)  # of the pretrained weights, so the same at every level
        weights = prunable(trained.body, self.prunable)
        asked = self.sparsity
        return draw_by_scores(
            {name: weights[name].detach().abs() for name in dense},
            sparsity_after(self.ladder, self.number, groups, within) if asked is None else asked,
            pattern=self.pattern,
            budget=self.budget,
            groupings=groups,
            layers=layers,
            within=within,
            note=session.reporter.note,
        )

    def _ticket(self, model: Network, state: Network, masks: Masks, task: Task | None) -> Ticket:
        ticket = mask_only(
            model,
            masks,
            self,
            sparsity=masks.sparsity if self.sparsity is None else self.sparsity,
            rule=self.prunable,
            task=task if self.needs_task else None,
            objective=self.fit.objective.identity() if self._trains else None,
            extra={"level": self.number, "rewound_to": self.rewind.identity(), "rewound": digest_of(state)},
        )
        return ticket if self.rewind.name == "pretrained" else with_values(ticket, model, state)

    def _carried(self, start: Rung | None, state: Network, trained: Network) -> dict[str, Tensor]:
        carried: dict[str, Tensor] = {}
        if self.rewind.TRAINS:
            first = filed(state.state_dict(), _STATE)  # passed on as it was made: a level's own head may be another
            carried = first if start is None else {name: start.carried[name] for name in first}
        if self.head == "kept" and self._trains:
            carried |= filed(trained.head.state_dict(), _HEAD)
        return {name: tensor.detach().clone() for name, tensor in carried.items()}
