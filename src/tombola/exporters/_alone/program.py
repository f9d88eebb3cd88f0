"""What this net says of images: python predict.py FILES... (or a folder). Python 3.10 or newer; no Tombola, no torch.

It needs numpy, Pillow and what runs the net. Images are made ready and classes are named as the file beside says. A
file that cannot be read is named on stderr, the rest goes on, and the exit code is 1.

From Python: from predict import load; load().predict("a.jpg").label
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from tombola.choices import Answer, Failed, answer_of
from tombola.data._image_files import images_below
from tombola.data._pictures import BROKEN, pixels_of, reason
from tombola.exporters._alone.net import Net
from tombola.exporters._alone.onnx_net import opened_net
from tombola.exporters._alone.telling import told

MODEL = "net.onnx"


class Model:
    """A net that answers."""

    def __init__(self, net: Net) -> None:
        self.net = net

    def predict(self, given: Path | str | bytes, top: int = 5) -> Answer:
        """The likeliest classes of an image, given as a file or as its bytes; raises what Pillow raises."""
        name, source = ("the image", given) if isinstance(given, bytes) else (str(given), Path(given))
        pixels = pixels_of(source, self.net.size, self.net.crop)
        images = pixels[None].astype(np.float32) / np.float32(255)
        logits = self.net.logits(images)[0]
        found = answer_of(name, logits, self.net.classes or tuple(map(str, range(len(logits)))), top)
        if isinstance(found, Failed):
            raise ValueError(found.reason)
        return found

    def answer(self, file: Path, top: int) -> Answer | Failed:
        """The same, or why there is no answer."""
        if not file.exists():
            return Failed(str(file), "there is no such file")
        if file.is_dir():
            return Failed(str(file), "the folder holds no images")
        try:
            return self.predict(file, top)
        except BROKEN as error:
            return Failed(str(file), reason(error))


def load(place: Path | str | None = None) -> Model:
    """The net beside this program, or the one given."""
    return Model(opened_net(Path(__file__).parent / MODEL if place is None else Path(place)))


def main(words: Sequence[str] | None = None) -> int:
    """What the command line asks for; the exit code."""
    parser = argparse.ArgumentParser(prog="predict.py", description="What the net says of images.")
    parser.add_argument("files", nargs="+", help="images, or folders of them")
    parser.add_argument("--top", type=int, default=5, help="so many of the likeliest classes")
    parser.add_argument("--json", action="store_true", help="print all answers as JSON")
    parser.add_argument("--model", help="another net than the one beside this program")
    asked = parser.parse_args(words)
    model = load(asked.model)
    answers = (model.answer(file, max(1, asked.top)) for file in _named(asked.files))
    return told(answers, as_json=asked.json)


def _named(files: Sequence[str]) -> Iterator[Path]:
    for name in files:
        path = Path(name)
        yield from (images_below(path) if path.is_dir() else ()) or [path]
