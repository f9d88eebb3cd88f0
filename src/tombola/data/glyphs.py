"""Glyphs: letters in many fonts, randomly placed, turned and lit, the built-in source task.

What: each image shows one letter in one of the text fonts matplotlib carries (DejaVu, STIX, Computer Modern), scaled,
turned, sheared and shifted at random, in a random colour on a random background with gradients of light and some noise.
The class is the letter.
When: something to pretrain on that needs no download and takes seconds to make.
Cost: 30,000 images of 16x16 in about three seconds on one core; time and memory grow with size squared.
Options: ``size``, ``letters``, how many images a split has, how many fonts, how strong the noise, whether other letters
stand in the background (``clutter``), ``seed``. More images begin with the same ones as fewer.
Reference: Tombola's own. All arithmetic is in double precision and all chance from one CPU generator, so equal versions
of torch, Pillow and matplotlib make equal bytes on any machine.
"""

import math
import string
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from tombola.data._base import Dataset, InMemory, Splits
from tombola.errors import DataError
from tombola.registry import Examples
from tombola.spec import option

CHUNK = 250  # images made with one generator
LETTERS = {"upper": string.ascii_uppercase, "lower": string.ascii_lowercase, "both": string.ascii_letters}
FONTS = (
    *(f"DejaVuSans{style}" for style in ("", "-Bold", "-Oblique", "-BoldOblique")),
    *(f"DejaVuSansMono{style}" for style in ("", "-Bold", "-Oblique", "-BoldOblique")),
    *(f"DejaVuSerif{style}" for style in ("", "-Bold", "-Italic", "-BoldItalic")),
    *(f"STIXGeneral{style}" for style in ("", "Bol", "Italic", "BolIta")),
    *(f"cm{style}10" for style in ("r", "b", "ss", "tt", "ti", "mi")),
)


class Glyphs(Dataset):
    """Letters rendered with matplotlib's fonts."""

    MADE_HERE: ClassVar[bool] = True
    EXAMPLES: ClassVar[Examples] = ({"num_train": 60, "num_val": 10, "num_test": 10},)

    AUGMENT: ClassVar[str] = "shift"

    size: int = option(16, "height and width in pixels", ge=8, le=128)
    letters: Literal["upper", "lower", "both"] = option("upper", "26 capitals, 26 small letters, or 52 classes")
    num_train: int = option(27_000, "training images", ge=1)
    num_val: int = option(1_000, "validation images", ge=1)
    num_test: int = option(3_000, "test images", ge=1)
    noise: float = option(0.06, "the largest standard deviation of the noise, in [0, 1] pixel units", ge=0, le=0.5)
    clutter: float = option(0.0, "the probability that a piece of another letter is in the image", ge=0, le=1)
    seed: int = option(0, "which draw", ge=0)

    def load(self) -> Splits:
        counts = (self.num_train, self.num_val, self.num_test)
        with _one_thread():
            train, val, test = (self._split(index, count) for index, count in enumerate(counts))
        return Splits(train, val, test)

    def _split(self, index: int, count: int) -> InMemory:
        masters = master_glyphs(LETTERS[self.letters], max(32, 2 * self.size))
        chunks = []
        for number in range(math.ceil(count / CHUNK)):
            generator = torch.Generator().manual_seed(((self.seed * 3 + index) << 20) + number)
            chunks.append(draw(masters, CHUNK, self.size, noise=self.noise, clutter=self.clutter, generator=generator))
        pixels = torch.cat([chunk[0] for chunk in chunks])[:count]
        labels = torch.cat([chunk[1] for chunk in chunks])[:count]
        return InMemory(pixels, labels, tuple(LETTERS[self.letters]))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Many small operations: several threads gain little, and wait on each other at length on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@lru_cache(maxsize=2)
def master_glyphs(letters: str, resolution: int) -> Tensor:
    """Every letter in every font as a mask in [0, 1], (fonts, letters, resolution, resolution) in double precision.

    A letter is centred, and its longer side fills three quarters of the square.
    """
    return torch.stack([torch.stack([_master(font, letter, resolution) for letter in letters]) for font in FONTS])


@lru_cache(maxsize=64)
def _font(name: str, points: int) -> "object":
    from matplotlib import get_data_path
    from PIL import ImageFont

    path = Path(get_data_path(), "fonts", "ttf", f"{name}.ttf")
    if not path.is_file():
        raise DataError(
            f"glyphs: matplotlib carries no font {path.name} here; install matplotlib >= 3.9 with its fonts"
        )
    # Pillow's other layout engine depends on the system's libraries.
    return ImageFont.truetype(str(path), points, layout_engine=ImageFont.Layout.BASIC)


def _master(font: str, letter: str, resolution: int) -> Tensor:
    from PIL import Image, ImageDraw, ImageFont

    side = round(0.75 * resolution)
    face = _font(font, 2 * side)
    assert isinstance(face, ImageFont.FreeTypeFont)
    left, top, right, bottom = (round(edge) for edge in face.getbbox(letter))
    large = Image.new("L", (max(1, right - left), max(1, bottom - top)))
    ImageDraw.Draw(large).text((-left, -top), letter, fill=255, font=face)
    scale = side / max(large.size)
    small = large.resize(
        (max(1, round(large.width * scale)), max(1, round(large.height * scale))), Image.Resampling.BOX
    )
    square = Image.new("L", (resolution, resolution))
    square.paste(small, ((resolution - small.width) // 2, (resolution - small.height) // 2))
    return torch.from_numpy(np.array(square)).double() / 255


def draw(
    masters: Tensor, count: int, size: int, *, noise: float, clutter: float, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """``count`` random images as uint8 (count, 3, size, size), and their letters' indices."""
    labels = torch.randint(masters.shape[1], (count,), generator=generator)
    mask = _placed(masters, labels, size, spread=0.16, generator=generator)
    back, fore = _colours(count, generator)
    image = back * _light(count, size, generator)
    other = torch.randint(masters.shape[1], (count,), generator=generator)
    piece = _placed(masters, other, size, spread=1.1, generator=generator)
    present = (_uniform(count, 0, 1, generator) < clutter).double()
    image = torch.lerp(image, _colours(count, generator)[1], 0.6 * present * piece)
    image = torch.lerp(image, fore * _light(count, size, generator), mask)
    image = image + _uniform(count, 0, noise, generator) * _noise((count, 3, size, size), generator)
    return (image.clamp(0, 1) * 255).round().to(torch.uint8), labels


def _uniform(count: int, low: float, high: float, generator: torch.Generator, channels: int = 1) -> Tensor:
    drawn = torch.rand((count, channels, 1, 1), generator=generator, dtype=torch.float64)
    return low + (high - low) * drawn


def _noise(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Triangular noise of standard deviation 1: sums of integers, which every processor adds alike."""
    drawn = torch.randint(256, (2, *shape), generator=generator, dtype=torch.int16)
    return (drawn.sum(0).double() - 255) / 104.51


def _placed(masters: Tensor, labels: Tensor, size: int, *, spread: float, generator: torch.Generator) -> Tensor:
    """The letters' masks after a random font, size, turn, shear and place, (N, 1, size, size) in [0, 1]."""
    count = len(labels)
    fonts = torch.randint(masters.shape[0], (count,), generator=generator)
    scale = _uniform(count, 0.72, 1.2, generator).flatten()
    stretch = _uniform(count, 0.85, 1.18, generator).flatten()
    angle = _uniform(count, -0.35, 0.35, generator).flatten()
    shear = _uniform(count, -0.25, 0.25, generator).flatten()
    shift = _uniform(count, -spread, spread, generator, channels=2).flatten(1)
    cos, sin = angle.cos() / scale, angle.sin() / scale
    # Where each output pixel comes from in the master: turn, then shear and stretch, then shift.
    rows = [(cos + shear * sin) * stretch, (shear * cos - sin) * stretch, sin / stretch, cos / stretch]
    theta = torch.stack([rows[0], rows[1], shift[:, 0], rows[2], rows[3], shift[:, 1]], 1).view(count, 2, 3)
    # Twice the resolution, then the mean of 2x2: no aliasing.
    grid = F.affine_grid(theta, [count, 1, 2 * size, 2 * size], align_corners=False)
    large = F.grid_sample(masters[fonts, labels][:, None], grid, align_corners=False)
    return F.avg_pool2d(large, 2)


def _colours(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Background and foreground colours (N, 3, 1, 1), at least 0.35 apart in brightness, either one the lighter."""
    apart = _uniform(count, 0.35, 0.9, generator)
    dark = _uniform(count, 0, 1, generator) * (1 - apart)
    lighter_front = _uniform(count, 0, 1, generator) < 0.5
    back = torch.where(lighter_front, dark, dark + apart)
    fore = torch.where(lighter_front, dark + apart, dark)
    return back + _tint(count, generator), fore + _tint(count, generator)


def _tint(count: int, generator: torch.Generator) -> Tensor:
    """A colour cast that leaves the mean of the channels as it is."""
    cast = _uniform(count, -0.22, 0.22, generator, channels=3)
    return cast - cast.mean(1, keepdim=True)


def _light(count: int, size: int, generator: torch.Generator) -> Tensor:
    """A plane of light across each image, (N, 1, size, size), around 1."""
    across, down = (_uniform(count, -0.2, 0.2, generator) for _ in range(2))
    place = torch.linspace(-1, 1, size, dtype=torch.float64)
    return 1 + across * place.view(1, 1, 1, size) + down * place.view(1, 1, size, 1)
