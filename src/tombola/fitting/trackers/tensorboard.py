"""TensorBoard: an event file for each training.

What: writes the loss, the means of epochs and validation scores as scalars into ``folder/TITLE``, and the options of
  the training as a table of text.
When: curves in a browser on this machine: ``tensorboard --logdir tensorboard``.
Cost: some kilobytes; a training that goes on from a checkpoint adds a file to the same curves.
Options: ``folder``; ``tensorboard:logs`` means ``logs``.
Reference: https://www.tensorflow.org/tensorboard; torch.utils.tensorboard.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, final

from tombola.fitting.trackers._base import Run, Tracker
from tombola.spec import Json, option


@final
class TensorBoard(Tracker):
    """A folder of event files."""

    ARGUMENT: ClassVar[str | None] = "folder"
    NEEDS: ClassVar[tuple[str, ...]] = ("tensorboard",)

    folder: str = option("tensorboard", "where event files go, each training in a folder of its own", min_length=1)

    def begin(self, title: str) -> Run:
        from torch.utils.tensorboard import SummaryWriter

        return _Writing(SummaryWriter(str(Path(self.folder, *title.split("/")))))


@final
class _Writing(Run):
    def __init__(self, writer: Any) -> None:
        self._writer = writer

    def made_with(self, options: Mapping[str, Json]) -> None:
        rows = [f"| {name} | {value} |" for name, value in options.items()]
        self._writer.add_text("options", "\n".join(["| option | value |", "|---|---|", *rows]))

    def found(self, step: int, numbers: Mapping[str, float]) -> None:
        for name, value in numbers.items():
            self._writer.add_scalar(name, value, step)

    def end(self, *, well: bool) -> None:
        self._writer.close()
