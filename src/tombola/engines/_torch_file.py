"""A network as a file of ``torch.export``, and that file running."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from tombola.engines._base import Floats, Running, Setting
from tombola.errors import ModelError


def save(network: nn.Module, setting: Setting, file: Path) -> Path:
    """Write the network, traced for the setting's images; raises `ModelError` where torch cannot follow it."""
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            torch.export.save(torch.export.export(network, (torch.zeros(setting.shape),)), file)
    except Exception as error:  # torch.export raises what the net's own code raises
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ModelError(f"torch cannot export this network for images of shape {setting.shape}: {first}") from error
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
    def run(self, images: Floats) -> Floats:
        logits = self._module(torch.from_numpy(images).contiguous(memory_format=self._format))
        return np.ascontiguousarray(logits.numpy())
