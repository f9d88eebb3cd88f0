"""Tensors by name as one safetensors file, the same bytes for the same tensors and words."""

import json
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
        _put_in_order(beside)
        beside.chmod(0o666 & ~_umask())  # safetensors makes files for their owner alone; a store may be shared
    return path


def _put_in_order(path: Path) -> None:
    """Sorts what a file says of itself: safetensors writes it in another order in every process."""
    with path.open("r+b") as stream:
        length = int.from_bytes(stream.read(8), "little")
        header = json.loads(stream.read(length))
        if "__metadata__" in header:
            header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
        text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
        if len(text) <= length:  # it is, but for signs that one of both writes longer
            stream.seek(8)
            stream.write(text.ljust(length))


def _umask() -> int:
    """The rights new files do not get; it can only be read by setting it."""
    found = os.umask(0o077)
    os.umask(found)
    return found
