"""Exported nets compiled into programs of their own, for this machine or for another under an emulator."""

import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from tombola.models.network import Network
from tombola.native.folder import Values, write_folder
from tombola.native.targets import TARGETS, cpu_features

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Machine:
    """How a program for it is compiled and run; ``needs`` of this processor, when it runs here."""

    name: str
    compiler: str
    flags: tuple[str, ...]
    emulator: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()

    def require(self) -> None:
        """Skips the test where this cannot be."""
        if not self.emulator and platform.machine() != "x86_64":
            pytest.skip(f"{self.name} is an x86-64 processor and this is {platform.machine()}")
        missing = [tool for tool in (self.compiler, *self.emulator[:1]) if shutil.which(tool) is None]
        if missing:
            pytest.skip(
                f"{self.name} needs {' and '.join(missing)} (Debian: gcc-{{aarch64,riscv64}}-linux-gnu, qemu-user)"
            )
        lacking = [need for need in self.needs if need not in cpu_features()]
        if lacking:
            pytest.skip(f"{self.name}: this processor has no {', '.join(lacking)}")


TILES = Machine("tiles", "gcc", TARGETS["amx"].flags, needs=TARGETS["amx"].needs)
HERE_WIDE = [
    Machine("width 16", "gcc", ("-march=x86-64-v4", "-DNET_WIDTH=16"), needs=("avx512f", "avx512bw")),
    Machine("width 8", "gcc", ("-march=x86-64-v3", "-DNET_WIDTH=8"), needs=("avx2", "fma")),
    Machine("width 4", "gcc", ("-march=x86-64-v2", "-DNET_WIDTH=4"), needs=("sse4_2",)),
    Machine("width 1", "gcc", ("-DNET_WIDTH=1",)),
]
ELSEWHERE = [
    Machine("aarch64", "aarch64-linux-gnu-gcc", ("-static",), ("qemu-aarch64",)),
    Machine(
        "aarch64 with dot products", "aarch64-linux-gnu-gcc", ("-static", "-march=armv8.2-a+dotprod"), ("qemu-aarch64",)
    ),
    Machine("aarch64 with mixed ones", "aarch64-linux-gnu-gcc", ("-static", "-march=armv8.6-a"), ("qemu-aarch64",)),
    Machine("riscv64", "riscv64-linux-gnu-gcc", ("-static",), ("qemu-riscv64",)),
]
SANITIZED = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g1")


def program(folder: Path, machine: Machine, extra: tuple[str, ...] = (), level: str = "-O1") -> Path:
    """``drive.c`` with the net of a folder."""
    made = folder / "drive"
    command = [machine.compiler, "-std=gnu11", level, "-ffp-contract=fast", "-Wall", "-Wextra", "-Werror", "-pthread"]
    sources = [str(folder / "net.c"), str(HERE / "drive.c"), f"-I{folder}"]
    subprocess.run([*command, *machine.flags, *extra, *sources, "-o", str(made), "-lm"], check=True)
    return made


def run(machine: Machine, made: Path, x: Tensor, *, threads: int, batch: int) -> Tensor:
    """What the program says of images (N, C, H, W)."""
    folder = made.parent
    (folder / "images").write_bytes(x.numpy().tobytes())
    command = [*machine.emulator, str(made), str(folder / "net.dat"), str(folder / "images"), str(threads), str(batch)]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    return torch.from_numpy(np.frombuffer(done.stdout, np.float32).reshape(len(x), -1).copy())


def answers(
    network: Network,
    x: Tensor,
    folder: Path,
    machine: Machine,
    *,
    values: Values = "float32",
    extra: tuple[str, ...] = (),
    threads: int = 1,
    batch: int = 1,
) -> Tensor:
    """The exported network's logits of ``x``, by a program for ``machine``."""
    size = (x.shape[1], x.shape[2], x.shape[3])
    write_folder(network, size, folder, values=values)
    return run(machine, program(folder, machine, extra), x, threads=threads, batch=batch)


def difference(ours: Tensor, theirs: Tensor) -> float:
    """The largest, as a part of the largest logit."""
    assert ours.shape == theirs.shape
    return float((ours - theirs).abs().max() / theirs.abs().max().clamp_min(1e-6))
