"""The masked weights as one dense state dict, in a safetensors file.

What: every tensor of the body with its own name, pruned weights exactly 0; the header says where they come from and
  what the head answers (``origin``, ``adapted``), so ``path:FILE`` needs no arch.
When: for any program that loads a state dict; the file is as large as the dense model's.
Cost: none.
Options: none.
Reference: the format is safetensors.
"""

from pathlib import Path
from typing import ClassVar

from tombola.errors import RequestError
from tombola.exporters._base import Exporter
from tombola.masks.enforce import apply_masks
from tombola.masks.masks import Masks
from tombola.models.network import Network
from tombola.models.said import metadata_of
from tombola.models.saved_tensors import save_tensors


class StateDict(Exporter):
    """Writes one safetensors file."""

    FILE: ClassVar[str] = "net.safetensors"

    def export(self, model: Network, masks: Masks, out: Path) -> list[Path]:
        if out.exists():
            raise RequestError(f"{out} exists; choose another name or remove it first")
        body = model.copy().body
        apply_masks(body, masks)
        return [save_tensors(body.state_dict(), out, metadata_of(model))]
