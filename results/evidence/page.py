"""The text of EVIDENCE.md from rows: every number of it is computed here, but for those in the claims' own words."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from results.evidence.breakdown import breakdown
from results.evidence.claims import HERE, Claim
from results.evidence.floors import controls, floor
from results.evidence.holm import holm
from results.evidence.judges import Finding
from results.evidence.leads import Lead

from tombola.rows import Row

HEAD = """\
# Evidence

What the papers claim, tried on real images at small scale. Written by `make evidence` from the rows in
[evidence](evidence); rules and priors are in [claims.py](evidence/claims.py), how they are judged in
[judges.py](evidence/judges.py).

**How far it reaches.** The unit that is repeated is the seed of drawing and transfer, three times. *Every prior was
pretrained once*: a verdict is about these pretrained nets, and how other pretrainings would differ is in no interval.
Leads are in points with 95 % intervals (Student's over seeds, with the noise of the test images added where the rows
say which images were right; the table says where they do not). p is two-sided, of the same statistic as the interval;
of several leads, of the rule that joins them. The {count} claims of this page are judged together by Holm's method, so
that one wrong verdict among all has a chance below 5 %: **holds here** and **does not hold here** pass it, on these
nets; **leans for** and **leans against** leave 0 out of their own interval alone, which among so many claims happens by
chance; **undecided** does not; **undecidable** could not have passed whatever the rows had said.

**The floor.** *Untrained* is the same net with random weights, pruned and adapted in the same way; *random ticket* is
the natural prior with as many weights kept in each layer, by chance. A lead between two nets near it says little.
Left and right are the means that the lead is between; of a difference of leads, the two leads.
"""


@dataclass(frozen=True)
class Judged:
    """A claim, what its rows say, and its p among all claims' (None where no test is made)."""

    claim: Claim
    finding: Finding
    p: float | None
    controls: Sequence[Row]
    passable: bool
    """Whether the least p so few rows can give would have passed."""

    @property
    def verdict(self) -> str:
        """In words that the rows allow."""
        lean, sure = self.finding.leaning, self.p is not None and self.p < 0.05
        if not self.passable:
            return "undecidable"
        if lean == "open":
            return "undecided"
        if sure:
            return "holds here" if lean == "for" else "does not hold here"
        return f"leans {lean}"

    def beside(self, lead: Lead) -> dict[str, float]:
        """What the controls reach in the cells of a lead."""
        return floor(self.controls, self.finding.metric, lead.cells)


def judged(claims: Sequence[Claim], rows: Mapping[str, Sequence[Row]]) -> list[Judged]:
    """Every claim, all together: a claim without a test counts among them, as one that nothing speaks for."""
    found = {claim.name: claim.judge(rows[claim.study]) for claim in claims}
    adjusted = holm({name: 1.0 if one.p is None else one.p for name, one in found.items()})
    return [
        Judged(
            claim,
            one := found[claim.name],
            None if one.p is None else adjusted[claim.name],
            controls(claim.study, rows[claim.study]),
            one.least_p * len(claims) < 0.05,
        )
        for claim in claims
    ]


def page(claims: Sequence[Claim]) -> str:
    """The whole text but for what was written by hand."""
    rows = {claim.study: claim.rows() for claim in claims}
    found = judged(claims, rows)
    parts = [HEAD.format(count=len(claims)), _table(found), EACH]
    parts += [_section(one) for one in found]
    parts += ["## Level by level", LEVELS, *(_levels(study, rows[study]) for study in rows)]
    parts += [_attacks(rows.values()), _origin({claim.file.with_name("about.json") for claim in claims})]
    return "\n\n".join(part.strip() for part in parts if part.strip()) + "\n"


def with_remarks(text: str, remarks: str) -> str:
    """A page with what was written by hand, between the table and the claims."""
    return text.replace(f"\n\n{EACH}\n", f"\n\n{remarks.strip()}\n\n{EACH}\n", 1)


EACH = "## Each claim"
LEVELS = """\
Means over seeds, in the metric's own unit; in brackets the lead over the first prior in points, with a star where its
own interval leaves 0 out. Among so many cells a star in twenty is chance."""


def _table(found: Iterable[Judged]) -> str:
    head = ["claim", "verdict", "lead (95 % interval)", "p", "Holm", "left", "right", "untrained", "random", "covers"]
    lines = [head, ["---"] * len(head)]
    for one in found:
        first = next(iter(one.finding.leads.values()), None)
        told = one.finding.sum or (told_of(first) if first else "")
        ps = [_p(one.finding.p), _p(one.p)]
        beside = (
            ["", "", "", "", first.covers if first else ""] if one.finding.sum or not first else _beside(one, first)
        )
        lines.append([one.claim.name, f"**{one.verdict}**", told, *ps, *beside])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _beside(one: Judged, found: Lead) -> list[str]:
    below = one.beside(found)
    controls = [f"{below[name]:.1f}" if name in below else "–" for name in ("untrained", "random ticket")]
    return [f"{found.left:.1f}", f"{found.right:.1f}", *controls, found.covers]


def told_of(found: Lead) -> str:
    """A lead as ``+1.23 (+0.40 to +2.06)``."""
    return f"{found.mean:+.2f} ({found.interval.low:+.2f} to {found.interval.high:+.2f})"


def _p(p: float | None) -> str:
    return "–" if p is None else "below 0.001" if p < 0.001 else f"{p:.3f}"


def command(recipe: str) -> str:
    """What makes a recipe's rows where they lie."""
    scale = "" if recipe.endswith(".yaml") else " --set scale=small"
    out = "" if recipe.startswith("results/every-way") else " --out results/evidence"
    return f"tombola run {recipe}{scale} --runner processes:2{out}"


def _section(one: Judged) -> str:
    claim, what = one.claim, one.finding
    lines = [
        f"### {claim.name}: {one.verdict}",
        f"{claim.says} *Holds if* {claim.rule}, after Holm's correction. Rows: {what.runs}.",
        f"`{command(claim.recipe)}`",
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
    return f"{told_of(found)}, p {_p(found.p)}; {levels}; {count}, {found.seeds} seeds, {found.covers}; {least}"


def _levels(study: str, rows: Sequence[Row]) -> str:
    text = breakdown(rows, controls(study, rows))
    return f"### {study}\n\n{text}" if text else ""


def _attacks(found: Iterable[Sequence[Row]]) -> str:
    """Which attacks stand behind adversarial accuracy."""
    details = {
        (str(row.detail["attack"]), row.detail["steps"], row.samples, 255 * float(str(row.detail["eps"])))
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
