"""The training loop against itself: images a second of this tree and of an earlier commit, in turns.

    python benchmarks/loop_speed.py [--before COMMIT] [--processes 6] [--rounds 8] [--threads 1] [--quick]

Trains the demo's net on its glyphs and torchvision's ResNet-18 on glyphs of 64x64, naturally and against PGD-3, some
steps at a time. How a process lies in memory counts for several per cent, so one process holds both: the code as it is
here and that of ``--before``, laid out in a scratch folder, each with modules of its own, and they train turn by turn
on the same images. Rates are of the processor's time, so what else the machine does counts little. The ratio is the
median over the rounds of all processes, beside its 95 % interval (of order statistics: no shape is assumed).
With ``--before HEAD`` it tells what the measure itself is worth. The bar: no training is shown to be below 0.98 of what
it was, so not the whole interval lies there; the five rounds of ``--quick`` show losses of several per cent only, as
medians of the same operations strayed by three there. Beside the times it counts torch's operations of one more step on
both sides, which nothing on the machine disturbs, and names those that differ.
``--before`` is by default the last commit before pixels, words, views and boxes shared one loop.
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a script, it finds those beside it

from benchmarks.bars import Bar, closing, parsed

ROOT: Final = Path(__file__).resolve().parents[1]
Turns = dict[tuple[str, str], list[tuple[float, float]]]
SIDES: Final = ("before", "after")
BEFORE: Final = "19f4399"
LEAST: Final = 0.98
NETS: Final[dict[str, dict[str, Any]]] = {
    "demo": {"model": "resnet8", "task": {"name": "glyphs", "num_train": 4096}, "batch": 128, "steps": 20},
    "resnet18": {
        "model": {"name": "torchvision:resnet18"},
        "task": {"name": "glyphs", "num_train": 512, "size": 64},
        "batch": 32,
        "steps": 2,
    },
}
PGD: Final = {"name": "pgd", "eps": 8 / 255, "steps": 3, "step": 8 / 255}
OBJECTIVES: Final[dict[str, Any]] = {"natural": "natural", "pgd": {"name": "adversarial", "attack": PGD}}
TRAININGS: Final = [(net, objective) for net in NETS for objective in OBJECTIVES]
SHARE: Final = {"natural": 1.0, "pgd": 0.5}
"""Of the steps: a PGD-3 step costs about three natural ones, and turns should be alike in length."""


def main() -> int:
    if sys.argv[1:2] == ["--work"]:
        work(int(sys.argv[2]), {"before": Path(sys.argv[3]), "after": ROOT / "src"})
        return 0
    options = arguments()
    with tempfile.TemporaryDirectory() as scratch:
        before = laid_out(options.before, Path(scratch))
        with worker(before, 1) as process:
            for training in TRAININGS:
                said = differing(*(operations(process, side, training, options.counts) for side in SIDES))
                print(f"{' '.join(training):17} {said}", flush=True)
        found = [turns(before, options.rounds, options.threads) for _ in range(options.processes)]
    return closing(*(compared(found, training) for training in TRAININGS))


def operations(process: subprocess.Popen[str], side: str, training: tuple[str, str], times: int) -> dict[str, int]:
    """How often one step more runs each of torch's operations; a median, as a bar is drawn now and then."""
    counts = [[asked(process, side, *training, counted=steps) for steps in (1, 2)] for _ in range(times)]
    names = {name for one in counts for name in one[1]}
    more = {name: [two.get(name, 0) - one.get(name, 0) for one, two in counts] for name in names}
    return {name: int(statistics.median(found)) for name, found in more.items()}


def differing(before: Mapping[str, int], after: Mapping[str, int]) -> str:
    """What to say of a step's operations on both sides."""
    found = {name: (before.get(name, 0), after.get(name, 0)) for name in sorted({*before, *after})}
    others = [f"{name} {old} -> {new}" for name, (old, new) in found.items() if old != new]
    total = sum(after.values())
    return f"{total:,} operations a step, the same as before" if not others else f"operations: {', '.join(others)}"


def turns(before: Path, rounds: int, threads: int) -> Turns:
    """Images a second of every round of a fresh process, by training: before, after."""
    rates: Turns = {training: [] for training in TRAININGS}
    with worker(before, threads) as process:
        for training in TRAININGS:
            for number in range(rounds + 1):  # the first round warms up, and does not count
                order = SIDES if number % 2 else SIDES[::-1]
                found = {side: asked(process, side, *training) for side in order}
                if number:
                    rates[training].append((found["before"], found["after"]))
    return rates


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", default=BEFORE, help="the commit to compare with")
    parser.add_argument("--processes", type=int, default=6, help="fresh ones, each with both sides in it")
    parser.add_argument("--rounds", type=int, default=8, help="in each process: a turn of either side")
    parser.add_argument("--counts", type=int, default=5, help="how often a step's operations are counted")
    parser.add_argument("--threads", type=int, default=1)
    return parsed(parser, processes=1, rounds=5, counts=3)


def compared(processes: Sequence[Turns], training: tuple[str, str]) -> Bar:
    """One line a training, and its bar."""
    rounds = [both for one in processes for both in one[training]]
    each = sorted(after / before for before, after in rounds)
    what, ratio = " ".join(training), statistics.median(each)
    after = statistics.median(rate for _, rate in rounds)
    low, high = (each[rank] for rank in around_median(len(each)))
    print(
        f"{what:17} {after:7.1f} images a processor second after, {ratio:.3f} times those before"
        f" (95 % interval {low:.3f} to {high:.3f}, {len(each)} rounds, {each[0]:.3f} to {each[-1]:.3f})",
        flush=True,
    )
    return Bar(f"{what} {ratio:.3f}, by its interval", high, LEAST, form=".3f")


def around_median(count: int) -> tuple[int, int]:
    """Places in a sorted list between which its median's 95 % interval lies; the ends, where they are too few for one.

    How many of ``count`` values lie below the true median is binomial with 1/2, whatever their distribution.
    """
    below, least = 0.0, 0
    while (below := below + math.comb(count, least) / 2**count) <= 0.025:
        least += 1
    least = max(least - 1, 0)
    return least, count - 1 - least


def asked(process: subprocess.Popen[str], side: str, net: str, objective: str, counted: int = 0) -> Any:
    """Images a second of one turn of a side, from a worker; or what it counted of so many steps."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps([side, net, objective, counted]) + "\n")
    process.stdin.flush()
    answer = process.stdout.readline()
    if not answer:
        raise SystemExit("a worker ended; its message stands above")
    return json.loads(answer)


@contextmanager
def worker(before: Path, threads: int) -> Iterator[subprocess.Popen[str]]:
    """A process that trains with the code in ``before`` and with that beside this file, ended with the block."""
    environment = {**os.environ, "KINETO_LOG_LEVEL": "9"}  # the profiler is silent
    command = [sys.executable, str(Path(__file__).resolve()), "--work", str(threads), str(before)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def laid_out(commit: str, scratch: Path) -> Path:
    """The sources of a commit, in a folder of their own."""
    packed = subprocess.run(["git", "archive", commit, "src"], cwd=ROOT, capture_output=True, check=False)
    if packed.returncode:
        raise SystemExit(f"--before {commit}: {packed.stderr.decode().strip()}; name a commit of a clone with history")
    with tarfile.open(fileobj=BytesIO(packed.stdout)) as archive:
        archive.extractall(scratch, filter="data")
    return scratch / "src"


class Side:
    """The code of one folder: its modules are the ones that imports find while it works."""

    def __init__(self, source: Path) -> None:
        self.source, self.modules = source, dict[str, ModuleType]()
        self.prepared = dict[str, Any]()

    @contextmanager
    def working(self) -> Iterator[None]:
        """Imports of ``tombola``, those inside functions too, give this folder's modules."""
        sys.path.insert(0, str(self.source))
        sys.modules.update(self.modules)
        try:
            yield
        finally:
            sys.path.remove(str(self.source))
            mine = [name for name in sys.modules if name.partition(".")[0] == "tombola"]
            self.modules = {name: sys.modules.pop(name) for name in mine}

    def trained(self, net: str, objective: str, steps: int) -> None:
        """Train a prepared net for some steps."""
        from tombola.fitting.fit import Fit
        from tombola.fitting.session import Session
        from tombola.spec import build

        task, model = self.prepared[net]
        options = {"objective": OBJECTIVES[objective], "epochs": f"{steps}it", "batch": NETS[net]["batch"]}
        build(Fit, options).run(model, task, seed=0, session=Session())

    def prepare(self, net: str) -> None:
        """Make the net and its images, once."""
        from tombola.fitting.seeds import generator
        from tombola.models.source import Source
        from tombola.tasks._base import Task

        if net not in self.prepared:
            task = Task.parse(NETS[net]["task"])
            bare = Source.parse(NETS[net]["model"]).load(seed=0)
            self.prepared[net] = task, task.head(bare, generator=generator(0, "head"))


def work(threads: int, sources: Mapping[str, Path]) -> None:
    """Answer each line that names a side, a net and an objective by the images a second of its steps."""
    import torch

    torch.set_num_threads(threads)
    sides = {name: Side(source) for name, source in sources.items()}
    for line in sys.stdin:
        name, net, objective, steps = json.loads(line)
        with sides[name].working():
            sides[name].prepare(net)
            found = counted(sides[name], net, objective, steps) if steps else rate(sides[name], net, objective)
        print(json.dumps(found), flush=True)


def counted(side: Side, net: str, objective: str, steps: int) -> dict[str, int]:
    """How often a training of so many steps runs each of torch's operations."""
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU]) as seen:
        side.trained(net, objective, steps)
    return {event.key: event.count for event in seen.key_averages()}


def rate(side: Side, net: str, objective: str) -> float:
    """Images a second of the processor's time."""
    steps = max(1, round(NETS[net]["steps"] * SHARE[objective]))
    begun = time.process_time()
    side.trained(net, objective, steps)
    return float(NETS[net]["batch"] * steps / (time.process_time() - begun))


if __name__ == "__main__":
    sys.exit(main())
