"""OpenVINO on the CPU: Intel's dense engine, in float32, bfloat16 or int8.

What: the masked network as `tombola export --to onnx` writes it, compiled by OpenVINO for one stream and the lowest
  latency, zeros multiplied as everything else. In int8 it reads the file that ``onnxruntime:int8`` runs, calibrated on
  the same images; in bfloat16 it rounds by itself, on a processor that multiplies bfloat16 and on no other.
When: the other yardstick, where it is installed.
Cost: seconds to export, to quantise and to compile.
Options: ``precision``: ``float32``, ``int8`` or ``bf16``, as in ``openvino:int8``. ``opset``: the version of ONNX's
  operators.
Reference: docs.openvino.ai.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Final, Literal

import numpy as np

from tombola.engines import _onnx_net, _processor
from tombola.engines._base import Engine, Floats, Running, Setting, Subject
from tombola.shown import Arrays
from tombola.spec import option

FILE = "net.onnx"
HINTS: Final = {"float32": "f32", "int8": "f32", "bf16": "bf16"}
"""What OpenVINO may compute in where the file says nothing: it would take bfloat16 wherever the processor has it."""


class OpenVino(Engine):
    """Dense, by OpenVINO."""

    NEEDS: ClassVar[tuple[str, ...]] = ("onnx", "onnxruntime", "onnxscript", "openvino")
    EXTRA: ClassVar[str] = "'tombola[onnx,openvino]'"
    ARGUMENT: ClassVar[str | None] = "precision"

    precision: Literal["float32", "int8", "bf16"] = option("float32", "what it multiplies; int8 after calibration")
    opset: int = option(18, "the version of ONNX's operators", ge=18)

    @property
    def arithmetic(self) -> str:
        return {"bf16": "bfloat16"}.get(self.precision, self.precision)

    @property
    def label(self) -> str:
        return self.name if self.precision == "float32" else super().label

    def missing(self) -> str:
        if self.precision == "bf16" and _processor.has(_processor.BFLOAT16) is False:
            return "this processor does not multiply bfloat16, and OpenVINO would compute in float32 instead"
        return super().missing()

    def remarks(self, subject: Subject) -> Sequence[str]:
        return _onnx_net.remarks_on_int8(subject) if self.precision == "int8" else ()

    def prepare(self, subject: Subject, folder: Path) -> list[Path]:
        from tombola.exporters import _onnx_file

        made = _onnx_net.in_int8 if self.precision == "int8" else _onnx_net.in_float32
        _onnx_file.write(made(subject, self.opset), folder / FILE)
        return [folder / FILE]

    def load(self, folder: Path, setting: Setting) -> Running:
        return Compiled(folder / FILE, setting, HINTS[self.precision])


class Compiled(Running):
    """A compiled model with one request."""

    def __init__(self, file: Path, setting: Setting, hint: str) -> None:
        import openvino

        core: Any = openvino.Core()
        model = core.read_model(str(file))
        model.reshape({name: openvino.PartialShape(list(setting.shape)) for name in setting.shown.names})
        options = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": setting.threads,
            "NUM_STREAMS": 1,
            "INFERENCE_PRECISION_HINT": hint,
        }
        self._request = core.compile_model(model, "CPU", options).create_infer_request()

    def run(self, inputs: Arrays) -> Floats:
        found = self._request.infer(inputs, share_inputs=True)
        return np.array(found[0], dtype=np.float32)
