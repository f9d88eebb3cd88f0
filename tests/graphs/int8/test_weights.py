"""Rounded weights: near to what they were, zeros where they were, and sums that no instruction overflows."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tombola.graphs.int8.weights import PAIR, SUM, rounded_rows, rounded_weights

FLOATS = st.floats(-1e3, 1e3, width=32)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    weight=arrays.arrays(
        np.float32, st.tuples(st.integers(1, 5), st.integers(1, 7), st.just(2), st.just(1)), elements=FLOATS
    ),
    bias=st.one_of(st.none(), FLOATS),
    entering=st.floats(1e-6, 1e3),
    zero=st.integers(0, 254),
)
def test_no_input_overflows_16_bits_of_a_pair_or_32_of_a_sum(
    weight: np.ndarray, bias: float | None, entering: float, zero: int
) -> None:
    given_bias = None if bias is None else torch.full((len(weight),), bias)
    found = rounded_weights(torch.from_numpy(weight), given_bias, entering, zero)
    whole = found.weight.long()
    pairs = torch.cat([whole, whole.new_zeros(len(whole), whole.shape[1] % 2, 2, 1)], 1)
    for sign in (1, -1):
        up = (sign * pairs).clamp_min(0)
        assert (255 * (up[:, 0::2] + up[:, 1::2])).max() <= 255 * PAIR <= 32767
    assert (255 * whole.abs().flatten(1).sum(1) + found.bias.long().abs()).max() <= SUM
    assert not found.weight[torch.from_numpy(weight) == 0].any()


def test_a_channel_keeps_its_own_scale_and_is_within_half_a_step() -> None:
    weight = torch.randn(6, 8, 3, 3, generator=torch.Generator().manual_seed(0)) * torch.logspace(-3, 2, 6).view(
        -1, 1, 1, 1
    )
    found = rounded_weights(weight, None, 0.1, 0)
    steps = found.steps.view(-1, 1, 1, 1)
    assert ((found.weight * steps - weight).abs() <= steps / 2 + 1e-12).all()
    assert (found.weight.abs().flatten(1).amax(1) >= 64).all(), "seven bits at least are used"


def test_the_bias_holds_what_the_zero_of_the_input_adds() -> None:
    weight, bias = torch.tensor([[0.5, -0.25, 0.125]]), torch.tensor([2.0])
    found = rounded_weights(weight, bias, 0.01, 40)
    q = torch.tensor([40.0, 40.0, 40.0])
    assert float(found.weight.float() @ q + found.bias) * float(found.steps) * 0.01 == pytest.approx(2.0, rel=1e-4)


def test_of_no_weights_the_bias_is_left() -> None:
    found = rounded_weights(torch.zeros(2, 4, 1, 1), torch.tensor([3.0, 0.0]), 0.1, 7)
    assert not found.weight.any()
    assert torch.allclose(found.bias * found.steps * 0.1, torch.tensor([3.0, 0.0], dtype=torch.float64), rtol=1e-6)


def test_rows_of_words_are_bytes_of_their_own_step_and_gradients_pass() -> None:
    table = torch.randn(40, 6, generator=torch.Generator().manual_seed(0)) * torch.logspace(-6, 4, 40).unsqueeze(1)
    table[3, 2], table[7] = 0, 0
    table.requires_grad_()
    found, steps = rounded_rows(table)
    whole = (found.double() / steps.double().unsqueeze(1)).detach()
    assert torch.equal(whole.float().round() * steps.unsqueeze(1), found)
    assert whole.abs().amax(1).round().tolist() == [0 if row == 7 else 127 for row in range(40)]
    assert ((found - table).abs() <= 0.5001 * steps.unsqueeze(1)).all()
    assert not found[table == 0].any()
    (gradient,) = torch.autograd.grad(found.sum(), table)
    assert torch.equal(gradient, torch.ones(40, 6))
