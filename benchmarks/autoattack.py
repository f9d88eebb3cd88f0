"""AutoAttack: per-image verdicts and time of ours and of its authors' package, in one run, alternating.

    python benchmarks/autoattack.py [--net robust natural] [--images 200] [--seeds 3] [--suite standard] [--quick]

Ours is the attack `autoattack`; theirs is pyautoattack 0.2.0 (``pip install 'tombola[check]'``), called as its README
shows. Both attack the first CIFAR-10 test images of TOMBOLA_DATA against published weights: ``robust``, a ResNet-2B
trained against linf 2/255 (no batch norm), and ``natural``, a ResNet-20. Chunk by chunk one goes first, then the other,
so a busy machine costs both alike; time is that of the process, and the wall's is printed beside it.

For each seed: how many images stand, and for how many the two disagree. An image they disagree about is attacked again
by both with further seeds, ``--more`` of them, and the line says how often it stood. Where the authors' own verdict
changes with the seed, the disagreement is chance; where neither's does, it is called unexplained.

The bars: equal verdicts for 99.5 % of the images, aggregates within 0.1 point, at most 0.8 of the time (aim 0.67).
"""

import argparse
import os
import platform
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tombola.attacks._base import Tally
from tombola.attacks.autoattack import AutoAttack
from tombola.batch import to_float
from tombola.benching.machine import processor
from tombola.data._base import of_images
from tombola.models.inputs.pixels import Normalise
from tombola.models.network import Network
from tombola.models.source import Source
from tombola.tasks._base import Task

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, it finds those beside it

from benchmarks.bars import Bar, closing, parsed

DATA = Path(os.environ.get("TOMBOLA_DATA", "../shared/data"))
EQUAL, SHARE = 99.5, 0.8
EPS = {"robust": {"linf": "2/255", "l2": "0.25"}, "natural": {"linf": "1/255", "l2": "0.1"}}
CIFAR_MEAN, CIFAR_STD = (0.4914, 0.4822, 0.4465), (0.2471, 0.2435, 0.2616)

Attacked: TypeAlias = Callable[[Tensor, Tensor, int], Tensor]
"""(images, targets, seed) -> which images stand."""


def main() -> int:
    options = arguments()
    torch.set_num_threads(options.threads)
    x, targets = cifar(options.images)
    bars = [bar for name in options.net for bar in compare(name, x, targets, options)]
    print(
        f"pyautoattack {version('pyautoattack')}, torch {torch.__version__}, Python {platform.python_version()},"
        f" {options.threads} threads of {processor()}"
    )
    return closing(*bars)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--net", nargs="+", choices=list(EPS), default=list(EPS))
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--chunk", type=int, default=100, help="images attacked by the one, then by the other")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--more", type=int, default=5, help="further seeds for images they disagree about")
    parser.add_argument("--suite", choices=["standard", "plus", "rand"], default="standard")
    parser.add_argument("--norm", choices=["linf", "l2"], default="linf")
    parser.add_argument("--eps", help="the radius; left out: 2/255 or 0.25 for robust, 1/255 or 0.1 for natural")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    return parsed(parser, net=["robust"], images=40, chunk=20, seeds=1, more=2)


def cifar(count: int) -> tuple[Tensor, Tensor]:
    images = of_images(Task.parse({"name": f"pack:{DATA / 'cifar10/cifar10'}"}).splits(), "this benchmark").test
    chosen = torch.arange(count)
    pixels = to_float(images.pixels_at(chosen)).contiguous()  # the package views gradients flat: no channels-last
    return pixels, images.labels[chosen]


def a_net(name: str) -> Network:
    if name == "natural":
        file = DATA / "weights/cifar10_resnet20_natural.npz"
        return Source(name=f"path:{file}", arch="resnet20", normalise="imagenet").load().eval()
    weights, body = np.load(DATA / "weights/cifar10_resnet2b_adv2.npz"), ResNet2B()
    body.load_state_dict({key: torch.from_numpy(weights[key]) for key in weights.files})
    return Network(body, Normalise(CIFAR_MEAN, CIFAR_STD), source="resnet2b").eval()


class Block(nn.Module):
    """Two 3x3 convolutions with biases, a 1x1 shortcut where the stride is 2."""

    def __init__(self, inputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, 16, 3, stride, 1)
        self.conv2 = nn.Conv2d(16, 16, 3, 1, 1)
        self.shortcut = nn.Sequential(*([nn.Conv2d(inputs, 16, 1, stride)] if stride > 1 else []))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.conv2(F.relu(self.conv1(x))) + self.shortcut(x))


class ResNet2B(nn.Module):
    """Five convolutions and two linear layers."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, 2, 1)
        self.layer1 = nn.Sequential(Block(8, 2), Block(16, 1))
        self.linear1, self.linear2 = nn.Linear(1024, 100), nn.Linear(100, 10)

    def forward(self, x: Tensor) -> Tensor:
        inner = self.layer1(F.relu(self.conv1(x))).flatten(1)
        out: Tensor = self.linear2(F.relu(self.linear1(inner)))
        return out


@dataclass
class Side:
    """One of the two: its attack, its verdicts, a row a seed, and the time they took."""

    attacked: Attacked
    stands: list[Tensor] = field(default_factory=list)
    seconds: float = 0.0
    wall: float = 0.0

    def go(self, x: Tensor, targets: Tensor, seed: int) -> Tensor:
        process, wall = time.process_time(), time.perf_counter()
        stands = self.attacked(x, targets, seed)
        self.seconds += time.process_time() - process
        self.wall += time.perf_counter() - wall
        return stands


def ours(net: nn.Module, suite: Any, norm: Any, eps: Any, seen: list[Tally]) -> Attacked:
    member = AutoAttack(suite=suite, norm=norm, eps=eps)

    def attacked(x: Tensor, targets: Tensor, seed: int) -> Tensor:
        rng = torch.Generator().manual_seed(seed)
        found, tally = member.tallied(net, x, targets, F.cross_entropy, bounds=(0.0, 1.0), generator=rng)
        seen.append(tally)
        return right(net, found, targets)

    return attacked


def theirs(net: nn.Module, suite: Any, norm: str, eps: Any) -> Attacked:
    try:
        import pyautoattack
    except ImportError:
        raise SystemExit("this benchmark needs pyautoattack: pip install 'tombola[check]'") from None
    radius = AutoAttack(eps=eps, norm="l2").eps  # '2/255' as a number

    def attacked(x: Tensor, targets: Tensor, seed: int) -> Tensor:
        named: Any = {"linf": "Linf", "l2": "L2"}[norm]
        package = pyautoattack.AutoAttack(net, norm=named, eps=radius, seed=seed, version=suite)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = package.run_standard_evaluation(x, targets, batch_size=len(x))[0]
        return right(net, found, targets)

    return attacked


@torch.no_grad()
def right(net: nn.Module, x: Tensor, targets: Tensor) -> Tensor:
    return torch.cat([net(part) for part in torch.split(x, 250)]).argmax(1) == targets


def compare(name: str, x: Tensor, targets: Tensor, options: argparse.Namespace) -> list[Bar]:
    """Attack by both, print what was seen; a net's bars."""
    net, eps = a_net(name), options.eps or EPS[name][options.norm]
    seen: list[Tally] = []
    sides = {
        "ours": Side(ours(net, options.suite, options.norm, eps, seen)),
        "theirs": Side(theirs(net, options.suite, options.norm, eps)),
    }
    clean = 100 * right(net, x, targets).double().mean()
    print(f"{name}: {options.suite}, {options.norm} {eps}, {len(x)} images, clean accuracy {clean:.2f} %", flush=True)
    for seed in range(options.seeds):
        first = len(seen)
        one_seed(sides, x, targets, seed, options.chunk)
        print_seed(sides, seed, sum(seen[first:], Tally()))
    print_verdicts(sides, x, targets, options)
    mine, other = (torch.stack(sides[side].stands) for side in ("ours", "theirs"))
    agree = 100 * (mine == other).double().mean().item()
    return [
        Bar(f"{name}: equal verdicts, %", agree, EQUAL),
        Bar("of their time", print_time(sides), SHARE, at_most=True),
    ]


def one_seed(sides: dict[str, Side], x: Tensor, targets: Tensor, seed: int, chunk: int) -> None:
    """Every image attacked by both, chunk by chunk, each in turn going first."""
    parts: dict[str, list[Tensor]] = {name: [] for name in sides}
    for number, rows in enumerate(torch.split(torch.arange(len(x)), chunk)):
        turn = list(sides) if (number + seed) % 2 == 0 else list(reversed(sides))
        for name in turn:
            parts[name].append(sides[name].go(x[rows], targets[rows], 1000 * seed + number))
    for name, side in sides.items():
        side.stands.append(torch.cat(parts[name]))


def print_seed(sides: dict[str, Side], seed: int, tally: Tally) -> None:
    stood = {name: 100 * side.stands[-1].double().mean().item() for name, side in sides.items()}
    differ = (sides["ours"].stands[-1] != sides["theirs"].stands[-1]).nonzero().squeeze(1).tolist()
    broke = ", ".join(f"{part} {count}" for part, count in tally.broken.items())
    print(
        f"seed {seed}: ours {stood['ours']:6.2f} %, theirs {stood['theirs']:6.2f} %, they differ on {len(differ)}"
        f" images {differ or ''}   (ours broke: {broke})",
        flush=True,
    )


def print_time(sides: dict[str, Side]) -> float:
    """Print both times; ours as a part of theirs."""
    mine, other = sides["ours"], sides["theirs"]
    ratio = f"ratio {mine.seconds / other.seconds:.2f} (aim 0.67)"
    wall = f"by the wall {mine.wall:.1f} s and {other.wall:.1f} s, {mine.wall / other.wall:.2f}"
    print(f"time: ours {mine.seconds:.1f} s, theirs {other.seconds:.1f} s of the process, {ratio}; {wall}")
    return mine.seconds / other.seconds


def print_verdicts(sides: dict[str, Side], x: Tensor, targets: Tensor, options: argparse.Namespace) -> None:
    mine, other = torch.stack(sides["ours"].stands), torch.stack(sides["theirs"].stands)
    points = 100 * (mine.double().mean() - other.double().mean()).item()
    agree = 100 * (mine == other).double().mean().item()
    print(f"verdicts: equal for {agree:.2f} % ; aggregates {points:+.2f} points apart (bar 0.10)")
    print(f"  with itself over seeds: ours {steady(mine):.2f} %, theirs {steady(other):.2f} %")
    for image in (mine != other).any(0).nonzero().squeeze(1).tolist():
        again = {name: more(side, x[image], targets[image], options.more) for name, side in sides.items()}
        stood = {name: sum(side.stands[s][image].item() for s in range(options.seeds)) for name, side in sides.items()}
        counts = {name: int(stood[name]) + again[name] for name in sides}
        total = options.seeds + options.more
        print(
            f"  image {image}: stood against ours {counts['ours']}, against theirs {counts['theirs']} of {total} times:"
            f" {verdict(counts, total)}"
        )


def more(side: Side, image: Tensor, target: Tensor, count: int) -> int:
    """How often the image stands against further seeds."""
    return sum(int(side.attacked(image[None], target[None], 10**6 + seed).item()) for seed in range(count))


def verdict(counts: dict[str, int], total: int) -> str:
    if 0 < counts["theirs"] < total:
        return "theirs disagrees with itself, so it is chance"
    if 0 < counts["ours"] < total:
        return "ours disagrees with itself, so it is chance on our side"
    return "unexplained"


def steady(stands: Tensor) -> float:
    """Per cent of pairs of seeds and images with the same verdict; 100 with one seed."""
    pairs = torch.combinations(torch.arange(len(stands)))
    return 100 * (stands[pairs[:, 0]] == stands[pairs[:, 1]]).double().mean().item() if len(pairs) else 100.0


if __name__ == "__main__":
    sys.exit(main())
