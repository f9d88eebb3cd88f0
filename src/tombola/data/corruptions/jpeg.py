"""JPEG: saved with a low quality.

What: the image through Pillow's JPEG encoder at a quality, and back. Its bytes depend on the libjpeg behind Pillow.
When: pictures from the web.
Cost: one encoding and one decoding an image.
Options: none.
Reference: Hendrycks & Dietterich, ICLR 2019, arXiv 1903.12261; constants of the generators published with it.
"""

from io import BytesIO
from typing import TYPE_CHECKING, ClassVar, final

from torch import Tensor

from tombola.data.corruptions._base import Corruption, Levels, Setting, each
from tombola.data.corruptions._pictures import through_pictures
from tombola.data.corruptions._streams import Streams

if TYPE_CHECKING:
    from PIL.Image import Image


@final
class JPEG(Corruption):
    """Squares of eight and lost colours."""

    LEVELS: ClassVar[Levels] = {
        32: each(80, 65, 58, 50, 40),
        64: each(65, 58, 50, 40, 25),
        224: each(25, 18, 15, 10, 7),
    }

    def change(self, x: Tensor, setting: Setting, own: Streams) -> Tensor:
        (quality,) = setting
        return through_pictures(x, lambda picture: encoded(picture, int(quality)))


def encoded(picture: "Image", quality: int) -> "Image":
    """The picture as JPEG, read again."""
    from PIL import Image

    stream = BytesIO()
    picture.save(stream, "JPEG", quality=quality)
    return Image.open(stream)
