"""`robust:`, the ImageNet classifiers of Salman et al.: found, converted once, and built.

The release's file is looked for in the folder given, then in ``TOMBOLA_ROBUST``, then in the Hub's cache, then on the
Hub. What is kept is a safetensors file under ``~/.cache/tombola/robust`` (``TOMBOLA_CACHE`` names another place than
``~/.cache/tombola``) with the net's tensors, its normaliser, the digest of both, and that of the file they came from.
"""

import os
from pathlib import Path
from typing import Final

from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from tombola.errors import ModelError
from tombola.models.digest import tensors_digest
from tombola.models.downloads import hub_file
from tombola.models.inputs.pixels import Normalise
from tombola.models.kinds import torchvision
from tombola.models.readers import fill, read_weights
from tombola.models.robust_grid import GRID, REPOSITORY, Released
from tombola.models.saved_tensors import save_tensors
from tombola.models.wrappers import strangers, unwrapped
from tombola.spec import file_digest

FOLDER: Final = "TOMBOLA_ROBUST"
CACHE: Final = "TOMBOLA_CACHE"
CLASSES: Final = 1000


def classifier(name: str, folder: Path | None) -> tuple[nn.Module, Normalise, str]:
    """The net called by a resolved name, with its weights, its normaliser, and its head's name."""
    file = converted(GRID[name], folder)
    found = unwrapped(read_weights(file), file)
    body, imagenet, head = torchvision.classifier(GRID[name].arch, CLASSES)
    fill(body, found.weights, file)
    return body, found.normalise or imagenet, head


def converted(released: Released, folder: Path | None) -> Path:
    """The safetensors file of a released classifier, made now if it is not there or is of another file than ours."""
    kept = cache() / f"{released.name}.safetensors"
    if (source := _local(released, folder)) is None and kept.is_file():
        return _sound(kept, released)
    source = source or hub_file(REPOSITORY, (released.file,), f"robust:{released.name}", instead=_how(released))
    if not kept.is_file() or _noted(kept).get("source_sha256") != file_digest(source):
        _convert(source, kept, released)
    return _sound(kept, released)


def cache() -> Path:
    """Where converted files are kept."""
    return Path(os.environ.get(CACHE) or "~/.cache/tombola").expanduser() / "robust"


def _local(released: Released, folder: Path | None) -> Path | None:
    """The release's file in the folder given, where it must be, or in that of the environment, where it may be."""
    if folder is not None and not (folder.expanduser() / released.file).is_file():
        raise ModelError(f"robust:{released.name}: there is no {released.file} in folder={folder}; {_how(released)}")
    places = [folder.expanduser()] if folder is not None else []
    if named := os.environ.get(FOLDER):
        places.append(Path(named).expanduser())
    return next((place / released.file for place in places if (place / released.file).is_file()), None)


def _convert(source: Path, kept: Path, released: Released) -> None:
    """Writes the classifier in ``source`` to ``kept``, whole or not at all."""
    found = unwrapped(read_weights(source), source)
    if found.layout != "robust" or found.normalise is None:
        strange = ", ".join(strangers(found.weights)[:4])
        raise ModelError(
            f"{source}: not one of the release's files, which hold model.*, a copy under attacker.model.*, and a"
            f" normaliser{f'; here is also {strange}' if strange else ''}. A file of another kind is"
            f" path:{source.name} with arch=torchvision:{released.arch}"
        )
    body, _, _ = torchvision.classifier(released.arch, CLASSES)
    fill(body, found.weights, source)  # a file that does not fit is named now, and never kept
    tensors = {f"body.{name}": value for name, value in found.weights.items()}
    tensors |= {f"normalise.{name}": value for name, value in found.normalise.state_dict().items()}
    kept.parent.mkdir(parents=True, exist_ok=True)
    own = kept.with_name(f"{kept.stem}.{os.getpid()}.safetensors")  # two processes may convert at the same time
    about = {"weights_sha256": tensors_digest(tensors), "source": source.name, "source_sha256": file_digest(source)}
    save_tensors(tensors, own, about | {"network": f"robust:{released.name}"}).replace(kept)


def _sound(kept: Path, released: Released) -> Path:
    """The file given; raises `ModelError` when its tensors are not those that were written."""
    if tensors_digest(_tensors(kept)) != _noted(kept).get("weights_sha256"):
        raise ModelError(f"{kept}: damaged, its weights have another digest; delete it to have {released.file} read")
    return kept


def _tensors(kept: Path) -> dict[str, Tensor]:
    return read_weights(kept)


def _noted(kept: Path) -> dict[str, str]:
    try:
        with safe_open(kept, framework="pt") as file:
            return dict(file.metadata() or {})
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{kept}: damaged ({error}); delete it to have it made again") from None


def _how(released: Released) -> str:
    return f"fetch {released.address}, put it into a folder, and write folder=THAT_FOLDER, or set {FOLDER} to it"
