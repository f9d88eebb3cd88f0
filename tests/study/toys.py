"""Toy stages and a toy study: seconds of work in milliseconds."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from tombola.fitting.session import Session
from tombola.spec import option
from tombola.study.stage import Stage

PGD = {"name": "pgd", "eps": 0.1, "steps": 1, "step": 0.1}

STUDY: dict[str, Any] = {
    "name": "toy",
    "model": {"name": "resnet8", "width": 0.25},
    "source": {"name": "digits", "num_train": 60, "seed": 1},
    "pretrain": {"epochs": "2it", "batch": 20},
    "draw": "omp",
    "target": {"name": "digits", "num_train": 60},
    "transfer": {"name": "finetune", "fit": {"epochs": "2it", "batch": 20}},
    "measure": ["accuracy"],
    "axes": {
        "prior": {
            "robust": {"pretrain.objective": {"name": "adversarial", "attack": PGD}},
            "natural": {"pretrain.objective": "natural"},
        },
        "draw.sparsity": [0.0, 0.5],
    },
}


class Toy(Stage):
    """Writes its text, a line a time it ran into ``log``, and fails or waits when asked."""

    STAGE: ClassVar[str] = "draw"

    text: str
    source: "Toy | None" = option(None, identity=False)
    log: Path | None = option(None, identity=False)
    wrong: bool = option(False, identity=False)  # noqa: FBT003  a default
    wait: Path | None = option(None, identity=False)

    @property
    def inputs(self) -> tuple[Stage, ...]:
        return () if self.source is None else (self.source,)

    def work(self, folders: Mapping[str, Path], out: Path, session: Session) -> None:
        if self.log is not None:
            with self.log.open("a") as file:
                file.write(f"{self.text} {os.getpid()}\n")
        if self.wrong:
            raise ValueError(f"{self.text} went wrong")
        before = [(folder / "text").read_text() for folder in folders.values()]
        (out / "text").write_text("+".join([*before, self.text]))


def graph(*stages: Toy) -> dict[str, Stage]:
    """Stages by key."""
    return {stage.key: stage for stage in stages}
