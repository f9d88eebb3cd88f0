"""ToST (ICML 2022) and SuperTickets (ECCV 2022): how a sparse net is trained, and searched while it is."""

from dataclasses import replace
from typing import Final

from results.evidence.claim import TRAINING, Asked, Claim

TOST: Final = Asked(
    effect="points of accuracy, with the technique less without, same mask and seed, as many epochs",
    cells="ResNet-20 from random weights, 20,000 images of CIFAR-10 at 32 px, 30 epochs; 97 and 98 %; random and"
    " SynFlow masks",
    unit=TRAINING,
    units=6,
    controls="the same mask trained plainly; the dense net",
    theirs="ResNet-18, -32, -104, VGG-16, MobileNet; CIFAR-10, -100, Tiny-ImageNet; 182 epochs, batch 128",
)
SUPER: Final = Asked(
    effect="points of accuracy at equal MACs after shrinking times density, joint less search-then-prune, same seed",
    cells="a supernet of two branches (12 and 24 channels), 20,000 images of CIFAR-10, 24 epochs; three budgets",
    unit=TRAINING,
    units=5,
    controls="a one-shot ticket at equal MACs; masks that never come back; with and without retraining",
    theirs="HR-NAS's supernet; ImageNet, Cityscapes, ADE20K, COCO keypoints; 200 to 430 epochs on eight GPUs",
)
_ABOVE: Final = (
    "over {units} seeds the interval is above 0 at 97 and at 98 %, on both masks; p is the largest of the four"
)

CLAIMS: Final = (
    Claim(
        "ToST: all together",
        "Soft activations, ghost skips and label smoothing together train a sparse net better, whatever the mask.",
        "",
        _ABOVE.format(units=6),
        None,
        TOST,
        found="the preprint: +1.05 to +4.93, ResNet-18, CIFAR-100",
    ),
    Claim(
        "ToST: soft activations",
        "ReLUs that begin smooth help by themselves.",
        "",
        _ABOVE.format(units=6),
        None,
        TOST,
        found="figures not at hand",
    ),
    Claim(
        "ToST: ghost skips",
        "Skip connections that fade help by themselves.",
        "",
        _ABOVE.format(units=6),
        None,
        TOST,
        found="figures not at hand",
    ),
    Claim(
        "SuperTickets: joint search",
        "Searching and pruning in one training beats searching first.",
        "",
        "over five seeds the paired interval is above 0 at two of three budgets, by partial conjunction",
        None,
        SUPER,
        found="a better trade-off; tables not at hand",
    ),
    Claim(
        "SuperTickets: weights that come back",
        "Pruned weights that may come back beat masks that only grow.",
        "",
        "over five seeds the paired interval is above 0 at two of three budgets, by partial conjunction",
        None,
        replace(SUPER, effect="points of accuracy at equal MACs, revived less nested masks, same seed"),
        found="tables not at hand",
    ),
    Claim(
        "SuperTickets: transfer",
        "A ticket found on one task reaches one found on the target.",
        "",
        "over five seeds the lower end of (transferred less own) is above -1 point on DTD and CamVid",
        None,
        replace(SUPER, effect="points, transferred less found on the target, at equal MACs"),
        found="tables not at hand",
    ),
)
