"""ToST (ICML 2022) and SuperTickets (ECCV 2022): how a sparse net is trained, and searched while it is.

The rules are those of the recipes' own pages, which stood before any row.
"""

from dataclasses import replace
from typing import Final

from results.evidence.claim import TRAINING, Asked, Claim
from results.evidence.judges_of_search import joint_over, serves_as_well
from results.evidence.judges_of_training import any_mask, part_helps

PARTS: Final = Asked(
    effect="points of accuracy, with the part less without, same mask and seed, as many steps",
    cells="ResNet-20 from random weights, 18,000 images of CIFAR-10 at 32 px, 30 epochs; 97 and 98 %; a random mask and"
    " one by SNIP",
    unit=TRAINING,
    units=5,
    controls="the same mask trained plainly; all parts, and all but each",
    theirs="ResNet-18, -32, -104, VGG-16, MobileNet; CIFAR-10, -100, Tiny-ImageNet; 182 epochs, batch 128",
)
MASKS: Final = replace(
    PARTS,
    effect="points of accuracy, soft activations, ghost skips and smooth labels less plain, same mask and seed",
    cells="ResNet-20, 18,000 images of CIFAR-10 at 32 px, 30 epochs; 95, 97, 98, 99 %; masks at random, by SNIP, GraSP,"
    " SynFlow, and one-shot with pretrained weights",
    units=3,
    controls="the same mask trained plainly",
)
SUPER: Final = Asked(
    effect="points of accuracy at the joint nets' operations, joint less searched-then-pruned, same seed",
    cells="a supernet of two branches, two stages, kernels 3 and 5, 18,000 images of CIFAR-10, 24 epochs; 80, 90 %",
    unit=TRAINING,
    units=3,
    controls="pruned, then searched; a one-shot ticket; masks that never come back; trained on, or not",
    theirs="HR-NAS's supernet; ImageNet, Cityscapes, ADE20K, COCO keypoints; 200 to 430 epochs on eight GPUs",
)
_EACH: Final = "the interval over five seeds is above 0 at 97 and at 98 %, on both masks; p is the largest of the four"
_NONE: Final = "figures not at hand"

CLAIMS: Final = (
    Claim(
        "ToST: any mask",
        "Soft activations, ghost skips and label smoothing train a sparse net better, whatever the mask.",
        "tost/any-mask",
        "the interval is above 0 on each of five masks at 95, 97, 98 and 99 %; p is the largest of the twenty",
        any_mask,
        MASKS,
        found="the preprint: +1.05 to +4.93, ResNet-18, CIFAR-100",
    ),
    *(
        Claim(name, says, "tost/ablation", _EACH, part_helps(part), PARTS, found=_NONE)
        for name, says, part in (
            ("ToST: all parts", "All four parts together help a net that is trained from random weights.", "all"),
            ("ToST: soft activations", "ReLUs that begin smooth help by themselves.", "soft"),
            ("ToST: ghost skips", "Skip connections that fade help by themselves.", "ghost"),
            ("ToST: label smoothing", "Smoothing over the other classes helps by itself.", "smoothing"),
            ("ToST: scaled initialisation", "Weights scaled layer by layer help by themselves.", "scaling"),
        )
    ),
    Claim(
        "SuperTickets: joint search",
        "Searching and pruning in one training beats searching first.",
        "supertickets/joint",
        "the mean difference over three seeds is above 0 with its paired interval, at both sparsities' operations,"
        " where the other's curve is straight in their log and read to a tenth beyond its ends; p is the larger",
        joint_over("search, then prune", "prune, then search", "OMP"),
        SUPER,
        found=f"a better trade-off; {_NONE}",
    ),
    Claim(
        "SuperTickets: weights that come back",
        "Pruned weights that may come back beat masks that only grow.",
        "supertickets/joint",
        "the same of joint less joint, nested",
        joint_over("joint, nested"),
        replace(SUPER, effect="points of accuracy at equal operations, revived less nested masks, same seed"),
        found=_NONE,
    ),
    Claim(
        "SuperTickets: transfer",
        "A ticket found on one task serves another as well as one drawn there.",
        "supertickets/transfer",
        "on each of three tasks the lower end of (SuperTicket less drawn there) over three seeds is above -1 point;"
        " p is the largest, each of a loss of one point",
        serves_as_well,
        replace(
            SUPER,
            effect="points of accuracy, SuperTicket less drawn there, same seed",
            cells="the same supernet from CIFAR-10 to Fashion-MNIST, ten of DTD, Imagenette at 32 px, 8 epochs; 80 %",
            controls="searched, then pruned; a one-shot ticket of the supernet",
        ),
        found=_NONE,
    ),
)
