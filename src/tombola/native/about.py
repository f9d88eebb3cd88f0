"""`About`: what ``net.json`` says of an exported folder, and whether the folder is still the one it was written for.

The file carries a digest of itself and of each file that is compiled. What is read is used for words and for what is
built; how large anything is, the compiled library says.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tombola.errors import RequestError
from tombola.native.naming import NET

FORMAT: Final = 2
FILE: Final = "net.json"
SEAL: Final = "sha256"
PREFIX: Final = "^[a-z][a-z0-9_]{0,30}$"
AGAIN: Final = "export it again with tombola export --to native"


@dataclass(frozen=True)
class Row:
    """A step: how many weights survive of how many, and how it is computed."""

    name: str
    kind: str
    survivors: int
    total: int
    choice: str


@dataclass(frozen=True)
class About:
    """``shown`` and ``classes`` are what the library must agree to; ``layers`` are its steps in order.

    ``shown`` is (C, H, W) of images, (inputs, 1, tokens) of texts. Of those ``inputs`` names the ids, ``words`` and
    ``types`` are how many there are, and ``never`` is one that no token has.
    """

    shown: tuple[int, ...]
    classes: int
    target: str
    prefix: str
    layers: tuple[Row, ...]
    inputs: tuple[str, ...] = ()
    words: int = 0
    types: int = 0
    never: int | None = None


def sealed(told: Mapping[str, Any], compiled: Mapping[str, bytes]) -> bytes:
    """``net.json``: what is told, the digests of the files that are compiled, and a digest of all that."""
    whole = {**told, "files": {name: _digest(content) for name, content in compiled.items()}}
    return (json.dumps({**whole, SEAL: seal(whole)}, indent=1) + "\n").encode()


def read(folder: Path) -> About:
    """What the folder's ``net.json`` says; raises `RequestError` unless it and what is compiled are as written."""
    told = _told(folder)
    if told.get("format") != FORMAT:
        raise RequestError(f"{folder} is of format {told.get('format')!r:.20} and this Tombola reads {FORMAT}: {AGAIN}")
    try:
        if told.pop(SEAL, None) != seal(told):
            raise RequestError(f"{folder / FILE} is not as it was written: {AGAIN}")
        found = About(
            shown=_shown(told),
            classes=told["classes"],
            target=str(told["target"]),
            prefix=str(told.get("prefix", NET)),
            layers=tuple(Row(**row) for row in told["layers"]),
            **_texts(told),
        )
        _check_files(folder, found.prefix, told["files"])
    except (KeyError, TypeError, AttributeError, RecursionError):
        raise RequestError(f"{folder / FILE} does not say what a native net's does: {AGAIN}") from None
    return found


def _shown(told: Mapping[str, Any]) -> tuple[int, ...]:
    texts = told.get("texts")
    return tuple(told["image"]) if texts is None else (len(texts["inputs"]), 1, texts["length"])


def _texts(told: Mapping[str, Any]) -> dict[str, Any]:
    texts = told.get("texts")
    if texts is None:
        return {}
    return {"inputs": tuple(texts["inputs"]), **{name: texts[name] for name in ("words", "types", "never")}}


def _told(folder: Path) -> dict[str, Any]:
    file = folder / FILE
    try:
        found = json.loads(file.read_bytes())
    except FileNotFoundError:
        raise RequestError(f"{folder} holds no {FILE}: give a folder that tombola export --to native wrote") from None
    except (OSError, ValueError, RecursionError) as error:
        raise RequestError(f"{file} cannot be read ({str(error)[:80] or type(error).__name__}): {AGAIN}") from None
    if not isinstance(found, dict):
        raise RequestError(f"{file} does not say what a native net's does: {AGAIN}")
    return found


def _check_files(folder: Path, prefix: str, digests: Mapping[str, str]) -> None:
    """Raises `RequestError` unless what will be compiled is what was exported."""
    if not re.search(PREFIX, prefix):
        raise RequestError(f"{folder / FILE} names no prefix that C has: {AGAIN}")
    for name in ("net.c", f"{prefix}.h"):
        try:
            content = (folder / name).read_bytes()
        except OSError:
            raise RequestError(f"{folder} holds no {name}: {AGAIN}") from None
        if _digest(content) != digests.get(name):
            raise RequestError(
                f"{folder / name} is not as it was written: {AGAIN} (make and CMake build what you changed by hand)"
            )


def seal(told: Mapping[str, Any]) -> str:
    """The digest of what is told, whatever the order and the spaces of its text."""
    return _digest(json.dumps(told, sort_keys=True).encode())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
