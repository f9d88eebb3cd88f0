"""Smaller nets of a family, by their names alone: ``resnet18`` of ``resnet50``."""

import re
from collections.abc import Iterable
from typing import Final

_SIZES: Final = (
    *("atto", "femto", "pico", "nano", "micro", "mini", "tiny", "s", "small", "m", "medium", "b", "base"),
    *("l", "large", "xlarge", "h", "huge", "giant"),
)
_SIZE: Final = re.compile(rf"(?<![a-z])(?:{'|'.join(_SIZES)})(?![a-z])|(?<![v\d])\d+")
"""A number or a word of size; the number of a version (``mobilenetv2``, ``efficientnet_v2_s``) is none."""


def smaller(name: str, names: Iterable[str]) -> list[str]:
    """Those of ``names`` that are called as ``name`` is but for their size, which is less; the largest first.

    >>> smaller("resnet50", ["resnet101", "resnet18", "resnet34", "resnext50_32x4d", "wide_resnet50_2"])
    ['resnet34', 'resnet18']
    >>> smaller("mobilenet_v3_large", ["mobilenet_v2", "mobilenet_v3_small"])
    ['mobilenet_v3_small']
    """
    family, size = _SIZE.sub("#", name), _sizes(name)
    found = [other for other in names if _SIZE.sub("#", other) == family and _sizes(other) < size]
    return sorted(found, key=_sizes, reverse=True)


def _sizes(name: str) -> tuple[int, ...]:
    return tuple(int(text) if text.isdigit() else _SIZES.index(text) for text in _SIZE.findall(name))
