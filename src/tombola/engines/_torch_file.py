"""A network as a file of ``torch.export``, and that file running."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from tombola.engines._base import Floats, Running, Setting
from tombola.errors import ModelError
from tombola.shown import Arrays

if TYPE_CHECKING:
    from tombola.models.network import Network


def save(network: "Network", setting: Setting, file: Path) -> Path:
    """Write the network, traced for the setting's samples; raises `ModelError` where torch cannot follow it."""
    from tombola.models.by_place import ByPlace
    from tombola.models.showing import drawn

    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            example = drawn(setting.shown, setting.batch, torch.Generator().manual_seed(0))
            inputs = (example.x, *example.more.values())
            torch.export.save(torch.export.export(ByPlace(network, setting.shown), inputs), file)
    except Exception as error:  # torch.export raises what the net's own code raises
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ModelError(
            f"torch cannot export this network for {setting.shown.counted(setting.batch)}: {first}"
        ) from error
    return file


class Program(Running):
    """A saved program in this process, in one layout."""

    def __init__(self, file: Path, setting: Setting, layout: str) -> None:
        torch.set_num_threads(setting.threads)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module: Any = torch.export.load(file).module()  # torch's types do not know memory_format everywhere
        self._format = torch.channels_last if layout == "channels_last" else torch.contiguous_format
        self._module = module.to(memory_format=self._format)

    @torch.inference_mode()
    def run(self, inputs: Arrays) -> Floats:
        logits = self._module(*(self._laid_out(torch.from_numpy(array)) for array in inputs.values()))
        return np.ascontiguousarray(logits.numpy())

    def _laid_out(self, given: Tensor) -> Tensor:
        return given.contiguous(memory_format=self._format) if given.ndim == 4 else given
