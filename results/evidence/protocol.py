"""Write docs/explanation/protocol.md from the claims: what is asked, of what, and when it counts as decided.

python -m results.evidence.protocol
"""

from pathlib import Path
from typing import Final

from results.evidence.claim import Claim
from results.evidence.claims import BY_PAPER, CLAIMS, JUDGED
from results.evidence.power import in_deviations

PAGE: Final = Path(__file__).parents[2] / "docs" / "explanation" / "protocol.md"

HEAD: Final = """\
# The protocol of the evidence

Written by `python -m results.evidence.protocol` from the claims in `results/evidence/papers`; a test holds the two in
step. {count} claims of seven papers are asked. {rows} have rows today, which the page `results/EVIDENCE.md` judges; the
rules of the others stand here before there is a row.

## What holds for all of them

- **The unit** is what a verdict speaks of. A claim about *kinds of pretraining* is decided by at least five
  pretrainings of each kind, paired by seed (same first weights, same order of images). Transfers
  of one pretraining are averaged first: its mean is one value. With fewer, a verdict is about *these nets* and says so.
- **The test** is Student's, two-sided, of the mean paired lead over the unit, with the noise of the test images added
  where rows say which images were right (degrees of freedom by Satterthwaite); never narrower than without it.
- **Holm's correction** is over all claims of the page that have rows: one wrong verdict among them has a chance below
  5 %. Rows that are added later make it harder, and can take back a verdict at the bar.
- **The floor**: untrained nets and random tickets are run through the same cells. Where both sides of an effect are
  within two points of a floor, the page says that little is between them.
- **Convergence**: finetuned rows count where training twice as long moves their mean by less than half a point.
- **Nothing is chosen on test images**: the prior, the radius and the sparsities that judge a claim are named here.
- **A null is a null of so much**: beside each claim stands what its n could show with a chance of 80 %, in standard
  deviations of the unit's paired differences here, in points on the page, once there are rows.
- **Without a p** (a count, an order) a claim leans and no more: Holm's correction has nothing to correct.
- **Order**: `python results/evidence/dates.py` shows from the history which rules stand before their rows; each claim
  below says which do not. How all are judged was changed once after rows, and made harder: by intervals where means had
  decided, and by Holm's correction.
"""

ORDER: Final = {
    "before": "committed before any row",
    "together": "committed together with its rows: the history shows no order",
    "after": "committed after the rows that judge it",
}


def text() -> str:
    """The whole page."""
    parts = [HEAD.format(count=len(CLAIMS), rows=len(JUDGED))]
    for paper in BY_PAPER:
        parts += [f"## {paper}", *(_section(claim) for claim in CLAIMS if claim.paper == paper)]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _section(claim: Claim) -> str:
    asked = claim.asked
    least = f"{in_deviations(asked.units):.2f} standard deviations can be shown"
    study = f"`{claim.recipe}`" if claim.recipe else "none yet"
    found = f" It reports: {claim.found}." if claim.found else ""
    return "\n".join([
        f"### {claim.name}",
        "",
        claim.says,
        "",
        f"- *Effect:* {asked.effect}.",
        f"- *Cells:* {asked.cells}.",
        f"- *Holds if* {claim.rule}, after Holm's correction.",
        f"- *Unit:* {asked.unit}, {asked.units} asked for: {least}.",
        f"- *Floor and controls:* {asked.controls}.",
        f"- *The paper's setting:* {asked.theirs}.{found}",
        f"- *Study:* {study}; rule {ORDER[claim.order]}.",
    ])  # fmt: skip


def main() -> None:
    """Write the page."""
    PAGE.write_text(text(), encoding="utf-8")
    print(f"{PAGE.name}: {len(CLAIMS)} claims")


if __name__ == "__main__":
    main()
