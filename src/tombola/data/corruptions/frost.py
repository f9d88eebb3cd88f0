"""Frost: ice crystals on the lens.

What: ``kept`` times the image plus ``weight`` times a part, at a random place, of one of five textures of frost. The
  published textures are photographs that are not shipped: these are computed (see ``_ice``), of feathered crystals in
  patches, so frost differs more from the stored files than the other corruptions do.
When: an occlusion with structure.
Cost: one copy of a part of a texture; the five are made once for each size, in a second or two at 224 pixels.
Options: none.
Reference: Hendrycks & Dietterich, ICLR 2019, arXiv 1903.12261; constants of the generators published with it.
"""

from typing import ClassVar, final

import torch
from torch import Tensor

from tombola.data.corruptions._base import Corruption, Levels, Setting
from tombola.data.corruptions._ice import TEXTURES, ice
from tombola.data.corruptions._streams import Streams, uniform

_SIDES = {32: 200, 64: 300, 224: 600}  # pixels of a texture for pictures of these sizes: smaller ones see it from afar


@final
class Frost(Corruption):
    """A texture on top."""

    # How much of the image stays, the texture's weight.
    LEVELS: ClassVar[Levels] = {
        32: ((1, 0.2), (1, 0.3), (0.9, 0.4), (0.85, 0.4), (0.75, 0.45)),
        64: ((1, 0.3), (0.9, 0.4), (0.8, 0.45), (0.75, 0.5), (0.7, 0.55)),
        224: ((1, 0.4), (0.8, 0.6), (0.7, 0.7), (0.65, 0.7), (0.6, 0.75)),
    }

    def change(self, x: Tensor, setting: Setting, own: Streams) -> Tensor:
        kept, weight = setting
        size = x.shape[3]
        side = max(_SIDES[self.published(size)], 2 * size)
        return kept * x + weight * torch.stack([_part(size, side, chance) for chance in uniform(own, 3)])


def _part(size: int, side: int, chance: Tensor) -> Tensor:
    """(3, size, size) of a texture; three chances in [0, 1) say which one, and where."""
    which, down, across = chance.tolist()
    top, left = int(down * (side - size + 1)), int(across * (side - size + 1))
    return ice(int(which * TEXTURES), side)[:, top : top + size, left : left + size].double() / 255
