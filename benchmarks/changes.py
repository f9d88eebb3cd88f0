"""What changes of a training cost: a step between edits, an edit, and the peak of memory, against plain masked steps.

    python benchmarks/changes.py [--net resnet18] [--threads 1] [--steps 24] [--only KIND ...] [--quick]

Every training is `Fit`'s own, of the same net from the same ticket (90 %, uniform, by magnitude) on the same made-up
images; two clocks among its changes tell what the change between them takes before a step and in it, once gradients are
there, and what the step takes beside that. The plain training and those with a change alternate, round by round. An
edit is timed from where the change is asked until its masks are in force. Memory is the highest resident size of a
process of its own, above what it held before the training began. The bars: a step at most 1.1 plain ones, an edit at
most one plain step, memory at most 1.3 times.
``--busy`` counts the process's own time on the processor instead of the clock's: for a machine that others use too.

``resnet18`` is torchvision's with the stem usual at 32x32 (a 3x3 convolution, no pooling); ``small`` is our ResNet-20.
"""

import argparse
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tombola.benching.machine import processor
from tombola.data._base import InMemory, Splits
from tombola.fitting.changes._base import Change, Changing, Edit, Given
from tombola.fitting.fit import Fit
from tombola.fitting.session import Session
from tombola.masks.budgets._base import Budget
from tombola.masks.drawing import draw_masks
from tombola.masks.masks import Masks
from tombola.masks.patterns._base import Pattern
from tombola.models.network import Network
from tombola.models.prunable import prunable
from tombola.models.source import Source
from tombola.objectives._base import Progress
from tombola.spec import build
from tombola.tasks._base import Task

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, it finds those beside it

from benchmarks.bars import Bar, closing, parsed

CLASSES: Final = 10
STEP, EDIT, MEMORY = 1.1, 1.0, 1.3
KINDS: Final[dict[str, dict[str, Any] | None]] = {
    "plain": None,
    "prune": {"name": "prune", "sparsity": 0.95, "every": "4it", "end": 1.0, "budget": "uniform"},
    "regrow by the step": {"name": "regrow", "every": "4it", "end": 1.0},
    "regrow at random": {"name": "regrow", "every": "4it", "end": 1.0, "grow": "random"},
    "revive": {"name": "revive", "sparsity": 0.95, "every": "4it", "end": 1.0},
    "average": {"name": "average"},
    "soft activations": {"name": "soft_activations", "end": 0.7},
    "ghost skips": {"name": "ghost_skips", "end": 0.7},
    "ghost skips, free": {"name": "ghost_skips", "kind": "free", "end": 0.7},
}


@dataclass
class Times:
    """Of one training: what the change took where it did something, and what steps took."""

    edits: list[float] = field(default_factory=list)
    steps: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Told:
    """When a clock was asked, and what the training had then: another network or other masks are an edit."""

    at: float
    network: int
    masks: int


class Clock(Change):
    """Tells when it is asked, and when a step is done."""

    TOLD: ClassVar[list[Told]] = []
    NOW: ClassVar[Callable[[], float]] = staticmethod(time.perf_counter)

    what: str

    def begin(self, given: Given) -> Changing:
        return Ticking(self.what)


class Late(Clock):
    """The one behind the change: of two of one name a training is refused."""


Clock.name, Late.name = "clock", "late-clock"


class Ticking(Changing):
    def __init__(self, what: str) -> None:
        self.what = what

    def at(self, given: Given, progress: Progress) -> Edit | None:
        Clock.TOLD.append(Told(Clock.NOW(), id(given.network), id(given.masks)))
        return None

    def after_backward(self, given: Given, progress: Progress) -> Edit | None:
        return self.at(given, progress)

    def after_step(self, step: int) -> None:
        if self.what == "after":
            Clock.TOLD.append(Told(Clock.NOW(), 0, 0))


class Images(Task):
    """Made-up images of ten classes."""

    count: int

    def splits(self) -> Splits:
        drawn = torch.Generator().manual_seed(0)
        pixels = torch.randint(0, 256, (self.count, 3, 32, 32), generator=drawn, dtype=torch.uint8)
        one = InMemory(pixels, torch.arange(self.count) % CLASSES, tuple(map(str, range(CLASSES))))
        return Splits(one, one, one)

    def head(self, model: Network, *, generator: torch.Generator) -> Network:
        return model.with_head(CLASSES, generator=generator)

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return F.cross_entropy(outputs, targets, reduction="none")


Images.name = "images"


def main() -> int:
    options = arguments()
    torch.set_num_threads(options.threads)
    if options.busy:
        Clock.NOW = staticmethod(time.process_time)
    if options.of:
        print(peak(options))
        return 0
    times = {kind: Times() for kind in ("plain", *options.only)}
    for number in range(options.rounds + 1):
        for kind, found in times.items():
            one = timed(options, kind)
            if number:  # the first round warms up
                found.edits += one.edits
                found.steps += one.steps
    steps, edits = spent(options, times)
    return report(steps, edits, peaks(options))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--net", choices=["resnet18", "small"], default="resnet18")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--steps", type=int, default=24, help="steps of a training")
    parser.add_argument("--rounds", type=int, default=3, help="trainings of each, after one that does not count")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--busy", action="store_true", help="count processor time; with --threads 1")
    others = [kind for kind in KINDS if kind != "plain"]
    parser.add_argument("--only", nargs="+", choices=others, default=others, help="these kinds beside the plain one")
    parser.add_argument("--of", choices=list(KINDS), help="print the peak of memory of this one's training, and end")
    return parsed(parser, net="small", steps=6, rounds=1)


def a_model(name: str) -> Network:
    if name == "small":
        return Source.parse("resnet20").load(num_classes=CLASSES, seed=0)
    network = Source.parse("torchvision:resnet18").load(num_classes=CLASSES, seed=0)
    network.body.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
    network.body.maxpool = nn.Identity()
    return network


def ticket(model: Network) -> Masks:
    weights = dict(prunable(model.body))
    return draw_masks(weights, 0.9, pattern=Pattern.parse("element"), budget=Budget.parse("uniform"))


def trained(options: argparse.Namespace, kind: str, clocks: tuple[Change, ...]) -> None:
    """One training; the clocks stand around its change."""
    asked = KINDS[kind]
    between = () if asked is None else (Change.parse(asked),)
    fit = build(
        Fit,
        {
            "epochs": f"{options.steps}it",
            "batch": options.batch,
            "precision": "float32",
            "changes": [*clocks[:1], *between, *clocks[1:]],
        },
    )
    model = a_model(options.net)
    fit.run(model, Images(count=4 * options.batch), masks=ticket(model), seed=0, session=Session())


def timed(options: argparse.Namespace, kind: str) -> Times:
    Clock.TOLD.clear()
    trained(options, kind, (Clock(what="before"), Late(what="after")))
    found, told = Times(), Clock.TOLD
    for place in range(5, len(told), 5):  # the first step allocates
        *asked, done = told[place : place + 5]
        before, between = asked[:2], asked[2:]
        found.steps.append(done.at - before[1].at - _passed(between))
        found.edits += [_passed(pair) for pair in (before, between) if _changed(pair)]
    return found


def _passed(pair: list[Told]) -> float:
    return pair[1].at - pair[0].at


def _changed(pair: list[Told]) -> bool:
    return (pair[0].network, pair[0].masks) != (pair[1].network, pair[1].masks)


def memory(options: argparse.Namespace, kind: str) -> float:
    """The peak of a training in a process of its own, in bytes above what it began with."""
    given = ["--net", options.net, "--batch", str(options.batch), "--steps", "5", "--threads", str(options.threads)]
    command = [sys.executable, __file__, *given, "--of", kind]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1])


def peak(options: argparse.Namespace) -> int:
    """What a training takes at most, in bytes above what is there before it begins."""
    a_model(options.net)
    Path("/proc/self/clear_refs").write_text("5")  # from here on the kernel's peak is the training's
    before = resident("VmRSS")
    trained(options, options.of, ())
    return resident("VmHWM") - before


def resident(what: str) -> int:
    """Bytes of this process in memory, now (VmRSS) or at most (VmHWM)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(what)).split()[1])


def spent(options: argparse.Namespace, times: dict[str, Times]) -> tuple[list[float], list[float]]:
    """Steps and edits of each kind, in plain steps; told as they are."""
    plain = statistics.median(times["plain"].steps)
    print(
        f"{options.net} at 32x32, batch {options.batch}, 90 % pruned, {options.rounds} x {options.steps} steps of each"
    )
    for kind, found in times.items():
        step = statistics.median(found.steps)
        edit = statistics.median(found.edits) if found.edits else 0.0
        told = f", edit {1e3 * edit:7.1f} ms ({edit / plain:.2f} steps)" if found.edits else ""
        print(f"{kind:19} step {1e3 * step:7.1f} ms ({step / plain:.2f}x){told}", flush=True)
    steps = [statistics.median(found.steps) / plain for found in times.values()]
    return steps, [statistics.median(found.edits) / plain for found in times.values() if found.edits]


def peaks(options: argparse.Namespace) -> list[float]:
    """The peak of each kind, in plain ones; told as they are."""
    found: dict[str, float] = {}
    for kind in ("plain", *options.only):
        found[kind] = memory(options, kind)
        print(f"{kind:19} peak {found[kind] / 1e6:.0f} MB ({found[kind] / found['plain']:.2f}x)", flush=True)
    return [value / found["plain"] for value in found.values()]


def report(steps: list[float], edits: list[float], most: list[float]) -> int:
    print(f"torch {torch.__version__}, Python {platform.python_version()}, {processor()}")
    return closing(
        Bar("the slowest step, in plain steps", max(steps), STEP, at_most=True),
        Bar("the slowest edit, in plain steps", max(edits), EDIT, at_most=True),
        Bar("the highest peak of memory, in plain ones", max(most), MEMORY, at_most=True),
    )


if __name__ == "__main__":
    sys.exit(main())
