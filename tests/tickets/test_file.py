"""Ticket files: what goes in comes out, in a file that any safetensors reader opens and nothing overwrites."""

import math
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from tests.tickets.samples import LINEAGE, same_bits, ticket

from tombola.errors import DiskError, TicketError
from tombola.masks.masks import Masks
from tombola.tickets.table import summarise
from tombola.tickets.ticket import Lineage, Ticket

SHAPES = st.lists(st.lists(st.integers(0, 5), max_size=4).map(tuple), min_size=0, max_size=4)
ODD = [math.nan, math.inf, -math.inf, -0.0, 1e-45, -1e-40, 3.4e38]


def _drawn(shapes: list[tuple[int, ...]], density: float, seed: int, dtype: torch.dtype) -> Ticket:
    generator = torch.Generator().manual_seed(seed)
    weights = {f"t{i}": torch.randn(shape, generator=generator).to(dtype) for i, shape in enumerate(shapes)}
    for weight in weights.values():
        flat = weight.view(-1)
        flat[: len(ODD)] = torch.tensor(ODD, dtype=dtype)[: flat.numel()]
    kept = {name: torch.rand(weight.shape, generator=generator) < density for name, weight in weights.items()}
    masked = {name: weight.masked_fill(~kept[name], 0) for name, weight in weights.items()}
    return Ticket(Masks(kept), LINEAGE, masked)


@given(
    SHAPES, st.sampled_from([0.0, 0.05, 0.5, 1.0]), st.integers(0, 99), st.sampled_from([torch.float32, torch.float64])
)
@settings(deadline=None)
def test_survivors_return_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory,
    shapes: list[tuple[int, ...]],
    density: float,
    seed: int,
    dtype: torch.dtype,
) -> None:
    made = _drawn(shapes, density, seed, dtype)
    read = Ticket.load(made.save(tmp_path_factory.mktemp("t") / "x.ticket"))
    assert read.masks == made.masks
    assert read.lineage == made.lineage
    assert made.weights is not None
    assert read.weights is not None
    assert read.weights.keys() == made.weights.keys()
    assert all(same_bits(read.weights[name], weight) for name, weight in made.weights.items())


def test_nan_payloads_return(tmp_path: Path) -> None:
    odd = torch.from_numpy(np.frombuffer(struct.pack("<3I", 0x7F800001, 0xFFC12345, 0x80000000), "<f4").copy())
    made = Ticket(Masks({"w": torch.tensor([True, True, True])}), Lineage(), {"w": odd})
    read = Ticket.load(made.save(tmp_path / "x.ticket"))
    assert read.weights is not None
    assert same_bits(read.weights["w"], odd)


@pytest.mark.parametrize("keep_values", [False, True])
def test_both_kinds_return_and_are_the_same_bytes_each_time(tmp_path: Path, *, keep_values: bool) -> None:
    made = ticket(keep_values=keep_values)
    first, second = made.save(tmp_path / "a.ticket"), made.save(tmp_path / "b.ticket")
    read = Ticket.load(first)
    assert (read.kind, read.masks, read.lineage) == (made.kind, made.masks, made.lineage)
    assert first.read_bytes() == second.read_bytes() == read.save(tmp_path / "c.ticket").read_bytes()


@pytest.mark.parametrize(("values", "dtype"), [("float16", torch.float16), ("bfloat16", torch.bfloat16)])
def test_survivors_round_to_nearest_and_the_rest_stays_exact(tmp_path: Path, values: str, dtype: torch.dtype) -> None:
    made = ticket(keep_values=True)
    read = Ticket.load(made.save(tmp_path / "x.ticket", values))
    assert made.weights is not None
    assert read.weights is not None
    for name, weight in made.weights.items():
        expected = weight.to(dtype).to(weight.dtype) if name in made.masks else weight
        assert same_bits(read.weights[name], expected), name
    assert summarise(tmp_path / "x.ticket").values == values


def test_a_weight_too_large_for_float16_stops_the_saving(tmp_path: Path) -> None:
    made = Ticket(Masks({"w": torch.ones(2, dtype=torch.bool)}), Lineage(), {"w": torch.tensor([1.0, 7e4])})
    with pytest.raises(TicketError, match="w: a weight is too large for float16; save with values='float32'"):
        made.save(tmp_path / "x.ticket", "float16")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("dtype", [torch.int64, torch.int8, torch.uint8, torch.bool, torch.bfloat16, torch.float16])
def test_other_dtypes_return(tmp_path: Path, dtype: torch.dtype) -> None:
    value = torch.tensor([[0, 1, 1], [1, 0, 1]]).to(dtype)
    made = Ticket(Masks({"w": value != 0}), Lineage(), {"w": value, "beside": value, "count": value[0, 1]})
    read = Ticket.load(made.save(tmp_path / "x.ticket"))
    assert made.weights is not None
    assert read.weights is not None
    assert all(same_bits(read.weights[name], weight) for name, weight in made.weights.items())


def test_any_safetensors_reader_opens_it(tmp_path: Path) -> None:
    made = ticket(keep_values=True)
    with safe_open(made.save(tmp_path / "x.ticket"), "pt") as file:
        metadata = file.metadata()
        survivors = file.get_tensor("kept:conv.weight")
        assert set(file.keys()) >= {"masks", "kept:head.weight", "whole:bn.running_mean", "whole:head.bias"}
    assert (metadata["format"], metadata["version"], metadata["kind"]) == ("tombola-ticket", "1", "self-contained")
    assert made.weights is not None
    assert torch.equal(survivors, made.weights["conv.weight"][made.masks["conv.weight"]])


def test_masks_of_a_pattern_are_coded_at_its_size(tmp_path: Path) -> None:
    kernels = torch.rand(64, 64, 1, 1, generator=torch.Generator().manual_seed(0)) < 0.2
    Ticket(Masks({"w": kernels.expand(64, 64, 3, 3)}), Lineage()).save(tmp_path / "x.ticket")
    found = summarise(tmp_path / "x.ticket")
    assert found.mask_bytes is not None
    assert found.mask_bytes < 1.03 * found.bound_bytes / 9 + 8
    assert Ticket.load(tmp_path / "x.ticket").masks["w"].equal(kernels.expand(64, 64, 3, 3))


def test_a_file_is_not_replaced_unless_told(tmp_path: Path) -> None:
    path = ticket(keep_values=False).save(tmp_path / "x.ticket")
    before = path.read_bytes()
    with pytest.raises(TicketError, match="exists already"):
        ticket(keep_values=True).save(path)
    assert path.read_bytes() == before
    ticket(keep_values=True).save(path, overwrite=True)
    assert Ticket.load(path).kind == "self-contained"
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = ticket(keep_values=False).save(tmp_path / "x.ticket")
    before = path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(DiskError, match=r"x.ticket: cannot be written: No space left on device; free some space"):
        ticket(keep_values=True).save(path, overwrite=True)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_wrong_requests_are_explained(tmp_path: Path) -> None:
    made = ticket(keep_values=True)
    with pytest.raises(TicketError, match="values='fp8': survivors are kept as one of float32, float16, bfloat16"):
        made.save(tmp_path / "x.ticket", "fp8")
    with pytest.raises(TicketError, match="there is no folder"):
        made.save(tmp_path / "none" / "x.ticket")
    with pytest.raises(TicketError, match="exists already"):
        made.save(tmp_path, overwrite=True)
    complex_weights = {"w": torch.zeros(1, dtype=torch.complex64)}
    with pytest.raises(TicketError, match=r"w: tickets do not hold torch\.complex64"):
        Ticket(Masks({}), Lineage(), complex_weights).save(tmp_path / "x.ticket")


@pytest.mark.slow
def test_a_whole_resnet18_is_near_its_bound_and_under_the_limit(tmp_path: Path) -> None:
    sizes = [9_408, *[36_864] * 4, 73_728, *[147_456] * 3, 8_192, 294_912, *[589_824] * 3, 32_768, 1_179_648]
    sizes += [*[2_359_296] * 3, 131_072]
    generator = torch.Generator().manual_seed(0)
    drawn = {f"layer{i // 4}.{i}.conv.weight": torch.rand(n, generator=generator) < 0.1 for i, n in enumerate(sizes)}
    made = Ticket(Masks(drawn), LINEAGE)
    size = made.save(tmp_path / "x.ticket").stat().st_size
    assert made.masks.total == 11_166_912
    assert size <= 1.01 * made.summary().bound_bytes
    assert size <= 700_000
    assert Ticket.load(tmp_path / "x.ticket").masks == made.masks


def _padded(length: int) -> Ticket:
    return Ticket(Masks({}), Lineage(extra={"pad": "x" * length}))


def _header_bytes(path: Path) -> int:
    return int.from_bytes(path.read_bytes()[:8], "little")


@pytest.fixture(scope="module")
def least(tmp_path_factory: pytest.TempPathFactory) -> int:
    """The bytes of the header of a ticket without padding."""
    return _header_bytes(_padded(0).save(tmp_path_factory.mktemp("t") / "x.ticket"))


@pytest.mark.parametrize("turn", [0, 2**16])
@pytest.mark.parametrize("beginning", [0x0280, 0x0380, 0x0480, 0x0580])
def test_a_header_as_long_as_a_pickle_begins_is_a_ticket_all_the_same(
    tmp_path: Path, least: int, turn: int, beginning: int
) -> None:
    made = _padded(turn + beginning - least)
    path = made.save(tmp_path / "x.ticket")
    assert path.read_bytes()[:2] == beginning.to_bytes(2, "little"), "the file begins as a pickle does"
    assert Ticket.load(path).lineage == made.lineage


@given(st.integers(0, 70_000))
@settings(deadline=None)
def test_whatever_is_saved_can_be_loaded(tmp_path_factory: pytest.TempPathFactory, length: int) -> None:
    made = _padded(length)
    assert Ticket.load(made.save(tmp_path_factory.mktemp("t") / "x.ticket")).lineage == made.lineage
