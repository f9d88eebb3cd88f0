"""State dicts as programs leave them that learn without labels: the body taken out of what was trained around it.

What: `body_of` knows these layouts by their names, and takes nothing apart that does not fit one of them whole. What is
    not the body is left out and named; the body's own last layer is the caller's to leave out, who knows its name.

MoCo        ``encoder_q.*`` beside ``encoder_k.*``, ``queue`` and ``queue_ptr``; v1 and v2 (``module.`` is gone already)
SimCLR v2   ``resnet.net.*`` beside ``head.*``, as converted to torch; the nets without selective kernels (sk0), under
            torchvision's names. Its images were not normalised. (v1, as converted, is a plain state dict.)
SwAV        the net's own names beside ``projection_head.*`` and ``prototypes.*``
backbone    ``backbone.*`` or ``encoder.*`` beside heads: DINO's (``head.*``, of whose two nets the teacher is read),
            Barlow Twins' (``projector.*``, ``bn.*``), and programs like these
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from torch import Tensor

from tombola.errors import ModelError

_SIMCLR_V2: Final = "SimCLR v2"
_HEADS: Final = r"(head|projector|projection|projection_head|predictor|bn|fc|online_\w+)\..*"


@dataclass(frozen=True)
class _Layout:
    """Which names tell it, what stands before the body's names, and which names are of something else."""

    program: str
    telling: str
    before: str
    others: str

    def fits(self, names: list[str]) -> bool:
        """Whether something tells it and every name is the body's or known."""
        told = any(re.fullmatch(self.telling, name) for name in names)
        bodies = [name for name in names if self.is_body(name)]
        return told and bool(bodies) and all(self.is_body(n) or re.fullmatch(self.others, n) for n in names)

    def is_body(self, name: str) -> bool:
        """Whether a name is of the body."""
        return name.startswith(self.before) and not (self.before == "" and bool(re.fullmatch(self.others, name)))


_LAYOUTS: Final = (
    _Layout("MoCo", r"encoder_q\..*", "encoder_q.", r"encoder_k\..*|queue|queue_ptr"),
    _Layout(_SIMCLR_V2, r"resnet\.net\..*", "resnet.", r"head\..*"),
    _Layout("SwAV", r"(projection_head|prototypes)\..*", "", r"(projection_head|prototypes)\..*"),
    _Layout("a program with a backbone and a head", _HEADS, "backbone.", _HEADS),
    _Layout("a program with an encoder and a head", _HEADS, "encoder.", _HEADS),
)
_TO_TORCHVISION: Final = (
    (r"net\.0\.0\.", "conv1."),
    (r"net\.0\.1\.0\.", "bn1."),
    (r"net\.(\d)\.blocks\.(\d+)\.projection\.shortcut\.", r"layer\1.\2.downsample.0."),
    (r"net\.(\d)\.blocks\.(\d+)\.projection\.bn\.0\.", r"layer\1.\2.downsample.1."),
    *((rf"net\.(\d)\.blocks\.(\d+)\.net\.{2 * at}\.", rf"layer\1.\2.conv{at + 1}.") for at in range(3)),
    *((rf"net\.(\d)\.blocks\.(\d+)\.net\.{2 * at + 1}\.0\.", rf"layer\1.\2.bn{at + 1}.") for at in range(3)),
)


@dataclass(frozen=True)
class Learned:
    """A body's tensors under its own names, what was left out, and by which program."""

    weights: dict[str, Tensor]
    left_out: tuple[str, ...]
    program: str

    @property
    def normalised(self) -> bool:
        """Whether its images went through a normaliser."""
        return self.program != _SIMCLR_V2


def body_of(weights: Mapping[str, Tensor], file: Path) -> Learned | None:
    """The body in a state dict of one of these programs; None for another state dict."""
    layout = next((one for one in _LAYOUTS if one.fits([*weights])), None)
    if layout is None:
        return None
    body = {name.removeprefix(layout.before): value for name, value in weights.items() if layout.is_body(name)}
    left_out = tuple(name for name in weights if not layout.is_body(name))
    if layout.program == _SIMCLR_V2:
        body = _as_torchvision(body, file)
    return Learned(body, left_out, layout.program)


def _as_torchvision(body: Mapping[str, Tensor], file: Path) -> dict[str, Tensor]:
    if any("mixing_conv" in name for name in body):
        raise ModelError(
            f"{file}: a SimCLR v2 net with selective kernels (sk1), which torchvision's nets have not; take one with"
            " sk0, as r50_1x_sk0"
        )
    return {_spelled(name): value for name, value in body.items()}


def _spelled(name: str) -> str:
    for pattern, ours in _TO_TORCHVISION:
        if found := re.match(pattern, name):
            return found.expand(ours) + name[found.end() :]
    return name
