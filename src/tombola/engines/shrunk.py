"""A dense engine on the shrunk network: channels that compute nothing are gone, of encoders heads and units.

What: whole channels without a survivor are taken out of the layers, and a dense engine runs what is left.
When: channel tickets, for which it is all there is to gain; other patterns rarely empty a channel.
Cost: that of the engine it goes through.
Options: ``through``: the dense engine, in float32 or in int8, as in ``shrunk:onnxruntime`` or ``shrunk:openvino:int8``.
  ``multiple``: layers keep a multiple of so many channels, some of them empty, as dense engines like them.
Reference: `tombola export --to shrink`.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from tombola.engines._base import Engine, Running, Setting, Subject
from tombola.errors import RequestError
from tombola.registry import Examples
from tombola.spec import option

if TYPE_CHECKING:
    from tombola.models.network import Network


class Shrunk(Engine):
    """Smaller, and dense."""

    ARGUMENT: ClassVar[str | None] = "through"
    USES_ZEROS: ClassVar[bool] = True
    EXAMPLES: ClassVar[Examples] = ({"through": "torch"}, {"through": "onnxruntime"})

    through: Literal["torch", "onnxruntime", "onnxruntime:int8", "openvino", "openvino:int8"] = option(
        "torch", "the dense engine that runs what is left"
    )

    multiple: int = option(8, "layers keep a multiple of so many channels; 1 takes out all it can", ge=1, le=64)

    @property
    def arithmetic(self) -> str:
        return self._dense.arithmetic

    def missing(self) -> str:
        return self._dense.missing()

    def versions(self) -> dict[str, str]:
        return self._dense.versions()

    def remarks(self, subject: Subject) -> Sequence[str]:
        return self._dense.remarks(subject)

    def prepare(self, subject: Subject, folder: Path) -> list[Path]:
        small = subject.once(f"shrunk to {self.multiple}", lambda: self._smaller(subject))
        if _count(small.model) == _count(subject.model):
            raise RequestError(f"no {self.multiple} channels of a layer do nothing, so there is nothing to take out")
        return self._dense.prepare(small, folder)

    def load(self, folder: Path, setting: Setting) -> Running:
        return self._dense.load(folder, setting)

    def _smaller(self, subject: Subject) -> Subject:
        from tombola.masks.masks import Masks
        from tombola.shrinking.shrunk import shrunk

        small = shrunk(subject.model, subject.masks, subject.setting.shown, multiple=self.multiple)
        return replace(subject, model=small, masks=Masks({}), cut=True)

    @property
    def _dense(self) -> Engine:
        return Engine.parse(self.through)


def _count(network: "Network") -> int:
    return sum(tensor.numel() for tensor in network.parameters())
