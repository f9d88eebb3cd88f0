"""Break Tombola in one place at a time and see that a test notices: a mutant that survives is an untested promise.

    python benchmarks/mutants.py                    every mutant of mutants.yaml
    python benchmarks/mutants.py --only feed clip   those whose name or file holds a word
    python benchmarks/mutants.py --quick            one of each file

Works on a copy of ``src`` and ``tests`` in a scratch folder, never in place. Prints a line a mutant, ``killed`` or
``SURVIVES``; ``STALE`` where the text to change is not there exactly once. The last line says how many were killed;
exit code 1 unless all were, and unless the tests pass on the copy unchanged.
"""

import argparse
import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from queue import SimpleQueue

import yaml

_CONTEXT = get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    ["torch", "torchvision", "torchmetrics", "scipy.stats", "scipy.optimize", "timm", "pytest"]
)

ROOT = Path(__file__).parents[1]
TABLE = Path(__file__).with_suffix(".yaml")


@dataclass(frozen=True)
class Mutant:
    """In ``file`` of the package, ``old`` becomes ``new``; ``tests`` must notice, as pytest is given them."""

    name: str
    file: str
    old: str
    new: str
    tests: str


def main() -> int:
    """Print a line a mutant; 1 where one survives, is stale, or a test fails without any."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", metavar="WORD", help="those whose name or file holds a word")
    parser.add_argument("--quick", action="store_true", help="one of each file")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many at a time")
    options = parser.parse_args()
    mutants = [Mutant(**row) for row in yaml.safe_load(TABLE.read_text(encoding="utf-8"))]
    chosen = [mutant for mutant in mutants if _wanted(mutant, options.only)]
    chosen = list({mutant.file: mutant for mutant in chosen}.values()) if options.quick else chosen
    with tempfile.TemporaryDirectory(prefix="mutants-") as place, ThreadPoolExecutor(options.jobs) as pool:
        copies = _copies(Path(place), options.jobs)
        suites = list(dict.fromkeys(mutant.tests for mutant in chosen))
        sound = all(pool.map(lambda tests: _passes_unchanged(tests, copies), suites))
        killed = list(pool.map(lambda mutant: _killed(mutant, copies), chosen)) if sound else []
    print(f"{sum(killed)} of {len(chosen)} mutants killed")
    return 0 if chosen and sum(killed) == len(chosen) else 1


def _wanted(mutant: Mutant, words: Sequence[str] | None) -> bool:
    return words is None or any(word in f"{mutant.name} {mutant.file}" for word in words)


def _copies(place: Path, count: int) -> "SimpleQueue[Path]":
    """Folders that each hold the package and its tests, to be taken and given back."""
    free: SimpleQueue[Path] = SimpleQueue()
    for number in range(count):
        copy = place / str(number)
        for folder in ("src", "tests"):
            shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", copy)
        free.put(copy)
    return free


@contextmanager
def _taken(copies: "SimpleQueue[Path]") -> Iterator[Path]:
    copy = copies.get()
    try:
        yield copy
    finally:
        copies.put(copy)


def _passes_unchanged(tests: str, copies: "SimpleQueue[Path]") -> bool:
    with _taken(copies) as copy:
        passed = _run(copy, tests)
    if not passed:
        print(f"BROKEN    {tests} fails without any mutant", flush=True)
    return passed


def _killed(mutant: Mutant, copies: "SimpleQueue[Path]") -> bool:
    with _taken(copies) as copy:
        file = copy / "src" / "tombola" / mutant.file
        whole = file.read_text(encoding="utf-8")
        stale = whole.count(mutant.old) != 1
        try:
            changed = whole.replace(mutant.old, mutant.new)
            compile(changed, mutant.file, "exec")  # what is no Python would be killed by any test
            file.write_text(changed, encoding="utf-8")
            killed = not stale and not _run(copy, mutant.tests)
        finally:
            file.write_text(whole, encoding="utf-8")
    word = "STALE" if stale else "killed" if killed else "SURVIVES"
    print(f"{word:9} {mutant.file}: {mutant.name} ({mutant.tests.split()[0]})", flush=True)
    return killed


def _run(copy: Path, tests: str) -> bool:
    """Whether the tests pass on a copy."""
    work = _CONTEXT.Process(target=_tested, args=(str(copy), tests))
    work.start()
    work.join()
    return work.exitcode == 0


def _tested(copy: str, tests: str) -> None:
    """In a process of its own, which has imported nothing of Tombola: the copy's tests, quietly."""
    import pytest
    from hypothesis import HealthCheck, settings

    patient = settings(deadline=None, suppress_health_check=list(HealthCheck))  # a busy machine kills no mutant
    settings.register_profile("patient", patient)
    settings.load_profile("patient")
    # What Python keeps of a file it compiled is told by time and size, which a mutant may share: nothing is kept.
    sys.dont_write_bytecode = True
    os.environ |= {"PYTHONPATH": f"{copy}/src", "PYTHONDONTWRITEBYTECODE": "1"}
    os.chdir(copy)
    sys.path[:0] = [copy, f"{copy}/src"]
    with Path(os.devnull).open("w", encoding="utf-8") as nothing, redirect_stdout(nothing), redirect_stderr(nothing):
        code = pytest.main(["-q", "-x", "--assert=plain", "-p", "no:cacheprovider", *shlex.split(tests)])
    os._exit(int(code))


if __name__ == "__main__":
    sys.exit(main())
