"""What a claim is: a sentence of a paper, how it is asked here, and the rule that judges it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeAlias

from results.evidence.judges import Judge

from tombola.rows import Row, Scalar, read_rows

HERE: Final = Path(__file__).parent
Order: TypeAlias = Literal["before", "together", "after"]
"""Whether the rule was committed before the rows that judge it, in one commit with them, or after them."""


@dataclass(frozen=True)
class Asked:
    """How a claim is asked: what several claims of one study share."""

    effect: str
    """What is measured, and what less what."""
    cells: str
    """The net, its source, the tasks and the sparsities."""
    unit: str
    """What is repeated, and what a verdict speaks of."""
    units: int
    """So many of it are asked for before a claim counts as decided."""
    controls: str
    """The floor and the controls that stand beside an effect."""
    theirs: str
    """The paper's own setting."""


@dataclass(frozen=True)
class Claim:
    """A sentence of a paper, the recipe or study file that tests it, and its judge (None: `tombola verdict` says)."""

    name: str
    says: str
    recipe: str
    rule: str
    judge: Judge | None
    asked: Asked
    paper: str = ""
    found: str = ""
    """What the paper reports."""
    also: tuple[str, ...] = ()
    """Further recipes whose rows it is judged by."""
    only: Mapping[str, tuple[Scalar, ...]] = field(default_factory=dict)
    """Which levels of the study are looked at, where it holds more than the claim is about."""
    pretrained: Literal["once", "each seed"] = "once"
    """Whether every seed of the rows has a pretraining of its own."""
    order: Order = "before"

    @property
    def study(self) -> str:
        """The name of the recipe's study; empty where there is none yet."""
        return study_of(self.recipe)

    @property
    def files(self) -> tuple[Path, ...]:
        """Where its rows lie: one file a recipe, its own first; none where there is no recipe yet."""
        return tuple(rows_at(recipe) for recipe in (self.recipe, *self.also) if recipe)

    @property
    def has_rows(self) -> bool:
        """Whether it can be judged today: where each of its recipes has rows."""
        return bool(self.files) and self.judge is not None and all(file.exists() for file in self.files)

    def rows(self) -> list[Row]:
        """Its rows."""
        rows = [row for file in self.files for row in read_rows(file)]
        return [row for row in rows if all(row.cell[axis] in found for axis, found in self.only.items())]

    def units(self, seeds: int) -> int:
        """How many of the unit stand behind rows of so many seeds."""
        return 1 if self.asked.unit == PRETRAINING and self.pretrained == "once" else seeds


PRETRAINING: Final = "the pretraining"
TRAINING: Final = "the training (its seed: head, order, what is drawn by chance)"


def study_of(recipe: str) -> str:
    """The name of a recipe's study, as of the scale that is judged; empty where there is no recipe."""
    if recipe.endswith(".yaml"):
        return Path(recipe).stem
    return recipe.replace("/", "-") + "-small" if recipe else ""


def folder_of(recipe: str) -> Path:
    """The folder that a recipe's study lies in."""
    return HERE.parent / "cv-tickets" if recipe.startswith("cv-tickets/") else HERE


def rows_at(recipe: str) -> Path:
    """Where a recipe's rows lie: in the folder of its study, or beside a study file that lies elsewhere."""
    elsewhere = HERE.parents[1] / recipe
    if elsewhere.suffix == ".yaml" and elsewhere.parent != HERE:
        return elsewhere.with_suffix(".jsonl")
    return folder_of(recipe) / study_of(recipe) / "rows.jsonl"


def command(recipe: str) -> str:
    """What makes a recipe's rows where they lie."""
    scale = "" if recipe.endswith(".yaml") else " --set scale=small"
    elsewhere = recipe.startswith("results/") and not recipe.startswith("results/evidence/")
    out = "" if elsewhere else f" --out {folder_of(recipe).relative_to(HERE.parents[1]).as_posix()}"
    return f"tombola run {recipe}{scale} --runner processes:2{out}"
