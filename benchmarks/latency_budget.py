"""Pruning to a latency: what was predicted, what was measured, and which sparsity it took.

Beside `tombola draw MODEL --set latency=F` stand the uniform and the global budget (all by magnitude), drawn at the
sparsity at which they are as fast, so what differs is where the zeros are. Every latency is measured in turns with the
dense net, exported natively as well. Of a ticket it says the part of the weights that is pruned, what the layer that
keeps least keeps, and with --task the accuracy of the pruned net as it is, not finetuned.

    python benchmarks/latency_budget.py [--model torchvision:resnet18] [--image 224] [--part 0.5 0.25]
        [--pattern element stripe:4] [--threads 1] [--task NAME --samples 2000] [--out results/latency-budget.md]
        [--quick]

The bar: every ticket drawn to a latency is measured within 5 % of it.
"""

import argparse
import platform
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import yaml
from torch import Tensor

from tombola import verbs
from tombola.benching.machine import processor
from tombola.data._loading import batches
from tombola.exporters._masked import masked
from tombola.fitting.session import Session, Silent
from tombola.masks.budgets._base import Budget
from tombola.masks.drawing import draw_masks, groupings
from tombola.masks.masks import Masks
from tombola.masks.patterns._base import Pattern
from tombola.models.image_size import image_size
from tombola.models.layers import layers_of
from tombola.models.network import Network
from tombola.models.prunable import prunable
from tombola.native.calibration import found
from tombola.schemes.latency.curve import Costs, Curve
from tombola.schemes.latency.latency import Latency
from tombola.schemes.latency.native_time import NativeTime
from tombola.tasks._base import Task

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, it finds those beside it

from benchmarks.bars import Bar, closing, parsed

TOLERANCE = 0.05
TRIES = 3
HEAD = (
    "| pattern | asked | drawn by | predicted, ms | measured, ms | of dense | off | tries | weights pruned |"
    " the sparsest layer keeps | accuracy, % |\n|---|---|---|---|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True)
class Row:
    """One ticket."""

    pattern: str
    part: float
    by: str
    predicted: float
    measured: float
    dense: float
    tries: int
    masks: Masks

    def text(self, accuracy: float | None) -> str:
        """A line of the table."""
        least = min(kept / total for kept, total in self.masks.counts().values())
        scored = "" if accuracy is None else f"{accuracy:.1f}"
        off = self.measured / (self.part * self.dense) - 1
        cells = [
            self.pattern,
            f"{self.part:.0%}",
            self.by,
            f"{1000 * self.predicted:.3g}",
            f"{1000 * self.measured:.3g}",
            f"{self.measured / self.dense:.1%}",
            f"{off:+.1%}",
            str(self.tries),
            f"{self.masks.sparsity:.2%}",
            f"{least:.2%}",
            scored,
        ]
        return f"| {' | '.join(cells)} |"


class Heard(Silent):
    """Shows what the scheme says of its tries."""

    def note(self, text: str) -> None:
        print(f"  {text}", file=sys.stderr, flush=True)


def by_latency(network: Network, args: argparse.Namespace, pattern: str, part: float) -> tuple[Row, Costs]:
    """The scheme's ticket; its first prediction and its last measurement, and the costs as it corrected them."""
    how = Latency(latency=part, pattern=pattern, image=args.image, threads=args.threads, tolerance=TOLERANCE)
    ticket = verbs.draw(network, how, session=Session(reporter=Heard()))
    known = ticket.lineage.extra["latency"]
    row = Row(
        pattern,
        part,
        "latency",
        known["tries"][0]["predicted_ms"] / 1000,
        known["measured_ms"] / 1000,
        known["dense_ms"] / 1000,
        len(known["tries"]),
        ticket.masks,
    )
    curves = zip(ticket.masks, known["costs"].values(), strict=True)
    return row, Costs({name: Curve.of([ms / 1000 for ms in item]) for name, item in curves}, known["rest"] / 1000)


def by_budget(
    native: NativeTime, network: Network, dense: float, costs: Costs, pattern: str, part: float, budget: str
) -> Row:
    """A budget's ticket at the sparsity that is as fast: by the costs first, then corrected by what is measured."""
    weights = prunable(network.body, Latency(latency=0.5).prunable)
    layers = layers_of(network.body, weights)
    kept = PARTS[budget](weights, pattern)
    target = aim = part * dense
    number = 0
    while True:
        number += 1
        sparsity = bisected(lambda share: costs.predicted(kept(share)), aim)
        predicted = costs.predicted(kept(sparsity))
        masks = draw_masks(
            weights, sparsity, pattern=Pattern.parse(pattern), budget=Budget.parse(budget), layers=layers
        )
        measured = native.pruned(masks).seconds
        if abs(measured / target - 1) <= TOLERANCE or number == TRIES:
            return Row(pattern, part, f"{budget}, as fast", predicted, measured, dense, number, masks)
        aim *= target / measured


def bisected(seconds: Callable[[float], float], target: float) -> float:
    """The sparsity at which a falling function is at the target."""
    low, high = 0.0, 1.0 - 1e-6
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if seconds(middle) > target else (low, middle)
    return high


def uniform_parts(weights: Mapping[str, Tensor], pattern: str) -> Callable[[float], dict[str, float]]:
    """Of each tensor the part that the uniform budget keeps at a sparsity."""
    del pattern
    return lambda sparsity: dict.fromkeys(weights, 1 - sparsity)


def global_parts(weights: Mapping[str, Tensor], pattern: str) -> Callable[[float], dict[str, float]]:
    """Of each tensor the part that the global budget keeps at a sparsity."""
    grouped = groupings(weights, Pattern.parse(pattern), {})
    scores = {
        name: np.sort(grouped[name].means(weight.detach().abs()).numpy().ravel()) for name, weight in weights.items()
    }
    ranked = np.sort(np.concatenate(list(scores.values())))

    def kept(sparsity: float) -> dict[str, float]:
        threshold = ranked[min(len(ranked) - 1, int(sparsity * len(ranked)))]
        return {name: 1 - np.searchsorted(item, threshold) / len(item) for name, item in scores.items()}

    return kept


PARTS = {"uniform": uniform_parts, "global": global_parts}


def one_shot(network: Network, masks: Masks, args: argparse.Namespace) -> float | None:
    """The pruned network's accuracy on the first test images of the task; None without a task."""
    if args.task is None:
        return None
    pruned = masked(network, masks)
    task, right, seen = Task.parse(args.task), 0.0, 0
    for shown in batches(task.splits().test, 200):
        images, targets = shown.x, shown.targets
        with torch.no_grad():
            right += float(task.scores(pruned(images), targets).sum())
        seen += len(targets)
        if seen >= args.samples:
            break
    return 100 * right / seen


def rows(network: Network, args: argparse.Namespace) -> Iterator[Row]:
    """Every row of the table, each as it is done."""
    with NativeTime(network, image_size(network, args.image), args.threads) as native:
        dense = native.dense().seconds
        for pattern in args.pattern:
            for part in args.part:
                row, costs = by_latency(network, args, pattern, part)
                yield row
                for budget in PARTS:
                    yield by_budget(native, network, dense, costs, pattern, part, budget)


def main() -> int:
    """Print the table, and keep it where that is asked for; 1 where a latency was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="torchvision:resnet18")
    parser.add_argument("--image", type=int, default=224)
    parser.add_argument("--part", type=float, nargs="+", default=[0.5, 0.25])
    parser.add_argument("--pattern", nargs="+", default=["element", "stripe:4"])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--task", help="for the accuracy of the pruned net, as for tombola measure --task")
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--out", type=Path)
    args = parsed(parser, image=96, part=[0.5], pattern=["stripe:4"])
    torch.set_num_threads(1)
    known = found(args.threads)
    fit = "not calibrated" if known is None else f"calibrated, median error {known.error:.1%} on layers held out"
    network = verbs.as_network(yaml.safe_load(args.model) if args.model.startswith("{") else args.model)
    what = (
        f"{args.model} at {args.image}x{args.image}, batch 1, {args.threads} thread(s); {processor()}, {fit};"
        f" Python {platform.python_version()}, torch {torch.__version__}"
    )
    lines = [what, "", HEAD]
    print("\n".join(lines), flush=True)
    if args.task is not None:
        print(f"dense: {one_shot(network, Masks({}), args):.1f} %", flush=True)
    off = []
    for row in rows(network, args):
        if row.by == "latency":
            off.append(abs(row.measured / (row.part * row.dense) - 1))
        lines.append(row.text(one_shot(network, row.masks, args)))
        print(lines[-1], flush=True)
    if args.out is not None:
        args.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return closing(Bar("off the latency asked for, at worst", max(off), TOLERANCE, at_most=True, form=".1%"))


if __name__ == "__main__":
    sys.exit(main())
