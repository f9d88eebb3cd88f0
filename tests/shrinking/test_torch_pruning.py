"""Beside torch-pruning: the same channels together, and tensor for tensor the same smaller net, where it is right.

It knows nothing of what a cut channel was: only masks that leave no constant behind can be compared, as coupled ones.
"""

from typing import Any

import pytest
import torch
from torch import nn

from tombola import verbs
from tombola.graphs.trace import trace
from tombola.models.network import Network
from tombola.models.prunable import prunable
from tombola.models.source import Source
from tombola.shown import ShownImages
from tombola.shrinking.coupling import Coupling
from tombola.shrinking.shrunk import shrunk_with_masks

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]
SIZE = (3, 64, 64)
NETS = [
    "torchvision:resnet18",
    "torchvision:resnet50",
    "torchvision:mobilenet_v2",
    "torchvision:mobilenet_v3_small",
    "torchvision:densenet121",
    "timm:efficientnet_lite0",
    "preactresnet18",
]


def _theirs(body: nn.Module) -> Any:
    tp = pytest.importorskip("torch_pruning")
    return tp, tp.DependencyGraph().build_dependency(body, torch.zeros(1, *SIZE))


def _network(name: str) -> Network:
    model = Source.parse(name).load()
    generator = torch.Generator().manual_seed(0)
    for module in model.body.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            nn.init.normal_(module.bias, generator=generator)
            nn.init.normal_(module.running_mean, generator=generator)
    return model


@pytest.mark.parametrize("name", NETS)
def test_the_same_channels_go_together(name: str) -> None:
    model = _network(name)
    coupling = Coupling.of(trace(model, SIZE), prunable(model.body))
    tp, found = _theirs(model.body)
    names = {module: name for name, module in model.body.named_modules()}
    writes = (tp.prune_conv_out_channels, tp.prune_depthwise_conv_out_channels)
    for weight, ties in coupling.layers.items():
        tie = int(ties[len(ties) // 2])
        index = (coupling.places[weight].rows == tie).nonzero().flatten().tolist()
        layer = model.body.get_submodule(weight.rpartition(".")[0])
        group = found.get_pruning_group(layer, tp.prune_conv_out_channels, idxs=index)
        theirs: dict[str, set[int]] = {}
        for dependency, channels in group:
            if dependency.handler in writes:
                theirs.setdefault(f"{names[dependency.target.module]}.weight", set()).update(channels)
        ours = {name: (place.rows == tie).nonzero().flatten().tolist() for name, place in coupling.places.items()}
        assert {name: set(rows) for name, rows in ours.items() if rows} == theirs


@pytest.mark.parametrize("name", NETS)
def test_the_smaller_net_is_tensor_for_tensor_the_same(name: str) -> None:
    model = _network(name)
    ticket = verbs.draw(model, {"name": "coupled", "sparsity": 0.6, "budget": "uniform", "image": 64})
    coupling = Coupling.of(trace(model, SIZE), prunable(model.body))
    masked = verbs.applied(model, ticket)
    small, _ = shrunk_with_masks(model, ticket.masks, ShownImages(SIZE))
    tp, found = _theirs(masked.body)
    for weight in coupling.layers:
        layer = masked.body.get_submodule(weight.rpartition(".")[0])
        dead = (~ticket.masks[weight]).flatten(1).all(1).nonzero().flatten().tolist()
        own = set(coupling.layers[weight].tolist())
        rows = [row for row in dead if int(coupling.places[weight].rows[row]) in own]
        if rows:
            found.get_pruning_group(layer, tp.prune_conv_out_channels, idxs=rows).prune()
    theirs, ours = masked.body.state_dict(), small.body.state_dict()
    assert {name: value.shape for name, value in theirs.items()} == {name: value.shape for name, value in ours.items()}
    linear = {f"{name}.bias" for name, module in small.body.named_modules() if isinstance(module, nn.Linear)}
    for name in ours.keys() - linear:  # which take up the constants of the last maps, and theirs do not
        torch.testing.assert_close(ours[name], theirs[name], msg=name)
