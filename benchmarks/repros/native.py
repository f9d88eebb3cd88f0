"""Native C: NaN stays NaN, a folder that is not as it was written is one error, layer names are escaped."""

import math
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from benchmarks.repros.finding import expect, finding
from torch import nn

from tombola.errors import TombolaError
from tombola.models.network import Network
from tombola.models.source import Source
from tombola.native.folder import write_folder
from tombola.native.loading import load
from tombola.native.tables import comment

SIZE = (3, 12, 12)


def exported(folder: Path) -> Path:
    """A small net in plain C, built."""
    network = Source.parse({"name": "resnet8", "width": 0.25}).load(num_classes=4, seed=0).eval()
    write_folder(network, SIZE, folder / "net", target="plain")
    load(folder / "net").close()
    return folder / "net"


@finding("F3", "a NaN pixel gives NaN in C")
def nan_is_nan(folder: Path) -> str:
    """One pixel of one image."""
    images = np.full((2, *SIZE), 0.5, np.float32)
    images[1, 0, 3, 4] = math.nan
    with load(exported(folder)) as net:
        logits = net(images)
    expect(np.isfinite(logits[0]).all(), "the whole image has logits")
    expect(np.isnan(logits[1]).all(), f"logits of the other are {logits[1]}")
    return "all logits of that image are NaN"


SPOILED: dict[str, tuple[str, Callable[[bytes], bytes] | None]] = {
    "an empty net.dat": ("net.dat", lambda _: b""),
    "no net.dat": ("net.dat", None),
    "a bit of net.dat": ("net.dat", lambda raw: raw[:-100] + bytes([raw[-100] ^ 1]) + raw[-99:]),
    "half of net.json": ("net.json", lambda raw: raw[: len(raw) // 2]),
    "five classes": ("net.json", lambda raw: raw.replace(b'"classes": 4', b'"classes": 5')),
    "a foreign prefix": ("net.json", lambda raw: raw.replace(b'"prefix": "net"', b'"prefix": "ten"')),
    "no net.c": ("net.c", None),
    "another net.c": ("net.c", lambda raw: raw.replace(b"NET_SLOT ((size_t)", b"NET_SLOT ((size_t)1", 1)),
}


@finding("F6", "a native folder that is not as it was written is refused")
def spoiled_folders(folder: Path) -> str:
    """Each spoiled in one way."""
    whole = exported(folder)
    for number, (what, (name, change)) in enumerate(SPOILED.items()):
        copy = Path(shutil.copytree(whole, folder / str(number)))
        raw = (copy / name).read_bytes()
        (copy / name).unlink()
        if change is not None:
            expect(change(raw) != raw, f"{what} is a change")
            (copy / name).write_bytes(change(raw))
        try:
            load(copy).close()
        except TombolaError:
            continue
        raise AssertionError(f"{what} is taken")
    return f"{len(SPOILED)} refused: {', '.join(SPOILED)}"


@finding("F14", "a layer's name cannot end a comment in C")
def names_in_comments(folder: Path) -> str:
    """The source is looked over by the compiler."""
    name = "*/ #error ??/\n größe"
    body = nn.Sequential()
    body.add_module(name, nn.Conv2d(3, 2, 3))
    body.add_module("flat", nn.Flatten())
    body.add_module("head", nn.Linear(200, 2))
    with torch.no_grad():
        source = write_folder(Network(body, source="named").eval(), SIZE, folder / "net", target="plain")[1]
    done = subprocess.run(["cc", "-std=gnu11", "-fsyntax-only", str(source)], capture_output=True, check=False)
    expect(done.returncode == 0, f"the compiler refuses it: {done.stderr[:200]!r}")
    expect(source.read_bytes().isascii(), "net.c is ASCII")
    return f"written as {comment(name)}"
