"""Zeros you can clock: tickets in generated C against the best dense engines, in int8 and float32, in turns in one run.

    python benchmarks/native.py --quick [--pin]          ResNet-18, one thread, batch 1, stripes and int8 cells: bars
    python benchmarks/native.py --pin --out results        the table: three nets, one thread, batch 1, about 20 minutes
    python benchmarks/native.py --net resnet18 --threads 1 2 --batch 1 8         other settings

Nets at 224x224 with random weights: the zeros decide the time, not the values. Patterns ``element`` and ``stripe:4``
in float32 and ``block:1x4``, ``block:4x4`` and ``block:16x4`` in int8 at 80, 90 and 95 %, with the budgets
``uniform`` (the same sparsity in each layer) and ``global``; stem, depthwise layers and head are dense. A fully dense
net in generated C is beside them, in float32 and in int8. Dense engines run the dense weights: OpenVINO and ONNX
Runtime in int8 (static, calibrated on random pixels, as there is nothing to be right about) and in float32, OpenVINO
in bfloat16 where the processor has it, and torch in both layouts. Each runs in a process of its own (``--pin``: bound
to as many cores as it has threads); they take turns of a fifth of a second, so what disturbs the machine disturbs
all; a run that another process interrupted is repeated. Printed is the median of the runs nobody interrupted and its
ratio to that of the best dense engine in float32 and in int8; ``busy`` stands where fewer than five such runs were
had. Behind it, for one thread, the same of the processor's time, which holds nothing of what other processes took.
``operations`` is which part of the net's multiply-adds is left. Logits are compared with torch's; a net that answers
every image alike, as random weights may when ranked globally, has no ratio.

With ``--quick`` the last lines tell how fast stripes and cells of int8 are, and the exit code is 1 where one is below
its bar.

Rows go to OUT/native.json (those of the same net, threads and batch are replaced, those of another processor dropped),
the table to OUT/native.md and the picture to OUT/native.png; and the blocks that README and docs hold are filled anew.
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from native_report import TIMES, ratio, write_report  # type: ignore[import-not-found]  # a script beside this one

from tombola.batch import blank
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
from tombola.models.layers import with_positions
from tombola.models.network import Network
from tombola.models.prunable import PrunableRule, prunable
from tombola.models.source import Source
from tombola.shown import ShownImages

SIDE: Final = 224
ENOUGH: Final = 5
"""Runs that nobody interrupted, for a median to count."""
RIVALS: Final = ("openvino:int8", "onnxruntime:int8", "openvino", "onnxruntime")
DENSE: Final = (*RIVALS, "openvino:bf16", "torch:channels_last", "torch:default")
WAYS: Final = (
    ("native", "element"),
    ("native", "stripe:4"),
    ("native:int8", "block:1x4"),
    ("native:int8", "block:4x4"),
    ("native:int8", "block:16x4"),
)
"""What tickets are run in, and by which pattern they are drawn."""
SPARSITIES: Final = (0.8, 0.9, 0.95)


@dataclass(frozen=True)
class Bar:
    """How many times as fast as the best dense engine of an arithmetic a pattern of ResNet-18 must be."""

    pattern: str
    arithmetic: str
    least: Mapping[float, float]


BARS: Final = (
    Bar("stripe:4", "float32", {0.8: 2.9, 0.9: 4.3, 0.95: 5.6}),
    Bar("block:1x4", "int8", {0.8: 2.0, 0.9: 2.8, 0.95: 3.5}),
    Bar("block:4x4", "int8", {0.8: 2.6, 0.9: 3.5, 0.95: 4.2}),
)
ALL_WEIGHTS: Final = PrunableRule(preset="open_lth")
NETS: Final[Mapping[str, PrunableRule]] = {
    "resnet18": PrunableRule(preset="cv_lth"),
    "resnet50": PrunableRule(preset="cv_lth"),
    "mobilenet_v2": PrunableRule(
        preset="none", include=(r"^features\.\d+\.conv\.(0\.0|1|2)\.weight$", r"^features\.18\.0\.")
    ),
    "efficientnet_b0": PrunableRule(
        preset="none",
        include=(
            r"^features\.1\.0\.block\.2\.0\.weight$",
            r"^features\.[2-7]\.\d+\.block\.(0|3)\.0\.weight$",
            r"^features\.8\.0\.",
        ),
    ),
    "mobilenet_v3_large": PrunableRule(
        preset="none",
        include=(
            r"^features\.1\.block\.1\.0\.weight$",
            r"^features\.([2-9]|1[0-5])\.block\.(0|2|3)\.0\.weight$",
            r"^features\.16\.0\.",
        ),
    ),
    "vgg16_bn": PrunableRule(preset="open_lth", exclude=(r"^features\.0\.", r"^classifier\.6\.")),
}
"""What is pruned of each: no stem, no depthwise layer, no squeeze and excitation, no head."""


@dataclass(frozen=True)
class Entry:
    """A line of the table: an engine and what it runs."""

    engine: str
    pattern: str = ""
    budget: str = ""
    sparsity: float = 0.0

    @property
    def label(self) -> str:
        return " ".join(filter(None, (self.engine, self.pattern, self.budget, f"{self.sparsity:.0%}"))).replace(
            ":", "-"
        )


def main() -> int:
    """Measure every setting asked for, printing as it goes; 1 where ``--quick`` finds stripes below the bar."""
    options = arguments()
    torch.set_num_threads(1)
    print(f"{processor()}; torch {torch.__version__}")
    rows: list[dict[str, Any]] = []
    for name in options.net:
        with tempfile.TemporaryDirectory(prefix="tombola-native-") as folder:
            net = Net(name, entries(options), Path(folder), pin=options.pin)
            for threads in options.threads:
                for batch in options.batch:
                    rows = net.measured(Setting(ShownImages((3, SIDE, SIDE)), batch, threads), options.seconds)
                    if options.out is not None:
                        write_report(rows, Path(options.out))
    return max([below_bar(rows, bar) for bar in BARS]) if options.quick else 0


def arguments() -> argparse.Namespace:
    """What is measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--net", nargs="+", choices=list(NETS), default=list(NETS)[:3])
    parser.add_argument("--threads", nargs="+", type=int, default=[1])
    parser.add_argument("--batch", nargs="+", type=int, default=[1])
    parser.add_argument("--budget", nargs="+", choices=["uniform", "global"], default=["uniform", "global"])
    parser.add_argument("--seconds", type=float, default=3.0, help="of runs that nobody interrupted, for each line")
    parser.add_argument("--pin", action="store_true", help="bind to the first cores, as many as there are threads")
    parser.add_argument("--quick", action="store_true", help="ResNet-18, one thread, batch 1, stripes, a bar")
    parser.add_argument("--out", help="the folder of the table, the rows and the picture; else they are only printed")
    options = parser.parse_args()
    if options.quick:
        options.net, options.threads, options.batch, options.budget = ["resnet18"], [1], [1], ["uniform"]
    return options


def entries(options: argparse.Namespace) -> list[Entry]:
    """Dense engines, the dense net in C, and every ticket in C."""
    tickets = [
        Entry(engine, pattern, budget, sparsity)
        for budget in options.budget
        for engine, pattern in (WAYS[1:] if options.quick else WAYS)
        for sparsity in SPARSITIES
    ]
    return [*map(Entry, RIVALS if options.quick else DENSE), Entry("native"), Entry("native:int8"), *tickets]


def below_bar(rows: Sequence[Mapping[str, Any]], bar: Bar) -> int:
    """1 where a pattern is slower than its bar; says so in one line."""
    tickets = {row["sparsity"]: row for row in rows if row["pattern"] == bar.pattern}
    held = all((ratio(tickets[share], bar.arithmetic) or 0.0) >= least for share, least in bar.least.items())
    shares, least = (
        " / ".join(texts) for texts in ([f"{share:.0%}" for share in bar.least], map(str, bar.least.values()))
    )
    told = {name: " / ".join(_times(ratio(tickets[share], name)).strip() for share in bar.least) for name in TIMES}
    print(
        f"{bar.pattern} at {shares}: {told['float32']} the best dense float32 engine, {told['int8']} the best dense"
        f" int8 (bar in {bar.arithmetic} {least}: {'held' if held else 'MISSED'})"
    )
    return 0 if held else 1


class Net:
    """One net, prepared for every line once for all settings that can share the files."""

    def __init__(self, name: str, wanted: Sequence[Entry], folder: Path, *, pin: bool) -> None:
        self.name, self._entries, self._folder, self._pin = name, wanted, folder, pin
        self._network = Source.parse(f"torchvision:{name}").load(seed=0)
        self._subjects: dict[tuple[str, str, float, Setting], Subject] = {}
        self._files: dict[str, int] = {}
        self._operations: dict[str, float] = {}

    def measured(self, setting: Setting, seconds: float) -> list[dict[str, Any]]:
        """The rows of one setting, printed too."""
        print(f"\n{self.name}, {setting.threads} thread(s), batch {setting.batch}", flush=True)
        with ExitStack() as stack:
            workers: dict[Entry, Worker] = {}
            for entry in self._entries:
                try:
                    workers[entry] = self._worker(entry, setting, stack)
                except TombolaError as error:
                    print(f"  {entry.label}: left out: {str(error).splitlines()[0]}", flush=True)
            runs = _runs(workers, Plan(seconds=seconds, again=True))
            rows = [self._row(entry, setting, worker, runs[entry]) for entry, worker in workers.items()]
        return _with_ratios(rows)

    def _worker(self, entry: Entry, setting: Setting, stack: ExitStack) -> Worker:
        engine = Engine.parse(entry.engine)
        if missing := engine.missing():
            raise TombolaError(missing)
        # torch's file is for one batch, all others are for any batch and any number of threads
        folder = self._folder / (f"{entry.label} {setting.batch}" if engine.name == "torch" else entry.label)
        if not folder.exists():
            folder.mkdir()
            files = engine.prepare(self._subject(entry, setting), folder)
            self._files[entry.label] = sum(file.stat().st_size for file in files)
            self._operations[entry.label] = round(operations(self._network, self._masks(entry)), 4)
        worker = stack.enter_context(Worker(engine, folder, setting, range(setting.threads if self._pin else 0)))
        worker.load()
        return worker

    def _subject(self, entry: Entry, setting: Setting) -> Subject:
        """The same for every engine that runs the same weights, so that their ONNX file is made once."""
        name = (entry.pattern, entry.budget, entry.sparsity, setting)
        if name not in self._subjects:
            self._subjects[name] = Subject(self._network, self._masks(entry), setting)
        return self._subjects[name]

    def _masks(self, entry: Entry) -> Masks:
        if not entry.sparsity:
            return Masks({})
        weights = prunable(self._network.body, NETS[self.name])
        pattern, budget = Pattern.parse(entry.pattern), Budget.parse(entry.budget)
        return draw_masks(weights, entry.sparsity, pattern=pattern, budget=budget)

    def _row(self, entry: Entry, setting: Setting, worker: Worker, runs: Sequence[Run]) -> dict[str, Any]:
        calm = [run for run in runs if not run.interrupted]
        found, masks = times(calm or runs), self._masks(entry)
        reference = Reference(masked(self._network, masks), setting, self._folder)
        return {
            "net": self.name,
            "threads": setting.threads,
            "batch": setting.batch,
            "engine": entry.engine,
            "arithmetic": Engine.parse(entry.engine).arithmetic,
            "pattern": entry.pattern,
            "budget": entry.budget,
            "sparsity": entry.sparsity,
            "operations": self._operations[entry.label],
            "p50_ms": round(1e3 * found.p50, 4) if len(calm) >= ENOUGH else None,
            "best_ms": round(1e3 * found.best, 4),
            "processor_ms": round(1e3 * found.processor, 4),
            "runs": len(calm),
            "interrupted": len(runs) - len(calm),
            "bytes": self._files[entry.label],
            "difference": reference.difference(worker),
            "alike": reference.alike,
            "machine": processor(),
        }


def _runs(workers: Mapping[Entry, Worker], plan: Plan) -> dict[Entry, list[Run]]:
    """The runs of every line, in turns."""
    for worker in workers.values():
        worker.warm_up(plan.warmup)
    found = take_turns({entry.label: worker for entry, worker in workers.items()}, plan)
    return {entry: found[entry.label] for entry in workers}


def operations(network: Network, masks: Masks) -> float:
    """Which part of the multiply-adds of convolutions and linear layers is left."""
    layers = with_positions(network, prunable(network.body, ALL_WEIGHTS), blank(SIDE))
    counts = masks.counts()
    whole = {name: layer.shape.numel() * (layer.positions or 0) for name, layer in layers.items()}
    left = {name: all_ * counts[name][0] / counts[name][1] if name in counts else all_ for name, all_ in whole.items()}
    return sum(left.values()) / sum(whole.values())


def _with_ratios(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with how many times as fast as the best dense engine each is, in float32 and in int8: by medians, and by
    the processor's time.

    None where the machine was too busy to tell and where there is nothing to tell; the processor's time tells nothing
    of several threads.
    """
    for name, (clock, time) in TIMES.items():
        dense = [row for row in rows if not row["engine"].startswith("native") and row["arithmetic"] == name]
        best = min((row["p50_ms"] for row in dense if row["p50_ms"]), default=None)
        least = min((row["processor_ms"] for row in dense if row["threads"] == 1), default=None)
        for row in rows:
            timed = not row["alike"]
            row[clock] = round(best / row["p50_ms"], 3) if timed and best and row["p50_ms"] else None
            row[time] = round(least / row["processor_ms"], 3) if timed and least else None
    for row in rows:
        print("  " + line(row), flush=True)
    return rows


def line(row: Mapping[str, Any]) -> str:
    """One row as text."""
    what = " ".join(filter(None, (row["engine"], row["pattern"], row["budget"])))
    by_clock, by_processor = ([_times(row[both[place]]) for both in TIMES.values()] for place in (0, 1))
    timed = f"{row['p50_ms']:9.2f} ms {' '.join(by_clock)}" if row["p50_ms"] else f"{'busy':>28}"
    return (
        f"{what:32} {row['sparsity']:4.0%}  operations {row['operations']:6.1%}  {timed}"
        f"   processor {row['processor_ms']:9.2f} ms {' '.join(by_processor)}"
        f"   {row['bytes'] / 1e6:7.2f} MB  off by {row['difference']:.0e}"
    )


def _times(ratio: float | None) -> str:
    return " " * 7 if ratio is None else f"{ratio:6.2f}x"


if __name__ == "__main__":
    sys.exit(main())
