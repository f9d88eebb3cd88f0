"""What is no number stays none, and what is infinite is what torch makes of it: in every kernel, at every width."""

from pathlib import Path
from typing import get_args

import pytest
import torch
from tests.native import small
from tests.native.kernels import SANITIZED, Kernel, aligned, flags_of, library, pointer, some_widths
from torch import Tensor, nn
from torch.nn import functional as F

from tombola.exporters._masked import masked
from tombola.graphs.activations import ACTIVATIONS
from tombola.graphs.interpret import interpret
from tombola.graphs.ops import Activation, Conv
from tombola.masks.budgets._base import Budget
from tombola.masks.drawing import draw_masks
from tombola.masks.patterns._base import Pattern
from tombola.models.inputs.pixels import Normalise
from tombola.models.network import Network
from tombola.native.choosing import Choice
from tombola.native.folder import Values, prepared, write_folder
from tombola.native.layout import Layout
from tombola.native.loading import load
from tombola.native.packed import ACTIVATIONS as NUMBERS
from tombola.native.packing import pack
from tombola.native.targets import TARGETS, cpu_features

NAN, INF = float("nan"), float("inf")
RUN = [name for name in ("avx512", "avx2", "sse", "plain") if set(TARGETS[name].needs) <= cpu_features()]
SPECIAL = [NAN, INF, -INF, 0.0, -0.0, 1e30, -1e30, 88.0, -88.0, 100.0, -100.0, 6.5, -3.5, 0.7, -0.7]
CALLS = """void act(const float *from, float *to, int count, int kind) {
    activate_floats(from, to, (size_t)count, kind); }"""


def same(ours: Tensor, theirs: Tensor) -> bool:
    """Whether numbers are near, and everything else is the same."""
    return torch.allclose(ours, theirs.float(), rtol=1e-4, atol=1e-6, equal_nan=True)


@pytest.mark.parametrize("width", some_widths())
@pytest.mark.parametrize("kind", get_args(Activation))
def test_activations_of_what_is_no_number_are_torchs(width: int, kind: Activation) -> None:
    given = aligned(3 * len(SPECIAL))  # whole vectors of each width, and a rest
    given[:] = SPECIAL * 3
    result = aligned(len(given))
    flags = (*flags_of(width), *SANITIZED, "-Wno-unused-function")
    library("ops.h", (), CALLS, flags).act(pointer(given), pointer(result), len(given), NUMBERS.index(kind))
    # in float64, which torch computes itself: of float32 some processors' oneDNN makes gelu(inf) no number
    assert same(torch.from_numpy(result), ACTIVATIONS[kind](torch.from_numpy(given).double()))


WAYS: tuple[tuple[Choice, Activation | None], ...] = (
    (Choice(1, 2, "map", 9, 3, by_rows=True), "relu"),
    (Choice(4, 2, "rows", 5, 2, by_rows=True), "relu6"),
    (Choice(4, 2, "columns", 5, 3, by_rows=False), "relu"),
    (Choice(8, 1, "phases", 5, 2, by_rows=True), "hardswish"),
)
"""Tiles of whole vectors and of a rest, in the output at once and by way of sums, with one block of inputs and two."""


@pytest.mark.parametrize("width", some_widths())
def test_wrong_pixels_reach_what_a_convolution_makes_of_them(width: int) -> None:
    weight = torch.randn(8, 3, 3, 3, generator=torch.Generator().manual_seed(0))
    image = torch.randn(3, 9, 14, generator=torch.Generator().manual_seed(1))
    image[1, 4, 5], image[2, 2, 12] = NAN, INF
    inp, out = Layout(3, 9, 14, 1), Layout(8, 9, 14, 1)
    plain = F.conv2d(image[None], weight, padding=1)[0]
    for choice, kind in WAYS:
        conv = Conv(weight, None, padding=(1, 1, 1, 1), activation=kind)
        found = Kernel(pack(conv, inp, out, choice), flags_of(width)).conv(image.numpy(), inp, out)
        assert same(torch.from_numpy(found), ACTIVATIONS[kind](plain) if kind else plain), (choice, kind)


class Mixed(nn.Module):
    """Every operation between two maps, one beside the other, and the pixels as logits: nothing is averaged away."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU())
        self.pools = nn.ModuleList(
            [nn.MaxPool2d(3, 2, 1), nn.MaxPool2d(2, 2), nn.AvgPool2d(2), nn.AdaptiveAvgPool2d(6)]
        )
        self.gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(4, 4, 1), nn.Sigmoid())
        self.kinds = nn.ModuleList([nn.ReLU6(), nn.SiLU(), nn.Hardswish(), nn.Hardsigmoid()])

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        maps = [kind(pool(x)) for pool, kind in zip(self.pools, self.kinds, strict=True)]
        return torch.cat([*maps, self.gate(x) * maps[0]], 1).flatten(1)


def network() -> Network:
    return Network(Mixed(), Normalise([0.4] * 3, [0.3] * 3), source="mixed").eval()


def images() -> Tensor:
    """One of numbers alone, and each of what is none in a pixel of its own."""
    x = torch.rand(4, 3, 12, 12, generator=torch.Generator().manual_seed(3))
    for number, wrong in enumerate((NAN, INF, -INF), start=1):
        x[number, number - 1, 5, 2 * number] = wrong
    return x


@pytest.mark.parametrize("target", [RUN[0], *(pytest.param(more, marks=pytest.mark.slow) for more in RUN[1:])])
def test_logits_are_wrong_where_torchs_are(target: str, tmp_path: Path) -> None:
    made, x = network(), images()
    write_folder(made, (3, 12, 12), tmp_path / "net", target=target)
    with load(tmp_path / "net", batch=2, threads=2) as net, torch.no_grad():
        ours, theirs = net(x), made(x)
    assert [0 < int(row.isfinite().sum()) < row.numel() for row in theirs] == [False, True, True, True]
    assert same(ours, theirs)


def test_the_graph_is_wrong_where_torch_is() -> None:
    made, x = network(), images()
    with torch.no_grad():
        assert same(interpret(prepared(made, (3, 12, 12)), x), made(x))


@pytest.mark.parametrize(
    ("pattern", "values"),
    [
        ("stripe:4", "float32"),
        *(pytest.param(*more, marks=pytest.mark.slow) for more in (("element", "int8"), ("stripe:4", "float16"))),
    ],
)
def test_a_tickets_logits_are_no_numbers_where_torchs_are_none(pattern: str, values: Values, tmp_path: Path) -> None:
    made = small.network().copy()
    weights = {f"{name}.weight": layer.weight for name, layer in made.body.named_modules() if type(layer) is nn.Conv2d}
    masks = draw_masks(weights, 0.5, pattern=Pattern.parse(pattern), budget=Budget.parse("uniform"))
    x = small.images(3)
    x[1, 2, 3, 4], x[2, 0, 0, 0] = NAN, -INF
    write_folder(masked(made, masks), small.SIZE, tmp_path / "net", target=RUN[0], values=values)
    with load(tmp_path / "net") as net, torch.no_grad():
        ours, theirs = net(x), masked(made, masks)(x)
    assert torch.equal(ours.isfinite(), theirs.isfinite())
    assert theirs.isnan().all(1).tolist() == [False, True, True]
