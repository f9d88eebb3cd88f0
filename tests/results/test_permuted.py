"""With names drawn anew in every cell and for every seed, nothing is left of any verdict."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import pytest
from results.evidence.claim import Claim
from results.evidence.claims import CLAIMS, JUDGED
from results.evidence.judged import judged
from results.evidence.judges import Judge
from results.evidence.judges_of_priors import bear_differently, masks_differ
from results.evidence.judges_of_search import joint_over, serves_as_well
from results.evidence.judges_of_texts import matches_between, no_early_gain, words_serve
from results.evidence.judges_of_vision import matches_everywhere, source_serves
from results.evidence.leads import SPARSITY

from tests.results.test_judges_of_priors import noisy, overlaps
from tests.results.test_judges_of_search import SEARCHED, joint, superticket
from tests.results.test_judges_of_search import nets as searched
from tests.results.test_judges_of_texts import rewound, tickets
from tests.results.test_judges_of_texts import served as words_served
from tests.results.test_judges_of_vision import probes, served, transfers
from tombola.rows import Row

DRAWN = 4
MADE = 10


def permuted(rows: Sequence[Row], rng: np.random.Generator, axis: str = "prior") -> list[Row]:
    """The same values under the names of an axis in another order, in each cell and seed by itself.

    Outcomes are left out, so that an interval is never wider than the seeds make it: that makes verdicts easier.
    """
    places: dict[object, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        rest = tuple(sorted((name, level) for name, level in row.cell.items() if name != axis))
        places[row.metric, rest, row.seed, row.detail.get("reference")].append(place)
    found = list(rows)
    for here in places.values():
        names = [rows[place].cell.get(axis) for place in here]
        for place, name in zip(here, rng.permutation(len(here)), strict=True):
            cell = {**rows[place].cell, axis: names[name]}
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


def made() -> dict[str, tuple[Judge, list[Row], str, list[Row]]]:
    """Of claims without rows: the judge, rows made up for it, the axis that is permuted, and rows that stay."""
    one, two = probes(supervised=20.0), probes(supervised=20.0, simclr=20.0)
    drawn = served(61.0)
    noise = noisy(supervised=2.0, simclr=1.0)
    nets = [*joint(1.0), *searched("search, then prune", SEARCHED)]
    words = tickets(sst2=(0.1, 20.0), cola=(0.5, 20.0))
    return {
        "matches": (matches_between, words, SPARSITY, []),
        "words": (words_serve, words_served(3.0, -3.0), "drawn on", []),
        "rewinding": (no_early_gain, rewound(-5.0), "drawn from", []),
        "cv matches": (matches_everywhere, transfers(0.1), SPARSITY, one),
        "cv universal": (source_serves, [row for row in drawn if row.cell["drawn on"] != "by chance"], "drawn on",
                         [*two, *(row for row in drawn if row.cell["drawn on"] == "by chance")]),
        "cv masks": (masks_differ, overlaps(40.0, 25.0, "supervised", "simclr"), "prior", two),
        "cv noise": (bear_differently, [row for row in noise if row.cell["prior"] != "untrained"], "prior",
                     [row for row in noise if row.cell["prior"] == "untrained"]),
        "joint": (joint_over("search, then prune"), [row for row in nets if row.metric == "accuracy"], "way",
                  [row for row in nets if row.metric == "macs"]),
        "transfer": (serves_as_well, superticket(a=-1.0, b=-1.0, c=-1.0), "ticket", []),
    }  # fmt: skip


@pytest.mark.parametrize("name", [*made()])
def test_nothing_is_left_of_the_verdict_of_a_claim_that_has_no_rows_yet(name: str) -> None:
    """Its rows as they were made lean one way; permuted, none would stand on a page of all claims, and few lean."""
    judge, rows, axis, kept = made()[name]
    assert judge([*rows, *kept]).leaning == "for"
    rng = np.random.default_rng(0)
    found = [judge([*permuted(rows, rng, axis), *kept]) for _ in range(MADE)]
    assert not [one for one in found if one.p is not None and one.leaning != "open" and one.p * len(CLAIMS) < 0.05]
    assert sum(one.leaning == "for" for one in found) <= 0.2 * MADE
    assert sum(one.leaning != "open" for one in found) <= MADE // 2
