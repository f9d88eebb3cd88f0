"""The tokeniser of a network's texts as the files that go beside it."""

from typing import Any

from tombola.data._tokenizer_files import OfFiles, files_of
from tombola.data._tokenizers import identity_of, on_hub, tokenizer
from tombola.errors import DataError
from tombola.models.network import Network
from tombola.wheels import place_of

FILE = "tokenizer.json"


def words_of(network: Network, given: str | None = None) -> dict[str, bytes] | None:
    """Files by their names; empty where words are numbered without one; None where the tokeniser is not here.

    It is looked for by the name ``given``, by the hub's, and in the folder that the network began as.
    """
    wanted = None if network.adapted is None else network.adapted.of_data("tokenizer")
    if isinstance(wanted, str):
        return {}
    for place in _places(network, wanted, given):
        try:
            if identity_of(place) == wanted and isinstance(found := tokenizer(place), OfFiles):
                return _beside(place, found)
        except (DataError, ValueError):
            continue
    return None


def _places(network: Network, wanted: Any, given: str | None) -> list[str]:
    hub = wanted.get("hub") if isinstance(wanted, dict) else None
    name = network.origin.name
    began = name.removeprefix("hf:").removesuffix("@config") if name.startswith("hf:") else None
    return [place for place in (given, hub, began) if isinstance(place, str)]


def _beside(place: str, found: OfFiles) -> dict[str, bytes]:
    """The file with its settings, by which Tombola knows it again; what the library writes of another kind of file."""
    files = () if on_hub(place) else files_of(place_of(place))
    if not files or files[0].suffix != ".json":
        return {FILE: str(found.inner.to_str()).encode()}
    return {FILE: files[0].read_bytes(), **{file.name: file.read_bytes() for file in files[1:]}}
