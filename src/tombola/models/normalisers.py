"""How a net's input is shifted and scaled: means and standard deviations of its channels, by name."""

from collections.abc import Mapping
from typing import Final

from tombola.models.inputs.pixels import Normalise
from tombola.models.own_names import OWN
from tombola.models.wrappers import Layout

NORMALISERS: Final[Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]]] = {
    "none": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    "half": ((0.5, 0.5, 0.5), (0.25, 0.25, 0.25)),
    "cifar10": ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
    "cifar10_smoothing": ((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)),
    "cifar100": ((0.5071, 0.4865, 0.4409), (0.2673, 0.2564, 0.2762)),
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
}


def normaliser(name: str) -> Normalise:
    """A fresh layer of the table's."""
    return Normalise(*NORMALISERS[name])


def usual(layout: Layout, net: str) -> Normalise | None:
    """What the code of randomized smoothing normalises with, and does not write into its files."""
    if layout != "smoothed":
        return None
    return normaliser("cifar10_smoothing" if net in OWN else "imagenet")
