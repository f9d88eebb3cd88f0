"""timm's models: names, weights from its cache, and the head timm itself names."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from tombola.errors import ModelError
from tombola.models.kinds import timm
from tombola.models.network import Network
from tombola.models.seeded import seeded

SMALL = ("test_resnet", "test_vit", "test_convnext", "test_efficientnet", "test_byobnet", "test_vit2")


@pytest.mark.parametrize("name", SMALL)
def test_features_enter_the_head_timm_names(name: str) -> None:
    with seeded(0):
        body, normalise, head = timm.classifier(name, 7)
    network = Network(body, normalise, source=name, head=head).eval()
    x = torch.rand(2, 3, 160, 160)
    layer = network.head
    assert isinstance(layer, nn.Linear)
    assert layer.out_features == 7
    assert network.features(x).shape == (2, layer.in_features)
    assert torch.allclose(layer(network.features(x)), network(x), atol=1e-5)


def test_a_net_without_one_single_head_says_so() -> None:
    with pytest.raises(ModelError, match="has no single head; name one"):
        timm.classifier("deit_tiny_distilled_patch16_224", None)


def test_names_are_checked() -> None:
    assert timm.resolved("resnet18") == "resnet18"
    assert timm.resolved("resnet18.a1_in1k") == "resnet18.a1_in1k"
    with pytest.raises(ModelError, match="no model 'resnt18'; write timm:resnet18"):
        timm.resolved("resnt18")
    with pytest.raises(ModelError, match="no weights 'a1_in2k', did you mean 'a1_in1k'"):
        timm.resolved("resnet18.a1_in2k")


@pytest.mark.parametrize("name", ["test_resnet.r160_in1k", "test_vit.r160_in1k"])
def test_weights_are_loaded_with_their_normaliser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with seeded(1):
        wanted, _, _ = timm.classifier(name.partition(".")[0], None)
    file = tmp_path / "model.safetensors"
    save_file(wanted.state_dict(), file)
    monkeypatch.setattr(timm, "hub_file", lambda *_: file)
    body, normalise, _ = timm.classifier(name, 7)
    assert all(torch.equal(tensor, wanted.state_dict()[key]) for key, tensor in body.state_dict().items())
    assert normalise.mean.flatten().tolist() == pytest.approx(list(body.pretrained_cfg["mean"]))  # type: ignore[index]  # a dict timm sets
    assert "state_dict" not in body.pretrained_cfg  # type: ignore[operator]  # a dict timm sets


def test_missing_weights_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelError, match=r"in \$HF_HOME/hub/models--timm--test_resnet\.r160_in1k"):
        timm.classifier("test_resnet.r160_in1k", None)
