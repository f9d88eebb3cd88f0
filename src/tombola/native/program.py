"""`Program`: the steps of a C program in order, and the buffers that they read and write."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from tombola.graphs.ops import Op
from tombola.native.layout import Layout

Kind: TypeAlias = Literal[
    "enter",
    "conv",
    "stem",
    "linear",
    "scale",
    "activate",
    "add",
    "mul",
    "copy",
    "widen",
    "flatten",
    "pad",
    "adaptive",
    "pool_max",
    "pool_average",
    "norm",
    "attend",
    "move",
    "constant",
    "cells",
    "dots",
    "enter_cells",
    "to_cells",
    "from_cells",
    "cell_max",
    "cell_mean",
    "cell_gate",
    "side_by_side",
    "embed",
]


@dataclass(frozen=True)
class Place:
    """Where a map lies: so many floats behind the beginning of a buffer."""

    layout: Layout
    buffer: int
    offset: int = 0

    @property
    def vector(self) -> bool:
        """Whether its channels lie one beside the other."""
        return self.layout.contiguous


@dataclass(frozen=True, eq=False)
class Step:
    """One call of a C function. ``name`` is the layer's; ``op`` holds its weights and options."""

    name: str
    kind: Kind
    op: Op
    reads: tuple[Place, ...]
    writes: Place


@dataclass(frozen=True)
class TextIds:
    """Which whole numbers a program of texts takes, and how its ``inputs`` are called: ids below ``words``, and
    ``types`` of them, 0 if it reads none.

    ``never`` is an id that no token may have; ``pad`` what texts are filled up with, which changes no answer.
    """

    inputs: tuple[str, ...]
    words: int
    types: int
    pad: int
    never: int | None


@dataclass(frozen=True, eq=False)
class Program:
    """The steps of one image or text up to ``tail``; from there on vectors alone, of all of a batch at once.

    ``sizes`` are the buffers' floats; ``result`` is where the logits are found. ``image`` is what it is shown:
    (C, H, W), or of texts (inputs, 1, tokens), and ``ids`` says which.
    """

    steps: tuple[Step, ...]
    sizes: tuple[int, ...]
    result: Place
    tail: int
    image: tuple[int, int, int]
    ids: TextIds | None = None

    def lives(self, buffer: int) -> tuple[int, int]:
        """The first and the last step that touch a buffer; the result's lives on."""
        touching = [
            number
            for number, step in enumerate(self.steps)
            if buffer in (step.writes.buffer, *(place.buffer for place in step.reads))
        ]
        last = len(self.steps) if buffer == self.result.buffer else touching[-1]
        return touching[0], last

    def in_tail(self, buffer: int) -> bool:
        """Whether a buffer is read for all images of a batch at once."""
        return self.lives(buffer)[1] >= self.tail
