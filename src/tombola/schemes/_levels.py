"""The levels of an iterative scheme: its options, the level a rung is, and the rung before it."""

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import model_validator

from tombola.fitting.fit import Fit
from tombola.fitting.part import Part
from tombola.masks.budgets._base import Budget
from tombola.masks.ladders._base import Ladder
from tombola.masks.patterns._base import Pattern
from tombola.masks.ranking import asks_task, is_random
from tombola.masks.scores._base import Score
from tombola.masks.scores.magnitude import Magnitude
from tombola.models.prunable import PrunableRule
from tombola.schemes._base import Scheme
from tombola.schemes.rewinds._base import Rewind
from tombola.spec import Json, option


class Levels(Scheme):
    """The options of an iterative scheme; which level a rung is, and which comes before it."""

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
    image: int | None = option(
        None, "pixels of an image's side, where operations are counted or ones sent through", ge=1
    )
    score: Score = option("magnitude", "what a trained weight is worth", absent=Magnitude(), validate_default=True)

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
        if self.number < self.lowest:
            least = "0, the state that is rewound to" if self.lowest == 0 else "1"
            raise ValueError(f"level={self.level}: the lowest level with rewind={self.rewind.name} is {least}")
        if self.budget.ONE_SPARSITY and self.number > 1:
            raise ValueError(
                f"budget {self.budget.name} holds at one sparsity, and a ladder has several; write another"
            )
        if self.schedule == "per_level" and self.levels is not None:
            raise ValueError("levels goes with schedule=whole_run or restarted; with per_level leave it out")
        if self.schedule != "per_level" and self.levels is None:
            self._be(levels=self.number)
        return self

    def identity(self) -> dict[str, Json]:
        return {**super().identity(), "fit": self.fit.identity_under_masks()}

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
        if self.number == self.lowest:
            return None
        below = self.number - 1
        return self.replace(sparsity=None, level=below, ladder=self.ladder.upto(below), levels=self.levels)

    @property
    def needs_task(self) -> bool:
        return self.uses_head or asks_task(self.score, self.budget, self.image)

    @property
    def seeded(self) -> bool:
        return self.uses_head or self.rewind.SEEDED or is_random(self.score)

    @property
    def lowest(self) -> int:
        """The first level: 0 where the state to rewind to has to be trained first."""
        return 0 if self.rewind.TRAINS else 1

    @property
    def uses_head(self) -> bool:
        """Whether something is trained, the level or the state to rewind to, or that state looks at the task."""
        return self.number == 0 or self.trains or self.rewind.LOOKS

    @property
    def trains(self) -> bool:
        """Whether this level trains before it prunes."""
        return self.number > 1 or (self.number == 1 and self.first == "train")

    def part(self) -> Part:
        """The part of the schedule that this level's training plays."""
        if self.levels is None:
            return Part(begin=self.rewind.begin)
        # Level 1 may prune without training: the trained levels then are 2 to levels, rounds 0 to levels - 2.
        skipped = 2 if self.first == "prune" else 1
        rounds = max(1, self.levels - skipped + 1)
        place = self.number - skipped if self.schedule == "whole_run" else 0
        return Part(begin=self.rewind.begin, round=place, rounds=rounds)
