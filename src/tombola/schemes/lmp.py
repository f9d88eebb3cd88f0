"""Learned mask pruning: the pretrained weights stay as they are, and which of them to keep is learned on the task.

What: every group of weights has a score. A step's forward pass uses the groups of highest score, exactly as many as
  asked; the backward pass goes straight through to all scores, of dropped groups too: a group's score gets the sum
  over its weights of gradient x weight. Scores are compared as they are, negative ones lowest. What comes out is a
  mask-only ticket: weights, norms and head of the model are bit for bit as before (checked by digest at the end), and
  batch norm's statistics, which follow the task while learning (``fit.bn``), are left to the transfer. The head is
  never masked.
When: one dense model is to serve many tasks by masks alone; or few labels, where moving the weights would forget.
Cost: a training. A step costs at most 1.3 times a dense one: the masks are found once a step, and no layer is sorted.
Options: ``sparsity``; ``fit`` (SGD of rate 0.1 on a cosine, as edge-popup; a rate of 1 got further from letters to
  digits, and cost 25 points from Tiny-ImageNet to CIFAR-10, see results/every-way-to-draw; weight decay is 0 unless
  written, since it would pull on the scores; its objective makes the mask a natural or a robust one); ``init`` of the
  scores (magnitude: step 0 is OMP's ticket; kaiming: edge-popup's); ``head`` the learning starts from (fresh,
  pretrained) and ``train_head``; ``pattern``, ``budget`` (uniform; global finds one threshold for all tensors at every
  step; any other settles at step 0, by magnitude, how many each tensor keeps), ``prunable``, ``image`` as for omp.
Reference: Fu et al., DAC 2023, arXiv 2304.11834 (LMP); Ramanujan et al., arXiv 1911.13299 (edge-popup, whose code ranks
  scores by magnitude); Fu et al., NeurIPS 2021 (Robust Scratch Tickets, for groups).
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Final, Literal, final

import torch
from pydantic import field_validator
from torch import Tensor

from tombola.data._counts import Counts
from tombola.errors import StageError
from tombola.fitting.cost import fit_passes
from tombola.fitting.fit import Fit
from tombola.fitting.masked_layers import learning, masked_layers, unmasked
from tombola.fitting.optimizers._base import Optimizer
from tombola.fitting.presets import expanded
from tombola.fitting.seeds import generator
from tombola.fitting.session import Session
from tombola.masks.budgets._base import Budget
from tombola.masks.drawing import groupings
from tombola.masks.layers import Layer
from tombola.masks.learning.following import Following
from tombola.masks.patterns._base import Pattern
from tombola.models.digest import weights_digest
from tombola.models.head_masks import rule_without_head
from tombola.models.network import Network
from tombola.models.prunable import PrunableRule
from tombola.registry import Examples
from tombola.schemes._base import Rung, Scheme
from tombola.schemes._drawn import mask_only, weights_and_layers
from tombola.schemes._heads import with_fresh_head, with_pretrained_head
from tombola.spec import option
from tombola.tasks._base import Task

_FIT: Final[Mapping[str, Any]] = {
    "optimizer": {"name": "sgd", "lr": 0.1, "weight_decay": 0.0},
    "schedule": {"name": "cosine"},
}


@final
class LMP(Scheme):
    """A mask learned over frozen weights."""

    EXAMPLES: ClassVar[Examples] = ({"sparsity": 0.5, "fit": {"epochs": "2it", "batch": 16}},)

    sparsity: float = option(0.9, "the part of the prunable weights that is pruned", ge=0, lt=1)
    fit: Fit = option(dict(_FIT), "how scores are trained: options, or a recipe's name", validate_default=True)
    init: Literal["magnitude", "kaiming"] = option(
        "magnitude", "the first scores: the weights' magnitudes, or random ones as edge-popup draws them"
    )
    head: Literal["fresh", "pretrained"] = option("fresh", "the head that learning starts from")
    train_head: bool = option(default=True, help="train the head beside the mask; the ticket leaves it out either way")
    pattern: Pattern = option("element", "which weights live or die together", validate_default=True)
    budget: Budget = option("uniform", "how what is kept is shared out among the tensors", validate_default=True)
    prunable: PrunableRule = option(
        "double_win", "which tensors may be pruned: double_win, cv_lth, open_lth or re:PATTERN", validate_default=True
    )
    image: int | None = option(None, "pixels of an image's side, where a budget counts operations", ge=1)

    @field_validator("fit", mode="before")
    @classmethod
    def _no_decay_unless_written(cls, value: Any) -> Any:
        """Scores are not weights: what a fit adds to its optimizer by default must not pull on them silently."""
        if not isinstance(value, Mapping) or value.get("preset") is not None:
            return value  # a recipe says its own weight decay
        options = expanded(value, _FIT)
        optimizer = options["optimizer"]
        optimizer = {"name": optimizer} if isinstance(optimizer, str) else optimizer
        if isinstance(optimizer, Mapping) and _decays(optimizer) and "weight_decay" not in optimizer:
            optimizer = {**optimizer, "weight_decay": 0.0}
        return {**options, "optimizer": optimizer}

    @property
    def needs_task(self) -> bool:
        return True

    def rung(self, model: Network, task: Task | None, start: Rung | None, *, seed: int, session: Session) -> Rung:
        assert task is not None
        digest = weights_digest(model.body)
        rule = self._rule(model, session)
        learner = self._learner(model, rule, task, seed, session)
        self._tell_of_decay(session)
        trained = self.fit.run(learner, task, seed=seed, session=session)
        check_untouched(model, trained, digest)
        ticket = mask_only(
            model,
            masked_layers(trained).masks(),
            self,
            sparsity=self.sparsity,
            rule=rule,
            task=task,
            objective=self.fit.objective.identity(),
            extra=self._told(),
        )
        return Rung(ticket)

    def passes(self, counts: Counts | None) -> float | None:
        return None if counts is None else fit_passes(self.fit, counts)

    def _rule(self, model: Network, session: Session) -> PrunableRule:
        """The rule without the head, which is learned or left, never masked."""
        rule, head = rule_without_head(self.prunable, model)
        if head:
            session.reporter.note(
                f"lmp leaves the head dense: {', '.join(head)} is not among the weights that are masked"
            )
        return rule

    def _learner(self, model: Network, rule: PrunableRule, task: Task, seed: int, session: Session) -> Network:
        fresh = self.head == "fresh"
        network = with_fresh_head(model, task, seed=seed) if fresh else with_pretrained_head(model, task)
        weights, layers = weights_and_layers(model, rule, self.budget, self.image, task)
        groups = groupings(weights, self.pattern, layers)
        magnitudes = {name: groups[name].means(weight.detach().abs()) for name, weight in weights.items()}
        following = Following(
            magnitudes,
            self.sparsity,
            pattern=self.pattern,
            budget=self.budget,
            groupings=groups,
            layers=layers,
        )
        for text in following.notes:
            session.reporter.note(text)
        scores = magnitudes if self.init == "magnitude" else kaiming(magnitudes, layers, seed)
        return learning(network, scores, following, groups, train_head=self.train_head)

    def _tell_of_decay(self, session: Session) -> None:
        if decay := getattr(self.fit.optimizer, "weight_decay", 0.0):
            session.reporter.note(
                f"the fit's weight_decay={decay:g} pulls on the scores too, as in edge-popup;"
                " write fit.optimizer.weight_decay=0 for none"
            )

    def _told(self) -> dict[str, Any]:
        return {
            "learned": "mask and head" if self.train_head else "mask only",
            "head": self.head,
            "statistics": "re-estimated while learning" if self.fit.bn == "train" else "as pretrained",
            "score_decay": getattr(self.fit.optimizer, "weight_decay", 0.0),
        }


def kaiming(like: Mapping[str, Tensor], layers: Mapping[str, Layer], seed: int) -> dict[str, Tensor]:
    """Magnitudes of numbers drawn uniformly as torch initialises layers (Kaiming, a = sqrt(5)), one a group."""
    return {name: _drawn(score, layers[name], generator(seed, "scores", name)) for name, score in like.items()}


def _drawn(score: Tensor, layer: Layer, drawn: torch.Generator) -> Tensor:
    inputs = layer.outputs_first(torch.empty(layer.shape, device="meta"))[0].numel()
    return torch.rand(score.shape, generator=drawn).mul_(inputs**-0.5).to(score)


@torch.no_grad()
def check_untouched(model: Network, trained: Network, digest: str) -> None:
    """Raise `StageError` unless the model, and the learner's frozen weights, still have this digest.

    The learner's head and buffers are its own, so the model's take their place in what is compared.
    """
    plain = unmasked(trained)
    parent, _, leaf = plain.head_name.rpartition(".")
    setattr(plain.body.get_submodule(parent), leaf, model.copy().head)
    theirs = dict(model.body.named_buffers())
    for name, buffer in plain.body.named_buffers():
        buffer.copy_(theirs[name])
    for what, body in (("the pretrained model", model.body), ("the frozen copy that learned", plain.body)):
        if weights_digest(body) != digest:
            raise StageError(
                f"{what} does not have the weights any more that the mask was to be learned over: their digest differs;"
                " something wrote into frozen weights, so this mask belongs to no model"
            )


def _decays(optimizer: Mapping[str, Any]) -> bool:
    name = str(optimizer.get("name", ""))
    known = Optimizer.family.names()
    return name in known and "weight_decay" in Optimizer.family.get(name).model_fields
