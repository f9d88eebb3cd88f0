"""`tombola make` from end to end: does it keep to its minutes, does its winner hold, and what does dense int8 give?

    python benchmarks/make.py [--what digits photographs textures reviews] [--minutes 12] [--out FOLDER]
        [--lite0 FILE] [--resnet18 FILE] [--minilm FOLDER] [--quick]

Each runs the command a user would type, in a process of its own, on examples as a user has them: photographs of 101
classes (Caltech-101 as a messy folder) with EfficientNet-Lite0, textures (ten classes of DTD) with a ResNet-18,
sentences (SST-2 as one CSV) with MiniLM. Data lie where TOMBOLA_DATA says; the nets are files that are named.
``digits`` needs neither: 1,797 built-in pictures and a net with random weights. Printed are the front, the advice and
the held-out figures that the command prints, and beside them what six commands without `make` give (benchmarks/
make_plainly.py). The bars, of each: it ends within its minutes; its winner is on held-out
samples not more below the dense net than the margin asks, by the upper end of the interval of the difference; it costs
no more than the best that needs no pruning, dense int8 among it; what it leaves tells 50 pictures as its ticket
does (of sentences that is not asked here); and `predict.py` and the program in C tell 200 new files as `tombola
predict` does, in an environment of their own that has neither Tombola nor torch.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a script, it finds those beside it

from benchmarks.bars import Bar, closing, parsed
from benchmarks.make_alone import COUNT, alike_alone, environment
from benchmarks.make_jobs import Job, job_of
from benchmarks.make_plainly import six_commands

import tombola
from tombola.tasks._base import Task

SHOWN: Final = 50


def main() -> int:
    options = arguments()
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(options.out or scratch).absolute()
        bars = [bar for what in options.what for bar in ran(job_of(what, out, options), out / what, options)]
    return closing(*bars)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--what", nargs="+", default=["photographs", "textures", "reviews"])
    parser.add_argument("--minutes", type=float, default=12.0)
    parser.add_argument("--out", default="", help="where to leave what is made; empty: nowhere")
    parser.add_argument("--skip-plain", action="store_true", help="leave the six-command way out")
    parser.add_argument("--lite0", help="EfficientNet-Lite0's weights")
    parser.add_argument("--resnet18", help="a ResNet-18's")
    parser.add_argument("--minilm", help="MiniLM's folder")
    return parsed(parser, what=["digits"], minutes=2.0, skip_plain=True)


def ran(job: Job, folder: Path, options: argparse.Namespace) -> list[Bar]:
    """The command, its figures and its bars."""
    store = folder.with_name(f"{folder.name}-store")
    words = [*job.words, "--minutes", str(options.minutes)]
    begun = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "tombola", "make", *words, "-o", str(folder), "--store", str(store)], check=True
    )
    minutes = (time.monotonic() - begun) / 60
    told: dict[str, Any] = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    winner, rival, high = told["winner"], told["rival"], told["difference"]["high"]
    if not options.skip_plain:
        beside(job, told, folder)
    bars = [
        Bar(f"{job.what}: minutes", minutes, options.minutes, at_most=True, form=".1f"),
        Bar("points above dense, held out, the interval's upper end", high, -job.margin),
        Bar("times as fast as what needs no pruning", rival["ms"] / winner["ms"], 1.0),
    ]
    bars += alone(job, folder)
    shipped = next((one for one in (folder / "native", folder / "onnx" / "net.onnx") if one.exists()), None)
    if shipped is None or not job.pictures:  # OpenVINO's files are run by OpenVINO alone
        return bars
    return [*bars, Bar("of it told alike", alike(folder, shipped, job), 0.96)]


def beside(job: Job, told: dict[str, Any], folder: Path) -> None:
    """Print what six commands give, after the front that `make` printed; one that fails is told of."""
    try:
        plain = six_commands(job, int(told["steps"]), folder.with_name(f"{folder.name}-plainly"))
    except subprocess.CalledProcessError as error:
        print(f"The six-command way ended at: {' '.join(map(str, error.cmd[2:]))}", flush=True)
        return
    print(*plain.lines(), sep="\n", flush=True)
    won = told["held_out"][0]
    print(f"make, in {told['minutes']:.1f} minutes: {won['entrant']} by {won['engine']}, {won['ms']:.3f} ms, ", end="")
    print(f"{won['bytes']:,} bytes, {won['accuracy']:.2f} % of {won['samples']:,} held-out samples", flush=True)


def alone(job: Job, folder: Path) -> list[Bar]:
    """Whether what is shipped tells new files as Tombola does, in an environment without it."""
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        found = alike_alone(job, folder, environment(place / "alone"), place)
    return [Bar(f"of {COUNT} new files alike: {name}", part, 0.995) for name, part in found.items()]


def alike(folder: Path, shipped: Path, job: Job) -> float:
    """The part of some pictures that the ticket and the files that are shipped tell alike."""
    nets = [tombola.load(str(one)) for one in (folder / "model.ticket", shipped)]
    with tempfile.TemporaryDirectory() as place:
        files = pictures(job, Path(place))
        told = [[net.predict(str(file)).label for file in files] for net in nets]
    return float(np.mean([one == other for one, other in zip(*told, strict=True)]))


def pictures(job: Job, place: Path) -> list[Path]:
    """Files of the folder named; of a task by name its test samples, written."""
    if job.of_files:
        good = (file for file in sorted(Path(job.examples).glob("*/*")) if file.suffix.lower() == ".jpg")
        return [file for file in good if file.stem != "broken"][:: 2 * SHOWN][:SHOWN]
    pixels = Task.parse(job.examples).splits().test.pixels_at(torch.arange(SHOWN))  # type: ignore[attr-defined]
    for number, one in enumerate(pixels):
        Image.fromarray(one.permute(1, 2, 0).numpy().squeeze()).save(place / f"{number}.png")
    return sorted(place.iterdir())


if __name__ == "__main__":
    sys.exit(main())
