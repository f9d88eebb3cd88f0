"""Zeros in transformers you can clock: an encoder layer in generated C against the best dense engines, in turns.

    python benchmarks/encoder_layer.py --quick [--pin]      d = 384 and 768, 90 %: the bars, within three minutes
    python benchmarks/encoder_layer.py --sparsity 0.8 0.9 0.95

A pre-norm layer of d features (norm, attention with heads of 64, norm, a layer of 4 d units with GELU, both residual
sums) on 128 tokens, one thread, batch 1, with random weights. The tokens are small patches of an image, 1 % of the
products. Queries, keys, values, output and both layers of units are pruned by the same share, in stripes of four
outputs (float32) or cells of four inputs (int8). Beside it a dense one in C and the dense engines, in float32 and in
int8 (static, calibrated on random pixels). Each runs in a process of its own; they take turns of a fifth of a second,
and a run that another process interrupted is repeated. Times are the medians of runs that nobody interrupted. Where a
line has fewer than five of those it says so, and all ratios are by the processor's time. The bars are ratios to the
best dense engine of the same arithmetic.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tombola.benching.asked import Reference
from tombola.benching.machine import processor
from tombola.benching.numbers import Run, times
from tombola.benching.turns import Plan, take_turns
from tombola.benching.worker import Worker
from tombola.engines._base import Engine, Setting, Subject
from tombola.errors import TombolaError
from tombola.exporters._masked import masked
from tombola.masks.budgets._base import Budget
from tombola.masks.drawing import draw_masks
from tombola.masks.masks import Masks
from tombola.masks.patterns._base import Pattern
from tombola.models.network import Network
from tombola.shown import ShownImages

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, it finds those beside it

from benchmarks.bars import Bar, closing, parsed

SIDE: Final = 32
PATCH: Final = (2, 4)
TOKENS: Final = 128
ENOUGH: Final = 5
DENSE: Final = ("openvino", "onnxruntime", "openvino:int8", "onnxruntime:int8", "native", "native:int8")
WAYS: Final = (("native", "stripe:4"), ("native:int8", "block:1x4"))
BARS: Final[Mapping[str, float]] = {"float32": 1.8, "int8": 2.5}
"""How many times as fast as the best dense engine of its arithmetic a ticket of 90 % must be."""


class Layer(nn.Module):
    """The layer on patches of an image of 32 by 32 pixels, 16 times 8, and two logits of its mean."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.heads, self.patches = width // 64, nn.Conv2d(3, width, PATCH, PATCH)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.wide, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.head = nn.Linear(width, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        count, tokens, width = x.shape
        parts = self.qkv(self.norm1(x)).view(count, tokens, 3, self.heads, 64).permute(2, 0, 3, 1, 4)
        found = F.scaled_dot_product_attention(parts[0], parts[1], parts[2])
        x = x + self.out(found.transpose(1, 2).reshape(count, tokens, width))
        x = x + self.narrow(F.gelu(self.wide(self.norm2(x))))
        return self.head(x.mean(1))  # type: ignore[no-any-return]  # a module's call is untyped


@dataclass(frozen=True)
class Entry:
    """A line of the table: an engine and what it runs."""

    engine: str
    pattern: str = ""
    sparsity: float = 0.0

    @property
    def label(self) -> str:
        return " ".join(filter(None, (self.engine, self.pattern, f"{self.sparsity:.0%}"))).replace(":", "-")


def main() -> int:
    """Measure every width; 1 where a ticket of 90 % is below its bar."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--width", nargs="+", type=int, default=[384, 768])
    parser.add_argument("--sparsity", nargs="+", type=float, default=[0.8, 0.9, 0.95])
    parser.add_argument("--seconds", type=float, default=3.0, help="of runs that nobody interrupted, for each line")
    parser.add_argument("--pin", action="store_true", help="bind to the first core")
    options = parsed(parser, sparsity=[0.9], seconds=1.0)
    torch.set_num_threads(1)
    print(f"{processor()}; torch {torch.__version__}; load {os.getloadavg()[0]:.1f}")
    bars: list[Bar] = []
    for width in options.width:
        print(f"\nd = {width}, {TOKENS} tokens, one thread, batch 1", flush=True)
        tickets = [Entry(*way, share) for way in WAYS for share in options.sparsity]
        bars += measured(width, [*map(Entry, DENSE), *tickets], options.seconds, pin=options.pin)
    print(f"\nload {os.getloadavg()[0]:.1f}")
    return closing(*bars)


def measured(width: int, entries: Sequence[Entry], seconds: float, *, pin: bool) -> list[Bar]:
    """The lines of one width, printed; the bars of its tickets of 90 %."""
    torch.manual_seed(0)
    network = Network(Layer(width), source=f"an encoder layer of {width}", head="head").eval()
    setting = Setting(ShownImages((3, SIDE, SIDE)), 1, 1)
    with tempfile.TemporaryDirectory(prefix="tombola-encoder-") as place, ExitStack() as stack:
        workers = {entry: _worker(entry, network, setting, Path(place), stack, pin=pin) for entry in entries}
        there = {entry: worker for entry, worker in workers.items() if worker is not None}
        for worker in there.values():
            worker.warm_up(Plan(seconds=seconds, again=True).warmup)
        runs = take_turns({entry.label: worker for entry, worker in there.items()}, Plan(seconds=seconds, again=True))
        off = {
            entry: Reference(masked(network, _masks(network, entry)), setting, Path(place)).difference(worker)
            for entry, worker in there.items()
        }
    return _told(width, {entry: _milliseconds(runs[entry.label]) for entry in there}, off)


def _worker(
    entry: Entry, network: Network, setting: Setting, place: Path, stack: ExitStack, *, pin: bool
) -> Worker | None:
    engine = Engine.parse(entry.engine)
    folder = place / entry.label
    folder.mkdir()
    try:
        if missing := engine.missing():
            raise TombolaError(missing)
        engine.prepare(Subject(network, _masks(network, entry), setting), folder)
    except TombolaError as error:
        print(f"  {entry.label}: left out: {str(error).splitlines()[0]}", flush=True)
        return None
    worker = stack.enter_context(Worker(engine, folder, setting, range(int(pin))))
    worker.load()
    return worker


def _masks(network: Network, entry: Entry) -> Masks:
    if not entry.sparsity:
        return Masks({})
    weights = {name: p for name, p in network.body.named_parameters() if p.ndim == 2 and not name.startswith("head")}
    return draw_masks(weights, entry.sparsity, pattern=Pattern.parse(entry.pattern), budget=Budget.parse("uniform"))


def _milliseconds(runs: Sequence[Run]) -> tuple[float, float, bool]:
    """The median, the processor's time, and whether there were enough runs that nobody interrupted."""
    calm = [run for run in runs if not run.interrupted]
    found = times(calm if len(calm) >= ENOUGH else runs)
    return 1e3 * found.p50, 1e3 * found.processor, len(calm) >= ENOUGH


def _told(width: int, found: Mapping[Entry, tuple[float, float, bool]], off: Mapping[Entry, float]) -> list[Bar]:
    """The lines, and the bars: by the clock where no line was disturbed, else all by the processor's time."""
    bars = []
    calm = all(undisturbed for _, _, undisturbed in found.values())
    taken = {entry: clock if calm else busy for entry, (clock, busy, _) in found.items()}
    arithmetic = {entry: Engine.parse(entry.engine).arithmetic for entry in found}
    dense = [entry for entry in found if entry.engine in DENSE[:4]]
    best = {
        kind: min((taken[entry] for entry in dense if arithmetic[entry] == kind), default=float("nan")) for kind in BARS
    }
    print(f"  ratios by {'the clock' if calm else 'the time of the processor, as some lines were interrupted'}")
    for entry, (clock, busy, undisturbed) in found.items():
        ratios = "  ".join(f"{best[kind] / taken[entry]:5.2f}x dense {kind}" for kind in BARS)
        word = "" if undisturbed else "  (interrupted)"
        print(f"  {entry.label:28} {clock:7.3f} ms  {ratios}  processor {busy:7.3f} ms  off by {off[entry]:.0e}{word}")
        if entry.sparsity == 0.9:
            kind, times_as_fast = arithmetic[entry], best[arithmetic[entry]] / taken[entry]
            bars.append(Bar(f"{entry.pattern} in {kind} at d = {width}, x dense {kind}", times_as_fast, BARS[kind]))
    return bars


if __name__ == "__main__":
    sys.exit(main())
