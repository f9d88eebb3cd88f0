"""With the priors' names drawn anew in every cell and for every seed, nothing is left of any verdict."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from results.evidence.claim import Claim
from results.evidence.claims import JUDGED
from results.evidence.judged import judged

from tombola.rows import Row

DRAWN = 4


def permuted(rows: Sequence[Row], rng: np.random.Generator) -> list[Row]:
    """The same values under the priors' names in another order, in each cell and seed by itself; controls keep theirs.

    Outcomes are left out, so that an interval is never wider than the seeds make it: that makes verdicts easier.
    """
    places: dict[object, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        rest = tuple(sorted((axis, level) for axis, level in row.cell.items() if axis != "prior"))
        places[row.metric, rest, row.seed].append(place)
    found = list(rows)
    for here in places.values():
        names = [rows[place].cell["prior"] for place in here]
        for place, name in zip(here, rng.permutation(len(here)), strict=True):
            cell = {**rows[place].cell, "prior": names[name]}
            found[place] = rows[place].model_copy(update={"cell": cell, "outcomes": ""})
    return found


def verdicts(rows: dict[str, list[Row]], seed: int) -> list[str]:
    rng = np.random.default_rng(seed)
    files: dict[tuple[object, ...], list[Row]] = {}
    for claim in JUDGED:
        if _which(claim) not in files:
            files[_which(claim)] = permuted(rows[claim.name], rng)
    return [one.verdict for one in judged(JUDGED, {claim.name: files[_which(claim)] for claim in JUDGED})]


def _which(claim: Claim) -> tuple[object, ...]:
    return claim.study, tuple(claim.only)


def test_every_verdict_turns_to_undecided() -> None:
    """None stands in any drawing; a claim is undecided in most, as one in twenty leans by chance."""
    rows = {claim.name: claim.rows() for claim in JUDGED}
    found = [verdicts(rows, seed) for seed in range(DRAWN)]
    assert not [one for drawn in found for one in drawn if one.startswith(("holds", "does not hold"))]
    left = {claim.name: sum(not drawn[place].startswith("undecid") for drawn in found)
            for place, claim in enumerate(JUDGED)}  # fmt: skip
    assert max(left.values()) <= DRAWN // 2, left
    assert sum(left.values()) <= 0.1 * DRAWN * len(JUDGED), left
