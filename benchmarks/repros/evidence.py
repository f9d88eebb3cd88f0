"""Evidence: masks learned at their own rate, verdicts by intervals, many claims at once, floors, leads seed by seed."""

from pathlib import Path

from benchmarks.repros.finding import expect, finding
from results.evidence.claims import CLAIMS, JUDGED
from results.evidence.judged import Judged, judged
from results.evidence.judges import leaning
from results.evidence.leads import gap, lead

from tombola.recipes import _small
from tombola.recipes._lookup import recipe
from tombola.rows import Row
from tombola.schemes.lmp import LMP
from tombola.verdicts.matching import matching

SMALL = Path(_small.__file__)


def _rows(prior: str, *values: float) -> list[Row]:
    def one(seed: int, value: float) -> Row:
        told = {"property": "mean_iou", "metric": "mean_iou", "value": value, "unit": "%", "samples": 100}
        return Row(cell={"prior": prior}, seed=seed, **told)

    return [one(seed, value) for seed, value in enumerate(values)]


def _judged() -> list[Judged]:
    return judged(JUDGED, {claim.name: claim.rows() for claim in JUDGED})


@finding("S1", "masks are learned at the scheme's own rate")
def own_rate(_: Path) -> str:
    """The recipe says no rate of its own, at neither scale, and the verdict is from rows at that rate."""
    drawn = [cell.experiment.draw for cell in recipe("robust-tickets/fig5").cells()]
    rates = {scheme.fit.optimizer == LMP().fit.optimizer for scheme in drawn if isinstance(scheme, LMP)}
    expect(rates == {True}, "robust-tickets/fig5 learns masks at another rate")
    text = (SMALL.parent / "robust_tickets" / "fig5.py").read_text(encoding="utf-8")
    expect("optimizer" not in text, "robust-tickets/fig5 writes an optimizer of its own")
    (learned,) = [claim for claim in CLAIMS if claim.name == "Learned masks"]
    assert learned.judge is not None
    found = next(iter(learned.judge(learned.rows()).leads.values()))
    expect(leaning(found) == "against", f"learned masks: {found.mean:+.2f}")
    return f"{len(drawn)} cells at rate 0.1; the lead is {found.mean:+.2f}"


@finding("S4", "a match is decided by its interval")
def by_interval(_: Path) -> str:
    """A mean 0.01 points below its bar, of seeds a point apart, decides nothing."""
    dense = _rows("dense", 88.0, 90.0, 92.0)
    found = matching(
        [row.model_copy(update={"cell": {"prior": "dense"}}) for row in _rows("x", 86.99, 87.99, 88.99)], dense
    )
    expect((found.outcome, found.by_means) == ("undecided", "no"), found.text)
    (order,) = [one for one in _judged() if one.claim.name == "Double wins by pretraining"]
    expect(order.verdict == "undecided", f"the order of double wins {order.verdict}")
    return found.text[:60]


@finding("S5", "claims are judged together")
def together(_: Path) -> str:
    """No verdict of the page stands by its own interval alone."""
    found = _judged()
    sure = [one for one in found if one.verdict.startswith(("holds", "does not hold"))]
    expect(all(one.p is not None and one.p < 0.05 for one in sure), "a verdict stands without Holm's correction")
    alone = [one for one in found if one.finding.leaning != "open"]
    expect(len(sure) < len(alone), "Holm's correction takes nothing back")
    return f"{len(alone)} of {len(found)} leave 0 out alone, {len(sure)} among all"


@finding("S6", "recipes have controls")
def floors(_: Path) -> str:
    """An axis of priors for one-shot tickets ends with what they must beat."""
    names = list(_small.with_floor("natural"))
    expect(names == ["natural", "untrained", "random ticket"], f"the axis is {names}")
    used = [
        file.stem for file in sorted(SMALL.parent.glob("*/*.py")) if "with_floor(" in file.read_text(encoding="utf-8")
    ]
    expect({"fig1", "fig2", "table1"} <= set(used), f"only {used} have controls")
    return f"{', '.join(used)}"


@finding("S7", "a difference of leads is taken seed by seed")
def by_seed(_: Path) -> str:
    """Leads that vary by points between seeds, and differ by the same on each, differ for sure."""
    few = _rows("robust", 5, 7, 9) + _rows("natural", 1, 1, 1)
    more = _rows("robust", 4, 6.1, 7.9) + _rows("natural", 1, 1, 1)
    found, one = gap(few, more, "prior", "robust", "natural"), lead(few, "prior", "robust", "natural")
    expect(found.half < one.half / 10, f"half an interval is {found.half:.2f}, that of one lead {one.half:.2f}")
    expect(found.covers == "seeds only", "rows without outcomes are said to allow for other images")
    return f"{found.mean:+.2f} +- {found.half:.2f}, each lead +- {one.half:.2f}"
