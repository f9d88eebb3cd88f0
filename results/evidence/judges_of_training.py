"""How claims about training a sparse net are judged: ToST's parts and its title. Written before any of their rows."""

from collections.abc import Sequence
from typing import Final

from results.evidence.judges import Finding, Judge, all_above
from results.evidence.leads import lead, where

from tombola.rows import Row

SPARSE: Final = ("95%", "97%", "98%", "99%")


def part_helps(part: str) -> Judge:
    """By a part's lead over plain training, on each mask at each sparsity: all must lead."""

    def judge(rows: Sequence[Row]) -> Finding:
        asked = where(rows, "accuracy", part=("plain", part))
        places = sorted({(str(row.cell["mask"]), str(row.cell["sparsity"])) for row in asked})
        leads = {}
        for mask, sparsity in places:
            here = where(asked, "accuracy", mask=mask, sparsity=sparsity)
            leads[f"{part}: {mask} at {sparsity}"] = lead(here, "part", part, "plain")
        return all_above(leads, len(asked))

    return judge


def any_mask(rows: Sequence[Row]) -> Finding:
    """By ToST's lead over plain training on each of five masks at 95 % and above: all must lead."""
    asked = [row for row in where(rows, "accuracy") if str(row.cell["mask"]).endswith(SPARSE)]
    masks = sorted({str(row.cell["mask"]) for row in asked})
    leads = {mask: lead(where(asked, "accuracy", mask=mask), "training", "ToST", "plain") for mask in masks}
    return all_above(leads, len(asked))
