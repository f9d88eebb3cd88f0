"""What the heads of torchvision's detectors share: an anchor and its numbers a row, the classes last."""

from abc import abstractmethod
from functools import lru_cache
from typing import Any, ClassVar, final

import torch
from torch import Tensor, nn

from tombola.models.heads._anchored import OneStage, in_pixels, of_each, summed
from tombola.models.heads._detector import Detector, no_head


class ToldByAnchors(Detector):
    """A head whose layer knows how many classes it tells, and whose boxes become pixels by the image's size."""

    @final
    def outputs(self, layer: nn.Module) -> int:
        classes: int = layer.classes  # type: ignore[assignment]  # of a layer that fits
        return 4 + classes

    @final
    def finished(self, found: Tensor, size: torch.Size) -> Tensor:
        return in_pixels(found, size)


class InOneStage(ToldByAnchors):
    """Every anchor is told once, by one of torchvision's towers, and loses what torchvision's detector says."""

    TOLD: ClassVar[int]
    """Numbers of an anchor before those of its classes."""

    @abstractmethod
    def tower(self) -> type[nn.Module]:
        """torchvision's class of what tells the anchors."""

    @abstractmethod
    def losses_of(self, rows: Tensor, own: dict[str, Tensor]) -> dict[str, Tensor]:
        """torchvision's losses of one image: of rows (1, A, `TOLD` + n), and its boxes."""

    @final
    def fits(self, layer: nn.Module) -> bool:
        return isinstance(layer, OneStage) and isinstance(layer.tower, self.tower())

    @final
    def require(self, outputs: Tensor) -> None:
        if outputs.ndim != 3 or outputs.shape[1] <= self.TOLD:
            raise no_head(outputs, self.text)

    @final
    def losses(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        rows = outputs.float().transpose(1, 2)
        return summed([self.losses_of(one[None], own) for one, own in zip(rows, of_each(targets), strict=True)])


@lru_cache
def without_body(detector: Any, channels: int) -> Any:
    """torchvision's detector without weights: how it matches boxes and what it loses depend on none."""
    body: Any = nn.Module()
    body.out_channels = channels
    with torch.device("meta"):
        return detector(body, 1)
