"""What a ticket holds, to print: counts per layer, density, lineage, size against the entropy bound. No torch."""

import math
from dataclasses import dataclass

from tombola.spec import Json
from tombola.tickets.lineage import Lineage


def entropy_bytes(kept: int, total: int) -> float:
    """n * H(kept / n) in bytes: what a mask with so many kept positions must cost when nothing else is known."""
    if kept in (0, total):
        return 0.0
    p = kept / total
    return -total * (p * math.log2(p) + (1 - p) * math.log2(1 - p)) / 8


@dataclass(frozen=True)
class LayerCount:
    """One masked tensor."""

    name: str
    shape: tuple[int, ...]
    kept: int
    total: int

    @property
    def density(self) -> float:
        """The part that is kept; 1 for an empty tensor."""
        return self.kept / self.total if self.total else 1.0


@dataclass(frozen=True)
class Summary:
    """A ticket at a glance; sizes are None for a ticket that has no file."""

    kind: str
    layers: tuple[LayerCount, ...]
    lineage: Lineage
    values: str | None = None
    file_bytes: int | None = None
    mask_bytes: int | None = None

    @property
    def kept(self) -> int:
        """Kept weights of all masked tensors."""
        return sum(layer.kept for layer in self.layers)

    @property
    def total(self) -> int:
        """All weights of all masked tensors."""
        return sum(layer.total for layer in self.layers)

    @property
    def density(self) -> float:
        """The part that is kept; 1 when nothing is masked."""
        return self.kept / self.total if self.total else 1.0

    @property
    def bound_bytes(self) -> float:
        """The entropy bound of the masks, knowing only the global density."""
        return entropy_bytes(self.kept, self.total)

    @property
    def layer_bound_bytes(self) -> float:
        """The entropy bound of the masks, knowing each layer's density."""
        return sum(entropy_bytes(layer.kept, layer.total) for layer in self.layers)

    def as_json(self) -> dict[str, Json]:
        """The same as plain JSON."""
        layers: list[Json] = [
            {"name": layer.name, "shape": list(layer.shape), "kept": layer.kept, "total": layer.total}
            for layer in self.layers
        ]
        return {
            "kind": self.kind,
            "kept": self.kept,
            "total": self.total,
            "density": self.density,
            "file_bytes": self.file_bytes,
            "mask_bytes": self.mask_bytes,
            "bound_bytes": round(self.bound_bytes, 1),
            "layer_bound_bytes": round(self.layer_bound_bytes, 1),
            "values": self.values,
            "lineage": self.lineage.identity(),
            "layers": layers,
        }

    def text(self) -> str:
        """Lines for a notebook or a log; ``tombola show`` has a page."""
        pruned = self.total - self.kept
        lines = [
            f"{self.kind} ticket of {self.lineage.model_text or 'a model without a name'}",
            f"{pruned:,} of {self.total:,} prunable weights pruned ({1 - self.density:.4%}), {self.kept:,} kept",
        ]
        if self.file_bytes is not None and self.mask_bytes is not None:
            lines.append(f"{self.file_bytes:,} bytes, {self.mask_bytes:,} of them masks; {self._bounds()}")
        width = max((len(layer.name) for layer in self.layers), default=0)
        lines += ["", *(_line(layer, width) for layer in self.layers), "", "lineage"]
        lines += [
            f"  {name}: {_told(self.lineage, name, value)}"
            for name, value in self.lineage.identity().items()
            if value not in (None, "", {})
        ]
        return "\n".join("".join(c if c.isprintable() else "?" for c in line) for line in lines)

    def _bounds(self) -> str:
        return f"entropy bound {self.bound_bytes:,.0f} globally, {self.layer_bound_bytes:,.0f} layer by layer"


def _told(lineage: Lineage, name: str, value: Json) -> object:
    """In words where there are any."""
    return getattr(lineage, name) if name in ("origin", "adapted") else value


def _line(layer: LayerCount, width: int) -> str:
    shape = "x".join(map(str, layer.shape)) or "scalar"
    return f"  {layer.name:<{width}}  {shape:>14}  {layer.kept:>11,} / {layer.total:>11,}  {layer.density:8.4%}"
