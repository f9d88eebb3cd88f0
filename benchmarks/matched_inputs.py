"""What matching input channels before cells are cut would keep: is a permutation of them worth its trouble?

    python benchmarks/matched_inputs.py FILE [FILE ...] [--quick]

Blocks of 1x4 prune four input channels at a time, neighbours as they are. Were the channels put beside those that are
large in the same places (what ``order=matched`` does with output channels), blocks would keep more of the magnitude,
and the layer before would undo the order for free. Printed is the share of the magnitude of all 3x3 and linear layers
of each file that 50, 80 and 90 % sparsity keep of single weights, of blocks of neighbours, and of matched blocks; and
how much of the gap between the first two matching closes. The bar: at most a quarter at 80 %; for a net where it is
more the permutation should be built (docs/decisions/0024). Without a file, a ResNet-18 with random weights, which
have nothing to match by.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import torch
import torchvision
from torch import Tensor

from tombola.masks.patterns._matching import matched
from tombola.models.readers import read_weights

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, it finds those beside it

from benchmarks.bars import Bar, closing, parsed

SPARSITIES: Final = (0.5, 0.8, 0.9)
CELL: Final = 4
BAR: Final = 0.25


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="weights: .safetensors, .npz, .pth, ...")
    options = parsed(parser)
    most = max(shown(name, weights) for name, weights in nets(options.files))
    return closing(Bar("of the gap to single weights closed at 80 %", most, BAR, at_most=True))


def nets(files: list[Path]) -> Iterator[tuple[str, list[Tensor]]]:
    """The layers of each, as (outputs, inputs, positions)."""
    if not files:
        torch.manual_seed(0)
        yield "resnet18, random weights", layers(torchvision.models.resnet18(weights=None).state_dict())
    yield from ((file.name, layers(read_weights(file))) for file in files)


def layers(weights: dict[str, Tensor]) -> list[Tensor]:
    """Those whose inputs are whole cells, and more than one; tables of words and 1x1 convolutions are left out."""
    wide = [weight for name, weight in weights.items() if weight.ndim in (2, 4) and "embedding" not in name]
    flat = [weight.reshape(*weight.shape[:2], -1).abs().float() for weight in wide]
    return [one for one in flat if one.shape[1] % CELL == 0 and one.shape[1] > CELL and min(one.shape[:2]) >= 16]


def shown(name: str, weights: list[Tensor]) -> float:
    """The table of a net; how much of the gap matched blocks close at 80 %."""
    print(f"{name}: {len(weights)} layers\n sparsity  single weights  neighbours  matched  of the gap closed")
    orders = [matched(weight.transpose(0, 1).flatten(1), CELL) for weight in weights]
    all_of = sum(float(weight.sum()) for weight in weights)
    found = {}
    for sparsity in SPARSITIES:
        single = sum(kept(weight, sparsity) for weight in weights) / all_of
        near = sum(kept(blocks(weight), sparsity) for weight in weights) / all_of
        like = (
            sum(kept(blocks(weight[:, order]), sparsity) for weight, order in zip(weights, orders, strict=True))
            / all_of
        )
        print(f"{sparsity:9.0%} {single:15.3f} {near:11.3f} {like:8.3f} {(like - near) / (single - near):18.0%}")
        found[sparsity] = (like - near) / (single - near)
    return found[0.8]


def blocks(weight: Tensor) -> Tensor:
    """The magnitude of each block of an output, four inputs and a position."""
    outputs, inputs, positions = weight.shape
    return weight.reshape(outputs, inputs // CELL, CELL, positions).sum(2)


def kept(magnitudes: Tensor, sparsity: float) -> float:
    """Of the largest that stay, in one layer."""
    stay = round(magnitudes.numel() * (1 - sparsity))
    return float(magnitudes.flatten().topk(stay).values.sum())


if __name__ == "__main__":
    sys.exit(main())
