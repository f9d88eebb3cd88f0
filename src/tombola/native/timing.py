"""`shortest`: each step's time in a program that is built and run on this machine."""

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from tombola.native.folder import write_program
from tombola.native.layer import PackedLayer
from tombola.native.loading import load
from tombola.native.loading_texts import load_texts
from tombola.native.program import Program
from tombola.native.started import Started


def shortest(
    program: Program, layers: Sequence[PackedLayer], runs: int, *, target: str = "native", threads: int = 1
) -> dict[str, float]:
    """Seconds by the step's name, the least of so many runs: what disturbs them only ever adds."""
    opened: Callable[..., Started] = load if program.ids is None else load_texts
    with TemporaryDirectory(prefix="tombola-timing-") as work:
        write_program(program, layers, Path(work) / "net", target=target, values="float32")
        with opened(Path(work) / "net", threads=threads, profile=True) as net:
            rows = []
            for _ in range(runs + 1):
                net.once()
                rows.append([layer.seconds for layer in net.layers()])
            least = np.diff(np.array(rows), axis=0).min(0)
            return {layer.name: float(time) for layer, time in zip(net.layers(), least, strict=True)}
