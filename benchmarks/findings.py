"""Run the repro of every finding in a scratch folder, one line each: ``held`` or ``FAILS``.

    python benchmarks/findings.py                   all of them
    python benchmarks/findings.py --only F1 U2      some
    python benchmarks/findings.py --quick           those that take seconds

A repro is a function in a file of ``repros/`` that returns what it saw, and raises AssertionError where the finding is
back; ``@finding("F1", "...")`` says which it is of. A finding may have several. Exit code 1 where any fails.
"""

import argparse
import importlib
import sys
import tempfile
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.repros.finding import FOUND, Finding

HERE = Path(__file__).parent / "repros"


def main() -> int:
    """Print a line for each finding; 1 where one fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", metavar="F1", help="the findings to look at")
    parser.add_argument("--quick", action="store_true", help="leave out those that take more than some seconds")
    parser.add_argument("--verbose", action="store_true", help="the trace of what fails")
    options = parser.parse_args()
    load()
    chosen = [one for one in sorted(FOUND, key=_order) if _wanted(one, options.only, quick=options.quick)]
    failed = [one for one in chosen if not held(one, verbose=options.verbose)]
    print(f"{len(chosen) - len(failed)} of {len(chosen)} repros held")
    return 1 if failed or not chosen else 0


def load() -> None:
    """Import every file of repros, which registers what it holds."""
    for file in sorted(HERE.glob("[a-z]*.py")):
        name = f"benchmarks.repros.{file.stem}"
        if name not in sys.modules:
            importlib.import_module(name)


def held(one: Finding, *, verbose: bool) -> bool:
    """Run one repro in a folder of its own, and print its line."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="finding-") as folder:
        try:
            seen, word = one.repro(Path(folder)), "held"
        except Exception as error:  # any exception is a finding that does not hold
            seen, word = f"{type(error).__name__}: {error}".splitlines()[0][:200], "FAILS"
            if verbose:
                traceback.print_exc()
    print(f"{one.name:4} {word:5} {one.title}: {seen} ({time.monotonic() - begun:.1f} s)", flush=True)
    return word == "held"


def _wanted(one: Finding, only: list[str] | None, *, quick: bool) -> bool:
    return (only is None or one.name in only) and not (quick and one.slow)


def _order(one: Finding) -> tuple[str, int]:
    return one.name[0], int(one.name[1:])


if __name__ == "__main__":
    sys.exit(main())
