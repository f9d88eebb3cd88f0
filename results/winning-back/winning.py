"""Each way's paired difference to plain finetuning, with its interval, from the rows of this folder; writes the table.

python results/winning-back/winning.py [--rows results/winning-back/resnet20.jsonl]
"""

import argparse
import statistics
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script, it finds those beside it

from results.marked import filled

from tombola.rows import Row, read_rows
from tombola.verdicts.intervals import interval_of

HERE = Path(__file__).parent
DENSE = "dense"
"""What nothing pruned answers after as many steps: what there is to win back, and no way of doing so."""


def differences(rows: Sequence[Row], plain: str = "plain") -> dict[str, list[float]]:
    """Of each way: its accuracy minus plain's, for every seed that has both."""
    found: dict[str, dict[int, float]] = defaultdict(dict)
    for row in rows:
        found[str(row.cell["way"])][row.seed] = row.value
    base = found[plain]
    return {way: [values[one] - base[one] for one in sorted(values) if one in base] for way, values in found.items()}


def interval(values: Sequence[float], level: float = 0.95) -> tuple[float, float, float]:
    """The mean, and the ends of Student's interval; not a number with fewer than two values."""
    mean = statistics.fmean(values)
    if len(values) < 2:
        return mean, float("nan"), float("nan")
    found = interval_of(values, 0.0, 0, level)
    return mean, found.low, found.high


def verdict(low: float, high: float) -> str:
    """What the rule says."""
    if low > 0:
        return "wins"
    return "loses" if high < 0 else "undecided"


def table(rows: Sequence[Row]) -> str:
    """The ways in Markdown."""
    means = accuracies(rows)
    lines = ["| way | accuracy | against plain, points | seeds | verdict |", "|---|---|---|---|---|"]
    for way, values in differences(rows).items():
        mean, low, high = interval(values)
        gain = "" if way == "plain" else f"{mean:+.2f} ({low:+.2f} to {high:+.2f})"
        said = "" if way in ("plain", DENSE) else verdict(low, high)
        lines.append(f"| {way} | {means[way]:.2f} | {gain} | {len(values)} | {said} |")
    return "\n".join(lines)


def accuracies(rows: Sequence[Row]) -> Mapping[str, float]:
    """The mean accuracy of each way."""
    found: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        found[str(row.cell["way"])].append(row.value)
    return {way: statistics.fmean(values) for way, values in found.items()}


def main() -> None:
    """Put the table into the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=Path, default=HERE / "resnet20.jsonl")
    page, text = HERE / "README.md", table(read_rows(parser.parse_args().rows))
    page.write_text(filled(page.read_text(encoding="utf-8"), "table", text), encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
