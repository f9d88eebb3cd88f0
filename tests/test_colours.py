"""Tones: the same thing has the same one in every picture, and eyes without red or green cones tell them apart."""

import re
from importlib.resources import files
from itertools import combinations, pairwise
from typing import Final, TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from tombola.colours import MARKERS, TONES, tones

Colour: TypeAlias = NDArray[np.float64]

SEEN: Final = {
    "all cones": np.eye(3),
    "no red cones": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "no green cones": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}
"""Machado, Oliveira and Fernandes (2009), severity 1: linear RGB as such eyes see it."""
_XYZ: Final = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
_WHITE: Final = _XYZ @ np.ones(3)
APART: Final = 12.0
"""CIE76; about 2 can just be told side by side."""


def linear(tone: str) -> Colour:
    """``#rrggbb`` as light."""
    parts = np.array([int(tone[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def lab(light: Colour) -> Colour:
    """CIELAB."""
    f = np.cbrt(np.clip(_XYZ @ light / _WHITE, 1e-6, None))
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("eyes", SEEN)
def test_any_two_tones_are_told_apart(eyes: str) -> None:
    seen = {tone: lab(np.clip(SEEN[eyes] @ linear(tone), 0, 1)) for tone in TONES}
    near = min((float(np.linalg.norm(seen[a] - seen[b])), a, b) for a, b in combinations(TONES, 2))
    assert near[0] > APART, near


def test_tones_stand_out_from_white() -> None:
    """3 to 1, as the web's rules ask of what is drawn."""
    light = {tone: float(_XYZ[1] @ linear(tone)) for tone in TONES}
    assert {tone: 1.05 / (value + 0.05) for tone, value in light.items() if 1.05 / (value + 0.05) < 3} == {}


def test_a_thing_has_its_tone_whatever_stands_beside_it() -> None:
    assert tones(["natural", "robust"]) == (0, 1)
    assert tones(["linf 2/255", "natural", "untrained"]) == (1, 0, 2)
    assert tones(["block:1x4", "dense", "element", "openvino:int8", "stripe:4"]) == (6, 7, 3, 4, 2)


def test_levels_are_told_apart_however_many_there_are() -> None:
    many = ["natural", "standard", *(f"linf {k}/255" for k in range(9)), *(f"way {k}" for k in range(9)), "dense"]
    found = tones(many)
    assert len(set(found)) == len(many)
    assert all(b - a == 1 for a, b in pairwise(sorted(found)))


def test_there_is_a_marker_for_every_tone() -> None:
    assert len(set(MARKERS)) == len(TONES) == len(set(TONES))


def test_the_page_draws_in_the_same_tones() -> None:
    css = files("tombola.report").joinpath("page.css").read_text(encoding="utf-8")
    assert css.startswith(":root{color-scheme:light;")
    assert tuple(re.findall(r"--c\d:(#\w+)", css.partition("@media")[0])) == TONES
