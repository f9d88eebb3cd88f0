"""Pretrained weights files: from the caches torch and Hugging Face keep, else downloaded, else one clear error."""

import re
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.error import HTTPError
from urllib.parse import urlparse
from urllib.request import Request, urlopen

from tombola.errors import ModelError
from tombola.spec import file_digest

PATIENCE: Final = 10.0  # seconds a silent server is waited for
_HASH: Final = re.compile(r"-([0-9a-f]{8,})\.")


def torch_file(url: str, model: str) -> Path:
    """The file behind ``url`` in torch's cache, downloaded when it is not there.

    Its name ends in the start of its sha256, as torch's files do; a file that does not agree is a `ModelError`.
    """
    file = in_torch_cache(url)
    prefix = found[1] if (found := _HASH.search(file.name)) else None
    if not file.exists():
        _download(url, file, prefix, model)
    elif prefix is not None and not file_digest(file).startswith(prefix):
        raise ModelError(f"{file}: damaged, its sha256 does not start with {prefix}; delete it to fetch it again")
    return file


def in_torch_cache(url: str) -> Path:
    """Where torch keeps what was downloaded from ``url``, there or not."""
    from torch import hub

    return Path(hub.get_dir()) / "checkpoints" / Path(urlparse(url).path).name


def in_hub_cache(repository: str, names: Sequence[str]) -> Path | None:
    """The first of ``names`` that Hugging Face's cache holds of a repository."""
    from huggingface_hub import try_to_load_from_cache

    found = (try_to_load_from_cache(repository, name) for name in names)
    return next((Path(one) for one in found if isinstance(one, str)), None)


def hub_file(repository: str, names: Sequence[str], model: str, *, instead: str = "") -> Path:
    """The first of ``names`` that Hugging Face's cache holds, else the first that can be downloaded.

    ``instead`` says what to do where neither is possible.
    """
    if (cached := in_hub_cache(repository, names)) is not None:
        return cached
    try:
        with _patience():
            return _from_hub(repository, names)
    except Exception as error:  # any failure of the network means the same to the user
        where = f"$HF_HOME/hub/models--{repository.replace('/', '--')}"
        otherwise = "HF_HOME is ~/.cache/huggingface"
        raise ModelError(_missing(model, names[0], where, otherwise, error, instead=instead)) from None


def _from_hub(repository: str, names: Sequence[str]) -> Path:
    from huggingface_hub import constants, hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

    knock(constants.ENDPOINT)
    for name in names[:-1]:
        try:
            return Path(hf_hub_download(repository, name))
        except LocalEntryNotFoundError:  # the network failed: the next name would fail as slowly
            raise
        except EntryNotFoundError:
            continue
    return Path(hf_hub_download(repository, names[-1]))


def knock(address: str) -> None:
    """Raises `OSError` at once when nobody can be reached: the hub's own client goes on trying for most of a minute."""
    with suppress(HTTPError):  # an answer, even a refusal
        urlopen(Request(address, method="HEAD"), timeout=PATIENCE).close()


def _download(url: str, file: Path, prefix: str | None, model: str) -> None:
    from torch import hub

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with _patience():
            hub.download_url_to_file(url, str(file), prefix, progress=sys.stderr.isatty())
    except Exception as error:  # any failure of the network means the same to the user
        where = "$TORCH_HOME/hub/checkpoints"
        raise ModelError(_missing(model, file.name, where, "TORCH_HOME is ~/.cache/torch", error)) from None


def _missing(model: str, name: str, where: str, otherwise: str, reason: Exception, *, instead: str = "") -> str:
    # only the kind of failure: its text may hold a proxy's address and password
    gone = f"{model}: its weights are not on this machine and could not be downloaded ({type(reason).__name__})."
    if instead:
        return f"{gone} Missing is {name}: {instead}"
    arch = re.split("[@.]", model)[0]
    return (
        f"{gone} Missing is {name} in {where} ({otherwise} unless set). Put it there, "
        f"or pass a copy by hand: name: path:{name} with arch: {arch}"
    )


@contextmanager
def _patience() -> Iterator[None]:
    """Sockets without a timeout of their own give up after `PATIENCE` seconds of silence."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(PATIENCE)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
