"""Convolutions that carry their batch norm while an attack runs: the same function with fewer passes over memory.

In eval mode batch norm is an affine map with constants, and weights do not change while crafting, so it is multiplied
into the convolution before it, once an attack. Which pairs can be folded is read from the model's graph (torch.fx), on
a copy; a model that cannot be traced, or a layer somebody hooks into, is left as it is.
"""

import copy
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, fx, nn

Pairs: TypeAlias = list[tuple[str, str]]

_CONVS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
_FOUND: WeakKeyDictionary[nn.Module, tuple[tuple[int, ...], Pairs]] = WeakKeyDictionary()


@contextmanager
def folded(model: nn.Module) -> Iterator[None]:
    """The model, all in eval mode, computes the same (up to rounding) and faster; its own tensors come back after."""
    swapped = [pair for names in pairs(model) if _foldable(*(pair := _modules(model, names)))]
    kept = [(conv, conv._parameters["weight"], conv._parameters["bias"], norm) for conv, norm in swapped]
    try:
        for conv, norm in swapped:
            weight, bias = _fold(conv, norm)
            conv._parameters["weight"] = nn.Parameter(weight, requires_grad=False)
            conv._parameters["bias"] = nn.Parameter(bias, requires_grad=False)
            norm.__dict__["forward"] = _same
        yield
    finally:
        for conv, own_weight, own_bias, norm in kept:
            conv._parameters["weight"], conv._parameters["bias"] = own_weight, own_bias
            norm.__dict__.pop("forward", None)


def pairs(model: nn.Module) -> Pairs:
    """The names of each convolution and the batch norm that alone reads it; looked for once while the layers stay."""
    layers = tuple(map(id, model.modules()))
    found = _FOUND.get(model)
    if found is None or found[0] != layers:
        found = _FOUND[model] = (layers, _search(model))
    return found[1]


def _search(model: nn.Module) -> Pairs:
    if not any(isinstance(module, _NORMS) for module in model.modules()):
        return []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # on a copy: tracing runs the forward on stand-ins, which a forward that stores its values would keep
            twin = _OfOne(copy.deepcopy(model))
            graph = fx.Tracer().trace(twin)
    except Exception:  # whatever a model's own forward raises on stand-ins: it is attacked as it is
        return []
    found = _read(graph, dict(twin.named_modules()))
    return [(conv.removeprefix("model."), norm.removeprefix("model.")) for conv, norm in found]


class _OfOne(nn.Module):
    """A model as attacks call it, with nothing beside x: what else a forward may take has no stand-in."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> object:
        return self.model(x)


def _read(graph: fx.Graph, modules: dict[str, nn.Module]) -> Pairs:
    calls = [node for node in graph.nodes if node.op == "call_module"]
    targets = [str(node.target) for node in calls]
    read = {str(node.target).rpartition(".")[0] for node in graph.nodes if node.op == "get_attr"}
    found: Pairs = []
    for node in calls:
        source, name = (node.args[0] if node.args else None), str(node.target)
        if not isinstance(source, fx.Node) or source.op != "call_module" or len(source.users) != 1:
            continue
        names = (str(source.target), name)
        once = all(targets.count(each) == 1 and each not in read for each in names)
        if once and isinstance(modules[names[0]], _CONVS) and isinstance(modules[names[1]], _NORMS):
            found.append(names)
    return found


def _modules(model: nn.Module, names: tuple[str, str]) -> tuple[nn.Module, nn.Module]:
    return model.get_submodule(names[0]), model.get_submodule(names[1])


def _foldable(conv: nn.Module, norm: nn.Module) -> bool:
    """Plain layers with running statistics, in eval mode, that nobody hooks into."""
    plain = type(conv) in _CONVS and type(norm) in _NORMS and not norm.training
    hooked = any(module._forward_hooks or module._forward_pre_hooks for module in (conv, norm))
    own_forward = "forward" in norm.__dict__ or "forward" in conv.__dict__
    return plain and not hooked and not own_forward and norm._buffers.get("running_var") is not None


def _fold(conv: nn.Module, norm: nn.Module) -> tuple[Tensor, Tensor]:
    """The convolution's weight and bias with the batch norm behind it multiplied in."""
    assert isinstance(conv, _CONVS)
    assert isinstance(norm, _NORMS)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    with torch.no_grad():
        scale = torch.rsqrt(norm.running_var + norm.eps)
        scale = scale * norm.weight if norm.affine else scale
        mean = norm.running_mean if conv.bias is None else norm.running_mean - conv.bias
        bias = norm.bias - mean * scale if norm.affine else -mean * scale
        return conv.weight * scale.view(-1, *[1] * (conv.weight.dim() - 1)), bias


def _same(x: Tensor) -> Tensor:
    return x
