"""What a finished stage says of itself: what it is, what it was made from and with, and the digests of what it left."""

import json
import os
import platform
from datetime import UTC, datetime
from functools import cache
from hashlib import file_digest
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from tombola.machine import instructions, processor
from tombola.spec import plain

if TYPE_CHECKING:
    from tombola.study.stage import Stage

NAME: Final = "manifest.json"
_PACKAGES: Final = ("tombola", "torch", "torchvision", "numpy")


class Content(BaseModel):
    """One file: its size and sha256."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bytes: int = Field(ge=0)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class Manifest(BaseModel):
    """The file ``manifest.json`` of a finished stage."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    format: int = 1
    key: str
    stage: str
    version: int
    identity: dict[str, Any]
    inputs: tuple[str, ...]
    seed: int | None
    versions: dict[str, str]
    machine: dict[str, str | int]
    finished: str
    seconds: float
    files: dict[str, Content]
    origin: dict[str, Any] | None = None
    """The `Origin` of the weights that lie in the files; None where there are none."""

    @field_validator("files")
    @classmethod
    def _inside(cls, files: dict[str, Content]) -> dict[str, Content]:
        """A manifest may come from anywhere: none of its names leads out of the folder it is about."""
        if outside := [name for name in files if not _is_inside(name)]:
            raise ValueError(f"{outside[0][:80]!r} is not the name of a file inside a stage's folder")
        return files

    @classmethod
    def of(cls, stage: "Stage", out: Path, *, device: str, seconds: float) -> "Manifest":
        """The manifest of a stage whose outputs lie in ``out``."""
        identity = stage.identity()
        seed = identity.get("seed")
        return cls(
            key=stage.key,
            stage=stage.STAGE,
            version=stage.VERSION,
            identity=identity,
            inputs=tuple(source.key for source in stage.inputs),
            seed=seed if isinstance(seed, int) else None,
            versions=versions(),
            machine=machine(device),
            finished=datetime.now(UTC).isoformat(timespec="seconds"),
            seconds=round(seconds, 3),
            files={name: content(out / name) for name in names(out)},
            origin=origin_of(out),
        )

    @classmethod
    def read(cls, folder: Path) -> "Manifest | None":
        """The manifest in a folder, None when there is none that can be read."""
        try:
            return cls.model_validate_json((folder / NAME).read_bytes())
        except (OSError, ValidationError):
            return None

    def write(self, folder: Path) -> None:
        """Into ``folder``, as readable JSON."""
        text = json.dumps(plain(self.model_dump(mode="json")), indent=1)
        (folder / NAME).write_text(text + "\n", encoding="utf-8")

    @property
    def bytes(self) -> int:
        """The size of all outputs."""
        return sum(item.bytes for item in self.files.values())


def names(folder: Path) -> list[str]:
    """The outputs in a folder, sorted: every file but the manifest."""
    files = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(name for name in files if name != NAME)


def _is_inside(name: str) -> bool:
    """Whether a name is a path below a folder, on every system, and not the manifest's own."""
    parts = name.split("/")
    plain = all(part not in ("", ".", "..") and len(part) < 256 for part in parts)
    return plain and name.isprintable() and not set(name) & set("\\:") and name != NAME


def content(path: Path) -> Content:
    """A file's size and digest."""
    with path.open("rb") as stream:
        return Content(bytes=path.stat().st_size, sha256=file_digest(stream, "sha256").hexdigest())


def origin_of(out: Path) -> dict[str, Any] | None:
    """What a stage's network, or else its ticket, says of where the dense weights come from."""
    from tombola.models.said import said_in
    from tombola.tickets.ticket import Ticket

    networks = (said_in(out / name).origin for name in names(out) if name.endswith(".safetensors"))
    tickets = (Ticket.load(out / name).lineage.dense for name in names(out) if name.endswith(".ticket"))
    found = next((origin for origin in (*networks, *tickets) if origin is not None), None)
    return None if found is None else found.identity()


@cache
def versions() -> dict[str, str]:
    """Of Python and the packages that decide results."""
    return {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}}


def machine(device: str) -> dict[str, str | int]:
    """The kind of machine, without its name: all of it that can change a last bit."""
    import torch

    accelerator = torch.cuda.get_device_name() if device != "cpu" and torch.cuda.is_available() else ""
    return {
        "system": platform.system(),
        "processor": f"{processor()}, {platform.machine()}",
        "instructions": instructions(),
        "torch_uses": torch.backends.cpu.get_cpu_capability(),
        "cores": os.cpu_count() or 1,
        "threads": torch.get_num_threads(),
        "device": device,
        **({"accelerator": accelerator} if accelerator else {}),
    }
