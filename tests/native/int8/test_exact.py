"""int8 in C is what whole numbers say, bit for bit: random nets with random tickets, on every back end, sanitized."""

import platform
import subprocess
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.native.int8.nets import SLOW, Nets, NormOfChannels, answers, check, networks, on_small_maps, rounded, small
from tests.native.programs import ELSEWHERE, HERE_WIDE, Machine
from tests.native.random_nets import Residual
from torch import nn

from tombola.graphs.int8 import graphing
from tombola.graphs.interpret import interpret
from tombola.models.inputs.pixels import Normalise
from tombola.models.network import Network
from tombola.native.folder import layers_of, write_program
from tombola.native.int8 import choosing
from tombola.native.lowering import lower

NO_SSE = Machine("plain C", "gcc", ("-DNET_WIDTH=4", "-mno-ssse3", "-mno-avx"))


@pytest.fixture(autouse=True)
def whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Linear layers of few weights in int8 too: in float32 they are not exact."""
    monkeypatch.setattr(graphing, "FEW", 0.0)


NETS = pytest.mark.parametrize("nets", [networks, on_small_maps], ids=["any", "dense on small maps"])


@pytest.mark.slow
@pytest.mark.timeout(900)
@NETS
@pytest.mark.parametrize("machine", [*HERE_WIDE, NO_SSE], ids=lambda machine: machine.name)
@SLOW
@given(data=st.data(), threads=st.integers(1, 3), batch=st.integers(1, 3))
def test_random_nets_here(machine: Machine, nets: Nets, data: st.DataObject, threads: int, batch: int) -> None:
    machine.require()
    check(machine, *data.draw(nets()), threads, batch)


@pytest.mark.slow
@pytest.mark.timeout(900)
@NETS
@pytest.mark.parametrize("machine", ELSEWHERE, ids=lambda machine: machine.name)
@settings(SLOW, max_examples=6)
@given(data=st.data(), threads=st.integers(1, 2))
def test_random_nets_on_other_processors_under_an_emulator(
    machine: Machine, nets: Nets, data: st.DataObject, threads: int
) -> None:
    machine.require()
    check(machine, *data.draw(nets()), threads, 2, ())


@pytest.mark.parametrize(
    ("side", "channels", "floats"),
    [
        (7, 63, False),
        pytest.param(2, 63, False, marks=pytest.mark.slow),
        pytest.param(14, 127, False, marks=pytest.mark.slow),
        pytest.param(7, 63, True, marks=pytest.mark.slow),
    ],
    ids=["rows of seven", "all pixels", "halves of a row", "floats"],
)
def test_outputs_in_vectors_say_what_lists_say(
    side: int, channels: int, floats: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    after = NormOfChannels(channels) if floats else nn.ReLU()
    block = Residual(nn.Conv2d(channels, channels, 3, 1, 1), after)
    body = nn.Sequential(nn.Conv2d(3, channels, 3, 1, 1), nn.ReLU(), block)
    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 5))
    network = Network(nn.Sequential(body, head), Normalise([0.4] * 3, [0.3] * 3), source="small").eval()
    x = torch.rand(2, 3, side, side)
    graph = rounded(network, x)
    machine = HERE_WIDE[1]
    machine.require()
    wide = answers(graph, x, tmp_path / "wide", machine, threads=2)
    of_wide = [line for line in written(tmp_path / "wide") if ".wide = cells_wide_" in line]
    assert of_wide
    assert any(".floats = " in line for line in of_wide) is floats
    monkeypatch.setattr(choosing, "_turns", lambda *_: None)
    lists = answers(graph, x, tmp_path / "lists", machine, threads=2)
    assert not any(".wide = cells_wide_" in line for line in written(tmp_path / "lists"))
    assert torch.equal(wide, lists)
    if not floats:  # a norm of floats is near, not exact
        assert torch.equal(wide, interpret(graph, x))


def written(folder: Path) -> list[str]:
    """The lines of a net's C."""
    return (folder / "net.c").read_text("utf-8").splitlines()


@pytest.mark.parametrize(
    "machine",
    [HERE_WIDE[1], pytest.param(HERE_WIDE[-1], marks=pytest.mark.slow)],
    ids=lambda machine: machine.name,
)
def test_a_small_net_of_all_kinds_of_layers(machine: Machine) -> None:
    machine.require()
    check(machine, small(), (3, 37, 41), 2, 2, ())


@pytest.mark.slow
@pytest.mark.parametrize(
    "flags",
    [("-march=x86-64-v4",), ("-march=x86-64-v4", "-mavx512vnni"), ("-march=x86-64-v3", "-mavxvnni")],
    ids=["AVX-512", "AVX-512 with VNNI", "AVX with VNNI"],
)
def test_kernels_for_processors_that_are_not_at_hand_are_assembled(flags: tuple[str, ...], tmp_path: Path) -> None:
    if platform.machine() != "x86_64":
        pytest.skip("of x86-64")
    made = lower(rounded(small(), torch.rand(2, 3, 16, 16)))
    write_program(made, layers_of(made), tmp_path / "net", target="native", values="int8")
    command = ["gcc", "-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", *flags]
    subprocess.run([*command, "-S", str(tmp_path / "net" / "net.c"), "-o", str(tmp_path / "net.s")], check=True)
    subprocess.run([*command, "-c", str(tmp_path / "net.s"), "-o", str(tmp_path / "net.o")], check=True)
    said = (tmp_path / "net.s").read_text("utf-8")
    assert ("vpdpbusd" in said) is any("vnni" in flag for flag in flags)
    assert ("vpmaddubsw" in said) is not any("vnni" in flag for flag in flags)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("machine", "instruction"), list(zip(ELSEWHERE[1:3], ("sdot", "usdot"), strict=True)), ids=["dot products", "mixed"]
)
def test_arms_products_of_bytes_are_used(machine: Machine, instruction: str, tmp_path: Path) -> None:
    machine.require()
    made = lower(rounded(small(), torch.rand(2, 3, 16, 16)))
    write_program(made, layers_of(made), tmp_path / "net", target="neon", values="int8")
    command = [machine.compiler, "-std=gnu11", "-O1", *machine.flags[1:], "-S", str(tmp_path / "net" / "net.c")]
    subprocess.run([*command, "-o", str(tmp_path / "net.s")], check=True)
    assert f"\t{instruction}\t" in (tmp_path / "net.s").read_text("utf-8")


@pytest.mark.slow
def test_what_is_no_number_comes_out_as_none_and_other_images_stay(tmp_path: Path) -> None:
    x = torch.rand(3, 3, 16, 16)
    graph = rounded(small(), x)
    broken = x.clone()
    broken[1, 2, 3, 4] = torch.nan
    found = answers(graph, broken, tmp_path / "net", HERE_WIDE[-1], batch=3)
    assert found[1].isnan().all()
    assert torch.equal(found[[0, 2]], interpret(graph, x)[[0, 2]])


@pytest.mark.parametrize(("behind", "row"), [(nn.MaxPool2d(3, 2, 1), 22), (nn.Conv2d(8, 8, 3, padding=1), 21)])
def test_a_stem_writes_rows_as_long_as_it_reads_where_no_convolution_asks_for_others(
    behind: nn.Module, row: int
) -> None:
    body = nn.Sequential(nn.Conv2d(3, 8, 7, 2, 3), behind, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4))
    graph = rounded(Network(body, source="test").eval(), torch.rand(2, 3, 40, 40))
    (stem,) = (step for step in lower(graph).steps if step.name == "0")
    assert (stem.reads[0].layout.row, stem.writes.layout.row) == (22, row)
