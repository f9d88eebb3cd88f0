"""Kill a small study with SIGKILL at random moments, resume it, and compare its rows with an uninterrupted run's.

    python benchmarks/kill_and_resume.py --times 20
    python benchmarks/kill_and_resume.py --quick           four times

Each round starts a study in a process of its own, kills it (during training, while writing, while measuring), starts it
again to the end, and compares ``rows.jsonl`` byte by byte. Rounds alternate between the runners inline and processes:2.
The moments lie anywhere between the first sign of work and the end. The bar: all of them identical.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tombola.study.run import run, write_result
from tombola.study.store import Store
from tombola.study.study import Study

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, it finds those beside it

from benchmarks.bars import Bar, closing, parsed

RUNNERS = ("inline", "processes:2")
PGD = {"name": "pgd", "eps": 0.1, "steps": 2, "step": 0.05}
STUDY = {
    "name": "kill-and-resume",
    "model": {"name": "resnet8", "width": 0.25},
    "source": {"name": "digits", "seed": 1},
    "pretrain": {"epochs": "4ep", "batch": 32, "checkpoint_every": "3it"},
    "draw": "omp",
    "target": {"name": "digits", "num_train": 200},
    "measure": ["accuracy", {"name": "adversarial_accuracy", "attack": PGD, "samples": 100}],
    "axes": {
        "pretrain.objective": {"natural": "natural", "robust": {"name": "adversarial", "attack": PGD}},
        "draw.sparsity": [0.5, 0.9],
        "transfer": {
            "linear": "linear",
            "finetune": {"name": "finetune", "fit": {"epochs": "3ep", "batch": 20, "checkpoint_every": "3it"}},
        },
    },
}


def work(folder: Path, runner: str) -> None:
    """The study, from whatever the store has, to its rows."""
    result = run(Study.of(STUDY), Store(folder / "store"), runner)
    if result.exit_code:
        raise SystemExit(f"{result.outcome.failed}")
    write_result(result.rows, folder / "rows.jsonl")


def start(folder: Path, runner: str) -> "subprocess.Popen[bytes]":
    """The study in a process of its own."""
    quiet = {**os.environ, "PYTHONWARNINGS": "ignore::UserWarning"}  # of semaphores a killed process left
    return subprocess.Popen([sys.executable, __file__, "--work", str(folder), "--runner", runner], env=quiet)


def whole(folder: Path, runner: str) -> tuple[bytes, float]:
    """The rows of a run to the end, and the seconds from its first sign of work."""
    process = start(folder, runner)
    begun = wait_for_work(folder, process)
    if process.wait() != 0:
        raise SystemExit(f"the study itself failed with {runner}")
    return (folder / "rows.jsonl").read_bytes(), time.monotonic() - begun


def wait_for_work(folder: Path, process: "subprocess.Popen[bytes]") -> float:
    """The moment the store appeared (loading torch before that is not worth killing)."""
    while not (folder / "store").exists() and process.poll() is None:
        time.sleep(0.01)
    return time.monotonic()


def killed(folder: Path, runner: str, after: float) -> bool:
    """Whether a study begun in ``folder`` was killed before it ended."""
    process = start(folder, runner)
    wait_for_work(folder, process)
    try:
        process.wait(timeout=after)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
        return True
    return False


def killed_and_resumed(folder: Path, runner: str, after: float) -> tuple[bytes, str]:
    """The rows after a kill and a second run, and what the kill left."""
    while not killed(folder, runner, after):
        shutil.rmtree(folder)
        made(folder)
        after *= 0.8  # the machine is faster now than when the time was taken
    left = f"killed after {after:5.2f} s: {remains(folder / 'store')}"
    rows, _ = whole(folder, runner)
    if problems := Store(folder / "store").verify():
        raise SystemExit("\n".join(problems))
    return rows, left


def remains(store: Path) -> str:
    """What lies in a store, in words."""
    done = len(list(store.glob("stages/*/*")))
    begun = sorted(path.name for path in store.glob("work/*/*/*"))
    return f"{done:2d} stages done, {', '.join(begun) or 'nothing'} unfinished"


def main() -> None:
    """Parse, run, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--runner", default="inline", help=argparse.SUPPRESS)
    given = parsed(parser, times=4)
    if given.work is not None:
        work(given.work, given.runner)
        return
    with tempfile.TemporaryDirectory() as temporary:
        raise SystemExit(compare(Path(temporary), given.times, random.Random(given.seed)))


def compare(folder: Path, times: int, moments: random.Random) -> int:
    """0 when every killed and resumed run has the rows of the uninterrupted ones."""
    undisturbed = {runner: whole(made(folder / f"whole-{place}"), runner) for place, runner in enumerate(RUNNERS)}
    expected = undisturbed["inline"][0]
    if any(rows != expected for rows, _ in undisturbed.values()):
        print("the runners differ before any kill")
        return 1
    same = 0
    for number in range(times):
        runner = RUNNERS[number % len(RUNNERS)]
        after = moments.uniform(0, undisturbed[runner][1])
        rows, left = killed_and_resumed(made(folder / str(number)), runner, after)
        same += rows == expected
        verdict = "identical" if rows == expected else "DIFFERENT"
        print(f"{number + 1:3d} {runner:<12} {left}; {verdict}", flush=True)
    return closing(Bar(f"identical rows of {times} killed", same, times, form="d"))


def made(folder: Path) -> Path:
    """The folder, new."""
    folder.mkdir()
    return folder


if __name__ == "__main__":
    main()
