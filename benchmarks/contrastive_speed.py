"""Contrastive pretraining: pairs a second beside lightly's loop as its README shows it, and what the views cost.

    python benchmarks/contrastive_speed.py [--steps 12] [--rounds 3] [--batch 64] [--threads 2]
        [--precision float32] [--profile] [--quick]

SimCLR on a ResNet-18 with a projection to 128 numbers, pictures of 64 pixels out of ``tiny_imagenet``, SGD, views
changed alike, float32 or, with ``--precision bfloat16``, both ways under autocast. Two ways train it, turn by turn in
one process, and the medians are compared: this package, and lightly's `SimCLRTransform`, `LightlyDataset` and
`NTXentLoss` in the plain loop over a `DataLoader` that its README prints. Each is timed from its first batch to its
last step; lightly reads the pictures as files, as there. Then both views of a batch are made apart from anything,
beside the time of a whole step. ``--profile`` tells what convolutions take of our step, which the library gives both
ways alike. The bars: 1.5 times lightly's pairs a second, and views for at most 5 % of a step.

Lightly is installed for this script alone: ``pip install --no-deps --target FOLDER lightly aenum lightning-utilities``,
and PYTHONPATH names the FOLDER. The data are those that TOMBOLA_DATA names (default ../shared/data).
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import nn

from tombola.benching.machine import processor
from tombola.fitting.fit import Fit
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.models.source import Source
from tombola.spec import build
from tombola.tasks._base import Task

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a script, it finds those beside it

from benchmarks.bars import Bar, closing, parsed
from benchmarks.turns import medians

DATA: Final = Path(os.environ.get("TOMBOLA_DATA", "../shared/data")) / "tiny_imagenet"
SIDE, RATE, WIDE = 64, 0.06, 128
CONVOLUTIONS: Final = ("aten::mkldnn_convolution", "aten::convolution_backward")


def main() -> int:
    options = arguments()
    torch.set_num_threads(options.threads)
    task = Task.parse({"name": "contrastive", "data": {"name": f"pack:{DATA}", "num_train": 2000}, "outputs": WIDE})
    with tempfile.TemporaryDirectory() as scratch:
        folder = pictures(Path(scratch), options.batch * (options.steps + 2))
        how = f"{options.threads} threads, {options.precision}, {options.batch} pairs a step"
        print(f"{processor()}, {how}", flush=True)
        by = {
            "this package": lambda steps: ours(task, steps, options),
            "lightly, as its README": lambda steps: theirs(folder, steps, options),
        }
        mine, lightlys = medians(by, "pairs", steps=options.steps, rounds=options.rounds, warm=1)
    share = views_cost(task, options) / (options.batch / mine)
    if options.profile:
        convolutions, whole = shared(task, options)
        print(f"convolutions take {convolutions:.0f} ms of a step of ours of {whole:.0f} (torch's profiler)")
    print(f"two views of {options.batch} pictures: {100 * share:.1f} % of a step")
    return closing(
        Bar("times lightly's loop", mine / lightlys, 1.5),
        Bar("views, % of a step", 100 * share, 5.0, at_most=True, form=".1f"),
    )


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=12, help="a turn")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each way")
    parser.add_argument("--batch", type=int, default=64, help="pictures a step, two views each")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32", help="of both ways")
    parser.add_argument("--profile", action="store_true", help="tell what convolutions take of a step as well")
    return parsed(parser, steps=4, rounds=2)


def ours(task: Task, steps: int, options: argparse.Namespace) -> float:
    """Pairs a second of this package."""
    model = task.head(resnet18(), generator=torch.Generator().manual_seed(0))
    sgd = {"name": "sgd", "lr": RATE, "weight_decay": 1e-6, "momentum": 0.9}
    how = {"epochs": f"{steps}it", "batch": options.batch, "schedule": "constant", "precision": options.precision}
    fit = build(Fit, {**how, "optimizer": sgd})
    begun = time.perf_counter()
    fit.run(model, task, seed=0, session=Session())
    return float(options.batch * steps / (time.perf_counter() - begun))


def resnet18() -> Network:
    """With random weights."""
    return Source.parse("torchvision:resnet18").load(seed=0)


def theirs(folder: Path, steps: int, options: argparse.Namespace) -> float:
    """Pairs a second of the README's loop."""
    try:
        from lightly.data import LightlyDataset
        from lightly.loss import NTXentLoss
        from lightly.models.modules.heads import SimCLRProjectionHead
        from lightly.transforms import SimCLRTransform
    except ImportError as error:
        raise SystemExit(f"lightly is not here ({error}); {(__doc__ or '').partition('alone: ')[2]}") from None
    from torchvision.models import resnet18 as theirs_of

    backbone: Any = theirs_of()
    backbone.fc = nn.Identity()
    model = nn.Sequential(backbone, SimCLRProjectionHead(input_dim=512, hidden_dim=512, output_dim=WIDE))
    dataset = LightlyDataset(input_dir=str(folder), transform=SimCLRTransform(input_size=SIDE))
    loader: Any = torch.utils.data.DataLoader(dataset, batch_size=options.batch, shuffle=True)
    criterion = NTXentLoss(temperature=0.2)
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE, momentum=0.9, weight_decay=1e-6)
    begun = time.perf_counter()
    for _, ((view0, view1), _, _) in zip(range(steps), loader, strict=False):
        with torch.autocast("cpu", torch.bfloat16, enabled=options.precision == "bfloat16"):
            loss = criterion(model(view0), model(view1))
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        loss.item()
    return float(options.batch * steps / (time.perf_counter() - begun))


def shared(task: Task, options: argparse.Namespace) -> tuple[float, float]:
    """Milliseconds that torch's convolutions take of our step, and a whole step's, beside the profiler."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as found:
        rate = ours(task, options.steps, options)
    taken = sum(one.self_cpu_time_total for one in found.key_averages() if one.key in CONVOLUTIONS)
    return taken / 1e3 / options.steps, 1e3 * options.batch / rate


def views_cost(task: Task, options: argparse.Namespace) -> float:
    """Seconds that both views of a batch take, the median of a few."""
    batch = task.splits().train.take(torch.arange(options.batch)).to_float()
    taken = []
    for seed in range(2 + 4 * options.rounds):
        begun = time.perf_counter()
        task.views(batch, generator=torch.Generator().manual_seed(seed))
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken[2:])


def pictures(folder: Path, count: int) -> Path:
    """The first ``count`` of the pack as the files that they were."""
    pack = np.load(next(DATA.glob("*train*.npz")))
    data, offsets = pack["data"], pack["offsets"]
    for place in range(min(count, len(offsets) - 1)):
        (folder / f"{place}.jpg").write_bytes(data[offsets[place] : offsets[place + 1]].tobytes())
    return folder


if __name__ == "__main__":
    sys.exit(main())
