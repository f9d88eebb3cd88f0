"""What the masks of a ResNet-18 at 90 % take: as a ticket, and as everything else they are kept as.

    python benchmarks/ticket_size.py [--time] [--sparsity 0.9] [--seed 0] [--quick] [PATTERN ...]

Prints for each pattern the bytes of a mask-only ticket file (and of the mask codes in it), of their bound (n H(s) over
the pattern's groups, for n:m the choices; with one density for all layers, and with each layer's own), of packed bits,
packed bits through zlib, lzma and zstd (Python 3.14's, or the package zstandard; left out where there is neither), of
coordinates (an int32 for each kept weight), and of ``torch.save`` of the pruned net; and each as a multiple of the
ticket. Only the ticket and the last hold names and shapes, 2 to 3 kB. Patterns that fix their own sparsity (2:4) are
drawn at that one. With ``--time`` also what opening the ticket and putting it on a loaded model takes, on one thread,
in seconds of the processor. The bars: 700,000 bytes for single weights at 90 %, and codes within 3 % of
each layer's bound (4 % where channels are matched, whose order is written too).
"""

import argparse
import copy
import importlib
import io
import lzma
import math
import statistics
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torchvision
from torch import nn

from tombola.attached import Attached
from tombola.masks.budgets._base import Budget
from tombola.masks.drawing import draw_masks
from tombola.masks.enforce import apply_masks
from tombola.masks.layers import Layer
from tombola.masks.masks import Masks
from tombola.masks.patterns._base import Pattern
from tombola.models.digest import weights_digest
from tombola.models.prunable import prunable
from tombola.tickets.summary import entropy_bytes
from tombola.tickets.table import summarise
from tombola.tickets.ticket import Lineage, Ticket

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, it finds those beside it

from benchmarks.bars import Bar, closing, parsed

PATTERNS = ("element", "stripe:4", "stripe:8", "stripe:4 matched", "row", "kernel", "channel", "2:4")
RUNS = 7


def main() -> int:
    options = arguments()
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)  # torchvision initialises from the global generator
    body = torchvision.models.resnet18(weights=None)
    print(f"torchvision:resnet18, random weights of seed {options.seed}, all convolutions, budget global")
    bars = []
    for text in options.patterns or (PATTERNS[:2] if options.quick else PATTERNS):
        masks = drawn(body, text, options.sparsity)
        with tempfile.TemporaryDirectory() as folder:
            path = ticket(body, masks).save(Path(folder) / "x.ticket")
            found = sizes(body, masks, text, path)
            report(text, masks, found)
            bars += bars_of(text, options.sparsity, found)
            if options.time:
                report_times(body, path)
    return closing(*bars)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("patterns", nargs="*", metavar="PATTERN", help=f"default: {', '.join(PATTERNS)}")
    parser.add_argument("--sparsity", type=float, default=0.9)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--time", action="store_true")
    return parsed(parser)


def pattern(text: str) -> Pattern:
    """A pattern by its text; ``stripe:4 matched`` for stripes of channels that are not neighbours."""
    name, _, order = text.partition(" ")
    return Pattern.parse(name) if not order else Pattern.parse({"name": "stripe", "size": name[7:], "order": order})


def drawn(body: nn.Module, text: str, sparsity: float) -> Masks:
    n, colon, m = text.partition(":")
    if colon and n.isdecimal():
        sparsity = 1 - int(n) / int(m)
    return draw_masks(prunable(body), sparsity, pattern=pattern(text), budget=Budget.parse("global"))


def ticket(body: nn.Module, masks: Masks) -> Ticket:
    lineage = Lineage(model="torchvision:resnet18", weights_digest=weights_digest(body), prunable="double_win")
    return Ticket(masks, lineage)


def sizes(body: nn.Module, masks: Masks, text: str, path: Path) -> dict[str, float]:
    bits = np.concatenate([mask.numpy().ravel() for mask in masks.values()])
    packed = np.packbits(bits).tobytes()
    found = {
        "ticket": path.stat().st_size,
        "mask codes in it": summarise(path).mask_bytes or 0,
        "bound, one density": bound(body, masks, text),
        "bound, by layer": sum(bound(body, masks.only([name]), text) for name in masks),
        "packed bits": len(packed),
        "packed bits, zlib 9": len(zlib.compress(packed, 9)),
        "packed bits, lzma 9": len(lzma.compress(packed, preset=9)),
        "packed bits, zstd 19": zstd(packed),
        "coordinates": 4 * masks.kept,
        "torch.save, pruned": saved(body, masks),
    }
    return {name: size for name, size in found.items() if size is not None}


def bound(body: nn.Module, masks: Masks, text: str) -> float:
    """n H(k / n) in bytes for n groups of which k are kept; of n:m the logarithm of the choices."""
    n, colon, m = text.partition(":")
    if colon and n.isdecimal():
        blocks = sum(-(-shape[1] // int(m)) * shape.numel() // shape[1] for shape in masks.shapes().values())
        return blocks * math.log2(math.comb(int(m), int(n))) / 8
    kept = total = 0
    for name in masks:
        weight = body.get_parameter(name)
        grouping = pattern(text).grouping(weight, Layer.of(weight))
        means = grouping.means(masks[name].float())
        kept, total = kept + int((means > 0).sum()), total + means.numel()
    return entropy_bytes(kept, total)


def zstd(data: bytes) -> int | None:
    for name in ("compression.zstd", "zstandard"):  # Python 3.14's own, or a package
        try:
            return len(importlib.import_module(name).compress(data, 19))
        except ImportError:
            continue
    return None


def saved(body: nn.Module, masks: Masks) -> int:
    pruned, stream = copy.deepcopy(body), io.BytesIO()
    apply_masks(pruned, masks)
    torch.save(pruned.state_dict(), stream)
    return len(stream.getvalue())


def bars_of(text: str, sparsity: float, found: dict[str, float]) -> list[Bar]:
    """What a pattern must reach: its codes for every one, the bytes where a figure was promised."""
    ratio = found["mask codes in it"] / found["bound, by layer"]
    codes = Bar(
        f"{text}: codes, times their bound", ratio, 1.04 if "matched" in text else 1.03, at_most=True, form=".4f"
    )
    promised = text == "element" and sparsity == 0.9
    return [codes] + [Bar("bytes", found["ticket"], 700_000, at_most=True, form=",.0f")] * promised


def report(text: str, masks: Masks, found: dict[str, float]) -> None:
    print(f"\n{text}: {masks.total - masks.kept:,} of {masks.total:,} pruned ({masks.sparsity:.2%})")
    for name, size in found.items():
        print(f"  {name:20} {size:14,.0f} bytes   {size / found['ticket']:8.3f}x")


def report_times(body: nn.Module, path: Path) -> None:
    opened = Ticket.load(path)
    attached = Attached(copy.deepcopy(body), {"a": opened, "b": opened})
    steps: dict[str, Callable[[nn.Module], object]] = {
        "opening the file": lambda _: Ticket.load(path),
        "the model's digest": weights_digest,
        "applying": opened.apply,
        "all three": lambda module: Ticket.load(path).apply(module, digest=weights_digest(module)),
        "switching, attached": lambda _: attached.use("b" if attached.current == "a" else "a"),
    }
    for name, step in steps.items():
        times = [seconds(step, copy.deepcopy(body)) for _ in range(RUNS)]
        spread = f"fastest {min(times) * 1e3:.1f}, slowest {max(times) * 1e3:.1f}"
        print(f"  {name:20} {statistics.median(times) * 1e3:8.1f} ms of the processor ({spread})")


def seconds(step: Callable[[nn.Module], object], module: nn.Module) -> float:
    start = time.process_time()
    step(module)
    return time.process_time() - start


if __name__ == "__main__":
    sys.exit(main())
