"""torchvision's classifiers: ``torchvision:NAME@WEIGHTS``, without ``@WEIGHTS`` random.

What: Every classifier torchvision lists, and Wide ResNet-50 of width 4, for which it has no name.
When: Priors trained on ImageNet in torchvision's ways.
Cost: A download of the weights on first use.
Options: None.
Reference: https://docs.pytorch.org/vision/stable/models.html
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final, final

from tombola.errors import ModelError, near
from tombola.models.kinds._base import Asked, Kind, near_models
from tombola.models.vision_loading import load_torchvision
from tombola.registry import Examples

if TYPE_CHECKING:
    from torch import nn

    from tombola.models.inputs.pixels import Normalise
    from tombola.models.network import Network

IMAGENET: Final = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
WIDEST: Final = "wide_resnet50_4"  # torchvision has no name for it, but builds it: Wide ResNet-50 of width 4
_AUXILIARY: Final = ("googlenet", "inception_v3")  # in training these would answer with three outputs


@final
class Torchvision(Kind):
    """A classifier of torchvision's."""

    FORM: ClassVar[str] = "torchvision:NAME[@WEIGHTS]"
    EXAMPLES: ClassVar[Examples] = ({"net": "squeezenet1_1"},)

    @classmethod
    def resolved(cls, net: str) -> str:
        return resolved(net)

    @classmethod
    def bare(cls, net: str) -> str:
        return cls.written(net.partition("@")[0])

    @classmethod
    def known(cls) -> dict[str, str]:
        return {cls.FORM: "torchvision's classifiers; without @WEIGHTS random"}

    @classmethod
    def smaller(cls, net: str) -> dict[str, bool]:
        from tombola.models.relatives import smaller

        arch, sign, tag = net.partition("@")
        names = smaller(arch, _names())
        if not sign:
            return {cls.written(name): True for name in names}
        return dict(_with_weights(name, tag) for name in names if _weights(name).__members__)

    @classmethod
    def nets(cls) -> list[str]:
        return [*_names(), WIDEST]

    def build(self, asked: Asked) -> "Network":
        from tombola.models.network import Network
        from tombola.models.origin import Origin
        from tombola.models.seeded import seeded

        with seeded(asked.seed):
            body, normalise, head = classifier(self.net, asked.outputs)
        seed = None if "@" in self.net else asked.seed
        return Network(body, normalise, source=Origin(source={"name": self.written(self.net)}, seed=seed), head=head)


def resolved(name: str) -> str:
    """``NAME`` or ``NAME@WEIGHTS`` with ``DEFAULT`` replaced by what it stands for; raises `ModelError`."""
    arch, sign, tag = name.partition("@")
    known = _names()
    if arch == WIDEST and not sign:
        return arch
    if arch not in known:
        raise ModelError(f"torchvision has no classifier {arch!r}{near_models(arch, Torchvision)}")
    if not sign:
        return arch
    weights = _weights(arch)
    tag = tag.rpartition(".")[2]  # ResNet18_Weights.IMAGENET1K_V1 as torchvision prints it
    if tag not in weights.__members__:
        names = list(weights.__members__)
        raise ModelError(f"torchvision:{arch} has no weights {tag!r}{near(tag, names)} (it has {', '.join(names)})")
    return f"{arch}@{weights[tag].name}"


def classifier(name: str, num_classes: int | None) -> "tuple[nn.Module, Normalise, str]":
    """The net called by a resolved name, its normaliser, and its head's name. Draws from the global generator.

    ``num_classes`` counts only where the weights are random.
    """
    from tombola.models.downloads import torch_file
    from tombola.models.inputs.pixels import Normalise
    from tombola.models.network import find_head
    from tombola.models.readers import read_weights

    arch, sign, tag = name.partition("@")
    options: dict[str, Any] = {"aux_logits": False} if arch in _AUXILIARY else {}
    mean, std = IMAGENET
    if sign:
        weights = _weights(arch)[tag]
        # read once ourselves, so that a damaged file or one with code in it stops here and not inside torchvision
        read_weights(torch_file(weights.url, f"torchvision:{name}"))
        transforms = weights.transforms()
        mean, std = tuple(transforms.mean), tuple(transforms.std)
        options["weights"] = weights
    else:
        options |= {"init_weights": True} if arch in _AUXILIARY else {}
        options |= {} if num_classes is None else {"num_classes": num_classes}
    body = _net(arch, options)
    return body, Normalise(mean, std), find_head(body)


def _with_weights(arch: str, tag: str) -> tuple[str, bool]:
    """The net's name with weights, as near to ``tag`` as there are, and whether they were downloaded before."""
    from tombola.models.downloads import in_torch_cache

    weights = _weights(arch)
    found = weights[tag] if tag in weights.__members__ else weights.DEFAULT
    return Torchvision.written(f"{arch}@{found.name}"), in_torch_cache(found.url).exists()


def _net(arch: str, options: Mapping[str, Any]) -> "nn.Module":
    load_torchvision()
    from torchvision.models import get_model
    from torchvision.models.resnet import Bottleneck, ResNet

    if arch == WIDEST:
        widest: nn.Module = ResNet(Bottleneck, [3, 4, 6, 3], width_per_group=4 * 64, **options)
        return widest
    net: nn.Module = get_model(arch, **options)
    return net


def _names() -> list[str]:
    load_torchvision()
    from torchvision import models

    return list(models.list_models(module=models))


def _weights(arch: str) -> Any:
    load_torchvision()
    from torchvision.models import get_model_weights

    return get_model_weights(arch)
