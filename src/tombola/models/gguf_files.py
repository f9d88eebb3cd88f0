"""GGUF, llama.cpp's files: a net's configuration and weights in one file, the weights often rounded to few bits.

transformers says which tensor is which, and the library ``gguf`` unpacks them; both hold no code to be run. What was
rounded comes back as the float32 numbers that it stands for.
"""

import importlib
import json
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from struct import error as StructError
from typing import Any, Final

import torch
from torch import Tensor

from tombola.errors import ModelError

ENDING: Final = ".gguf"
_OF_A_PROGRAM: Final = "_model_name_or_path"


def described_in(file: Path) -> str:
    """What the file says of its net, as one JSON text like a ``config.json``'s."""
    found = dict(_read(file)["config"])
    found.pop(_OF_A_PROGRAM, None)
    return json.dumps(found, sort_keys=True)


def weights_in(file: Path, config: Any) -> dict[str, Tensor]:
    """Its tensors in float32, named as transformers name those of the language model with this configuration."""
    transformers: Any = importlib.import_module("transformers")
    with torch.device("meta"):
        net = transformers.AutoModelForCausalLM.from_config(config)
    with redirect_stderr(StringIO()):  # a bar that counts tensors
        found: dict[str, Tensor] = _read(file, return_tensors=True, model_to_load=net)["tensors"]
    return found


def _read(file: Path, **options: Any) -> Any:
    try:
        import gguf  # noqa: F401  transformers ask for it later, in more words

        transformers: Any = importlib.import_module("transformers.modeling_gguf_pytorch_utils")
    except ImportError:
        raise ModelError(
            f"{file}: GGUF files need transformers and gguf, not installed here; type: pip install 'tombola[text]'"
        ) from None
    try:
        return transformers.load_gguf_checkpoint(str(file), **options)
    except (OSError, ValueError, KeyError, IndexError, StructError) as error:
        raise ModelError(f"{file}: no GGUF file that can be read ({str(error)[:200]})") from None
