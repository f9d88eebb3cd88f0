"""Single convolutions in generated C against the best dense engine, layer by layer of a ResNet-18.

    python benchmarks/native_layers.py                        every layer, element and stripe:4 at 80, 90 and 95 %
    python benchmarks/native_layers.py --layer 64@56 --seconds 1

A layer that keeps its shape stands four times in a row, behind each other, so that what engines do to their input and
output is a small part; one that changes its shape stands alone, with all of that. Engines take turns of a fifth of a
second, each in a process of its own; runs that another process interrupted are repeated. Printed are the fastest run's
milliseconds a layer and how many times as fast as the best dense engine that is.
"""

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import torch
from torch import nn

from tombola.benching.numbers import times
from tombola.benching.turns import Plan, take_turns
from tombola.benching.worker import Worker
from tombola.engines._base import Engine, Setting
from tombola.masks.budgets._base import Budget
from tombola.masks.drawing import draw_masks
from tombola.masks.masks import Masks
from tombola.masks.patterns._base import Pattern
from tombola.models.network import Network, Normalise

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
DENSE: Final = ("onnxruntime", "openvino", "torch:channels_last")
PATTERNS, SPARSITIES = ("element", "stripe:4"), (0.8, 0.9, 0.95)
CHAIN: Final = 4


def main() -> None:
    """A line a layer."""
    options = arguments()
    torch.set_num_threads(1)
    for name in options.layer:
        with tempfile.TemporaryDirectory(prefix="tombola-layers-") as folder, ExitStack() as stack:
            setting = Setting((LAYERS[name][0], LAYERS[name][4], LAYERS[name][4]), 1, options.threads)
            workers = dict(_workers(name, setting, Path(folder), stack))
            runs = take_turns(workers, Plan(seconds=options.seconds, again=True))
            repeats = len(_convs(network(name)))
            found = {label: 1e3 * times(each).best / repeats for label, each in runs.items()}
        best = min(found[label] for label in found if label.startswith("dense "))
        print(
            f"{name}: " + "   ".join(f"{label} {ms:.3f} ({best / ms:.2f}x)" for label, ms in found.items()), flush=True
        )


def arguments() -> argparse.Namespace:
    """What is measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layer", nargs="+", choices=list(LAYERS), default=list(LAYERS))
    parser.add_argument("--seconds", type=float, default=1.0, help="of runs that nobody interrupted, for each engine")
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


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


def _workers(name: str, setting: Setting, folder: Path, stack: ExitStack) -> Iterator[tuple[str, Worker]]:
    model = network(name)
    weights = {f"{at}.weight": layer.weight for at, layer in _convs(model).items()}
    asked = [(f"dense {engine}", engine, Masks({})) for engine in DENSE if not Engine.parse(engine).missing()]
    asked.append(("native", "native", Masks({})))
    for text in PATTERNS if name != "stem" else ():
        pattern, budget = Pattern.parse(text), Budget.parse("uniform")
        for part in SPARSITIES:
            masks = draw_masks(weights, part, pattern=pattern, budget=budget)
            asked.append((f"{text} {part:.0%}", "native", masks))
    for number, (label, engine, masks) in enumerate(asked):
        own = folder / str(number)
        own.mkdir()
        Engine.parse(engine).prepare(model, masks, setting, own)
        worker = stack.enter_context(Worker(Engine.parse(engine), own, setting))
        worker.load()
        worker.warm_up(3)
        yield label, worker


if __name__ == "__main__":
    main()
