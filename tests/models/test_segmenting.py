"""A segmentation head on a classifier's body: names, weights, files, and what cannot carry one."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from tombola.errors import ModelError, RequestError
from tombola.models.files import load_network, save_network
from tombola.models.network import Network, num_outputs
from tombola.models.segmenting import SegmentingBody, described, outputs_in, segmenting
from tombola.models.source import Source


def same(one: nn.Module, two: nn.Module) -> bool:
    first, second = one.state_dict(), two.state_dict()
    return [*first] == [*second] and all(torch.equal(value, second[name]) for name, value in first.items())


@pytest.mark.parametrize(
    "name", ["resnet8", "torchvision:resnet18", "torchvision:mobilenet_v3_small", "timm:resnet18", "timm:convnext_atto"]
)
def test_every_layer_but_the_head_keeps_its_name_and_its_bits(name: str) -> None:
    model = Source(name=name).load(seed=0)
    before = {key: value.clone() for key, value in model.body.state_dict().items()}
    made = segmenting(model, "fcn", 5, seed=0).eval()
    head = f"{model.head_name}."
    assert all(torch.equal(value, before[key]) for key, value in model.body.state_dict().items())
    after = made.body.state_dict()
    kept = [key for key in before if not key.startswith(head)]
    assert all(torch.equal(after[key], before[key]) for key in kept)
    assert set(after) - set(kept) == {key for key in after if key.startswith(head)}
    with torch.no_grad():
        assert made(torch.rand(2, 3, 48, 64)).shape == (2, 5, 48, 64)


def test_the_head_comes_from_the_seed_alone_and_the_global_generator_stays() -> None:
    model = Source(name="resnet8").load()
    state = torch.get_rng_state()
    one, two, other = (segmenting(model, "deeplab", 4, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), state)
    assert same(one, two)
    assert not same(one, other)


def test_deeplabs_rates_follow_the_stride() -> None:
    def rates(stride: int) -> list[int]:
        made = segmenting(Source(name="torchvision:resnet18").load(), "deeplab", 3, output_stride=stride, seed=0)
        convs = [module for module in made.head.modules() if isinstance(module, nn.Conv2d)]
        return [conv.dilation[0] for conv in convs if conv.dilation[0] > 1]

    assert rates(8) == [12, 24, 36]
    assert rates(16) == [6, 12, 18]


def test_a_copy_shares_nothing_and_moves_as_one() -> None:
    made = segmenting(Source(name="resnet8").load(), "fcn", 3, seed=0).eval()
    twin = made.copy()
    x = torch.rand(1, 3, 16, 16)
    with torch.no_grad():
        before = made(x)
        for parameter in twin.parameters():
            parameter.zero_()
        assert torch.equal(made(x), before)
        assert not twin(x).any()
    assert made.double()(x.double()).dtype == torch.float64


def test_a_second_head_replaces_the_first() -> None:
    first = segmenting(Source(name="resnet8").load(), "fcn", 3, seed=0)
    second = segmenting(first, "deeplab", 7, seed=1)
    assert num_outputs(second.head) == 7
    assert not any("linear.linear" in name for name in second.state_dict())
    assert (described(first)["decoder"], described(second)["decoder"]) == ("fcn", "deeplab")


def test_its_features_are_means_over_positions() -> None:
    classifier = Source(name="resnet8").load()
    x = torch.rand(2, 3, 16, 16)
    with torch.no_grad():
        made = segmenting(classifier, "fcn", 3, seed=0).eval()
        torch.testing.assert_close(made.features(x), classifier.features(x))


@pytest.mark.parametrize("decoder", ["fcn", "deeplab"])
def test_a_file_brings_its_head_back(decoder: Any, tmp_path: Path) -> None:
    source = Source(name="resnet8", width=0.5)
    made = segmenting(source.load(), decoder, 6, output_stride=2, seed=0).eval()
    file = save_network(made, tmp_path / "net.safetensors")
    for back in (load_network(source, file), Source(name=f"path:{file}").load()):
        assert same(back, made)
        x = torch.rand(1, 3, 16, 24)
        with torch.no_grad():
            assert torch.equal(back(x), made(x))
        net = {name: value for name, value in back.origin.net.items() if name not in ("mean", "std")}
        assert net == {"name": "resnet8", "width": 0.5, "decoder": decoder, "output_stride": 2}


def test_a_source_may_name_the_head_and_older_identities_stay() -> None:
    network = Source(name="resnet8", decoder="fcn", output_stride=2).load(num_classes=4, seed=1)
    assert isinstance(network.body, SegmentingBody)
    assert num_outputs(network.head) == 4
    assert "decoder" not in Source(name="resnet8").identity()
    with pytest.raises(RequestError, match="output_stride goes with a decoder"):
        Source.parse({"name": "resnet8", "output_stride": 2})


def test_outputs_are_read_from_the_heads_last_layer() -> None:
    linear, dense = Source(name="resnet8").load(num_classes=9), Source(name="resnet8", decoder="deeplab").load()
    assert outputs_in(linear.body.state_dict(), "linear") == 9
    assert outputs_in(dense.body.state_dict(), "linear") == 10
    assert outputs_in({}, "linear") is None


def test_what_gives_no_maps_is_refused() -> None:
    with pytest.raises(ModelError, match="transformers do; take a convolutional net"):
        segmenting(Source(name="timm:vit_tiny_patch16_224").load(), "fcn", 3, seed=0)
    plain = Network(nn.Sequential(nn.Flatten(), nn.Linear(12, 2)), source="mine")
    with pytest.raises(ModelError, match="Sequential has no stage known"):
        segmenting(plain, "fcn", 3, seed=0)


def test_a_classifiers_head_cannot_be_asked_of_it() -> None:
    made = segmenting(Source(name="resnet8").load(), "fcn", 3, seed=0)
    with pytest.raises(ModelError, match="give the classifier it was made from"):
        made.with_head(5, generator=torch.Generator())
