"""The numbers of calibration against counts by hand, plain formulas, and temperatures that are known."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from tombola.properties._calibration import (
    HIGHEST,
    LOWEST,
    adaptive_error,
    best_temperature,
    brier,
    expected_error,
    nll,
)


def doubles(*values: float) -> Tensor:
    """As they are computed with."""
    return torch.tensor(values, dtype=torch.float64)


def drawn(count: int, classes: int, seed: int, temperature: float = 1.0) -> tuple[Tensor, Tensor]:
    """Logits, and labels drawn from the probabilities that logits / temperature stand for."""
    generator = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(count, classes, generator=generator, dtype=torch.float64)
    labels = (logits / temperature).softmax(1).multinomial(1, generator=generator)[:, 0]
    return logits, labels


def by_looping(confidence: Tensor, correct: Tensor, bins: int) -> float:
    """ECE as its definition reads: bin after bin."""
    total = 0.0
    for place in range(bins):
        low, high = place / bins, (place + 1) / bins
        inside = (confidence >= low) & ((confidence < high) | ((confidence == 1) & (place == bins - 1)))
        if inside.any():
            gap = correct[inside].double().mean() - confidence[inside].mean()
            total += float(gap.abs()) * int(inside.sum()) / len(confidence)
    return total


def test_five_confidences_by_hand() -> None:
    confidence = doubles(0.55, 0.6 - 1e-9, 0.91, 0.95, 1.0)
    correct = torch.tensor([True, False, True, True, False])
    # of ten bins the sixth holds the first two, the tenth the other three
    expected = abs(1 - 1.15 + 1e-9) / 5 + abs(2 - 2.86) / 5
    assert expected_error(confidence, correct, 10) == pytest.approx(expected)
    assert expected_error(confidence, correct, 1) == pytest.approx(abs(3 - 4.01) / 5)


def test_equal_numbers_by_hand() -> None:
    confidence, correct = doubles(0.5, 0.6, 0.7, 0.8), torch.tensor([False, True, True, True])
    assert adaptive_error(confidence, correct, 2) == pytest.approx((abs(1 - 1.1) + abs(2 - 1.5)) / 4)
    assert adaptive_error(confidence, correct, 99) == pytest.approx((0.5 + 0.4 + 0.3 + 0.2) / 4)


def test_equal_confidences_share_a_bin() -> None:
    confidence, correct = doubles(*[0.75] * 8), torch.arange(8) < 6
    assert adaptive_error(confidence, correct, 4) == pytest.approx(0)
    assert adaptive_error(confidence, correct.flip(0), 4) == pytest.approx(0)


@settings(deadline=None)
@given(st.integers(0, 999), st.sampled_from([1, 5, 15, 100]))
def test_ece_is_the_loop_over_bins(seed: int, bins: int) -> None:
    logits, labels = drawn(60, 3, seed, temperature=2.0)
    confidence, answer = logits.softmax(1).max(1)
    found = expected_error(confidence, answer == labels, bins)
    assert found == pytest.approx(by_looping(confidence, answer == labels, bins), abs=1e-12)
    overall = abs(float((answer == labels).double().mean() - confidence.mean()))
    assert overall - 1e-12 <= found <= 1


@settings(deadline=None)
@given(st.integers(0, 999))
def test_without_ties_bins_differ_by_one_image_at_most(seed: int) -> None:
    confidence = torch.rand(47, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    groups = torch.tensor_split(confidence.sort().values, (9, 19, 28, 38))
    found = adaptive_error(confidence, torch.zeros(47), 5)
    assert found == pytest.approx(sum(float(part.sum()) for part in groups) / 47), "nothing right: the mean confidence"


@settings(deadline=None)
@given(st.integers(0, 999))
def test_nothing_depends_on_the_order_of_rows(seed: int) -> None:
    logits, labels = drawn(50, 4, seed)
    logits = logits.round()  # so that many confidences are equal
    order = torch.randperm(50, generator=torch.Generator().manual_seed(seed))
    for given_, mixed in zip(numbers(logits, labels), numbers(logits[order], labels[order]), strict=True):
        assert given_ == pytest.approx(mixed, abs=1e-9)


def numbers(logits: Tensor, labels: Tensor) -> tuple[float, ...]:
    """All that is measured."""
    confidence, answer = logits.softmax(1).max(1)
    errors = (measure(confidence, answer == labels, 15) for measure in (expected_error, adaptive_error))
    return *errors, nll(logits, labels), brier(logits, labels), best_temperature(logits, labels)


@settings(deadline=None)
@given(st.integers(0, 999))
def test_nll_and_brier_are_their_formulas(seed: int) -> None:
    logits, labels = drawn(30, 4, seed)
    assert nll(logits, labels) == pytest.approx(float(F.cross_entropy(logits, labels)))
    corner = F.one_hot(labels, 4).double()
    assert brier(logits, labels) == pytest.approx(float((logits.softmax(1) - corner).square().sum(1).mean()))


def test_brier_and_nll_of_a_coin() -> None:
    assert brier(torch.zeros(3, 2).double(), torch.tensor([0, 1, 1])) == pytest.approx(0.5)
    assert nll(torch.zeros(3, 2).double(), torch.tensor([0, 1, 1])) == pytest.approx(math.log(2))


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5])
def test_a_known_temperature_is_found_and_calibrates(temperature: float) -> None:
    logits, labels = drawn(40_000, 5, 0, temperature)
    found = best_temperature(logits, labels)
    assert found == pytest.approx(temperature, rel=0.03)
    confidence, answer = (logits / found).softmax(1).max(1)
    assert expected_error(confidence, answer == labels, 15) < 0.01
    assert best_temperature(7 * logits, labels) == pytest.approx(7 * found)


@settings(deadline=None)
@given(st.integers(0, 999))
def test_no_other_temperature_has_a_lower_nll(seed: int) -> None:
    logits, labels = drawn(30, 3, seed, temperature=1.5)
    found = best_temperature(logits, labels)
    lowest = nll(logits / found, labels)
    assert all(lowest <= nll(logits / t, labels) + 1e-12 for t in (LOWEST, HIGHEST, 1.0, 0.99 * found, 1.01 * found))


def test_where_the_nll_falls_for_ever_the_end_of_the_range_is_taken() -> None:
    right, wrong = torch.tensor([[2.0, 0.0], [0.0, 1.0]]).double(), torch.tensor([[0.0, 2.0], [1.0, 0.0]]).double()
    labels = torch.tensor([0, 1])
    assert best_temperature(right, labels) == best_temperature(1e4 * right, labels) == LOWEST
    assert best_temperature(wrong, labels) == HIGHEST
    assert best_temperature(torch.zeros(2, 2).double(), labels) == 1
