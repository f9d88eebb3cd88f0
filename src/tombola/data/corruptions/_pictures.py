"""Images as Pillow's pictures, one by one, for what Pillow does best."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from tombola.data.corruptions._base import to_bytes

if TYPE_CHECKING:
    from PIL.Image import Image


def through_pictures(x: Tensor, change: "Callable[[Image], Image]") -> Tensor:
    """(N, 3, S, S) in [0, 1], each image changed as a picture of bytes."""
    from PIL import Image

    pictures = to_bytes(x).permute(0, 2, 3, 1).contiguous().numpy()
    changed = [np.asarray(change(Image.fromarray(picture))) for picture in pictures]
    return torch.from_numpy(np.stack(changed)).permute(0, 3, 1, 2).double() / 255
