"""Images per second of natural and PGD training, and the share of what the device's matrix products reach.

    python benchmarks/throughput.py --device cuda                     ResNet-18 with its own stem at 64x64, batch 256
    python benchmarks/throughput.py --quick                           ResNet-20 at 32x32, batch 128, 15 steps

Each training runs through `Fit` as a study's would, on images in memory, after a warm-up of its own. The bound is a
square matrix product of the same kind of number, timed on the same device in the same run: the share is the floating
point operations a training step needs (`tombola plan` counts them so) over what that product reaches in the same time.
"""

import argparse
import sys
import time
from pathlib import Path

import torch

from tombola.fitting.devices import device_of, resolved
from tombola.fitting.fit import Fit
from tombola.fitting.seeds import generator
from tombola.fitting.session import Session
from tombola.models.source import Source
from tombola.spec import build
from tombola.study.macs import forward_macs
from tombola.tasks._base import Task

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, it finds those beside it

from benchmarks.bars import Bar, closing, parsed

SIDE = 4096
LEAST = 0.2
PGD = {"name": "pgd", "eps": 4 / 255, "steps": 3, "step": 8 / 765}
OBJECTIVES = {"natural": "natural", "PGD-3": {"name": "adversarial", "attack": PGD}}


def main() -> int:
    """Print a line an objective; 1 where one reaches too little of the bound."""
    options = arguments()
    torch.set_num_threads(options.threads)
    device = device_of(options.device)
    kind = resolved("auto")
    bound = product(device, torch.bfloat16 if kind == "bfloat16" else torch.float32)
    print(f"{device_name(device)}, torch {torch.__version__}, {kind} products: {bound / 1e12:.2f} TFLOP/s")
    task = Task.parse({"name": "glyphs", "size": options.size, "num_train": options.batch * 4, "augment_with": "shift"})
    classes = len(task.splits().classes)
    per_image = 2 * forward_macs(Source.parse(options.net).bare, options.size, classes)
    shares = {}
    for name, objective in OBJECTIVES.items():
        rate = images_per_second(options, task, objective)
        passes = build(Fit, {"objective": objective}).objective.passes(classes) or 0.0
        share = shares[name] = rate * passes * per_image / bound
        print(f"{name:8} {rate:9.0f} images/s   {100 * share:5.1f} % of the matrix bound", flush=True)
    return closing(*(Bar(f"{name}, of the bound", share, LEAST) for name, share in shares.items()))


def arguments() -> argparse.Namespace:
    """What is measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--net", default="torchvision:resnet18")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    return parsed(parser, net="resnet20", size=32, batch=128, steps=15)


def images_per_second(options: argparse.Namespace, task: Task, objective: object) -> float:
    """Of a training of ``--steps``; what a training of one step takes, data and start included, is taken off."""
    model = Source.parse(options.net).load(seed=0)
    model = task.head(model, generator=generator(0, "head"))

    def seconds(steps: int) -> float:
        fit = build(Fit, {"objective": objective, "epochs": f"{steps}it", "batch": options.batch, "precision": "auto"})
        start = time.perf_counter()
        fit.run(model, task, seed=0, session=Session(device=options.device))
        return time.perf_counter() - start

    seconds(1)
    short, whole = seconds(1), seconds(1 + options.steps)
    return float(options.steps * options.batch / (whole - short))


def product(device: torch.device, kind: torch.dtype) -> float:
    """Floating point operations a second of a large matrix product, the best of five."""
    side = SIDE if device.type == "cuda" else SIDE // 4
    left, right = (torch.randn(side, side, device=device).to(kind) for _ in range(2))
    best = float("inf")
    for _ in range(6):
        settle(device)
        start = time.perf_counter()
        left @ right
        settle(device)
        best = min(best, time.perf_counter() - start)
    return 2 * side**3 / best


def settle(device: torch.device) -> None:
    """Wait for what was asked of the device."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def device_name(device: torch.device) -> str:
    """The GPU's name, or that it is a CPU with so many threads."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"CPU, {torch.get_num_threads()} threads"


if __name__ == "__main__":
    sys.exit(main())
