"""What a bench found: a line an engine, and who won."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import isfinite
from typing import Any

from tombola.benching.numbers import Times
from tombola.engines._base import LayerTime, Setting


@dataclass(frozen=True)
class Measured:
    """One engine. Seconds, bytes; ``difference`` from torch's logits as a part of the largest; accuracy in per cent."""

    engine: str
    uses_zeros: bool
    times: Times
    load: float
    files: Mapping[str, int]
    memory: int | None
    difference: float
    accuracy: float | None = None
    layers: Sequence[LayerTime] = ()

    @property
    def bytes(self) -> int:
        """Of all files together."""
        return sum(self.files.values())


@dataclass(frozen=True)
class Result:
    """Every engine that ran, and why others did not; ``alike`` of a net that answers the same to every image."""

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
    alike: bool = False

    @property
    def best_dense(self) -> Measured | None:
        """The fastest engine that multiplies zeros: the yardstick."""
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

    def ratio(self, engine: Measured) -> float | None:
        """How many times as fast as the best dense engine; below 1 is slower."""
        dense = self.best_dense
        return None if dense is None else dense.times.p50 / engine.times.p50

    def verdict(self) -> str:
        """One sentence: whether this ticket's zeros are worth time here."""
        dense, sparse = self.best_dense, self.best_sparse
        if dense is None or sparse is None:
            return "nothing to compare: an engine that uses zeros and one that does not are both needed"
        if self.alike:
            return (
                "this ticket gives every image the same logits, so its speed says nothing: a layer has lost all that"
                " leads through it; take less sparsity, or --set budget=uniform"
            )
        both = f"{1e3 * dense.times.p50:.2f} ms against {1e3 * sparse.times.p50:.2f} ms"
        if dense.times.p50 <= sparse.times.p50:
            return f"{dense.engine} on the dense net is faster than this ticket in {sparse.engine}: {both}"
        ratio = dense.times.p50 / sparse.times.p50
        return (
            f"this ticket in {sparse.engine} is {ratio:.2f} times as fast as {dense.engine} on the dense net:"
            f" {both.rpartition(' against ')[2]} against {both.partition(' against ')[0]}"
        )

    def plain(self) -> dict[str, Any]:
        """As JSON holds it: times in milliseconds."""
        return {
            "model": self.model,
            "machine": self.machine,
            "setting": {**asdict(self.setting), "size": list(self.setting.size), "pin": list(self.pin)},
            "sparsity": self.sparsity,
            "kept": self.kept,
            "total": self.total,
            "samples": self.samples,
            "alike": self.alike,
            "engines": [self._plain(engine) for engine in self.engines],
            "left_out": dict(self.left_out),
            "best_dense": None if self.best_dense is None else self.best_dense.engine,
            "verdict": self.verdict(),
        }

    def _plain(self, engine: Measured) -> dict[str, Any]:
        ratio = self.ratio(engine)
        return {
            "engine": engine.engine,
            "uses_zeros": engine.uses_zeros,
            "p50_ms": round(1e3 * engine.times.p50, 4),
            "p90_ms": round(1e3 * engine.times.p90, 4),
            "best_ms": round(1e3 * engine.times.best, 4),
            "processor_ms": round(1e3 * engine.times.processor, 4),
            "runs": engine.times.runs,
            "interrupted": engine.times.interrupted,
            "ratio": None if ratio is None else round(ratio, 4),
            "load_ms": round(1e3 * engine.load, 1),
            "files": dict(engine.files),
            "bytes": engine.bytes,
            "memory_bytes": engine.memory,
            "difference": engine.difference if isfinite(engine.difference) else None,
            "accuracy": engine.accuracy,
            "layers": [{**asdict(layer), "seconds": round(layer.seconds, 9)} for layer in engine.layers],
        }


def _fastest(engines: Sequence[Measured]) -> Measured | None:
    return min(engines, key=lambda engine: engine.times.p50, default=None)
