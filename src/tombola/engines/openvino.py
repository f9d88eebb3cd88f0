"""OpenVINO on the CPU: Intel's dense engine.

What: the masked network as `tombola export --to onnx` writes it, compiled by OpenVINO for one stream and the lowest
  latency, in float32 on every CPU, zeros multiplied as everything else.
When: the other yardstick, where it is installed.
Cost: seconds to export and to compile.
Options: ``opset``: the version of ONNX's operators.
Reference: docs.openvino.ai.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from tombola.engines._base import Engine, Floats, Running, Setting
from tombola.spec import option

if TYPE_CHECKING:
    from tombola.masks.masks import Masks
    from tombola.models.network import Network

FILE = "net.onnx"


class OpenVino(Engine):
    """Dense, by OpenVINO."""

    NEEDS: ClassVar[tuple[str, ...]] = ("onnx", "onnxscript", "openvino")
    EXTRA: ClassVar[str] = "'tombola[onnx,openvino]'"

    opset: int = option(18, "the version of ONNX's operators", ge=18)

    def prepare(self, model: "Network", masks: "Masks", setting: Setting, folder: Path) -> list[Path]:
        from tombola.exporters import _onnx_file
        from tombola.exporters._masked import masked

        proto = _onnx_file.onnx_model(masked(model, masks), setting.size, self.opset)
        _onnx_file.write(proto, folder / FILE)
        return [folder / FILE]

    def load(self, folder: Path, setting: Setting) -> Running:
        return Compiled(folder / FILE, setting)


class Compiled(Running):
    """A compiled model with one request."""

    def __init__(self, file: Path, setting: Setting) -> None:
        import openvino

        core: Any = openvino.Core()
        model = core.read_model(str(file))
        model.reshape({0: openvino.PartialShape(list(setting.shape))})
        # Where the CPU has bfloat16 OpenVINO would use it; the others compute in float32.
        options = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": setting.threads,
            "NUM_STREAMS": 1,
            "INFERENCE_PRECISION_HINT": "f32",
        }
        self._request = core.compile_model(model, "CPU", options).create_infer_request()

    def run(self, images: Floats) -> Floats:
        found = self._request.infer({0: images}, share_inputs=True)
        return np.array(found[0], dtype=np.float32)
