"""What layers of cells should take: counted by hand, fitted to times, and what is known of a machine."""

import shutil
from dataclasses import astuple, replace

import numpy as np
import pytest
import torch
from tests.native.int8.nets import cells_layer as conv

from tombola.graphs.cells import CellConv, CellLinear
from tombola.native.calibration_net import Probe
from tombola.native.expected import OTHERS, expected
from tombola.native.int8.calibrating import calibrated_cells, cell_program, probes
from tombola.native.int8.costing import CellMachine, cell_seconds, fitted, work
from tombola.native.layout import Layout

GIVEN = [Probe(16, 16, 14, kept=kept, cell=4, stripe=stripe) for kept in (0.1, 0.3, 1.0) for stripe in (1, 4)]
MORE = [Probe(8, 32, 14, kernel=1, cell=4), Probe(16, 16, 14, stride=2, cell=4, kept=0.5), Probe(3, 8, 28, 7, 2)]


def test_what_a_layer_meets_is_counted() -> None:
    weight = torch.zeros(8, 128, 1, 1)
    for cell in range(32):
        weight[cell % 8, 4 * cell] = 3
    found = work(conv(weight), Layout(32, 28, 28), Layout(2, 28, 28), 8)
    product, load, survivor, lists, ended, copied, *squares = found.tolist()
    assert (product, load) == (32 * 98, 32 * 98), "32 cells, each in the list of one output, meet 98 vectors"
    assert survivor == 32 * 10
    assert lists == 8 * 10
    assert ended == 8 * 98
    assert (copied, squares) == (0, [0, 0])


def test_shared_cells_are_loaded_once() -> None:
    product, load, *_ = work(conv(torch.ones(8, 8, 1, 1)), Layout(2, 6, 8), Layout(2, 6, 8), 8).tolist()
    assert product == 4 * load == 8 * 2 * 6


def test_outputs_that_lie_in_vectors_meet_every_pixel_once() -> None:
    at = Layout(16, 7, 7, 1)
    layer = replace(conv(torch.ones(64, 64, 3, 3)), padding=(1, 1, 1, 1))
    product, load, survivor, lists, ended, copied, *_ = work(layer, at, at, 16).tolist()
    assert product == 2 * load == 2 * 144 * (32 / 16) * 49, "two lists of 144 cells, 32 outputs are two vectors"
    assert (survivor, lists) == (2 * 144 * 7, 2 * 7), "a row of seven at a time"
    assert (ended, copied) == (64 * 49 / 16, 0)


def test_times_that_follow_the_model_are_fitted() -> None:
    true = CellMachine(product=0.7, load=0.3, survivor=1.0, list=40.0, ended=2.0, copied=5.0)
    steps = [step for step in cell_program([*GIVEN, *MORE]).steps if isinstance(step.op, CellConv)]
    parts = [work(step.op, step.reads[0].layout, step.writes.layout, 8) for step in steps]  # type: ignore[arg-type]
    times = [1e-9 * float(np.dot(part, astuple(true))) for part in parts]
    found = fitted(parts, times, CellMachine())
    modelled = [1e-9 * float(np.dot(part, astuple(found))) for part in parts]
    assert max(abs(one / other - 1) for one, other in zip(modelled, times, strict=True)) < 0.2


def test_fewer_cells_are_never_expected_to_take_longer() -> None:
    machine, generator = CellMachine(), torch.Generator().manual_seed(0)
    alive = torch.rand(32, 8, 3, 3, generator=generator).repeat_interleave(4, 1)
    at = Layout(8, 14, 14, 1)
    made = [replace(conv((alive < kept).float()), padding=(1, 1, 1, 1)) for kept in (0.05, 0.1, 0.2, 0.4)]
    times = [cell_seconds(one, at, at, machine, 8) for one in made]
    assert times == sorted(times)
    assert times[0] < 0.5 * times[-1]


def test_steps_in_int8_are_expected_by_what_is_known() -> None:
    program = cell_program(GIVEN[:1])
    dense = next(step for step in program.steps if isinstance(step.op, CellLinear))
    assert isinstance(dense.op, CellLinear)
    assert expected(dense) == pytest.approx(1e-9 * OTHERS["dots"] * dense.op.weight.numel())
    assert expected(dense, threads=2) == expected(dense) / 2
    assert all(expected(step) > 0 for step in program.steps)


def test_what_is_fitted_and_what_is_judged_are_different_layers() -> None:
    fit, held_out = probes()
    assert not {item.name for item in fit} & {item.name for item in held_out}


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
def test_real_layers_are_timed() -> None:
    found = calibrated_cells(1, ([GIVEN[0], GIVEN[5]], [MORE[0]]))
    assert min(found.coefficients.values()) >= 0
    assert max(found.coefficients.values()) > 0
    assert set(found.others) < set(OTHERS)
    assert (found.fitted, found.held_out) == (2, 1)
