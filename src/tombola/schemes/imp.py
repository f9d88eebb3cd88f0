"""Iterative magnitude pruning: train, prune the smallest, go back, again; adversarial when the fit's objective is.

What: level k trains the network under the masks of level k - 1 from the rewound state to the fit's last step, prunes
  the smallest of its weights as the ladder says (or the least worth, by another score), and leaves the new masks on
  the rewound state. Masks are drawn from the last step's weights, never from the best validated; the optimizer begins
  anew at every level. Under an adversarial objective this is A-IMP. Drawn on the source task it is US, on the
  downstream task DS.
When: sparse tickets for one task, where one-shot pruning has lost too much.
Cost: a training a level; each level is stored, so a longer ladder climbs on from a shorter one, and a killed one
  continues at its level.
Options: ``sparsity`` or ``level``, where the ladder ends; ``ladder`` (geometric, linear, listed); ``fit`` of a level;
  ``rewind`` (pretrained, initial, rescaled, early, finetuned); ``head`` (fresh: the same new one at every level;
  pretrained; kept: trained on from level to level, as BERT-Tickets does); ``first`` (prune: level 1 is drawn from the
  state itself without training; train: it is trained first); ``schedule`` of the learning rate (per_level: each level
  has all of it; whole_run: one over all levels; restarted: as whole_run, but each level plays only its first part, as
  BERT-Tickets' code does); ``score`` of a level's trained weights, ``pattern``, ``budget``, ``prunable``, ``image`` as
  for omp.
Reference: Frankle & Carbin, ICLR 2019; Chen et al., ICML 2022 (Double-Win); Fu et al., DAC 2023, equation 1 (A-IMP).
"""

from typing import ClassVar, final

from torch import Tensor

from tombola.data._counts import Counts
from tombola.errors import RequestError
from tombola.fitting.cost import epoch_of, fit_passes
from tombola.fitting.probe import NetworkProbe
from tombola.fitting.session import Session
from tombola.fitting.state import filed, load, under
from tombola.masks.drawing import groupings
from tombola.masks.ladders._climbing import sparsity_after
from tombola.masks.masks import Masks, came_back
from tombola.masks.ranking import Ranking, passes_of
from tombola.models.head_masks import rule_without_head
from tombola.models.network import Network
from tombola.models.prunable import PrunableRule, prunable
from tombola.registry import Examples
from tombola.schemes._base import Rung
from tombola.schemes._drawn import mask_only, weights_and_layers
from tombola.schemes._heads import with_fresh_head, with_pretrained_head
from tombola.schemes._levels import Levels
from tombola.schemes._rewound import check, digest_of, restore, with_values
from tombola.tasks._base import Task
from tombola.tickets.ticket import Ticket

_STATE, _HEAD = "state", "head"
"""The folders in which a rung carries the rewound state and the trained head to the next one."""


@final
class IMP(Levels):
    """One level of a ladder of trained, pruned and rewound tickets."""

    EXAMPLES: ClassVar[Examples] = ({"sparsity": 0.5, "ladder": "linear:0.25", "fit": {"epochs": "2it", "batch": 16}},)

    def rung(self, model: Network, task: Task | None, start: Rung | None, *, seed: int, session: Session) -> Rung:
        state = self._state(model, task, start, seed, session)
        check(state, start)
        trained = self._trained(state, task, start, seed, session) if self.trains else state
        rule = self._rule(model, start, session)
        masks = Masks.full(prunable(model.body, rule))
        if self.number > 0:
            probe = NetworkProbe(trained, task, seed=seed, device=session.device, image=self.image)
            masks = self._drawn(
                model, trained, task, rule, None if start is None else start.ticket.masks, probe, session
            )
            self._require_room(trained, masks)
        kept = self.rewind.under(state, masks, task, self.fit, seed=seed, session=session)
        return Rung(self._ticket(model, state, kept, masks, task, rule), self._carried(start, state, trained))

    def passes(self, counts: Counts | None) -> float | None:
        scored = passes_of(self.score) if self.number > 0 else 0.0
        if counts is None or not (self.number == 0 or self.trains):
            return scored
        part = self.rewind.part() if self.number == 0 else self.part()
        trained = fit_passes(self.fit.replace(select="last"), counts, part=part)
        return None if trained is None or scored is None else trained + scored

    # The parts of a level -----------------------------------------------------------------------------------------

    def _state(self, model: Network, task: Task | None, start: Rung | None, seed: int, session: Session) -> Network:
        """The dense network every level starts from, with the head this level starts from."""
        headed = self._headed(model, task if self.uses_head else None, seed)
        carried = {} if start is None else start.carried
        if not self.rewind.TRAINS or self.number == 0:
            state = self.rewind.state(headed, task, self.fit, seed=seed, session=session)
        else:
            state = headed
            restore(state, under(carried, _STATE), with_head=self.trains)
        if self.head == "kept" and self.trains and (kept := under(carried, _HEAD)):
            load(state.head, kept)
        return state

    def _rule(self, model: Network, start: Rung | None, session: Session) -> PrunableRule:
        """The rule; without the head where the task brings another one."""
        if self.head == "pretrained":
            return self.prunable
        rule, head = rule_without_head(self.prunable, model)
        if head and start is None:
            session.reporter.note(f"imp leaves the head dense: {', '.join(head)} is another one for the task")
        return rule

    def _headed(self, model: Network, task: Task | None, seed: int) -> Network:
        if task is None:
            return model.copy()
        return (
            with_pretrained_head(model, task) if self.head == "pretrained" else with_fresh_head(model, task, seed=seed)
        )

    def _trained(self, state: Network, task: Task | None, start: Rung | None, seed: int, session: Session) -> Network:
        assert task is not None
        self._require_steps(len(task.splits().train))
        masks = None if start is None else start.ticket.masks
        fit = self.fit.replace(select="last")  # masks are drawn from the last step's weights
        begun = self.rewind.under(state, masks, task, fit, seed=seed, session=session)
        return fit.run(begun, task, masks=masks, seed=seed, session=session, part=self.part())

    def _require_steps(self, train: int) -> None:
        """Raise `RequestError` where a level would begin behind its training, and train nothing."""
        per_epoch, _ = epoch_of(self.fit, train)
        length = self.fit.epochs.iterations(per_epoch)
        first, last, _ = self.part().steps(length, per_epoch)
        if length and first == last:
            raise RequestError(
                f"{self.name}: rewind={self.rewind.name} goes back to {self.rewind.begin}, and"
                f" fit.epochs={self.fit.epochs} of this task are {length} steps, so levels would train none; write an"
                " earlier state, or a part as 0.3ep"
            )

    def _drawn(
        self,
        model: Network,
        trained: Network,
        task: Task | None,
        rule: PrunableRule,
        within: Masks | None,
        probe: NetworkProbe,
        session: Session,
    ) -> Masks:
        dense, layers = weights_and_layers(model, rule, self.budget, self.image, task)
        groups = groupings(dense, self.pattern, layers)  # of the pretrained weights, so the same at every level
        weights = prunable(trained.body, rule)
        asked = self.sparsity
        return Ranking(self.score, self.pattern, self.budget, groups, layers).masks(
            {name: weights[name] for name in dense},
            probe,
            sparsity_after(self.ladder, self.number, groups, within) if asked is None else asked,
            within=within,
            note=session.reporter.note,
        )

    def _require_room(self, trained: Network, masks: Masks) -> None:
        """Raise `RequestError` where the training pruned what the level is to keep: it would be chosen by index."""
        pruned = Masks({name: mask for name, mask in (trained.masks or {}).items() if name in masks})
        if gone := came_back(pruned, masks):
            count = sum(int(places.sum()) for places in gone.values())
            changes = " and ".join(change.name for change in self.fit.changes if change.OF_MASKS)
            raise RequestError(
                f"{self.name}: in the training of level {self.number} {changes} prunes {count:,} weights that its"
                f" ticket would keep, at sparsity {masks.sparsity:.4g}; leave {changes} out of fit.changes, or draw"
                " with --scheme omp and give it to transfer"
            )

    def _ticket(
        self, model: Network, state: Network, kept: Network, masks: Masks, task: Task | None, rule: PrunableRule
    ) -> Ticket:
        """The ticket of a level that rewinds to ``state``; ``kept`` is what it holds where it holds values."""
        ticket = mask_only(
            model,
            masks,
            self,
            sparsity=masks.sparsity if self.sparsity is None else self.sparsity,
            rule=rule,
            task=task if self.needs_task else None,
            objective=self.fit.objective.identity() if self.trains else None,
            extra={"level": self.number, "rewound_to": self.rewind.identity(), "rewound": digest_of(state)},
        )
        return ticket if self.rewind.name == "pretrained" else with_values(ticket, model, kept)

    def _carried(self, start: Rung | None, state: Network, trained: Network) -> dict[str, Tensor]:
        carried: dict[str, Tensor] = {}
        if self.rewind.name != "pretrained":
            first = filed(state.state_dict(), _STATE)  # passed on as it was made: a level's own head may be another
            carried = first if start is None else {name: start.carried[name] for name in first}
        if self.head == "kept" and self.trains:
            carried |= filed(trained.head.state_dict(), _HEAD)
        return {name: tensor.detach().clone() for name, tensor in carried.items()}
