"""`segmenting`: a classifier's body under a head that reads maps, with an answer at every pixel or place.

The layers of the body keep their names, so masks and tickets drawn from the classifier fit as they are. The head, one
of `tombola.models.heads`, stands where the classifier's stood and reads the maps of the last stage or of several.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Final, TypeAlias, TypeVar, final

import torch
from pydantic import AfterValidator
from torch import Tensor, nn

from tombola.batch import blank
from tombola.errors import ModelError
from tombola.models.dilation import dilate
from tombola.models.heads._base import OVER_MAPS, Features, Head
from tombola.models.levels import Levels, levels_of
from tombola.models.network import Network
from tombola.spec import Json


def _over_maps(text: str) -> str:
    """The name of a head that reads maps."""
    if Head.parse(text).READS != "maps":
        raise ModelError(f"head {text} reads no maps of the last stage; write fcn or deeplab")
    return text


Decoder: TypeAlias = Annotated[str, AfterValidator(_over_maps)]
"""A head that reads maps, by its name."""

Maps: TypeAlias = Callable[[Any, Tensor], Tensor]

_PROBE: Final = 128  # pixels of the side of the image by which a body's stride and channels are found


@dataclass(frozen=True)
class _Way:
    """How a body answers: the classifier it was, which shares every layer but the head, and what was put in its place.

    Held beside the body's layers and not among them: each is counted once, under its own name.
    """

    classifier: nn.Module
    maps: Maps
    head: str
    kind: Head
    output_stride: int
    levels: Levels | None
    """Where the finer maps come from, of a head that reads several."""

    def shown(self, x: Tensor) -> Any:
        """What the head reads of the normalised images."""
        if self.levels is None:
            return self.maps(self.classifier, x)
        return self.levels.seen(self.classifier, self.maps, x)


@final
class SegmentingBody(nn.Module):
    """What its head makes of the maps of normalised images (N, 3, H, W). Layers are the classifier's, not copies."""

    def __init__(self, way: _Way) -> None:
        super().__init__()
        for name, child in way.classifier.named_children():
            self.add_module(name, child)
        self._way = way

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.get_submodule(self._way.head)(self._way.shown(x))
        return self._way.kind.finished(found, x.shape[-2:])

    @property
    def output_stride(self) -> int:
        """Pixels of an image to one of the maps."""
        return self._way.output_stride


def segmenting(
    model: Network, decoder: Head | str, outputs: int, *, output_stride: int | None = None, seed: int
) -> Network:
    """A copy of the model with a fresh head over maps; the body's weights and the normaliser are as they were.

    ``output_stride`` is how many pixels of an image make one of the maps that the head reads, None for the body's own
    number: the strides of the last stages become dilations, and no weight changes its name or its meaning.
    """
    kind, new = Head.parse(decoder), model.copy()
    body = new.body._way.classifier if isinstance(new.body, SegmentingBody) else new.body
    maps = _maps_of(body)
    channels, own = _measured(body, maps, model)
    stride = output_stride or own
    if stride != own:
        dilate(body, own, stride)
    levels = _looked_at(body, partial(levels_of, body, maps)) if kind.READS == "levels" else None
    parent, _, leaf = model.head_name.rpartition(".")
    rng = torch.Generator().manual_seed(seed)
    features = Features(channels, stride=stride, levels=levels.channels if levels else ())
    setattr(body.get_submodule(parent), leaf, kind.make(features, outputs, generator=rng).train(model.training))
    whole = SegmentingBody(_Way(body, maps, model.head_name, kind, stride, levels)).train(model.training)
    made = Network(whole, new.normalise, source=model.origin, head=model.head_name)
    made.head_kind = kind
    made.origin = model.origin.shaped(**described(made))
    return made


def described(network: Network) -> dict[str, Json]:
    """What `Source` builds the same head from; empty for a linear one."""
    kind, body = network.head_kind, network.body
    if isinstance(body, SegmentingBody):
        return {"decoder": kind.text, "output_stride": body.output_stride}
    return {} if kind.name == "linear" or kind.READS in OVER_MAPS else {"decoder": kind.text}


def outputs_in(weights: Mapping[str, Tensor], head: str, kind: Head | str = "linear") -> int | None:
    """How many outputs the head of this name and kind has in a body's tensors; None where it has none there."""
    start = f"{head}."
    own = {name.removeprefix(start): value for name, value in weights.items() if name.startswith(start)}
    return Head.parse(kind).outputs_in(own)


T = TypeVar("T")


@torch.no_grad()
def _looked_at(body: nn.Module, look: Callable[[Tensor], T]) -> T:
    """What is found out with one image in eval mode. Changes no state."""
    modes = [(module, module.training) for module in body.modules()]
    try:
        body.eval()
        return look(blank(_PROBE).x.to(next(body.parameters())))
    finally:
        for module, training in modes:
            module.training = training


def _measured(body: nn.Module, maps: Maps, model: Network) -> tuple[int, int]:
    """The channels of the last stage's maps, and how many pixels of an image make one of theirs."""
    found = _looked_at(body, partial(maps, body))
    shape = tuple(found.shape)
    width = getattr(model.head, "in_features", None)
    if len(shape) != 4 or shape[2] != shape[3] or (shape[1] != width == shape[3]):
        raise ModelError(
            f"{model.source}: its last stage gives {shape[1:]} for an image of {_PROBE}x{_PROBE}, no map (channels,"
            f" rows, columns) that a head over maps could read; {_FITTING}"
        )
    return shape[1], _PROBE // shape[2]


_FITTING: Final = "take a convolutional net: ours, a ResNet of torchvision's or one of timm's"


def _maps_of(body: nn.Module) -> Maps:
    """What gives the maps of the body's last stage; raises `ModelError` where nothing is known to."""
    from torchvision.models import ResNet

    if list(body.parameters(recurse=False)):
        raise ModelError(f"{type(body).__name__} has weights outside its layers, as transformers do; {_FITTING}")
    if callable(getattr(body, "forward_features", None)):
        return _forward_features
    if isinstance(body, ResNet):
        return _resnet
    if isinstance(getattr(body, "features", None), nn.Module):
        return _features
    raise ModelError(f"{type(body).__name__} has no stage known to give maps to a head; {_FITTING}")


def _forward_features(body: Any, x: Tensor) -> Tensor:
    """timm's word for it, and ours."""
    maps: Tensor = body.forward_features(x)
    return maps


def _features(body: Any, x: Tensor) -> Tensor:
    """torchvision's nets but for its ResNets."""
    maps: Tensor = body.features(x)
    return maps


def _resnet(body: Any, x: Tensor) -> Tensor:
    x = body.maxpool(body.relu(body.bn1(body.conv1(x))))
    maps: Tensor = body.layer4(body.layer3(body.layer2(body.layer1(x))))
    return maps
