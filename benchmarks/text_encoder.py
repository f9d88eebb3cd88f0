"""MiniLM on texts as long as SST-2's, one at a time: tickets in generated C against the best dense engines.

    python benchmarks/text_encoder.py --quick [--pin]       one length, the middle one, within three minutes
    python benchmarks/text_encoder.py [--net FOLDER]        the lengths of tenths of SST-2's sentences

The net is MiniLM's shape (6 layers of 384, random weights unless ``--net`` names a folder), whole: ids in, two logits
out, one thread, one text at a time, each at its own length (OpenVINO is compiled for each length anew, which is its
best case). Beside the dense engines, in float32 and in int8 (rounded as it comes, the usual way for texts), stand
dense C, tickets of 90 % (``--sparsity``) in stripes of four outputs in float32 and in cells of four inputs in int8,
calibrated on random words: its time is right, and accuracy is not asked for here. Lines are medians of the processor's
time of runs that nobody interrupted, and their mean over the lengths, which are equally likely. The bars are ratios to
the best dense engine of the same arithmetic.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import mean
from typing import Final

import torch

from tombola.benching.machine import processor
from tombola.benching.numbers import times
from tombola.benching.turns import Plan, take_turns
from tombola.benching.worker import Worker
from tombola.engines._base import Engine, Setting, Subject
from tombola.errors import TombolaError
from tombola.masks.budgets._base import Budget
from tombola.masks.drawing import draw_masks
from tombola.masks.masks import Masks
from tombola.masks.patterns._base import Pattern
from tombola.models.network import Network
from tombola.models.prunable import prunable
from tombola.models.showing import shown_to
from tombola.models.source import Source
from tombola.shown import ShownTexts

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a script, it finds those beside it

from benchmarks.bars import Bar, closing, parsed
from benchmarks.text_speed import shape_of_minilm

LENGTHS: Final = (9, 13, 16, 19, 21, 24, 27, 30, 35, 41)
"""WordPiece tokens in the middle of each tenth of SST-2's validation sentences."""
MOST: Final = 64
DENSE: Final = ("openvino", "onnxruntime", "openvino:int8", "onnxruntime:int8")
OURS: Final = (("native", ""), ("native:int8", ""), ("native", "stripe:4"), ("native:int8", "block:1x4"))
PRUNED: Final = 0.9
BARS: Final = {"float32": 1.8, "int8": 2.5}
"""How many times as fast as the best dense engine of its arithmetic a ticket of 90 % must be."""

Lines = dict[str, list[float]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--net", default="", help="a folder with config.json, and weights or none")
    parser.add_argument("--lengths", nargs="+", type=int, default=list(LENGTHS), help="tokens of a text")
    parser.add_argument("--sparsity", type=float, default=PRUNED, help="of the tickets; the bars are of the default")
    parser.add_argument("--seconds", type=float, default=2.0, help="of runs that nobody interrupted, for each line")
    parser.add_argument("--pin", action="store_true", help="bind to the first core")
    options = parsed(parser, lengths=[24], seconds=0.7)
    torch.set_num_threads(1)
    print(f"{processor()}; torch {torch.__version__}; load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(prefix="tombola-texts-") as place:
        net = options.net or shape_of_minilm(Path(place))
        network = Source.parse({"name": f"hf:{net}", "pool": "mean"}).load(seed=0, num_classes=2).eval()
        shown = shown_to(network, length=MOST)
        assert isinstance(shown, ShownTexts)
        engines = prepared(network, shown, options.sparsity, Path(place))
        lines: Lines = {label: [] for label in engines}
        for length in options.lengths:
            timed(engines, Setting(shown.at(length)), Plan(seconds=options.seconds, again=True), lines, pin=options.pin)
    print(f"load {os.getloadavg()[0]:.1f}")
    bars = told(lines, engines, options.lengths)
    return closing(*bars) if options.sparsity == PRUNED else 0


def prepared(network: Network, shown: ShownTexts, sparsity: float, place: Path) -> dict[str, tuple[Engine, Path]]:
    """Every engine's files, made once for all lengths, by the line's label."""
    dense, found = Subject(network, Masks({}), Setting(shown)), {}
    for name, pattern in [*((name, "") for name in DENSE), *OURS]:
        label, engine = (
            " ".join(filter(None, (name, pattern, f"{sparsity:.0%}" if pattern else ""))),
            Engine.parse(name),
        )
        subject = Subject(network, ticket(network, pattern, sparsity), Setting(shown)) if pattern else dense
        folder = place / label.replace(":", "-")
        folder.mkdir()
        try:
            if missing := engine.missing():
                raise TombolaError(missing)
            engine.prepare(subject, folder)
        except TombolaError as error:
            print(f"  {label}: left out: {str(error).splitlines()[0]}", flush=True)
            continue
        found[label] = (engine, folder)
    return found


def ticket(network: Network, pattern: str, sparsity: float) -> Masks:
    """Of the encoder's matrices, each by itself."""
    weights = prunable(network.body, "bert")
    return draw_masks(weights, sparsity, pattern=Pattern.parse(pattern), budget=Budget.parse("uniform"))


def timed(engines: dict[str, tuple[Engine, Path]], setting: Setting, plan: Plan, lines: Lines, *, pin: bool) -> None:
    """Each engine's milliseconds a text of one length put behind its line."""
    with ExitStack() as stack:
        workers = {
            label: stack.enter_context(Worker(engine, folder, setting, range(int(pin))))
            for label, (engine, folder) in engines.items()
        }
        for worker in workers.values():
            worker.load()
            worker.warm_up(plan.warmup)
        for label, runs in take_turns(workers, plan).items():
            calm = [run for run in runs if not run.interrupted]
            lines[label].append(1e3 * times(calm or runs).processor)


def told(lines: Lines, engines: dict[str, tuple[Engine, Path]], lengths: Sequence[int]) -> list[Bar]:
    """The lines, printed, and the bars of both tickets."""
    arithmetic = {label: engine.arithmetic for label, (engine, _) in engines.items()}
    means = {label: mean(found) for label, found in lines.items()}
    best = {
        kind: min(
            (means[label] for label in means if label in DENSE and arithmetic[label] == kind), default=float("nan")
        )
        for kind in BARS
    }
    print(f"milliseconds of the processor a text of {', '.join(map(str, lengths))} tokens, and their mean")
    for label, found in lines.items():
        ratios = "  ".join(f"{best[kind] / means[label]:5.2f}x dense {kind}" for kind in BARS)
        print(f"  {label:26} {' '.join(f'{one:6.2f}' for one in found)}  {means[label]:6.2f}  {ratios}")
    return [
        Bar(f"{label} in {arithmetic[label]}, x dense {arithmetic[label]}", best[arithmetic[label]] / means[label],
            BARS[arithmetic[label]])
        for label in lines
        if label.endswith("%")
    ]  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
