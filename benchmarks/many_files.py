"""A folder of many small pictures: what planning a study on it takes, and looking at every picture once.

    python benchmarks/many_files.py                 200,000 files of 64 pixels in 20 classes
    python benchmarks/many_files.py --quick         20,000

Planning is what every command does first: names, sizes and contents are read for the keys, twice in a plan. Its bars
are 60 seconds and one gigabyte of memory, torch included. Looking decodes every picture once, as `make` does, which
leaves out what is broken and keeps what looks alike on one side of a split: its memory has the same bar.
"""

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, it finds those beside it

from benchmarks.bars import Bar, closing, parsed

CLASSES, SIDE = 20, 8


def write(folder: Path, count: int) -> None:
    """Pictures of noise, one in a thousand of them cut off, one in a thousand a copy of the one before."""
    rng = np.random.default_rng(0)
    for label in range(CLASSES):
        (folder / f"class {label:02}").mkdir()
    content = b""
    for number in range(count):
        if number % 1000 != 1:
            content = b"P6 8 8 255\n" + rng.bytes(3 * SIDE**2)
        file = folder / f"class {number % CLASSES:02}" / f"{number:06}.ppm"
        file.write_bytes(content[:50] if number % 1000 == 2 else content)


def plan(folder: Path) -> str:
    """The stages of a study on the folder, by key."""
    from tombola.study.plan import Plan
    from tombola.study.study import Study

    target = {"name": f"folder:{folder}", "size": 16, "broken": "skip", "alike": "together"}
    study = {"name": "many", "model": "resnet8", "draw": "omp", "target": target, "transfer": "linear"}
    return f"{len(Plan.of(Study.of({**study, 'measure': ['density']})).stages)} stages"


def look(folder: Path) -> str:
    """The splits, and what is left out of them."""
    import warnings

    from tombola.data.folder import Folder

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        splits = Folder(path=folder, size=16, broken="skip", alike="together", in_memory_mb=0).load()
    told = "; ".join(str(one.message)[:120] for one in said)
    return (
        f"{len(splits.train):,} / {len(splits.val):,} / {len(splits.test):,}, {len(splits.left_out)} left out ({told})"
    )


def measured(work: Callable[[Path], str], folder: Path) -> tuple[float, float, float]:
    """Seconds, seconds of the processor, and the most megabytes, in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measured, (work, folder))


def _measured(work: Callable[[Path], str], folder: Path) -> tuple[float, float, float]:
    start = time.perf_counter()
    told = work(folder)
    seconds = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(f"{work.__name__}: {told}", flush=True)
    return seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main() -> int:
    """Write the files, plan and look; the exit code says whether the bars are met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=200_000)
    asked = parsed(parser, files=20_000)
    with tempfile.TemporaryDirectory() as home:
        write(Path(home), asked.files)
        bars = []
        for work in (plan, look):
            seconds, processor, most = measured(work, Path(home))
            print(f"{work.__name__}: {seconds:.1f} s, {processor:.1f} s of the processor, {most:.0f} MB", flush=True)
            bars += [Bar(f"{work.__name__}: megabytes", most, 1024, at_most=True, form=".0f")]
            if work is plan:
                bars.insert(0, Bar("plan: seconds", seconds, 60, at_most=True, form=".1f"))
    return closing(*bars)


if __name__ == "__main__":
    sys.exit(main())
