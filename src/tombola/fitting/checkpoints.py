"""Checkpoints of one training: tensors and facts in one safetensors file, replaced atomically, checked when read.

A file that is half written, damaged or of another training is passed over with a note, in favour of the one before it
or of the start. Nothing is ever unpickled.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from tombola.disks import reason, remedy, sync
from tombola.errors import StoreError
from tombola.spec import Json, canonical

_FORMAT = "2"
_UNREADABLE = (OSError, SafetensorError, ValueError, KeyError)


@dataclass(frozen=True)
class Checkpoint:
    """Everything a training needs to go on from ``step``."""

    step: int
    tensors: dict[str, Tensor]
    facts: dict[str, Json]


class Checkpoints:
    """The checkpoints of the training ``work`` (a digest of all that decides it) in ``folder``."""

    def __init__(self, folder: Path, work: str, note: Callable[[str], None]) -> None:
        self.folder = folder
        self._work = work
        self._note = note
        self._newest: Path | None = None  # of this training and whole, as far as it was looked at here

    def save(self, checkpoint: Checkpoint) -> None:
        """Write one more, and forget all but it and the newest older whole one of this training.

        Of other trainings, damaged or half written ones go too, whatever their step.
        """
        tensors = {name: _detached(tensor) for name, tensor in checkpoint.tensors.items()}
        facts = canonical(checkpoint.facts)
        head = {"format": _FORMAT, "work": self._work, "step": str(checkpoint.step), "facts": facts}
        head["digest"] = _digest(head, tensors)
        target = self.folder / f"step-{checkpoint.step:09d}.safetensors"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            _write(target, tensors, head)
            self._forget_all_but(target, self._before(target))
        except (OSError, SafetensorError) as error:
            raise StoreError(f"the checkpoint {target} cannot be written: {reason(error)}; {remedy(error)}") from None

    def latest(self) -> Checkpoint | None:
        """The newest whole checkpoint of this training, if any."""
        for file in self._files():
            try:
                found = self._read(file)
            except _UNREADABLE as error:
                self._note(f"checkpoint {file.name} is passed over: {error}")
            else:
                self._newest = file
                return found
        return None

    def _before(self, target: Path) -> Path | None:
        """The newest older whole one; read only where none was read or written here, since each may be large."""
        if self._newest is not None and self._newest < target:
            return self._newest
        return next((file for file in self._files() if file < target and self._is_whole(file)), None)

    def _is_whole(self, file: Path) -> bool:
        try:
            self._read(file)
        except _UNREADABLE:
            return False
        return True

    def _forget_all_but(self, target: Path, before: Path | None) -> None:
        self._newest = target
        for old in [*self._files(), *self.folder.glob("step-*.part")]:
            if old not in (target, before):
                old.unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("step-*.safetensors"), reverse=True)

    def _read(self, file: Path) -> Checkpoint:
        with safe_open(file, framework="pt") as opened:
            head = dict(opened.metadata() or {})
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118  not a mapping
        if head.get("format") != _FORMAT:
            raise ValueError("it was written by another version")
        if head.get("work") != self._work:
            raise ValueError("it belongs to another training")
        if head.pop("digest", "") != _digest(head, tensors):
            raise ValueError("it is damaged")
        return Checkpoint(int(head["step"]), tensors, json.loads(head["facts"]))


def _write(target: Path, tensors: Mapping[str, Tensor], head: dict[str, str]) -> None:
    part = target.with_suffix(".part")
    try:
        save_file(dict(tensors), part, metadata=head)
        sync(part)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _detached(tensor: Tensor) -> Tensor:
    """A contiguous copy on the CPU that shares memory with nothing."""
    return tensor.detach().to("cpu", copy=True, memory_format=torch.contiguous_format).contiguous()


def _digest(head: Mapping[str, str], tensors: Mapping[str, Tensor]) -> str:
    found = hashlib.sha256(canonical(dict(head)).encode())
    for name in sorted(tensors):
        found.update(f"{name}:{tensors[name].dtype}:{tuple(tensors[name].shape)}".encode())
        found.update(tensors[name].reshape(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()
