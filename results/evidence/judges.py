"""How claims are judged: from the rows of a study to a finding, its leads, and a p for Holm's correction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Literal, TypeAlias

from results.evidence.double_wins import double_wins
from results.evidence.leads import SPARSITY, Lead, gap, lead, where
from results.evidence.wording import per_cent

from tombola.report.correlation import rank_correlation
from tombola.rows import Row

Leaning = Literal["for", "against", "open"]
Judge: TypeAlias = Callable[[Sequence[Row]], "Finding"]
SPARSE = (0.8, 0.9, 0.95)
PRIOR = "linf 1/255"
STRONGER = "linf 2/255"
WEAKER = "linf 0.5/255"


@dataclass(frozen=True)
class Finding:
    """What the rows say of a claim taken alone: which way they lean, and p of the claim and its opposite alike.

    ``p`` is None where no test is made. ``least_p`` is the smallest p that so few rows could have given.
    """

    leaning: Leaning
    metric: str
    p: float | None
    leads: dict[str, Lead] = field(default_factory=dict)
    sum: str = ""
    """In words, where no single lead is what decides."""
    numbers: tuple[str, ...] = ()
    runs: int = 0
    least_p: float = 0.0
    must: int = 1
    """How many of the leads have to stand at once."""
    share: int = 1
    """By how much each one's bar is divided for that."""
    tasks: int = 0
    """Over how many tasks ranks are correlated, where that is the test."""


def leaning(found: Lead) -> Leaning:
    """For where the interval is above 0, against where it is below."""
    by_sign: dict[int, Leaning] = {1: "for", -1: "against", 0: "open"}
    return by_sign[found.sign]


def by_first(leads: dict[str, Lead], metric: str, runs: int) -> Finding:
    """Judged by the first of the leads."""
    first = next(iter(leads.values()))
    return Finding(leaning(first), metric, first.p, leads, runs=runs)


def by_lead(metric: str, *priors: str, against: str = "natural", **levels: object) -> Judge:
    """By the first prior's pooled lead over ``against``; the other priors' are told beside it."""

    def judge(rows: Sequence[Row]) -> Finding:
        asked = where(rows, metric, **levels)
        leads = {f"{prior} over {against}": lead(asked, "prior", prior, against) for prior in priors}
        return by_first(leads, metric, len(asked))

    return judge


def recalibrated(rows: Sequence[Row]) -> Finding:
    """By the lead where batch norm is taken anew; what taking it anew does to each prior at 98 % stands beside it."""
    found = by_lead("accuracy", PRIOR, STRONGER, draw__sparsity=SPARSE, transfer__bn="recalibrated")(rows)
    extreme = where(rows, "accuracy", draw__sparsity=0.98)
    taken = {
        f"{prior} at 98 %, taken anew over frozen": lead(
            where(extreme, "accuracy", prior=prior), "transfer.bn", "recalibrated", "frozen"
        )
        for prior in ("natural", PRIOR, STRONGER)
    }
    return by_first({**found.leads, **taken}, "accuracy", found.runs)


def upstream(rows: Sequence[Row]) -> Finding:
    """By how much larger the robust lead is where tickets are drawn on the source."""
    asked = where(rows, "accuracy")
    sides = {at: where(asked, "accuracy", drawn=at) for at in ("US", "DS")}
    further = gap(sides["US"], sides["DS"], "prior", "robust", "natural")
    leads = {at: lead(side, "prior", "robust", "natural") for at, side in sides.items()}
    return by_first({"US over DS": further, **leads}, "accuracy", len(asked))


def between(rows: Sequence[Row]) -> Finding:
    """Both leads must stand for it, one alone stands against it (its p taken twice, as there are two)."""
    asked = where(rows, "accuracy", draw__sparsity=SPARSE)
    leads = {
        "smoothing over natural": lead(asked, "prior", "smoothing 0.12", "natural"),
        "adversarial over smoothing": lead(asked, "prior", STRONGER, "smoothing 0.12"),
    }
    return all_above(leads, len(asked))


def all_above(leads: dict[str, Lead], runs: int, metric: str = "accuracy", bar: float = 0.0) -> Finding:
    """For where every lead is above the bar (p is the largest), against where one alone is below (p times their count).

    Every p is that of the bar being the true lead.
    """
    sides = {found.side_of(bar) for found in leads.values()}
    below = [found.p_at(bar) for found in leads.values() if found.mean < bar]
    p = min(1.0, len(leads) * min(below)) if below else max(found.p_at(bar) for found in leads.values())
    lean: Leaning = "for" if sides == {1} else "against" if -1 in sides and p < 0.05 else "open"
    return Finding(lean, metric, p, leads, runs=runs, must=len(leads))


def eps_decides(rows: Sequence[Row]) -> Finding:
    """By the weakest prior's lead over the stronger one."""
    asked = where(rows, "accuracy", draw__sparsity=SPARSE)
    leads = {f"{WEAKER} over {STRONGER}": lead(asked, "prior", WEAKER, STRONGER)}
    for prior in (WEAKER, PRIOR, STRONGER, "l2 0.25"):
        leads[f"{prior} over natural"] = lead(asked, "prior", prior, "natural")
    mild = where(asked, "accuracy", draw__sparsity=0.8)
    leads[f"{WEAKER} over natural at 80 %"] = lead(mild, "prior", WEAKER, "natural")
    return by_first(leads, "accuracy", len(asked))


def weak_at_80(rows: Sequence[Row]) -> Finding:
    """The claim that fig9's rows suggested, on rows it was not read off; the other sparsities stand beside it."""
    asked = where(rows, "accuracy")
    sparsities = sorted({float(str(row.cell[SPARSITY])) for row in asked}, key=lambda found: (found != 0.8, found))
    leads = {
        f"{WEAKER} over natural at {per_cent(sparsity)}": lead(
            where(asked, "accuracy", draw__sparsity=sparsity), "prior", WEAKER, "natural"
        )
        for sparsity in sparsities
    }
    return by_first(leads, "accuracy", len(asked))


def most_tasks(rows: Sequence[Row]) -> Finding:
    """On more than half of the tasks: that so many leads are there at once is tested by the last of them that counts.

    The p is that of the partial conjunction (Benjamini and Heller 2008), by Bonferroni.
    """
    asked = where(rows, "accuracy", draw__sparsity=SPARSE)
    leads = _by_task(asked, PRIOR)
    count, most = len(leads), len(leads) // 2 + 1
    won, lost = (_partial([*leads.values()], most, sign) for sign in (1, -1))
    lean: Leaning = "for" if won < 0.05 else "against" if lost < 0.05 else "open"
    signs = [found.sign for found in leads.values()]
    told = f"better, open, worse on {signs.count(1)}, {signs.count(0)}, {signs.count(-1)} of {count}"
    p = min(1.0, 2 * min(won, lost))
    return Finding(lean, "accuracy", p, leads, told, runs=len(asked), must=most, share=count - most + 1)


def _partial(leads: Sequence[Lead], most: int, sign: int) -> float:
    ps = sorted(found.p / 2 if sign * found.mean > 0 else 1.0 for found in leads)
    return min(1.0, (len(ps) - most + 1) * ps[most - 1])


def _by_task(rows: Sequence[Row], prior: str) -> dict[str, Lead]:
    return {task: lead(where(rows, "accuracy", task=task), "prior", prior, "natural") for task in tasks_of(rows)}


def tasks_of(rows: Sequence[Row]) -> list[str]:
    """The tasks that rows are of, by name."""
    return sorted({str(row.cell["task"]) for row in rows})


def gap_tells(rows: Sequence[Row]) -> Finding:
    """By the rank correlation over tasks of distance and lead."""
    asked = where(rows, "accuracy", draw__sparsity=SPARSE)
    distances = where(rows, "feature_frechet_distance", prior="natural")
    leads = _by_task(asked, PRIOR)
    far = [fmean(row.value for row in distances if row.cell["task"] == task) for task in leads]
    found = rank_correlation(far, [one.mean for one in leads.values()])
    assert found is not None
    lean: Leaning = "open" if found.p >= 0.05 else "for" if found.rho > 0 else "against"
    told = [f"{task} at {distance:.1f}" for task, distance in zip(leads, far, strict=True)]
    head = f"Spearman's rho {found.rho:+.2f}, two-sided exact p {found.p:.2f}, {len(leads)} tasks"
    perfect, next_best = least_p(len(leads))
    only = (
        f"{len(leads)} tasks give p {perfect:.3f} where the order is perfect and {next_best:.3f} where two neighbours"
    )
    numbers = ("distances: " + ", ".join(told), f"{only} change places: nothing else could pass")
    runs = len(asked) + len(distances)
    return Finding(lean, "accuracy", found.p, leads, head, numbers, runs, perfect, tasks=len(leads))


def least_p(count: int) -> tuple[float, float]:
    """The two smallest p that a rank correlation of so many can have: of a perfect order, and of the next best."""
    order = [float(place) for place in range(count)]
    found = (rank_correlation(order, [*order[: count - 2], order[-1], order[-2]]), rank_correlation(order, order))
    assert found[0] is not None
    assert found[1] is not None
    return found[1].p, found[0].p


def double_win_order(rows: Sequence[Row]) -> Finding:
    """By intervals: what sparsest double win each prior is shown to have, and what it may have."""
    lean, head, parts = double_wins(rows)
    return Finding(lean, "accuracy", None, {}, head, parts, len(rows))


def few_labels(rows: Sequence[Row]) -> Finding:
    """Whether the ticket's lead over the dense net is larger with few labels than with more."""
    asked = where(rows, "accuracy", prior="adversarial", draw__sparsity=(0.0, 0.59))
    few, more = (where(asked, "accuracy", target__fraction=fraction) for fraction in (0.05, 0.25))
    leads = {
        "few labels over more": gap(few, more, SPARSITY, "0.59", "0.0"),
        "100 labels: 59 % over dense": lead(few, SPARSITY, "0.59", "0.0"),
        "500 labels: 59 % over dense": lead(more, SPARSITY, "0.59", "0.0"),
    }
    return by_first(leads, "accuracy", len(asked))
