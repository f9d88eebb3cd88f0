"""`load`: a ticket, an ONNX file or a folder of C as something that answers."""

import json
from pathlib import Path
from typing import Any, Final, final

import torch

from tombola.engines._base import Floats, Running, Setting
from tombola.engines.native import Loaded
from tombola.engines.onnxruntime import Session
from tombola.errors import ModelError, RequestError, TicketError
from tombola.exporters._masked import masked
from tombola.exporters._onnx_file import require
from tombola.exporters.onnx import KEY
from tombola.joining import whole
from tombola.masks.masks import Masks
from tombola.models.hub import had, on_hub, one_of
from tombola.models.network import Network
from tombola.models.showing import batch_of, shown_to
from tombola.native.about import FILE, read
from tombola.predicting.predictor import BATCH, Predictor
from tombola.predicting.ready import ReadyImages, ReadyTexts
from tombola.predicting.told import Told, from_notes, told
from tombola.predicting.words import tokenizer_of
from tombola.shown import IDS, MASK, Arrays, Shown, ShownImages, ShownTexts
from tombola.tickets.ticket import Ticket

_IN_FOLDERS: Final = ("*.ticket", "*.onnx", "onnx/*.onnx", "native/net.json")
_GIVEN: Final = (
    "an adapted .ticket, an .onnx file, a folder of tombola make or of export --to native, or hub:OWNER/NAME"
)
_WEIGHTS: Final = (".safetensors", ".pt", ".pth", ".bin", ".ckpt", ".gguf")


def load(what: Path | str, *, tokenizer: str | None = None, threads: int = 1) -> Predictor:
    """What answers as the model in a ``.ticket``, an ``.onnx`` file or a folder of ``tombola export --to native``.

    Of a folder of ``tombola make``, here or on a hub (``hub:OWNER/NAME``), it is the ticket, else what stands for it.
    Size, preprocessing and classes are those that it was adapted with. ``tokenizer`` is the folder of one, for texts,
    where the model does not find its own.
    """
    path = _file_in(had(what) if on_hub(what) else Path(what))
    _require_there(path)
    if path.suffix == ".ticket":
        said, running = _of_ticket(path)
    elif path.suffix == ".onnx":
        said, running = _of_onnx(path, threads)
    else:
        said, running = _of_native(path, threads)
    if said.reads == "images":
        if tokenizer is not None:
            raise ModelError(f"{what} reads images, which no tokeniser cuts; leave the tokenizer out")
        return Predictor(said, ReadyImages(said), running)
    return Predictor(said, ReadyTexts(said, tokenizer_of(said, tokenizer)), running)


@final
class InTorch(Running):
    """A network in this process."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def run(self, inputs: Arrays) -> Floats:
        batch = batch_of({name: torch.from_numpy(array) for name, array in inputs.items()})
        with torch.inference_mode():
            found: Floats = self._network(batch.x, **batch.more).numpy()
        return found


def _of_ticket(path: Path) -> tuple[Told, Running]:
    ticket = Ticket.load(path)
    if ticket.weights is None:
        raise TicketError(
            f"{path} is mask-only: it says which weights stay, and has neither their values nor a head; adapt it first:"
            f" tombola transfer {path} --task ... -o adapted.ticket"
        )
    network = whole(ticket)
    shown = shown_to(network)
    assert isinstance(shown, ShownImages | ShownTexts)
    said = told(str(path), network.adapted, shown, network.origin.name)
    return said, InTorch(masked(network, Masks({})))


def _of_onnx(path: Path, threads: int) -> tuple[Told, Running]:
    require("onnxruntime")
    import onnxruntime

    try:
        properties = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).get_modelmeta()
    except Exception as error:  # ONNX Runtime's errors have no common root
        raise ModelError(f"{path} is no ONNX file that can be run ({str(error)[:160]})") from None
    if KEY not in properties.custom_metadata_map:
        raise ModelError(
            f"{path} was not written by Tombola: it says neither its classes nor how its samples are made ready;"
            " write the file with: tombola export x.ticket --to onnx -o net.onnx"
        )
    said = from_notes(str(path), _object(properties.custom_metadata_map[KEY], path))
    return said, Session(path, Setting(said.shown, BATCH, threads), tells_layers=False)


def _of_native(path: Path, threads: int) -> tuple[Told, Running]:
    texts, notes = read(path).inputs, _object((path / FILE).read_text("utf-8"), path)
    shown: Shown = ShownTexts(1, 1) if texts else ShownImages((3, 1, 1))  # of the setting, batch and threads count
    running = Loaded(path, Setting(shown, BATCH, threads))
    if not texts:
        return from_notes(str(path), {**notes, "size": notes["image"]}), running
    of_texts = {"inputs": [IDS, MASK, *texts[1:]], "pad": notes["texts"]["pad"], "most": notes["texts"]["length"]}
    return from_notes(str(path), notes | of_texts), running


def _file_in(path: Path) -> Path:
    """What answers in a folder; a folder of C, and what is no folder, as it is."""
    if not path.is_dir() or (path / "net.json").is_file():
        return path
    there = [pattern for pattern in _IN_FOLDERS if any(path.glob(pattern))]
    if not there:
        raise ModelError(f"{path} holds no model; give {_GIVEN}")
    found = one_of(path, there[:1], str(path))
    return found.parent if found.name == "net.json" else found


def _require_there(path: Path) -> None:
    """What is there, and is of a kind that answers."""
    if not path.exists():
        raise RequestError(f"there is no {path}; give {_GIVEN}")
    if path.is_dir() or path.suffix in (".ticket", ".onnx"):
        return
    if path.suffix in _WEIGHTS:
        raise ModelError(
            f"{path} holds a model's weights and is no ticket; make one that says its classes:"
            f" tombola transfer path:{path} --task ... -o adapted.ticket"
        )
    raise ModelError(f"{path} is no model here; give {_GIVEN}")


def _object(text: str, path: Path) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ModelError(f"{path}: what it says of itself is no JSON ({error})") from None
    if not isinstance(found, dict):
        raise ModelError(f"{path}: what it says of itself is no JSON object")
    return found
