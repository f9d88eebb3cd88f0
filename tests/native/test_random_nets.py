"""Random small nets with random tickets answer as in torch, under sanitizers, on every back end that can run."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.native.programs import ELSEWHERE, HERE_WIDE, SANITIZED, Machine, answers, difference
from tests.native.random_nets import networks

from tombola.models.network import Network

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
