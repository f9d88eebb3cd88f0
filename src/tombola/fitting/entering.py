"""What enters a network's layers, as one number a weight: the squared norm of all that the weight is multiplied by."""

from collections.abc import Iterable
from functools import partial
from itertools import product
from types import TracebackType
from typing import Any, Final, Self, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd

from tombola.errors import MaskError
from tombola.models.inputs_first import stores_inputs_first


def linear_norms(x: Tensor) -> Tensor:
    """Of each input feature of a linear layer, summed over all but the last dimension: (1, inputs), float64.

    >>> linear_norms(torch.tensor([[1.0, 2.0], [3.0, 0.0]]))
    tensor([[10.,  4.]], dtype=torch.float64)
    """
    return x.detach().flatten(0, -2).double().square().sum(0, keepdim=True)


def conv_norms(layer: _ConvNd, x: Tensor) -> Tensor:
    """Of each weight of a convolution's input at each place of its kernel: of the weight's shape, float64.

    The squares are summed over the batch first; each place of the kernel then reads its own cut of that one map, so
    that padding, stride and dilation count as they do in the layer and no patch is copied out.
    """
    mode = "constant" if layer.padding_mode == "zeros" else layer.padding_mode
    squares = x.detach().double().square().sum(0, keepdim=True)
    squares = F.pad(squares, layer._reversed_padding_repeated_twice, mode=mode)[0]
    places = product(*map(range, layer.kernel_size))
    sums = [_cut(layer, squares, place).flatten(1).sum(1) for place in places]
    norms = torch.stack(sums, 1).view(layer.groups, 1, -1, *layer.kernel_size)  # (groups, 1, inputs of one, kernel)
    each = layer.out_channels // layer.groups
    return norms.expand(-1, each, *norms.shape[2:]).reshape(layer.weight.shape)


def _cut(layer: _ConvNd, padded: Tensor, place: tuple[int, ...]) -> Tensor:
    """What one place of the kernel sees of a padded map (inputs, ...)."""
    sizes = zip(padded.shape[1:], layer.kernel_size, layer.stride, layer.dilation, place, strict=True)
    cuts = [
        slice(at * apart, size - (width - 1 - at) * apart, step)
        for size, width, step, apart, at in sizes
    ]  # fmt: skip
    return padded[(slice(None), *cuts)]


@final
class Entering:
    """While it is open, notes what enters the layers of some weights of a body; a layer used twice counts both uses."""

    def __init__(self, body: nn.Module, names: Iterable[str]) -> None:
        self._layers: Final = {name: _layer(body, name) for name in names}
        self._norms: Final[dict[str, Tensor]] = {}
        self._handles: Final[list[Any]] = []

    def __enter__(self) -> Self:
        for name, layer in self._layers.items():
            self._handles.append(layer.register_forward_pre_hook(partial(self._note, name)))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        while self._handles:
            self._handles.pop().remove()

    def norms(self) -> dict[str, Tensor]:
        """By weight, of its shape; raises `MaskError` for a layer that was never called."""
        unseen = [name for name in self._layers if name not in self._norms]
        if unseen:
            raise MaskError(
                f"nothing was seen to enter {', '.join(unseen)}: the layer is not called by itself (attention that"
                " reads its weights), or not at all; leave it out of prunable, or write score=snip"
            )
        return {name: self._norms[name].expand(layer.weight.shape) for name, layer in self._layers.items()}

    def _note(self, name: str, layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        x = inputs[0]
        found = conv_norms(layer, x) if isinstance(layer, _ConvNd) else linear_norms(x)
        found = found.T if stores_inputs_first(layer) else found
        self._norms[name] = self._norms[name] + found if name in self._norms else found


def _layer(body: nn.Module, name: str) -> Any:
    """The linear layer or convolution that a weight is of; any other is refused."""
    parent, _, leaf = name.rpartition(".")
    layer = body.get_submodule(parent)
    known = isinstance(layer, nn.Linear | _ConvNd) or stores_inputs_first(layer)
    if leaf != "weight" or not known or isinstance(layer, _ConvTransposeNd):
        raise MaskError(
            f"what enters {name!r} is not known: it is of a {type(layer).__name__}, and linear layers and convolutions"
            " can be asked; leave it out of prunable, or write score=snip"
        )
    return layer
