"""Drawing the OMP masks of a ResNet-50 at 90 %: ours against ``torch.nn.utils.prune.global_unstructured``.

    python benchmarks/draw.py [--runs 7] [--seed 0] [--quick]

Both start from the same seeded weights and end with a boolean mask for every convolution; the runs alternate in one
process. Prints both medians, their ratio, and whether the masks are identical. torch's call leaves its masks applied to
the modules; so what applying ours takes is printed as well, and the ratio with it. The bar: 15 times as fast, and masks
that differ in ties at most.
"""

import argparse
import copy
import platform
import statistics
import sys
import time
from pathlib import Path

import torch
import torchvision
from torch import nn
from torch.nn.utils import prune

from tombola.benching.machine import processor
from tombola.masks.budgets._base import Budget
from tombola.masks.drawing import draw_masks
from tombola.masks.enforce import apply_masks
from tombola.masks.masks import Masks
from tombola.masks.patterns._base import Pattern
from tombola.models.prunable import prunable

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, it finds those beside it

from benchmarks.bars import Bar, closing, parsed

SPARSITY = 0.9
GOAL = 15.0


def main() -> int:
    runs, threads, seed = arguments()
    torch.set_num_threads(threads)
    torch.manual_seed(seed)  # torchvision initialises from the global generator
    body = torchvision.models.resnet50(weights=None)
    times: dict[str, list[float]] = {"ours": [], "ours, applying": [], "torch": []}
    for _ in range(runs):
        ours, seconds = timed_ours(body)
        times["ours"].append(seconds)
        times["ours, applying"].append(timed_apply(copy.deepcopy(body), ours))
        theirs, seconds = timed_torch(copy.deepcopy(body))
        times["torch"].append(seconds)
    return report(body, times, ours, theirs, seed)


def arguments() -> tuple[int, int, int]:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--seed", type=int, default=0)
    found = parsed(parser, runs=3)
    return found.runs, found.threads, found.seed


def timed_ours(body: nn.Module) -> tuple[Masks, float]:
    start = time.perf_counter()
    masks = draw_masks(prunable(body), SPARSITY, pattern=Pattern.parse("element"), budget=Budget.parse("global"))
    return masks, time.perf_counter() - start


def timed_apply(body: nn.Module, masks: Masks) -> float:
    start = time.perf_counter()
    apply_masks(body, masks)
    return time.perf_counter() - start


def timed_torch(body: nn.Module) -> tuple[Masks, float]:
    """Times the call alone; reading the float masks it leaves on the modules is not counted."""
    convolutions = {name: module for name, module in body.named_modules() if isinstance(module, nn.Conv2d)}
    targets = [(module, "weight") for module in convolutions.values()]
    start = time.perf_counter()
    prune.global_unstructured(targets, pruning_method=prune.L1Unstructured, amount=SPARSITY)
    seconds = time.perf_counter() - start
    return Masks.of(
        {f"{name}.weight": module.get_buffer("weight_mask") for name, module in convolutions.items()}
    ), seconds


def report(body: nn.Module, times: dict[str, list[float]], ours: Masks, theirs: Masks, seed: int) -> int:
    runs = len(times["ours"])
    print(f"torchvision:resnet50, random weights of seed {seed}, sparsity {SPARSITY}, {runs} alternating runs")
    print(f"pruned: ours {ours.total - ours.kept:,}, torch {theirs.total - theirs.kept:,} of {ours.total:,}")
    medians = {name: statistics.median(seconds) * 1e3 for name, seconds in times.items()}
    for name, seconds in times.items():
        spread = f"fastest {min(seconds) * 1e3:.1f}, slowest {max(seconds) * 1e3:.1f}"
        print(f"{name:17} median {medians[name]:8.1f} ms   ({spread})")
    print(f"ratio with masks applied too: {ratio_applied(medians):.1f}x")
    found = comparison(body, ours, theirs)
    print(f"identical masks: {found}")
    print(
        f"torch {torch.__version__}, torchvision {torchvision.__version__}, Python {platform.python_version()},"
        f" {processor()}, {torch.get_num_threads()} threads, seed {seed}"
    )
    ratio = medians["torch"] / medians["ours"]
    return closing(
        Bar("times as fast", ratio, GOAL, form=".1f"), Bar("masks torch's or tied", not found.startswith("NO"), 1)
    )


def ratio_applied(medians: dict[str, float]) -> float:
    return medians["torch"] / (medians["ours"] + medians["ours, applying"])


def comparison(body: nn.Module, ours: Masks, theirs: Masks) -> str:
    """``yes``, or how many entries differ and whether all of them have exactly the magnitude at the threshold."""
    if ours == theirs:
        return "yes"
    weights = prunable(body)
    differing = torch.cat([weights[name].detach().abs()[ours[name] != theirs[name]] for name in ours])
    lowest, highest = float(differing.min()), float(differing.max())
    if lowest != highest:
        return f"NO, {len(differing)} entries differ, of magnitudes {lowest} to {highest}"
    equal = sum(int((weights[name].detach().abs() == lowest).sum()) for name in ours)
    return (
        f"but for ties: {len(differing)} entries differ, all among the {equal} of exactly the threshold's magnitude"
        f" {lowest:.9g}, where ours prunes the lower index first and torch.topk leaves the order open"
    )


if __name__ == "__main__":
    sys.exit(main())
