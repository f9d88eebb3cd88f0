"""Tombola's own C, in float32 or, as ``native:int8``, in eight bits: only the survivors are multiplied.

What: the folder that `tombola export --to native` writes, built with this machine's C compiler and called from Python.
When: tickets of single weights, stripes, rows, kernels and channels; what is gained follows the operations that stay.
Cost: a compiler, and seconds to build.
Options: ``precision``: ``float32`` or ``int8``, calibrated as other engines' int8 is. ``values``: how float32 survivors
  are kept in the file. ``choose``: what picks each layer's kernel.
Reference: `tombola export --to native`.
"""

from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from tombola.engines import _onnx_net
from tombola.engines._base import Engine, Floats, LayerTime, Running, Setting, Subject
from tombola.errors import RequestError
from tombola.shown import IDS, IMAGES, MASK, TYPES, Arrays
from tombola.spec import option

if TYPE_CHECKING:
    from tombola.native.loading import Net
    from tombola.native.loading_texts import TextNet

FOLDER = "net"


class Native(Engine):
    """Sparse, by generated C."""

    ARGUMENT: ClassVar[str | None] = "precision"
    USES_ZEROS: ClassVar[bool] = True

    precision: Literal["float32", "int8"] = option(
        "float32", "what it multiplies: float32, or int8 after calibration", absent="float32"
    )
    values: Literal["float32", "float16", "int8"] = option("float32", "how float32 survivors are kept in the file")
    choose: Literal["model", "measure"] = option(
        "model", "what picks each layer's kernel: a model of costs, or a clock"
    )

    @property
    def label(self) -> str:
        return self.name if self.precision == "float32" else super().label

    @property
    def arithmetic(self) -> str:
        return self.precision

    def remarks(self, subject: Subject) -> Sequence[str]:
        return _onnx_net.remarks_on_int8(subject, static=True) if self.precision == "int8" else ()

    def missing(self) -> str:
        from tombola.native.building import compiler

        try:
            compiler()
        except RequestError as error:
            return f"needs a compiler; {error}"
        return super().missing()

    def versions(self) -> dict[str, str]:
        from tombola.native.building import compiler, version_of

        return {"tombola": version("tombola"), "compiler": version_of(compiler())}

    def prepare(self, subject: Subject, folder: Path) -> list[Path]:
        from tombola.exporters.native import Native as Exporter

        shown = subject.setting.shown
        options: dict[str, Any] = {"values": self.values, "choose": self.choose, "arithmetic": self.precision}
        options["size" if shown.WHAT == "images" else "length"] = shown.shape[-1]
        to = Exporter.parse({"name": "native", **options})
        to.export_on(subject.model, subject.masks, folder / FOLDER, _onnx_net.examples(subject))
        _loaded(folder / FOLDER, subject.setting).close()  # builds the library, which stays in the folder
        return [folder / FOLDER / "net.dat", *(folder / FOLDER / "build").glob("*.so")]

    def load(self, folder: Path, setting: Setting) -> Running:
        return Loaded(folder / FOLDER, setting)


class Loaded(Running):
    """The built library and its data in this process."""

    def __init__(self, folder: Path, setting: Setting) -> None:
        self._folder, self._setting = folder, setting
        self._net = _loaded(folder, setting)

    def run(self, inputs: Arrays) -> Floats:
        return _run(self._net, inputs)

    def layers(self, inputs: Arrays) -> list[LayerTime]:
        """Timed in a second build that counts seconds, so that the first one runs undisturbed by the clock."""
        net = self._with_clock
        before = net.layers()
        _run(net, inputs)
        after = net.layers()
        return [
            LayerTime(
                name=late.name,
                kind=late.kind,
                seconds=late.seconds - early.seconds,
                survivors=late.survivors,
                total=late.total,
                choice=late.choice,
            )
            for early, late in zip(before, after, strict=True)
        ]

    @cached_property
    def _with_clock(self) -> "Net | TextNet":
        return _loaded(self._folder, self._setting, profile=True)


def _loaded(folder: Path, setting: Setting, *, profile: bool = False) -> "Net | TextNet":
    from tombola.native.loading import load
    from tombola.native.loading_texts import load_texts

    if setting.shown.WHAT == "images":
        return load(folder, threads=setting.threads, batch=setting.batch, profile=profile)
    return load_texts(folder, threads=setting.threads, batch=setting.batch, profile=profile)


def _run(net: "Net | TextNet", inputs: Arrays) -> Floats:
    from tombola.native.loading_texts import TextNet

    if isinstance(net, TextNet):
        return net(inputs[IDS], inputs.get(MASK), inputs.get(TYPES))
    return net(inputs[IMAGES])
