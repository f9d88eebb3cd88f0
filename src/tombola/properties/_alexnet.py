"""The reference of ImageNet-C: AlexNet's errors, by which mCE divides."""

import re
from collections.abc import Mapping
from typing import Final

from tombola.data._base import Images

ERRORS: Final = {
    "gaussian_noise": 88.64,
    "shot_noise": 89.45,
    "impulse_noise": 92.26,
    "defocus_blur": 81.99,
    "glass_blur": 82.63,
    "motion_blur": 78.59,
    "zoom_blur": 79.84,
    "snow": 86.68,
    "frost": 82.66,
    "fog": 81.93,
    "brightness": 56.46,
    "contrast": 85.32,
    "elastic": 64.61,
    "pixelate": 71.78,
    "jpeg": 60.65,
}
"""In per cent, the mean of five severities, on the stored files at 224 pixels."""
CLEAN: Final = 43.48
"""Its error on the clean validation set, in per cent."""

_SIZE, _CLASSES = 224, 1000
_WORDNET = re.compile(r"n\d{8}")


def is_imagenet(images: Images) -> bool:
    """Whether these are ImageNet's classes at the size the reference is for: 1000, called by their WordNet numbers."""
    named = len(images.classes) == _CLASSES and all(_WORDNET.fullmatch(name) for name in images.classes)
    return named and images.size == _SIZE


def mean_errors_of_alexnet(errors: Mapping[str, float], clean: float) -> dict[str, float]:
    """mCE and relative mCE in per cent: a model like AlexNet has 100. ``errors`` in per cent, of all fifteen."""
    shares = [errors[name] / theirs for name, theirs in ERRORS.items()]
    relative = [(errors[name] - clean) / (theirs - CLEAN) for name, theirs in ERRORS.items()]
    return {"mce": 100 * sum(shares) / len(shares), "relative_mce": 100 * sum(relative) / len(relative)}
