"""The steps of `gpu.sh run`, each with a limit of its own, all within one deadline; what is done stays done.

    python benchmarks/gpu_steps.py CARRIED OUT [--cpu] [--dry] [--minutes 12]

Each step is a process of its own. One that fails or outlasts its limit is told in log.txt and the next one begins; the
study goes repetition by repetition, so that what the time allows is whole pretrainings with all their tickets measured.
In the end OUT holds at most eight files of at most 16 MiB: rows, figures, the log, and finished stages of the store.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
KEPT_BACK: Final = 20.0
"""Seconds of the deadline that gathering may take."""
LEAST = 5.0
"""Seconds under which no step begins."""
PIECE: Final = 15 * 2**20
PIECES: Final = 4


@dataclass(frozen=True)
class Step:
    """A command, and how many seconds it may take."""

    name: str
    command: tuple[str, ...]
    limit: float


def main() -> int:
    """Walk the steps; 1 where one of them failed."""
    options = arguments()
    carried, out = Path(options.carried).absolute(), Path(options.out).absolute()
    steps = toys(out) if options.cpu else whole(carried, out)
    if options.dry:
        print("\n".join(f"{step.limit:4.0f} s  {step.name}: {' '.join(step.command)}" for step in steps))
        return 0
    unpacked(carried, work(out))
    deadline = time.monotonic() + 60 * options.minutes - KEPT_BACK
    with (out / "log.txt").open("a", encoding="utf-8") as log:
        failed = [step.name for step in steps if not done(step, deadline, log.fileno(), out)]
    gathered(work(out), out)
    print(f"{len(steps) - len(failed)} of {len(steps)} steps done" + (f"; not: {', '.join(failed)}" if failed else ""))
    return 1 if failed else 0


def arguments() -> argparse.Namespace:
    """Where things lie, how long it may take."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("carried")
    parser.add_argument("out")
    parser.add_argument("--cpu", action="store_true", help="toy sizes on the processor")
    parser.add_argument("--dry", action="store_true", help="say the steps, run none")
    parser.add_argument("--minutes", type=float, default=12.0)
    return parser.parse_args()


def work(out: Path) -> Path:
    """Where the store lies while it grows: beside ``out``, which takes small files only."""
    return Path(os.environ.get("TOMBOLA_GPU_WORK", str(out.with_name(f"{out.name}-work"))))


def whole(carried: Path, out: Path) -> list[Step]:
    """The steps for a GPU. What is carried lies in it as `gpu_pack` put it there."""
    data = carried / "data"
    study = str(ROOT / "results/evidence/autoattacked.yaml")
    packs = (
        f"source.name=pack:{data}/tiny_imagenet/tiny_imagenet100",
        f"target.name=pack:{data}/caltech101/caltech101_96",
    )
    speed = script("throughput.py", "--device", "cuda")
    large = ("--net", "torchvision:resnet50", "--size", "224", "--batch", "128", "--steps", "30")
    return [
        Step("throughput-64", (*speed, "--steps", "60"), 60),
        Step("throughput-224", (*speed, *large), 90),
        Step("shared", script("gpu_shared.py"), 60),
        *studies(study, range(5), out, "cuda", packs, limit=240),
    ]  # fmt: skip


def toys(out: Path) -> list[Step]:
    """The same steps on toy sizes."""
    small = ("--net", "resnet8", "--size", "16", "--batch", "16")
    speed = script("throughput.py", "--device", "cpu", "--threads", "1")
    return [
        Step("throughput-64", (*speed, *small, "--steps", "2"), 60),
        Step("throughput-224", (*speed, *small, "--steps", "2"), 60),
        Step("shared", script("gpu_shared.py", "--device", "cpu", *small, "--steps", "2"), 60),
        *studies(str(ROOT / "benchmarks/gpu_toy.yaml"), range(2), out, "cpu", (), limit=90),
    ]


def studies(study: str, repeats: range, out: Path, device: str, sets: tuple[str, ...], limit: float) -> Iterator[Step]:
    """A run for each repetition: pretrain, draw, transfer and attack whatever the store lacks of it."""
    for number in repeats:
        settings = [part for text in (*sets, f"repeat={number}") for part in ("--set", text)]
        where = (
            "--store",
            str(work(out) / "store"),
            "--out",
            str(work(out) / "rows" / str(number)),
            "--device",
            device,
        )
        yield Step(f"pretraining-{number}", (sys.executable, "-m", "tombola", "run", study, *settings, *where), limit)


def script(name: str, *options: str) -> tuple[str, ...]:
    """A benchmark of this folder as a command."""
    return (sys.executable, str(ROOT / "benchmarks" / name), *options)


def done(step: Step, deadline: float, log: int, out: Path) -> bool:
    """Run a step within what is left; its output goes to ``STEP.txt`` of a benchmark, its complaints to the log.

    A benchmark whose bar is missed has done its work.
    """
    left = min(step.limit, deadline - time.monotonic())
    told = work(out) / f"{step.name}.txt"
    told.parent.mkdir(parents=True, exist_ok=True)
    os.write(log, f"{step.name}: {left:.0f} s left\n".encode())
    if left <= LEAST:
        return False
    begun = time.monotonic()
    with told.open("w", encoding="utf-8") as file:
        started = subprocess.Popen(step.command, stdout=file, stderr=log, cwd=ROOT, start_new_session=True)
        try:
            code = started.wait(left)
        except subprocess.TimeoutExpired:
            os.killpg(started.pid, signal.SIGKILL)
            code = started.wait()
    os.write(log, f"{step.name}: {time.monotonic() - begun:.1f} s, code {code}\n".encode())
    return code == 0 or (
        code == 1 and step.name.startswith("throughput") and "images/s" in told.read_text(encoding="utf-8")
    )


def unpacked(carried: Path, place: Path) -> None:
    """The stages of earlier times into the store."""
    for piece in sorted(carried.glob("store-*.tar.gz")):
        with tarfile.open(piece) as tar:
            tar.extractall(place, filter="data")


def gathered(place: Path, out: Path) -> None:
    """Rows in one file, figures in another, and finished stages, smallest first, in pieces; larger ones stay behind."""
    rows = sorted((place / "rows").glob("*/*/rows.jsonl"))
    (out / "rows.jsonl").write_text("".join(file.read_text(encoding="utf-8") for file in rows), encoding="utf-8")
    for file in rows[-1:]:
        shutil.copyfile(file.with_name("about.json"), out / "about.json")
    figures = {file.stem: file.read_text(encoding="utf-8").splitlines() for file in sorted(place.glob("*.txt"))}
    (out / "figures.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    sizes = {stage: sum(file.stat().st_size for file in stage.rglob("*") if file.is_file())
             for stage in (place / "store" / "stages").glob("*/*")}  # fmt: skip
    for number, stages in enumerate(dealt(sizes)):
        with tempfile.TemporaryDirectory() as folder:
            beside = Path(folder) / "piece"
            with tarfile.open(beside, "w:gz", compresslevel=1) as tar:
                for stage in stages:
                    tar.add(stage, str(stage.relative_to(place)))
            shutil.move(beside, out / f"store-{number}.tar.gz")


def dealt(sizes: dict[Path, int]) -> list[list[Path]]:
    """Stages for each piece, the smallest first; those that no piece has room for are left out."""
    pieces: list[list[Path]] = []
    room = 0
    for stage in sorted(sizes, key=lambda stage: (sizes[stage], stage)):
        if sizes[stage] > PIECE or (sizes[stage] > room and len(pieces) == PIECES):
            break
        if sizes[stage] > room:
            pieces.append([])
            room = PIECE
        pieces[-1].append(stage)
        room -= sizes[stage]
    return pieces


if __name__ == "__main__":
    sys.exit(main())
