"""Priors learned without labels: whether SimCLR and MoCo taught a body more than its random weights know.

    python benchmarks/priors_without_labels.py [--net timm:resnet10t] [--epochs 4] [--size 32] [--store FOLDER]
                                               [--priors simclr,moco] [--precision float32] [--threads 1] [--seed 0]
                                               [--quick]

Each prior is trained on the pictures of ``tiny_imagenet`` and on none of their labels: `contrastive` under `natural` is
SimCLR, under `moco` it is MoCo v2; the same net, batch, rate and epochs. Then a linear probe tells CIFAR-10 (5,000
pictures to fit, 10,000 to judge) and Caltech-101 (1,818 and 1,010) apart on the frozen body, its batch norms
recalibrated, and the random body's is beside it; probes are in float32 whatever ``--precision`` the priors learn in.
The rule: a prior counts as pretrained where its probe is at least five points above the random body's, on both. Trained
bodies stay in ``--store`` and are not trained again; a training that was stopped goes on there. Needs the data that
TOMBOLA_DATA names (default ../shared/data).
"""

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any, Final

import torch

import tombola
from tombola.benching.machine import processor
from tombola.fitting.session import Session
from tombola.masks.masks import Masks
from tombola.models.files import save_network
from tombola.models.network import Network
from tombola.models.source import Source
from tombola.tasks._base import Task
from tombola.transfers.linear import Linear
from tombola.units import Steps

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a script, it finds those beside it

from benchmarks.bars import Bar, closing, parsed

DATA: Final = Path(os.environ.get("TOMBOLA_DATA", "../shared/data"))
PROBES: Final = {"cifar10": {"num_train": 5000}, "caltech101": {}}
OBJECTIVES: Final[dict[str, Any]] = {"simclr": "natural", "moco": {"name": "moco", "queue": 4096, "momentum": 0.99}}
BATCH, RATE, POINTS = 128, 0.06, 5.0


def main() -> int:
    options = arguments()
    torch.set_num_threads(options.threads)
    about = (
        f"{options.net} at {options.size} px, {options.images:,} pictures, {options.epochs:g} epochs of {BATCH} pairs"
    )
    print(f"{processor()}, {options.threads} threads, {options.precision}: {about}, seed {options.seed}", flush=True)
    chance = probed("random", Source.parse(options.net).load(seed=options.seed), options)
    bars = []
    for name in options.priors.split(","):
        found = probed(name, prior(name, options), options)
        bars += [Bar(f"{name} over random on {task}", found[task] - chance[task], POINTS) for task in PROBES]
    return closing(*bars)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--net", default="timm:resnet10t")
    parser.add_argument("--epochs", type=float, default=4)
    parser.add_argument("--images", type=int, default=18000, help="pictures to learn from")
    parser.add_argument("--size", type=int, default=32, help="pixels of a side, also of the probes' pictures")
    parser.add_argument("--priors", default="simclr,moco")
    parser.add_argument("--store", type=Path, default=Path("priors-store"))
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    return parsed(parser, net="resnet8", epochs=1, images=2560, store=Path("priors-quick"))


def prior(name: str, options: argparse.Namespace) -> Network:
    """The trained body, out of the store or into it."""
    net = options.net.replace(":", "-")
    length = f"{options.images}-{options.epochs:g}ep"
    folder = options.store / f"{name}-{net}-{options.size}px-{length}-{options.precision}-{options.seed}"
    kept = folder / "body.safetensors"
    if not kept.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        save_network(trained(name, folder, options), kept)
    return Source.parse(f"path:{kept}").load()


def trained(name: str, folder: Path, options: argparse.Namespace) -> Network:
    """The net after its training, whose pairs a second are told."""
    data = {"name": f"pack:{DATA / 'tiny_imagenet'}", "size": options.size, "num_train": options.images}
    task = Task.parse({"name": "contrastive", "data": data})
    steps = Steps(round(options.epochs * (options.images // BATCH)), "it")
    fit = {
        "objective": OBJECTIVES[name], "epochs": steps, "batch": BATCH, "drop_last": True, "schedule": "cosine",
        "warmup": Steps(steps.count // 20, "it"), "optimizer": {"name": "sgd", "lr": RATE, "weight_decay": 5e-4},
        "precision": options.precision,
    }  # fmt: skip
    begun, spent = time.perf_counter(), time.process_time()
    task.splits()
    network = tombola.pretrain(options.net, task, fit, seed=options.seed, session=Session(folder))
    passed, worked = time.perf_counter() - begun, time.process_time() - spent
    print(f"{name}: {steps.count * BATCH / passed:.1f} pairs/s, {worked / 60:.1f} minutes of a processor", flush=True)
    return network


def probed(name: str, body: Network, options: argparse.Namespace) -> dict[str, float]:
    """Linear accuracy on each set, in per cent; a line is printed."""
    found = {}
    for probe, how in PROBES.items():
        task = Task.parse({"name": f"pack:{DATA / probe}", "size": options.size, **how})
        fitted = Linear(bn="recalibrated").adapt(body, Masks({}), task, seed=options.seed, session=Session())
        (row,) = tombola.measure(fitted, task, "accuracy")
        found[probe] = float(row.value or 0)
    print(f"{name:8} " + "  ".join(f"{probe} {value:.2f} %" for probe, value in found.items()), flush=True)
    return found


if __name__ == "__main__":
    sys.exit(main())
