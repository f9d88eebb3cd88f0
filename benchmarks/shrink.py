"""What a shrunk ticket saves: parameters, operations, bytes, milliseconds; and torch-pruning beside it.

    python benchmarks/shrink.py [--nets torchvision:resnet18 ...] [--rounds 30] [--threads 1] [--processor] [--beside]
        [--quick]

For each net, with random weights and batch norms that have seen something (so that a channel without weights is a
constant, not 0), tickets of whole channels are drawn and shrunk: channel (each layer by itself, half the weights) and
coupled (at half and at three quarters of the weights, which is half the channels; and with layers of multiples of 16).
Printed are multiply-adds and parameters, the bytes of the smaller ticket beside those of a dense one, torch's time for
one image of 224 pixels, dense and shrunk in turn (the median and the least of the rounds), and the largest difference
of the logits from the masked net's, as a part of the largest logit, in a fresh process that knows the file alone. With
``--processor`` times are seconds of the processor, which another program's work disturbs less.

With ``--beside`` torch-pruning cuts the same channels of one layer (and of all that its graph says go with it), and
the difference of its logits from the masked net's is printed.

The bars: logits within 1e-5 of the largest, and the file of ``coupled 0.5`` at most 0.6 of the dense one's bytes.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from typing import Any, Final

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from tombola import verbs
from tombola.graphs.trace import trace
from tombola.masks.enforce import apply_masks
from tombola.masks.masks import Masks
from tombola.models.network import Network
from tombola.models.prunable import prunable
from tombola.models.source import Source
from tombola.shown import ShownImages
from tombola.shrinking.coupling import Coupling
from tombola.shrinking.shrunk import shrunk, worst_difference
from tombola.shrinking.widening import widenings
from tombola.tickets.ticket import Ticket

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, it finds those beside it

from benchmarks.bars import Bar, closing, parsed

NETS: Final = ("torchvision:resnet18", "torchvision:mobilenet_v2")
TICKETS: Final[Mapping[str, Mapping[str, Any]]] = {
    "channel 0.5": {"name": "omp", "sparsity": 0.5, "pattern": "channel", "budget": "uniform"},
    "coupled 0.5": {"name": "coupled", "sparsity": 0.5, "budget": "uniform"},
    "coupled 0.5 x16": {"name": "coupled", "sparsity": 0.5, "budget": "uniform", "multiple": 16},
    "coupled 0.75": {"name": "coupled", "sparsity": 0.75, "budget": "uniform"},
    "coupled 0.75 x16": {"name": "coupled", "sparsity": 0.75, "budget": "uniform", "multiple": 16},
}
BESIDE: Final = (
    ("torchvision:resnet18", "layer1.0.conv1.weight", False),
    ("torchvision:resnet18", "layer1.0.conv1.weight", True),
    ("resnet20", "conv1.weight", False),
    ("torchvision:resnext50_32x4d", "layer1.0.conv1.weight", False),
)
FRESH: Final = """
import sys, torch
from tombola import verbs
from tombola.shown import ShownImages
from tombola.tickets.ticket import Ticket
ticket = Ticket.load(sys.argv[1])
net = verbs.applied(verbs.base_of(ticket), ticket).eval()
images, logits = torch.load(sys.argv[2], weights_only=True)
with torch.no_grad():
    found = net(images)
print(float((found - logits).abs().max() / logits.abs().max()))
"""


def main() -> int:
    options = _arguments()
    torch.set_num_threads(options.threads)
    print(f"{options.threads} thread(s), one image, {options.rounds} rounds in turn; ms: median (least)")
    bars = []
    for name in options.nets:
        bars += _table(name, options.rounds, time.process_time if options.processor else time.perf_counter)
    if options.beside:
        print("\nThe logits' difference from the masked net's, torch-pruning's and ours, the same channels cut:")
        for name, weight, alone in BESIDE:
            _beside(name, weight, alone=alone)
    return closing(*bars)


def _table(name: str, rounds: int, clock: Callable[[], float]) -> list[Bar]:
    """Print a net's rows; its bars."""
    dense = network(name)
    drawn = {text: verbs.draw(dense, scheme) for text, scheme in TICKETS.items()}
    nets = {"dense": dense} | {
        text: shrunk(dense, ticket.masks, ShownImages((3, 224, 224))) for text, ticket in drawn.items()
    }
    taken = times(nets, rounds, clock)
    bytes_of, gaps = _files(dense, drawn)
    print(f"\n{name}\n{'':18}{'million':>9}{'million':>9}{'million':>9}{'ms':>16}{'logits':>10}")
    print(f"{'':18}{'MACs':>9}{'weights':>9}{'bytes':>9}{'':>16}{'off by':>10}")
    for text, net in nets.items():
        macs, weights = _macs(net) / 1e6, sum(p.numel() for p in net.parameters()) / 1e6
        ms = f"{median(taken[text]) * 1e3:.1f} ({min(taken[text]) * 1e3:.1f})"
        gap = f"{gaps[text]:.1e}" if text in gaps else ""
        print(f"{text:18}{macs:9,.0f}{weights:9.2f}{bytes_of[text] / 1e6:9.2f}{ms:>16}{gap:>10}", flush=True)
    smaller = bytes_of["coupled 0.5"] / bytes_of["dense"]
    return [
        Bar(f"{name}: logits off by", max(gaps.values()), 1e-5, at_most=True, form=".1e"),
        Bar("coupled 0.5, bytes of dense", smaller, 0.6, at_most=True),
    ]


def network(name: str) -> Network:
    """The net with random weights, and batch norms whose shifts and means are not 0."""
    found = Source.parse(name).load()
    generator = torch.Generator().manual_seed(0)
    for module in found.body.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            nn.init.normal_(module.bias, std=0.3, generator=generator)
            nn.init.normal_(module.running_mean, std=0.1, generator=generator)
    return found


def times(nets: Mapping[str, Network], rounds: int, clock: Callable[[], float]) -> dict[str, list[float]]:
    """Seconds a pass of one image, the nets in turn; the first round is not counted."""
    x = torch.rand(1, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    taken: dict[str, list[float]] = {name: [] for name in nets}
    with torch.no_grad():
        for _ in range(rounds + 1):
            for name, net in nets.items():
                begun = clock()
                net(x)
                taken[name].append(clock() - begun)
    return {name: values[1:] for name, values in taken.items()}


def _files(dense: Network, drawn: Mapping[str, Ticket]) -> tuple[dict[str, int], dict[str, float]]:
    """Bytes of a ticket with all weights and of each smaller one, and the smaller ones' logits read back."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        lineage = next(iter(drawn.values())).lineage
        whole = Ticket.of(dense.body, Masks({}), lineage, keep_values=True).save(path / "dense.ticket")
        sizes, gaps = {"dense": whole.stat().st_size}, {}
        images = torch.rand(4, 3, 224, 224, generator=torch.Generator().manual_seed(1))
        for text, ticket in drawn.items():
            (file,) = verbs.export(dense, ticket, "shrink", path / f"{text}.ticket")
            with torch.no_grad():
                torch.save((images, verbs.applied(dense, ticket)(images)), path / "expected.pt")
            command = [sys.executable, "-c", FRESH, str(file), str(path / "expected.pt")]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            sizes[text], gaps[text] = file.stat().st_size, float(done.stdout)
        return sizes, gaps


def _macs(net: Network) -> int:
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        net(torch.zeros(1, 3, 224, 224))
    return int(counter.get_total_flops()) // 2


def _beside(name: str, weight: str, *, alone: bool) -> None:
    """Half the channels that a layer begins are cut; ``alone``: its filters only, as pattern channel does."""
    import torch_pruning

    size = (3, 64, 64)
    dense = network(name)
    graph = trace(dense, size)
    coupling = Coupling.of(graph, prunable(dense.body), widenings(dense.body, graph))
    gone = torch.zeros(coupling.count, dtype=torch.bool)
    gone[coupling.layers[weight][::2]] = True
    masks = coupling.masks(gone, prunable(dense.body))
    masks = masks.only([weight]) if alone else masks
    masked, theirs = dense.copy(), dense.copy()
    for net in (masked, theirs):
        apply_masks(net.body, masks)
    found = torch_pruning.DependencyGraph().build_dependency(theirs.body, torch.zeros(1, *size))
    layer = theirs.body.get_submodule(weight.rpartition(".")[0])
    rows = gone[coupling.places[weight].rows].nonzero().flatten().tolist()
    try:
        found.get_pruning_group(layer, torch_pruning.prune_conv_out_channels, idxs=rows).prune()
        gap = f"{worst_difference(masked, theirs, ShownImages(size)):.1e}"
    except RuntimeError as error:
        gap = f"fails ({str(error).splitlines()[0][:60]})"
    ours = worst_difference(masked, shrunk(dense, masks, ShownImages(size)), ShownImages(size))
    print(f"  {name}, {weight}{', filters alone' if alone else ''}: torch-pruning {gap}; ours {ours:.1e}", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nets", nargs="*", default=NETS)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--processor", action="store_true")
    parser.add_argument("--beside", action="store_true")
    return parsed(parser, nets=NETS[:1], rounds=5)


if __name__ == "__main__":
    sys.exit(main())
