"""`write`: a program as the files of a folder: C source, data, and what builds and uses them."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tombola.disks import written_folder
from tombola.errors import RequestError
from tombola.native.about import FILE, sealed
from tombola.native.data import Data
from tombola.native.layer import PackedLayer
from tombola.native.memory import Memory
from tombola.native.naming import NET, named
from tombola.native.program import Program, TextIds
from tombola.native.tables import (
    layer_tables,
    longest_line,
    sizes,
    start_up,
    step_tables,
)

PARTS = Path(__file__).parent / "c"


def check_out(out: Path) -> None:
    """Raises `RequestError` unless ``out`` is an empty folder or nothing yet."""
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise RequestError(f"{out} is not empty; give a new folder, or empty this one first")


def write(
    program: Program,
    layers: Sequence[PackedLayer],
    out: Path,
    *,
    about: Mapping[str, Any],
    summary: str,
    prefix: str = NET,
) -> list[Path]:
    """The files written into ``out``: all are made before the first one is written.

    What net.h declares begins with ``prefix``, and the header is called by it.
    """
    data = Data()
    source = net_c(program, layers, data)
    words, of = _words(program, summary, prefix), "" if program.ids is None else "texts/"
    told = {**about, "prefix": prefix, "layers": rows(program, layers)}
    compiled = {
        f"{prefix}.h": named(_filled(of + "net.h", words), prefix).encode(),
        "net.c": named(source, prefix).encode(),
    }
    files: dict[str, bytes] = {**compiled, "net.dat": data.file(), FILE: sealed(told, compiled)}
    words |= {"FLAGS": str(about["flags"]), "ANSWERS": (PARTS / "answers.h").read_text("utf-8")}
    for name in (
        "CMakeLists.txt",
        "Makefile",
        "versions.c",
        f"{of}example.c",
        f"{of}classify.c",
        f"{of}README.txt",
        f"{of}words.h" if of else "pictures.h",
    ):
        files[Path(name).name] = named(_filled(name, words), prefix).encode()
    with written_folder(out) as folder:
        for name, content in files.items():
            (folder / name).write_bytes(content)
    return [out / name for name in files]


def net_c(program: Program, layers: Sequence[PackedLayer], data: Data) -> str:
    """``net.c`` as one file; its tables go into ``data``."""
    tables, decoded = start_up(layers, data)
    steps = step_tables(program, Memory.of(program), data)
    instances = dict.fromkeys(line for layer in layers for line in layer.packed.instances)
    numbers = sizes(program, Memory.of(program), layers, decoded, data)
    seen: set[str] = set()
    return "\n".join(
        [
            "/* The net's structure and what computes it, written by Tombola; its weights are in net.dat.",
            " * Build with -O3 -ffp-contract=fast -pthread and the processor's flags; see Makefile. */",
            "#define _GNU_SOURCE",
            '#include "net.h"',
            '#pragma GCC diagnostic ignored "-Wunused-function" /* not every net needs every kernel */',
            _part("conv.h", seen),
            _part("cells_conv.h", seen),
            _part("linear.h", seen),
            _part("cells_dots.h", seen),
            f"#define NET_LINE {longest_line(program)}",
            _part("pool.h", seen),
            _part("stem.h", seen),
            *instances,
            _part("cells_beside.h", seen),
            _part("tokens.h", seen),
            *([_part("attend.h", seen)] if any(step.kind == "attend" for step in program.steps) else []),
            _part("given_images.h" if program.ids is None else "given_texts.h", seen),
            _part("threads.h", seen),
            numbers,
            layer_tables(layers),
            tables,
            steps,
            _part("engine.h", seen),
        ]
    )


def rows(program: Program, layers: Sequence[PackedLayer]) -> list[dict[str, Any]]:
    """One line a step for ``net.json``."""
    packed = {layer.step: layer for layer in layers}
    return [
        {
            "name": step.name,
            "kind": step.kind,
            "survivors": packed[step].survivors if step in packed else 0,
            "total": packed[step].total if step in packed else 0,
            "choice": packed[step].choice if step in packed else "",
        }
        for step in program.steps
    ]


_TAKES: Final = ("struct net *net, const float *images, int count, float *logits", "net, images, count, logits")
_TAKES_IDS: Final = (
    "struct net *net, const int32_t *ids, const int32_t *mask, const int32_t *types, int length, int count, float *out",
    "net, ids, mask, types, length, count, out",
)
"""What net_run takes, and passes on."""


def _words(program: Program, summary: str, prefix: str) -> dict[str, str]:
    channels, height, width = program.image
    takes, gives = _TAKES if program.ids is None else _TAKES_IDS
    ids = program.ids or TextIds((), 0, 0, 0, None)
    return {
        "WORDS": str(ids.words),
        "TYPES": str(ids.types),
        "NEVER": str(-1 if ids.never is None else ids.never),
        "PAD": str(ids.pad),
        "RUN_TAKES": takes,
        "RUN_GIVES": gives,
        "NAME": prefix,
        "SUMMARY": summary,
        "C": str(channels),
        "H": str(height),
        "W": str(width),
        "CLASSES": str(program.result.layout.channels),
        "LAYERS": str(len(program.steps)),
    }


def _filled(name: str, words: Mapping[str, str]) -> str:
    text = (PARTS / name).read_text("utf-8")
    for word, value in words.items():
        text = text.replace(f"@{word}@", value)
    return text


def _part(name: str, seen: set[str]) -> str:
    """A C file to be put into another one, and before it what it includes of our own, each once."""
    seen.add(name)
    lines: list[str] = []
    for line in (PARTS / name).read_text("utf-8").splitlines():
        included = re.fullmatch(r'#include "(.+)"', line)
        if included is None:
            lines.append(line)
        elif included[1] not in seen:
            lines.append(_part(included[1], seen))
    return "\n".join(lines) + "\n"
