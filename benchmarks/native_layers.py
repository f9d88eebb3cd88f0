"""Single convolutions in generated C against the best dense engines, layer by layer of a ResNet-18.

    python benchmarks/native_layers.py                        every layer, element and stripe:4 at 80, 90 and 95 %
    python benchmarks/native_layers.py --layer 64@56 --seconds 1
    python benchmarks/native_layers.py --quick                stripes of 90 % in three layers: under 3 minutes, a bar

A layer that keeps its shape stands four times in a row, behind each other, so that what engines do to their input and
output is a small part; one that changes its shape stands alone, with all of that. Engines take turns of a fifth of a
second, each in a process of its own; runs that another process interrupted are repeated. Printed are the fastest run's
milliseconds a layer and how many times as fast as the best dense engine that is, in float32 and in int8 (static,
calibrated on random pixels). With ``--quick`` the last line tells how fast stripes are, and the exit code is 1 where
they are below the bar.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import torch
from torch import nn

from tombola.benching.numbers import times
from tombola.benching.turns import Plan, take_turns
from tombola.benching.worker import Worker
from tombola.engines._base import Engine, Setting, Subject
from tombola.masks.budgets._base import Budget
from tombola.masks.drawing import draw_masks
from tombola.masks.masks import Masks
from tombola.masks.patterns._base import Pattern
from tombola.models.inputs.pixels import Normalise
from tombola.models.network import Network
from tombola.shown import ShownImages

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, it finds those beside it

from benchmarks.bars import Bar, closing

LAYERS: Final = {
    "stem": (3, 64, 7, 2, 224),
    "64@56": (64, 64, 3, 1, 56),
    "64-128@56": (64, 128, 3, 2, 56),
    "64-128@56 1x1": (64, 128, 1, 2, 56),
    "128@28": (128, 128, 3, 1, 28),
    "128-256@28": (128, 256, 3, 2, 28),
    "256@14": (256, 256, 3, 1, 14),
    "256-512@14": (256, 512, 3, 2, 14),
    "512@7": (512, 512, 3, 1, 7),
}
"""Channels in and out, kernel, stride and the side of the input."""
DENSE: Final = ("openvino:int8", "onnxruntime:int8", "openvino", "onnxruntime", "torch:channels_last")
PATTERNS, SPARSITIES = ("element", "stripe:4"), (0.8, 0.9, 0.95)
CHAIN: Final = 4
QUICK: Final = ("64@56", "128@28", "256@14")
BAR: Final = 4.5
"""Stripes of 90 % in each layer of ``--quick``: times as fast as the best dense engine in float32."""


def main() -> int:
    """A line a layer; 1 where ``--quick`` finds one below the bar."""
    options = arguments()
    torch.set_num_threads(1)
    stripes: dict[str, float] = {}
    for name in options.layer:
        with tempfile.TemporaryDirectory(prefix="tombola-layers-") as folder, ExitStack() as stack:
            setting = Setting(ShownImages((LAYERS[name][0], LAYERS[name][4], LAYERS[name][4])), 1, options.threads)
            workers = dict(_workers(name, setting, Path(folder), stack, quick=options.quick))
            runs = take_turns(workers, Plan(seconds=options.seconds, again=True))
            repeats = len(_convs(network(name)))
            found = {label: 1e3 * times(each).best / repeats for label, each in runs.items()}
        best = {arithmetic: best_dense(found, arithmetic) for arithmetic in ("float32", "int8")}
        told = (f"{label} {ms:.3f} ({_times(best, ms)})" for label, ms in found.items())
        print(f"{name}: " + "   ".join(told), flush=True)
        if options.quick:
            stripes[name] = best["float32"] / found["stripe:4 90%"]
    told_as = "stripe:4 at 90 %, times the best dense float32 engine"
    return closing(*(Bar(f"{name}: {told_as}", times, BAR) for name, times in stripes.items())) if options.quick else 0


def best_dense(found: Mapping[str, float], arithmetic: str) -> float:
    """The least time of a dense engine; infinite where none of that arithmetic ran."""
    labels = {f"dense {name}": Engine.parse(name).arithmetic for name in DENSE}
    return min((ms for label, ms in found.items() if labels.get(label) == arithmetic), default=float("inf"))


def _times(best: Mapping[str, float], ms: float) -> str:
    return ", ".join(f"{least / ms:.2f}x {name}" for name, least in best.items() if least != float("inf"))


def arguments() -> argparse.Namespace:
    """What is measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layer", nargs="+", choices=list(LAYERS), default=list(LAYERS))
    parser.add_argument("--seconds", type=float, default=1.0, help="of runs that nobody interrupted, for each engine")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="stripes of 90 %% in three layers, and a bar")
    options = parser.parse_args()
    if options.quick:
        options.layer = list(QUICK)
    return options


def network(name: str) -> Network:
    """The layer as a net, or as a chain of them, with a small head."""
    inputs, outputs, kernel, stride, _ = LAYERS[name]
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    for _ in range(CHAIN if inputs == outputs and stride == 1 else 1):
        layers += [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2), nn.ReLU()]
    body = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(outputs, 10))
    return Network(body, Normalise((0.0,) * inputs, (1.0,) * inputs), source=name).eval()


def _convs(model: Network) -> dict[str, nn.Conv2d]:
    return {at: layer for at, layer in model.body.named_children() if isinstance(layer, nn.Conv2d)}


def _workers(
    name: str, setting: Setting, folder: Path, stack: ExitStack, *, quick: bool
) -> Iterator[tuple[str, Worker]]:
    model = network(name)
    dense = Subject(model, Masks({}), setting)
    asked = [(f"dense {engine}", engine, dense) for engine in DENSE if not Engine.parse(engine).missing()]
    asked.append(("native", "native", dense))
    for pattern, share in _drawn(name, quick=quick):
        asked.append((f"{pattern} {share:.0%}", "native", Subject(model, _masks(model, pattern, share), setting)))
    for number, (label, engine, subject) in enumerate(asked):
        own = folder / str(number)
        own.mkdir()
        Engine.parse(engine).prepare(subject, own)
        worker = stack.enter_context(Worker(Engine.parse(engine), own, setting))
        worker.load()
        worker.warm_up(3)
        yield label, worker


def _drawn(name: str, *, quick: bool) -> list[tuple[str, float]]:
    """Patterns and sparsities; none of the stem."""
    if quick:
        return [("stripe:4", 0.9)]
    return [(pattern, share) for pattern in PATTERNS for share in SPARSITIES if name != "stem"]


def _masks(model: Network, pattern: str, share: float) -> Masks:
    weights = {f"{at}.weight": layer.weight for at, layer in _convs(model).items()}
    return draw_masks(weights, share, pattern=Pattern.parse(pattern), budget=Budget.parse("uniform"))


if __name__ == "__main__":
    sys.exit(main())
