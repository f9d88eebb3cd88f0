"""The stages of a study on a Ray cluster.

What: every stage is a Ray task that depends on the tasks of its inputs; Ray decides where and when each runs, and runs
    it again when its process or its node dies. Rows are those of ``inline``, bit for bit on the same kind of machine.
When: several machines, or several GPUs in one. ``ray`` takes the cluster that runs here or starts one on this machine,
    ``ray://host:10001`` and ``ray:host:6379`` connect to one.
Cost: some seconds to connect; every worker process loads torch and its own copy of the data.
Options: ``address``; ``threads``, ``gpus`` and ``memory`` that Ray reserves for a stage; ``retries``; ``ranks``, the
    processes that share a stage which asks for several devices.
Reference: docs/how-to/run-on-a-cluster.md.
"""

import os
import pickle
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, ClassVar, Final, cast

from tombola.errors import RequestError, StoreError
from tombola.fitting.session import Bar, Reporter
from tombola.spec import option
from tombola.study.ranked import processes_for, shards_of
from tombola.study.runners import _ray_train, _ray_work
from tombola.study.runners._base import Failure, Outcome, Runner, earliest_kind_first
from tombola.study.runners._listening import Listening
from tombola.study.runners._ray_connected import connected
from tombola.study.runners._worker import Done
from tombola.study.stage import Stage
from tombola.study.store import Store

_KINDS: Final = ("auto", "cpu", "cuda", "mps", "xpu")
_GRACE_SECONDS: Final = 20.0
_GIGABYTE: Final = 1 << 30
_TOLD: Final = ("TOMBOLA_PATH", "TOMBOLA_DATA", "TOMBOLA_ROBUST")
_DIED: Final = (
    "its process or node died more often than it may be retried: killed, or out of memory; run again to"
    " continue, with a smaller batch or on larger nodes"
)


class Ray(Runner):
    """Runs as tasks of a Ray cluster."""

    ARGUMENT: ClassVar[str | None] = "address"

    address: str = option("", "a running cluster's, as ray://host:10001; empty: the one running here, or a new one")
    gpus: float = option(1.0, "GPUs that a stage reserves on a cuda device; 0.5 puts two on one", gt=0)
    memory: float | None = option(None, "gigabytes of memory that a stage reserves; empty: none", gt=0)
    retries: int = option(3, "how often a stage is run again whose process or node died; -1: without end", ge=-1)
    ranks: int | None = option(
        None, "the most processes that share a stage with shards; empty: as many as the cluster has room for", ge=1
    )

    def check(self, device: str) -> None:
        """The nodes have devices that this machine may lack: only their kind can be judged here."""
        if device.partition(":")[0] not in _KINDS:
            raise RequestError(f"device={device}: there is no such kind of device; write one of {', '.join(_KINDS)}")

    def held(self) -> AbstractContextManager[object]:
        """The connection, or the cluster that is started where none runs."""
        return connected(self.address)

    def run(self, stages: Mapping[str, Stage], store: Store, *, device: str, reporter: Reporter) -> Outcome:
        if not stages:
            return Outcome()
        try:
            with connected(self.address) as ray, _mail(reporter) as (mail, listening):
                device = device_on(ray, device)
                told = {name: os.environ[name] for name in _TOLD if name in os.environ}
                job = _ray_work.Job(store.place, store.sign(), device, self.threads, mail, told, str(Path.cwd()))
                with reporter.task("stages", len(stages), 0) as bar:
                    self._warn(ray, device, reporter)
                    return _Tasks(self, ray, stages, store, bar, listening).run(job)
        except KeyboardInterrupt:  # while Ray was being started
            return Outcome(interrupted=True)

    def resources(self, device: str) -> dict[str, Any]:
        """What Ray reserves for one stage."""
        memory = {} if self.memory is None else {"memory": int(self.memory * _GIGABYTE)}
        return {"num_cpus": self.threads, "num_gpus": self.gpus if device == "cuda" else 0, **memory}

    def ranks_of(self, ray: Any, stage: Stage, device: str) -> int:
        """How many processes share a stage: 1 unless a training of it has shards."""
        if shards_of(stage) == 1 or self.ranks is not None:
            return processes_for(stage, self.ranks or 1)
        has, needs = ray.cluster_resources(), self.resources(device)
        room = has.get("CPU", 0) // needs["num_cpus"]
        return processes_for(
            stage, int(min(room, has.get("GPU", 0) // needs["num_gpus"]) if device == "cuda" else room)
        )

    def _warn(self, ray: Any, device: str, reporter: Reporter) -> None:
        wanted = self.resources(device)
        asked = {"CPU": wanted["num_cpus"], "GPU": wanted["num_gpus"], "memory": wanted.get("memory", 0)}
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        if not any(all(node.get(name, 0) >= count for name, count in asked.items()) for node in nodes):
            needs = ", ".join(f"{name} {count:g}" for name, count in asked.items() if count)
            reporter.note(f"no node of the Ray cluster has what a stage needs ({needs}): waiting for one that has")


class _Tasks:
    """The stages of a run as Ray tasks, from their submission to what became of them."""

    def __init__(
        self, runner: Ray, ray: Any, stages: Mapping[str, Stage], store: Store, bar: Bar, listening: Listening
    ) -> None:
        self._runner = runner
        self._ray = ray
        self._stages = earliest_kind_first(stages)
        self._store = store
        self._bar = bar
        self._listening = listening
        self._refs: dict[str, Any] = {}
        self._settled: dict[str, bool] = {}
        self._outcome = Outcome()

    def run(self, job: _ray_work.Job) -> Outcome:
        """Submit everything and wait for it. However it ends, nothing goes on running."""
        try:
            for stage in self._stages.values():
                self._submit(stage, job)
            self._follow()
        except KeyboardInterrupt:
            self._outcome.interrupted = True
        finally:
            self._cancel()
        return self._outcome

    def _submit(self, stage: Stage, job: _ray_work.Job) -> None:
        """Inputs first, whatever the order; an input that is not among the stages is in the store."""
        if stage.key in self._refs:
            return
        inputs = [source for source in stage.inputs if source.key in self._stages]
        for source in inputs:
            self._submit(source, job)
        before = [self._refs[source.key] for source in inputs]
        self._refs[stage.key] = self._task(stage, job)(job, pickle.dumps(stage), *before)

    def _task(self, stage: Stage, job: _ray_work.Job) -> Any:
        """The call that hands a stage to Ray."""
        known = {"name": stage.title, "max_retries": self._runner.retries}
        resources = self._runner.resources(job.device)
        count = self._runner.ranks_of(self._ray, stage, job.device)
        if count == 1:
            return self._ray.remote(_ray_work.work).options(**known, **resources).remote
        # The task itself only waits: what it reserves is reserved by Ray Train, for each process.
        each = {"CPU": resources["num_cpus"], "GPU": resources["num_gpus"], "memory": resources.get("memory", 0)}
        each = {name: amount for name, amount in each.items() if amount}
        task = self._ray.remote(_ray_train.work_together).options(
            **known, num_cpus=0, retry_exceptions=[_ray_train.Died]
        )
        return lambda job, stage, *before: task.remote(job, stage, count, each, *before)

    def _follow(self) -> None:
        waiting = {ref: key for key, ref in self._refs.items()}
        while waiting:
            ready, _ = self._ray.wait(list(waiting), num_returns=1)
            for ref in ready:
                self._settle(self._stages[waiting.pop(ref)])

    def _settle(self, stage: Stage) -> None:
        """Note what became of a stage; of its inputs first, whose tasks are over too."""
        if stage.key in self._settled:
            return
        inputs = [source for source in stage.inputs if source.key in self._stages]
        for source in inputs:
            self._settle(source)
        done = self._done(stage, all(self._settled[source.key] for source in inputs))
        if done.store_error:
            raise StoreError(done.store_error)
        self._settled[stage.key] = _ray_work.finished(done)
        self._listening.close_of({_ray_work.number_of(stage.key)})
        self._note(stage, done)
        self._bar.advance(1, samples=0, loss=None)

    def _note(self, stage: Stage, done: Done) -> None:
        if done.failure is not None:
            self._outcome.failed[stage.key] = Failure(stage.title, done.failure.message, done.failure.report)
        elif done.how == _ray_work.LEFT_OUT:
            self._outcome.left_out.append(stage.key)
        else:
            (self._outcome.made if done.how == "made" else self._outcome.found).append(stage.key)
            self._store.learn(stage.key)

    def _done(self, stage: Stage, possible: bool) -> Done:
        from ray.exceptions import RayError

        try:
            return cast("Done", self._ray.get(self._refs[stage.key]))
        except RayError as error:  # Ray hands the death of a task's process to all that depend on it
            first = str(error).strip().splitlines()[0] if str(error).strip() else ""
            return Done(failure=Failure("", f"{_DIED} ({type(error).__name__}: {first})")) if possible else _LEFT_OUT

    def _cancel(self) -> None:
        """End what still runs: as Ctrl-C ends it first, so that it puts its lock away, by force after a while."""
        left = [ref for key, ref in self._refs.items() if key not in self._settled]
        for force in (False, True):
            for ref in left:
                self._ray.cancel(ref, force=force)
            if left:
                left = self._ray.wait(left, num_returns=len(left), timeout=_GRACE_SECONDS)[1]


_LEFT_OUT: Final = Done(_ray_work.LEFT_OUT)


def device_on(ray: Any, device: str) -> str:
    """Where stages compute: ``auto`` is cuda when the cluster has GPUs; which GPU it is, Ray says."""
    if device == "auto":
        return "cuda" if ray.cluster_resources().get("GPU", 0) else "cpu"
    if device.startswith("cuda:"):
        raise RequestError(f"device={device}: Ray chooses the GPUs; write --device cuda")
    return device


@contextmanager
def _mail(reporter: Reporter) -> Iterator[tuple[_ray_work.Mail, Listening]]:
    """Mail from the workers, shown by ``reporter`` while the block runs."""
    from ray.util.queue import Queue

    queue = Queue(actor_options={"num_cpus": 0})
    mail = _ray_work.Mail(queue.actor)
    try:
        with Listening(cast("Any", mail), reporter) as listening:
            yield mail, listening
    finally:
        queue.shutdown(force=True)
