"""What a reader of a tutorial has before its first command: photographs in a folder a class, weights in a package."""

from pathlib import Path

import numpy as np
import timm
import torch
from PIL import Image

CLASSES = {"brick": (200, 90, 60), "grass": (70, 170, 60), "water": (50, 110, 190)}
"""Each of one colour, so that a few steps tell them apart."""
EACH = 60


def photographs(folder: Path) -> Path:
    """Pictures of three classes, of sides that differ, every third with its suffix in capitals; one is broken."""
    rng = np.random.default_rng(0)
    for name, colour in CLASSES.items():
        (folder / name).mkdir(parents=True)
        for number in range(EACH):
            noise = rng.integers(-60, 60, (80 + number % 7, 100, 3))
            picture = np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)
            suffix = ".JPG" if number % 3 == 0 else ".jpg"
            Image.fromarray(picture).save(folder / name / f"{number}{suffix}", format="JPEG")
    (folder / "brick" / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    return folder


def package(place: Path, name: str, arch: str) -> Path:
    """A package of that name with random weights of a net, which must not be run."""
    home = place / name
    (home / "models").mkdir(parents=True)
    (home / "__init__.py").write_text("raise SystemExit('a package of weights was run')")
    torch.manual_seed(0)
    torch.save(timm.create_model(arch).state_dict(), home / "models" / "net.pth")
    return home
