"""An encoder without half of its heads and units, beside the dense one in float32 and in int8.

    python benchmarks/smaller_encoder.py [--net FOLDER] [--lengths 32 64 128] [--threads 1] [--seconds 2] [--quick]

The net is MiniLM's shape (6 layers of 384, random weights unless ``--net`` names a folder): how fast it runs does not
depend on them, and what such a net still tells is not asked here. Half of all heads and half of the units between each
block's two layers are pruned by magnitude, cut out, and both nets run one text at a time in ONNX Runtime (and OpenVINO
where it is installed), in float32 and in int8, in turns. int8 of texts is dynamic and needs no pruning: it is what a
user could have instead, so every time stands beside the fastest dense int8 engine's of the same length. The bars: the
smaller net at least 1.2 times as fast as the dense one in the same arithmetic, float32 and int8 alike.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tombola import verbs
from tombola.benching.bench import bench
from tombola.benching.machine import processor
from tombola.benching.result import Measured
from tombola.benching.turns import Plan
from tombola.engines._base import Engine, Setting
from tombola.masks.masks import Masks
from tombola.models.network import Network
from tombola.models.showing import shown_to
from tombola.models.source import Source

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a script, it finds those beside it

from benchmarks.bars import Bar, closing, parsed
from benchmarks.text_speed import shape_of_minilm

DENSE = ("onnxruntime", "openvino")
ENGINES = [f"{smaller}{name}{how}" for smaller in ("", "shrunk:") for name in DENSE for how in ("", ":int8")]


def main() -> int:
    options = arguments()
    with tempfile.TemporaryDirectory() as scratch:
        net = options.net or shape_of_minilm(Path(scratch))
        network = Source.parse({"name": f"hf:{net}", "pool": "mean"}).load(seed=0, num_classes=2).eval()
    masks = halved(network)
    print(f"{processor()}, {options.threads} threads, one text at a time")
    bars = [bar for length in options.lengths for bar in compared(network, masks, length, options)]
    return closing(*bars)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--net", default="", help="a folder with config.json, and weights or none")
    parser.add_argument("--lengths", type=int, nargs="+", default=[32, 64, 128], help="tokens of a text")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each engine at each length")
    return parsed(parser, lengths=[64], seconds=1.0)


def halved(network: Network) -> Masks:
    """Half of the heads, of all of them together, and half of the units of each block."""
    common = {"name": "omp", "sparsity": 0.5}
    heads = verbs.draw(network, {**common, "pattern": "head", "prunable": "attention"})
    units = {**common, "pattern": "channel", "budget": "uniform", "prunable": "re:intermediate"}
    between = verbs.draw(network, units)
    return Masks({**heads.masks, **between.masks})


def compared(network: Network, masks: Masks, length: int, options: argparse.Namespace) -> list[Bar]:
    """A line an engine, and how much faster the smaller net is in each arithmetic."""
    setting = Setting(shown_to(network, length=length), 1, options.threads)
    engines = [Engine.parse(name) for name in ENGINES]
    found = bench(network, masks, engines, setting, plan=Plan(seconds=options.seconds))
    dense = {how: fastest(found.engines, how, smaller=False) for how in ("float32", "int8")}
    for one in found.engines:
        times = ", ".join(f"{dense[how].times.p50 / one.times.p50:.2f} x {how}" for how in dense)
        print(
            f"{length:4} tokens  {one.engine:26} {1000 * one.times.p50:7.2f} ms  {one.bytes / 1e6:6.1f} MB  {times}",
            flush=True,
        )
    return [
        Bar(
            f"smaller in {how}, {length} tokens",
            dense[how].times.p50 / fastest(found.engines, how, smaller=True).times.p50,
            1.2,
        )
        for how in dense
    ]


def fastest(engines: Sequence[Measured], how: str, *, smaller: bool) -> Measured:
    """Of the dense engines, or of those that run the smaller net, in one arithmetic."""
    some = [one for one in engines if one.arithmetic == how and one.uses_zeros == smaller]
    return min(some, key=lambda one: one.times.p50)


if __name__ == "__main__":
    sys.exit(main())
