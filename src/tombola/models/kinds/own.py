"""Nets of Tombola's own, for small images: `resnet8`, `resnet20`, ..., `preactresnet18`; random weights.

What: The CIFAR ResNets of He et al. and the pre-activation ResNet-18 of fast adversarial training.
When: Images of 16 to 32 pixels, and studies that must end in minutes.
Cost: 0.08 to 11 million weights.
Options: ``width``, a factor on the channels.
Reference: arXiv 1512.03385, 1603.05027; see `tombola.models.resnet_cifar` and `tombola.models.preact_resnet`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, final

from tombola.errors import ModelError
from tombola.models.kinds._base import Asked, Kind, near_models
from tombola.models.own_names import OWN
from tombola.registry import Examples
from tombola.spec import option

if TYPE_CHECKING:
    from torch import Tensor

    from tombola.models.network import Network


@final
class Own(Kind):
    """A net that Tombola builds itself."""

    EXAMPLES: ClassVar[Examples] = ({"net": "resnet8", "width": 0.25}, {"net": "preactresnet18", "width": 0.1})

    width: float = option(1.0, "factor on the channels of our own nets", gt=0, le=64)

    @classmethod
    def resolved(cls, net: str) -> str:
        if net in OWN:
            return net
        raise ModelError(f"no such model{near_models(net, cls)}")

    @classmethod
    def written(cls, net: str) -> str:
        return net

    @classmethod
    def form(cls) -> str:
        return ", ".join(OWN)

    @classmethod
    def called(cls) -> str:
        return cls.form()

    @classmethod
    def known(cls) -> dict[str, str]:
        return dict.fromkeys(OWN, "a net for small images, random weights")

    @classmethod
    def smaller(cls, net: str) -> dict[str, bool]:
        from tombola.models.relatives import smaller

        return dict.fromkeys(smaller(net, OWN), True)

    @classmethod
    def nets(cls) -> list[str]:
        return list(OWN)

    def build(self, asked: Asked) -> "Network":
        import torch

        from tombola.models.network import Network, find_head
        from tombola.models.normalisers import normaliser
        from tombola.models.origin import Origin
        from tombola.models.own_nets import own_net, own_normaliser

        rng = torch.Generator().manual_seed(asked.seed)
        body = own_net(self.net, num_classes=asked.outputs or 10, width=self.width, generator=rng)
        origin = Origin(source={"name": self.net}, seed=asked.seed)
        return Network(body, normaliser(own_normaliser(self.net)), source=origin, head=find_head(body))

    def respelled(self, weights: "Mapping[str, Tensor]", file: Path) -> "Mapping[str, Tensor]":
        from tombola.models.own_nets import SPELLINGS
        from tombola.models.readers import renamed

        return renamed(weights, SPELLINGS, file)
