"""What the first minute with Tombola costs: seconds of the processor of the first commands, from an installed wheel.

    python benchmarks/first_minute.py [--runs 5] [--quick] [--wheel FILE]

Builds the wheel of this checkout (``--wheel`` names one that is there), installs it into a new environment that sees
the dependencies of this one, with an empty home and no cache, and runs each command there on one thread. A command
counts as its fastest run, user and system time together. The bars: ``--help`` 0.3, ``list schemes`` and ``show scheme
imp`` 0.4, ``import tombola`` 0.1, and drawing a ticket from a ResNet-18 with random weights 4 seconds. What bounds the
last is timed beside it: ``import torch`` in a process that ends at once, as ``tombola`` does, without taking torch
apart again. What is above that is Tombola's, torchvision's and the draw's.
"""

import argparse
import os
import resource
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, it finds those beside it

from benchmarks.bars import Bar, closing, parsed

ROOT = Path(__file__).parents[1]
COMMANDS = {
    "tombola --help": 0.3,
    "tombola list schemes": 0.4,
    "tombola show scheme imp": 0.4,
    "python -c 'import tombola'": 0.1,
    "tombola draw torchvision:resnet18 --sparsity 0.9 --overwrite -o x.ticket": 4.0,
}
TORCH = "python -c 'import os, torch; os._exit(0)'"


def main() -> int:
    options = arguments()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        binaries = installed(options.wheel or built(place), place / "env")
        (place / "home").mkdir()
        fastest = {}
        for command in (TORCH, *COMMANDS):
            times = [seconds(command, binaries, place / "home") for _ in range(options.runs)]
            print(f"{command:75} {' '.join(f'{time:.2f}' for time in times)} s", flush=True)
            fastest[command] = min(times)
    *_, draw = COMMANDS
    print(f"of the draw, above importing torch: {fastest[draw] - fastest[TORCH]:.2f} s")
    bars = (Bar(" ".join(line.split()[:3]), fastest[line], most, at_most=True) for line, most in COMMANDS.items())
    return closing(*bars)


def built(folder: Path) -> Path:
    """The wheel of this checkout."""
    run([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)])
    return next(folder.glob("tombola-*.whl"))


def installed(wheel: Path, env: Path) -> Path:
    """The folder of programs of a new environment with the wheel in it, and this one's dependencies behind it."""
    run([sys.executable, "-m", "venv", "--without-pip", str(env)])
    python = env / "bin" / "python"
    run([sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", str(wheel)])
    [site] = env.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return env / "bin"


def seconds(command: str, binaries: Path, home: Path) -> float:
    """Of the processor, for one run of a command in an environment with nothing else set."""
    path = f"{binaries}{os.pathsep}{os.environ['PATH']}"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(["sh", "-c", f"exec {command}"], cwd=home, env={"PATH": path, "HOME": str(home), "OMP_NUM_THREADS": "1"})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def run(words: Sequence[str], *, cwd: Path | None = None, env: dict[str, str] | None = None) -> None:
    done = subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}: {done.stderr or done.stdout}")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="runs of each command, of which the fastest counts")
    parser.add_argument("--wheel", type=Path, help="a wheel that is built already")
    return parsed(parser, runs=2)


if __name__ == "__main__":
    sys.exit(main())
