"""Encoded images to uint8 arrays: upright, RGB, short side resized, centre cropped; numpy and Pillow alone.

A few bytes may claim any number of pixels, so an image has at most `MOST_PIXELS`, and where it is resized and cropped
it is at most `MOST_OBLONG` times as long as it is wide. Programs that are shipped without Tombola hold this file.
"""

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

Source: TypeAlias = Path | bytes
Bytes: TypeAlias = npt.NDArray[np.uint8]
BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error, MemoryError)
"""What Pillow raises on files that are cut off, damaged or no images."""

MOST_PIXELS = 64_000_000
MOST_OBLONG = 64
OBLONG = f"more than {MOST_OBLONG} times as long as wide; crop it"


@contextmanager
def opened(source: Source, draft: int | None = None) -> Iterator["Picture"]:
    """The image in a file or its bytes, not decoded yet; raises one of `BROKEN`, also where it is far too large.

    A JPEG comes at a fraction of its size, its sides at least ``draft``, where that is given.
    """
    from PIL import Image

    try:
        with Image.open(source if isinstance(source, Path) else io.BytesIO(source)) as file:
            if draft is not None:
                file.draft(None, (draft, draft))
            wide, tall = file.size
            if wide * tall > MOST_PIXELS:
                raise ValueError(f"it has {wide}x{tall} pixels, more than {MOST_PIXELS:,}; save it smaller")
            yield file
    except Image.DecompressionBombError as error:
        raise ValueError(str(error)) from None


def pixels_of(source: Source, size: int | None, crop: float = 1.0) -> Bytes:
    """The image in a file or its bytes as uint8 (3, H, W), ``size`` square, or as large as it is.

    The square is the middle one, of ``crop`` of the short side. Turned as its EXIF says; transparent parts over white;
    16-bit grays scaled to 8. Raises one of `BROKEN`.
    """
    # JPEG decodes at a fraction of its size: twice what is needed leaves the resizing its quality.
    with opened(source, None if size is None else round(2 * size / crop)) as file:
        picture = _rgb(_upright(file))
    square = picture if size is None else _square(picture, size, crop)
    return np.array(square).transpose(2, 0, 1)


def reason(error: BaseException) -> str:
    """Why, without the path that Pillow puts into some of its messages."""
    text = str(error) or type(error).__name__
    return "not an image Pillow can read" if text.startswith("cannot identify image file") else text


def oblong(wide: int, tall: int) -> bool:
    """Whether an image is a line rather than a picture: resized by its short side it would be enormous."""
    return max(wide, tall) > MOST_OBLONG * min(wide, tall)


def _upright(file: "Picture") -> "Picture":
    from PIL import ImageOps

    file.load()
    return ImageOps.exif_transpose(file)


def _rgb(picture: "Picture") -> "Picture":
    from PIL import Image

    if picture.mode.startswith("I"):  # 16-bit gray, which convert() would clip at 255
        gray = np.asarray(picture).astype(np.int64).clip(0, 65535)
        return Image.fromarray(((gray + 128) // 257).astype(np.uint8)).convert("RGB")
    if picture.mode == "F":
        raise ValueError("its pixels are floating-point numbers; save it with 8 or 16 bits")
    if picture.mode in ("RGBA", "LA", "PA") or (picture.mode == "P" and "transparency" in picture.info):
        layered = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layered.size, "white"), layered).convert("RGB")
    return picture.convert("RGB")


def _square(picture: "Picture", size: int, crop: float) -> "Picture":
    from PIL import Image

    if oblong(*picture.size):
        raise ValueError(f"it has {picture.width}x{picture.height} pixels: {OBLONG}")
    short = round(size / crop)
    scale = short / min(picture.size)
    wide, tall = (max(short, round(side * scale)) for side in picture.size)
    if (wide, tall) != picture.size:
        picture = picture.resize((wide, tall), Image.Resampling.BICUBIC)
    left, top = (wide - size) // 2, (tall - size) // 2
    return picture.crop((left, top, left + size, top + size))
