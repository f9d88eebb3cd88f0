"""Robust Tickets Can Transfer Better (Fu et al., DAC 2023): how tickets are drawn, and what they transfer to.

A claim is judged for a prior named here, not for the best of several; what the others do stands below it.
"""

from dataclasses import replace
from typing import Final

from results.evidence import judges
from results.evidence.claim import PRETRAINING, Asked, Claim
from results.evidence.judges import PRIOR, SPARSE, STRONGER, by_lead

POOLED: Final = "the interval of the lead of {prior} over natural, pooled over {over}, is above 0"
OVER: Final = "80, 90 and 95 % sparsity"

SMALL: Final = "ResNet-20 (0.27 million weights) at 32 px, 18,000 images of Tiny-ImageNet, 12 epochs"
FLOOR: Final = "untrained nets and random tickets of the natural prior; dense nets"
THEIRS: Final = "ResNet-18 and ResNet-50 (11 and 23 million) of ImageNet at 224 px, released robust priors, eps by task"

FINETUNED_FOUND: Final = "ResNet-50, CIFAR-100, 70 %: +1.95"
EXTREME_FOUND: Final = "ResNet-18, CIFAR-100, 99 %: +2.38"
LINEAR_FOUND: Final = "ResNet-50, CIFAR-100, to 92 %: at least +11.75"

FINETUNED: Final = Asked(
    effect="points of accuracy after 100 steps of finetuning, robust less natural, same seed",
    cells=f"{SMALL}; 1,000 images of CIFAR-10, 630 of Imagenette; 80 to 99 %",
    unit=PRETRAINING,
    units=5,
    controls=FLOOR,
    theirs=f"{THEIRS}; CIFAR-10 and -100, 150 epochs",
)
LINEAR: Final = replace(
    FINETUNED,
    effect="points of accuracy under linear evaluation, robust less natural, same seed",
    cells=f"{SMALL}; 2,000 images of CIFAR-10; 80 to 99 %",
    theirs=f"{THEIRS}; CIFAR-10 and -100, features frozen",
)
DRAWN: Final = replace(
    LINEAR,
    cells=f"{SMALL}; 2,000 images of CIFAR-10; 59, 83.2 and 93.1 %; 40 steps a level",
    theirs=f"{THEIRS}; epochs of ImageNet, or of the target, a level",
)
OTHER: Final = replace(
    LINEAR, cells="ResNet-20 at 32 px, 9,000 images of CIFAR-100, 12 epochs; CIFAR-10 and Imagenette; 80, 90, 95 %"
)

CLAIMS: Final = (
    Claim(
        "OMP, finetuned",
        "Robust one-shot tickets finetune better than natural ones.",
        "robust-tickets/fig1",
        POOLED.format(prior=PRIOR, over=f"two tasks and {OVER}"),
        by_lead("accuracy", PRIOR, STRONGER, draw__sparsity=SPARSE),
        FINETUNED,
        found=FINETUNED_FOUND,
    ),
    Claim(
        "Extreme sparsity, finetuned",
        "They still do where hardly anything is left.",
        "robust-tickets/fig1",
        POOLED.format(prior=PRIOR, over="two tasks, 98 and 99 %"),
        by_lead("accuracy", PRIOR, STRONGER, draw__sparsity=(0.98, 0.99)),
        FINETUNED,
        found=EXTREME_FOUND,
    ),
    Claim(
        "Extreme sparsity, linear",
        "The same under linear evaluation.",
        "robust-tickets/fig8",
        POOLED.format(prior=PRIOR, over="96 to 99 %"),
        by_lead("accuracy", PRIOR, STRONGER, draw__sparsity=(0.96, 0.97, 0.98, 0.99)),
        LINEAR,
    ),
    Claim(
        "OMP, linear evaluation",
        "Robust one-shot tickets hold better features.",
        "robust-tickets/fig2",
        POOLED.format(prior=PRIOR, over=f"{OVER}, batch norm frozen"),
        by_lead("accuracy", PRIOR, STRONGER, draw__sparsity=SPARSE, transfer__bn="frozen"),
        LINEAR,
        found=LINEAR_FOUND,
    ),
    Claim(
        "The same, batch norm taken anew",
        "The paper does not say how batch norm is treated; it decides what sparse features look like.",
        "robust-tickets/fig2",
        POOLED.format(prior=PRIOR, over=f"{OVER}, batch norm recalibrated"),
        judges.recalibrated,
        LINEAR,
    ),
    Claim(
        "Another source, linear evaluation",
        "Robust one-shot tickets hold better features, pretrained on CIFAR-100.",
        "results/evidence/cifar100-to-cifar10.yaml",
        POOLED.format(prior=PRIOR, over=f"two tasks and {OVER}"),
        by_lead("accuracy", PRIOR, draw__sparsity=SPARSE),
        OTHER,
    ),
    Claim(
        "Structured tickets",
        "Robust tickets win under row, kernel and channel patterns too.",
        "robust-tickets/fig3",
        POOLED.format(prior=STRONGER, over="three patterns and 59, 83.2 and 93.1 %"),
        by_lead("accuracy", STRONGER, draw__pattern=("row", "kernel", "channel")),
        replace(DRAWN, cells=f"{SMALL}; 2,000 images of CIFAR-10; row, kernel, channel at 59, 83.2 and 93.1 %"),
        order="together",
    ),
    Claim(
        "A-IMP against IMP, upstream",
        "Robust tickets by A-IMP on the source beat natural ones by IMP.",
        "robust-tickets/fig4",
        "the interval of the lead of robust over natural, pooled over 59, 83.2 and 93.1 %, is above 0",
        by_lead("accuracy", "robust", drawn="US"),
        DRAWN,
        order="together",
    ),
    Claim(
        "A-IMP against IMP, downstream",
        "The same where both are drawn on the target.",
        "robust-tickets/fig4",
        "as upstream",
        by_lead("accuracy", "robust", drawn="DS"),
        DRAWN,
        order="together",
    ),
    Claim(
        "Upstream against downstream",
        "The robust lead is larger where tickets are drawn upstream.",
        "robust-tickets/fig4",
        "the interval of the difference of the two leads is above 0",
        judges.upstream,
        DRAWN,
        order="together",
    ),
    Claim(
        "Natural ahead at the extreme",
        "Under iterative pruning natural tickets lead at extreme sparsity.",
        "robust-tickets/fig4",
        "the interval of the lead of natural over robust at 93.1 %, US and DS, is above 0",
        by_lead("accuracy", "natural", against="robust", draw__sparsity=0.931),
        DRAWN,
        found="ResNet-50, CIFAR-100: above 95 %",
        order="together",
    ),
    Claim(
        "Learned masks",
        "Robust tickets win where only the mask is learned (LMP).",
        "results/every-way-to-draw/tiny-imagenet-to-cifar10.yaml",
        f"the interval of the lead of robust ({STRONGER}) over natural, pooled over 59, 83.2 and 93.1 %, is above 0",
        by_lead("accuracy", "robust", way="LMP lr 0.1"),
        replace(DRAWN, cells=f"{SMALL}; 2,000 images of CIFAR-10; 59, 83.2 and 93.1 %; six epochs of the mask"),
        only={"way": ("OMP", "LMP lr 0.1")},
        order="after",
    ),
)
