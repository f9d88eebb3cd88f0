"""`tombola make` from end to end: does it keep to its minutes, does its winner hold, and what does dense int8 give?

    python benchmarks/make.py [--what digits photographs textures reviews] [--minutes 12] [--out FOLDER]
        [--lite0 FILE] [--resnet18 FILE] [--minilm FOLDER] [--quick]

Each runs the command a user would type, in a process of its own, on examples as a user has them: photographs of 101
classes (Caltech-101 as a messy folder) with EfficientNet-Lite0, textures (ten classes of DTD) with a ResNet-18,
sentences (SST-2 as one CSV) with MiniLM. Data lie where TOMBOLA_DATA says; the nets are files that are named.
``digits`` needs neither: 1,797 built-in pictures and a net with random weights. Printed are the front, the advice and
the held-out figures that the command prints. The bars, of each: it ends within its minutes; its winner is on held-out
samples not more below the dense net than the margin asks, by the upper end of the interval of the difference; it costs
no more than the best that needs no pruning, dense int8 among it; and what it leaves tells 50 pictures as its ticket
does (of sentences that is not asked here).
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a script, it finds those beside it

from benchmarks.bars import Bar, closing, parsed

import tombola
from benchmarks import make_sets
from tombola.tasks._base import Task

SHOWN: Final = 50


@dataclass(frozen=True)
class Job:
    """A command but for its folders and minutes: examples, the net, the margin in points."""

    what: str
    words: Sequence[str]
    margin: float
    pictures: bool = True


def main() -> int:
    options = arguments()
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(options.out or scratch)
        bars = [bar for what in options.what for bar in ran(job_of(what, out, options), out / what, options)]
    return closing(*bars)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--what", nargs="+", default=["photographs", "textures", "reviews"])
    parser.add_argument("--minutes", type=float, default=12.0)
    parser.add_argument("--out", default="", help="where to leave what is made; empty: nowhere")
    parser.add_argument("--lite0", help="EfficientNet-Lite0's weights")
    parser.add_argument("--resnet18", help="a ResNet-18's")
    parser.add_argument("--minilm", help="MiniLM's folder")
    return parsed(parser, what=["digits"], minutes=2.5)


def job_of(what: str, out: Path, options: argparse.Namespace) -> Job:
    """Its examples are written first."""
    if what == "digits":
        return Job(what, ["digits", "--model", "resnet20"], 3.0)
    if what == "photographs":
        net = ["--model", f"path:{options.lite0}", "--set", "model.arch=timm:tf_efficientnet_lite0"]
        return Job(what, [str(make_sets.photographs(out / "photographs-set")), *net, "--set", "task.size=96"], 2.0)
    if what == "textures":
        net = ["--model", f"path:{options.resnet18}", "--set", "model.arch=torchvision:resnet18"]
        return Job(what, [str(make_sets.textures(out / "textures-set")), *net, "--set", "task.size=112"], 2.0)
    net = ["--model", f"hf:{options.minilm}", "--set", "model.pool=mean"]
    return Job(what, [str(make_sets.reviews(out / "reviews-set")), *net], 1.0, pictures=False)


def ran(job: Job, folder: Path, options: argparse.Namespace) -> list[Bar]:
    """The command, its figures and its bars."""
    store = folder.with_name(f"{folder.name}-store")
    words = [*job.words, "--max-drop", str(job.margin), "--minutes", str(options.minutes)]
    begun = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "tombola", "make", *words, "-o", str(folder), "--store", str(store)], check=True
    )
    minutes = (time.monotonic() - begun) / 60
    told: dict[str, Any] = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    winner, rival, high = told["winner"], told["rival"], told["difference"]["high"]
    bars = [
        Bar(f"{job.what}: minutes", minutes, options.minutes, at_most=True, form=".1f"),
        Bar("points above dense, held out, the interval's upper end", high, -job.margin),
        Bar("times as fast as what needs no pruning", rival["ms"] / winner["ms"], 1.0),
    ]
    shipped = next((one for one in (folder / "native", folder / "onnx" / "net.onnx") if one.exists()), None)
    if shipped is None or not job.pictures:  # OpenVINO's files are run by OpenVINO alone
        return bars
    return [*bars, Bar("of it told alike", alike(folder, shipped, job), 0.96)]


def alike(folder: Path, shipped: Path, job: Job) -> float:
    """The part of some pictures that the ticket and the files that are shipped tell alike."""
    nets = [tombola.load(str(one)) for one in (folder / "model.ticket", shipped)]
    with tempfile.TemporaryDirectory() as place:
        files = pictures(job, Path(place))
        told = [[net.predict(str(file)).label for file in files] for net in nets]
    return float(np.mean([one == other for one, other in zip(*told, strict=True)]))


def pictures(job: Job, place: Path) -> list[Path]:
    """Files of the folder named; of a task by name its test samples, written."""
    if Path(job.words[0]).is_dir():
        good = (file for file in sorted(Path(job.words[0]).glob("*/*")) if file.suffix.lower() == ".jpg")
        return [file for file in good if file.stem != "broken"][:: 2 * SHOWN][:SHOWN]
    pixels = Task.parse(job.words[0]).splits().test.pixels_at(torch.arange(SHOWN))  # type: ignore[attr-defined]
    for number, one in enumerate(pixels):
        Image.fromarray(one.permute(1, 2, 0).numpy().squeeze()).save(place / f"{number}.png")
    return sorted(place.iterdir())


if __name__ == "__main__":
    sys.exit(main())
