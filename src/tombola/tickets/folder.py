"""Folders of a ticket as they are shared: ``model.ticket`` beside ``README.md``, its card."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from tombola.errors import RequestError
from tombola.models.hub import HUB, Place, had, on_hub, one_of, sent
from tombola.tickets.card import card_of
from tombola.tickets.table import summarise

TICKET: Final = "model.ticket"
CARD: Final = "README.md"
_MADE: Final = "card.md"  # the card in a folder of `tombola make`
_OF_THIS_MACHINE: Final = ("race.json", "left_out.csv", "build", "__pycache__")
"""What is left for whoever made it: notes, names of files that are nobody else's business, what was compiled here."""
_ANSWERS: Final = ("*.ticket", "*.onnx", "net.json", "onnx/*.onnx", "native/net.json", "tombola.json")


def card_in(file: Path, name: str) -> str:
    """The card of a ticket's file."""
    return card_of(summarise(file), name)


def file_of(what: Path | str) -> Path:
    """The file of a ticket that a text names: the file, the only one in a folder, or one on a hub."""
    path = had(what, "*.ticket") if on_hub(what) else Path(what)
    return one_of(path, ["*.ticket"], str(what)) if path.is_dir() else path


def named(what: Path | str) -> Path | str:
    """A folder that is here, else a name on a hub, as ``from_pretrained`` takes both."""
    return what if on_hub(what) or Path(what).exists() else f"{HUB}{what}"


def push(
    what: Path, name: str, *, private: bool = True, beside: Sequence[Path] = (), message: str = "A ticket of Tombola's"
) -> str:
    """The address of the folder on a hub that a ticket's file, or a folder of `tombola make`, was sent to.

    The card goes along as README.md: the folder's own, else one of what the ticket says. ``beside`` are files that go
    along, as the ``tokenizer.json`` of texts. Nothing here is changed.
    """
    place = Place.parse(name)
    files: dict[str, Path | bytes] = dict(_files_in(what)) if what.is_dir() else {TICKET: _ticket(what)}
    for file in beside:
        if not file.is_file():
            raise RequestError(f"{file}: there is no such file to go along")
        files[file.name] = file
    if CARD not in files:
        files[CARD] = card_in(_told_by(what), str(place)).encode()
    return sent(files, name, private=private, message=message)


def _told_by(what: Path) -> Path:
    """The ticket that says what is sent."""
    if what.is_dir() and not any(what.glob("*.ticket")):
        raise RequestError(f"{what}: has no card and no ticket that one could be made of; write README.md into it")
    return one_of(what, ["*.ticket"], str(what)) if what.is_dir() else what


def _ticket(path: Path) -> Path:
    if not path.is_file() or path.suffix != ".ticket":
        raise RequestError(f"{path}: is no ticket; name a .ticket file, or a folder of tombola make")
    return path


def _files_in(folder: Path) -> Iterator[tuple[str, Path]]:
    """The files of a folder that are to be shared, by their paths in it."""
    if not any(any(folder.glob(pattern)) for pattern in _ANSWERS):
        raise RequestError(f"{folder}: holds nothing of Tombola's; name a .ticket file, or a folder of tombola make")
    card = _MADE if (folder / CARD).exists() else CARD
    for file in sorted(folder.rglob("*")):
        path = file.relative_to(folder)
        if file.is_file() and not any(part in _OF_THIS_MACHINE or part.startswith(".") for part in path.parts):
            yield (card if str(path) == _MADE else path.as_posix()), file
