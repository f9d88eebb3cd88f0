"""Each way's paired difference to plain finetuning within its pattern and sparsity, corrected for being many.

python results/winning-back/patterns.py [--rows results/winning-back/patterns.jsonl]
python results/winning-back/patterns.py --rows results/winning-back/blocks.jsonl --against block:1x4 --table blocks
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script, it finds those beside it

from results.evidence.holm import holm
from results.intervals import with_interval
from results.marked import filled

from tombola.rows import Row, read_rows
from tombola.verdicts.intervals import interval_of, p_value

HERE: Final = Path(__file__).parent
DENSE, PLAIN, LONGER = "dense", "plain", "longer"


@dataclass(frozen=True)
class Line:
    """A way in one setting: accuracies by seed, and its differences to plain where it is not plain itself."""

    setting: str
    way: str
    accuracy: float
    leads: Sequence[float] = ()

    @property
    def judged(self) -> bool:
        """Whether the rule is about it: two seeds at least, and as many steps as plain."""
        return len(self.leads) > 1 and self.way != LONGER

    @property
    def p(self) -> float:
        """How likely so large a mean difference is where there is none."""
        return p_value(self.leads, 0.0, 0)

    def verdict(self, corrected: float) -> str:
        """The rule's words."""
        found = interval_of(self.leads, 0.0, 0)
        if found.low <= 0 <= found.high:
            return "undecided"
        better = found.low > 0
        if corrected < 0.05:
            return "wins" if better else "loses"
        return f"leans {'for' if better else 'against'}"


def lines_of(rows: Sequence[Row], plain: str = PLAIN) -> list[Line]:
    """Every way of every setting, in the order of the rows, with its leads over ``plain``; the dense net first."""
    found: dict[tuple[str, str], dict[int, float]] = defaultdict(dict)
    for row in rows:
        setting, _, way = str(row.cell["way"]).partition(", ")
        found[setting, way or DENSE][row.seed] = row.value
    return [
        Line(*name, fmean(told.values()), [] if name[1] == plain else _leads(told, found.get((name[0], plain))))
        for name, told in found.items()
    ]


def _leads(told: Mapping[int, float], plain: Mapping[int, float] | None) -> list[float]:
    if plain is None:
        return []
    return [told[seed] - plain[seed] for seed in sorted(told) if seed in plain]


def table(lines: Sequence[Line], plain: str = PLAIN) -> Iterator[str]:
    """In Markdown, with Holm's correction over all that the rule is about."""
    corrected = holm({f"{one.setting}, {one.way}": one.p for one in lines if one.judged})
    setting = "pattern, pruned" if plain == PLAIN else "pruned"
    yield f"| {setting} | way | accuracy | against {plain}, points | verdict |"
    yield "|---|---|---|---|---|"
    for one in lines:
        said, gain = "", ""
        if len(one.leads) > 1:
            gain = with_interval(one.leads)
            said = one.verdict(corrected[f"{one.setting}, {one.way}"]) if one.judged else "twice the steps"
        yield f"| {one.setting} | {'' if one.way == DENSE else one.way} | {one.accuracy:.2f} | {gain} | {said} |"


def main() -> None:
    """Put the table between the page's marks of that name."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=Path, default=HERE / "patterns.jsonl")
    parser.add_argument("--against", default=PLAIN, help="the way that all others of a setting are held against")
    parser.add_argument("--table", default="patterns", help="which table of README.md")
    asked = parser.parse_args()
    page = HERE / "README.md"
    found = "\n".join(table(lines_of(read_rows(asked.rows), asked.against), asked.against))
    page.write_text(filled(page.read_text(encoding="utf-8"), asked.table, found), encoding="utf-8")
    print(found)


if __name__ == "__main__":
    main()
