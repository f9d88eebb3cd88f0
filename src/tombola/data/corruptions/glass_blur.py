"""Glass blur: seen through frosted glass, pixels take the place of near ones.

What: smoothed, then pixel after pixel, from the last to the first, becomes one nearby, drawn uniformly from a square
  that reaches ``shift`` up and left and one less down and right; smoothed again. The published program means to swap
  the two, but what its line does is copy, and its stored pictures are copies. So it is here.
When: blur that is local and random.
Cost: a few gathers an image; no loop over pixels, as the chains of copies are followed for all pixels at once.
Options: none.
Reference: Hendrycks & Dietterich, ICLR 2019, arXiv 1903.12261; constants of the generators published with it.
"""

from typing import ClassVar, final

import torch
from torch import Tensor

from tombola.data.corruptions._base import Corruption, Levels, Setting
from tombola.data.corruptions._smoothing import smoothed
from tombola.data.corruptions._streams import Streams, uniform


@final
class GlassBlur(Corruption):
    """Pixels copied over near ones."""

    # Sigma of both smoothings, how far a pixel may come from, how often all pixels are gone through.
    LEVELS: ClassVar[Levels] = {
        32: ((0.05, 1, 1), (0.25, 1, 1), (0.4, 1, 1), (0.25, 1, 2), (0.4, 1, 2)),
        64: ((0.1, 1, 1), (0.5, 1, 1), (0.6, 1, 2), (0.7, 2, 1), (0.9, 2, 2)),
        224: ((0.7, 1, 2), (0.9, 2, 1), (1, 2, 3), (1.1, 3, 2), (1.5, 4, 2)),
    }

    def change(self, x: Tensor, setting: Setting, own: Streams) -> Tensor:
        sigma, shift, rounds = setting[0], int(setting[1]), int(setting[2])
        flat = smoothed(x, sigma, edge="clamp", truncate=4).flatten(2)
        for _ in range(rounds):
            moves = uniform(own, 2, *x.shape[2:], low=-shift, high=shift).floor().long()
            sources = copied_from(moves, shift).flatten(1)
            flat = flat.gather(2, sources[:, None].expand(-1, 3, -1))
        return smoothed(flat.view_as(x), sigma, edge="clamp", truncate=4)


def copied_from(moves: Tensor, shift: int) -> Tensor:
    """Where each pixel's value comes from in the end, (N, S, S), as places in the flattened image.

    Pixels at least ``shift`` from the edge are gone through from the last to the first, each becoming the one that
    ``moves`` (N, 2, S, S; down, across) points at, which may have become another before.
    """
    count, _, size, _ = moves.shape
    here = torch.arange(size * size).view(size, size)
    along = torch.arange(size)
    moved = (along > shift) & (along <= size - shift)
    inside = moved[:, None] & moved
    aimed = torch.where(inside, here + size * moves[:, 0] + moves[:, 1], here).flatten(1)
    flat, active = here.flatten(), inside.flatten()
    # A later pixel that is itself moved has its new value by now: go on from there. Double the hops until none is left.
    onwards = torch.where((aimed > flat) & active[aimed], aimed, flat)
    while not torch.equal(further := onwards.gather(1, onwards), onwards):
        onwards = further
    return aimed.gather(1, onwards).view(count, size, size)
