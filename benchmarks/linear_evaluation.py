"""Linear evaluation: our default (features once, convex solve) against the usual protocol, on real data, in one run.

    python benchmarks/linear_evaluation.py [--data cifar100|fashion_mnist|caltech101] [--epochs 150] [--quick]

The body is the published CIFAR-10 ResNet-20. The usual protocol trains the new head by SGD through the frozen net in
eval mode: rate 0.01, momentum 0.9, weight decay 5e-4, batch 64, tenfold down at a third and two thirds of 150 epochs,
random crop and flip. It runs in our own fast loop (the transfer ``linear_sgd``), so the ratio is a lower bound on what
a plain loop would show. Both see the same training images and are judged on the whole test set. Each side is timed from
the loaded data to the finished model. ``--epochs`` shortens the usual protocol; the ratio printed is always of what was
run. The bars: 20 times less time than 150 epochs take (4 times less than 30, which --quick runs), at most 0.3 points
less accuracy. TOMBOLA_DATA names the folder
of the data (default ../shared/data).
"""

import argparse
import os
import platform
import sys
import time
from pathlib import Path

import numpy as np
import scipy
import torch

from tombola.benching.machine import processor
from tombola.fitting.devices import device_of
from tombola.fitting.session import Session
from tombola.fitting.validate import headline
from tombola.masks.masks import Masks
from tombola.models.network import Network
from tombola.models.prunable import prunable
from tombola.models.source import Source
from tombola.tasks._base import Task
from tombola.transfers._base import Transfer

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, it finds those beside it

from benchmarks.bars import Bar, closing, parsed

DATA = Path(os.environ.get("TOMBOLA_DATA", "../shared/data"))
SETS = {"cifar100": "cifar100/cifar100", "fashion_mnist": "fashion_mnist/fashion_mnist", "caltech101": "caltech101"}


def main() -> int:
    options = arguments()
    torch.set_num_threads(options.threads)
    task = Task.parse({"name": f"pack:{DATA / SETS[options.data]}", "size": 32, "augment_with": "flip_shift"})
    model = network()
    usual = {"preset": "salman", "epochs": f"{options.epochs}ep"}
    transfers = {"default": "linear", "usual": {"name": "linear_sgd", "bn": "frozen", "fit": usual}}
    print_setting(task, options)
    found = {name: measured(Transfer.parse(value), model, task, options) for name, value in transfers.items()}
    (fast, ours), (slow, theirs) = found["default"], found["usual"]
    print(f"default: {fast:9.2f} s   {ours:6.2f} %   features once, convex solve")
    print(f"usual:   {slow:9.2f} s   {theirs:6.2f} %   {options.epochs} epochs of SGD through the frozen net")
    return closing(
        Bar("times less time", slow / fast, 20 * options.epochs / 150, form=".1f"),
        Bar("points more accuracy", ours - theirs, -0.3, form="+.2f"),
    )


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", choices=sorted(SETS), default="cifar100")
    parser.add_argument("--epochs", type=int, default=150, help="epochs of the usual protocol")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--seed", type=int, default=0)
    return parsed(parser, data="caltech101", epochs=30)


def network() -> Network:
    """The published ResNet-20, in front of it the normaliser it was trained with."""
    weights = DATA / "weights/cifar10_resnet20_natural.npz"
    return Source.parse({"name": f"path:{weights}", "arch": "resnet20", "normalise": "imagenet"}).load()


def measured(transfer: Transfer, model: Network, task: Task, options: argparse.Namespace) -> tuple[float, float]:
    """Seconds to adapt, and test accuracy in percent."""
    dense = Masks.full(prunable(model.body, "double_win"))
    start = time.perf_counter()
    adapted = transfer.adapt(model, dense, task, seed=options.seed, session=Session())
    seconds = time.perf_counter() - start
    score = headline(adapted, task.splits().test, task, device=device_of("cpu"), bfloat16=False)
    return seconds, 100 * score


def print_setting(task: Task, options: argparse.Namespace) -> None:
    splits = task.splits()
    sizes = f"{len(splits.train)} train, {len(splits.val)} validation, {len(splits.test)} test"
    print(f"{options.data} at 32x32: {sizes}, {len(splits.classes)} classes; seed {options.seed}")
    versions = f"torch {torch.__version__}, scipy {scipy.__version__}, numpy {np.__version__}"
    print(f"{versions}, Python {platform.python_version()}, {options.threads} threads, {processor()}")


if __name__ == "__main__":
    sys.exit(main())
