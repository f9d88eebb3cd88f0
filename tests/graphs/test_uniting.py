"""Parallel layers that are added up become one: the same function, no weight more, and nothing else is touched."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.graphs.nets import everything, images
from torch import Tensor, nn

from tombola import verbs
from tombola.benching.bench import bench
from tombola.benching.turns import Plan
from tombola.engines._base import Engine, Setting
from tombola.exporters._deployed import deployed
from tombola.graphs.folding import folded
from tombola.graphs.graph import Graph
from tombola.graphs.interpret import interpret
from tombola.graphs.ops import Add, Conv, Scale
from tombola.graphs.reducing import reduced
from tombola.graphs.trace import trace
from tombola.graphs.uniting import united
from tombola.models.network import Network
from tombola.models.source import Source
from tombola.shown import ShownImages

SIZE = (3, 9, 8)


class Branches(nn.Module):
    """Convolutions of one map added up, beside its batch norm, or itself."""

    def __init__(
        self, kernels: list[int], *, stride: int = 1, groups: int = 1, norm: bool = False, itself: bool = False
    ) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 1)
        self.branches = nn.ModuleList(
            nn.Sequential(nn.Conv2d(4, 4, k, stride, k // 2, groups=groups, bias=k > 1), nn.BatchNorm2d(4))
            for k in kernels
        )
        self.norm = nn.BatchNorm2d(4) if norm else None
        self.itself = itself
        self.after = nn.BatchNorm2d(4)
        self.fc = nn.Linear(4, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.first(x))
        found = [branch(x) for branch in self.branches] + ([] if self.norm is None else [self.norm(x)])
        total = found[0]
        for one in found[1:]:
            total = total + one
        total = self.after(total + x if self.itself else total)
        return self.fc(torch.relu(total).mean((2, 3)))  # type: ignore[no-any-return]  # a module's call is untyped


def network(body: nn.Module, seed: int = 0, share: float = 0.0) -> Network:
    """With batch norms that do something, and so many of the weights pruned."""
    random = torch.Generator().manual_seed(seed)
    for module in body.modules():
        if isinstance(module, nn.BatchNorm2d):
            for value in (module.weight.data, module.bias.data, module.running_mean, module.running_var):
                assert value is not None
                value.copy_(torch.rand(value.shape, generator=random) + 0.5)
        if isinstance(module, nn.Conv2d):
            module.weight.data.copy_(torch.randn(module.weight.shape, generator=random))
            module.weight.data[torch.rand(module.weight.shape, generator=random) < share] = 0
    return Network(body, everything().normalise, source="branches").eval()


def same(made: Network, graph: Graph) -> None:
    x = images(2, SIZE)
    with torch.no_grad():
        torch.testing.assert_close(interpret(graph, x), made(x), rtol=1e-4, atol=1e-4)


def layers(graph: Graph) -> list[Conv]:
    return [node.op for node in graph if isinstance(node.op, Conv)][1:]


@settings(max_examples=12)
@given(
    st.lists(st.sampled_from([1, 3, 5]), min_size=2, max_size=4),
    st.sampled_from([1, 2]),
    st.sampled_from([1, 2, 4]),
    st.booleans(),
    st.integers(0, 2**20),
)
def test_convolutions_of_one_map_are_one_with_the_zeros_that_all_of_them_have(
    kernels: list[int], stride: int, groups: int, norm: bool, seed: int
) -> None:
    made = network(Branches(kernels, stride=stride, groups=groups, norm=norm and stride == 1), seed, share=0.6)
    graph = united(folded(trace(made, SIZE)))
    same(made, graph)
    (layer,) = layers(graph)
    assert Add not in [type(node.op) for node in graph]
    assert layer.weight.shape[2] == max(kernels)
    kept = sum(int(one.weight.count_nonzero()) for one in layers(folded(trace(made, SIZE))))
    assert layer.weight.count_nonzero() <= kept + (4 if norm and stride == 1 else 0)
    assert [node.name for node in graph if isinstance(node.op, Conv)][1].startswith("branches.")
    same(made, reduced(trace(made, SIZE)))


@pytest.mark.parametrize(("groups", "adds"), [(4, 0), (1, 1)])
def test_the_map_itself_is_taken_into_convolutions_of_single_channels_alone(groups: int, adds: int) -> None:
    made = network(Branches([3, 1], groups=groups, itself=True))
    graph = united(folded(trace(made, SIZE)))
    same(made, graph)
    assert [type(node.op) for node in graph].count(Add) == adds
    last = reduced(trace(made, SIZE))
    same(made, last)
    scales = [node for node in last if isinstance(node.op, Scale)]
    assert len(scales) == adds, "a batch norm behind the sum is part of it, where nothing else is added"


class Apart(nn.Module):
    """Sums that are none of one map, or whose parts are read again."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how = how
        self.one, self.other, self.third = (nn.Conv2d(3, 3, 3, padding=1) for _ in range(3))
        self.fc = nn.Linear(3, 5)

    def forward(self, x: Tensor) -> Tensor:
        first = self.one(x)
        if self.how == "a chain":
            total = self.other(first) + self.third(torch.relu(first))
        elif self.how == "read again":
            total = (first + self.other(x)) * first
        elif self.how == "twice":
            total = first + first
        else:
            total = torch.relu(first) + self.other(x)
        return self.fc(total.mean((2, 3)))  # type: ignore[no-any-return]  # a module's call is untyped


@pytest.mark.parametrize("how", ["a chain", "read again", "twice", "an activation"])
def test_other_sums_are_left_alone(how: str) -> None:
    made = network(Apart(how))
    graph = folded(trace(made, SIZE))
    assert united(graph) is graph
    same(made, reduced(graph))


def test_kernels_that_do_not_lie_pixel_on_pixel_are_left_alone() -> None:
    body = Branches([3, 1])
    for dilation, padding in ((2, 2), (1, 1)):
        convolution = body.branches[0][0]  # type: ignore[index]  # a Sequential
        convolution.dilation, convolution.padding = (dilation, dilation), (padding, padding)
        graph = united(folded(trace(network(body), SIZE)))
        same(network(body), graph)
        assert len(layers(graph)) == dilation


class Difference(nn.Module):
    """One map less another, as FastViT's mixers have it."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.other = nn.Conv2d(3, 3, 3, padding=1), nn.Conv2d(3, 3, 1)
        self.fc = nn.Linear(3, 5)

    def forward(self, x: Tensor) -> Tensor:
        less = torch.sub(self.one(x), self.other(x), alpha=2)
        return self.fc(less.mean((2, 3)))  # type: ignore[no-any-return]  # a module's call is untyped


def test_a_difference_of_two_maps_is_a_sum() -> None:
    made = network(Difference())
    same(made, trace(made, SIZE))
    assert len([node for node in reduced(trace(made, SIZE)) if isinstance(node.op, Conv)]) == 1


def test_a_net_without_branches_is_deployed_as_it_is() -> None:
    made = everything()
    assert deployed(made) is made


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "count"), [("timm:repvgg_a0", 22), ("timm:mobileone_s0", 43), ("timm:fastvit_t8", 52)]
)
def test_nets_that_are_trained_in_branches_have_none_left(name: str, count: int) -> None:
    made = Source.parse(name).load(num_classes=5, seed=0).eval()
    before = {key: value.clone() for key, value in made.state_dict().items()}
    graph, alone = reduced(trace(made, (3, 64, 64))), deployed(made)
    assert len([node for node in graph if isinstance(node.op, Conv)]) == count
    assert alone is not made
    x = images(2, (3, 64, 64))
    with torch.no_grad():
        for found in (interpret(graph, x), alone(x)):
            torch.testing.assert_close(found, made(x), rtol=1e-3, atol=1e-4)
    assert sum(isinstance(module, nn.Conv2d) for module in alone.body.modules()) <= count
    assert all(torch.equal(before[key], value) for key, value in made.state_dict().items())


@pytest.mark.slow
def test_a_net_out_of_which_channels_were_cut_runs_in_its_branches() -> None:
    made = Source.parse("timm:mobileone_s0").load(num_classes=5, seed=0).eval()
    drawn = verbs.draw(made, {"name": "coupled", "sparsity": 0.5}, seed=0)
    setting = Setting(ShownImages((3, 64, 64)), threads=1, batch=1)
    found = bench(made, drawn.masks, [Engine.parse("shrunk:onnxruntime")], setting, plan=Plan(seconds=0.05, warmup=1))
    assert not found.left_out
    (one,) = found.engines
    assert one.difference is not None
    assert one.difference < 1e-4
