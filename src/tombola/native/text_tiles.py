"""`of_every_length`: a layer on tokens with a register tile of every width, so that a short text costs what it is."""

import re
from collections.abc import Iterator
from dataclasses import replace

from tombola.native.packed import Packed


def of_every_length(packed: Packed) -> Packed:
    """The same layer; ``tiles`` has its tiles of 1, 2 and more vectors, ``most`` how many there are."""
    if packed.kind not in ("conv", "cells"):
        return packed
    within = "conv." if packed.kind == "cells" else ""
    most, size = str(packed.fields[f"{within}vectors"]), packed.fields[f"{within}size"]
    vectors = re.findall(r"\b\d+", most)
    name = "_".join([f"{packed.kind}_tiles", str(size), *vectors])
    fields = {name: value for name, value in packed.fields.items() if name not in ("tile", "less")}
    lines = "\n".join(_instances(packed.kind, name, int(size), most, max(map(int, vectors))))
    return replace(packed, fields={**fields, f"{within}most": most, "tiles": name}, instances=(lines,))


def _instances(kind: str, name: str, size: int, most: str, widest: int) -> Iterator[str]:
    """A function for each number of vectors that this build's tiles may have, and the table of them."""
    for wide in range(1, widest + 1):
        tile = f"CONV_SUMS({{}}, {size}, {wide})" if kind == "conv" else f"CELLS_TILE_{size}({{}}, {2 * wide}, {wide})"
        yield from (f"#if {most} >= {wide}", tile.format(f"{name}_{wide}_wide"), "#endif")
    yield f"static {kind}_tile *const {name}[] = {{0,"
    for wide in range(1, widest + 1):
        yield from (f"#if {most} >= {wide}", f"    {name}_{wide}_wide,", "#endif")
    yield "};"
