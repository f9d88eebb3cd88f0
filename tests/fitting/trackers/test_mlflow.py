"""MLflow's file store, read back by MLflow."""

from pathlib import Path
from typing import Any

import pytest

from tombola.fitting.trackers.mlflow import MlFlow


def test_a_file_store_says_what_was_found(tmp_path: Path) -> None:
    tracking: Any = pytest.importorskip("mlflow.tracking")  # seconds, which only the process that runs it need spend
    tracker = MlFlow(uri=str(tmp_path / "runs"), experiment="flowers")
    for title, well in (("pretrain", True), ("transfer", False)):
        run = tracker.begin(title)
        run.made_with({"optimizer.lr": 0.1, "changes": ["x" * 9000]})
        run.found(10, {"loss": 1.5, "epoch/loss": 2.0})
        run.found(20, {"loss": 0.5})
        run.end(well=well)
    client = tracking.MlflowClient((tmp_path / "runs").as_uri())
    place = client.get_experiment_by_name("flowers").experiment_id
    found = {run.info.run_name: run for run in client.search_runs([place])}
    assert {name: run.info.status for name, run in found.items()} == {"pretrain": "FINISHED", "transfer": "FAILED"}
    kept = found["pretrain"]
    assert kept.data.params["optimizer.lr"] == "0.1"
    assert kept.data.metrics == {"loss": 0.5, "epoch/loss": 2.0}
    history = client.get_metric_history(kept.info.run_id, "loss")
    assert sorted((one.step, one.value) for one in history) == [(10, 1.5), (20, 0.5)]
