"""A study's rows as one Markdown table: a line for each prior and sparsity, a column for each metric.

    python results/priors/table.py ROWS.jsonl AXIS METRIC[@DETAIL=VALUE] ...

Each entry is the mean over seeds and their standard deviation. ``adversarial_accuracy@attack=pgd`` looks only at the
rows whose detail says so.
"""

import sys
from pathlib import Path
from statistics import fmean, stdev

from tombola.rows import Row, read_rows

SPARSITY = "draw.sparsity"


def main() -> None:
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    path, axis, *metrics = sys.argv[1:]
    rows = read_rows(Path(path))
    sparsities = sorted({float(str(row.cell[SPARSITY])) for row in rows})
    levels = list(dict.fromkeys(str(row.cell[axis]) for row in rows))
    _line("sparsity", axis, *metrics)
    _line(*["---"] * (2 + len(metrics)))
    for sparsity in sparsities:
        for level in levels:
            here = [row for row in rows if row.cell[SPARSITY] == sparsity and row.cell[axis] == level]
            _line(f"{100 * sparsity:g} %", level, *(_told(here, metric) for metric in metrics))


def _line(*entries: str) -> None:
    print("| " + " | ".join(entries) + " |")


def _told(rows: list[Row], wanted: str) -> str:
    metric, _, condition = wanted.partition("@")
    name, _, value = condition.partition("=")
    asked = [row for row in rows if row.metric == metric and (not name or str(row.detail.get(name)) == value)]
    found = list({row.seed: row.value for row in asked}.values())  # two properties may tell the same metric
    if not found:
        return "-"
    return f"{fmean(found):.1f}" + (f" ± {stdev(found):.1f}" if len(found) > 1 else "")


if __name__ == "__main__":
    main()
