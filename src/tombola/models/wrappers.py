"""State dicts as training programs leave them, taken out of what these wrap their nets in.

What: `unwrapped` knows four layouts by their names, and takes nothing apart that does not fit one of them whole.

ours      ``normalise.mean``, ``normalise.std`` and ``body.*``: a whole `Network`; of texts ``body.*`` alone
robust    ``model.*``, ``normalizer.new_mean``, ``normalizer.new_std``, and both again under ``attacker.``: the
          robustness library. The second copy must equal the first and is dropped.
smoothed  ``1.*`` or ``1.module.*``, the net behind a normalising layer at ``0.`` (which often has no tensors): the
          code of randomized smoothing
plain     the net's own names
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeAlias

import torch
from torch import Tensor

from tombola.errors import ModelError
from tombola.models.inputs.pixels import Normalise

Layout: TypeAlias = Literal["ours", "robust", "smoothed", "plain"]

_ROBUST: Final = re.compile(r"(attacker\.)?model\..+|normalizer\.new_(mean|std)|attacker\.normalize\.new_(mean|std)")
_PIXELS: Final = {"normalise.mean", "normalise.std"}
_MEAN_AND_STD: Final = {
    "normalizer.new_mean": "mean",
    "normalizer.new_std": "std",
    "0.mean": "mean",
    "0.means": "mean",
    "0.std": "std",
    "0.sds": "std",
}


@dataclass(frozen=True)
class Unwrapped:
    """A net's tensors under its own names, the normaliser that lay beside them, and the layout they were in."""

    weights: dict[str, Tensor]
    normalise: Normalise | None
    layout: Layout
    first: Mapping[str, Tensor] = field(default_factory=dict)
    """What a first layer of another kind holds, in a file of ours."""


def unwrapped(weights: Mapping[str, Tensor], file: Path) -> Unwrapped:
    """``weights`` out of their wrapper; a wrapper that contradicts itself is a `ModelError` that names where."""
    layout = _layout(weights)
    if layout == "robust":
        weights = _without_attacker(weights, file)
    bare = {"robust": "model.", "smoothed": "1.", "ours": "body."}.get(layout, "")
    found = {name.removeprefix(bare): value for name, value in weights.items() if name.startswith(bare)}
    for more in {"robust": ("model.",), "smoothed": ("module.",)}.get(layout, ()):
        if all(name.startswith(more) for name in found):  # one wrapper more around some of their nets
            found = {name.removeprefix(more): value for name, value in found.items()}
    return Unwrapped(found, _normaliser(weights, layout, file), layout, _first(weights) if layout == "ours" else {})


def _first(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What the first layer holds, unless it is a normaliser."""
    found = {name: value for name, value in weights.items() if name.startswith("normalise.") and name not in _PIXELS}
    return {name.removeprefix("normalise."): value for name, value in found.items()}


def _layout(weights: Mapping[str, Tensor]) -> Layout:
    if weights.keys() >= _PIXELS or all(name.startswith(("body.", "normalise.")) for name in weights):
        return "ours"
    telling = any(name.startswith(("attacker.", "normalizer.")) for name in weights)
    if telling and not strangers(weights):
        return "robust"
    behind = [name for name in weights if name not in _MEAN_AND_STD]
    return "smoothed" if behind and all(name.startswith("1.") for name in behind) else "plain"


def strangers(weights: Mapping[str, Tensor]) -> list[str]:
    """The names that no state dict of the robustness library has."""
    return [name for name in weights if not _ROBUST.fullmatch(name)]


def _without_attacker(weights: Mapping[str, Tensor], file: Path) -> dict[str, Tensor]:
    """The first copy of everything, after a look at whether the second one is equal to it."""
    first = {name: value for name, value in weights.items() if not name.startswith("attacker.")}
    for name, value in weights.items():
        if name in first:
            continue
        twin = re.sub(r"^normalize\.", "normalizer.", name.removeprefix("attacker."))
        if twin not in first:
            raise ModelError(f"{file}: {name} should be a second copy of {twin}, which the file does not have")
        if not torch.equal(first[twin], value):
            raise ModelError(f"{file}: {name} should be a second copy of {twin} and differs from it; which is the net?")
    return first


def _normaliser(weights: Mapping[str, Tensor], layout: Layout, file: Path) -> Normalise | None:
    if layout == "plain":
        return None
    names = {"normalise.mean": "mean", "normalise.std": "std"} if layout == "ours" else _MEAN_AND_STD
    beside = {names[name]: value for name, value in weights.items() if name in names}
    if len(beside) == 1:
        raise ModelError(f"{file}: a normaliser has a mean and a std, and this one only a {next(iter(beside))}")
    return Normalise(*(beside[part].flatten().tolist() for part in ("mean", "std"))) if beside else None
