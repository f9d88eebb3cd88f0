"""What a finished model says of itself: what it reads, how that is made ready, and the classes it tells."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tombola.errors import ModelError, OptionError
from tombola.models.adapted import Adapted
from tombola.shown import ShownImages, ShownTexts
from tombola.spec import build
from tombola.tasks._tells import tells_classes

AGAIN = "tombola transfer x.ticket --task folder:PATH -o adapted.ticket"


@dataclass(frozen=True)
class Told:
    """``where`` is the file it is of; ``shown`` what its inputs are; ``origin`` the name of the net it began as."""

    where: str
    adapted: Adapted
    shown: ShownImages | ShownTexts
    origin: str = ""

    @property
    def reads(self) -> str:
        """``images`` or ``texts``."""
        return self.shown.WHAT

    def classes(self, outputs: int) -> tuple[str, ...]:
        """The names of so many outputs; their numbers where nobody named them."""
        named = self.adapted.classes or tuple(map(str, range(outputs)))
        if len(named) != outputs:
            raise ModelError(f"{self.where} names {len(named)} classes and has {outputs} outputs; export it again")
        return named


def told(where: str, adapted: Adapted | None, shown: ShownImages | ShownTexts, origin: str = "") -> Told:
    """What there is to know for predicting; `ModelError` for a model that tells no classes of a whole sample."""
    if adapted is None:
        raise ModelError(
            f"{where} does not say what it was adapted to, so its outputs have no meaning; adapt a ticket to a task"
            f" first: {AGAIN}"
        )
    if not tells_classes(adapted):
        raise ModelError(
            f"{where} was adapted to {adapted.title}, and predict is for one class a sample (the tasks"
            " classification and text); its figures: tombola measure"
        )
    if isinstance(shown, ShownImages) and shown.size[0] != 3:
        raise ModelError(f"{where} takes images of {shown.size[0]} channels, and files are read as RGB")
    return Told(where, adapted, shown, origin)


def from_notes(where: str, notes: Mapping[str, Any]) -> Told:
    """The same of what an exporter noted; ``size`` is there of images, ``inputs``, ``pad`` and ``most`` of texts."""
    try:
        said = notes.get("adapted")
        adapted = None if said is None else build(Adapted, said)
        source = (notes.get("origin") or {}).get("source") or {}
        return told(where, adapted, _shown(notes, adapted), str(source.get("name", "")))
    except (KeyError, TypeError, AttributeError, ValueError, OptionError) as error:
        if isinstance(error, ModelError):
            raise
        raise ModelError(f"{where}: what it says of itself cannot be read ({str(error)[:120]})") from None


def _shown(notes: Mapping[str, Any], adapted: Adapted | None) -> ShownImages | ShownTexts:
    if "size" in notes:
        channels, height, width = map(int, notes["size"])
        return ShownImages((channels, height, width))
    first, *beside = notes["inputs"]
    del first
    length = None if adapted is None else adapted.of_data("length")
    return ShownTexts(length or 64, 0, int(notes["pad"]), tuple(beside), notes["most"]).at(length or 64)
