"""ONNX Runtime on the CPU: a dense engine, in float32 or, as ``onnxruntime:int8``, in eight bits.

What: the masked network as `tombola export --to onnx` writes it, run by ONNX Runtime's CPU provider, all optimisations
  on, zeros multiplied as everything else. In int8 it is ONNX Runtime's own static quantisation of that file: weights
  with a scale for each output channel, maps with one each, calibrated on training images of the task or on images
  given; on random pixels where there are none, and then its accuracy is unknown. Of texts it is dynamic: weights are
  rounded beforehand, what runs through the net as it comes.
When: the yardstick: a ticket that is not faster than this is not fast. int8 is what most would do instead of pruning.
Cost: seconds to export, and as many to quantise.
Options: ``precision``: ``float32`` or ``int8``, as in ``onnxruntime:int8``. ``opset``: the version of ONNX's operators.
Reference: onnxruntime.ai; its page on quantisation.
"""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Final, Literal

from tombola.engines import _onnx_net
from tombola.engines._base import Engine, Floats, LayerTime, Running, Setting, Subject
from tombola.shown import Arrays
from tombola.spec import option

FILE = "net.onnx"


class OnnxRuntime(Engine):
    """Dense, by ONNX Runtime."""

    NEEDS: ClassVar[tuple[str, ...]] = ("onnx", "onnxscript", "onnxruntime")
    EXTRA: ClassVar[str] = "'tombola[onnx]'"
    ARGUMENT: ClassVar[str | None] = "precision"

    precision: Literal["float32", "int8"] = option("float32", "what it multiplies: float32, or int8 after calibration")
    opset: int = option(18, "the version of ONNX's operators", ge=18)

    @property
    def arithmetic(self) -> str:
        return self.precision

    @property
    def label(self) -> str:
        return self.name if self.precision == "float32" else super().label

    def remarks(self, subject: Subject) -> Sequence[str]:
        return _onnx_net.remarks_on_int8(subject) if self.precision == "int8" else ()

    def prepare(self, subject: Subject, folder: Path) -> list[Path]:
        from tombola.exporters import _onnx_file

        made = _onnx_net.in_int8 if self.precision == "int8" else _onnx_net.in_float32
        _onnx_file.write(made(subject, self.opset), folder / FILE)
        return [folder / FILE]

    def load(self, folder: Path, setting: Setting) -> Running:
        return Session(folder / FILE, setting, tells_layers=self.precision == "float32")


class Session(Running):
    """A session of ONNX Runtime with the setting's threads and no others."""

    def __init__(self, file: Path, setting: Setting, *, tells_layers: bool) -> None:
        self._file, self._setting, self._tells_layers = file, setting, tells_layers
        self._session = _session(file, setting)

    def run(self, inputs: Arrays) -> Floats:
        (logits,) = self._session.run(None, inputs)
        found: Floats = logits
        return found

    def layers(self, inputs: Arrays) -> list[LayerTime]:
        """By ONNX Runtime's own clock, in a session that has it on; in int8 its steps are not the net's layers."""
        if not self._tells_layers:
            return []
        with tempfile.TemporaryDirectory() as folder:
            session = _session(self._file, self._setting, clock=Path(folder) / "clock")
            session.run(None, inputs)
            session.run(None, inputs)
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
