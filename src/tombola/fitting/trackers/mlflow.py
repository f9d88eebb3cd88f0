"""MLflow: a run in an experiment for each training.

What: writes options as parameters, and the loss, the means of epochs and validation scores as metrics, into a folder
  (MLflow's file store) or to a tracking server.
When: a team keeps its runs in MLflow; ``mlflow ui --backend-store-uri FOLDER`` shows a folder.
Cost: a line a number in a folder, a request a number to a server; a training that goes on from a checkpoint is a new
  run of the same name.
Options: ``uri``, a folder or an address, and ``experiment``; ``mlflow:http://tracking:5000`` means that server.
Reference: https://mlflow.org/docs/latest/ml/tracking.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Final, final

from tombola.fitting.trackers._base import Run, Tracker
from tombola.spec import Json, option

_LONGEST: Final = 500
"""Letters of a parameter, which every store takes."""


@final
class MlFlow(Tracker):
    """An experiment of MLflow's."""

    ARGUMENT: ClassVar[str | None] = "uri"
    NEEDS: ClassVar[tuple[str, ...]] = ("mlflow",)

    uri: str = option("mlruns", "where runs go: a folder, or the address of a tracking server", min_length=1)
    experiment: str = option("tombola", "the experiment that runs belong to", min_length=1)

    def begin(self, title: str) -> Run:
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # else it reports its use to its makers
        if "://" not in self.uri:  # MLflow keeps its file store as it is, and wants to hear that this is known
            os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
        from mlflow.tracking import MlflowClient

        client = MlflowClient(self.uri if "://" in self.uri else Path(self.uri).absolute().as_uri())
        known = client.get_experiment_by_name(self.experiment)
        place = client.create_experiment(self.experiment) if known is None else known.experiment_id
        return _Sending(client, client.create_run(place, run_name=title).info.run_id)


@final
class _Sending(Run):
    def __init__(self, client: Any, run: str) -> None:
        self._client, self._run = client, run

    def made_with(self, options: Mapping[str, Json]) -> None:
        for name, value in options.items():
            self._client.log_param(self._run, name, str(value)[:_LONGEST])

    def found(self, step: int, numbers: Mapping[str, float]) -> None:
        for name, value in numbers.items():
            self._client.log_metric(self._run, name, value, step=step)

    def end(self, *, well: bool) -> None:
        self._client.set_terminated(self._run, "FINISHED" if well else "FAILED")
