"""`Calibration`: what the kernels cost on this processor, measured once and kept in the user's cache folder."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final, Self

from tombola.disks import written
from tombola.errors import RequestError
from tombola.machine import processor_kind

CACHE: Final = "TOMBOLA_CACHE"
FORMAT: Final = 1


@dataclass(frozen=True)
class Calibration:
    """``coefficients`` are the fields of `choosing.Machine`, ``cells`` those of `int8.costing.CellMachine`.

    ``others`` are nanoseconds for what is no convolution. The errors are median relative ones on layers the fit did not
    see. ``kernels`` names the kernels and the model it
    was measured for: of other ones it says nothing.
    """

    processor: str
    threads: int
    coefficients: Mapping[str, float]
    others: Mapping[str, float]
    error: float
    fitted: int
    held_out: int
    seconds: float
    kernels: str
    format: int = FORMAT
    cells: Mapping[str, float] = field(default_factory=dict)
    error_in_int8: float = 0.0

    def save(self) -> Path:
        """The file it is kept in, written anew."""
        path = place(self.threads)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(asdict(self), indent=1, sort_keys=True) + "\n"
        with written(path) as beside:
            beside.write_text(text, encoding="utf-8")
        _found.cache_clear()
        return path

    @classmethod
    def load(cls, path: Path) -> Self:
        """What a file holds; raises `RequestError` when it is no calibration."""
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except (TypeError, ValueError, OSError) as error:
            raise RequestError(f"{path} is no calibration ({error}); run: tombola bench --calibrate") from None


def found(threads: int = 1) -> Calibration | None:
    """What was measured on this processor for so many threads with these kernels; None if nothing was."""
    return _found(place(threads), kernels())


def coefficients(threads: int = 1) -> Mapping[str, float] | None:
    """The coefficients of `found`."""
    known = found(threads)
    return None if known is None else known.coefficients


def place(threads: int) -> Path:
    """The file for this processor: named after it, in ``native`` in the cache folder.

    That is ``$TOMBOLA_CACHE``, else ``$XDG_CACHE_HOME/tombola``, else ``~/.cache/tombola``.
    """
    own = os.environ.get(CACHE)
    shared = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    folder = Path(own or Path(shared) / "tombola").expanduser() / "native"
    name = re.sub(r"[^A-Za-z0-9.]+", "-", processor_kind()).strip("-")
    return folder / f"{name}-threads-{threads}.json"


@lru_cache(maxsize=1)
def kernels() -> str:
    """A digest of the files that the coefficients are of."""
    import hashlib

    whole = hashlib.sha256()
    here = Path(__file__).parent
    models = ("choosing.py", "geometry.py", "packing.py", "int8/choosing.py", "int8/costing.py")
    for file in [*sorted((here / "c").glob("*.h")), *(here / model for model in models)]:
        whole.update(file.read_bytes())
    return whole.hexdigest()[:16]


@lru_cache(maxsize=8)
def _found(path: Path, kernels_now: str) -> Calibration | None:
    if not path.exists():
        return None
    known = Calibration.load(path)
    return known if known.kernels == kernels_now and known.format == FORMAT else None
