"""`live`: a traced graph with the tensors that its network has now, so that a training can go through it."""

from dataclasses import fields, replace
from typing import Any

import torch
from torch import Tensor, nn

from tombola.errors import RequestError
from tombola.graphs.graph import Graph
from tombola.graphs.layer_calls import scaling
from tombola.graphs.ops import Conv, Linear, Op, Scale


def live(graph: Graph, body: nn.Module) -> Graph:
    """The graph as it was traced, of what the body's layers and batch norms hold by now, which gradients reach.

    Tensors are on the CPU. What belongs to no layer with weights, the normaliser above all, stays as it was.
    """
    return graph.with_nodes([node.with_op(_live(node.op, body)) for node in graph])


def placed(graph: Graph, device: torch.device) -> Graph:
    """The graph with its tensors on a device."""
    return graph.with_nodes([node.with_op(_placed(node.op, device)) for node in graph])


def check_lives(graph: Graph, body: nn.Module) -> None:
    """Raise `RequestError` for a layer whose weights the body does not hold as the graph has them."""
    for node in graph:
        if isinstance(node.op, Conv | Linear) and not _is_held(node.op, body):
            raise RequestError(f"layer {node.name!r} computes its weights from others, so they cannot be trained here")


def _is_held(op: Conv | Linear, body: nn.Module) -> bool:
    try:
        held = _live(op, body)
    except (AttributeError, RuntimeError):  # it has no such tensor, or one of another size
        return False
    assert isinstance(held, Conv | Linear)
    pairs = [(held.weight, op.weight)] + ([] if op.bias is None or held.bias is None else [(held.bias, op.bias)])
    return bool(op.tensor) and all(torch.equal(mine, other) for mine, other in pairs)


def _live(op: Op, body: nn.Module) -> Op:
    if isinstance(op, Conv | Linear):
        owner, _, name = op.tensor.rpartition(".")
        layer = body.get_submodule(owner)
        bias = None if op.bias is None else _here(layer.get_parameter("bias"))
        return replace(op, weight=_here(layer.get_parameter(name)).reshape(op.weight.shape), bias=bias)
    if isinstance(op, Scale) and op.module:
        norm = body.get_submodule(op.module)
        assert isinstance(norm, nn.modules.batchnorm._BatchNorm)
        assert norm.running_mean is not None
        assert norm.running_var is not None
        gain, bias = (_here(norm.weight), _here(norm.bias)) if norm.affine else (None, None)
        return Scale(*scaling(gain, bias, _here(norm.running_mean), _here(norm.running_var), norm.eps), op.module)
    return op


def _placed(op: Op, device: torch.device) -> Op:
    held: dict[str, Any] = {field.name: getattr(op, field.name) for field in fields(op)}
    moved: dict[str, Any] = {name: value.to(device) for name, value in held.items() if isinstance(value, Tensor)}
    return replace(op, **moved)


def _here(tensor: Tensor) -> Tensor:
    return tensor.float().cpu()
