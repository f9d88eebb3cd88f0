"""PyTorch's pickles, read without running anything that is in them.

torch's own restricted reader admits tensors and plain values. Training programs leave more: numbers of numpy, the parts
that dill takes a function apart into. Those are admitted by name, and what is read for them is a `StandIn` that does
nothing; any other class or function is a `ModelError` that names it.
"""

import pickle
import re
import warnings
from pathlib import Path
from typing import Any, Final

import torch

from tombola.errors import ModelError


class StandIn:
    """Read in place of an object that nothing here needs: it takes anything and keeps nothing."""

    def __new__(cls, *_: Any) -> "StandIn":
        return super().__new__(cls)

    def __init__(self, *_: Any) -> None:
        """Nothing of what is given is looked at."""

    def __setstate__(self, _: Any) -> None:
        """As little of its state."""


HARMLESS: Final = (
    *(f"numpy.{core}.multiarray.scalar" for core in ("core", "_core")),
    "numpy.dtype",
    "argparse.Namespace",
    *(f"{dill}.{part}" for dill in ("dill.dill", "dill._dill") for part in ("_create_function", "_create_code")),
    *(f"{dill}.{part}" for dill in ("dill.dill", "dill._dill") for part in ("_load_type", "_import_module")),
)
"""What a `StandIn` is read for: scores kept as numpy numbers, options, the lambda of a rate or of an option."""


def read_pickle(file: Path) -> object:
    """What ``torch.save`` wrote, tensors on the CPU; no code of the file is run."""
    try:
        with warnings.catch_warnings(), torch.serialization.safe_globals([(StandIn, name) for name in HARMLESS]):
            warnings.simplefilter("ignore")  # torch remarks on old pickles; what matters is what can be read
            return torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if (code := _code_named_in(str(error))) is None:
            raise
        raise ModelError(refusal(file, code)) from None


def refusal(file: Path, what: str) -> str:
    """The message for a file that wants to run code, with the line that converts it for those who trust it."""
    convert = (
        "import torch; from safetensors.torch import save_file; "
        f"d = torch.load({file.name!r}, weights_only=False); d = d.get('state_dict', d); "
        "save_file({k: v.contiguous() for k, v in d.items()}, 'weights.safetensors')"
    )
    return (
        f"{file}: refused, {what}, and a pickle with code in it can do anything to your machine. "
        f'If you trust where it comes from, convert it once: python -c "{convert}"'
    )


def _code_named_in(text: str) -> str | None:
    """What torch refused to run, or None when the file is merely broken."""
    if named := re.search(r"GLOBAL ([\w.]+)", text):
        return f"it calls {named[1]}"
    more = ("Unsupported", "Trying to call", "Can only")  # how torch begins what it will not do
    return "it holds more than tensors" if any(word in text for word in more) else None
