"""Tensors by name as one safetensors file."""

import os
from collections.abc import Mapping
from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor

from tombola.disks import written


def save_tensors(tensors: Mapping[str, Tensor], path: Path, metadata: Mapping[str, str] | None = None) -> Path:
    """A safetensors file, whole or not at all, with the rights that new files get; ``path`` is replaced."""
    own = {name: tensor.detach().cpu().clone().contiguous() for name, tensor in tensors.items()}
    with written(path) as beside:
        save_file(own, beside, metadata=None if metadata is None else dict(metadata))
        beside.chmod(0o666 & ~_umask())  # safetensors makes files for their owner alone; a store may be shared
    return path


def _umask() -> int:
    """The rights new files do not get; it can only be read by setting it."""
    found = os.umask(0o077)
    os.umask(found)
    return found
