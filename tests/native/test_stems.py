"""Stems: two rows at once with fewer products, pooled where they are, against torch and the same in two steps."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.native.graphs import graph, kinds
from torch import Tensor
from torch.nn import functional as F

from tombola.graphs.graph import Graph
from tombola.graphs.interpret import interpret
from tombola.graphs.ops import Concat, Conv, Flatten, Op, Pool, Stem
from tombola.native.folder import layers_of, modelled, programmed, write_program
from tombola.native.loading import Net, load
from tombola.native.stems import with_stems
from tombola.native.targets import TARGETS, cpu_features
from tombola.native.windows import POINTS, mixtures

RUN = [name for name in ("avx512", "avx2", "sse", "plain") if set(TARGETS[name].needs) <= cpu_features()]
SIDES = (31, 38)
CASES = ((7, 6), (5, 4), (8, 3))
"""Rows of the kernel, and channels."""
WINDOWS = Pool("max", (3, 3), (2, 2), (1, 1, 1, 1))


@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_two_sums_of_a_window_follow_from_the_products_at_points(length: int) -> None:
    data, factors = np.random.default_rng(0).random(length + 1), np.random.default_rng(1).random(length)
    how = mixtures(length)
    products = (how.data @ data) * (how.factors @ factors)
    points = [POINTS[number] for number in how.points]
    upper = sum(product for product, point in zip(products, points, strict=True) if point != float("inf"))
    lower = sum(product * min(point, 2.0) for product, point in zip(products, points, strict=True))
    lower -= products[points.index(float("inf"))]  # counted twice above, and once is right
    assert np.allclose([upper, lower], [data[:-1] @ factors, data[1:] @ factors])
    assert len(points) == length + 1


def stem(rows: int = 7, channels: int = 6, **more: object) -> Conv:
    generator = torch.Generator().manual_seed(rows)
    weight = 0.2 * torch.randn(channels, 3, rows, 7, generator=generator)
    bias, padding = torch.randn(channels, generator=generator), (rows // 2, rows // 2, 3, 3)
    return replace(Conv(weight, bias, (2, 2), padding, activation="relu"), **more)  # type: ignore[arg-type]


def pooled(conv: Conv, pool: Pool) -> Graph:
    """A graph of one stem and one pooling of images of 32x32."""
    height, width = F.conv2d(
        F.pad(torch.zeros(1, 3, 32, 32), (*conv.padding[2:], *conv.padding[:2])), conv.weight, stride=conv.stride
    ).shape[2:]
    windows = F.max_pool2d(
        F.pad(torch.zeros(1, 1, height, width), (*pool.padding[2:], *pool.padding[:2])), pool.kernel, pool.stride
    )
    channels, size = len(conv.weight), (windows.shape[2], windows.shape[3])
    return graph(
        (3, 32, 32),
        ("conv", conv, ("x",), (channels, height, width)),
        ("pool", pool, ("conv",), (channels, *size)),
        ("flat", Flatten(), ("pool",), (channels * size[0] * size[1],)),
    )


def test_a_stem_takes_its_pooling_along_and_computes_the_same() -> None:
    plain, x = pooled(stem(), WINDOWS), torch.rand(2, 3, 32, 32)
    found = with_stems(plain)
    assert [type(node.op).__name__ for node in found] == ["Input", "Stem", "Flatten"]
    assert torch.equal(interpret(found, x), interpret(plain, x))


@pytest.mark.parametrize(
    ("kernel", "padding"), [((3, 3), (0, 1, 0, 1)), ((2, 2), (0, 0, 0, 0)), ((5, 3), (2, 2, 1, 1))]
)
def test_other_windows_stay_a_step_of_their_own(kernel: tuple[int, int], padding: tuple[int, int, int, int]) -> None:
    assert kinds(programmed(pooled(stem(), Pool("max", kernel, (2, 2), padding)))) == [
        "enter",
        "stem",
        "pool_max",
        "flatten",
    ]


def test_what_is_pruned_or_no_stem_stays_a_convolution() -> None:
    sparse = stem().weight * (torch.rand(stem().weight.shape) < 0.5)
    for conv in (stem(weight=sparse), stem(stride=(1, 1)), stem(rows=3), stem(activation="gelu")):
        assert kinds(programmed(pooled(conv, WINDOWS)))[1] == "conv"
    assert kinds(programmed(pooled(stem(), WINDOWS), "float16"))[1] == "conv"


def nodes_of(number: int, side: int) -> list[tuple[str, Op, tuple[str, ...], tuple[int, ...]]]:
    """A stem pooled within, and the same one whose map somebody else reads too, so that pooling is a step."""
    rows, channels = CASES[number]
    conv = stem(rows, channels)
    height, width = (side + 2 * (rows // 2) - rows) // 2 + 1, (side + 6 - 7) // 2 + 1
    small = ((height - 1) // 2 + 1, (width - 1) // 2 + 1)
    map_, windows = (channels, height, width), (channels, *small)
    return [
        (f"in{number}", conv, ("x",), map_),
        (f"pooled{number}", WINDOWS, (f"in{number}",), windows),
        (f"a{number}", Flatten(), (f"pooled{number}",), (channels * small[0] * small[1],)),
        (f"by{number}", conv, ("x",), map_),
        (f"pool{number}", WINDOWS, (f"by{number}",), windows),
        (f"b{number}", Flatten(), (f"pool{number}",), (channels * small[0] * small[1],)),
        (f"c{number}", Flatten(), (f"by{number}",), (channels * height * width,)),
    ]


def all_stems(side: int) -> Graph:
    nodes = [node for number in range(len(CASES)) for node in nodes_of(number, side)]
    parts = tuple(f"{which}{number}" for which in "abc" for number in range(len(CASES)))
    sizes = {name: shape[0] for name, _, _, shape in nodes}
    return graph((3, side, side), *nodes, ("all", Concat(), parts, (sum(sizes[part] for part in parts),)))


def built(side: int, folder: Path, target: str, threads: int = 1, batch: int = 1) -> Net:
    program = programmed(all_stems(side))
    if not folder.exists():
        layers = layers_of(program, choose=modelled(target))
        write_program(program, layers, folder, target=target, values="float32")
    return load(folder, extra=("-O1",), threads=threads, batch=batch)


def images(side: int) -> Tensor:
    return torch.rand(3, 3, side, side, generator=torch.Generator().manual_seed(side))


def parts(side: int, logits: Tensor) -> list[Tensor]:
    """What the stems pooled within say, those pooled beside, and the maps."""
    sizes = [sum(node.shape[0] for node in all_stems(side) if node.name[:-1] == which) for which in "abc"]
    return list(torch.split(logits, sizes, 1))


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is built once for all tests."""
    return tmp_path_factory.mktemp("stems")


@pytest.mark.parametrize(
    ("target", "side"),
    [
        (RUN[0], SIDES[0]),
        *(pytest.param(more, side, marks=pytest.mark.slow) for more in RUN for side in SIDES[more == RUN[0] :]),
    ],
)
def test_stems_are_what_torch_computes_and_the_same_bits_in_one_step_and_two(
    target: str, side: int, folders: Path
) -> None:
    x, wanted, folder = images(side), interpret(all_stems(side), images(side)), folders / f"{target}-{side}"
    with (
        built(side, folder, target) as net,
        built(side, folder, target, threads=3, batch=2) as more,
    ):
        assert [layer.kind for layer in net.layers()].count("pool_max") == len(CASES)
        found = net(x)
        assert torch.equal(found, more(x)), "threads and batches change no bit"
    within, beside, _ = parts(side, found)
    assert torch.equal(within, beside)
    assert float((found - wanted).abs().max()) < 1e-5 * float(wanted.abs().max())


def test_what_is_no_number_stays_none_and_no_more_than_a_row_beside_it(folders: Path) -> None:
    x = images(SIDES[0])
    x[1, 2, 15, 8] = float("nan")
    wanted = interpret(all_stems(SIDES[0]), x)
    with built(SIDES[0], folders / f"{RUN[0]}-{SIDES[0]}", RUN[0]) as net:
        found = net(x)
    assert bool(found[wanted.isnan()].isnan().all())
    within, beside, maps = parts(SIDES[0], found)
    assert torch.equal(within.isnan(), beside.isnan())
    assert 0 < int(maps[1].isnan().sum()) <= 2 * int(parts(SIDES[0], wanted)[2][1].isnan().sum())
    same = ~found.isnan()
    assert torch.allclose(found[same], wanted[same], rtol=1e-4, atol=1e-5)
    assert not found[0].isnan().any()
    assert not found[2].isnan().any()


def test_the_program_says_how_a_stem_is_computed() -> None:
    program = programmed(pooled(stem(), WINDOWS))
    assert isinstance(program.steps[1].op, Stem)
    (layer,) = layers_of(program)
    assert (layer.total, layer.survivors) == (6 * 3 * 7 * 7,) * 2
    assert "two rows at once" in layer.choice
