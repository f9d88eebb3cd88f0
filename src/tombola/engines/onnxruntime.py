"""ONNX Runtime on the CPU: usually the fastest dense engine.

What: the masked network as `tombola export --to onnx` writes it, run by ONNX Runtime's CPU provider, all optimisations
  on, zeros multiplied as everything else.
When: the yardstick: a ticket that is not faster than this is not fast.
Cost: seconds to export.
Options: ``opset``: the version of ONNX's operators.
Reference: onnxruntime.ai.
"""

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from tombola.engines._base import Engine, Floats, LayerTime, Running, Setting
from tombola.spec import option

if TYPE_CHECKING:
    from tombola.masks.masks import Masks
    from tombola.models.network import Network

FILE = "net.onnx"


class OnnxRuntime(Engine):
    """Dense, by ONNX Runtime."""

    NEEDS: ClassVar[tuple[str, ...]] = ("onnx", "onnxscript", "onnxruntime")
    EXTRA: ClassVar[str] = "'tombola[onnx]'"

    opset: int = option(18, "the version of ONNX's operators", ge=18)

    def prepare(self, model: "Network", masks: "Masks", setting: Setting, folder: Path) -> list[Path]:
        from tombola.exporters import _onnx_file
        from tombola.exporters._masked import masked

        proto = _onnx_file.onnx_model(masked(model, masks), setting.size, self.opset)
        _onnx_file.write(proto, folder / FILE)
        return [folder / FILE]

    def load(self, folder: Path, setting: Setting) -> Running:
        return Session(folder / FILE, setting)


class Session(Running):
    """A session of ONNX Runtime with the setting's threads and no others."""

    def __init__(self, file: Path, setting: Setting) -> None:
        self._file, self._setting = file, setting
        self._session = _session(file, setting)

    def run(self, images: Floats) -> Floats:
        (logits,) = self._session.run(None, {"images": images})
        found: Floats = logits
        return found

    def layers(self, images: Floats) -> list[LayerTime]:
        """By ONNX Runtime's own clock, in a session that has it on."""
        with tempfile.TemporaryDirectory() as folder:
            session = _session(self._file, self._setting, clock=Path(folder) / "clock")
            session.run(None, {"images": images})
            session.run(None, {"images": images})
            events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
        nodes = [event for event in events if event.get("cat") == "Node" and "op_name" in event.get("args", {})]
        names = _layers_by_tensor(self._file)
        return [_layer(event, names) for event in nodes[len(nodes) // 2 :]]


def _session(file: Path, setting: Setting, clock: Path | None = None) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    if clock is not None:
        options.enable_profiling = True
        options.profile_file_prefix = str(clock)
    options.intra_op_num_threads = setting.threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


def _layer(event: dict[str, Any], names: dict[str, str]) -> LayerTime:
    tensor = event["name"].removesuffix("_kernel_time").removesuffix("_nchwc")
    kind = event["args"]["op_name"]
    return LayerTime(names.get(tensor, tensor), kind.lower(), 1e-6 * event["dur"])


def _layers_by_tensor(file: Path) -> dict[str, str]:
    """The layer behind each tensor: ONNX Runtime calls what it fused by the tensor that comes out."""
    import onnx

    found: dict[str, str] = {}
    for node in onnx.load(str(file), load_external_data=False).graph.node:
        inner = found.get(node.input[0]) if node.op_type in _FUSED and len(node.input) == 1 else None
        found[node.output[0]] = inner or node.name
    return found


_FUSED: Final = ("Relu", "Clip", "HardSwish", "HardSigmoid", "Sigmoid")
