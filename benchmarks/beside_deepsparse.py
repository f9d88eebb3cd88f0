"""Single weights in float32 beside DeepSparse 1.8.0, the other engine that skips zeros on a PC.

    python benchmarks/beside_deepsparse.py --python PYTHON [--net resnet18] [--sparsity 0.8 0.9 0.95] [--pin] [--quick]

PYTHON is a Python 3.10 with that package, installed for this script alone (``pip install deepsparse==1.8.0``; its
licence lets it be measured). It ended with that release. Nets of torchvision at 224x224 with random weights, pruned
uniformly in single weights, stem and head dense: the zeros decide the time, not the values. Both run the same ticket on
one thread, one image at a time, DeepSparse from an ONNX file of a fixed batch, which is its best case. They take turns
of a fifth of a second, each in a process of its own; printed are the medians of a run's time. Logits of both are held
against torch's. The bar: 1.15 times as fast as DeepSparse at every sparsity.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a script, it finds those beside it

from benchmarks.bars import Bar, closing, parsed
from benchmarks.native import NETS, SIDE

from tombola.benching.machine import processor
from tombola.engines._base import Engine, Setting, Subject
from tombola.exporters._masked import masked
from tombola.masks.budgets._base import Budget
from tombola.masks.drawing import draw_masks
from tombola.masks.masks import Masks
from tombola.masks.patterns._base import Pattern
from tombola.models.network import Network
from tombola.models.prunable import prunable
from tombola.models.source import Source
from tombola.shown import ShownImages

WORKER: Final = Path(__file__).with_name("deepsparse_worker.py")
ROUNDS: Final = 12


class Timed:
    """A process that runs a net, and what its turns took: seconds a run."""

    def __init__(self, command: Sequence[str | Path]) -> None:
        self._process = subprocess.Popen(
            [*map(str, command)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.taken: list[float] = []
        self.logits = np.array([*map(float, self._answer().split())], np.float32)

    def turn(self, seconds: float) -> None:
        """Runs for so long."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{seconds}\n")
        self._process.stdin.flush()
        self.taken += map(float, self._answer().split())

    def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _answer(self) -> str:
        """What the process says behind its mark, whatever else is printed before."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("> "):
                return line[2:]
        raise SystemExit(f"{self._process.args!r} ended; run it by hand to see why")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", required=True, help="a Python 3.10 that has deepsparse 1.8.0")
    parser.add_argument("--net", default="resnet18", choices=list(NETS))
    parser.add_argument("--sparsity", nargs="+", type=float, default=[0.8, 0.9, 0.95])
    parser.add_argument("--seconds", type=float, default=0.2, help="a turn")
    parser.add_argument("--pin", action="store_true", help="bind both to the first core")
    options = parsed(parser, sparsity=[0.9])
    torch.set_num_threads(1)
    print(f"{processor()}; torch {torch.__version__}; {options.net}, one thread, batch 1", flush=True)
    network = Source.parse(f"torchvision:{options.net}").load(seed=0).eval()
    bars = []
    for sparsity in options.sparsity:
        with tempfile.TemporaryDirectory() as place:
            bars += compared(network, sparsity, Path(place), options)
    return closing(*bars)


def compared(network: Network, sparsity: float, place: Path, options: argparse.Namespace) -> list[Bar]:
    """Both on the ticket of one sparsity, printed; the bar."""
    weights = prunable(network.body, NETS[options.net])
    pattern, budget = Pattern.parse("element"), Budget.parse("uniform")
    masks = draw_masks(weights, sparsity, pattern=pattern, budget=budget)
    images = torch.rand(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    np.save(place / "images.npy", images.numpy())
    expected = masked(network, masks)(images).detach().numpy()[0]
    pinned = ["taskset", "-c", "0"] if options.pin else []
    commands = {
        "deepsparse": [*pinned, options.python, WORKER, "deepsparse", onnx_of(network, masks, place), place],
        "native": [*pinned, sys.executable, WORKER, "native", native_of(network, masks, place), place],
    }
    found = {name: Timed(command) for name, command in commands.items()}
    for _ in range(ROUNDS):
        for one in found.values():
            one.turn(options.seconds)
    ms = {name: 1e3 * statistics.median(one.taken) for name, one in found.items()}
    for name, one in found.items():
        one.end()
        off = np.abs(one.logits - expected).max() / np.abs(expected).max()
        print(f"  {name:12} {sparsity:4.0%} {ms[name]:8.3f} ms  off by {off:.0e}", flush=True)
    return [Bar(f"{sparsity:.0%}: times DeepSparse", ms["deepsparse"] / ms["native"], 1.15)]


def onnx_of(network: Network, masks: Masks, place: Path) -> Path:
    """The ticket as a file that so old an engine reads."""
    file = place / "net.onnx"
    torch.onnx.export(
        masked(network, masks).eval(), (torch.rand(1, 3, SIDE, SIDE),), str(file), opset_version=13, dynamo=False
    )
    return file


def native_of(network: Network, masks: Masks, place: Path) -> Path:
    """The folder that the engine runs."""
    folder = place / "native"
    folder.mkdir()
    Engine.parse("native").prepare(Subject(network, masks, Setting(ShownImages((3, SIDE, SIDE)), 1, 1)), folder)
    return folder / "net"


if __name__ == "__main__":
    sys.exit(main())
