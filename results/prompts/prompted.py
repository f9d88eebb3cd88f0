"""The page's tables: accuracy by search and sparsity, and what one search has over another with its interval.

python results/prompts/prompted.py [--rows ROWS] [--across ROWS]
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script, it finds those beside it

from results.evidence.judges_of_texts import asked_across
from results.evidence.leads import SPARSITY, lead, where
from results.evidence.wording import told_of
from results.marked import filled

from tombola.rows import Row, read_rows

HERE: Final = Path(__file__).parent
FEW_SHOT: Final = HERE.parent / "evidence" / "rlprompt-few-shot-small" / "rows.jsonl"
SEARCHES: Final = {"none": "no prompt", "manual": "`It was`", "random": "best of 64 random", "rl": "RLPrompt"}


def searched(rows: Sequence[Row]) -> Iterator[str]:
    """A line a sparsity and balance: each search's mean and standard deviation over splits; what `rl` has over luck."""
    yield f"| pruned | balanced on | {' | '.join(SEARCHES.values())} | RLPrompt over random |"
    yield "|---|---|" + "---|" * (len(SEARCHES) + 1)
    for calibrate in ("shots", "nothing"):
        for sparsity in sorted({float(str(row.cell[SPARSITY])) for row in rows}):
            here = where(rows, "accuracy", calibrate=calibrate, draw__sparsity=sparsity)
            told = [_mean([row for row in here if row.cell["search"] == search]) for search in SEARCHES]
            ahead = told_of(lead(here, "search", "rl", "random"))
            yield f"| {sparsity:.0%} | {calibrate} | {' | '.join(told)} | {ahead} |"


def across(rows: Sequence[Row]) -> Iterator[str]:
    """A line a net that is asked, a column a net that the prompt was found on."""
    asked = asked_across(rows)
    sources = sorted({str(row.cell["found at"]) for row in asked}, key=lambda said: float(said.rstrip("%")))
    yield f"| asked of | {' | '.join(f'found at {source}' for source in sources)} |"
    yield "|---|" + "---|" * len(sources)
    for sparsity in sorted({float(str(row.cell[SPARSITY])) for row in asked}):
        here = where(asked, "accuracy", draw__sparsity=sparsity)
        told = [_mean([row for row in here if row.cell["found at"] == source]) for source in sources]
        yield f"| {sparsity:.0%} | {' | '.join(told)} |"


def _mean(rows: Sequence[Row]) -> str:
    values = [row.value for row in rows]
    return f"{fmean(values):.1f} ± {stdev(values):.1f}"


def main() -> None:
    """Put the tables into the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=Path, default=FEW_SHOT)
    parser.add_argument("--across", type=Path, default=HERE / "across.jsonl")
    options = parser.parse_args()
    page = HERE / "README.md"
    text = filled(page.read_text(encoding="utf-8"), "searched", "\n".join(searched(read_rows(options.rows))))
    text = filled(text, "across", "\n".join(across(read_rows(options.across))))
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
