"""The search for a latency on machines that are numbers: it meets what is asked, or says what can be had."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor

from tombola.errors import RequestError
from tombola.masks.drawing import groupings
from tombola.masks.patterns._base import Pattern
from tombola.schemes.latency.asked import Asked
from tombola.schemes.latency.curve import Costs, Curve
from tombola.schemes.latency.ranked import Ranked, corrected, parts_kept
from tombola.schemes.latency.search import TRIES, Found, Measured, search

HALF = Asked(part=0.5)


class Toy:
    """A machine on which layers take what ``true`` says; it counts how often it was asked."""

    def __init__(self, true: Costs) -> None:
        self.true = true
        self.asked = 0

    def dense(self) -> Measured:
        return self._measured(dict.fromkeys(self.true.layers, 1.0))

    def pruned(self, masks: Mapping[str, Tensor]) -> Measured:
        self.asked += 1
        return self._measured(parts_kept(masks))

    def _measured(self, parts: Mapping[str, float]) -> Measured:
        layers = {name: float(curve.at(np.array(parts[name]))) for name, curve in self.true.layers.items()}
        return Measured(self.true.predicted(parts), {**layers, "fc.weight": self.true.rest / 2})


def ranked(pattern: str = "element", floor: int = 1) -> dict[str, Ranked]:
    generator = torch.Generator().manual_seed(0)
    weights = {name: torch.randn(16, 8, 3, 3, generator=generator) for name in ("early", "late")}
    scores = {name: weight.abs() for name, weight in weights.items()}
    return Ranked.of(scores, groupings(weights, Pattern.parse(pattern), {}), floor, "sum")


TRUE = Costs({"early": Curve.of([0.002, 0.021, 0.022, 0.022]), "late": Curve.of([0.001, 0.004, 0.006])}, 0.003)
WRONG = Costs({"early": Curve.of([0.0, 0.01]), "late": Curve.of([0.0, 0.03, 0.03])}, 0.001)


def found(asked: Asked = HALF, machine: Toy | None = None, costs: Costs = WRONG, pattern: str = "element") -> Found:
    return search(ranked(pattern), costs, asked, machine, tolerance=0.02)


@pytest.mark.parametrize("pattern", ["element", "stripe:4", "kernel"])
def test_by_numbers_alone_the_prediction_is_what_was_asked(pattern: str) -> None:
    only = found(costs=TRUE, pattern=pattern)
    assert only.best.predicted == pytest.approx(only.target, rel=0.05 if pattern == "kernel" else 0.02)
    assert only.best.predicted <= only.target == TRUE.dense / 2
    assert only.best.measured is None
    sparsity = {name: 1 - part for name, part in parts_kept(only.best.masks).items()}
    assert sparsity["early"] > 0.7 > 0.3 > sparsity["late"], "zeros come where time is dear"


def test_wrong_costs_are_corrected_by_what_is_measured() -> None:
    machine = Toy(TRUE)
    of_it = found(machine=machine)
    assert of_it.best.measured == pytest.approx(TRUE.dense / 2, rel=0.02)
    assert machine.asked == len(of_it.tries) <= TRIES
    assert of_it.tries[0].miss(of_it.target) > 0.02


def test_right_costs_need_one_try() -> None:
    machine = Toy(TRUE)
    assert len(found(machine=machine, costs=TRUE).tries) == machine.asked == 1


def test_a_machine_that_is_never_the_same_gets_three_tries_and_the_nearest_is_taken() -> None:
    class Restless(Toy):
        def pruned(self, masks: Mapping[str, Tensor]) -> Measured:
            measured = super().pruned(masks)
            return Measured(measured.seconds * (1.5, 1.2, 1.4)[self.asked - 1], measured.layers)

    of_it = found(machine=Restless(TRUE))
    assert len(of_it.tries) == TRIES
    assert of_it.best is min(of_it.tries, key=lambda item: item.miss(of_it.target))


def test_tickets_of_smaller_latencies_are_inside_those_of_larger_ones() -> None:
    tickets = [found(Asked(part=part), costs=TRUE).best.masks for part in (0.3, 0.4, 0.6, 0.9)]
    for small, large in pairwise(tickets):
        assert small.nested_in(large)
        assert small.kept < large.kept


def test_milliseconds_and_a_part_of_the_dense_net_are_the_same_thing() -> None:
    by_part = found(costs=TRUE).best.masks
    assert found(Asked(seconds=TRUE.dense / 2), costs=TRUE).best.masks == by_part


def test_what_cannot_be_had_says_the_least_that_can() -> None:
    said = r"latency=0\.1 is 3\.1 ms, and the least that can be had is 6\.0\d ms of 31 ms"
    with pytest.raises(RequestError, match=said) as raised:
        found(Asked(part=0.1), costs=TRUE)
    assert "3 ms are spent outside what may be pruned" in str(raised.value)
    assert "write latency=0.2 or more" in str(raised.value)
    with pytest.raises(RequestError, match=r"latency=2ms is 2 ms.*write latency=6\.0\dms or more"):
        found(Asked(seconds=0.002), machine=Toy(TRUE))


def test_a_model_that_thinks_it_impossible_is_not_believed_before_it_is_measured() -> None:
    gloomy = Costs({name: Curve.of([curve.dense * 0.9, curve.dense]) for name, curve in TRUE.layers.items()}, 0.003)
    of_it = found(machine=Toy(TRUE), costs=gloomy)
    assert of_it.tries[0].predicted > of_it.target
    assert of_it.best.measured == pytest.approx(of_it.target, rel=0.05)


def test_a_net_that_is_fast_enough_is_not_pruned() -> None:
    machine = Toy(TRUE)
    of_it = found(Asked(seconds=1.0), machine=machine)
    assert of_it.best.masks.kept == of_it.best.masks.total
    assert machine.asked == 0


def test_the_floor_is_kept() -> None:
    masks = search(ranked(floor=5), TRUE, Asked(part=0.21), None, tolerance=0.1).best.masks
    assert min(kept for kept, _ in masks.counts().values()) >= 5


def test_a_curve_is_corrected_in_proportion_between_what_was_measured() -> None:
    straight = Curve.of([0.0, 1.0, 2.0, 3.0, 4.0])
    at = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
    assert corrected(straight, {1.0: 8.0}).at(at).tolist() == [0, 2, 4, 6, 8]
    assert corrected(straight, {0.5: 2.0, 1.0: 8.0}).at(at).tolist() == [0, 1, 2, 4.5, 8]
    assert corrected(straight, {}) is straight
    assert corrected(Curve.of([0, 0]), {1.0: 3.0}).dense == 0


@pytest.mark.parametrize("wrong", [0, 1, 1.5, -0.5, True, None, "fast", "0ms", "3.5 s", "ms"])
def test_what_is_no_latency_says_how_to_write_one(wrong: object) -> None:
    with pytest.raises(ValueError, match=r"write latency=0\.5 for half of it, or latency=3\.5ms"):
        Asked.of(wrong)


def test_both_ways_to_write_a_latency() -> None:
    assert Asked.of(0.25).target(8.0) == 2.0
    assert Asked.of(" 3.5 ms ").target(8.0) == 0.0035
    assert (Asked.of("3.50ms").text(), Asked.of(0.5).text()) == ("3.5ms", "0.5")
