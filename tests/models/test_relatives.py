"""Smaller nets of a family, found by name."""

import pytest

from tombola.models.kinds._base import kind_of
from tombola.models.relatives import smaller


@pytest.mark.parametrize(
    ("name", "names", "found"),
    [
        ("convnext_base", ["convnext_large", "convnext_small", "convnext_tiny"], ["convnext_small", "convnext_tiny"]),
        ("mobilenetv2_100", ["mobilenetv2_050", "mobilenetv3_050", "mobilenetv2_140"], ["mobilenetv2_050"]),
        ("efficientnet_v2_m", ["efficientnet_v2_s", "efficientnet_b0"], ["efficientnet_v2_s"]),
        ("vgg16_bn", ["vgg11", "vgg11_bn"], ["vgg11_bn"]),
        ("resnet18", ["resnet18", "resnet34"], []),
    ],
)
def test_called_alike_but_for_a_size_that_is_less(name: str, names: list[str], found: list[str]) -> None:
    assert smaller(name, names) == found


@pytest.mark.parametrize(
    ("text", "one", "at_hand"),
    [
        ("resnet20", "resnet8", True),
        ("torchvision:resnet50", "torchvision:resnet18", True),
        ("torchvision:resnet50@IMAGENET1K_V1", "torchvision:resnet18@IMAGENET1K_V1", False),
        ("timm:resnet34.a1_in1k", "timm:resnet18.a1_in1k", False),
        ("timm:tf_efficientnet_lite1", "timm:tf_efficientnet_lite0", True),
    ],
)
def test_weights_that_were_not_downloaded_are_not_at_hand(
    text: str, one: str, at_hand: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    kind, net = kind_of(text)
    assert kind.smaller(net)[one] is at_hand
