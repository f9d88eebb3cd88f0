"""The Lottery Tickets Hypothesis for Supervised and Self-supervised Pre-training in Computer Vision (CVPR 2021)."""

from dataclasses import replace
from typing import Final

from results.evidence.claim import PRETRAINING, Asked, Claim
from results.evidence.judges_of_priors import bear_differently, masks_differ
from results.evidence.judges_of_vision import matches_everywhere, source_serves

ASKED: Final = Asked(
    effect="the sparsest ticket whose transfer matches the dense prior's, by the interval less one std",
    cells="ResNet-18 at 64 px on 20,000 images of Tiny-ImageNet: supervised, SimCLR, MoCo; CIFAR-10, Caltech-101, DTD,"
    " CamVid, blood cells; 59, 79, 89, 95 %",
    unit=PRETRAINING,
    units=5,
    controls="an untrained body; a prior counts where its probe beats that by 5 points on two sets; random masks",
    theirs="ResNet-50 of ImageNet, SimCLR, MoCo v2; CIFAR, SVHN, Fashion-MNIST, VisDA, VOC 2007 and 2012; to 98.2 %",
)

PROBES: Final = "cv-tickets/sensitivity"
"""Its rows say which priors count as pretrained."""

_CLAIMS: Final = (
    Claim(
        "CV: matching tickets",
        "Each prior has tickets that match its dense transfer on every target at 59 % or more.",
        "cv-tickets/classification",
        "for each prior and target a level of 59 % or more matches by its interval over pretrainings, in at least four"
        " of five pretrainings the ticket there reaches the bar, and it leads the untrained net's; a count, no p",
        matches_everywhere,
        ASKED,
        found="universal and matching at 59.04 to 96.48 %",
        also=(PROBES, "cv-tickets/segmentation", "cv-tickets/detection"),
    ),
    Claim(
        "CV: universal tickets",
        "A ticket drawn on the source reaches the target's own ticket.",
        "cv-tickets/universal",
        "the interval over pretrainings of the share of targets reached is above one half",
        source_serves,
        replace(ASKED, effect="the share of targets on which the source's ticket reaches the target's own at 79 %"),
        found="universal at 59.04 to 96.48 %; CIFAR-10 at 98.2 %: 91.5 by the source's mask, 95.05 by the target's",
        also=(PROBES,),
    ),
    Claim(
        "CV: masks differ by prior",
        "Masks of different priors overlap less than masks of two pretrainings of one prior.",
        "cv-tickets/structure",
        "the interval of (overlap within a prior less overlap between priors), over pretrainings, is above 0 at 79 %;"
        " widened, as each pretraining stands in two of the values",
        masks_differ,
        replace(ASKED, effect="overlap less what chance would give, within less between"),
        found="heat maps of kernels, at 79.03 %",
        also=(PROBES,),
    ),
    Claim(
        "CV: sensitivity differs by prior",
        "Priors differ in how much noise on their weights costs two points.",
        "cv-tickets/sensitivity",
        "for some pair of priors the interval of the difference of log noise, over pretrainings, leaves 0 out after"
        " Holm among the pairs",
        bear_differently,
        replace(ASKED, effect="the log of the noise, in the weights' std, at which two points of accuracy are lost"),
        found="a picture",
    ),
)
CLAIMS: Final = tuple(replace(one, pretrained="each seed") for one in _CLAIMS)
