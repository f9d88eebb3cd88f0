"""One step of learning a mask (LMP), against a dense training step and against LMP that sorts: steps alternate.

    python benchmarks/lmp_step.py [--net resnet18] [--threads 1] [--pattern element] [--budget uniform] [--quick]

All three train the same network on the same batch with the same optimizer, channels last, as `Fit` does. Dense trains
every weight. Ours trains the scores of all convolutions and the head over frozen weights: exactly so many groups kept,
masks found once a step without sorting. The sorting one is edge-popup as its code does it: every forward sorts each
layer's scores, and the mask is made of the sorted positions. Prints medians, ratios and what share of each step the
masks take. The bar: LMP at most 1.3 times dense.

``resnet18`` is torchvision's with the stem usual at 32x32 (a 3x3 convolution, no pooling); ``resnet18-224`` keeps the
stem for 224x224, so a step computes 15 times less for the same 11 million scores; ``small`` is our ResNet-20.
"""

import argparse
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torchvision
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from tombola.benching.machine import processor
from tombola.fitting.masked_layers import learning, masked_layers
from tombola.masks.budgets._base import Budget
from tombola.masks.drawing import groupings
from tombola.masks.learning.following import Following
from tombola.masks.patterns._base import Pattern
from tombola.models.layers import layers_of
from tombola.models.network import Network
from tombola.models.prunable import prunable
from tombola.models.source import Source

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, it finds those beside it

from benchmarks.bars import Bar, closing, parsed

CLASSES = 10
GOAL = 1.3
Step = Callable[[], float]
"""Does a step and returns the seconds that the masks took of it, 0 where that is not told."""


def main() -> int:
    options = arguments()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)  # torchvision initialises from the global generator
    model = a_model(options.net)
    x = torch.rand(options.batch, 3, 32, 32).to(memory_format=torch.channels_last)
    y = torch.randint(CLASSES, (options.batch,))
    steps = {
        "dense": dense(model, x, y),
        "LMP": learned(model, x, y, options),
        "LMP, sorting": sorting(model, x, y, options.sparsity),
    }
    if options.pattern != "element" or options.budget != "uniform":
        del steps["LMP, sorting"]  # which is defined for single weights and a count a layer
    seconds, of_masks = timed(steps, options.steps)
    return report(model, options, seconds, of_masks)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--net", choices=["resnet18", "resnet18-224", "small"], default="resnet18")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--steps", type=int, default=9, help="timed steps of each, after three that are not")
    parser.add_argument("--sparsity", type=float, default=0.9)
    parser.add_argument("--pattern", default="element")
    parser.add_argument("--budget", default="uniform")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--seed", type=int, default=0)
    return parsed(parser, steps=3)


def a_model(name: str) -> Network:
    if name == "small":
        return Source.parse("resnet20").load(num_classes=CLASSES, seed=0)
    body = torchvision.models.resnet18(num_classes=CLASSES)
    if name == "resnet18":
        body.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
        body.maxpool = nn.Identity()
    return Network(body, source=name)


def dense(model: Network, x: Tensor, y: Tensor) -> Step:
    network = laid_out(model.copy())
    optimizer = sgd(network)

    def step() -> float:
        trained(network, optimizer, x, y)
        return 0.0

    return step


def learned(model: Network, x: Tensor, y: Tensor, options: argparse.Namespace) -> Step:
    weights = prunable(model.body)
    layers, kind = layers_of(model.body, weights), Pattern.parse(options.pattern)
    groups = groupings(weights, kind, layers)
    scores = {name: groups[name].means(weight.detach().abs()) for name, weight in weights.items()}
    budget = Budget.parse(options.budget)
    following = Following(scores, options.sparsity, pattern=kind, budget=budget, groupings=groups, layers=layers)
    network = laid_out(learning(model, scores, following, groups, train_head=True))
    optimizer = sgd(network)

    def step() -> float:
        trained(network, optimizer, x, y)
        start = time.perf_counter()
        masked_layers(network).enforce()
        return time.perf_counter() - start

    return step


class Sorted(torch.autograd.Function):
    """Edge-popup's mask: sort, and write zeros and ones to the sorted positions; the gradient goes straight through."""

    @staticmethod
    def forward(ctx: Any, score: Tensor, sparsity: float) -> Tensor:
        del ctx
        order = score.flatten().argsort()
        mask = torch.empty_like(score).flatten()
        pruned = round(sparsity * score.numel())
        mask[order[:pruned]] = 0
        mask[order[pruned:]] = 1
        return mask.view(score.shape)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        del ctx
        return gradient, None


def sorting(model: Network, x: Tensor, y: Tensor, sparsity: float) -> Step:
    network = laid_out(model.copy())
    weights = prunable(network.body)
    network.requires_grad_(requires_grad=False)
    network.head.requires_grad_(requires_grad=True)
    scores = {name: weight.detach().abs().requires_grad_() for name, weight in weights.items()}
    optimizer = torch.optim.SGD([*scores.values(), *network.head.parameters()], lr=0.1, momentum=0.9, fused=True)
    spent = 0.0

    def forward() -> Tensor:
        nonlocal spent
        start = time.perf_counter()
        masked = {f"body.{name}": weights[name] * Sorted.apply(score, sparsity) for name, score in scores.items()}
        spent = time.perf_counter() - start
        outputs: Tensor = functional_call(network, masked, (x,))
        return outputs

    def step() -> float:
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(forward(), y).backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        optimizer.step()
        return spent

    return step


def laid_out(network: Any) -> Any:
    return network.to(memory_format=torch.channels_last).train()


def sgd(network: nn.Module) -> torch.optim.Optimizer:
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    return torch.optim.SGD(trained, lr=0.1, momentum=0.9, fused=True)


def trained(network: nn.Module, optimizer: torch.optim.Optimizer, x: Tensor, y: Tensor) -> None:
    optimizer.zero_grad(set_to_none=True)
    F.cross_entropy(network(x), y).backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    optimizer.step()


def timed(steps: dict[str, Step], count: int) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    of_masks: dict[str, list[float]] = {name: [] for name in steps}
    for number in range(count + 3):
        for name, step in steps.items():
            start = time.perf_counter()
            masks = step()
            if number >= 3:
                seconds[name].append(time.perf_counter() - start)
                of_masks[name].append(masks)
    return seconds, of_masks


def report(
    model: Network, options: argparse.Namespace, seconds: dict[str, list[float]], of_masks: dict[str, list[float]]
) -> int:
    count = sum(weight.numel() for weight in prunable(model.body).values())
    print(f"{options.net} at 32x32, batch {options.batch}, {count:,} prunable weights, {options.sparsity:.0%} pruned,")
    print(f"pattern {options.pattern}, budget {options.budget}, {options.steps} steps of each, alternating")
    medians = {name: statistics.median(values) * 1e3 for name, values in seconds.items()}
    for name, values in seconds.items():
        spread = f"fastest {min(values) * 1e3:.1f}, slowest {max(values) * 1e3:.1f}"
        masks = f", masks {statistics.median(of_masks[name]) * 1e3:.1f} ms" if any(of_masks[name]) else ""
        print(f"{name:13} median {medians[name]:8.1f} ms   ({spread}{masks})")
    for name in list(medians)[1:]:
        print(f"{name} / dense: {medians[name] / medians['dense']:.2f}x")
    print(
        f"torch {torch.__version__}, torchvision {torchvision.__version__}, Python {platform.python_version()},"
        f" {processor()}, {torch.get_num_threads()} threads, seed {options.seed}"
    )
    return closing(Bar("a step of LMP, in dense steps", medians["LMP"] / medians["dense"], GOAL, at_most=True))


if __name__ == "__main__":
    sys.exit(main())
