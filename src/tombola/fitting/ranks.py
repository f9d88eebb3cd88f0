"""`Ranks`: the processes that train one network together, and what they tell each other besides gradients.

Ranks are those of the process group that torch.distributed has in this process: who set it up (`run_on_ranks`, Ray
Train, torchrun) does not matter. Everything here is small and rare, goes through gloo on the CPU, and is a plain value
in every process when there is one process only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, TypeVar, cast

import torch.distributed as dist

from tombola.errors import OptionError, RequestError, StageError, TombolaError

T = TypeVar("T")
Failed: TypeAlias = tuple[type[TombolaError], str]


@dataclass(frozen=True)
class Ranks:
    """This process's place among those that work together: ``index`` of ``size``. Alone it is the first of one."""

    index: int = 0
    size: int = 1
    talk: Any = None
    """The process group for messages."""

    @property
    def first(self) -> bool:
        """Whether this is the process that writes files and reports progress."""
        return self.index == 0

    def dealt(self, shards: int) -> range:
        """Which of so many parts this process works: neighbours."""
        each = shards // self.size
        return range(self.index * each, (self.index + 1) * each)

    def told(self, value: T) -> T:
        """What the first process has for ``value``."""
        if self.size == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box, src=0, group=self.talk)
        return box[0]

    def gathered(self, value: T) -> list[T]:
        """Every process's ``value``, in the order of ranks."""
        if self.size == 1:
            return [value]
        found: list[Any] = [None] * self.size
        dist.all_gather_object(found, value, group=self.talk)
        return found

    def by_first(self, work: Callable[[], T]) -> T:
        """What ``work`` gives in the first process, which alone does it; an error there is an error in all."""
        if self.size == 1:
            return work()
        if not self.first:
            nothing: tuple[Any, Failed | None] = (None, None)
            result, failed = self.told(nothing)
            if failed is not None:
                kind, text = failed
                raise kind(f"process 0 of {self.size}: {text}")
            return cast("T", result)
        try:
            result = work()
        except Exception as error:
            self.told((None, as_told(error)))
            raise
        return self.told((result, None))[0]

    def require_same(self, what: str, value: str) -> None:
        """Raise `StageError` unless ``value``, a digest of ``what``, is the same in all processes."""
        found = self.gathered(value)
        if len(set(found)) > 1:
            each = ", ".join(f"{rank}: {digest[:12]}" for rank, digest in enumerate(found))
            raise StageError(
                f"the {self.size} processes of this training differ in {what} ({each}). Each must be given the same"
                " options, data and model, and nothing may change a network in one of them only"
            )


ALONE: Final = Ranks()
_TALK: dict[str, tuple[Any, Any]] = {}
"""The process group there was, and the one for messages that was made beside it."""


def ranks_for(shards: int) -> Ranks:
    """The processes that share a training of ``shards`` parts: this one alone without a process group.

    A training of one part is not shared: each process then does all of it. Raises `OptionError` when the parts cannot
    be dealt out evenly.
    """
    if shards == 1 or not dist.is_available() or not dist.is_initialized() or dist.get_world_size() == 1:
        return ALONE
    size = dist.get_world_size()
    if shards % size:
        fits = 1 << (size - 1).bit_length()
        told = f"shards={shards} cannot be dealt out evenly to {size} processes; start {shards}, or fewer by halves,"
        raise OptionError("fit", [f"{told} or write shards={fits}"])
    return Ranks(dist.get_rank(), size, _talk())


def as_told(error: BaseException) -> Failed:
    """An error as it is told to another process: a class that a sentence is enough for, and the sentence."""
    if isinstance(error, OptionError):
        return RequestError, str(error)
    if isinstance(error, TombolaError):
        return type(error), str(error)
    return StageError, f"{type(error).__name__}: {error}"


def _talk() -> Any:
    """A group on gloo: the one there is, or one made beside it, once."""
    world = dist.group.WORLD
    if world is not _TALK.get("here", (None, None))[0]:
        made = world if dist.get_backend() == "gloo" else dist.new_group(backend="gloo")
        _TALK["here"] = (world, made)
    return _TALK["here"][1]
