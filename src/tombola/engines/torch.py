"""torch itself, on the CPU: the dense network with its zeros multiplied.

What: the masked network as ``torch.export`` saves it, run in float32 under ``inference_mode``.
When: always there, and what most people run.
Cost: a second to export; a process with torch in it.
Options: ``layout``: ``channels_last`` or ``default`` (NCHW), as in ``torch:default``.
Reference: torch.export; the memory formats of torch's documentation.
"""

from importlib.metadata import version
from pathlib import Path
from typing import ClassVar, Literal

from tombola.engines._base import Engine, Running, Setting, Subject
from tombola.registry import Examples
from tombola.spec import option

FILE = "net.pt2"


class Torch(Engine):
    """Dense, by torch."""

    ARGUMENT: ClassVar[str | None] = "layout"
    EXAMPLES: ClassVar[Examples] = ({"layout": "channels_last"}, {"layout": "default"})

    layout: Literal["channels_last", "default"] = option("channels_last", "the order of pixels and channels in memory")

    def versions(self) -> dict[str, str]:
        return {"torch": version("torch")}

    def prepare(self, subject: Subject, folder: Path) -> list[Path]:
        from tombola.engines._dense import run_dense
        from tombola.engines._torch_file import save

        return [save(run_dense(subject), subject.setting, folder / FILE)]

    def load(self, folder: Path, setting: Setting) -> Running:
        from tombola.engines._torch_file import Program

        return Program(folder / FILE, setting, self.layout)
