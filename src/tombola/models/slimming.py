"""A supernet with fewer hidden channels: what is left of its tensors, and the origin that builds it again."""

from collections.abc import Callable, Mapping
from typing import Final

import torch
from torch import Tensor, nn

from tombola.batch import Batch
from tombola.models.network import Network
from tombola.models.origin import Origin
from tombola.models.supernet import Block, Path, Supernet

_NORM: Final = ("weight", "bias", "running_mean", "running_var")
_ROWS: Final = (
    "expand.weight",
    "depthwise.weight",
    *(f"norm1.{leaf}" for leaf in _NORM),
    *(f"norm2.{leaf}" for leaf in _NORM),
)
_COLUMNS: Final = "project.weight"


@torch.no_grad()
def slim(network: Network, alive: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Take hidden channels out, in place: of each path those where ``alive`` is False, a path with none left whole.

    What comes out tells, for every tensor that became smaller, where in the old one its values stand, counted through.
    The origin says what is left. What a dead channel still gave, relu(shift), is taken off the mean of the block's
    norm, so that outputs in evaluation stay where its scale is 0; a block without paths loses its norm's shift.
    """
    body = network.body
    assert isinstance(body, Supernet)
    kept: dict[str, Tensor] = {}
    for name, block in body.blocks().items():
        for leaf, path in list(block.paths.items()):
            assert isinstance(path, Path)
            own = alive[f"{name}.paths.{leaf}"].to(path.norm2.weight.device)
            if not bool(own.all()):
                kept |= _cut(block, leaf, path, own, f"body.{name}.paths.{leaf}")
        if not block.paths:
            block.norm = None
    network.origin = with_channels(network.origin, body)
    return kept


def with_channels(origin: Origin, body: Supernet) -> Origin:
    """The origin of a supernet, saying which hidden channels are left."""
    text = ";".join(",".join(map(str, block.units().values())) for block in body.blocks().values())
    options = {**dict(origin.source.get("options", ())), "channels": text}
    return origin.shaped(options=[[name, value] for name, value in options.items()])


def operations(network: Network, example: Batch) -> dict[str, float]:
    """Multiply-adds of one hidden channel of each path of a supernet, for one sample. The network is not changed."""
    copy, found = network.copy().eval(), dict[str, float]()
    body = copy.body
    assert isinstance(body, Supernet)
    for name, path in body.paths().items():
        path.register_forward_hook(_counting(name, found))
    with torch.no_grad():
        example = example.to(next(copy.parameters()).device)
        copy(example.x, **example.more)
    return found


def _counting(name: str, found: dict[str, float]) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
    def count(path: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        assert isinstance(path, Path)
        kernel = path.depthwise.kernel_size[0] ** 2
        entering = inputs[0][0].numel()  # each pixel of each channel, once
        found[name] = float(entering + (kernel + output.shape[1]) * output[0, 0].numel())

    return count


def _cut(block: Block, leaf: str, path: Path, own: Tensor, name: str) -> dict[str, Tensor]:
    gone = ~own
    if block.norm is not None:
        lost = path.project.weight[:, gone, 0, 0] @ path.norm2.bias[gone].relu()
        assert block.norm.running_mean is not None
        block.norm.running_mean -= lost
    if not bool(own.any()):
        del block.paths[leaf]
        return {}
    kept: dict[str, Tensor] = {}
    for tensor in (*_ROWS, _COLUMNS):
        kept[f"{name}.{tensor}"] = _smaller(path, tensor, own)
    count = int(own.sum())
    path.expand.out_channels = path.depthwise.in_channels = path.depthwise.out_channels = count
    path.depthwise.groups = path.project.in_channels = count
    path.norm1.num_features = path.norm2.num_features = count
    return kept


def _smaller(path: Path, tensor: str, own: Tensor) -> Tensor:
    """The places of what is left of a tensor, which is cut in place."""
    layer, _, leaf = tensor.partition(".")
    module = path.get_submodule(layer)
    value: Tensor = getattr(module, leaf)
    places = torch.arange(value.numel(), device=value.device).view(value.shape)
    left = places[:, own] if tensor == _COLUMNS else places[own]
    fresh = value.detach().reshape(-1)[left]
    setattr(module, leaf, nn.Parameter(fresh, value.requires_grad) if isinstance(value, nn.Parameter) else fresh)
    return left
