"""Heads and units that are nothing, cut out of an encoder's layers.

A head goes when nobody reads it, or when its values are the same whatever the text: the weights of an attention sum to
one, so it gives the bias of its values, which the bias of the layer that reads it can carry. A unit between two layers
goes when nobody reads it, or when it reads nothing: then it is the activation of its bias.
"""

from typing import Any

import torch
from torch import Tensor, nn

from tombola.errors import ModelError
from tombola.models.units import Units, units_of
from tombola.shrinking.cutting import Done, set_sizes


@torch.no_grad()
def cut_encoder(body: nn.Module, multiple: int = 1) -> Done:
    """Make the layers of ``body``, whose pruned weights are zero, smaller in place; as `cut` does with a graph.

    One head and one unit of every layer stay, and of units as many as bring them to a multiple.
    """
    found = units_of(body)
    if not found:
        raise ModelError(
            f"{type(body).__name__}: no heads or units are known in it; nets of transformers' BERT, RoBERTa, ELECTRA,"
            " DistilBERT and ModernBERT are made smaller"
        )
    done: Done = {}
    for units in found:
        done |= _cut(body, units, multiple)
    return done


def _cut(body: nn.Module, units: Units, multiple: int) -> Done:
    reader = _linear(body, units.reads)
    writers = [_linear(body, name) for name in units.writes]
    constant = _constants(body, units)
    gone = _gone(reader, units, constant, multiple if units.kind == "units" else 1)
    if not bool(gone.any()):
        return {}
    _carry(reader, constant.masked_fill(~gone[:, None], 0.0).nan_to_num(0.0).flatten())
    columns = _places(~gone, units.width)
    rows = torch.cat([part * len(gone) * units.width + columns for part in range(units.parts)])
    for writer in writers:
        writer.weight = _parameter(writer.weight[rows], writer.weight)
        if _bias(writer) is not None:
            writer.bias = _parameter(writer.bias[rows], writer.weight)
    reader.weight = _parameter(reader.weight[:, columns], reader.weight)
    for layer in (reader, *writers):
        set_sizes(layer, 1)
    left: Done = {f"{units.reads}.weight": lambda mask: mask[:, columns]}
    for name in units.writes:
        left |= {f"{name}.{leaf}": lambda mask: mask[rows] for leaf in ("weight", "bias")}
    return left


def _gone(reader: nn.Linear, units: Units, constant: Tensor, multiple: int) -> Tensor:
    """One boolean a unit."""
    columns = reader.weight.view(reader.out_features, -1, units.width)
    gone = (columns == 0).all(2).all(0) | ~constant.isnan().any(1)
    kept = int((~gone).sum())
    lacking = max(1 - kept, -kept % multiple if kept > multiple else 0)
    gone[gone.nonzero().flatten()[:lacking]] = False
    return gone


def _constants(body: nn.Module, units: Units) -> Tensor:
    """What each unit gives whatever it reads, (units, width) in float64; NaN where that varies."""
    rows = [part for name in units.writes for part in _parts(_linear(body, name), units)]
    made = rows[-1:] if units.kind == "heads" else rows  # of an attention the values alone are passed on
    varies = torch.stack([(weight != 0).flatten(1).any(1) for weight, _ in made]).any(0)
    first, *others = [bias for _, bias in made]
    found: Tensor = _activation(body, units)(first)
    for other in others:
        found = found * other
    return found.double().masked_fill(varies[:, None], torch.nan)


def _parts(layer: nn.Linear, units: Units) -> list[tuple[Tensor, Tensor]]:
    """The pieces of a layer's rows, and of its bias, by unit: (units, width, inputs) and (units, width)."""
    weight = layer.weight.view(units.parts, -1, units.width, layer.in_features)
    bias = layer.weight.new_zeros(layer.out_features) if _bias(layer) is None else layer.bias
    return list(zip(weight, bias.view(units.parts, -1, units.width), strict=True))


def _activation(body: nn.Module, units: Units) -> Any:
    return body.get_submodule(units.activation) if units.activation else torch.clone


def _carry(reader: nn.Linear, constant: Tensor) -> None:
    """Add to the reader's bias what it makes of the constants; one that has none gets one where that is not 0."""
    amount = reader.weight.double() @ constant
    if not bool(amount.any()):
        return
    if _bias(reader) is None:
        reader.bias = _parameter(amount.to(reader.weight), reader.weight)
    else:
        reader.bias.copy_(reader.bias.double() + amount)


def _bias(layer: nn.Linear) -> Tensor | None:
    return layer.bias  # torch says there always is one


def _places(keeps: Tensor, width: int) -> Tensor:
    return keeps.repeat_interleave(width).nonzero().flatten()


def _linear(body: nn.Module, name: str) -> nn.Linear:
    found = body.get_submodule(name)
    assert isinstance(found, nn.Linear)
    return found


def _parameter(value: Tensor, like: Tensor) -> nn.Parameter:
    return nn.Parameter(value.detach().clone(), requires_grad=like.requires_grad)
