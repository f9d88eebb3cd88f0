"""How fast the nets of results/accuracy-latency are, each in turns with the dense net in the fastest dense engine.

    tombola run results/accuracy-latency/study.yaml --runner processes:2 --out results
    python benchmarks/accuracy_latency.py --store tombola-store
    python results/accuracy-latency/page.py
    python benchmarks/accuracy_latency.py --quick       no store: ResNet-20 with random weights, stripe:4 at 83.2 %

Takes the finished nets of one seed out of the store, prepares each for every engine that could be the right one for it
(one thread; batch 1 and 8), and lets engines and yardsticks take turns of a tenth of a second. The yardstick is the
study's first net, dense, in the dense engine that was fastest on it in the same turns. Times are the processor's, which
on one thread are those of a machine with nothing else to do. A ratio is the median over the rounds of the yardstick's
median time over the engine's in the same round; its quartiles over the rounds are kept beside it. How a net was adapted
decides its weights' values and nothing of its speed. ``--net`` measures some of the nets anew and leaves the others'.

The bar: stripes of four at 83.2 % twice as fast as the dense net in the fastest dense engine, one thread, batch 1.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

from tombola.benching.asked import Reference
from tombola.benching.machine import processor
from tombola.benching.numbers import percentile
from tombola.benching.worker import Worker
from tombola.engines._base import Engine, Setting, Subject
from tombola.errors import TombolaError
from tombola.exporters._masked import masked
from tombola.masks.budgets._base import Budget
from tombola.masks.drawing import draw_masks
from tombola.masks.masks import Masks
from tombola.masks.patterns._base import Pattern
from tombola.models.files import load_network
from tombola.models.layers import layers_of
from tombola.models.network import Network
from tombola.models.prunable import prunable
from tombola.models.source import Source
from tombola.shown import ShownImages
from tombola.study.measuring import MeasureStage
from tombola.study.plan import Plan
from tombola.study.stage import MODEL, TICKET
from tombola.study.stages import TransferStage
from tombola.study.store import Store
from tombola.study.study import Study
from tombola.tickets.ticket import Ticket

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, it finds those beside it

from benchmarks.bars import Bar, closing, parsed

HERE: Final = Path(__file__).parent.parent / "results" / "accuracy-latency"
DENSE: Final = ("onnxruntime", "openvino", "torch", "torch:default")
SPARSE: Final = ("native", "shrunk:onnxruntime", "shrunk:openvino")
YARDSTICK: Final = "dense net in "
BARRED: Final = "stripe:4 0.832"
GOAL: Final = 2.0
CLOSE: Final = 1.25
"""Dense engines this near to the fastest one stay in the race."""

TURN: Final = 0.1


@dataclass(frozen=True)
class Net:
    """A finished net under its name in the study."""

    name: str
    network: Network
    masks: Masks

    @property
    def engines(self) -> tuple[str, ...]:
        """Those that could be the fastest: a dense engine gains nothing from a ticket that is not shrunk."""
        return SPARSE if self.masks.sparsity > 0 else (*DENSE, "native")


def main() -> int:
    """Measure, print, and keep the rows; 1 where the bar is missed."""
    options = arguments()
    if options.quick:
        return judged(
            measured(*drawn(), Setting(ShownImages((3, options.size, options.size)), 1, threads=1), options.rounds)
        )
    nets = list(finished(Plan.of(Study.read(options.study)), Store(options.store), options.seed))
    chosen = [net for net in nets if not options.net or net.name in options.net]
    if not nets or not chosen:
        sys.exit(f"no finished net of seed {options.seed} in {options.store}; run the study first")
    found: list[list[dict[str, Any]]] = []
    for batch in options.batch:
        setting = Setting(ShownImages((3, options.size, options.size)), batch, threads=1)
        for rows in measured(nets[0], chosen, setting, options.rounds):
            keep(options.out, rows)
            found.append(rows)
    return judged(found)


def judged(found: Iterable[list[dict[str, Any]]]) -> int:
    """The last line; a run of other nets than the one with a bar has none to miss."""
    rows = [row for rows in found for row in rows if (row["net"], row["engine"], row["batch"]) == (BARRED, "native", 1)]
    return closing(*(Bar(f"{BARRED} in C, times the dense net", row["ratio"], GOAL) for row in rows)) if rows else 0


def drawn() -> tuple[Net, list[Net]]:
    """A ResNet-20 with random weights, and what its ticket is compared with: speed does not ask for the values."""
    network = Source.parse("resnet20").load(num_classes=10, seed=0)
    weights = prunable(network.body, "cv_lth")
    layers, pattern = layers_of(network.body, weights), Pattern.parse("stripe:4")
    masks = draw_masks(weights, 0.832, pattern=pattern, budget=Budget.parse("uniform"), layers=layers)
    dense = Net("dense", network, Masks({}))
    return dense, [dense, Net(BARRED, network, masks)]


def arguments() -> argparse.Namespace:
    """What is measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--study", type=Path, default=HERE / "study.yaml")
    parser.add_argument("--store", type=Path, default=Path("tombola-store"))
    parser.add_argument("--out", type=Path, default=HERE / "latency.jsonl")
    parser.add_argument("--net", action="append", default=[], help="one of the study's nets; may be repeated")
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=25)
    return parsed(parser, rounds=8)


def finished(plan: Plan, store: Store, seed: int) -> Iterable[Net]:
    """The nets of a seed that the store has, in the study's order; of those adapted in two ways the first one."""
    seen: set[str] = set()
    for planned in plan.cells:
        measure, name = planned.measures[0], str(planned.cell.labels["net"])
        assert isinstance(measure, MeasureStage)
        if planned.cell.experiment.seed == seed and name not in seen and store.has(measure.finished.key):
            seen.add(name)
            yield net_of(name, measure.finished, store)


def net_of(name: str, stage: TransferStage, store: Store) -> Net:
    """The net a transfer left, and its ticket's masks."""
    network = load_network(stage.prior.model, store.folder(stage.key) / MODEL)
    return Net(name, network, Ticket.load(store.folder(stage.drawn.key) / TICKET).masks)


def measured(dense: Net, nets: Sequence[Net], setting: Setting, rounds: int) -> Iterable[list[dict[str, Any]]]:
    """The rows of every net."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ready = Loaded(dense, setting, folder / "yardsticks", DENSE).within(stack)
        first = {engine: median(seconds) for engine, seconds in in_turns(ready.workers, 3).items()}
        near = [engine for engine in first if first[engine] < CLOSE * min(first.values())]
        yardsticks = {YARDSTICK + engine: ready.workers[engine] for engine in near}
        print(f"batch {setting.batch}: {dense.name} in {' and '.join(near)} is what to beat")
        for number, net in enumerate(nets):
            with ExitStack() as inner:
                loaded = Loaded(net, setting, folder / str(number), net.engines).within(inner)
                turns = in_turns({**loaded.workers, **yardsticks}, rounds)
                best = min(yardsticks, key=lambda name: median(turns[name]))
                rows = [loaded.row(engine, best, turns) for engine in loaded.workers]
            for row in sorted(rows, key=lambda row: -float(row["ratio"])):
                print("  {net:24} {engine:20} {ms:8.3f} ms {ratio:6.2f}x ({low:.2f} to {high:.2f})".format(**row))
            yield rows


class Loaded:
    """A net in several engines, each in a process of its own; one that cannot run it is left out, with the reason."""

    def __init__(self, net: Net, setting: Setting, folder: Path, engines: Sequence[str]) -> None:
        self.net, self.setting, self.folder, self.engines = net, setting, folder, engines
        self.workers: dict[str, Worker] = {}
        self._told: dict[str, dict[str, Any]] = {}

    def within(self, stack: ExitStack) -> "Loaded":
        """Itself with its processes started, which end with the stack."""
        self.folder.mkdir(parents=True)
        reference = Reference(masked(self.net.network, self.net.masks), self.setting, self.folder)
        subject = Subject(self.net.network, self.net.masks, self.setting)
        for text in self.engines:
            try:
                engine, own = Engine.parse(text), self.folder / text.replace(":", "-")
                own.mkdir()
                files = engine.prepare(subject, own)
                worker = stack.enter_context(Worker(engine, own, self.setting))
                worker.load()
                worker.warm_up(5)
                size = sum(file.stat().st_size for file in files)
                self._told[text] = {"bytes": size, "difference": reference.difference(worker)}
                self.workers[text] = worker
            except TombolaError as error:
                print(f"  {self.net.name}: {text} is left out: {str(error).splitlines()[0]}", file=sys.stderr)
        return self

    def row(self, engine: str, yardstick: str, turns: Mapping[str, Sequence[float]]) -> dict[str, Any]:
        """What is kept of one engine."""
        ratios = [theirs / ours for theirs, ours in zip(turns[yardstick], turns[engine], strict=True)]
        return {
            "net": self.net.name,
            "engine": engine,
            "batch": self.setting.batch,
            "threads": self.setting.threads,
            "ms": round(1e3 * median(turns[engine]), 5),
            "ratio": round(median(ratios), 4),
            "low": round(percentile(ratios, 25), 4),
            "high": round(percentile(ratios, 75), 4),
            "rounds": len(ratios),
            "yardstick": yardstick.removeprefix(YARDSTICK),
            "yardstick_ms": round(1e3 * median(turns[yardstick]), 5),
            **self._told[engine],
            "machine": processor(),
        }


def in_turns(workers: Mapping[str, Worker], rounds: int) -> dict[str, list[float]]:
    """The median of the processor's seconds in every worker's turn of every round; another one begins each round."""
    found: dict[str, list[float]] = {name: [] for name in workers}
    names = list(workers)
    for _ in range(rounds):
        for name in names:
            found[name].append(median(run.processor for run in workers[name].time(TURN, 1_000_000)))
        names = [*names[1:], names[0]]
    return found


def keep(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Put the rows of a net and a batch in the place of those the file has."""
    ours = {(row["net"], row["batch"]) for row in rows}
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    others = [row for line in lines if ((row := json.loads(line))["net"], row["batch"]) not in ours]
    path.write_text("".join(json.dumps(row) + "\n" for row in [*others, *rows]), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
