"""`Extractor`: what looks at images where two sets are compared: the model itself, another one, or FID's Inception."""

from pathlib import Path
from typing import Self

from pydantic import field_validator, model_validator

from tombola.models.inception import fid_inception
from tombola.models.network import Network
from tombola.models.source import Source
from tombola.spec import Spec, option

OWN = "model"
INCEPTION = "inception"


class Extractor(Spec):
    """Written as ``model``, ``inception``, ``inception:FILE``, or as any model with weights."""

    source: Source | None = option(None, "a model with weights, whose features count")
    inception: bool = option(default=False, help="FID's Inception network: with it a distance is called FID")
    weights: Path | None = option(
        None, "Inception's weights file, where torch's cache has none; its content is known", identity=False
    )

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: object) -> object:
        text = value if isinstance(value, str) else ""
        name, colon, file = text.partition(":")
        if text == OWN:
            return {}
        if name == INCEPTION:
            return {"inception": True, "weights": Path(file) if colon else None}
        named = isinstance(value, dict) and "name" in value
        return {"source": value} if text or named or isinstance(value, Source) else value

    @field_validator("source")
    @classmethod
    def _has_weights(cls, source: Source | None) -> Source | None:
        """A file that is missing is named now, and random features are nobody's wish."""
        if source is not None and source.file is None and source.name == source.bare:
            raise ValueError(
                f"{source.name} has random weights, and the distance would be one of noise; name weights, as in"
                " torchvision:resnet18@IMAGENET1K_V1, timm:resnet18.a1_in1k or path:FILE"
            )
        if source is not None:
            source.identity()
        return source

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.source is not None and self.inception:
            raise ValueError("name a model or inception, not both")
        return self

    def network(self, own: Network) -> Network:
        """The network whose features count; ``own`` is the model that is measured."""
        if self.inception:
            return fid_inception(self.weights)
        return own if self.source is None else self.source.load()

    def label(self, network: Network) -> str:
        """``model``, ``inception``, or the name of the model, a file's with its digest."""
        if self.inception:
            return INCEPTION
        return OWN if self.source is None else network.source
