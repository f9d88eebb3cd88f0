"""A masked network as an ONNX model, in float32 or rounded to int8: made once for all engines that read it.

int8 is what ONNX Runtime's own static quantisation makes: weights rounded with a scale for each output channel, maps
with one scale each, which is found on images that the net is shown (the smallest and the largest value of each map).
Operations stand between pairs of QuantizeLinear and DequantizeLinear, which OpenVINO reads as well.
"""

import logging
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np

from tombola.engines import _processor
from tombola.engines._base import Setting, Subject
from tombola.shown import Arrays, Examples

RANDOM: Final = 8
"""So many images of random pixels stand in for real ones."""


def in_float32(subject: Subject, opset: int) -> Any:
    """The network as an ``onnx.ModelProto``, which is not to be changed."""
    from tombola.engines._dense import run_dense
    from tombola.exporters import _onnx_file

    def make() -> Any:
        return _onnx_file.onnx_model(run_dense(subject), subject.setting.shown, opset)

    return subject.once(f"onnx, opset {opset}", make)


def in_int8(subject: Subject, opset: int) -> Any:
    """The same rounded to int8, calibrated on the subject's images, or on random pixels where there are none.

    Of texts what runs through the net is rounded as it comes, which asks for no calibration.
    """

    def make() -> Any:
        proto = in_float32(subject, opset)
        return _rounded_as_it_comes(proto) if _of_texts(subject) else _quantised(proto, examples(subject).inputs)

    return subject.once(f"int8, opset {opset}", make)


def remarks_on_int8(subject: Subject, *, static: bool = False) -> list[str]:
    """What the accuracy and the time are worth; ``static``: whether texts are rounded by what was calibrated too."""
    found = []
    if _of_texts(subject) and not static:
        found.append("rounded as it comes (dynamic), without calibration; tables of words are rounded too")
    elif subject.examples is None:
        what = "words" if _of_texts(subject) else "pixels"
        found.append(f"calibrated on random {what}: its time is right, its accuracy is unknown")
    if _processor.has(_processor.SUMS_OF_INT8) is False:
        found.append(
            "this processor has no instruction for sums of int8 (VNNI), so int8 gains less than on one that has"
        )
    return found


def _of_texts(subject: Subject) -> bool:
    return subject.setting.shown.WHAT == "texts"


def examples(subject: Subject) -> Examples:
    """What int8 is calibrated on: the subject's samples, or random ones."""
    return subject.examples or Examples(random_samples(subject.setting), "random samples")


def random_samples(setting: Setting) -> Arrays:
    """Random pixels, the same every time."""
    return setting.shown.drawn(RANDOM, np.random.default_rng(0))


def _rounded_as_it_comes(proto: Any) -> Any:
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    unsaid = onnx.ModelProto()
    unsaid.CopyFrom(proto)
    del unsaid.graph.value_info[:]  # torch leaves shapes of matrices as they were before it turned them
    return _through_files(
        unsaid,
        lambda before, after: quantize_dynamic(
            before, after, per_channel=True, weight_type=QuantType.QInt8, reduce_range=_narrow()
        ),
    )


def _quantised(proto: Any, samples: Arrays) -> Any:
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

    return _through_files(
        proto,
        lambda before, after: quantize_static(
            before,
            after,
            _reader(samples),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=_narrow(),
        ),
    )


def _narrow() -> bool:
    """Without VNNI two products are summed in 16 bits, which weights of 8 bits may overflow."""
    return _processor.has(_processor.SUMS_OF_INT8) is False


def _through_files(proto: Any, change: Callable[[Path, Path], None]) -> Any:
    """What ``change`` makes of a model's file; the quantiser changes what it is given."""
    import onnx

    with tempfile.TemporaryDirectory() as folder, _quiet():
        before, after = Path(folder) / "float32.onnx", Path(folder) / "int8.onnx"
        before.write_bytes(proto.SerializeToString())
        change(before, after)
        return onnx.load(str(after))


def _reader(samples: Arrays) -> Any:
    """The samples one by one, as the quantiser asks for them."""
    from onnxruntime.quantization import CalibrationDataReader

    class Reader(CalibrationDataReader):  # type: ignore[misc]  # its package has no types
        def __init__(self) -> None:
            self._left = iter(range(len(next(iter(samples.values())))))

        def get_next(self) -> Arrays | None:
            number = next(self._left, None)
            return None if number is None else {name: array[number, None] for name, array in samples.items()}

    return Reader()


@contextmanager
def _quiet() -> Iterator[None]:
    """The quantiser gives advice by the root logger, which is not the user's."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
