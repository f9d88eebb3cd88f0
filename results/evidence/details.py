"""The text of evidence/details.md: every lead of every claim, the means level by level, what attacked, what ran."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from results.evidence.breakdown import breakdown
from results.evidence.claim import HERE, Claim, command
from results.evidence.floors import controls
from results.evidence.judged import Judged
from results.evidence.leads import Lead
from results.evidence.wording import p_of, told_of

from tombola.rows import Row

HEAD = """\
# Evidence: every lead behind it

Written by `make evidence` from the stored rows, beside [EVIDENCE.md](../EVIDENCE.md)."""
LEVELS = """\
## Level by level

Means over seeds, in the metric's own unit; in brackets the lead over the first prior in points, with a star where its
own interval leaves 0 out. Among so many cells a star in twenty is chance."""


def details(claims: Sequence[Claim], found: Sequence[Judged], rows: Mapping[str, Sequence[Row]]) -> str:
    """The whole text; ``rows`` are each claim's, by its name."""
    by_study = {claim.study: rows[claim.name] for claim in claims}
    parts = [HEAD, *map(_section, found), LEVELS, *(_levels(study, rows) for study, rows in by_study.items())]
    parts += [
        _attacks(by_study.values()),
        _origin({file.with_name("about.json") for claim in claims for file in claim.files}),
    ]
    return "\n\n".join(part.strip() for part in parts if part.strip()) + "\n"


def _section(one: Judged) -> str:
    claim, what = one.claim, one.finding
    lines = [
        f"## {claim.name}: {one.verdict}",
        f"{claim.says} *Holds if* {claim.rule}, after Holm's correction. Rows: {what.runs}.",
        *(f"`{command(recipe)}`" for recipe in (claim.recipe, *claim.also)),
        "",
    ]
    lines += [f"- {name}: {_told(one, found)}" for name, found in what.leads.items()]
    lines += [f"- {number}" for number in (what.sum, *what.numbers) if number]
    return "\n".join(lines)


def _told(one: Judged, found: Lead) -> str:
    below = "".join(f", {name} {value:.1f}" for name, value in one.beside(found).items())
    count = f"{len(found.cells)} cell{'s' if len(found.cells) != 1 else ''}"
    levels = f"{found.left:.1f} against {found.right:.1f}{below}"
    least = f"a lead below {found.half:.2f} could not have shown"
    return f"{told_of(found)}, p {p_of(found.p)}; {levels}; {count}, {found.seeds} seeds, {found.covers}; {least}"


def _levels(study: str, rows: Sequence[Row]) -> str:
    text = breakdown(rows, controls(study, rows))
    return f"### {study}\n\n{text}" if text else ""


def _attacks(found: Iterable[Sequence[Row]]) -> str:
    """Which attacks stand behind adversarial accuracy."""
    details = {
        (str(row.detail["attack"]), row.detail.get("steps", ""), row.samples, 255 * float(str(row.detail["eps"])))
        for rows in found
        for row in rows
        if row.metric == "adversarial_accuracy"
    }
    told = [f"- {name}, {steps} steps, linf {eps:g}/255, {n} images" for name, steps, n, eps in sorted(details)]
    none = "No row of this page is of the standard AutoAttack, which may well leave less."
    text = none if all("autoattack" not in name for name, *_ in details) else ""
    return "\n".join(["## What attacked", *told, "", text])


def _origin(files: Iterable[Path]) -> str:
    """Versions and machine, as the runs said them."""
    about = [json.loads(file.read_text(encoding="utf-8")) for file in files if file.exists()]
    about += [json.loads(file.read_text(encoding="utf-8")) for file in (HERE / "floor").glob("*/about.json")]
    versions = sorted({", ".join(f"{name} {value}" for name, value in one["versions"].items()) for one in about})
    machines = sorted({_kind(one["machine"]) for one in about})
    return "\n".join(["## Where it was run", *(f"- {text}" for text in [*versions, *machines])])


def _kind(machine: object) -> str:
    if isinstance(machine, dict):
        return ", ".join(f"{name} {value}" for name, value in machine.items())
    return str(machine)
