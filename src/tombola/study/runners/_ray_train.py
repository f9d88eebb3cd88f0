"""A stage that asks for several devices: its processes are Ray Train's, and share every batch of its trainings.

Ray Train places the processes and joins them in torch's process group. The first takes the stage's lock and, once the
stage is finished, puts it into the store; the others work aside and leave nothing.
"""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, cast

from tombola.fitting.ranks import ranks_for
from tombola.fitting.session import Session
from tombola.study.ranked import shards_of, work_here
from tombola.study.runners._ray_work import LEFT_OUT, Job, attempt, finished
from tombola.study.runners._worker import Done
from tombola.study.stage import Stage
from tombola.study.store import Store

_NO_ANSWER: Final = ("Connection closed by peer", "Connection reset by peer", "Broken pipe", "DistBackendError")
"""What gloo and NCCL say in a process whose neighbour is gone."""


class Died(Exception):
    """A process of a stage, or its node, died: Ray runs the whole stage again, which goes on from its checkpoints."""


class Ended(Exception):
    """What a process of a stage ends with when the stage cannot be made."""

    def __init__(self, done: Done) -> None:
        super().__init__(done)
        self.done = done


def work_together(job: Job, stage: bytes, count: int, resources: Mapping[str, float], *inputs: Done) -> Done:
    """As `_ray_work.work`, by ``count`` processes that have ``resources`` each."""
    if any(not finished(done) for done in inputs):
        return Done(LEFT_OUT)
    from ray.train import RunConfig, ScalingConfig
    from ray.train.torch import TorchConfig, TorchTrainer

    cuda = job.device == "cuda"
    with tempfile.TemporaryDirectory(prefix="tombola-train-") as folder:  # Ray Train's notes: nothing is kept there
        trainer = TorchTrainer(
            cast("Any", _rank),
            train_loop_config={"job": job, "stage": stage},
            torch_config=TorchConfig(backend="nccl" if cuda else "gloo"),
            scaling_config=ScalingConfig(num_workers=count, use_gpu=cuda, resources_per_worker=dict(resources)),
            run_config=RunConfig(name="stage", storage_path=folder),
        )
        return _outcome(trainer)


def _outcome(trainer: Any) -> Done:
    from ray.train import TrainingFailedError

    try:
        return cast("Done", trainer.fit().return_value)
    except TrainingFailedError as error:
        failures: Mapping[int, Any] = getattr(error, "worker_failures", {})
        causes = [getattr(failure, "_base_exc", failure) for _, failure in sorted(failures.items())]
        ended = [cause.done for cause in causes if isinstance(cause, Ended)]
        if len(ended) < len(causes) or not ended or any(_lost(done) for done in ended):
            raise Died(str(error)) from None  # a process that is gone, not a stage that failed
        return min(ended, key=lambda done: _message(done).startswith("process 0 of"))  # others repeat what it says


def _lost(done: Done) -> bool:
    """Whether a process failed because another one no longer answered."""
    return any(words in _message(done) for words in _NO_ANSWER)


def _message(done: Done) -> str:
    return done.failure.message if done.failure else done.store_error


def _rank(config: Mapping[str, Any]) -> Done:
    """One process of the stage: what became of it, in the first; in all of them an `Ended` when it failed."""
    from ray import train
    from ray.train.torch import get_device

    job: Job = config["job"]
    device = str(get_device()) if job.device == "cuda" else job.device
    first = train.get_context().get_world_rank() == 0

    def make(stage: Stage, store: Store) -> str:
        session = job.session(stage.key, device)
        return _lead(stage, store, session) if first else _follow(stage, store, session)

    done = attempt(job, config["stage"], make)
    if not finished(done):
        raise Ended(done)
    return done


def _lead(stage: Stage, store: Store, session: Session) -> str:
    """The first process: the others begin when it has the stage's lock, and go when there is nothing to do."""
    leading = _Leading(stage, ranks_for(shards_of(stage)).told)
    try:
        return store.make(cast("Stage", leading), session)
    finally:
        leading.tell(False)  # noqa: FBT003  what it tells


def _follow(stage: Stage, store: Store, session: Session) -> str:
    if ranks_for(shards_of(stage)).told(False):  # noqa: FBT003  what the first told counts
        folders = {source.key: store.folder(source.key) for source in stage.inputs}
        work_here(stage, folders, Path(), session)
    return "made"


class _Leading:
    """A stage that calls the other processes in when its own work begins."""

    def __init__(self, stage: Stage, tell: Callable[[bool], bool]) -> None:
        self._stage = stage
        self._tell = tell
        self._told = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stage, name)

    def work(self, folders: Mapping[str, Path], out: Path, session: Session) -> None:
        self.tell(True)  # noqa: FBT003  what it tells
        work_here(self._stage, folders, out, session)

    def tell(self, begun: bool) -> None:
        """Tell the others, once, whether the work begins."""
        if not self._told:
            self._told = True
            self._tell(begun)
