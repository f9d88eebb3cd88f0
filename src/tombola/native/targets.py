"""`Target`: the kinds of processor that a net is compiled for, and whether this machine is one."""

import platform
import sys
from dataclasses import dataclass

from tombola.errors import RequestError, near
from tombola.machine import cpu_flags


@dataclass(frozen=True)
class Target:
    """``flags`` are GCC's and Clang's; ``machine`` as ``uname -m`` says it, empty for any; ``needs`` as Linux lists.

    ``vector`` is how many floats one has; 0 of the machine at hand. ``tiles``: it multiplies squares of bytes.
    """

    name: str
    flags: tuple[str, ...]
    machine: str = ""
    needs: tuple[str, ...] = ()
    vector: int = 4
    about: str = ""
    tiles: bool = False


TARGETS = {
    target.name: target
    for target in (
        Target("native", (), vector=0, about="the machine that compiles it"),
        Target(
            "amx",
            ("-march=x86-64-v4", "-mavx512vnni", "-mamx-tile", "-mamx-int8"),
            "x86_64",
            ("avx512f", "avx512bw", "avx512vl", "avx512_vnni", "amx_tile", "amx_int8"),
            16,
            "16 floats a vector and tiles of bytes, Intel's servers since 2023",
            tiles=True,
        ),
        Target(
            "avx512", ("-march=x86-64-v4",), "x86_64", ("avx512f", "avx512bw", "avx512vl"), 16, "16 floats a vector"
        ),
        Target("avx2", ("-march=x86-64-v3",), "x86_64", ("avx2", "fma"), 8, "8 floats a vector"),
        Target("sse", ("-march=x86-64-v2",), "x86_64", ("sse4_2",), 4, "4 floats a vector"),
        Target("neon", ("-march=armv8-a",), "aarch64", (), 4, "64-bit Arm, a Raspberry Pi from the 3 on"),
        Target(
            "dotprod",
            ("-march=armv8.2-a+dotprod",),
            "aarch64",
            ("asimddp",),
            4,
            "with products of bytes, a Raspberry Pi 5",
        ),
        Target("riscv", ("-march=rv64gc",), "riscv64", (), 4, "64-bit RISC-V without vectors"),
        Target("plain", ("-DNET_WIDTH=1",), "", (), 1, "any processor, without vectors"),
    )
}


def target(name: str) -> Target:
    """The target called ``name``."""
    if name not in TARGETS:
        known = list(TARGETS)
        raise RequestError(f"unknown target {name!r}{near(name, known)} (there are: {', '.join(known)})")
    return TARGETS[name]


def flags(wanted: Target) -> tuple[str, ...]:
    """The compiler's flags for it; what is native depends on this machine."""
    if wanted.name != "native":
        return wanted.flags
    return ("-mcpu=native",) if platform.machine() in ("aarch64", "arm64") else _native()


def vector(name: str) -> int:
    """Floats of a vector where a net for the target runs: 16, 8, 4 or 1; as c/vectors.h finds them."""
    known = target(name).vector
    if known or platform.machine() not in ("x86_64", "AMD64"):
        return known or 4
    return next((floats for feature, floats in (("avx512f", 16), ("avx", 8)) if feature in cpu_features()), 4)


def tiles(name: str) -> bool:
    """Whether nets in int8 for the target have squares of 16 outputs and 16 cells, which tiles multiply at once."""
    wanted = target(name)
    if wanted.name != "native":
        return wanted.tiles
    return sys.platform == "linux" and {"avx512bw", "amx_tile", "amx_int8"} <= cpu_features()


def check_runs_here(wanted: Target) -> None:
    """Raises `RequestError` unless this machine is what the target asks for."""
    machine = platform.machine().replace("arm64", "aarch64").replace("AMD64", "x86_64")
    if wanted.machine and wanted.machine != machine:
        raise RequestError(
            f"this net was written for {wanted.name} ({wanted.machine}) and this machine is {machine}; take the folder"
            " there, or export with --set target=native to run it here"
        )
    missing = [feature for feature in wanted.needs if feature not in cpu_features()]
    if missing:
        raise RequestError(
            f"this net was written for {wanted.name}, and this processor lacks {', '.join(missing)};"
            " export with --set target=native, or load(folder, target='native')"
        )


def cpu_features() -> frozenset[str]:
    """What Linux says this processor can do; of other systems all that is asked for, and ``net_start`` checks."""
    if sys.platform != "linux":
        return frozenset(need for one in TARGETS.values() for need in one.needs)
    return cpu_flags()


def _native() -> tuple[str, ...]:
    return () if platform.machine().startswith("riscv") else ("-march=native",)
