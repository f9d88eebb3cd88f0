"""Whole transformers, their tickets in stripes, answer as in torch: in C, sanitized, in threads and batches."""

from pathlib import Path

import pytest
import torch
from tests.graphs.encoders import NETS, SIZE, network
from tests.graphs.nets import images
from tests.native.programs import HERE_WIDE, SANITIZED, Machine, answers, difference


@pytest.mark.parametrize(
    "name", ["encoder", *(pytest.param(name, marks=pytest.mark.slow) for name in NETS if name != "encoder")]
)
def test_logits_are_torchs(name: str, tmp_path: Path) -> None:
    made, x = network(name), images(3, SIZE)
    ours = answers(made, x, tmp_path / "net", HERE_WIDE[-1], threads=2, batch=2)
    with torch.no_grad():
        assert difference(ours, made(x)) < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("machine", HERE_WIDE, ids=lambda machine: machine.name)
@pytest.mark.parametrize("name", ["encoder", "swin"])
def test_sanitizers_find_nothing(name: str, machine: Machine, tmp_path: Path) -> None:
    machine.require()
    made, x = network(name), images(3, SIZE)
    ours = answers(made, x, tmp_path / "net", machine, extra=SANITIZED, threads=3, batch=2)
    with torch.no_grad():
        assert difference(ours, made(x)) < 1e-5


@pytest.mark.slow
def test_images_of_no_numbers_are_answered_by_none(tmp_path: Path) -> None:
    made, x = network("encoder"), images(3, SIZE)
    x[1, 2, 3, 4] = torch.nan
    ours = answers(made, x, tmp_path / "net", HERE_WIDE[-1])
    assert ours.isnan().all(1).tolist() == [False, True, False]
