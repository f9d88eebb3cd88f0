"""Pictures that look natural enough: clouds of colour of every scale, with a few flat disks before them."""

from functools import lru_cache

import torch
from torch import Tensor

from tombola.data.corruptions._plasma import plasma
from tombola.data.corruptions._streams import streams, uniform


@lru_cache
def pictures(count: int, size: int) -> Tensor:
    """uint8 images (count, 3, size, size), the same every time; not to be changed."""
    own = streams(0, "natural", range(count))
    clouds = torch.stack([plasma(own, size, 1.6) for _ in range(3)], 1)
    colours = torch.rand(count, 3, generator=torch.Generator().manual_seed(1))
    x = 0.15 + 0.7 * (0.6 * clouds + 0.4 * clouds.mean(1, keepdim=True))
    along = (torch.arange(size) + 0.5) / size
    for part in range(3):
        down, across, radius = uniform(own, 3).T.view(3, -1, 1)
        squared = (along - down).square()[:, :, None] + (along - across).square()[:, None]
        inside = squared < (0.08 + 0.1 * radius[..., None]).square()
        x = torch.where(inside[:, None], colours[:, part].view(-1, 1, 1, 1).double(), x)
    return (255 * x).round().to(torch.uint8)
