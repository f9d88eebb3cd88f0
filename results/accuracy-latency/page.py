"""Write README.md and accuracy-latency.png beside this file from rows.jsonl and latency.jsonl.

    python results/accuracy-latency/page.py [FOLDER]

What a pattern loses at a speed is read off its line (`lines.py`) for every seed, so its interval is Student's over
paired differences from the dense net.
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from math import isnan
from pathlib import Path
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from lines import DENSE, Net, families, lost_at, nets_of, speed_at

from tombola.colours import INK, LINE, MARKERS, QUIET, TONES, tones
from tombola.rows import Row, read_rows
from tombola.verdicts.intervals import interval_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HERE: Final = Path(__file__).resolve().parent
SPEEDS: Final = (1.5, 2.0, 3.0, 4.0, 5.0, 8.0)
HEADLINE: Final = (2.0, 3.0)
LOSSES: Final = (1.0, 2.0, 5.0, 10.0)
Found: TypeAlias = Mapping[str, Mapping[int, Sequence[Net]]]
"""The nets by how they were adapted and by batch."""

HEAD: Final = """
# Accuracy against measured latency

{found}

Which pattern buys most speed for a point of accuracy: a ResNet-20 pretrained on a hundred classes of Tiny-ImageNet, its
tickets adapted to 2,000 images of CIFAR-10 at 32x32; {seeds} seeds, {samples:,} test images, float32, one thread. The
study is [study.yaml](study.yaml); what follows from the numbers is told in
[speed-for-accuracy.md](../../docs/explanation/speed-for-accuracy.md).
```
tombola run results/accuracy-latency/study.yaml --runner processes:2 --out results
python benchmarks/accuracy_latency.py --store tombola-store
python results/accuracy-latency/page.py
```
![Accuracy against latency](accuracy-latency.png)
*Whiskers: the lowest and the highest seed. The line of a pattern passes by nets that another net of it beats in both.
The star is the dense net.*
"""
HOW: Final = """\
On {machines}.

Times are the processor's, on one thread, medians over rounds in which all engines took turns. "Times as fast" is
against the yardstick: the dense net in the dense engine that was fastest on it, at the shortest of the times it had
beside any of the nets. The column of dense engines is what a net gains without generated C: as it is, or shrunk.
Accuracy is the mean over seeds ± their standard deviation. What a pattern loses at a speed is read off its line for
every seed, ± half of a 95 % interval over seeds; each net was pretrained once, and no interval says how another
would differ. kB are what one ships for the engine named first. Every engine's line is in
[latency.jsonl](latency.jsonl), every seed's in [rows.jsonl](rows.jsonl)."""


def main(arguments: Sequence[str]) -> int:
    """Write both files; 0."""
    folder = Path(arguments[0]) if arguments else HERE
    rows = read_rows(folder / "rows.jsonl")
    timed = [json.loads(line) for line in (folder / "latency.jsonl").read_text(encoding="utf-8").splitlines()]
    batches = sorted({int(row["batch"]) for row in timed})
    ways = list(dict.fromkeys(str(row.cell["adapted"]) for row in rows))
    found = {way: {batch: nets_of(rows, timed, way, batch) for batch in batches} for way in ways}
    (folder / "README.md").write_text(page(rows, timed, found), encoding="utf-8")
    picture(found, folder / "accuracy-latency.png")
    if folder.resolve() == HERE:
        picture(found, HERE.parents[1] / "docs" / "pictures" / "accuracy-latency.png")
    return 0


def page(rows: Sequence[Row], timed: Sequence[Mapping[str, Any]], found: Found) -> str:
    """The whole text."""
    seeds, samples = len({row.seed for row in rows}), min(row.samples for row in rows)
    head = HEAD.format(seeds=seeds, samples=samples, found=" ".join(map(headline, found, found.values())))
    parts = [head.strip()]
    for way, by_batch in found.items():
        parts.append(f"## {way.capitalize()}")
        parts.append(every_net(by_batch))
        for batch, nets in by_batch.items():
            parts += [f"### Batch {batch}", *along_lines(nets)]
    machines = ", ".join(sorted({str(line["machine"]) for line in timed}))
    parts += ["## How it was measured", HOW.format(machines=machines)]
    return "\n\n".join(parts) + "\n"


def headline(way: str, by_batch: Mapping[int, Sequence[Net]]) -> str:
    """What loses least at twice and at three times the speed, on the first batch, and what is next."""
    batch, nets = next(iter(by_batch.items()))
    dense = next(net for net in nets if net.name == DENSE)
    told = []
    for speed in HEADLINE:
        lost = {family: lost_at(line, dense, speed) for family, line in families(nets).items()}
        means = sorted((fmean(points), family) for family, points in lost.items() if points)
        least = [f"{family} {points:.1f}" for points, family in means[:2]]
        told += [f"at {speed:g}x the speed {' and '.join(least)}"] if least else []
    return f"**Points of accuracy lost, least first, {way}, batch {batch}: {'; '.join(told)}.**"


def every_net(by_batch: Mapping[int, Sequence[Net]]) -> str:
    """A line a net: its accuracy, and its fastest engine at every batch."""
    timing = [
        text for batch in by_batch for text in (f"batch {batch}: engine", "ms", "times as fast", "in a dense engine")
    ]
    lines = _table("net", ["accuracy", "below dense (95 % interval)", *timing, "kB"])
    first, *others = by_batch.values()
    dense = next(net for net in first if net.name == DENSE)
    for net in sorted(first, key=lambda net: (net.family != DENSE, net.family, net.speed)):
        alike = [net, *(other for nets in others for other in nets if other.name == net.name)]
        timings = [text for one in alike for text in _timing(one)]
        size = f"{net.latency['bytes'] / 1000:.0f}"
        lines.append(_entries(net.name, [_mean(net), _below(net, dense), *timings, size]))
    return "\n".join(lines)


def along_lines(nets: Sequence[Net]) -> list[str]:
    """What each pattern loses at given speeds, and how fast each is at given losses."""
    dense = next(net for net in nets if net.name == DENSE)
    told = dense.latency
    lost = _table("points below dense at", [f"{speed:g}x" for speed in SPEEDS])
    fast = _table("times as fast at", [f"-{loss:g} points" for loss in LOSSES])
    for family, line in families(nets).items():
        lost.append(_entries(family, (_lost(lost_at(line, dense, speed)) for speed in SPEEDS)))
        fast.append(_entries(family, (_fast(speed_at(line, dense, loss)) for loss in LOSSES)))
    head = f"The yardstick is the dense net in {told['yardstick']}: {told['yardstick_ms']:.3f} ms."
    return [head, "\n".join(lost), "\n".join(fast)]


def _table(first: str, columns: Sequence[str]) -> list[str]:
    return [_entries(first, columns), _entries("---", ["---"] * len(columns))]


def _entries(first: str, others: Iterable[str]) -> str:
    return "| " + " | ".join([first, *others]) + " |"


def _timing(net: Net) -> list[str]:
    found, dense = net.latency, net.dense
    through = "" if dense is None else f"{dense['ratio']:.2f} {dense['engine']}"
    return [str(found["engine"]), f"{found['ms']:.3f}", f"{net.speed:.2f}", through]


def _below(net: Net, dense: Net) -> str:
    """With Student's interval over the seeds that both have."""
    lost = [dense.accuracy[seed] - net.accuracy[seed] for seed in sorted(set(net.accuracy) & set(dense.accuracy))]
    if net is dense or not lost:
        return ""
    if len(lost) < 2:
        return f"{fmean(lost):.1f}"
    found = interval_of(lost, 0.0, 0)
    return f"{fmean(lost):.1f} ({found.low:.1f} to {found.high:.1f})"


def _mean(net: Net) -> str:
    values = list(net.accuracy.values())
    return f"{fmean(values):.1f}" + (f" ± {stdev(values):.1f}" if len(values) > 1 else "")


def _lost(lost: Sequence[float] | None) -> str:
    """``3.1 ± 0.4``, half the width of Student's interval; a dash where the line does not reach so far."""
    if not lost:
        return "–"
    found = interval_of(lost, 0.0, 0) if len(lost) > 1 else None
    return f"{fmean(lost):.1f}" + (f" ± {(found.high - found.low) / 2:.1f}" if found else "")


def _fast(speed: float) -> str:
    return "–" if isnan(speed) else f"{speed:.2f}"


def picture(found: Found, out: Path) -> None:
    """A row of panels for each way of adapting, a column a batch: accuracy over speed, a line a pattern."""
    from matplotlib.figure import Figure

    batches = list(next(iter(found.values())))
    known = sorted({net.family for by_batch in found.values() for nets in by_batch.values() for net in nets} - {DENSE})
    canvas = Figure(figsize=(5.2 * len(batches), 3.7 * len(found) + 0.5), layout="constrained", facecolor="white")
    panels = canvas.subplots(len(found), len(batches), squeeze=False, sharey="row", sharex="col")
    for row, (way, by_batch) in zip(panels, found.items(), strict=True):
        row[0].set_ylabel("accuracy (%)")
        for panel, (batch, nets) in zip(row, by_batch.items(), strict=True):
            _draw(panel, nets, known)
            panel.set_title(f"{way}, batch {batch}", fontsize=10, loc="left")
    for panel in panels[-1]:
        panel.set_xlabel("times as fast as the dense net in the fastest dense engine", fontsize=9)
    shown = [panel.get_legend_handles_labels() for panel in panels[:, 0]]
    legend = {label: handle for handles, labels in shown for handle, label in zip(handles, labels, strict=True)}
    canvas.legend(legend.values(), legend.keys(), loc="outside upper left", ncols=4, frameon=False, fontsize=9)
    canvas.savefig(out, dpi=160)


def _draw(panel: "Axes", nets: Sequence[Net], known: Sequence[str]) -> None:
    for family, line in families(nets).items():
        place = tones(known)[known.index(family)]
        tone, marker = TONES[place % len(TONES)], MARKERS[place % len(MARKERS)]
        own = [net for net in nets if net.family == family]
        below = [net.mean - min(net.accuracy.values()) for net in own]
        above = [max(net.accuracy.values()) - net.mean for net in own]
        speeds, means = [net.speed for net in own], [net.mean for net in own]
        panel.errorbar(
            speeds, means, yerr=[below, above], fmt=marker, color=tone, ms=5, capsize=2, lw=1, mec="white", label=family
        )
        panel.plot([net.speed for net in line], [net.mean for net in line], color=tone, lw=1.6, alpha=0.8)
    dense = next(net for net in nets if net.name == DENSE)
    panel.plot([dense.speed], [dense.mean], marker="*", ms=11, color=INK, ls="none")
    panel.axvline(1.0, color=QUIET, lw=0.8, ls=(0, (2, 4)))
    panel.set_xscale("log", base=2)
    panel.xaxis.set_major_formatter("{x:g}x")
    panel.grid(color=LINE, lw=0.8)
    panel.set_axisbelow(True)
    for side in ("top", "right", "left"):
        panel.spines[side].set_visible(False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
