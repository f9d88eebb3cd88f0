"""What a bench found: a line an engine, and which are to be compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tombola.benching.numbers import Times
from tombola.engines._base import LayerTime, Setting


@dataclass(frozen=True)
class Measured:
    """One engine. Seconds, bytes; ``difference`` from torch's logits as a part of the largest; accuracy in per cent.
    ``outcomes`` say which samples it told right, as in rows.

    ``arithmetic`` is what it multiplies, as of `Engine`; ``remarks`` are what must be said beside its figures.
    """

    engine: str
    uses_zeros: bool
    times: Times
    load: float
    files: Mapping[str, int]
    memory: int | None
    difference: float
    accuracy: float | None = None
    layers: Sequence[LayerTime] = ()
    arithmetic: str = "float32"
    remarks: Sequence[str] = ()
    outcomes: str = ""

    @property
    def bytes(self) -> int:
        """Of all files together."""
        return sum(self.files.values())


@dataclass(frozen=True)
class Result:
    """Every engine that ran, and why others did not; ``alike`` of a net that answers the same to every image.

    Accuracy is of ``samples`` of the ``of`` in a split; ``calibrated`` says on what int8 was, empty for random pixels.
    """

    model: str
    setting: Setting
    sparsity: float
    kept: int
    total: int
    engines: Sequence[Measured]
    left_out: Mapping[str, str] = field(default_factory=dict)
    pin: Sequence[int] = ()
    machine: str = ""
    samples: int = 0
    of: int = 0
    split: str = "test"
    calibrated: str = ""
    alike: bool = False

    @property
    def judged_on(self) -> str:
        """The split in words."""
        return "validation" if self.split == "val" else self.split

    @property
    def best_dense(self) -> Measured | None:
        """The fastest engine that multiplies zeros, in whatever arithmetic: what a user could have instead."""
        return _fastest([engine for engine in self.engines if not engine.uses_zeros])

    @property
    def best_sparse(self) -> Measured | None:
        """The fastest engine that zeros save work."""
        return _fastest([engine for engine in self.engines if engine.uses_zeros])

    @property
    def layered(self) -> Sequence[Measured]:
        """The engines whose layers are worth showing: those that use zeros, or without any the others."""
        telling = sorted((engine for engine in self.engines if engine.layers), key=lambda engine: engine.times.p50)
        return [engine for engine in telling if engine.uses_zeros] or telling

    def dense_layers(self) -> dict[str, float]:
        """Seconds of each layer by name, in the fastest dense engine that tells them."""
        telling = _fastest([engine for engine in self.engines if engine.layers and not engine.uses_zeros])
        return {} if telling is None else {layer.name: layer.seconds for layer in telling.layers}

    def best_dense_in(self, arithmetic: str) -> Measured | None:
        """The fastest engine that multiplies zeros in ``float32``, ``bfloat16`` or ``int8``."""
        return _fastest([item for item in self.engines if not item.uses_zeros and item.arithmetic == arithmetic])

    def ratio(self, engine: Measured, arithmetic: str) -> float | None:
        """How many times as fast as the best dense engine that multiplies so; below 1 is slower."""
        dense = self.best_dense_in(arithmetic)
        return None if dense is None else dense.times.p50 / engine.times.p50

    @property
    def in_order(self) -> Sequence[Measured]:
        """As they are shown: dense int8 first, then other dense engines, then what uses zeros; the fastest of each."""
        return sorted(self.engines, key=lambda item: (_place(item), item.times.p50))


def _place(engine: Measured) -> int:
    return 2 if engine.uses_zeros else 0 if engine.arithmetic == "int8" else 1


def _fastest(engines: Sequence[Measured]) -> Measured | None:
    return min(engines, key=lambda engine: engine.times.p50, default=None)
