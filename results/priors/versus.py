"""The paired verdict between two priors, sparsity by sparsity, on the rows of one property.

python results/priors/versus.py ROWS.jsonl LEFT RIGHT PROPERTY[@DETAIL=VALUE]
"""

import sys
from pathlib import Path

from tombola.rows import read_rows
from tombola.verdicts.paired import paired

SPARSITY = "draw.sparsity"


def main() -> None:
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    path, left, right, wanted = sys.argv[1:]
    measured, _, condition = wanted.partition("@")
    name, _, value = condition.partition("=")
    rows = [row for row in read_rows(Path(path)) if row.property == row.metric == measured]
    rows = [row for row in rows if not name or str(row.detail.get(name)) == value]
    for sparsity in sorted({float(str(row.cell[SPARSITY])) for row in rows}):
        here = [row for row in rows if row.cell[SPARSITY] == sparsity]
        sides = [[row for row in here if row.cell["prior"] == prior] for prior in (left, right)]
        print(f"{100 * sparsity:g} %: {paired(sides[0], sides[1], (left, right)).text}")


if __name__ == "__main__":
    main()
