"""`Curve`: how long a layer takes, by the part of its weights that is kept."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tombola.errors import MaskError

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """Seconds at parts kept that are equally far apart, the first 0 and the last 1; straight lines between.

    A layer never gets faster by keeping more: what is computed densely takes as long whether weights are zero or not.

    >>> Curve.of([0.1, 0.6, 0.5]).at(np.array([0.0, 0.25, 1.0])).round(3).tolist()
    [0.1, 0.3, 0.5]
    """

    seconds: tuple[float, ...]

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Curve":
        """From measured or modelled times: what takes longer than a denser layer is computed as that one."""
        if len(seconds) < 2 or not all(np.isfinite(seconds)) or min(seconds) < 0:
            raise MaskError(f"{list(seconds)} are no times of a layer; give two or more that are 0 or above")
        return cls(tuple(np.minimum.accumulate(np.asarray(seconds, np.float64)[::-1])[::-1].tolist()))

    @classmethod
    def sampled(cls, time: Callable[[float], float], points: int) -> "Curve":
        """The times a function gives for ``points`` parts kept."""
        return cls.of([time(part / (points - 1)) for part in range(points)])

    @property
    def dense(self) -> float:
        """Seconds of the whole layer."""
        return self.seconds[-1]

    def at(self, kept: Floats) -> Floats:
        """Seconds at these parts kept, 0 to 1."""
        return np.interp(kept, np.linspace(0, 1, len(self.seconds)), self.seconds)

    def times(self, factor: float) -> "Curve":
        """The same curve, so much slower."""
        return Curve(tuple(second * factor for second in self.seconds))


@dataclass(frozen=True)
class Costs:
    """The curve of every tensor that may be pruned, and the seconds that everything else takes."""

    layers: Mapping[str, Curve]
    rest: float = 0.0

    @property
    def dense(self) -> float:
        """Seconds of the dense net."""
        return self.rest + sum(curve.dense for curve in self.layers.values())

    def predicted(self, kept: Mapping[str, float]) -> float:
        """Seconds of the net when of each tensor this part is kept."""
        return self.rest + sum(float(curve.at(np.array(kept[name]))) for name, curve in self.layers.items())
