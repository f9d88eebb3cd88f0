"""Shortcuts that add channels of zeros: which layer each is, so that it can add fewer."""

import torch
from torch import Tensor, nn

from tombola.graphs.graph import Graph
from tombola.graphs.ops import Widen
from tombola.models.resnet_cifar import Subsample


def widenings(body: nn.Module, graph: Graph) -> dict[str, str]:
    """The layer of ours that each widening node is, by the node's name; empty where that cannot be told."""
    nodes = [(node.name, (node.op.before, node.op.after)) for node in graph if isinstance(node.op, Widen)]
    layers = [(name, layer_pads) for name, layer_pads in pads(body).items() if any(layer_pads)]
    if [sizes for _, sizes in nodes] != [sizes for _, sizes in layers]:
        return {}
    return {node: layer for (node, _), (layer, _) in zip(nodes, layers, strict=True)}


def pads(body: nn.Module) -> dict[str, tuple[int, int]]:
    """How many channels of zeros each of our shortcuts adds before and after, by its name."""
    return {name: (layer.before, layer.after) for name, layer in body.named_modules() if isinstance(layer, Subsample)}


def cut_widening(body: nn.Module, layer: str, op: Widen, keeps: Tensor) -> None:
    """Make the shortcut add only the channels of zeros that ``keeps``, one boolean a channel it gives, lets stay."""
    given = len(keeps) - op.before - op.after
    first, _, last = torch.split(keeps, [op.before, given, op.after])
    shortcut = body.get_submodule(layer)
    assert isinstance(shortcut, Subsample)
    shortcut.before, shortcut.after = int(first.sum()), int(last.sum())
