"""Supernets, of which a training keeps a part: ``supernet:2x2`` is of two stages and two branches; random weights.

What: blocks of parallel depthwise kernels on branches of several resolutions, for small images. The change ``shrink``
  takes hidden channels out while the net is trained; what is left is told by ``channels``, which a ticket's origin
  holds, so that the smaller net is built again as any other.
When: SuperTickets: search and prune in one training.
Cost: 47 thousand weights for ``supernet:2x2``.
Options: ``kernels``, as ``3,5``; ``expansion``, hidden channels of a path for each channel that enters it; ``width``, a
  factor on all channels; ``channels``, those of every block's paths, as ``24,24;20,0;...``; empty: all.
Reference: You et al., "SuperTickets", ECCV 2022, arXiv 2207.03677; see `tombola.models.supernet`.
"""

import re
from typing import TYPE_CHECKING, ClassVar, Self, final

from pydantic import field_validator, model_validator

from tombola.errors import ModelError
from tombola.models.kinds._base import Asked, Kind
from tombola.registry import Examples
from tombola.spec import option

if TYPE_CHECKING:
    from tombola.models.network import Network


@final
class Supernet(Kind):
    """A net that holds many."""

    FORM: ClassVar[str] = "supernet:STAGESxBRANCHES"
    EXAMPLES: ClassVar[Examples] = ({"net": "1x1"}, {"net": "1x2", "kernels": "3", "width": 0.25})

    width: float = option(1.0, "factor on the channels of our own nets", gt=0, le=64)
    kernels: str = option("3,5", "the sides of the parallel kernels, odd, as 3,5,7")
    expansion: int = option(2, "hidden channels of a path for each channel that enters it", ge=1, le=16)
    channels: str = option("", "the hidden channels of each block's paths, as 24,24;20,0; empty: all")

    @classmethod
    def resolved(cls, net: str) -> str:
        if not re.fullmatch("[1-9]x[1-9]", net):
            raise ModelError(f"no such supernet (write stages and branches, one to nine, as {cls.name}:2x2)")
        stages, branches = int(net[0]), int(net[2])
        if branches > stages + 1:  # a stage adds one branch at most, and the same net would have several names
            raise ModelError(
                f"{stages} stages make {stages + 1} branches at most, and {branches} are asked for; write"
                f" {cls.name}:{stages}x{stages + 1}, or more stages"
            )
        return net

    @classmethod
    def known(cls) -> dict[str, str]:
        return {cls.FORM: "a net of parallel kernels and branches, of which shrink keeps a part; random weights"}

    @field_validator("kernels")
    @classmethod
    def _odd(cls, value: str) -> str:
        if not re.fullmatch(r"[13579](,[13579])*", value) or len(set(value)) - (len(value) > 1) != len(value) // 2 + 1:
            raise ValueError("write odd sides up to 9, each once, as 3,5")
        return value

    @model_validator(mode="after")
    def _channels_fit(self) -> Self:
        from tombola.models.supernet import number_of_blocks

        if self.channels:
            each = [part.split(",") for part in self.channels.split(";")]
            blocks, paths = number_of_blocks(self.shape), len(self.sides)
            whole = all(len(part) == paths and all(one.isdecimal() and len(one) < 7 for one in part) for part in each)
            if len(each) != blocks or not whole:
                raise ValueError(f"channels is of {blocks} blocks with {paths} numbers each, as {self._as_text()}")
        return self

    @property
    def shape(self) -> tuple[int, int]:
        """Stages and branches."""
        return int(self.net[0]), int(self.net[2])

    @property
    def sides(self) -> tuple[int, ...]:
        """Of the parallel kernels."""
        return tuple(map(int, self.kernels.split(",")))

    def build(self, asked: Asked) -> "Network":
        import torch

        from tombola.models.network import Network
        from tombola.models.normalisers import normaliser
        from tombola.models.origin import Origin
        from tombola.models.supernet import supernet

        body = supernet(
            self.shape,
            self._units(),
            kernels=self.sides,
            expansion=self.expansion,
            width=self.width,
            num_classes=asked.outputs or 10,
            generator=torch.Generator().manual_seed(asked.seed),
        )
        origin = Origin(source={"name": self.written(self.net)}, seed=asked.seed)
        return Network(body, normaliser("half"), source=origin, head="linear")

    def _units(self) -> list[dict[int, int]] | None:
        if not self.channels:
            return None
        return [dict(zip(self.sides, map(int, part.split(",")), strict=True)) for part in self.channels.split(";")]

    def _as_text(self) -> str:
        return ";".join([",".join(["8"] * len(self.sides))] * 2) + ";..."
