"""The training loop against itself: images a second of this tree and of an earlier commit, in turns.

    python benchmarks/loop_speed.py [--before COMMIT] [--rounds 30] [--threads 2] [--quick]

Trains the demo's net on its glyphs and torchvision's ResNet-18 on glyphs of 64x64, naturally and against PGD-3, some
steps at a time: a process with the code as it is here and one with the code of ``--before``, laid out in a scratch
folder, work turn by turn on the same images, a second or two each, so that what else the machine does falls on both.
What is compared is the fastest turn of each side: on a shared machine turns of one side differ by a tenth, and the
fastest is the one that nothing disturbed. The bar: no training below 0.98 of what it was. ``--before`` is by default
the last commit before pixels, words, views and boxes shared one loop.
"""

import argparse
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a script, it finds those beside it

from benchmarks.bars import Bar, closing, parsed

ROOT: Final = Path(__file__).resolve().parents[1]
BEFORE: Final = "19f4399"
LEAST: Final = 0.98
NETS: Final[dict[str, dict[str, Any]]] = {
    "demo": {"model": "resnet8", "task": {"name": "glyphs", "num_train": 4096}, "batch": 128, "steps": 20},
    "resnet18": {
        "model": {"name": "torchvision:resnet18"},
        "task": {"name": "glyphs", "num_train": 512, "size": 64},
        "batch": 64,
        "steps": 2,
    },
}
PGD: Final = {"name": "pgd", "eps": 8 / 255, "steps": 3, "step": 8 / 255}
OBJECTIVES: Final[dict[str, Any]] = {"natural": "natural", "pgd": {"name": "adversarial", "attack": PGD}}
SHARE: Final = {"natural": 1.0, "pgd": 0.5}
"""Of the steps: a PGD-3 step costs about three natural ones, and turns should be alike in length."""


def main() -> int:
    if sys.argv[1:2] == ["--work"]:
        work(int(sys.argv[2]))
        return 0
    options = arguments()
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sides = {"before": laid_out(options.before, scratch), "after": ROOT / "src"}
        workers = {name: stack.enter_context(worker(source, options.threads)) for name, source in sides.items()}
        bars = [compared(workers, net, objective, options.rounds) for net in NETS for objective in OBJECTIVES]
    return closing(*bars)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", default=BEFORE, help="the commit to compare with")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    return parsed(parser, rounds=12)


def compared(workers: dict[str, subprocess.Popen[str]], net: str, objective: str, rounds: int) -> Bar:
    """One line a training, and its bar."""
    rates: dict[str, list[float]] = {name: [] for name in workers}
    for number in range(rounds + 1):  # the first round warms up, and does not count
        order = list(workers) if number % 2 else list(reversed(workers))
        for name in order:
            found = asked(workers[name], net, objective)
            if number:
                rates[name].append(found)
    before, after = max(rates["before"]), max(rates["after"])
    ratio = after / before
    print(f"{net:9} {objective:8} images/s: before {before:8.1f}, after {after:8.1f}, ratio {ratio:.3f}", flush=True)
    return Bar(f"{net} {objective}", ratio, LEAST, form=".3f")


def asked(process: subprocess.Popen[str], net: str, objective: str) -> float:
    """Images a second of one turn."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps([net, objective]) + "\n")
    process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        raise SystemExit("a process that trains ended before it answered; what it wrote stands above")
    return float(line)


@contextmanager
def worker(source: Path, threads: int) -> Iterator[subprocess.Popen[str]]:
    """A process that trains with the code in ``source``, ended with the block."""
    environment = {**os.environ, "PYTHONPATH": str(source)}
    command = [sys.executable, str(Path(__file__).resolve()), "--work", str(threads)]
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


def work(threads: int) -> None:
    """Answer each line that names a net and an objective by the images a second of its steps."""
    import torch

    from tombola.fitting.fit import Fit
    from tombola.fitting.seeds import generator
    from tombola.fitting.session import Session
    from tombola.models.source import Source
    from tombola.spec import build
    from tombola.tasks._base import Task

    torch.set_num_threads(threads)
    prepared: dict[str, Any] = {}
    for line in sys.stdin:
        net, objective = json.loads(line)
        setting = NETS[net]
        if net not in prepared:
            task = Task.parse(setting["task"])
            bare = Source.parse(setting["model"]).load(seed=0)
            prepared[net] = task, task.head(bare, generator=generator(0, "head"))
        task, model = prepared[net]
        steps = max(1, round(setting["steps"] * SHARE[objective]))
        options = {"objective": OBJECTIVES[objective], "epochs": f"{steps}it", "batch": setting["batch"]}
        fit = build(Fit, options)
        begun = time.perf_counter()
        fit.run(model, task, seed=0, session=Session())
        print(setting["batch"] * steps / (time.perf_counter() - begun), flush=True)


if __name__ == "__main__":
    sys.exit(main())
