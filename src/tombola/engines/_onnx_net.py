"""A masked network as an ONNX model, in float32 or rounded to int8: made once for all engines that read it.

int8 is what ONNX Runtime's own static quantisation makes: weights rounded with a scale for each output channel, maps
with one scale each, which is found on images that the net is shown (the smallest and the largest value of each map).
Operations stand between pairs of QuantizeLinear and DequantizeLinear, which OpenVINO reads as well.
"""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np

from tombola.engines import _processor
from tombola.engines._base import Floats, Setting, Subject
from tombola.shown import IMAGES, ShownImages

RANDOM: Final = 8
"""So many images of random pixels stand in for real ones."""


def in_float32(subject: Subject, opset: int) -> Any:
    """The network as an ``onnx.ModelProto``, which is not to be changed."""
    from tombola.exporters import _onnx_file
    from tombola.exporters._masked import masked

    def make() -> Any:
        return _onnx_file.onnx_model(masked(subject.model, subject.masks), ShownImages(subject.setting.size), opset)

    return subject.once(f"onnx, opset {opset}", make)


def in_int8(subject: Subject, opset: int) -> Any:
    """The same rounded to int8, calibrated on the subject's images, or on random pixels where there are none."""
    return subject.once(f"int8, opset {opset}", lambda: _quantised(in_float32(subject, opset), _images(subject)))


def remarks_on_int8(subject: Subject) -> list[str]:
    """What the accuracy and the time are worth."""
    found = []
    if subject.examples is None:
        found.append("calibrated on random pixels: its time is right, its accuracy is unknown")
    if _processor.has(_processor.SUMS_OF_INT8) is False:
        found.append(
            "this processor has no instruction for sums of int8 (VNNI), so int8 gains less than on one that has"
        )
    return found


def _images(subject: Subject) -> Floats:
    return random_images(subject.setting) if subject.examples is None else subject.examples.images


def random_images(setting: Setting) -> Floats:
    """Random pixels, the same every time."""
    drawn: Floats = np.random.default_rng(0).random((RANDOM, *setting.size), dtype=np.float32)
    return drawn


def _quantised(proto: Any, images: Floats) -> Any:
    import onnx
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

    with tempfile.TemporaryDirectory() as folder, _quiet():
        before, after = Path(folder) / "float32.onnx", Path(folder) / "int8.onnx"
        before.write_bytes(proto.SerializeToString())  # the quantiser changes what it is given
        quantize_static(
            before,
            after,
            _reader(images),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            # Without VNNI two products are summed in 16 bits, which weights of 8 bits may overflow.
            reduce_range=_processor.has(_processor.SUMS_OF_INT8) is False,
        )
        return onnx.load(str(after))


def _reader(images: Floats) -> Any:
    """The images one by one, as the quantiser asks for them."""
    from onnxruntime.quantization import CalibrationDataReader

    class Reader(CalibrationDataReader):  # type: ignore[misc]  # its package has no types
        def __init__(self) -> None:
            self._left: Iterator[Floats] = iter(images)

        def get_next(self) -> dict[str, Floats] | None:
            image = next(self._left, None)
            return None if image is None else {IMAGES: image[None]}

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
