"""The images a net is made for."""

import pytest

from tombola.models.image_size import image_size
from tombola.models.source import Source


@pytest.mark.parametrize(
    ("net", "side"), [("resnet8", 32), ("torchvision:resnet18", 224), ("timm:mobilenetv3_small_050", 224)]
)
def test_of_our_own_nets_and_others(net: str, side: int) -> None:
    network = Source.parse(net).load()
    assert image_size(network) == (3, side, side)
    assert image_size(network, 64) == (3, 64, 64)
