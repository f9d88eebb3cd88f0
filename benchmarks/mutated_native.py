"""Native folders spoiled in a thousand ways: each is refused in our words, or answers as it did before.

    python benchmarks/mutated_native.py --count 1000        a minute or two
    python benchmarks/mutated_native.py --quick             150 of them
    python benchmarks/mutated_native.py --seed 417 --count 1 --show

A small net is exported and built under AddressSanitizer and UBSan, which are loaded into the Python that opens it. Each
folder is then spoiled by its seed: bits, cuts, gaps and swaps in net.dat, net.json, net.c and net.h; files that are
missing, empty, folders or another net's; and nonsense in net.json under a digest that fits it. It is opened and asked
for logits. Exit code 1 unless there is no crash, no exception but Tombola's, no answer that differs and none over a
second of the processor's time.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from tombola.errors import TombolaError
from tombola.native import about
from tombola.native.loading import load

SIZE: Final = (3, 12, 12)
FLAGS: Final = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-O1")
FILES: Final = ("net.dat", "net.dat", "net.dat", "net.json", "net.c", "net.h")
"""What is spoiled; the data more often, as all that is behind it is C."""
SECONDS: Final = 1.0
WRONG: Final = ("crashed", "foreign", "wrong", "slow")


def main() -> int:
    """Print how many came out how; 1 where one came out as it must not."""
    options = arguments()
    if options.worker:
        work(Path(options.worker), options.seed, options.count, show=options.show)
        return 0
    with tempfile.TemporaryDirectory(prefix="mutated-native-") as folder:
        export(Path(folder))
        found = Counter(outcome for outcome in outcomes(Path(folder), options))
    bad = sum(found[name] for name in WRONG)
    print(f"{sum(found.values())} folders: " + ", ".join(f"{count} {name}" for name, count in sorted(found.items())))
    print(f"{bad} crashed, foreign, wrong or slow (bar: 0)")
    return 1 if bad or not found["refused"] else 0


def arguments() -> argparse.Namespace:
    """What is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0, help="of the first folder; the next has the next")
    parser.add_argument("--quick", action="store_true", help="150 folders")
    parser.add_argument("--show", action="store_true", help="a line for each folder")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.count = min(options.count, 150) if options.quick else options.count
    return options


def export(folder: Path) -> None:
    """Two nets of the same shape, ``net`` and ``other``; the first one's library is built when it is first opened."""
    from tombola.models.source import Source
    from tombola.native.folder import write_folder

    for seed, name in enumerate(("net", "other")):
        network = Source.parse({"name": "resnet8", "width": 0.25}).load(num_classes=4, seed=seed).eval()
        write_folder(network, SIZE, folder / name, target="plain")


def outcomes(folder: Path, options: argparse.Namespace) -> Iterator[str]:
    """One word a folder, by as many processes as it takes: one that crashed is followed by another."""
    sanitizer = subprocess.run(
        ["gcc", "-print-file-name=libasan.so"], check=True, capture_output=True, text=True
    ).stdout
    loaded = {"LD_PRELOAD": sanitizer.strip(), "ASAN_OPTIONS": "detect_leaks=0", "UBSAN_OPTIONS": "print_stacktrace=1"}
    seed, end = options.seed, options.seed + options.count
    while seed < end:
        words = [sys.executable, __file__, "--worker", str(folder), "--seed", str(seed), "--count", str(end - seed)]
        done = subprocess.run(words, env=os.environ | loaded, capture_output=True, text=True, check=False)
        for line in done.stdout.splitlines():
            at, outcome, _what = line.split("\t")
            seed = int(at) + 1
            if options.show or outcome in WRONG:
                print(line, flush=True)
            yield outcome
        if done.returncode:
            print(f"{seed}\tcrashed\t{done.stderr[-1500:]}", flush=True)
            yield "crashed"
            seed += 1


def work(folder: Path, first: int, count: int, *, show: bool) -> None:
    """A line for each seed: the seed, how it came out, and what was done or said."""
    images = np.random.default_rng(0).random((2, *SIZE), np.float32)
    with load(folder / "net", extra=FLAGS) as net:
        right = net(images)
    for seed in range(first, first + count):
        copy = folder / f"copy-{seed}"
        copied(folder / "net", copy)
        what = spoiled(copy, folder / "other", random.Random(seed))
        start = time.process_time()
        outcome, said = opened(copy, images, right)
        if outcome in ("refused", "same") and time.process_time() - start > SECONDS:
            outcome = "slow"
        print(seed, outcome, f"{what}: {said}" if show or outcome in WRONG else what, sep="\t", flush=True)
        shutil.rmtree(copy)


def copied(whole: Path, copy: Path) -> None:
    """The folder's files and a link to what is built of them: nothing is compiled twice."""
    copy.mkdir()
    (copy / "build").symlink_to(whole / "build")
    for name in dict.fromkeys((*FILES, about.FILE)):
        shutil.copyfile(whole / name, copy / name)


def opened(folder: Path, images: np.ndarray[Any, Any], right: np.ndarray[Any, Any]) -> tuple[str, str]:
    """How opening and asking came out, and what was said."""
    try:
        with load(folder, extra=FLAGS) as net:
            return ("same", "") if np.array_equal(net(images), right) else ("wrong", "other logits")
    except TombolaError as error:
        return ("refused" if len(str(error)) < 1000 else "foreign"), " ".join(str(error).split())[-120:]
    except Exception as error:  # whatever it is, it is not ours
        return "foreign", f"{type(error).__name__}: {error}"[:200].replace("\n", " ")


def spoiled(folder: Path, other: Path, draw: random.Random) -> str:
    """Spoil a folder in one way; what was done."""
    if draw.random() < 0.2:
        return nonsense(folder, draw)
    name, how = draw.choice(FILES), draw.choice((*CHANGES, "missing", "a folder", "another net's"))
    file = folder / name
    raw = file.read_bytes()
    file.unlink()
    if how in CHANGES:
        file.write_bytes(CHANGES[how](raw, draw))
    elif how == "a folder":
        file.mkdir()
    elif how == "another net's":
        shutil.copyfile(other / name, file)
    return f"{name}: {how}"


def nonsense(folder: Path, draw: random.Random) -> str:
    """Something else in net.json, under a digest that fits it."""
    told = json.loads((folder / about.FILE).read_text())
    told.pop(about.SEAL)
    name = draw.choice(sorted(told))
    row = draw.choice(told["layers"])
    values = [None, 0, -1, 5, 2**70, 1e308, "", "x" * 5000, "../net", [], [2**40] * 3, {}, {"net.c": 1}, True, [row]]
    told[name] = draw.choice(values)
    if draw.random() < 0.1:
        told = dict.fromkeys(told)
    (folder / about.FILE).write_text(json.dumps({**told, about.SEAL: about.seal(told)}))
    return f"net.json, sealed: {name}={str(told[name])[:40]}"


def _bits(raw: bytes, draw: random.Random) -> bytes:
    found = bytearray(raw)
    for _ in range(draw.choice((1, 1, 2, 8))):
        found[draw.randrange(len(raw))] ^= 1 << draw.randrange(8)
    return bytes(found)


def _gap(raw: bytes, draw: random.Random) -> bytes:
    at = draw.randrange(len(raw))
    return raw[:at] + bytes(min(64, len(raw) - at)) + raw[at + 64 :]


def _swapped(raw: bytes, draw: random.Random) -> bytes:
    """Two pieces of the same length in each other's place."""
    size = draw.choice((1, 4, 8, 64))
    first, second = sorted(draw.sample(range(0, len(raw) - size, size), 2))
    one, two = raw[first : first + size], raw[second : second + size]
    return raw[:first] + two + raw[first + size : second] + one + raw[second + size :]


CHANGES: Final[dict[str, Callable[[bytes, random.Random], bytes]]] = {
    "bits": _bits,
    "more bits": _bits,
    "cut short": lambda raw, draw: raw[: draw.randrange(len(raw))],
    "empty": lambda _raw, _draw: b"",
    "longer": lambda raw, draw: raw + draw.randbytes(draw.choice((1, 64, 4096))),
    "zeros": _gap,
    "swapped": _swapped,
    "noise": lambda raw, draw: draw.randbytes(len(raw)),
}

if __name__ == "__main__":
    sys.exit(main())
