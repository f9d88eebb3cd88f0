"""How often the innermost loops load: each vector of pixels once, whatever is made of it; and nothing is spilled."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.native.kernels import HEADERS

from tombola.native.building import STANDARD
from tombola.native.choosing import TILES, Choice

MACHINES = {  # flags, and which of a choice's tiles they get
    "znver3": ("-march=znver3", 1),
    "haswell": ("-march=haswell", 1),
    "x86-64-v3": ("-march=x86-64-v3", 1),
    "znver3 with AVX-512": ("-march=x86-64-v4 -mtune=znver3", 0),
    "x86-64-v4": ("-march=x86-64-v4", 0),
    "icelake-server": ("-march=icelake-server", 0),
}
STEP = 1
"""Beside its pixels and weights, a survivor loads the distance to go."""
TURN = 4
"""Survivors of one turn of the loop: CONV_TURN in conv_sums.h."""

pytestmark = pytest.mark.skipif(
    shutil.which("objdump") is None or shutil.which("gcc") is None, reason="needs gcc and objdump"
)


def loop(block: int, tile: int, flags: str, folder: Path) -> list[str]:
    """The instructions of one turn: the loop with the tile's multiply-adds."""
    source, made = folder / "tile.c", folder / "tile.o"
    name = f"conv_tile_{block}_{tile}_{tile}_{tile}_{tile}"
    line = f"CONV_TILE({block}, {tile}, {tile}, {tile}, {tile})"
    source.write_text(f'#include "conv.h"\n{line}\nconv_tile *kept = {name};\n')
    subprocess.run(["gcc", *STANDARD, *flags.split(), f"-I{HEADERS}", "-c", source, "-o", made], check=True)
    text = subprocess.run(
        ["objdump", "-d", "--no-show-raw-insn", made], check=True, capture_output=True, text=True
    ).stdout
    body = text.split(f"<{name}>:\n")[1].split("\n\n")[0].splitlines()
    places = {line.split(":")[0].strip(): number for number, line in enumerate(body)}
    found = []
    for number, line in enumerate(body):
        jump = re.search(r"\sj[a-z]+\s+([0-9a-f]+) ", line)
        if jump and places.get(jump[1], number) < number:
            found.append(body[places[jump[1]] : number])
    return min((lines for lines in found if any("prefetch" in line for line in lines)), key=len)


def loads(lines: list[str]) -> int:
    """Instructions that read memory: it is any operand but the last, which is written."""
    return sum(bool(re.search(r"\)(\{1to\d+\})?,", line)) and "lea" not in line for line in lines)


def stores(lines: list[str]) -> int:
    """Instructions that write memory."""
    return sum(line.endswith(")") and "prefetch" not in line for line in map(str.strip, lines))


@pytest.mark.slow
@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("block", TILES)
def test_a_survivor_loads_each_vector_and_each_weight_once(machine: str, block: int, tmp_path: Path) -> None:
    flags, which = MACHINES[machine]
    for tile in dict.fromkeys(Choice(block, size, "map", 1, 1, by_rows=True).tiles[which] for size in TILES[block]):
        lines = loop(block, tile, flags, tmp_path)
        assert sum("vfmadd" in line for line in lines) == TURN * block * tile, (tile, lines)
        assert stores(lines) == 0, "sums are spilled"
        assert loads(lines) <= TURN * (block + tile + STEP), (tile, "\n".join(lines))
