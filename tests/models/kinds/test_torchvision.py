"""torchvision's classifiers: names, cached weights, and the right head for every one of them."""

import hashlib
import warnings
from pathlib import Path

import pytest
import torch
from torch import nn

from tombola.errors import ModelError
from tombola.models.kinds import torchvision
from tombola.models.network import Network, num_outputs
from tombola.models.seeded import seeded

HEADS = {
    "resnet18": ("fc", 512),
    "vgg11": ("classifier.6", 4096),
    "densenet121": ("classifier", 1024),
    "mobilenet_v2": ("classifier.1", 1280),
    "mobilenet_v3_small": ("classifier.3", 1024),
    "efficientnet_b0": ("classifier.1", 1280),
    "convnext_tiny": ("classifier.2", 768),
    "vit_b_16": ("heads.head", 768),
    "swin_t": ("head", 768),
    "googlenet": ("fc", 1024),
    "inception_v3": ("fc", 2048),
    "squeezenet1_1": ("classifier.1", 512),
}


def _meta(name: str) -> Network:
    """The network without values: shapes are all that is asked for."""
    from torchvision.models import get_model

    options = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    with torch.device("cpu" if name.startswith("regnet") else "meta"):  # RegNet computes its widths with tensors
        body = get_model(name, **options)
    return Network(body, source=name).eval().to("meta")


def _check_features(network: Network) -> None:
    features = network.features(torch.empty(2, 3, 224, 224, device="meta"))
    head = network.head
    width = head.in_features if isinstance(head, nn.Linear) else head.in_channels
    assert features.shape == (2, width)


LARGE = ("densenet121", "efficientnet_b0", "googlenet", "inception_v3", "convnext_tiny", "swin_t")
"""Hundreds of modules: half a second each to build."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in LARGE else []) for name in HEADS]
)
def test_the_head_is_the_right_one_and_features_enter_it(name: str) -> None:
    network = _meta(name)  # with its auxiliary heads, where torchvision has them
    head = network.head
    assert network.head_name == HEADS[name][0]
    assert num_outputs(head) == 1000
    assert (head.in_features if isinstance(head, nn.Linear) else head.in_channels) == HEADS[name][1]
    _check_features(network)


@pytest.mark.slow
def test_every_classifier_has_a_head_that_features_enter() -> None:
    for name in torchvision._names():
        _check_features(_meta(name))


def test_names_are_resolved_and_wrong_ones_explained() -> None:
    assert torchvision.resolved("resnet50") == "resnet50"
    assert torchvision.resolved("resnet50@DEFAULT") == "resnet50@IMAGENET1K_V2"
    assert torchvision.resolved("resnet50@ResNet50_Weights.IMAGENET1K_V1") == "resnet50@IMAGENET1K_V1"
    with pytest.raises(ModelError, match=r"no classifier 'resnet19'; write .*torchvision:resnet18"):
        torchvision.resolved("resnet19")
    with pytest.raises(ModelError, match="no weights 'IMAGENET1K_V3', did you mean 'IMAGENET1K_V2'"):
        torchvision.resolved("resnet50@IMAGENET1K_V3")
    with pytest.raises(ModelError, match="no classifier"):
        torchvision.resolved("fcn_resnet50")


def test_nets_with_auxiliary_heads_come_without_them_and_without_a_warning() -> None:
    with warnings.catch_warnings(), seeded(0):
        warnings.simplefilter("error")
        body, _, head = torchvision.classifier("googlenet", 7)
    assert head == "fc"
    assert body.train()(torch.rand(2, 3, 64, 64)).shape == (2, 7)


def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: dict[str, object]) -> None:
    """Puts ``content`` where torch looks for the weights of SqueezeNet 1.1."""
    from torchvision.models import SqueezeNet1_1_Weights

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    torch.save(content, folder / "new.pth")
    digest = hashlib.sha256((folder / "new.pth").read_bytes()).hexdigest()[:8]
    (folder / "new.pth").rename(folder / f"squeezenet-{digest}.pth")
    monkeypatch.setattr(SqueezeNet1_1_Weights.DEFAULT.value, "url", f"https://example.invalid/squeezenet-{digest}.pth")


def test_cached_weights_are_loaded_with_their_normaliser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with seeded(1):
        wanted, _, _ = torchvision.classifier("squeezenet1_1", None)
    _place(tmp_path, monkeypatch, dict(wanted.state_dict()))
    body, normalise, _ = torchvision.classifier("squeezenet1_1@IMAGENET1K_V1", 7)
    assert all(torch.equal(tensor, wanted.state_dict()[name]) for name, tensor in body.state_dict().items())
    assert normalise.mean.flatten().tolist() == pytest.approx([0.485, 0.456, 0.406])


def test_cached_weights_with_code_in_them_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _place(tmp_path, monkeypatch, {"x": Path("a")})
    with pytest.raises(ModelError, match="refused"):
        torchvision.classifier("squeezenet1_1@IMAGENET1K_V1", None)


def test_missing_weights_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(ModelError, match=r"Missing is squeezenet1_1-b8a52dc0\.pth in \$TORCH_HOME/hub/checkpoints"):
        torchvision.classifier("squeezenet1_1@IMAGENET1K_V1", None)
