"""The digest of a module's weights: one text that changes with any bit of them."""

import hashlib
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from tombola.errors import ModelError


def weights_digest(module: nn.Module) -> str:
    """sha256 over the state dict: names in sorted order, and each tensor's dtype, shape and bytes.

    The device, the memory layout and the order of the layers do not matter. State that is no tensor is left out.
    """
    return tensors_digest({name: value for name, value in module.state_dict().items() if isinstance(value, Tensor)})


def tensors_digest(tensors: Mapping[str, Tensor]) -> str:
    """The same of tensors by name."""
    found = hashlib.sha256()
    for name, value in sorted(tensors.items()):
        found.update(f"{name}\0{value.dtype}\0{tuple(value.shape)}\0".encode())
        found.update(_bytes(name, value))
    return found.hexdigest()


def _bytes(name: str, tensor: Tensor) -> memoryview:
    if tensor.is_meta:
        raise ModelError(
            f"{name!r} is on the meta device and has no values; load the weights before taking their digest"
        )
    flat = tensor.detach().cpu().contiguous().reshape(-1)
    return flat.view(torch.uint8).numpy().data
