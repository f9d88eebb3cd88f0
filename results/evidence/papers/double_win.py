"""Double-Win Lottery Tickets (Chen et al., ICML 2022)."""

from dataclasses import replace
from typing import Final

from results.evidence import judges
from results.evidence.claim import PRETRAINING, Asked, Claim

ASKED: Final = Asked(
    effect="the sparsest double win: the sparsest mask whose accuracy under standard transfer, and whose accuracy and"
    " robust accuracy under adversarial transfer, all match the dense net's",
    cells="ResNet-20 at 32 px, levels of 40 steps on Tiny-ImageNet, 500 images of CIFAR-10, 60 steps, 2/255;"
    " 59, 83.2 %",
    unit=PRETRAINING,
    units=5,
    controls="the dense net of the same prior, which is what a win is against",
    theirs="ResNet-50, 30 epochs of ImageNet a level, 8/255; CIFAR-10 and -100 for 100 and 150 epochs",
)

CLAIMS: Final = (
    Claim(
        "Double wins by pretraining",
        "The sparsest double win grows from standard over fast to adversarial pretraining.",
        "double-win/matching",
        "the order holds by their intervals, and not all three are level",
        judges.double_win_order,
        ASKED,
        found="CIFAR-10: 89.26, 89.26, 91.41 %; CIFAR-100: 73.79, 79.03, 83.22 %",
    ),
    Claim(
        "Data efficiency",
        "With few labels tickets gain on the dense net.",
        "double-win/data-efficient",
        "the lead of 59 % over dense with 100 labels exceeds that with 500, adversarial prior; interval above 0",
        judges.few_labels,
        replace(ASKED, effect="points of accuracy, (59 % less dense) with 100 labels less the same with 500"),
        found="with 1 and 10 % of the labels; figures not at hand",
    ),
)
