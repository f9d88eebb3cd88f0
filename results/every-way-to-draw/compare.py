"""Every level of one axis against a reference level, paired over all other axes and seeds, by sparsity.

    python results/every-way-to-draw/compare.py ROWS.jsonl AXIS REFERENCE [NAME=LEVEL ...]

For each level: the mean of the paired differences in accuracy and their standard deviation; then in how many cells (all
seeds of one combination) the mean over seeds is above the reference's / is above it by more than the standard
deviation of the seeds' differences / is below it by more. ``NAME=LEVEL`` looks at part of the rows, as in
``transfer=linear``.
"""

import sys
from collections import defaultdict
from pathlib import Path
from statistics import fmean, stdev

from tombola.rows import Row, Scalar, read_rows

SPARSITY = "draw.sparsity"


def main() -> None:
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    path, axis, reference, *only = sys.argv[1:]
    wanted = dict(text.split("=", 1) for text in only)
    rows = [row for row in read_rows(Path(path)) if all(str(row.cell[n]) == v for n, v in wanted.items())]
    levels = sorted({str(row.cell[axis]) for row in rows} - {reference})
    sparsities = sorted({float(str(row.cell[SPARSITY])) for row in rows})
    print(f"{len(rows)} rows {' '.join(only)}: {axis} against {reference}".replace("rows :", "rows:"))
    width = max(map(len, levels))
    print(f"{'':{width}}  " + "  ".join(f"{f'{100 * sparsity:g} %':^26}" for sparsity in sparsities))
    for level in levels:
        told = [_told(_differences(rows, axis, level, reference, sparsity)) for sparsity in sparsities]
        print(f"{level:{width}}  " + "  ".join(f"{text:^26}" for text in told))


def _differences(rows: list[Row], axis: str, level: str, reference: str, sparsity: float) -> list[list[float]]:
    """One list of paired differences, one a seed, for every combination of the other axes."""
    values: dict[tuple[tuple[str, Scalar], ...], dict[tuple[str, int], float]] = defaultdict(dict)
    for row in rows:
        if row.cell[SPARSITY] == sparsity:
            others = tuple(sorted((name, value) for name, value in row.cell.items() if name != axis))
            values[others][str(row.cell[axis]), row.seed] = row.value
    seeds = sorted({row.seed for row in rows})
    return [
        [found[level, seed] - found[reference, seed] for seed in seeds]
        for found in values.values()
        if all((name, seed) in found for name in (level, reference) for seed in seeds)
    ]


def _told(cells: list[list[float]]) -> str:
    if not cells:
        return "-"
    pairs = [value for cell in cells for value in cell]
    higher = sum(fmean(cell) > 0 for cell in cells)
    above, below = (sum(sign * fmean(cell) > stdev(cell) for cell in cells) for sign in (1, -1))
    spread = stdev(pairs) if len(pairs) > 1 else 0.0
    return f"{fmean(pairs):+.1f} ± {spread:.1f} ({higher}/{above}/{below} of {len(cells)})"


if __name__ == "__main__":
    main()
