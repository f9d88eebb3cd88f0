"""How each prunable weight lies in its layer: groups, transposition, and at how many positions it is used."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from tombola.batch import Batch
from tombola.masks.layers import Heads, Layer
from tombola.models.inputs_first import stores_inputs_first
from tombola.models.network import Network
from tombola.models.units import units_of


def layers_of(body: nn.Module, names: Iterable[str]) -> dict[str, Layer]:
    """The layers of these weights of a body, without positions."""
    heads = heads_of(body)
    return {name: _layer(*_holder(body, name), heads.get(name)) for name in names}


def heads_of(body: nn.Module) -> dict[str, Heads]:
    """How heads lie in each matrix of an encoder's attentions, by its name."""
    found: dict[str, Heads] = {}
    for units in units_of(body):
        if units.kind == "heads":
            *writes, reads = units.weights
            count = units.count(body)
            found |= {name: Heads(units.weights, count, units.parts) for name in writes}
            found[reads] = Heads(units.weights, count, read=True)
    return found


@torch.no_grad()
def with_positions(model: Network, names: Iterable[str], example: Batch) -> dict[str, Layer]:
    """The layers of these weights of the model's body, with positions for ``example``, a batch of one sample.

    It goes through a copy in eval mode; the model is not changed. A weight that the sample never
    reaches has 0 positions; a layer used twice has the positions of both.
    """
    wanted = list(names)
    network = model.copy().cpu().eval()
    used = dict.fromkeys(wanted, 0)
    handles = []
    for name in wanted:

        def count(module: nn.Module, inputs: tuple[Any, ...], output: Any, name: str = name) -> None:
            used[name] += _positions(module, inputs, output)

        handles.append(_caller(network.body, name).register_forward_hook(count))
    try:
        network(example.x, **example.more)
    finally:
        for handle in handles:
            handle.remove()
    found = layers_of(model.body, wanted)
    return {name: replace(layer, positions=used[name]) for name, layer in found.items()}


def _holder(body: nn.Module, name: str) -> tuple[nn.Module, Tensor]:
    parent, _, leaf = name.rpartition(".")
    module = body.get_submodule(parent)
    weight: Tensor = getattr(module, leaf)
    return module, weight


def _layer(module: nn.Module, weight: Tensor, heads: Heads | None) -> Layer:
    if not isinstance(module, _ConvNd):
        return Layer(weight.shape, transposed=stores_inputs_first(module), heads=heads)
    return Layer(weight.shape, groups=module.groups, transposed=module.transposed)


def _caller(body: nn.Module, name: str) -> nn.Module:
    """The module whose call uses a weight: its holder, or the attention that reads it out of a part it never calls."""
    parent, _, _ = name.rpartition(".")
    above = body.get_submodule(parent.rpartition(".")[0])
    return above if isinstance(above, nn.MultiheadAttention) else body.get_submodule(parent)


def _positions(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> int:
    """How many places of the one image a weight is multiplied at."""
    if isinstance(module, _ConvNd):
        seen: Tensor = inputs[0] if module.transposed else output
        return seen[0, 0].numel()
    if isinstance(module, nn.MultiheadAttention):
        attended: Tensor = output[0]
        return attended.shape[1 if module.batch_first else 0]
    made: Tensor = output
    return made[0].numel() // made.shape[-1]
