"""Random small nets with random tickets answer as in torch, under sanitizers, on every back end that can run."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.native.programs import ELSEWHERE, HERE_WIDE, SANITIZED, Machine, answers, difference, program, run
from tests.native.random_nets import networks
from tests.native.small import SIZE, network

from tombola.models.network import Network
from tombola.native.folder import write_folder

SLOW = settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),  # a compilation an example: shrinking would take an hour
)
TOLERATED = 1e-4


def check(
    machine: Machine, network: Network, size: tuple[int, int, int], shape: tuple[int, int], extra: tuple[str, ...]
) -> None:
    """The exported net's answers are torch's, for three images on so many threads with such a batch."""
    x = torch.rand(3, *size)
    threads, batch = shape
    with TemporaryDirectory() as work, torch.no_grad():
        ours = answers(network, x, Path(work) / "net", machine, extra=extra, threads=threads, batch=batch)
        assert difference(ours, network(x)) < TOLERATED


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("machine", HERE_WIDE, ids=lambda machine: machine.name)
@SLOW
@given(drawn=networks(), threads=st.integers(1, 3), batch=st.integers(1, 3))
def test_here_under_address_and_undefined_behaviour_sanitizers(
    machine: Machine, drawn: tuple[Network, tuple[int, int, int]], threads: int, batch: int
) -> None:
    machine.require()
    check(machine, *drawn, (threads, batch), SANITIZED)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("machine", ELSEWHERE, ids=lambda machine: machine.name)
@settings(SLOW, max_examples=6)
@given(drawn=networks(), threads=st.integers(1, 2))
def test_on_other_processors_under_an_emulator(
    machine: Machine, drawn: tuple[Network, tuple[int, int, int]], threads: int
) -> None:
    machine.require()
    check(machine, *drawn, (threads, 2), ())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("theirs", "planted"),
    [
        ("+ numbers * sizeof(float);", "+ numbers * sizeof(float) / 2;"),
        ("#define NET_RESULT ((size_t)", "#define NET_RESULT ((size_t)200 + (size_t)"),
    ],
    ids=["an arena that is too small", "a result read behind it"],
)
def test_the_sanitizers_see_a_planted_overrun(theirs: str, planted: str, tmp_path: Path) -> None:
    machine, x = HERE_WIDE[-1], torch.rand(1, *SIZE)
    source = write_folder(network(), SIZE, tmp_path / "net")[1]
    assert source.name == "net.c"
    assert source.read_text().count(theirs) == 1
    source.write_text(source.read_text().replace(theirs, planted))
    made = program(source.parent, machine, SANITIZED)
    with pytest.raises(AssertionError, match="AddressSanitizer: heap-buffer-overflow"):
        run(machine, made, x, threads=1, batch=1)
