"""One ONNX file: images in [0, 1], or token ids, in, logits out, the normaliser inside, any batch.

What: torch's own exporter writes the masked network; stack traces and folders are taken out; ONNX Runtime runs the file
  at once on random images, and one whose logits are not torch's is not written. Zeros are written out as weights.
  Nets that are trained in branches and run without (timm's RepVGG, MobileOne, FastViT) are written without.
  Of texts the inputs are ``input_ids``, ``attention_mask`` and, where the net tells pairs apart, ``token_type_ids``:
  int64, (batch, length), both free.
When: for ONNX Runtime in any language, OpenVINO, TensorRT, browsers. Those engines multiply zeros as all else: a ticket
  becomes faster there only where whole channels are gone (``shrunk``).
Cost: seconds, and a file as large as the dense weights.
Options: ``size``: the side of images, which the file fixes; the batch is free. ``opset``: the version of ONNX's
  operators, for a client that is old. ``shrunk``: channels that compute nothing are removed first; ``multiple``: but
  for what leaves layers a multiple of so many. ``tolerance``: how far the logits may be from torch's, as a part of the
  largest; what was found stands in the file's metadata. ``predict``: ``predict.py`` and ``labels.txt`` are left
  beside it, which answer with ONNX Runtime, numpy and Pillow alone; of texts also ``tokenizer.json``.
Reference: onnx.ai; torch.onnx.export(dynamo=True).
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

from tombola.disks import written
from tombola.errors import RequestError
from tombola.exporters import _onnx_file
from tombola.exporters._alone.writing import LABELS, PROGRAM, beside_onnx, labels
from tombola.exporters._base import Exporter
from tombola.exporters._deployed import deployed
from tombola.exporters._masked import masked
from tombola.masks.masks import Masks
from tombola.models.network import Network
from tombola.models.said import told_of
from tombola.models.showing import shown_to
from tombola.registry import Examples
from tombola.shown import Shown, ShownImages, ShownTexts
from tombola.shrinking.shrunk import shrunk
from tombola.spec import Json, option

KEY: Final = "tombola"


class Onnx(Exporter):
    """Writes one ``.onnx`` file."""

    FILE: ClassVar[str] = "net.onnx"
    EXAMPLES: ClassVar[Examples] = ({"size": 8},)

    size: int | None = option(
        None, "the images' side in pixels; empty: as adapted with, or what the net is for", ge=1, le=8192
    )
    opset: int = option(18, "the version of ONNX's operators", ge=18)
    shrunk: bool = option(default=False, help="whether channels that compute nothing are removed first")
    multiple: int = option(8, "with shrunk=true: layers keep a multiple of so many channels", ge=1, le=64)
    predict: bool = option(
        default=False,
        absent=False,
        help="whether predict.py, which needs no Tombola, and labels.txt are left beside it",
    )
    tokenizer: str | None = option(
        None,
        "with predict=true, of texts: the folder of the tokeniser that cut them; empty: as adapted with",
        identity=False,
    )
    tolerance: float = option(1e-4, "largest difference from torch's logits, a part of the largest logit", gt=0, lt=1)

    def export(self, model: Network, masks: Masks, out: Path) -> list[Path]:
        _onnx_file.check_out(out)
        _onnx_file.require("onnx", "onnxscript", "onnxruntime")
        beside = self._beside(model, out)
        network = masked(model, masks)
        shown = shown_to(network, side=self.size)
        if self.shrunk:
            network = shrunk(network, masks, shown, multiple=self.multiple)
        proto = _onnx_file.onnx_model(network if self.shrunk else deployed(network), shown, self.opset)
        found = _onnx_file.check(proto, network, shown, self.tolerance)
        _note(proto, told_of(network) | _of_input(shown) | {"opset": self.opset, "difference": found})
        _onnx_file.write(proto, out)
        for file, content in beside.items():
            with written(file) as new:
                new.write_bytes(content)
        return [out, *beside]

    def _beside(self, model: Network, out: Path) -> dict[Path, bytes]:
        """The files that go with it, where they are asked for; refuses to replace others of their names."""
        if not self.predict:
            return {}
        files = beside_onnx(model, out.name, self.tokenizer)
        if not files:
            raise RequestError(
                f"predict=true: {PROGRAM} is for nets that were adapted to telling classes of RGB images, or of texts"
                f" whose tokeniser is here, and {model.source} is none; leave it out, name the folder of the texts'"
                " tokeniser as tokenizer=FOLDER, or adapt the ticket first: tombola transfer"
            )
        assert model.adapted is not None
        files[LABELS] = labels(model.adapted.classes).encode()
        found = {out.parent / name: content for name, content in files.items()}
        for file, content in found.items():
            if file.exists() and file.read_bytes() != content:
                raise RequestError(f"{file} is there and is another one; export into a folder of its own")
        return found

    def told(self, files: Sequence[Path]) -> list[str]:
        notes = noted(files[0])
        gap = f"logits differ from torch's by {notes['difference']:.1e} of the largest"
        return [
            f"opset {notes['opset']}, {_input_in(notes)}, any batch",
            f"checked against ONNX Runtime: {gap} (allowed: {self.tolerance:g})",
        ]


def noted(file: Path) -> dict[str, Any]:
    """What `Onnx` wrote into a file's metadata: `told_of` the network, its input, ``opset``, ``difference``.

    Of images that is ``size``; of texts ``inputs``, ``pad`` and ``most``, the tokens it has places for.
    """
    _onnx_file.require("onnx")
    import onnx

    proto = onnx.load(str(file))
    found: dict[str, Any] = json.loads(next(item.value for item in proto.metadata_props if item.key == KEY))
    return found


def say(file: Path, network: Network, shown: Shown) -> None:
    """Write into an ONNX file made of the network by another way what `Onnx` writes: whoever runs it knows its classes.

    A file that says it already, or is none of ONNX's, is left as it is.
    """
    import onnx

    if file.suffix != ".onnx":
        return
    proto = onnx.load(str(file))
    if all(item.key != KEY for item in proto.metadata_props):
        _note(proto, told_of(network) | _of_input(shown))
        with written(file) as beside:
            beside.write_bytes(proto.SerializeToString())


def _of_input(shown: Shown) -> dict[str, Json]:
    if isinstance(shown, ShownTexts):
        return {"inputs": list(shown.names), "pad": shown.pad, "most": shown.most}
    assert isinstance(shown, ShownImages)
    return {"size": list(shown.size)}


def _input_in(notes: dict[str, Any]) -> str:
    if "size" in notes:
        return f"images {'x'.join(map(str, notes['size']))} in [0, 1]"
    most = f" up to {notes['most']} tokens" if notes["most"] else ""
    return f"texts of any length{most} ({', '.join(notes['inputs'])})"


def _note(proto: Any, notes: dict[str, Any]) -> None:
    proto.producer_name = KEY
    entry = proto.metadata_props.add()
    entry.key, entry.value = KEY, json.dumps(notes, sort_keys=True)
