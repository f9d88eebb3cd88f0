"""Robust Tickets, continued: what tickets keep beside accuracy, on how many tasks they win, and larger nets."""

from dataclasses import replace
from typing import Final

from results.evidence import judges
from results.evidence.claim import Claim
from results.evidence.judges import PRIOR, STRONGER, WEAKER, by_lead
from results.evidence.papers.robust_tickets import LINEAR, OVER, POOLED, SMALL

TABLE: Final = replace(
    LINEAR,
    effect="points, robust less natural, same seed",
    cells=f"{SMALL}; 2,000 images of CIFAR-10, linear evaluation; PGD of 20 steps at 2/255 on 500 images; 80, 95 %",
)
MANY: Final = replace(
    LINEAR,
    cells=f"{SMALL}; CIFAR-10, Fashion-MNIST, Caltech-101, ten of DTD, Imagenette; 80, 90, 95 %",
    theirs="ResNet-18 of ImageNet at 224 px; the twelve sets of Salman et al.",
)
LARGER: Final = replace(
    LINEAR,
    cells="ResNet-18 (11 million) at 64 px, 18,000 images of Tiny-ImageNet, 12 epochs; four sets; 80, 90, 95 %",
)
BEGUN: Final = replace(
    LINEAR,
    cells="EfficientNet-Lite0 (3.4 million) with its ImageNet weights, trained on for 3 epochs of 18,000 images of"
    " Tiny-ImageNet at 64 px; four sets; 50, 80, 90 %",
)
SCENES: Final = replace(
    LINEAR,
    effect="points of mean IoU, robust less natural, same seed",
    cells=f"{SMALL}; CamVid, a fully convolutional head; 0, 59, 83.2, 93.1 %",
    theirs="ResNet-50 of ImageNet, DeepLabv3+ on VOC12, 30,000 steps",
)

CLAIMS: Final = (
    Claim(
        "Smoothing in between",
        "Tickets of a smoothed prior stand between natural and adversarial ones.",
        "robust-tickets/fig6",
        f"both intervals, pooled over {OVER}, are above 0",
        judges.between,
        replace(LINEAR, effect="points of accuracy, smoothing less natural and adversarial less smoothing"),
        found="between the two",
    ),
    Claim(
        "Segmentation",
        "Robust tickets reach a higher mean IoU.",
        "robust-tickets/fig7",
        POOLED.format(prior=STRONGER, over="0, 59, 83.2 and 93.1 %"),
        by_lead("mean_iou", STRONGER),
        SCENES,
        found="higher, most at mild sparsity",
        order="together",
    ),
    Claim(
        "Adversarial accuracy",
        "Robust tickets transfer their robustness.",
        "robust-tickets/table1",
        POOLED.format(prior=STRONGER, over="80 and 95 %"),
        by_lead("adversarial_accuracy", STRONGER, draw__sparsity=(0.8, 0.95)),
        TABLE,
        found="a table in a picture; higher",
        order="together",
    ),
    Claim(
        "Out-of-distribution detection",
        "Robust tickets tell other images from the task's better.",
        "robust-tickets/table1",
        POOLED.format(prior=STRONGER, over="80 and 95 %"),
        by_lead("ood_auroc", STRONGER, draw__sparsity=(0.8, 0.95)),
        replace(TABLE, cells=f"{SMALL}; CIFAR-10 against CIFAR-100, linear evaluation; 80, 95 %"),
        found="a table in a picture; higher",
        order="together",
    ),
    Claim(
        "Most of many tasks",
        "Robust tickets win on most of the transfer sets under linear evaluation.",
        "robust-tickets/fig9",
        f"on more than half of the tasks the interval of the lead of {PRIOR}, pooled over {OVER}, is above 0",
        judges.most_tasks,
        MANY,
        found="better, level, worse on 7, 3, 2 of 12",
    ),
    Claim(
        "Eps decides",
        "No claim of the papers: a robust prior too strong for a small net loses what a weak one keeps.",
        "robust-tickets/fig9",
        f"the interval of the lead of {WEAKER} over {STRONGER}, pooled over five tasks and {OVER}, is above 0",
        judges.eps_decides,
        replace(MANY, effect="points of accuracy, weaker less stronger radius"),
        order="together",
    ),
    Claim(
        "A weak prior on a larger net, linear",
        f"No claim of the papers: {WEAKER} leads at 80 %, read off fig9's rows; here tried on ResNet-18 at 64 pixels.",
        "results/evidence/resnet18-linear.yaml",
        POOLED.format(prior=WEAKER, over="four tasks at 80 %"),
        judges.weak_at_80,
        LARGER,
    ),
    Claim(
        "A weak prior on a larger net, finetuned",
        "The same where the whole net is finetuned.",
        "results/evidence/resnet18-finetuned.yaml",
        POOLED.format(prior=WEAKER, over="two tasks at 80 %"),
        judges.weak_at_80,
        replace(LARGER, cells=LARGER.cells.replace("four sets; 80, 90, 95", "two sets, 100 steps; 80, 95")),
    ),
    Claim(
        "A start at ImageNet, linear",
        "Robust tickets transfer better where the prior begins at ImageNet's weights; here those of a small net.",
        "results/evidence/imagenet-start.yaml",
        POOLED.format(prior=PRIOR, over="four tasks and 50, 80, 90 %"),
        by_lead("accuracy", PRIOR, draw__sparsity=(0.5, 0.8, 0.9)),
        BEGUN,
    ),
    Claim(
        "The gap tells the winner",
        "The further the target from the source, the likelier robust tickets win.",
        "robust-tickets/table2",
        f"the rank correlation of distance and lead of {PRIOR} over the tasks is positive with p below 0.05",
        judges.gap_tells,
        replace(MANY, effect="Spearman's rho of Frechet distance and lead, over tasks", unit="the task", units=12),
        found="FID above 150: robust wins 6 of 6; below: 1 of 6",
    ),
)
