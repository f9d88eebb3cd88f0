"""The tokeniser of a network's texts as the file that goes beside it."""

from pathlib import Path
from typing import Any

from tombola.data._tokenizer_files import OfFiles
from tombola.data._tokenizers import identity_of, tokenizer
from tombola.errors import DataError
from tombola.models.network import Network
from tombola.wheels import place_of

FILE = "tokenizer.json"


def words_of(network: Network, given: str | None = None) -> dict[str, bytes] | None:
    """The file by its name; empty where words are numbered without one; None where the tokeniser is not here.

    It is looked for by the name ``given``, by the hub's, and in the folder that the network began as.
    """
    wanted = None if network.adapted is None else network.adapted.of_data("tokenizer")
    if isinstance(wanted, str):
        return {}
    for place in _places(network, wanted, given):
        try:
            if identity_of(place) == wanted and isinstance(found := tokenizer(place), OfFiles):
                return {FILE: _bytes(place, found)}
        except (DataError, ValueError):
            continue
    return None


def _places(network: Network, wanted: Any, given: str | None) -> list[str]:
    hub = wanted.get("hub") if isinstance(wanted, dict) else None
    name = network.origin.name
    began = name.removeprefix("hf:").removesuffix("@config") if name.startswith("hf:") else None
    return [place for place in (given, hub, began) if isinstance(place, str)]


def _bytes(place: str, found: OfFiles) -> bytes:
    """The file as it is, or what the library writes of another kind of file."""
    there: Path = place_of(place)
    file = there if there.suffix == ".json" else there / FILE
    return file.read_bytes() if file.is_file() else str(found.inner.to_str()).encode()
