"""`write_folder`: a network, its pruned weights being zeros, as a folder of C."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

from tombola.graphs.cells import CellLinear, CellSums
from tombola.graphs.graph import Graph
from tombola.graphs.ops import Conv, Linear, Stem
from tombola.graphs.reducing import reduced
from tombola.graphs.trace import trace, trace_texts
from tombola.models.network import Network
from tombola.native.about import FORMAT
from tombola.native.choosing import Choice, candidates, machine_for
from tombola.native.encoding import encoded
from tombola.native.int8.packing import pack_cells, pack_dots
from tombola.native.layer import LAYERS, PackedLayer
from tombola.native.linear import pack_linear
from tombola.native.lowering import lower
from tombola.native.naming import NET
from tombola.native.packing import pack
from tombola.native.program import Program, Step
from tombola.native.stem_packing import pack_stem
from tombola.native.stems import with_stems
from tombola.native.targets import flags, target, tiles
from tombola.native.text_tiles import of_every_length
from tombola.native.writing import check_out, write
from tombola.shown import ShownTexts
from tombola.spec import Json

Values: TypeAlias = Literal["float32", "float16", "int8"]
Size: TypeAlias = tuple[int, int, int] | ShownTexts
"""Of images (C, H, W), or the longest texts."""
Choose: TypeAlias = Callable[[Step], Choice | None]


def prepared(network: Network, shown: Size) -> Graph:
    """What the network computes of what it is shown, in few nodes and without weights that cannot matter."""
    return reduced(trace_texts(network, shown) if isinstance(shown, ShownTexts) else trace(network, shown))


def programmed(graph: Graph, values: Values = "float32") -> Program:
    """The program of such a graph. Stems are as fast as they can be where their values are kept exactly."""
    return lower(with_stems(graph) if values == "float32" else graph)


def write_folder(
    network: Network,
    shown: Size,
    out: Path,
    *,
    values: Values = "float32",
    target: str = "native",
    choose: Choose | None = None,
) -> list[Path]:
    """The files written; nothing is when the network cannot be or ``out`` is not empty.

    ``values`` is how survivors are kept; ``choose`` says how a convolution is computed, None leaving it to the model
    of costs.
    """
    check_out(out)
    program = programmed(prepared(network, shown), values)
    layers = layers_of(program, values, choose or modelled(target), target)
    return write_program(program, layers, out, target=target, values=values)


def write_program(
    program: Program,
    layers: Sequence[PackedLayer],
    out: Path,
    *,
    target: str,
    values: str,
    prefix: str = NET,
    told: Mapping[str, Json] | None = None,
) -> list[Path]:
    """The folder of a program whose layers are packed; net.json says what is ``told`` of the network too."""
    classes = program.result.layout.channels
    about = {
        "format": FORMAT,
        **_input(program),
        "classes": classes,
        "values": values,
        "target": target,
        "flags": _text_flags(target),
        **(told or {}),
    }
    kept, total = sum(layer.survivors for layer in layers), sum(layer.total for layer in layers)
    channels, height, width = program.image
    what = f"Images of {channels}x{height}x{width}" if program.ids is None else f"Texts of up to {width} tokens"
    summary = f"{what}, {classes} classes, {kept:,} of {total:,} weights, kept as {values}."
    return write(program, layers, out, about=about, summary=summary, prefix=prefix)


def _input(program: Program) -> dict[str, Any]:
    """What net.json says of what the network is shown."""
    if program.ids is None:
        return {"image": [*program.image]}
    return {"texts": {"length": program.image[2], **asdict(program.ids)}}


def modelled(target: str) -> Choose:
    """What the model of costs says for a target's vectors."""
    machine = machine_for(target)

    def choose(step: Step) -> Choice:
        assert isinstance(step.op, Conv)
        return candidates(step.op, step.reads[0].layout, step.writes.layout, 1, machine)[0]

    return choose


def layers_of(
    program: Program, values: Values = "float32", choose: Choose | None = None, target: str = "native"
) -> list[PackedLayer]:
    """The program's layers, packed for the target, in its order."""
    tiled = tiles(target)
    layers = [_layer(step, values, choose, tiled) for step in program.steps if step.kind in LAYERS]
    if program.ids is None:
        return layers
    return [replace(layer, packed=of_every_length(layer.packed)) for layer in layers]


def _layer(step: Step, values: Values, choose: Choose | None, tiled: bool) -> PackedLayer:
    if isinstance(step.op, CellSums):
        packed = pack_cells(step.op, step.reads[0].layout, step.writes.layout, tiled)
        return PackedLayer(step, packed, packed.tables)
    if isinstance(step.op, Stem):
        packed = pack_stem(step.op, step.reads[0].layout, step.writes.layout)
        return PackedLayer(step, packed, packed.tables)
    if isinstance(step.op, CellLinear):
        packed = pack_dots(step.op)
        return PackedLayer(step, packed, packed.tables)
    if isinstance(step.op, Conv):
        choice = choose(step) if choose else None
        packed = pack(step.op, step.reads[0].layout, step.writes.layout, choice)
    else:
        assert isinstance(step.op, Linear)
        packed = pack_linear(step.op)
    return PackedLayer(step, packed, packed.tables if values == "float32" else encoded(packed, values).tables)


def _text_flags(name: str) -> str:
    """For the Makefile, which may be read on another machine than this one."""
    return "-march=native" if name == "native" else " ".join(flags(target(name)))
