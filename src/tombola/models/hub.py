"""Folders on a hub of models: sent to it, and had from it by name. Hugging Face's, or the one that HF_ENDPOINT names.

``hub:OWNER/NAME`` is a folder there, ``hub:OWNER/NAME/FILE`` a file of it, ``hub:OWNER/NAME@REVISION`` one of another
branch, tag or commit. What was had before is in the cache of Hugging Face's own programs, and is taken from there where
no hub can be reached.
"""

import importlib.util
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from tombola.errors import ModelError, RequestError
from tombola.models.downloads import knock

HUB: Final = "hub:"
_NAME: Final = re.compile(r"(?P<repository>\w[\w.-]*/\w[\w.-]*)(@(?P<revision>[\w.-]+))?(?P<file>/(?!.*\.\.)[^@\\]+)?")


@dataclass(frozen=True)
class Place:
    """A folder on a hub, at a revision (empty: the newest), or a file in it."""

    repository: str
    revision: str = ""
    file: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Of ``hub:OWNER/NAME``, or without the ``hub:``; raises `ModelError` for a text of another form.

        >>> Place.parse("hub:me/flowers@v2/model.ticket")
        Place(repository='me/flowers', revision='v2', file='model.ticket')
        """
        found = _NAME.fullmatch(text.removeprefix(HUB))
        if found is None:
            raise ModelError(f"{text}: no name on a hub; write {HUB}OWNER/NAME, or {HUB}OWNER/NAME/FILE")
        return cls(found["repository"], found["revision"] or "", (found["file"] or "").removeprefix("/"))

    def __str__(self) -> str:
        at = f"@{self.revision}" if self.revision else ""
        return f"{HUB}{self.repository}{at}{f'/{self.file}' if self.file else ''}"


def on_hub(what: Path | str) -> bool:
    """Whether a text names something on a hub."""
    return str(what).startswith(HUB)


def had(what: Path | str, *patterns: str) -> Path:
    """The folder, or the file in it, on this machine: downloaded where the cache does not hold the newest of it.

    ``patterns`` are of the files that are needed (``*.ticket``); without any all are had.
    """
    place = Place.parse(str(what))
    _require()
    from huggingface_hub import snapshot_download

    wanted = [place.file] if place.file else [*patterns]
    with _told(f"{place}: cannot be had"):
        folder = snapshot_download(
            place.repository,
            revision=place.revision or None,
            allow_patterns=wanted or None,
            endpoint=_address(),
            local_files_only=not _answers(),
        )
    found = Path(folder, place.file)
    if not found.exists():
        raise ModelError(f"{place}: there is no {place.file} in {place.repository}")
    return found


def sent(files: Mapping[str, Path | bytes], name: str, *, private: bool, message: str) -> str:
    """The address of a folder on the hub that holds these files, by their paths there, with whatever it held before.

    It is made where it is not there yet, for its owner alone where ``private``; one that is there stays as visible as
    it is. All files come in one commit, or none does.
    """
    place = Place.parse(name)
    if place.revision or place.file:
        raise RequestError(f"{name}: files are sent to a whole folder at its newest; write {HUB}{place.repository}")
    _require()
    from huggingface_hub import CommitOperationAdd, HfApi

    with _told(f"{place}: cannot be sent"):
        knock(_address())
        api: Any = HfApi(endpoint=_address())
        api.create_repo(place.repository, private=private, exist_ok=True)
        added = [CommitOperationAdd(path, _held(content)) for path, content in sorted(files.items())]
        api.create_commit(place.repository, added, commit_message=message)
        return f"{api.endpoint}/{place.repository}"


def _held(content: Path | bytes) -> str | bytes:
    return str(content) if isinstance(content, Path) else content


def _require() -> None:
    if importlib.util.find_spec("huggingface_hub") is None:
        raise RequestError("a hub needs huggingface_hub, not installed here; type: pip install 'tombola[hub]'")


def _address() -> str:
    """What the environment says now, and not when the hub's client was imported."""
    from huggingface_hub import constants

    return os.environ.get("HF_ENDPOINT", "").rstrip("/") or str(constants.ENDPOINT)


def _answers() -> bool:
    """Whether there is a hub: its own client would go on asking for most of a minute."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return False
    try:
        knock(_address())
    except OSError:
        return False
    return True


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Inside, whatever the hub or the way to it refuses is a `ModelError` that says what to do."""
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, LocalTokenNotFoundError

    try:
        yield
    except LocalEntryNotFoundError:
        raise ModelError(f"{what}: it is not on this machine, and no hub answers") from None
    except LocalTokenNotFoundError:
        raise ModelError(f"{what}: {_LOGIN}") from None
    except Exception as error:
        reason = error if isinstance(error, HfHubHTTPError) else error.__cause__ or error
        if isinstance(reason, HfHubHTTPError):
            raise ModelError(f"{what}: {_refused(reason)}") from None
        # of the way there; its text may hold a proxy's address and password
        raise ModelError(f"{what}: no hub answers as one ({type(reason).__name__})") from None


_LOGIN: Final = "the hub asks who you are; type: hf auth login, or set HF_TOKEN to a token that may write"
_SAID: Final[Mapping[int, str]] = {
    401: f"there is no such name, or it is private, or {_LOGIN}",
    403: "this login may not write there; name a folder of your own, OWNER being your name or your organisation's",
    404: "there is no such name, or it is private and this login may not read it",
}


def _refused(error: Any) -> str:
    code = error.response.status_code
    said: str = _SAID.get(code, f"the hub refuses ({code}): {str(error.server_message or '')[:200]}")
    return said


def one_of(folder: Path, patterns: Sequence[str], where: str) -> Path:
    """The first file of a folder that is the only one of its pattern; raises `ModelError` where there is none."""
    for pattern in patterns:
        found = sorted(folder.glob(pattern))
        if len(found) == 1:
            return found[0]
        if found:
            names = ", ".join(file.name for file in found[:5])
            raise ModelError(f"{where} holds {names}; name one of them: {where}/{found[0].name}")
    raise ModelError(f"{where} holds no {' and no '.join(patterns)}")
