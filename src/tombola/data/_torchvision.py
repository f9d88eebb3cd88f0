"""Sets that torchvision reads: in memory, with validation taken from train, or an error that says what to put where."""

from pathlib import Path
from typing import Any

import torch

from tombola.data._base import InMemory, Splits, hold_out
from tombola.errors import DataError

ROOT = Path("~/.cache/tombola")


def load_cifar(kind: str, folder: str, root: Path, *, download: bool, val_fraction: float, seed: int) -> Splits:
    """The splits of torchvision's ``kind``; files are checked by torchvision against their published MD5."""
    from torchvision import datasets

    place = root.expanduser()
    try:
        parts = [getattr(datasets, kind)(str(place), train=train, download=download) for train in (True, False)]
    except (RuntimeError, OSError) as error:
        raise DataError(
            f"{kind.lower()}: not found under {place} ({error}); put the extracted folder {folder} there,"
            " name another place with root=..., or write download=true"
        ) from None
    whole, test = map(_in_memory, parts)
    train, val = hold_out(whole, val_fraction, seed)
    return Splits(train, val, test)


def _in_memory(part: Any) -> InMemory:
    pixels = torch.from_numpy(part.data).permute(0, 3, 1, 2).contiguous()
    return InMemory(pixels, torch.tensor(part.targets, dtype=torch.int64), tuple(part.classes))
