"""`bench`: a masked network in several engines, timed in turns on this machine."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tombola.benching.asked import Judged, Questions, Reference, answered, samples_to_test
from tombola.benching.machine import processor
from tombola.benching.numbers import Run, times
from tombola.benching.result import Measured, Result
from tombola.benching.turns import Plan, take_turns
from tombola.benching.worker import Worker
from tombola.engines._base import Engine, Setting, Subject
from tombola.errors import RequestError, TombolaError
from tombola.exporters._masked import masked
from tombola.fitting.session import Reporter, Silent
from tombola.masks.masks import Masks
from tombola.models.network import Network

_STEPS = 100


@dataclass(frozen=True)
class _Contender:
    """An engine whose model is loaded in its process: what it took, and what that process needed."""

    engine: Engine
    files: Mapping[str, int]
    worker: Worker
    load: float
    remarks: Sequence[str]


def bench(
    network: Network,
    masks: Masks,
    engines: Sequence[Engine],
    setting: Setting,
    *,
    plan: Plan | None = None,
    questions: Questions | None = None,
    pin: Sequence[int] = (),
    prepared: Mapping[str, Path] | None = None,
    reporter: Reporter | None = None,
) -> Result:
    """Time the engines in turns, each in a process of its own. The network is not changed.

    ``prepared`` are folders, by an engine's label, in which its model lies already, of a net of the same shapes: a
    yardstick need not be made anew for every net that is timed beside it.

    An engine that is not installed, that cannot run this network or that fails at once is left out with the reason;
    with none left a `RequestError` is raised.
    """
    told, asked = reporter or Silent(), questions or Questions()
    left_out: dict[str, str] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="tombola-bench-")))
        judged = None if asked.task is None else samples_to_test(asked, setting, folder)
        rounded = any(engine.arithmetic == "int8" for engine in engines)
        subject = Subject(network, masks, setting, asked.calibration(setting) if rounded else None)
        contenders: list[_Contender] = []
        with told.task("preparing the engines", len(engines), 0) as bar:
            for number, engine in enumerate(engines):
                there = (prepared or {}).get(engine.label)
                own = there or folder / str(number)
                own.mkdir(exist_ok=True)
                try:
                    contenders.append(_ready(engine, subject, own, pin, stack, made=there is not None))
                except TombolaError as error:
                    left_out[engine.label] = str(error)
                except Exception as error:  # one engine that breaks does not take the others with it
                    left_out[engine.label] = f"it failed ({type(error).__name__}: {error})"
                bar.advance(1, samples=0, loss=None)
        if not contenders:
            raise RequestError("no engine can run this:\n" + "\n".join(f"  {k}: {v}" for k, v in left_out.items()))
        runs = _timed(contenders, plan or Plan(), told)
        reference = Reference(masked(network, masks), setting, folder)
        found = []
        with told.task("logits, accuracy, layers", len(contenders), 0) as bar:
            for item in contenders:
                found.append(_measured(item, runs[item.engine.label], reference, asked, judged))
                bar.advance(1, samples=0, loss=None)
    return Result(
        model=network.source,
        setting=setting,
        sparsity=masks.sparsity,
        kept=masks.kept,
        total=masks.total,
        engines=tuple(found),
        left_out=left_out,
        pin=tuple(pin),
        machine=processor(),
        samples=0 if judged is None else len(judged.samples),
        of=0 if judged is None else judged.of,
        split=asked.split,
        calibrated="" if subject.examples is None else subject.examples.source,
        alike=reference.alike,
    )


def _ready(
    engine: Engine, subject: Subject, folder: Path, pin: Sequence[int], stack: ExitStack, *, made: bool
) -> _Contender:
    """The engine with its model loaded; any reason why not is a `TombolaError`."""
    if missing := engine.missing():
        raise RequestError(missing)
    files = [file for file in folder.rglob("*") if file.is_file()] if made else engine.prepare(subject, folder)
    sizes = {file.relative_to(folder).as_posix(): file.stat().st_size for file in files}
    worker = stack.enter_context(Worker(engine, folder, subject.setting, pin))
    return _Contender(engine, sizes, worker, worker.load(), engine.remarks(subject))


def _timed(contenders: Sequence[_Contender], plan: Plan, told: Reporter) -> dict[str, list[Run]]:
    workers = {item.engine.label: item.worker for item in contenders}
    for worker in workers.values():
        worker.warm_up(plan.warmup)
    with told.task("timing in turns", _STEPS, 0) as bar:
        shown = 0

        def advance(share: float) -> None:
            nonlocal shown
            now = int(share * _STEPS)
            bar.advance(now - shown, samples=0, loss=None)
            shown = now

        return take_turns(workers, plan, advance)


def _measured(
    item: _Contender,
    runs: Sequence[Run],
    reference: Reference,
    asked: Questions,
    judged: Judged | None,
) -> Measured:
    peak, bare = item.worker.memory()  # before it answers anything else
    asked_of = None if item.engine.label in asked.only_timed else judged
    accuracy, outcomes = (None, "") if asked_of is None else answered(item.worker, asked_of)
    return Measured(
        engine=item.engine.label,
        uses_zeros=item.engine.USES_ZEROS,
        arithmetic=item.engine.arithmetic,
        times=times(runs),
        load=item.load,
        files=item.files,
        memory=None if peak is None or bare is None else peak - bare,
        difference=reference.difference(item.worker),
        accuracy=accuracy,
        outcomes=outcomes,
        layers=item.worker.layers() if asked.layers else (),
        remarks=item.remarks,
    )
