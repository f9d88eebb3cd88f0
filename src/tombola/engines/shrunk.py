"""A dense engine on the shrunk network: channels that compute nothing are gone.

What: whole channels without a survivor are taken out of the layers, and a dense engine runs what is left.
When: channel tickets, for which it is all there is to gain; other patterns rarely empty a channel.
Cost: that of the engine it goes through.
Options: ``through``: the dense engine, ``torch`` or ``onnxruntime`` or ``openvino``, as in ``shrunk:onnxruntime``.
Reference: `tombola export --to shrink`.
"""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from tombola.engines._base import Engine, Running, Setting
from tombola.errors import RequestError
from tombola.spec import option

if TYPE_CHECKING:
    from tombola.masks.masks import Masks
    from tombola.models.network import Network


class Shrunk(Engine):
    """Smaller, and dense."""

    ARGUMENT: ClassVar[str | None] = "through"
    USES_ZEROS: ClassVar[bool] = True

    through: Literal["torch", "onnxruntime", "openvino"] = option("torch", "the dense engine that runs what is left")

    def missing(self) -> str:
        return self._dense.missing()

    def prepare(self, model: "Network", masks: "Masks", setting: Setting, folder: Path) -> list[Path]:
        from tombola.masks.masks import Masks
        from tombola.shrinking.shrunk import shrunk

        small = shrunk(model, masks, setting.size)
        if _count(small) == _count(model):
            raise RequestError("no channel of this ticket does nothing, so there is nothing to take out")
        return self._dense.prepare(small, Masks({}), setting, folder)

    def load(self, folder: Path, setting: Setting) -> Running:
        return self._dense.load(folder, setting)

    @property
    def _dense(self) -> Engine:
        return Engine.parse(self.through)


def _count(network: "Network") -> int:
    return sum(tensor.numel() for tensor in network.parameters())
