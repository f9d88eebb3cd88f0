"""A sheet of one picture under 15 corruptions (rows, in two halves) at severities 0 to 5: corruptions.png."""

import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from tombola.data._base import Dataset, loaded_images
from tombola.data.corruptions._base import FIFTEEN, SEVERITIES, Corruption

SIDE = 128  # pixels of a picture on the sheet


def sheet(pixels: torch.Tensor) -> Image.Image:
    """``pixels`` is one image, uint8 (1, 3, S, S)."""
    page = Image.new("RGB", (2 * 6 * SIDE, 8 * SIDE))
    for place, name in enumerate(FIFTEEN):
        corruption = Corruption.parse(name)
        row = [pixels, *(corruption.corrupt(pixels, severity) for severity in SEVERITIES)]
        for column, image in enumerate(row):
            picture = Image.fromarray(image[0].permute(1, 2, 0).contiguous().numpy())
            left = (6 * (place // 8) + column) * SIDE
            page.paste(picture.resize((SIDE, SIDE), Image.Resampling.NEAREST), (left, place % 8 * SIDE))
    return page


if __name__ == "__main__":
    if len(sys.argv) > 1:
        picture = np.array(Image.open(sys.argv[1]).convert("RGB").resize((224, 224)))
        pixels = torch.from_numpy(picture).permute(2, 0, 1)[None]
    else:
        glyphs = loaded_images(Dataset.parse({"name": "glyphs", "size": 32, "num_train": 1000, "num_test": 100}))
        pixels = glyphs.test.pixels_at(torch.tensor([3]))
    path = Path("corruptions.png")
    sheet(pixels).save(path)
    print(f"{path}: rows are {', '.join(FIFTEEN[:8])}; beside them {', '.join(FIFTEEN[8:])}")
