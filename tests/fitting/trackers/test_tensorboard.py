"""TensorBoard's event file, read back."""

from pathlib import Path
from typing import Any

import pytest

from tombola.fitting.trackers.tensorboard import TensorBoard

reading: Any = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")


def test_an_event_file_says_what_was_found(tmp_path: Path) -> None:
    run = TensorBoard(folder=str(tmp_path)).begin("draw/imp level 2")
    run.made_with({"optimizer.lr": 0.1})
    run.found(10, {"loss": 1.5, "epoch/loss": 2.0})
    run.found(20, {"loss": 0.5})
    run.end(well=True)
    found = reading.EventAccumulator(str(tmp_path / "draw" / "imp level 2")).Reload()
    assert [(event.step, event.value) for event in found.Scalars("loss")] == [(10, 1.5), (20, 0.5)]
    assert [(event.step, event.value) for event in found.Scalars("epoch/loss")] == [(10, 2.0)]
    (tag,) = found.Tags()["tensors"]
    assert b"| optimizer.lr | 0.1 |" in found.Tensors(tag)[0].tensor_proto.string_val[0]
