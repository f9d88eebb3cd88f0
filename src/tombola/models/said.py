"""What a file of weights says of itself in its header: where its network comes from, and what it was adapted to."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from safetensors import SafetensorError, safe_open

from tombola.errors import OptionError
from tombola.models.adapted import Adapted
from tombola.models.digest import weights_digest
from tombola.models.network import Network, origin_of
from tombola.models.older import older_origin
from tombola.models.origin import Origin
from tombola.spec import Json, Spec, build, canonical

S = TypeVar("S", bound=Spec)


@dataclass(frozen=True)
class Said:
    """None each where the file says nothing of it that can be read."""

    origin: Origin | None = None
    adapted: Adapted | None = None


def metadata_of(network: Network) -> dict[str, str]:
    """What a file of this network's weights says."""
    found: dict[str, Spec | None] = {"origin": origin_of(network), "adapted": network.adapted}
    return {name: canonical(value.identity()) for name, value in found.items() if value is not None}


def told_of(network: Network) -> dict[str, Json]:
    """What an export says of the network it is of: in words, as values, and the digest of the weights it holds."""
    return {
        "source": network.source,
        "origin": origin_of(network).identity(),
        "adapted": None if network.adapted is None else network.adapted.identity(),
        "weights_digest": weights_digest(network.body),
    }


def said_in(file: Path) -> Said:
    """What a file says; nothing for a file of another program, and for one that is damaged."""
    if file.suffix != ".safetensors" or not file.is_file():
        return Said()
    try:
        with safe_open(file, framework="pt") as opened:
            metadata = opened.metadata() or {}
    except (OSError, SafetensorError):
        return Said()
    net = _plain(metadata.get("net"))
    older = None if net is None else older_origin(metadata.get("network", ""), net)
    try:
        return Said(_read(Origin, metadata.get("origin")) or older, _read(Adapted, metadata.get("adapted")))
    except OptionError:
        return Said()


def _read(spec: type[S], text: str | None) -> S | None:
    options = _plain(text)
    return build(spec, options) if isinstance(options, dict) else None


def _plain(text: str | None) -> Any:
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return None
