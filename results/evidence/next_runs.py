"""What to run next, as commands: floors that are missing, claims without rows, more pretrainings."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from results.evidence.claim import Claim, command, study_of
from results.evidence.floors import BORROWED, CONTROLS, HAVE_NONE
from results.evidence.judged import Judged

GPU: Final = (
    "- On one GPU, in a quarter of an hour: `benchmarks/gpu.sh pack CARRIED` here,"
    " `benchmarks/gpu.sh run CARRIED OUT` there: Five pretrainings, standard AutoAttack"
)
MACHINES: Final = """\
Each goes on from its store. On more machines: `--runner ray://HEAD:10001` in place of `processes:2`, or
`--set repeat=0` here, `--set repeat=1` there, into one store."""
FLOORS: Final = (
    "**The dashes of *untrained* and *random*.** Random tickets are of the natural prior:"
    " a store that has it trains little."
)
ROWS: Final = "**Claims without rows.**"
UNITS: Final = "**More of the unit.** Five pretrainings a prior are above; of a study of the table one more is"


def next_runs(found: Sequence[Judged], without: Sequence[Claim]) -> str:
    """The studies that have no rows, with their commands and what they would decide; then what has no study."""
    waiting = _waiting(without)
    lines = [MACHINES, "", ROWS, "", GPU, *_lines({line: names for line, names in waiting.items() if line})]
    lines += [f"- No study yet: {'; '.join(waiting[''])}."] if "" in waiting else []
    if missing := floors_missing(found):
        lines += ["", FLOORS, "", *_lines(missing)]
    if short := [one.claim.recipe for one in found if not one.decided and "/" in one.claim.recipe]:
        more = command(short[0]).replace(" --runner", " --set pretrain_seed=1 --runner")
        lines += ["", f"{UNITS} `{more}/pretraining-1`, and so on to 4; no claim names those rows yet."]
    return "\n".join(lines)


def _waiting(without: Sequence[Claim]) -> dict[str, list[str]]:
    """By command, the claims that it makes rows for."""
    found: dict[str, list[str]] = {}
    for claim in without:
        for recipe in (claim.recipe, *claim.also):
            found.setdefault(command(recipe) if recipe else "", []).append(claim.name)
    return found


def floors_missing(found: Sequence[Judged]) -> dict[str, list[str]]:
    """By command, the claims whose controls it makes rows for; of differences of leads there are none."""
    recipes = {study_of(one.claim.recipe): one.claim.recipe for one in found}
    missing: dict[str, list[str]] = defaultdict(list)
    for one in found:
        lead = next(iter(one.finding.leads.values()), None)
        if lead is None or lead.of_leads or "untrained" not in one.claim.asked.controls:
            continue
        if set(one.beside(lead)) < set(CONTROLS):
            study = one.claim.study
            lender = BORROWED[study][0] if study in HAVE_NONE else study
            missing[floor_command(recipes[lender])].append(one.claim.name)
    return missing


def floor_command(recipe: str) -> str:
    """What makes the rows of a study's controls where they are looked for."""
    alone = (
        command(recipe).partition(" --out ")[0].replace(" --runner", " --set 'prior=untrained,random ticket' --runner")
    )
    return f"{alone} --out results/evidence/floor"


def _lines(found: Mapping[str, Sequence[str]]) -> list[str]:
    return [f"- `{line}`: {'; '.join(names)}" for line, names in found.items()]
