"""The claims of both papers, each with the rows it is judged by and the rule that judges it.

A claim about robust tickets is judged for a prior named here, not for the best of several; what the others do stands
below it. The rules were written before the rows were seen, but for those of fig3, fig4, fig5, fig7 and table1, whose
cells had been looked at in other studies, and but for the one about eps, which fig9's rows suggested.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Literal

from results.evidence.leads import SPARSITY, Lead, gap, lead, where

from tombola.report.correlation import rank_correlation
from tombola.rows import Row
from tombola.verdicts.matching import double_win

Verdict = Literal["holds", "does not hold", "undecided"]
SPARSE = (0.8, 0.9, 0.95)
PRIOR = "linf 1/255"
STRONGER = "linf 2/255"
WEAKER = "linf 0.5/255"


@dataclass(frozen=True)
class Finding:
    """What the rows say of a claim: named leads, and other numbers as text made from them."""

    verdict: Verdict
    leads: dict[str, Lead] = field(default_factory=dict)
    numbers: tuple[str, ...] = ()
    runs: int = 0


@dataclass(frozen=True)
class Claim:
    """A sentence of a paper, the recipe that tests it, and its judge."""

    name: str
    says: str
    recipe: str
    rule: str
    judge: Callable[[Sequence[Row]], Finding]

    @property
    def study(self) -> str:
        """The folder of the recipe's rows; a study file's rows lie under its name."""
        if self.recipe.endswith(".yaml"):
            return Path(self.recipe).stem
        return self.recipe.replace("/", "-") + "-small"


def by_sign(found: Lead) -> Verdict:
    """Holds where the interval is above 0, does not where it is below."""
    verdicts: dict[int, Verdict] = {1: "holds", -1: "does not hold", 0: "undecided"}
    return verdicts[found.sign]


def _lead(metric: str, *priors: str, against: str = "natural", **levels: object) -> Callable[[Sequence[Row]], Finding]:
    """The judge by the first prior's pooled lead over ``against``; the other priors' are told beside it."""

    def judge(rows: Sequence[Row]) -> Finding:
        asked = where(rows, metric, **levels)
        leads = {f"{prior} over {against}": lead(asked, "prior", prior, against) for prior in priors}
        return Finding(by_sign(next(iter(leads.values()))), leads, runs=len(asked))

    return judge


def _upstream(rows: Sequence[Row]) -> Finding:
    asked = where(rows, "accuracy")
    leads = {at: lead(where(asked, "accuracy", drawn=at), "prior", "robust", "natural") for at in ("US", "DS")}
    further = gap(leads["US"], leads["DS"])
    return Finding(by_sign(further), {"US over DS": further, **leads}, runs=len(asked))


def _between(rows: Sequence[Row]) -> Finding:
    asked = where(rows, "accuracy", draw__sparsity=SPARSE)
    leads = {
        "smoothing over natural": lead(asked, "prior", "smoothing 0.12", "natural"),
        "adversarial over smoothing": lead(asked, "prior", STRONGER, "smoothing 0.12"),
    }
    signs = {found.sign for found in leads.values()}
    verdict: Verdict = "holds" if signs == {1} else "does not hold" if -1 in signs else "undecided"
    return Finding(verdict, leads, runs=len(asked))


def _eps_decides(rows: Sequence[Row]) -> Finding:
    asked = where(rows, "accuracy", draw__sparsity=SPARSE)
    priors = (WEAKER, PRIOR, STRONGER, "l2 0.25")
    leads = {f"{WEAKER} over {STRONGER}": lead(asked, "prior", WEAKER, STRONGER)}
    leads |= {f"{prior} over natural": lead(asked, "prior", prior, "natural") for prior in priors}
    mild = where(asked, "accuracy", draw__sparsity=0.8)
    leads[f"{WEAKER} over natural at 80 %"] = lead(mild, "prior", WEAKER, "natural")
    return Finding(by_sign(next(iter(leads.values()))), leads, runs=len(asked))


def _weak_at_80(rows: Sequence[Row]) -> Finding:
    """The claim that fig9's rows suggested, on rows it was not read off; the other sparsities stand beside it."""
    asked = where(rows, "accuracy")
    sparsities = sorted({float(str(row.cell[SPARSITY])) for row in asked}, key=lambda found: (found != 0.8, found))
    leads = {
        f"{WEAKER} over natural at {100 * sparsity:g} %": lead(
            where(asked, "accuracy", draw__sparsity=sparsity), "prior", WEAKER, "natural"
        )
        for sparsity in sparsities
    }
    return Finding(by_sign(next(iter(leads.values()))), leads, runs=len(asked))


def _most_tasks(rows: Sequence[Row]) -> Finding:
    asked = where(rows, "accuracy", draw__sparsity=SPARSE)
    tasks = sorted({str(row.cell["task"]) for row in asked})
    leads = {task: lead(where(asked, "accuracy", task=task), "prior", PRIOR, "natural") for task in tasks}
    won, lost = ([task for task, found in leads.items() if found.sign == sign] for sign in (1, -1))
    verdict: Verdict = "holds" if 2 * len(won) > len(tasks) else "undecided"
    verdict = "does not hold" if 2 * (len(tasks) - len(lost)) <= len(tasks) else verdict
    told = f"better, open, worse on {len(won)}, {len(tasks) - len(won) - len(lost)}, {len(lost)} of {len(tasks)}"
    return Finding(verdict, leads, (told,), len(asked))


def _gap_tells(rows: Sequence[Row]) -> Finding:
    asked = where(rows, "accuracy", draw__sparsity=SPARSE)
    distances = where(rows, "feature_frechet_distance", prior="natural")
    tasks = sorted({str(row.cell["task"]) for row in asked})
    far = [fmean(row.value for row in distances if row.cell["task"] == task) for task in tasks]
    leads = {task: lead(where(asked, "accuracy", task=task), "prior", PRIOR, "natural") for task in tasks}
    found = rank_correlation(far, [one.mean for one in leads.values()])
    assert found is not None
    verdict: Verdict = "holds" if found.rho > 0 and found.p < 0.05 else "undecided"
    verdict = "does not hold" if found.rho < 0 and found.p < 0.05 else verdict
    told = [f"{task} at {distance:.1f}" for task, distance in zip(tasks, far, strict=True)]
    head = f"Spearman's rho {found.rho:+.2f}, two-sided exact p {found.p:.2f}, {len(tasks)} tasks"
    return Finding(verdict, leads, (head, "distances: " + ", ".join(told)), len(asked) + len(distances))


def _double_win_order(rows: Sequence[Row]) -> Finding:
    priors = ("standard", "fast", "adversarial")
    sparsities = sorted({float(str(row.cell[SPARSITY])) for row in rows})
    largest = {
        prior: max([s for s in sparsities[1:] if _is_double_win(rows, prior, s)], default=0.0) for prior in priors
    }
    order = [largest[prior] for prior in priors]
    verdict: Verdict = "undecided" if len(set(order)) == 1 else "holds" if order == sorted(order) else "does not hold"
    told = ", ".join(f"{prior} {100 * found:g} %" if found else f"{prior} none" for prior, found in largest.items())
    return Finding(verdict, {}, (f"sparsest double win: {told}; measured at {_per_cent(sparsities[1:])}",), len(rows))


def _is_double_win(rows: Sequence[Row], prior: str, sparsity: float) -> bool:
    def pair(metric: str, training: str) -> tuple[list[Row], list[Row]]:
        here = where(rows, metric, prior=prior, training=training)
        return tuple(where(here, metric, draw__sparsity=level) for level in (sparsity, 0.0))  # type: ignore[return-value]  # two

    parts = (pair("accuracy", "standard"), pair("accuracy", "adversarial"), pair("adversarial_accuracy", "adversarial"))
    return double_win(*parts).outcome == "yes"


def _per_cent(sparsities: Sequence[float]) -> str:
    return ", ".join(f"{100 * sparsity:g} %" for sparsity in sparsities)


def _few_labels(rows: Sequence[Row]) -> Finding:
    """Whether the ticket's lead over the dense net is larger with few labels than with more."""
    asked = where(rows, "accuracy", prior="adversarial", draw__sparsity=(0.0, 0.59))
    named = [row.model_copy(update={"cell": {**row.cell, SPARSITY: str(row.cell[SPARSITY])}}) for row in asked]

    def over_dense(fraction: float) -> Lead:
        return lead(where(named, "accuracy", target__fraction=fraction), SPARSITY, "0.59", "0.0")

    few, more = over_dense(0.05), over_dense(0.25)
    further = gap(few, more)
    leads = {"few labels over more": further, "100 labels: 59 % over dense": few, "500 labels: 59 % over dense": more}
    return Finding(by_sign(further), leads, runs=len(asked))


_POOLED = "the interval of the lead of {prior} over natural, pooled over {over}, is above 0"
_OVER = "80, 90 and 95 % sparsity"

CLAIMS = (
    Claim(
        "OMP, finetuned",
        "Robust one-shot tickets finetune better than natural ones.",
        "robust-tickets/fig1",
        _POOLED.format(prior=PRIOR, over=f"two tasks and {_OVER}"),
        _lead("accuracy", PRIOR, STRONGER, draw__sparsity=SPARSE),
    ),
    Claim(
        "Extreme sparsity, finetuned",
        "They still do where hardly anything is left.",
        "robust-tickets/fig1",
        _POOLED.format(prior=PRIOR, over="two tasks, 98 and 99 %"),
        _lead("accuracy", PRIOR, STRONGER, draw__sparsity=(0.98, 0.99)),
    ),
    Claim(
        "Extreme sparsity, linear",
        "The same under linear evaluation.",
        "robust-tickets/fig8",
        _POOLED.format(prior=PRIOR, over="96 to 99 %"),
        _lead("accuracy", PRIOR, STRONGER, draw__sparsity=(0.96, 0.97, 0.98, 0.99)),
    ),
    Claim(
        "OMP, linear evaluation",
        "Robust one-shot tickets hold better features.",
        "robust-tickets/fig2",
        _POOLED.format(prior=PRIOR, over=f"{_OVER}, batch norm frozen"),
        _lead("accuracy", PRIOR, STRONGER, draw__sparsity=SPARSE, transfer__bn="frozen"),
    ),
    Claim(
        "The same, batch norm taken anew",
        "The paper does not say how batch norm is treated; it decides what sparse features look like.",
        "robust-tickets/fig2",
        _POOLED.format(prior=PRIOR, over=f"{_OVER}, batch norm recalibrated"),
        _lead("accuracy", PRIOR, STRONGER, draw__sparsity=SPARSE, transfer__bn="recalibrated"),
    ),
    Claim(
        "Another source, linear evaluation",
        "Robust one-shot tickets hold better features, pretrained on CIFAR-100.",
        "results/evidence/cifar100-to-cifar10.yaml",
        _POOLED.format(prior=PRIOR, over=f"two tasks and {_OVER}"),
        _lead("accuracy", PRIOR, draw__sparsity=SPARSE),
    ),
    Claim(
        "Structured tickets",
        "Robust tickets win under row, kernel and channel patterns too.",
        "robust-tickets/fig3",
        _POOLED.format(prior=STRONGER, over="three patterns and 59, 83.2 and 93.1 %"),
        _lead("accuracy", STRONGER, draw__pattern=("row", "kernel", "channel")),
    ),
    Claim(
        "A-IMP against IMP, upstream",
        "Robust tickets by A-IMP on the source beat natural ones by IMP.",
        "robust-tickets/fig4",
        "the interval of the lead of robust over natural, pooled over 59, 83.2 and 93.1 %, is above 0",
        _lead("accuracy", "robust", drawn="US"),
    ),
    Claim(
        "A-IMP against IMP, downstream",
        "The same where both are drawn on the target.",
        "robust-tickets/fig4",
        "as upstream",
        _lead("accuracy", "robust", drawn="DS"),
    ),
    Claim(
        "Upstream against downstream",
        "The robust lead is larger where tickets are drawn upstream.",
        "robust-tickets/fig4",
        "the interval of the difference of the two leads is above 0",
        _upstream,
    ),
    Claim(
        "Natural ahead at the extreme",
        "Under iterative pruning natural tickets lead at extreme sparsity.",
        "robust-tickets/fig4",
        "the interval of the lead of natural over robust at 93.1 %, US and DS, is above 0",
        _lead("accuracy", "natural", against="robust", draw__sparsity=0.931),
    ),
    Claim(
        "Learned masks",
        "Robust tickets win where only the mask is learned (LMP).",
        "robust-tickets/fig5",
        _POOLED.format(prior=STRONGER, over="59, 83.2 and 93.1 %"),
        _lead("accuracy", STRONGER, scheme="LMP"),
    ),
    Claim(
        "Smoothing in between",
        "Tickets of a smoothed prior stand between natural and adversarial ones.",
        "robust-tickets/fig6",
        f"both intervals, pooled over {_OVER}, are above 0",
        _between,
    ),
    Claim(
        "Segmentation",
        "Robust tickets reach a higher mean IoU.",
        "robust-tickets/fig7",
        _POOLED.format(prior=STRONGER, over="0, 59, 83.2 and 93.1 %"),
        _lead("mean_iou", STRONGER),
    ),
    Claim(
        "Adversarial accuracy",
        "Robust tickets transfer their robustness.",
        "robust-tickets/table1",
        _POOLED.format(prior=STRONGER, over="80 and 95 %"),
        _lead("adversarial_accuracy", STRONGER, draw__sparsity=(0.8, 0.95)),
    ),
    Claim(
        "Out-of-distribution detection",
        "Robust tickets tell other images from the task's better.",
        "robust-tickets/table1",
        _POOLED.format(prior=STRONGER, over="80 and 95 %"),
        _lead("ood_auroc", STRONGER, draw__sparsity=(0.8, 0.95)),
    ),
    Claim(
        "Most of many tasks",
        "Robust tickets win on most of the transfer sets under linear evaluation.",
        "robust-tickets/fig9",
        f"on more than half of the tasks the interval of the lead of {PRIOR}, pooled over {_OVER}, is above 0",
        _most_tasks,
    ),
    Claim(
        "Eps decides",
        "No claim of the papers: a robust prior too strong for a small net loses what a weak one keeps.",
        "robust-tickets/fig9",
        f"the interval of the lead of {WEAKER} over {STRONGER}, pooled over five tasks and {_OVER}, is above 0",
        _eps_decides,
    ),
    Claim(
        "A weak prior on a larger net, linear",
        f"No claim of the papers: {WEAKER} leads at 80 %, read off fig9's rows; here tried on ResNet-18 at 64 pixels.",
        "results/evidence/resnet18-linear.yaml",
        _POOLED.format(prior=WEAKER, over="four tasks at 80 %"),
        _weak_at_80,
    ),
    Claim(
        "A weak prior on a larger net, finetuned",
        "The same where the whole net is finetuned.",
        "results/evidence/resnet18-finetuned.yaml",
        _POOLED.format(prior=WEAKER, over="two tasks at 80 %"),
        _weak_at_80,
    ),
    Claim(
        "The gap tells the winner",
        "The further the target from the source, the likelier robust tickets win.",
        "robust-tickets/table2",
        f"the rank correlation of distance and lead of {PRIOR} over the tasks is positive with p below 0.05",
        _gap_tells,
    ),
    Claim(
        "Double wins by pretraining",
        "The sparsest double win grows from standard over fast to adversarial pretraining.",
        "double-win/matching",
        "the order holds and not all three are level",
        _double_win_order,
    ),
    Claim(
        "Data efficiency",
        "With few labels tickets gain on the dense net.",
        "double-win/data-efficient",
        "the lead of 59 % over dense with 100 labels exceeds that with 500, adversarial prior; interval above 0",
        _few_labels,
    ),
)
