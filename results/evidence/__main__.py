"""Write results/EVIDENCE.md from the stored rows, and say which numbers of the file as it was are not in them.

    python -m results.evidence            (make evidence)

Every number of the page is computed here, but for those in the claims' own words. The exit code is 1 where the file, or
the remarks written by hand, held a number that the rows do not give, or where rows are missing: the file is then as the
rows are, and the remarks are to be mended.
"""

import json
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from results.evidence.breakdown import breakdown
from results.evidence.claims import CLAIMS, Claim, Finding
from results.evidence.leads import Lead

from tombola.rows import Row, read_rows

HERE: Final = Path(__file__).parent
PAGE: Final = HERE.parent / "EVIDENCE.md"
REMARKS: Final = HERE / "remarks.md"
NUMBER: Final = re.compile(r"(?<![\w.-])[+-]?\d+(?:\.\d+)?")  # ResNet-20 is a name


def main() -> int:
    """Write the page; 0 where nothing was wrong with it."""
    missing = sorted({claim.recipe for claim in CLAIMS if not rows_file(claim.study).exists()})
    before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    remarks = REMARKS.read_text(encoding="utf-8")
    computed = page([claim for claim in CLAIMS if claim.recipe not in missing], "")
    found = [(PAGE, *stray) for stray in strays(before, computed + remarks)]
    found += [(REMARKS, *stray) for stray in strays(remarks, computed)]
    after = page([claim for claim in CLAIMS if claim.recipe not in missing], remarks)
    PAGE.write_text(after, encoding="utf-8")
    for file, line, number in found:
        print(f"{file.name}:{line}: {number} is not what the rows give", file=sys.stderr)
    for recipe in missing:
        print(f"no rows of {recipe}: {command(recipe)}", file=sys.stderr)
    print(f"{PAGE.name}: {len(CLAIMS)} claims, {'unchanged' if before == after else 'written'}")
    return 1 if found or missing else 0


def rows_file(study: str) -> Path:
    """Where a study's rows lie."""
    return HERE / study / "rows.jsonl"


def strays(before: str, after: str) -> list[tuple[int, str]]:
    """Each number of ``before``, with its line, that stands nowhere in ``after``."""
    known = set(NUMBER.findall(after))
    return [
        (line, number)
        for line, text in enumerate(before.splitlines(), 1)
        for number in NUMBER.findall(text)
        if number not in known
    ]


def command(recipe: str) -> str:
    """What makes a recipe's rows where they lie."""
    scale = "" if recipe.endswith(".yaml") else " --set scale=small"
    return f"tombola run {recipe}{scale} --runner processes:2 --out results/evidence"


def page(claims: Sequence[Claim], remarks: str) -> str:
    """The whole text, with what was written by hand."""
    rows = {study: read_rows(rows_file(study)) for study in dict.fromkeys(claim.study for claim in claims)}
    found = [(claim, claim.judge(rows[claim.study])) for claim in claims]
    parts = [_head(found), remarks.strip(), "## Each claim", *(_section(claim, what) for claim, what in found)]
    parts += ["## Lead by lead", *(_table(study, rows[study]) for study in rows), _origin(rows)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(found: Iterable[tuple[Claim, Finding]]) -> str:
    lines = [
        "# Evidence",
        "",
        "What the papers claim, tried on real images at small scale. Written by `make evidence` from the rows in",
        "[evidence](evidence); rules, priors and intervals are in [claims.py](evidence/claims.py) and",
        "[leads.py](evidence/leads.py). Leads are in points with 95 % intervals over seeds and test images; each",
        "prior was pretrained once, and how another pretraining would differ is in no interval.",
        "",
        "| claim | verdict | effect (95 % interval) | cells | seeds | recipe |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for claim, what in found:
        first = next(iter(what.leads.values()), None)
        effect = what.numbers[0] if what.numbers else told(first) if first else ""
        seeds, cells = (str(first.seeds), str(first.cells)) if first else ("3", str(what.runs))
        lines.append(f"| {claim.name} | **{what.verdict}** | {effect} | {cells} | {seeds} | `{claim.recipe}` |")
    return "\n".join(lines)


def told(found: Lead) -> str:
    """A lead as ``+1.23 (0.40 to 2.06)``."""
    return f"{found.mean:+.2f} ({found.interval.low:+.2f} to {found.interval.high:+.2f})"


def _section(claim: Claim, what: Finding) -> str:
    lines = [
        f"### {claim.name}: {what.verdict}",
        f"{claim.says} *Holds if* {claim.rule}. Rows: {what.runs}.",
        f"`{command(claim.recipe)}`",
        "",
    ]
    lines += [
        f"- {name}: {told(found)}; {found.cells} cells, {found.seeds} seeds" for name, found in what.leads.items()
    ]
    lines += [f"- {number}" for number in what.numbers]
    return "\n".join(lines)


def _table(study: str, rows: Sequence[Row]) -> str:
    return f"### {study}\n\n{text}" if (text := breakdown(rows)) else ""


def _origin(rows: dict[str, list[Row]]) -> str:
    """Versions and machine, as the runs said them."""
    about = [json.loads((HERE / study / "about.json").read_text(encoding="utf-8")) for study in rows]
    versions = sorted({", ".join(f"{name} {value}" for name, value in one["versions"].items()) for one in about})
    machines = sorted({_kind(one["machine"]) for one in about})
    return "\n".join(["## Where it was run", *(f"- {text}" for text in [*versions, *machines])])


def _kind(machine: object) -> str:
    if isinstance(machine, dict):
        return ", ".join(f"{name} {value}" for name, value in machine.items())
    return str(machine)


if __name__ == "__main__":
    sys.exit(main())
