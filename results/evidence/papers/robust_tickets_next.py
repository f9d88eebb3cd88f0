"""Robust Tickets with the pretraining as the unit: rules for rows that are still to be made, on larger nets."""

from dataclasses import replace
from typing import Final

from results.evidence.claim import PRETRAINING, Asked, Claim
from results.evidence.judges import PRIOR, SPARSE, STRONGER, WEAKER, by_lead
from results.evidence.papers.robust_tickets import (
    EXTREME_FOUND,
    FINETUNED_FOUND,
    FLOOR,
    LINEAR_FOUND,
    OVER,
    THEIRS,
)

STUDY: Final = "results/evidence/pretrainings.yaml"
ATTACKED: Final = "results/evidence/autoattacked.yaml"
POOLED: Final = (
    "Student's interval over five pretrainings of the lead of {prior} over natural, pooled over {over}, is above 0"
)
RADII: Final = (PRIOR, STRONGER, "linf 4/255", "l2 0.5", WEAKER)

ASKED: Final = Asked(
    effect="points of accuracy, robust less natural, same seed of pretraining",
    cells="ResNet-18 at 64 px, 18,000 images of Tiny-ImageNet, 30 epochs; CIFAR-10, Caltech-101, ten of DTD,"
    " Imagenette; 80 to 98 %; linear, and finetuned until twice as long moves the mean by less than half a point",
    unit=PRETRAINING,
    units=5,
    controls=FLOOR,
    theirs=THEIRS,
)
STANDARD: Final = replace(
    ASKED,
    effect="points of accuracy under the standard AutoAttack at 2/255, robust less natural",
    cells="ResNet-18 at 64 px, 12 epochs in bfloat16; 2,020 images of Caltech-101, linear evaluation; the first 1,000"
    " test images; 80, 95 %",
    controls="the natural prior's tickets; what answering one class always would keep",
)
START: Final = replace(
    ASKED,
    effect="points of accuracy, trained on against an adversary less trained on naturally, as many epochs",
    cells="EfficientNet-Lite0 and MobileNetV2 with their ImageNet weights, trained on for 12 epochs of Tiny-ImageNet at"
    " 128 px at 0, 0.5, 1, 2 of 255; four sets, linear and finetuned; 50, 80, 90 %",
)

_CLAIMS: Final = (
    Claim(
        "Five pretrainings, finetuned",
        "Robust one-shot tickets finetune better than natural ones.",
        STUDY,
        POOLED.format(prior=PRIOR, over=f"four tasks and {OVER}"),
        by_lead("accuracy", *RADII, draw__sparsity=SPARSE, adapted="finetuned"),
        ASKED,
        found=FINETUNED_FOUND,
    ),
    Claim(
        "Five pretrainings, extreme sparsity",
        "They still do where hardly anything is left.",
        STUDY,
        POOLED.format(prior=PRIOR, over="four tasks at 98 %"),
        by_lead("accuracy", PRIOR, STRONGER, draw__sparsity=0.98, adapted="finetuned"),
        ASKED,
        found=EXTREME_FOUND,
    ),
    Claim(
        "Five pretrainings, linear",
        "Robust one-shot tickets hold better features.",
        STUDY,
        POOLED.format(prior=PRIOR, over=f"four tasks and {OVER}, batch norm frozen"),
        by_lead("accuracy", *RADII, draw__sparsity=SPARSE, adapted="linear"),
        ASKED,
        found=LINEAR_FOUND,
    ),
    Claim(
        "Five pretrainings, the weakest radius",
        f"No claim of the papers: {WEAKER} leads at 80 % under linear evaluation.",
        STUDY,
        POOLED.format(prior=WEAKER, over="four tasks at 80 %"),
        by_lead("accuracy", WEAKER, draw__sparsity=0.8, adapted="linear"),
        ASKED,
    ),
    Claim(
        "Five pretrainings, standard AutoAttack",
        "Robust tickets transfer their robustness.",
        ATTACKED,
        POOLED.format(prior=STRONGER, over="80 and 95 %"),
        by_lead("adversarial_accuracy", STRONGER, draw__sparsity=(0.8, 0.95)),
        STANDARD,
        found="a table in a picture; higher, by PGD",
    ),
    Claim(
        "Priors that begin at ImageNet",
        "Robust tickets transfer better where the prior begins at ImageNet's weights.",
        "",
        POOLED.format(prior=PRIOR, over="four tasks and 50, 80, 90 %, finetuned"),
        None,
        START,
        found=FINETUNED_FOUND,
    ),
)
CLAIMS: Final = tuple(replace(one, pretrained="each seed") for one in _CLAIMS)
