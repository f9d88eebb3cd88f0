"""The tables of ``net.c``: the net's steps, layers and sizes as C text."""

import re
from collections.abc import Sequence
from dataclasses import replace

from tombola.graphs.cells import CellGate, CellMax, CellMean, EnterCells, FromCells, SideBySide, ToCells
from tombola.graphs.ops import Activate, Concat, OfTokens, Pad, Pool, Scale, Stem, Widen
from tombola.graphs.tokens import Constant, Embed, Norm
from tombola.native.arena import aligned
from tombola.native.data import Data, sum_of
from tombola.native.initialisers import exact, fields_of, map_of
from tombola.native.layer import LAYERS, PackedLayer
from tombola.native.memory import Memory
from tombola.native.packed import ACTIVATIONS
from tombola.native.program import Program, Step
from tombola.native.token_tables import attend_scratch, token_data, token_fields

ENCODINGS = {"float32": 0, "float16": 1, "int8": 2}
"""How values are stored: the numbers that the C decoders know them by."""

OTHERS = {"attend": "attends", "move": "moves"}
"""Steps without weights that have a table of their own; all others without are `plains`."""


def sizes(program: Program, memory: Memory, layers: Sequence[PackedLayer], decoded: int, data: Data) -> str:
    """The numbers that the engine is compiled with."""
    kinds = [layer.packed.kind for layer in layers]
    scratch = max([0, *(layer.packed.scratch for layer in layers), *map(attend_scratch, program.steps)])
    numbers = {
        "NET_STEPS": len(program.steps),
        "NET_TAIL_AT": program.tail,
        "NET_CONVS": kinds.count("conv"),
        "NET_LINEARS": kinds.count("linear"),
        "NET_CELLS": kinds.count("cells"),
        "NET_DOTS": kinds.count("dots"),
        "NET_STEMS": kinds.count("stem"),
    }
    places = {
        "NET_SLOT": memory.slot,
        "NET_TAIL": memory.tail,
        "NET_RESULT": memory.at(program.result),
        "NET_SCRATCH": aligned(scratch),
        "NET_DECODED": decoded,
        "NET_DATA": data.size,
    }
    lines = [f"#define {name} {number}" for name, number in numbers.items()]
    lines += [f"#define {name} ((size_t){number})" for name, number in places.items()]
    return "\n".join([*lines, f"#define NET_SUM UINT64_C(0x{sum_of(data.file()):016x})"])


def comment(name: str) -> str:
    """A layer's name as a comment can hold it: what might end one, or a line, or be no ASCII becomes ``_``."""
    return re.sub(r"[^A-Za-z0-9_.:-]", "_", name)


def longest_line(program: Program) -> int:
    """Floats of the longest line that a pooling works on."""
    found = [1]
    for step in program.steps:
        stem = step.op if isinstance(step.op, Stem) else None
        pool, width = (stem.pool, stem.size[1]) if stem else (step.op, step.reads[0].layout.width if step.reads else 0)
        if isinstance(pool, Pool | CellMax):
            apart = pool.dilation[1] if isinstance(pool, Pool) else 1
            reach = (step.writes.layout.width - 1) * pool.stride[1] + (pool.kernel[1] - 1) * apart
            found.append(max(width + pool.padding[2], reach + 1))
    return max(found)


def layer_tables(layers: Sequence[PackedLayer]) -> str:
    """``convs``, ``linears`` and so on: one initialiser a layer, with the layer's name behind it."""
    found = []
    for kind in LAYERS:
        rows = [
            f"    {fields_of(layer.packed.fields)}, /* {comment(layer.step.name)} */"
            for layer in layers
            if layer.packed.kind == kind
        ]
        found.append("\n".join([f"static const struct {kind} {_all(kind)}[] = {{", *rows, "    {0},", "};"]))
    return "\n\n".join(found)


def start_up(layers: Sequence[PackedLayer], data: Data) -> tuple[str, int]:
    """``net_tables``: the pointers into the data, and the floats that values decoded at the start take."""
    lines, decoded, numbers = [], 0, dict.fromkeys(LAYERS, 0)
    for layer in layers:
        kind = layer.packed.kind
        own = f"{_all(kind)}_data[{numbers[kind]}]"
        lines += [
            f"    {own}.{name} = (const void *)(data + {data.add(table)});"
            for name, table in layer.packed.tables.items()
            if name != "values"
        ]
        values = f"data + {data.add(layer.stored['values'])}"
        encoding = ENCODINGS.get(layer.stored["values"].dtype.name, 0)
        if encoding == 0:
            lines.append(f"    {own}.values = (const void *)({values});")
        else:
            scales = f"(const void *)(data + {data.add(layer.stored['scales'])})" if encoding == 2 else "0"
            what = f"&{_all(kind)}[{numbers[kind]}], &{own}, {values}, {encoding}, {scales}, decoded + {decoded}"
            lines += [f"    {kind}_decode({what});", f"    {own}.values = decoded + {decoded};"]
            decoded += aligned(layer.values)
        numbers[kind] += 1
    head = (
        "static void net_tables(struct conv_data *convs_data, struct linear_data *linears_data,\n"
        "                       struct cells_data *cells_data, struct dots_data *dots_data,\n"
        "                       struct stem_data *stems_data, const char *data, float *decoded) {\n"
        "    (void)convs_data, (void)linears_data, (void)cells_data, (void)dots_data, (void)stems_data;"
    )
    unused = "    (void)data, (void)decoded;"
    return "\n".join([head, unused, *lines, "}"]), decoded


def _all(kind: str) -> str:
    """What C calls the layers of a kind."""
    return kind if kind.endswith("s") else f"{kind}s"


def step_tables(program: Program, memory: Memory, data: Data) -> str:
    """``plains`` and ``steps``."""
    plains: dict[str, list[str]] = {"plains": [], "attends": [], "moves": []}
    rows: list[str] = []
    numbers = dict.fromkeys(LAYERS, 0)
    for step in program.steps:
        fields = {"kind": step.kind.upper()}
        if step.kind in numbers:
            fields["layer"] = str(numbers[step.kind])
            numbers[step.kind] += 1
        else:
            kind = OTHERS.get(step.kind, "plains")
            fields["plain"] = str(len(plains[kind]))
            written = token_fields(step) if step.kind in OTHERS else _plain(step)
            plains[kind].append(f"    {written}, /* {comment(step.name)} */")
        rows.append(
            f"    {fields_of(fields | _places(step, memory) | _scales(step, data))}, /* {comment(step.name)} */"
        )
    others = [
        line
        for name, own in plains.items()
        if own or name != "attends"  # a net that never attends has no such struct
        for line in (f"static const struct {name[:-1]} {name}[] = {{", *own, "    {0},", "};", "")
    ]
    return "\n".join([*others, "static const struct step steps[] = {", *rows, "};"])


def _places(step: Step, memory: Memory) -> dict[str, str]:
    found = {"out": str(memory.at(step.writes))}
    for name, place in zip(("in", "other", "third"), step.reads, strict=False):
        found[name] = str(memory.at(place))
    if step.kind in ("conv", "cells") and len(step.reads) == 2:
        found["adds"] = "1"
    return found


def _scales(step: Step, data: Data) -> dict[str, str]:
    if isinstance(step.op, OfTokens):
        return {name: str(data.add(table)) for name, table in token_data(step).items()}
    if not isinstance(step.op, Scale | EnterCells):
        return {}
    return {
        "scale": str(data.add(step.op.scale.float().numpy())),
        "shift": str(data.add(step.op.shift.float().numpy())),
    }


def _plain(step: Step) -> str:
    op = step.op
    second = step.reads[-1] if step.reads else step.writes
    fields = {"in": map_of(second.layout), "out": map_of(step.writes.layout)}
    if isinstance(op, Activate):
        fields["kind"] = str(ACTIVATIONS.index(op.kind))
    elif isinstance(op, Constant):
        fields["kernel"] = _pair((step.writes.layout.height, step.writes.layout.width))
    elif isinstance(op, Embed):
        fields |= {"counts": str(op.place), "kind": str(int(op.steps is not None))}
    elif isinstance(op, Norm):
        fields |= {"value": exact(op.eps), "counts": str(int(op.scale is not None))}
    elif isinstance(op, Pool):
        fields |= {"kernel": _pair(op.kernel), "stride": _pair(op.stride), "dilation": _pair(op.dilation)}
        fields |= {"before": _pair(op.padding[::2]), "counts": str(int(op.counts_padding))}
    elif isinstance(op, Pad):
        fields |= {"before": _pair(op.padding[::2]), "value": exact(op.value)}
    elif isinstance(op, Widen):
        fields["before"] = _pair((op.before, op.after))
    elif isinstance(op, EnterCells):
        fields |= {"in": map_of(replace(step.writes.layout, channels=len(op.scale))), "counts": str(op.zero)}
    elif isinstance(op, ToCells):
        fields |= {"value": exact(op.factor), "counts": str(op.zero)}
    elif isinstance(op, FromCells):
        fields |= {"value": exact(op.scale), "counts": str(op.zero)}
    elif isinstance(op, CellMean):
        fields |= {"value": exact(op.factor), "counts": str(op.zero)}
    elif isinstance(op, CellGate):
        fields |= {"value": exact(op.factor), "counts": str(op.zero), "kind": str(op.entering)}
    elif isinstance(op, SideBySide):
        fields |= {"in": map_of(replace(second.layout, channels=op.channels)), "counts": str(op.zero)}
        fields |= {"kernel": _pair((op.rows, op.cells)), "stride": _pair(op.stride), "before": _pair(op.before)}
    elif isinstance(op, CellMax):
        fields |= {"kernel": _pair(op.kernel), "stride": _pair(op.stride), "before": _pair(op.padding[::2])}
        fields["counts"] = str(op.zero)
    elif isinstance(op, Concat):
        fields["out"] = fields["in"]
    return fields_of(fields)


def _pair(numbers: Sequence[int]) -> str:
    return f"{{{numbers[0]}, {numbers[1]}}}"
