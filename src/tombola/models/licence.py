"""Under which licence the weights of a source are, where what they came with states it."""

import re
from collections.abc import Iterator
from contextlib import suppress
from importlib import metadata
from typing import Final

from tombola.errors import TombolaError
from tombola.wheels import PACKAGE, place_of

_HEAD: Final = re.compile(r"^---\n(.*?)^---$", re.DOTALL | re.MULTILINE)
_LINE: Final = re.compile(r"^license:\s*(\S.*?)\s*$", re.MULTILINE)
_UNSAID: Final = ("", "unknown", "other", "none")


def licence_of(name: str) -> str:
    """As it is stated: in a model's own card, by timm, or by the installed package; empty where nobody states one.

    ``name`` is a source's, as ``timm:resnet18.a1_in1k`` or ``hf:FOLDER``. Nothing is downloaded.
    """
    return next((found for found in _stated(name) if found.lower() not in _UNSAID), "")


def _stated(name: str) -> Iterator[str]:
    kind, _, net = name.partition(":")
    if kind == "timm":
        yield _by_timm(net)
    if kind == "hf":
        yield _in_card(net)
    if net.startswith(PACKAGE):
        yield _of_package(net.removeprefix(PACKAGE))


def _by_timm(net: str) -> str:
    import timm

    found = timm.get_pretrained_cfg(net) if "." in net else None  # without a tag the weights are random
    return "" if found is None else str(found.license or "")


def _in_card(net: str) -> str:
    """Of the README beside a model, with the head that a hub reads."""
    with suppress(OSError, UnicodeError, TombolaError):
        place = place_of(net)
        head = _HEAD.match(((place if place.is_dir() else place.parent) / "README.md").read_text(encoding="utf-8"))
        found = None if head is None else _LINE.search(head[1])
        return "" if found is None else found[1]
    return ""


def _of_package(name: str) -> str:
    for distribution in metadata.packages_distributions().get(name, ()):
        told = metadata.metadata(distribution)
        named = (name for name in ("License-Expression", "License") if name in told)
        return next((str(told[name]) for name in named), "")
    return ""
