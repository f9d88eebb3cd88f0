"""The contract of an exporter: a finished model as files another program reads."""

from abc import abstractmethod
from pathlib import Path
from typing import ClassVar

from tombola.masks.masks import Masks
from tombola.models.network import Network
from tombola.registry import Family, Member


class Exporter(Member):
    """Writes a masked model. The model given is not changed."""

    family: ClassVar[Family] = Family("exporters", "tombola.exporters")

    @abstractmethod
    def export(self, model: Network, masks: Masks, out: Path) -> list[Path]:
        """The files written; refuses to overwrite."""
