"""What the nets that Tombola builds itself are called. No torch."""

from typing import Final

BLOCKS_PER_STAGE: Final = {
    "resnet8": 1,
    "resnet20": 3,
    "resnet32": 5,
    "resnet56": 9,
    "resnet110": 18,
    "resnet20b": 3,
    "resnet110b": 18,
}

PREACT: Final = ("preactresnet18", "preactresnet18_plain")

OWN: Final = (*BLOCKS_PER_STAGE, *PREACT)
