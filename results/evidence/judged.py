"""Claims judged together: what each one's rows say, and what is left of it among all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from results.evidence.claim import Claim
from results.evidence.floors import controls, floor
from results.evidence.holm import holm
from results.evidence.judges import Finding
from results.evidence.leads import Lead

from tombola.rows import Row


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
        """In words that the rows allow: with fewer of the unit than asked for, it is one of these nets alone."""
        lean = self.finding.leaning
        if not self.passable:
            return "undecidable"
        if lean == "open":
            return "undecided"
        if not self.stands:
            return f"leans {lean}"
        return f"{'holds' if lean == 'for' else 'does not hold'}{'' if self.decided else ' on these nets'}"

    @property
    def stands(self) -> bool:
        """Whether it holds, or does not, among all claims."""
        return self.passable and self.finding.leaning != "open" and self.p is not None and self.p < 0.05

    @property
    def decided(self) -> bool:
        """Whether there are as many of the unit as the protocol asks for."""
        return self.units >= self.claim.asked.units

    @property
    def units(self) -> int:
        """How many of the unit stand behind the finding."""
        return self.finding.tasks or self.claim.units(self.seeds)

    @property
    def seeds(self) -> int:
        """The fewest seeds behind any of its leads; 3 where no lead decides, which is what every study has."""
        return min((one.seeds for one in self.finding.leads.values()), default=3)

    def beside(self, lead: Lead) -> dict[str, float]:
        """What the controls reach in the cells of a lead; a difference of leads has no floor."""
        return {} if lead.of_leads else floor(self.controls, self.finding.metric, lead.cells)


def judged(claims: Sequence[Claim], rows: Mapping[str, Sequence[Row]]) -> list[Judged]:
    """Every claim, all together: a claim without a test counts among them, as one that nothing speaks for.

    ``rows`` are each claim's, by its name.
    """
    found = {claim.name: claim.judge(rows[claim.name]) for claim in claims if claim.judge is not None}
    adjusted = holm({name: 1.0 if one.p is None else one.p for name, one in found.items()})
    return [
        Judged(
            claim,
            one := found[claim.name],
            None if one.p is None else adjusted[claim.name],
            controls(claim.study, rows[claim.name]),
            one.least_p * len(claims) < 0.05,
        )
        for claim in claims
    ]
