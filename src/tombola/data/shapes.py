"""Shapes: discs, squares and triangles on clutter with the class of every pixel, the built-in segmentation set.

What: each image has up to three shapes, placed, sized and turned at random, later ones over earlier ones, on a
background of slanted light and noise. A shape's colour is drawn around one of its class, so a small net has a hint and
the outline decides. The class is the shape, or the background; the rim of every shape is void.
When: tests and first steps in segmentation; nothing is downloaded.
Cost: a thousand images of 32x32 in about a tenth of a second.
Options: ``size``, how many images a split has, ``noise``, ``hint`` (0: colours tell nothing; 1: the class alone),
``seed``.
Reference: Tombola's own.
"""

from typing import Final

import torch
from torch import Tensor

from tombola.data._drawn_shapes import DrawnShapes
from tombola.data._scenes import VOID, Scenes, SceneSet

CLASSES: Final = ("background", "disc", "square", "triangle")
MOST: Final = 3  # shapes in an image
_COLOURS: Final = torch.tensor([[0.9, 0.3, 0.2], [0.2, 0.8, 0.3], [0.2, 0.4, 0.95]], dtype=torch.float64)


class Shapes(DrawnShapes, SceneSet):
    """Generated shapes with masks."""

    def drawn(self, count: int, generator: torch.Generator) -> Scenes:
        pixels, labels, _ = draw(count, self.size, noise=self.noise, hint=self.hint, generator=generator)
        return Scenes(pixels, labels, CLASSES)


def draw(
    count: int, size: int, *, noise: float, hint: float, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """``count`` images as uint8 (count, 3, size, size), the class of every pixel (count, size, size), and its shape.

    Which shape a pixel is of is a number from 0 to `MOST`, that for none.
    """
    place = (torch.arange(size, dtype=torch.float64) + 0.5) / size * 2 - 1
    y, x = torch.meshgrid(place, place, indexing="ij")
    slope = _uniform(count, 4, -0.25, 0.25, generator)
    image = 0.45 + slope[:, 0] * x + slope[:, 1] * y + slope[:, 2]
    image = image[:, None].expand(-1, 3, -1, -1)
    labels = torch.zeros(count, size, size, dtype=torch.uint8)
    owners = torch.full_like(labels, MOST)
    there = torch.randint(1, MOST + 1, (count,), generator=generator)
    for number in range(MOST):
        kinds = torch.randint(3, (count,), generator=generator)
        distance = _distance(x, y, kinds, generator)
        shown = (there > number).view(-1, 1, 1)
        free = torch.rand((count, 3), generator=generator, dtype=torch.float64)
        colour = hint * _COLOURS[kinds] + (1 - hint) * free
        inside, rim = shown & (distance < 0), shown & (distance.abs() < 1.2 / size)
        image = torch.where(inside[:, None], colour[:, :, None, None], image)
        labels = torch.where(inside, (kinds + 1).to(torch.uint8).view(-1, 1, 1), labels).masked_fill(rim, VOID)
        owners = owners.masked_fill(inside, number)
    drawn = torch.randn(image.shape, generator=generator, dtype=torch.float64)
    return ((image + noise * drawn).clamp(0, 1) * 255).round().to(torch.uint8), labels, owners


def _distance(x: Tensor, y: Tensor, kinds: Tensor, generator: torch.Generator) -> Tensor:
    """How far every pixel is outside (below 0: inside) one shape an image, (N, H, W), the image spanning -1 to 1."""
    count = len(kinds)
    middle, radius, angle = (
        _uniform(count, 2, -0.7, 0.7, generator),
        _uniform(count, 1, 0.25, 0.5, generator)[:, 0],
        _uniform(count, 1, 0, 6.2832, generator)[:, 0],
    )
    right, down = x - middle[:, 0], y - middle[:, 1]
    across, along = angle.cos() * right + angle.sin() * down, angle.cos() * down - angle.sin() * right
    disc = (across.square() + along.square()).sqrt() - radius
    square = torch.maximum(across.abs(), along.abs()) - 0.85 * radius
    slanted = 0.866 * across.abs() + 0.5 * along
    triangle = torch.maximum(slanted, -along) - 0.55 * radius
    return torch.stack([disc, square, triangle], 1)[torch.arange(count), kinds]


def _uniform(count: int, numbers: int, low: float, high: float, generator: torch.Generator) -> Tensor:
    """Random numbers (count, numbers, 1, 1)."""
    drawn = torch.rand((count, numbers, 1, 1), generator=generator, dtype=torch.float64)
    return low + (high - low) * drawn
