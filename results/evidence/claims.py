"""The claims of both papers, each with the rows it is judged by and the rule that judges it.

A claim about robust tickets is judged for a prior named here, not for the best of several; what the others do stands
below it. The rules were written before the rows were seen, but for those of fig3, fig4, fig5, fig7 and table1, whose
cells had been looked at in other studies, and but for the one about eps, which fig9's rows suggested. That double wins
are judged by intervals and all claims together by Holm's correction was decided afterwards; both only make it harder.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from results.evidence import judges
from results.evidence.judges import PRIOR, SPARSE, STRONGER, WEAKER, Judge, by_lead

from tombola.rows import Row, Scalar, read_rows

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Claim:
    """A sentence of a paper, the recipe that tests it, and its judge."""

    name: str
    says: str
    recipe: str
    rule: str
    judge: Judge
    only: Mapping[str, tuple[Scalar, ...]] = field(default_factory=dict)
    """Which levels of the study are looked at, where it holds more than the claim is about."""

    @property
    def study(self) -> str:
        """The name of the recipe's study."""
        if self.recipe.endswith(".yaml"):
            return Path(self.recipe).stem
        return self.recipe.replace("/", "-") + "-small"

    @property
    def file(self) -> Path:
        """Where its rows lie: in the folder of the study here, or beside a study file that lies elsewhere."""
        elsewhere = HERE.parents[1] / self.recipe
        if elsewhere.suffix == ".yaml" and elsewhere.parent != HERE:
            return elsewhere.with_suffix(".jsonl")
        return HERE / self.study / "rows.jsonl"

    def rows(self) -> list[Row]:
        """Its rows."""
        return [
            row for row in read_rows(self.file) if all(row.cell[axis] in found for axis, found in self.only.items())
        ]


_POOLED = "the interval of the lead of {prior} over natural, pooled over {over}, is above 0"
_OVER = "80, 90 and 95 % sparsity"

CLAIMS = (
    Claim(
        "OMP, finetuned",
        "Robust one-shot tickets finetune better than natural ones.",
        "robust-tickets/fig1",
        _POOLED.format(prior=PRIOR, over=f"two tasks and {_OVER}"),
        by_lead("accuracy", PRIOR, STRONGER, draw__sparsity=SPARSE),
    ),
    Claim(
        "Extreme sparsity, finetuned",
        "They still do where hardly anything is left.",
        "robust-tickets/fig1",
        _POOLED.format(prior=PRIOR, over="two tasks, 98 and 99 %"),
        by_lead("accuracy", PRIOR, STRONGER, draw__sparsity=(0.98, 0.99)),
    ),
    Claim(
        "Extreme sparsity, linear",
        "The same under linear evaluation.",
        "robust-tickets/fig8",
        _POOLED.format(prior=PRIOR, over="96 to 99 %"),
        by_lead("accuracy", PRIOR, STRONGER, draw__sparsity=(0.96, 0.97, 0.98, 0.99)),
    ),
    Claim(
        "OMP, linear evaluation",
        "Robust one-shot tickets hold better features.",
        "robust-tickets/fig2",
        _POOLED.format(prior=PRIOR, over=f"{_OVER}, batch norm frozen"),
        by_lead("accuracy", PRIOR, STRONGER, draw__sparsity=SPARSE, transfer__bn="frozen"),
    ),
    Claim(
        "The same, batch norm taken anew",
        "The paper does not say how batch norm is treated; it decides what sparse features look like.",
        "robust-tickets/fig2",
        _POOLED.format(prior=PRIOR, over=f"{_OVER}, batch norm recalibrated"),
        judges.recalibrated,
    ),
    Claim(
        "Another source, linear evaluation",
        "Robust one-shot tickets hold better features, pretrained on CIFAR-100.",
        "results/evidence/cifar100-to-cifar10.yaml",
        _POOLED.format(prior=PRIOR, over=f"two tasks and {_OVER}"),
        by_lead("accuracy", PRIOR, draw__sparsity=SPARSE),
    ),
    Claim(
        "Structured tickets",
        "Robust tickets win under row, kernel and channel patterns too.",
        "robust-tickets/fig3",
        _POOLED.format(prior=STRONGER, over="three patterns and 59, 83.2 and 93.1 %"),
        by_lead("accuracy", STRONGER, draw__pattern=("row", "kernel", "channel")),
    ),
    Claim(
        "A-IMP against IMP, upstream",
        "Robust tickets by A-IMP on the source beat natural ones by IMP.",
        "robust-tickets/fig4",
        "the interval of the lead of robust over natural, pooled over 59, 83.2 and 93.1 %, is above 0",
        by_lead("accuracy", "robust", drawn="US"),
    ),
    Claim(
        "A-IMP against IMP, downstream",
        "The same where both are drawn on the target.",
        "robust-tickets/fig4",
        "as upstream",
        by_lead("accuracy", "robust", drawn="DS"),
    ),
    Claim(
        "Upstream against downstream",
        "The robust lead is larger where tickets are drawn upstream.",
        "robust-tickets/fig4",
        "the interval of the difference of the two leads is above 0",
        judges.upstream,
    ),
    Claim(
        "Natural ahead at the extreme",
        "Under iterative pruning natural tickets lead at extreme sparsity.",
        "robust-tickets/fig4",
        "the interval of the lead of natural over robust at 93.1 %, US and DS, is above 0",
        by_lead("accuracy", "natural", against="robust", draw__sparsity=0.931),
    ),
    Claim(
        "Learned masks",
        "Robust tickets win where only the mask is learned (LMP).",
        "results/every-way-to-draw/tiny-imagenet-to-cifar10.yaml",
        f"the interval of the lead of robust ({STRONGER}) over natural, pooled over 59, 83.2 and 93.1 %, is above 0",
        by_lead("accuracy", "robust", way="LMP lr 0.1"),
        {"way": ("OMP", "LMP lr 0.1")},
    ),
    Claim(
        "Smoothing in between",
        "Tickets of a smoothed prior stand between natural and adversarial ones.",
        "robust-tickets/fig6",
        f"both intervals, pooled over {_OVER}, are above 0",
        judges.between,
    ),
    Claim(
        "Segmentation",
        "Robust tickets reach a higher mean IoU.",
        "robust-tickets/fig7",
        _POOLED.format(prior=STRONGER, over="0, 59, 83.2 and 93.1 %"),
        by_lead("mean_iou", STRONGER),
    ),
    Claim(
        "Adversarial accuracy",
        "Robust tickets transfer their robustness.",
        "robust-tickets/table1",
        _POOLED.format(prior=STRONGER, over="80 and 95 %"),
        by_lead("adversarial_accuracy", STRONGER, draw__sparsity=(0.8, 0.95)),
    ),
    Claim(
        "Out-of-distribution detection",
        "Robust tickets tell other images from the task's better.",
        "robust-tickets/table1",
        _POOLED.format(prior=STRONGER, over="80 and 95 %"),
        by_lead("ood_auroc", STRONGER, draw__sparsity=(0.8, 0.95)),
    ),
    Claim(
        "Most of many tasks",
        "Robust tickets win on most of the transfer sets under linear evaluation.",
        "robust-tickets/fig9",
        f"on more than half of the tasks the interval of the lead of {PRIOR}, pooled over {_OVER}, is above 0",
        judges.most_tasks,
    ),
    Claim(
        "Eps decides",
        "No claim of the papers: a robust prior too strong for a small net loses what a weak one keeps.",
        "robust-tickets/fig9",
        f"the interval of the lead of {WEAKER} over {STRONGER}, pooled over five tasks and {_OVER}, is above 0",
        judges.eps_decides,
    ),
    Claim(
        "A weak prior on a larger net, linear",
        f"No claim of the papers: {WEAKER} leads at 80 %, read off fig9's rows; here tried on ResNet-18 at 64 pixels.",
        "results/evidence/resnet18-linear.yaml",
        _POOLED.format(prior=WEAKER, over="four tasks at 80 %"),
        judges.weak_at_80,
    ),
    Claim(
        "A weak prior on a larger net, finetuned",
        "The same where the whole net is finetuned.",
        "results/evidence/resnet18-finetuned.yaml",
        _POOLED.format(prior=WEAKER, over="two tasks at 80 %"),
        judges.weak_at_80,
    ),
    Claim(
        "The gap tells the winner",
        "The further the target from the source, the likelier robust tickets win.",
        "robust-tickets/table2",
        f"the rank correlation of distance and lead of {PRIOR} over the tasks is positive with p below 0.05",
        judges.gap_tells,
    ),
    Claim(
        "Double wins by pretraining",
        "The sparsest double win grows from standard over fast to adversarial pretraining.",
        "double-win/matching",
        "the order holds by their intervals, and not all three are level",
        judges.double_win_order,
    ),
    Claim(
        "Data efficiency",
        "With few labels tickets gain on the dense net.",
        "double-win/data-efficient",
        "the lead of 59 % over dense with 100 labels exceeds that with 500, adversarial prior; interval above 0",
        judges.few_labels,
    ),
)
