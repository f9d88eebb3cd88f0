"""What a network says to every image of a set, its outputs or its features, and whether outputs can be logits."""

from typing import Literal, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional as F

from tombola.attacks._crafting import crafting
from tombola.attacks._flags import probabilities
from tombola.data._base import Images
from tombola.data._loading import batches
from tombola.errors import RequestError, StageError
from tombola.models.network import Network

Kind: TypeAlias = Literal["outputs", "features"]


def responses(network: Network, images: Images, kind: Kind, *, size: int, batch: int, device: torch.device) -> Tensor:
    """One row an image, (N, D) in float64 on the CPU: logits, or what enters the head. In eval mode, in float32.

    Images of another size are brought to ``size`` first. The network, on ``device`` already, comes back as given.
    """
    ask = network if kind == "outputs" else network.features
    found: list[Tensor] = []
    with crafting(network, "eval"), torch.no_grad():
        found.extend(
            _row_an_image(ask(resized(shown.x, size)), network).float().cpu().double()
            for shown in batches(images, batch, device=device)
        )
    rows = torch.cat(found) if found else torch.empty(0, 0, dtype=torch.float64)
    if not bool(rows.isfinite().all()):
        raise StageError(f"{network.source}: its {kind} hold NaN or infinities; nothing can be measured of them")
    return require_logits(rows, network) if kind == "outputs" else rows


def resized(x: Tensor, size: int) -> Tensor:
    """Images in [0, 1] at ``size`` pixels a side, of 256 levels as all images are; those of that size as they are.

    Bilinear and antialiased: plain subsampling leaves traces by which a set is told by its resizing.
    """
    if x.shape[-1] == size and x.shape[-2] == size:
        return x
    scaled = F.interpolate(x, size=(size, size), mode="bilinear", antialias=True, align_corners=False)
    return scaled.mul_(255).round_().clamp_(0, 255).div_(255)


def require_logits(outputs: Tensor, network: Network) -> Tensor:
    """The outputs as given; raises `RequestError` for those of one class alone, and for probabilities."""
    if outputs.numel() and outputs.shape[1] < 2:
        raise RequestError(f"{network.source} has one output; this needs one logit a class, two classes or more")
    if looks_like_probabilities(outputs):
        raise RequestError(
            f"{network.source}: every row of its outputs lies in [0, 1] and sums to 1, so they look like probabilities;"
            " this needs logits: leave out the softmax at the model's end"
        )
    return outputs


def looks_like_probabilities(outputs: Tensor) -> bool:
    """Whether every row (N, C) lies in [0, 1] and sums to 1."""
    return outputs.numel() > 0 and bool(probabilities(outputs).all())


def _row_an_image(found: object, network: Network) -> Tensor:
    if isinstance(found, Tensor) and found.ndim == 2:
        return found
    shape = tuple(found.shape[1:]) if isinstance(found, Tensor) else type(found).__name__
    raise RequestError(f"{network.source} gives {shape} for an image; this needs a vector an image, as classifiers do")
