"""The streams of survivors, and which channels come together."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tombola.graphs.ops import Conv
from tombola.native.choosing import Choice, Machine, candidates, chosen, cost, lists_of, seconds
from tombola.native.layout import Layout
from tombola.native.packing import pack
from tombola.native.sharing import rows_of


def random_conv(kept: float, stripe: int = 1, channels: int = 64, kernel: int = 3) -> Conv:
    generator = torch.Generator().manual_seed(0)
    alive = torch.rand(channels // stripe, channels, kernel, kernel, generator=generator) < kept
    weight = torch.randn(channels, channels, kernel, kernel, generator=generator)
    return Conv(weight * alive.repeat_interleave(stripe, 0), None, padding=(kernel // 2,) * 4)


def test_a_small_layer_by_hand() -> None:
    weight = torch.zeros(2, 2, 1, 2)
    weight[0, 0, 0, 1], weight[0, 1, 0, 0], weight[1, 1, 0, 1] = 2.0, 3.0, 5.0
    inp, out = Layout(2, 3, 4), Layout(2, 3, 3)
    tables = pack(Conv(weight, None), inp, out, Choice(1, 1, "map", 3, 2, by_rows=True)).tables
    assert tables["values"].tolist() == [2, 3, 5]
    assert tables["counts"].tolist() == [2, 1]
    assert tables["steps"].tolist() == [1, inp.plane - 1, 1], "the second list begins at the last channel"
    tables = pack(Conv(weight, None), inp, out, Choice(2, 1, "map", 3, 1, by_rows=True)).tables
    assert tables["counts"].tolist() == [1, 2], "a block of each channel"
    assert tables["values"].reshape(-1, 2).tolist() == [[2, 0], [3, 0], [0, 5]]


@pytest.mark.parametrize("kept", [0.2, 0.1, 0.05])
def test_a_survivor_takes_little_more_than_a_weight_and_a_step(kept: float) -> None:
    for conv in (random_conv(kept), random_conv(kept, 4)):
        layout = Layout(64, 28, 28, 1)
        packed = pack(conv, layout, layout)
        assert packed.bytes <= 1.15 * 6 * int((conv.weight != 0).sum())


@given(st.integers(1, 12), st.integers(1, 5), st.sampled_from([1, 2, 4]), st.integers(0, 9))
def test_every_channel_stands_in_one_row(channels: int, weights: int, size: int, seed: int) -> None:
    kept = np.random.default_rng(seed).random((channels, weights)) < 0.5
    rows = rows_of(kept, size)
    assert sorted(rows[rows >= 0].tolist()) == list(range(channels))
    assert rows.size - channels < size


def test_channels_that_read_the_same_come_together_wherever_they_are() -> None:
    kept = np.array([[1, 0], [0, 1], [1, 0], [0, 1], [1, 1]], bool)
    assert rows_of(kept, 2).tolist() == [[0, 2], [1, 3], [4, -1]]


def test_stripes_are_computed_together_and_single_weights_are_not() -> None:
    layout = Layout(64, 28, 28, 1)
    assert chosen(random_conv(0.1, 4), layout, layout).block == 4
    assert chosen(random_conv(0.1), layout, layout).block == 1
    assert chosen(random_conv(1.0), layout, layout).block >= 4
    shuffled = random_conv(0.1, 4)
    mixed = Conv(shuffled.weight[torch.randperm(64)], None, padding=(1,) * 4)
    assert chosen(mixed, layout, layout).block == 4, "matched stripes need not be neighbours"


def test_what_is_pruned_more_is_thought_to_cost_less() -> None:
    layout = Layout(64, 28, 28, 1)
    costs = [seconds(random_conv(kept, 4), layout, layout, machine=Machine()) for kept in (1, 0.2, 0.1, 0.05)]
    assert costs == sorted(costs, reverse=True)
    assert costs[0] > 5 * costs[2]


def test_candidates_come_in_the_order_of_their_cost() -> None:
    conv, layout, machine = random_conv(0.2), Layout(64, 28, 28, 1), Machine()
    lists, found = dict(lists_of(conv)), candidates(random_conv(0.2), layout, layout, 8, machine)
    costs = [cost(conv, layout, layout, choice, lists[choice.block], machine) for choice in found]
    assert len(set(found)) == 8
    assert costs == sorted(costs)
    assert seconds(conv, layout, layout, found[3], machine) == pytest.approx(costs[3] * machine.nanoseconds * 1e-9)


def test_an_empty_layer_is_its_bias() -> None:
    conv, layout = Conv(torch.zeros(8, 64, 3, 3), torch.ones(8), padding=(1,) * 4), Layout(64, 7, 7, 1)
    packed = pack(conv, layout, Layout(8, 7, 7, 1))
    assert packed.tables["values"].size == 0
    assert packed.tables["counts"].sum() == 0
