"""Weights & Biases: a run in a project for each training.

What: writes options as the run's configuration, and the loss, the means of epochs and validation scores by step, into
  a folder on this machine; nothing is sent unless ``mode=online``.
When: a team keeps its runs there; ``wandb sync FOLDER/wandb/offline-run-*`` sends them later.
Cost: a process beside the training; a training that goes on from a checkpoint is a new run of the same name.
Options: ``project``, ``folder``, ``mode``; ``wandb:flowers`` means that project.
Reference: https://docs.wandb.ai.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, final

from tombola.fitting.trackers._base import Run, Tracker
from tombola.spec import Json, option


@final
class Wandb(Tracker):
    """A project of Weights & Biases."""

    ARGUMENT: ClassVar[str | None] = "project"
    NEEDS: ClassVar[tuple[str, ...]] = ("wandb",)

    project: str = option("tombola", "the project that runs belong to", min_length=1)
    folder: str = option(".", "where runs are kept, in a folder wandb there", min_length=1)
    mode: Literal["offline", "online"] = option("offline", "offline, to be sent by wandb sync; or online, sent at once")

    def begin(self, title: str) -> Run:
        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")  # to its makers
        import wandb

        folder = Path(self.folder)
        folder.mkdir(parents=True, exist_ok=True)  # it would take another place, and say so
        how = wandb.Settings(silent=True, console="off", disable_git=True, save_code=False, x_disable_stats=True)
        run = wandb.init(
            project=self.project, name=title, dir=str(folder), mode=self.mode, reinit="create_new", settings=how
        )
        return _Logging(run)


@final
class _Logging(Run):
    def __init__(self, run: Any) -> None:
        self._run = run

    def made_with(self, options: Mapping[str, Json]) -> None:
        self._run.config.update(dict(options))

    def found(self, step: int, numbers: Mapping[str, float]) -> None:
        self._run.log(dict(numbers), step=step)

    def end(self, *, well: bool) -> None:
        self._run.finish(exit_code=0 if well else 1)
