"""The text of EVIDENCE.md from rows: every number of it is computed here, but for those in the claims' own words."""

from collections.abc import Sequence

from results.evidence.claim import Claim
from results.evidence.judged import Judged
from results.evidence.leads import Lead
from results.evidence.next_runs import next_runs
from results.evidence.pictures import file_of
from results.evidence.power import effect_of
from results.evidence.wording import effect, p_of, table, told_of

HEAD = """\
# Evidence

What the papers claim, tried on real images at small scale. Written by `make evidence`, which fails on any number that
the [stored rows](evidence) do not give. Hypotheses, units, controls, tests:
[the protocol](../docs/explanation/protocol.md).
Every lead, the means level by level, attacks and machines: [details](evidence/details.md).

**In one breath.** {sum}
*Every prior was pretrained once*, where the protocol asks for five: a verdict is about these nets, and how other
pretrainings would differ is in no interval. {without} further claims of seven papers have rules and no rows.

**Words.** **Holds** and **does not hold** pass Holm's correction over the {count} claims of the table: one wrong
verdict among all has a chance below 5 %. **Leans** leaves 0 out of its own 95 % interval alone, which among so
many happens by chance; **undecided** does not; **undecidable** could not have passed whatever the rows had said.

**Columns.** *Left* and *right*: the means the effect is between, in per cent (of a difference of leads, the two leads).
*Untrained*: the same net with random weights; *random*: the natural prior with as many weights kept by chance; a dash
where it was not run (*What to run next* says by which command) or where the dense net is what a win is against. An
effect between two nets near these says little. *n*: of the unit that the claim is about, of as many as the protocol
asks for; then seeds of drawing and transfer. *p*: two-sided, alone; *Holm*: among all. *80 %*: the effect these rows
would have shown with that chance, taken alone (`python results/evidence/power.py`). *The paper's*: what it reports in
its own setting, which is below. Intervals cover seeds and test images; those with a star cover seeds only."""

COLUMNS = (
    "claim",
    "verdict",
    "left",
    "right",
    "untrained",
    "random",
    "effect (95 %)",
    "n",
    "p",
    "Holm",
    "80 %",
    "the paper's",
)


def page(found: Sequence[Judged], without: Sequence[Claim]) -> str:
    """The whole text but for what was written by hand; ``without`` are the claims that have no rows."""
    head = HEAD.format(sum=_sum(found), count=len(found), without=len(without))
    papers = list(dict.fromkeys(one.claim.paper for one in found))
    parts = [head]
    for paper in papers:
        parts += [f"## {paper}", table(COLUMNS, [_line(one) for one in found if one.claim.paper == paper])]
    parts += [
        PICTURES,
        _pictures(found),
        "## Scale, here and there",
        _scales(found),
        NOWHERE,
        _nowhere(found),
        NEXT,
        next_runs(found, without),
        CHECK,
    ]
    return "\n\n".join(part.strip() for part in parts if part.strip()) + "\n"


def with_remarks(text: str, remarks: str) -> str:
    """A page with what was written by hand, before what held nowhere."""
    return text.replace(f"\n\n{NOWHERE}\n", f"\n\n{remarks.strip()}\n\n{NOWHERE}\n", 1)


PICTURES = """\
## Pictures

![Every effect with its interval](evidence/pictures/effects.svg)

What each prior of a decided claim reaches, over all sparsities of its study (means, one standard deviation, seeds):"""
NOWHERE = "## What held nowhere"
NEXT = "## What to run next"
CHECK = """\
## To check this page

1. `make evidence` writes it anew from the rows, and fails where it held a number they do not give.
2. `python results/evidence/dates.py`: which rules were committed before their rows, and which were not.
3. `python results/evidence/power.py`: what each claim's n could have shown, alone and at Holm's bar.
4. `pytest tests/results`: the same tests on made-up rows worked by hand, and on the stored rows with the priors' names
   drawn anew, where nothing is left of any verdict.
5. `python results/evidence/rerun.py`: three studies from empty stores, byte for byte, and their verdicts on another
   instruction set ([what came out](evidence/rerun.md)).
6. Any claim's command in [details](evidence/details.md) makes its rows again."""


def _sum(found: Sequence[Judged]) -> str:
    kinds = {"holds": "holds", "does not hold": "does not hold", "leans for": "leans for",
             "leans against": "leans against", "undecid": "open"}  # fmt: skip
    counts = [f"{word} {sum(one.verdict.startswith(kind) for one in found)}" for kind, word in kinds.items()]
    return f"Of {len(found)} claims with rows: {', '.join(counts)}."


def _line(one: Judged) -> list[str]:
    first = next(iter(one.finding.leads.values()), None)
    told = one.finding.sum or (told_of(first) if first else "")
    levels = ["", "", "", ""] if one.finding.sum or first is None else _levels(one, first)
    star = "\\*" if first and not one.finding.sum and not first.images else ""
    ps, least = [p_of(one.finding.p), p_of(one.p)], effect(effect_of(one.finding))
    return [one.claim.name, f"**{one.verdict}**", *levels, told + star, _n(one), *ps, least, one.claim.found]


def _levels(one: Judged, found: Lead) -> list[str]:
    below = one.beside(found)
    controls = [f"{below[name]:.1f}" if name in below else "–" for name in ("untrained", "random ticket")]
    return [f"{found.left:.1f}", f"{found.right:.1f}", *controls]


def _pictures(found: Sequence[Judged]) -> str:
    """One for each claim that holds, or does not."""
    drawn = [one for one in found if one.stands and one.finding.leads]
    return "\n\n".join(f"![{one.claim.name}: {one.verdict}](evidence/pictures/{file_of(one)})" for one in drawn)


def _n(one: Judged) -> str:
    return f"{one.units} of {one.claim.asked.units}; {one.seeds}"


def _scales(found: Sequence[Judged]) -> str:
    """A line for each net and what the paper has in its place."""
    pairs = [(one.claim.asked.cells.partition(";")[0], one.claim.asked.theirs.partition(";")[0]) for one in found]
    return table(("here", "the paper's", "claims"), [[*pair, str(pairs.count(pair))] for pair in dict.fromkeys(pairs)])


def _nowhere(found: Sequence[Judged]) -> str:
    """Claims by how little is left of them."""
    kinds = {"does not hold": "Shown not to", "leans against": "Leaning against", "undecid": "Open"}
    lines = [(word, [one for one in found if one.verdict.startswith(kind)]) for kind, word in kinds.items()]
    return "\n".join(f"- *{word}:* {'; '.join(one.claim.name for one in ones)}." for word, ones in lines if ones)
